//! What a repository holds, as the hub says it.

use headlight_document::source::MAX_TAGS;
use serde::Deserialize;

use crate::error::{HubError, shortened};
use crate::{limits, name};

/// One file of a repository or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its path below the repository or folder, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its content in lower-case hexadecimal, where it is known: the hub lists it for large files.
    pub sha256: Option<String>,
}

/// The hub's answer about one revision of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The commit that the revision stands for, in lower-case hexadecimal.
    pub commit: String,
    /// Its files.
    pub items: Vec<Item>,
    /// The licence that its owner names, where one is named: `apache-2.0`.
    pub license: Option<String>,
    /// What its owner says it is, a few words at most: `text-classification`, `en`.
    pub tags: Vec<String>,
    /// The `model_type` of its configuration, where the hub knows it: `bert`.
    pub family: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    siblings: Vec<Sibling>,
    #[serde(default)]
    tags: Vec<String>,
    pipeline_tag: Option<String>,
    config: Option<Config>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: Option<String>,
    size: Option<u64>,
}

#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
}

impl Listing {
    /// Reads `{base}/api/models/{owner}/{name}/revision/{revision}?blobs=true`, the answer of `host`.
    ///
    /// # Errors
    /// [`HubError::Listing`] where it is none, [`HubError::UnsafeName`], [`HubError::Duplicate`] and
    /// [`HubError::TooMany`] for hostile ones.
    pub fn parse(json: &[u8], host: &str) -> Result<Self, HubError> {
        let refused = |reason: String| HubError::Listing { host: host.to_owned(), reason: shortened(&reason) };
        if json.len() > limits::LISTING_BYTES {
            return Err(refused("it is too long".to_owned()));
        }
        let answer: Answer = serde_json::from_slice(json).map_err(|error| refused(error.to_string()))?;
        if !is_hexadecimal(&answer.sha) || !(7..=64).contains(&answer.sha.len()) {
            return Err(refused("its commit is none".to_owned()));
        }
        name::check(answer.siblings.iter().map(|sibling| sibling.rfilename.as_str()))?;
        let mut items = Vec::with_capacity(answer.siblings.len());
        for Sibling { rfilename: path, size, lfs } in answer.siblings {
            let large = lfs.as_ref().and_then(|lfs| lfs.size);
            let bytes = match (size, large) {
                (Some(size), Some(large)) if size != large => {
                    return Err(refused(format!("{path} has two sizes")));
                }
                (size, large) => size.or(large).ok_or_else(|| refused(format!("{path} has no size")))?,
            };
            let sha256 = lfs.and_then(|lfs| lfs.sha256);
            if sha256.as_ref().is_some_and(|hash| hash.len() != 64 || !is_hexadecimal(hash)) {
                return Err(refused(format!("the hash of {path} is none")));
            }
            items.push(Item { path, bytes, sha256 });
        }
        let license = answer.tags.iter().find_map(|tag| tag.strip_prefix("license:")).map(shortened);
        // Tags with a colon are the hub's own bookkeeping: `license:…`, `base_model:…`, `arxiv:…`.
        let words = answer.pipeline_tag.iter().chain(answer.tags.iter().filter(|tag| !tag.contains(':')));
        let mut tags: Vec<String> = Vec::new();
        for word in words.map(|word| shortened(word)) {
            if tags.len() < MAX_TAGS && !tags.contains(&word) {
                tags.push(word);
            }
        }
        let family = answer.config.and_then(|config| config.model_type).map(|family| shortened(&family));
        Ok(Self { commit: answer.sha, items, license, tags, family })
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn parse(json: &str) -> Result<Listing, HubError> {
        Listing::parse(json.as_bytes(), "hub.example")
    }

    fn siblings(list: &str) -> Result<Listing, HubError> {
        parse(&format!(r#"{{"sha":"{SHA}","siblings":[{list}]}}"#))
    }

    #[test]
    fn the_hubs_answer_is_read() {
        let hash = "ab".repeat(32);
        let listing = parse(&format!(
            r#"{{"_id":"x","id":"o/n","sha":"{SHA}","gated":"auto","pipeline_tag":"text-classification",
            "tags":["transformers","text-classification","license:apache-2.0","base_model:x/y","en"],
            "config":{{"architectures":["BertModel"],"model_type":"bert"}},
            "siblings":[{{"rfilename":".gitattributes","size":5,"blobId":"x"}},
            {{"rfilename":"model.safetensors","size":90,"lfs":{{"sha256":"{hash}","size":90,"pointerSize":134}}}}]}}"#
        ))
        .unwrap();
        assert_eq!(listing.commit, SHA);
        assert_eq!(listing.license.as_deref(), Some("apache-2.0"));
        assert_eq!(listing.family.as_deref(), Some("bert"));
        assert_eq!(listing.tags, ["text-classification", "transformers", "en"]);
        assert_eq!(listing.items[1], Item { path: "model.safetensors".into(), bytes: 90, sha256: Some(hash) });
        assert_eq!(listing.items[0].sha256, None);
    }

    #[test]
    fn what_is_no_listing_is_refused() {
        for json in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"error":"x"}"#,
            r#"{"sha":"../x","siblings":[]}"#,
            r#"{"sha":"","siblings":[]}"#,
            r#"{"sha":"ABCDEF0123","siblings":[]}"#,
        ] {
            assert!(matches!(parse(json), Err(HubError::Listing { .. })), "{json}");
        }
        assert!(matches!(parse(&"[".repeat(100_000)), Err(HubError::Listing { .. })));
        assert!(matches!(parse(&" ".repeat(limits::LISTING_BYTES + 1)), Err(HubError::Listing { .. })));
    }

    #[test]
    fn hostile_files_are_refused() {
        for list in [
            r#"{"rfilename":"x"}"#,
            r#"{"rfilename":"x","size":-1}"#,
            r#"{"rfilename":"x","size":1.5}"#,
            r#"{"rfilename":"x","size":1e30}"#,
            r#"{"rfilename":"x","size":1,"lfs":{"size":2}}"#,
            r#"{"rfilename":"x","size":1,"lfs":{"sha256":"zz"}}"#,
            r#"{"rfilename":"x","size":1,"lfs":{"sha256":"../../../../etc/passwd"}}"#,
        ] {
            assert!(matches!(siblings(list), Err(HubError::Listing { .. })), "{list}");
        }
        for name in ["../x", "/etc/passwd", "a\\\\b", "a/./b", "", "a\\u0000b", "C:x"] {
            let refused = siblings(&format!(r#"{{"rfilename":"{name}","size":1}}"#));
            assert!(matches!(refused, Err(HubError::UnsafeName { .. })), "{name}");
        }
        let twice = siblings(r#"{"rfilename":"x","size":1},{"rfilename":"x","size":2}"#);
        assert!(matches!(twice, Err(HubError::Duplicate { .. })));
        let many = vec![r#"{"rfilename":"x","size":1}"#; limits::FILES + 1].join(",");
        assert!(matches!(siblings(&many), Err(HubError::TooMany { .. })));
    }
}
