//! From where a person says a model is to its files, each open for reading.

use std::collections::BTreeMap;

use headlight_document::message::Stage;
use headlight_document::source::InspectedFile;
use headlight_document::{FileRole, Inspection, ModelEntry, Source};
use headlight_hub::{Hashes, Item, Listing, Plan, Record, choose, describe, limits};
use sha2::{Digest, Sha256};
use web_sys::File;

use crate::cache::{Cache, Whole, buffer};
use crate::download::hexadecimal;
use crate::named::{hub, own_id, owned};
use crate::network::{Hub, NetworkError, Tally, Wanted, get, get_small, report};
use crate::own::Own;
use crate::records::Records;
use crate::reporter::Reporter;

/// A model's files, all here.
pub struct Gathered {
    pub entry: ModelEntry,
    /// By their names in the entry.
    pub files: BTreeMap<String, Whole>,
    /// Whether none was fetched.
    pub cached: bool,
    /// Whether none has to be fetched the next time.
    pub kept: bool,
}

/// Files that are coming together.
struct Gathering {
    files: BTreeMap<String, Whole>,
    cached: bool,
    kept: bool,
    tally: Tally,
}

impl Gathering {
    fn new(total: u64) -> Self {
        Self { files: BTreeMap::new(), cached: true, kept: true, tally: Tally { done: 0, total } }
    }

    fn into(self, entry: ModelEntry) -> Gathered {
        Gathered { entry, files: self.files, cached: self.cached, kept: self.kept }
    }
}

/// Where files are fetched from and kept.
pub struct Place<'a> {
    pub cache: Option<Cache>,
    pub records: Option<Records>,
    pub reporter: &'a Reporter,
}

