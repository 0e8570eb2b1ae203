//! What a cache remembers of a model, whose files stand under the hashes of their content.

use std::collections::{BTreeMap, BTreeSet};

use headlight_document::{ModelEntry, ModelFile};
use serde::{Deserialize, Serialize};

use crate::address::Base;
use crate::choose::Plan;
use crate::id::HubId;
use crate::listing::Listing;

/// One model of a cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The model, with every file's hash.
    pub model: ModelEntry,
    /// Where it was fetched from: the hub's base, or the folder beside the page.
    pub base: String,
    /// The commit that its files are of, for a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The weights that were asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// When it was last used, in milliseconds since 1970.
    pub used: u64,
}

/// SHA-256 of files, by their path.
pub type Hashes = BTreeMap<String, String>;

impl Record {
    /// The hashes of a planned model's files, as far as they are known: from the listing, and for small files, whose
    /// hash no listing has, from this record where it is of the same commit of the same hub.
    #[must_use]
    pub fn hashes(record: Option<&Self>, base: &Base, commit: &str, plan: &Plan) -> Hashes {
        let same = record.filter(|record| record.commit.as_deref() == Some(commit) && record.base == base.to_string());
        let remembered = |path: &str, bytes: u64| {
            let file = same?.model.files.iter().find(|file| file.name == path && file.bytes == bytes)?;
            Some(file.sha256.clone())
        };
        let known = plan.files.iter().filter_map(|planned| {
            let item = &planned.item;
            let hash = item.sha256.clone().or_else(|| remembered(&item.path, item.bytes))?;
            Some((item.path.clone(), hash))
        });
        known.collect()
    }
}

/// A planned model as the engine and the document know it, once the hash of every file is known. None where one is not.
#[must_use]
pub fn describe(
    id: &str,
    plan: &Plan,
    hashes: &Hashes,
    origin: Option<(&Base, &HubId, &Listing)>,
) -> Option<ModelEntry> {
    let files = plan.files.iter().map(|planned| {
        let sha256 = hashes.get(&planned.item.path)?.clone();
        Some(ModelFile { role: planned.role, name: planned.item.path.clone(), bytes: planned.item.bytes, sha256 })
    });
    let files = files.collect::<Option<Vec<_>>>()?;
    let listing = origin.map(|(_, _, listing)| listing);
    Some(ModelEntry {
        id: id.to_owned(),
        title: origin.map_or_else(|| id.to_owned(), |(_, hub, _)| hub.repository()),
        family: listing.and_then(|listing| listing.family.clone()).unwrap_or_default(),
        files,
        license: listing.and_then(|listing| listing.license.clone()).unwrap_or_else(|| "not stated".to_owned()),
        tasks: Vec::new(),
        examples: Vec::new(),
        source: match origin {
            Some((base, hub, listing)) => format!("{}/{} at {}", base.host(), hub.repository(), listing.commit),
            None => "files of yours".to_owned(),
        },
        card: String::new(),
    })
}

/// The files that nothing needs any more when `deleted` goes: those that no other record names.
#[must_use]
pub fn deletable<'a>(deleted: &'a Record, others: impl IntoIterator<Item = &'a Record>) -> Vec<String> {
    let kept: BTreeSet<&str> = others
        .into_iter()
        .filter(|other| other.model.id != deleted.model.id)
        .flat_map(|other| other.model.files.iter().map(|file| file.sha256.as_str()))
        .collect();
    let files: BTreeSet<&str> = deleted.model.files.iter().map(|file| file.sha256.as_str()).collect();
    files.difference(&kept).map(|hash| (*hash).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::choose;
    use crate::listing::Item;

    fn listing() -> Listing {
        let item = |path: &str, sha256: Option<String>| Item { path: path.to_owned(), bytes: 5, sha256 };
        Listing {
            commit: "c0ffee0".to_owned(),
            items: vec![
                item("config.json", None),
                item("tokenizer.json", None),
                item("model.safetensors", Some("a".repeat(64))),
            ],
            license: Some("mit".to_owned()),
            tags: Vec::new(),
            family: Some("bert".to_owned()),
        }
    }

    fn record(id: &str, hashes: &[(&str, &str)]) -> Record {
        let (listing, base, hub) = (listing(), Base::default(), id.parse().unwrap());
        let plan = choose(&listing.items, None).unwrap();
        let hashes = hashes.iter().map(|(path, hash)| ((*path).to_owned(), (*hash).to_owned())).collect();
        let model = describe(id, &plan, &hashes, Some((&base, &hub, &listing))).unwrap();
        Record { model, base: base.to_string(), commit: Some(listing.commit), weights: None, used: 1 }
    }

    const ONE: [(&str, &str); 3] = [("config.json", "1"), ("tokenizer.json", "2"), ("model.safetensors", "3")];

    #[test]
    fn small_files_are_known_by_commit_and_path() {
        let (listing, base) = (listing(), Base::default());
        let plan = choose(&listing.items, None).unwrap();
        assert_eq!(Record::hashes(None, &base, "c0ffee0", &plan).len(), 1);
        let record = record("o/n", &ONE);
        let known = Record::hashes(Some(&record), &base, "c0ffee0", &plan);
        assert_eq!(known["config.json"], "1");
        // The listing knows better than the cache.
        assert_eq!(known["model.safetensors"], "a".repeat(64));
        assert_eq!(Record::hashes(Some(&record), &base, "deadbee", &plan).len(), 1);
        let mirror: Base = "https://mirror.example".parse().unwrap();
        assert_eq!(Record::hashes(Some(&record), &mirror, "c0ffee0", &plan).len(), 1);
    }

    #[test]
    fn a_model_is_described_once_every_hash_is_known() {
        let entry = record("o/n@v1", &ONE).model;
        assert_eq!((entry.id.as_str(), entry.title.as_str(), entry.license.as_str()), ("o/n@v1", "o/n", "mit"));
        assert_eq!(entry.source, "huggingface.co/o/n at c0ffee0");
        let plan = choose(&listing().items, None).unwrap();
        assert_eq!(describe("o/n", &plan, &Hashes::new(), None), None);
    }

    #[test]
    fn a_shared_file_outlives_one_of_its_models() {
        let one = record("o/n", &ONE);
        let two = record("o/n@v1", &[("config.json", "9"), ("tokenizer.json", "2"), ("model.safetensors", "3")]);
        assert_eq!(deletable(&one, [&one, &two]), ["1"]);
        assert_eq!(deletable(&one, [&one]), ["1", "2", "3"]);
    }
}