impl Place<'_> {
    /// Finds out what a model is made of, and fetches nothing of it but a listing.
    pub async fn inspect(&self, source: &Source, own: &[File]) -> Result<Inspection, NetworkError> {
        match source {
            Source::Registered { model, .. } => Ok(self.of_entry(model, None).await),
            Source::Cached { model } => {
                let record = self.record(model).await.ok_or_else(|| gone(model))?;
                Ok(self.of_entry(&record.model, record.commit).await)
            }
            Source::Hub { weights, .. } => {
                let hub = hub(source)?;
                let (listing, plan) = self.look(&hub, weights.as_deref()).await?;
                let model = hub.id.model(weights.as_deref());
                let record = self.record(&model).await;
                let hashes = Record::hashes(record.as_ref(), &hub.base, &listing.commit, &plan);
                let mut inspection = self.of_plan(model, &plan, &hashes).await;
                inspection.title = hub.id.repository();
                inspection.commit = Some(listing.commit);
                inspection.license = listing.license;
                inspection.tags = listing.tags;
                Ok(inspection)
            }
            Source::Files { title, names, weights } => {
                let (title, _, plan) = owned(title, names, weights.as_deref(), own)?;
                let mut inspection = self.of_plan(own_id(&title, &plan), &plan, &Hashes::new()).await;
                inspection.title = title;
                // Nothing of them is fetched.
                inspection.cached = inspection.bytes;
                inspection.files.iter_mut().for_each(|file| file.cached = true);
                Ok(inspection)
            }
        }
    }

    /// Gets every file of a model.
    pub async fn gather(&self, source: &Source, own: &[File]) -> Result<Gathered, NetworkError> {
        match source {
            Source::Registered { model, base } => self.registered(model, base).await,
            Source::Cached { model } => {
                let record = self.record(model).await.ok_or_else(|| gone(model))?;
                let title = record.model.title.clone();
                self.cached(record).await?.ok_or_else(|| gone(&title))
            }
            Source::Hub { weights, .. } => self.fetched(&hub(source)?, weights.as_deref()).await,
            Source::Files { title, names, weights } => {
                let (title, items, plan) = owned(title, names, weights.as_deref(), own)?;
                self.read(title, &items, &plan, own).await
            }
        }
    }

    async fn record(&self, model: &str) -> Option<Record> {
        self.records.as_ref()?.get(model).await
    }

    async fn of_entry(&self, entry: &ModelEntry, commit: Option<String>) -> Inspection {
        let files = entry.files.iter();
        let items = files.map(|file| (file.role, file.name.clone(), file.bytes, Some(file.sha256.as_str())));
        let mut inspection = self.inspection(entry.id.clone(), items).await;
        inspection.title.clone_from(&entry.title);
        inspection.commit = commit;
        inspection.license = Some(entry.license.clone());
        inspection
    }

    async fn of_plan(&self, model: String, plan: &Plan, hashes: &Hashes) -> Inspection {
        let items = plan.files.iter().map(|planned| {
            let item = &planned.item;
            (planned.role, item.path.clone(), item.bytes, hashes.get(&item.path).map(String::as_str))
        });
        let mut inspection = self.inspection(model, items).await;
        inspection.others.clone_from(&plan.others);
        inspection
    }

    async fn inspection(
        &self,
        model: String,
        items: impl Iterator<Item = (FileRole, String, u64, Option<&str>)>,
    ) -> Inspection {
        let mut files = Vec::new();
        for (role, name, bytes, sha256) in items {
            let cached = match (&self.cache, sha256) {
                (Some(cache), Some(sha256)) => cache.holds(sha256, bytes).await,
                _ => false,
            };
            files.push(InspectedFile { role, name, bytes, cached });
        }
        let sum = |of: fn(&&InspectedFile) -> bool| files.iter().filter(of).map(|file| file.bytes).sum();
        let (bytes, cached) = (sum(|_| true), sum(|file| file.cached));
        let (title, commit, license, tags, others) = (model.clone(), None, None, Vec::new(), Vec::new());
        Inspection { model, title, commit, files, bytes, cached, license, tags, others }
    }

    async fn registered(&self, model: &ModelEntry, base: &str) -> Result<Gathered, NetworkError> {
        let mut gathering = Gathering::new(model.bytes());
        for file in &model.files {
            let (bytes, sha256) = (file.bytes, Some(file.sha256.as_str()));
            let wanted = Wanted { name: &file.name, address: format!("{base}{}", file.name), bytes, sha256, hub: None };
            self.add(&wanted, &mut gathering).await?;
        }
        let gathered = gathering.into(model.clone());
        self.remember(&gathered, base, None, None).await;
        Ok(gathered)
    }

    /// Gets one file, and gives back its hash.
    async fn add(&self, wanted: &Wanted<'_>, gathering: &mut Gathering) -> Result<String, NetworkError> {
        let fetched = get(wanted, self.cache.as_ref(), self.reporter, &mut gathering.tally).await?;
        gathering.cached &= fetched.cached;
        gathering.kept &= fetched.kept;
        gathering.files.insert(wanted.name.to_owned(), fetched.whole);
        Ok(fetched.sha256)
    }

    /// Remembers a model whose files are all kept.
    async fn remember(&self, gathered: &Gathered, base: &str, commit: Option<&str>, weights: Option<&str>) {
        if let Some(records) = self.records.as_ref().filter(|_| gathered.kept) {
            let model = gathered.entry.clone();
            let (commit, weights) = (commit.map(str::to_owned), weights.map(str::to_owned));
            records
                .put(&Record { model, base: base.to_owned(), commit, weights, used: js_sys::Date::now() as u64 })
                .await;
        }
    }

    /// A model out of the cache alone; none where a file of it is not there any more.
    async fn cached(&self, record: Record) -> Result<Option<Gathered>, NetworkError> {
        let Some(cache) = &self.cache else { return Ok(None) };
        let mut gathering = Gathering::new(record.model.bytes());
        for file in &record.model.files {
            let Some(whole) = cache.find(&file.sha256, file.bytes).await else { return Ok(None) };
            gathering.files.insert(file.name.clone(), whole);
            gathering.tally.done += file.bytes;
            report(self.reporter, Stage::Cache, &gathering.tally).await?;
        }
        let gathered = gathering.into(record.model);
        self.remember(&gathered, &record.base, record.commit.as_deref(), record.weights.as_deref()).await;
        Ok(Some(gathered))
    }

    /// What a repository holds, and what of it makes up the model.
    async fn look(&self, hub: &Hub, weights: Option<&str>) -> Result<(Listing, Plan), NetworkError> {
        let name = format!("The list of files of {}", hub.id);
        let json = get_small(&name, hub.base.listing(&hub.id), limits::LISTING_BYTES, hub, self.reporter).await?;
        let listing = Listing::parse(&json, hub.base.host())?;
        let plan = choose(&listing.items, weights)?;
        Ok((listing, plan))
    }

    async fn fetched(&self, hub: &Hub, weights: Option<&str>) -> Result<Gathered, NetworkError> {
        let model = hub.id.model(weights);
        let record = self.record(&model).await.filter(|record| record.base == hub.base.to_string());
        // A commit never changes, so that nobody has to be asked about one that is here.
        if let Some(record) = record.clone().filter(|_| hub.id.is_pinned())
            && let Some(gathered) = self.cached(record).await?
        {
            return Ok(gathered);
        }
        let (listing, plan) = match (self.look(hub, weights).await, record.clone()) {
            (Ok(found), _) => found,
            // Without a network the newest state that is here has to do.
            (Err(error @ NetworkError::Broken { .. }), Some(record)) => {
                return self.cached(record).await?.ok_or(error);
            }
            (Err(error), _) => return Err(error),
        };
        let mut hashes = Record::hashes(record.as_ref(), &hub.base, &listing.commit, &plan);
        let mut gathering = Gathering::new(plan.bytes());
        for planned in &plan.files {
            let item = &planned.item;
            let address = hub.base.file(&hub.id, &listing.commit, &item.path);
            let sha256 = hashes.get(&item.path).cloned();
            let wanted =
                Wanted { name: &item.path, address, bytes: item.bytes, sha256: sha256.as_deref(), hub: Some(hub) };
            let sha256 = self.add(&wanted, &mut gathering).await?;
            hashes.insert(item.path.clone(), sha256);
        }
        let origin = Some((&hub.base, &hub.id, &listing));
        let gathered = gathering.into(describe(&model, &plan, &hashes, origin).ok_or_else(|| gone(&model))?);
        self.remember(&gathered, &hub.base.to_string(), Some(&listing.commit), weights).await;
        Ok(gathered)
    }

    /// A person's own files, each with its hash.
    async fn read(&self, title: String, items: &[Item], plan: &Plan, own: &[File]) -> Result<Gathered, NetworkError> {
        let mut tally = Tally { done: 0, total: plan.bytes() };
        let (mut files, mut hashes) = (BTreeMap::new(), Hashes::new());
        for planned in &plan.files {
            let path = &planned.item.path;
            let file = items.iter().zip(own).find(|(item, _)| item.path == *path).map(|(_, file)| file.clone());
            let file =
                file.ok_or_else(|| NetworkError::Unreadable { name: path.clone(), reason: "it is missing".into() })?;
            let mut reader = Own::new(file);
            let hash = self.hash(&mut reader, path, &mut tally).await?;
            hashes.insert(path.clone(), hash);
            files.insert(path.clone(), Whole::Own(reader));
        }
        let mut entry = describe(&own_id(&title, plan), plan, &hashes, None).ok_or_else(|| gone(&title))?;
        entry.title = title;
        Ok(Gathered { entry, files, cached: true, kept: false })
    }

    async fn hash(&self, reader: &mut Own, path: &str, tally: &mut Tally) -> Result<String, NetworkError> {
        use std::io::{Read as _, Seek as _};
        let unreadable =
            |error: std::io::Error| NetworkError::Unreadable { name: path.to_owned(), reason: error.to_string() };
        let mut hash = Sha256::new();
        let mut piece = buffer(1 << 20).ok_or_else(|| NetworkError::NoRoom { name: path.to_owned() })?;
        loop {
            let count = reader.read(&mut piece).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            hash.update(piece.get(..count).unwrap_or_default());
            tally.done += count as u64;
            report(self.reporter, Stage::Verify, tally).await?;
        }
        reader.rewind().map_err(unreadable)?;
        Ok(hexadecimal(&hash.finalize()))
    }
}

/// The cache does not have it any more.
pub fn gone(title: &str) -> NetworkError {
    NetworkError::NotCached { title: title.to_owned() }
}
