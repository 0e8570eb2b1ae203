//! What the cache knows of the models whose files it holds: one small file a model, so that two tabs never write the
//! same list. The files themselves are in [`crate::cache`].

use headlight_document::Cached;
use headlight_hub::{Record, deletable};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, FileSystemReadWriteOptions,
    FileSystemSyncAccessHandle,
};

use crate::cache::Cache;
use crate::folder;
use crate::network::sha256;

const FOLDER: &str = "records";
/// More than any record has, in bytes.
const LIMIT: f64 = 1e6;

/// The records of the cached models.
pub struct Records {
    folder: FileSystemDirectoryHandle,
}

impl Records {
    /// Opens the records, where the browser has a place for them.
    pub async fn open() -> Option<Self> {
        Some(Self { folder: folder::open(FOLDER).await? })
    }

    async fn handle(&self, name: &str, create: bool) -> Option<FileSystemFileHandle> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        JsFuture::from(self.folder.get_file_handle_with_options(name, &options)).await.ok()?.dyn_into().ok()
    }

    async fn read(&self, name: &str) -> Option<Record> {
        let file: File = JsFuture::from(self.handle(name, false).await?.get_file()).await.ok()?.dyn_into().ok()?;
        if file.size() > LIMIT {
            return None;
        }
        let text = JsFuture::from(file.text()).await.ok()?.as_string()?;
        serde_json::from_str(&text).ok()
    }

    /// What is known of a model.
    pub async fn get(&self, model: &str) -> Option<Record> {
        self.read(&name_of(model)).await.filter(|record| record.model.id == model)
    }

    /// What is known of every model. What cannot be read is not known.
    pub async fn all(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for name in folder::names(&self.folder).await {
            records.extend(self.read(&name).await);
        }
        records
    }

    /// Keeps a record. Where it cannot be kept, the model's files are listed as nobody's: no harm but that.
    pub async fn put(&self, record: &Record) {
        let Ok(text) = serde_json::to_vec(record) else { return };
        let Some(file) = self.handle(&name_of(&record.model.id), true).await else { return };
        // Fails where another tab writes it at this moment, which is as good.
        let Ok(handle) = JsFuture::from(file.create_sync_access_handle()).await else { return };
        let handle: FileSystemSyncAccessHandle = handle.unchecked_into();
        let options = FileSystemReadWriteOptions::new();
        options.set_at(0.0);
        let _ = handle.truncate_with_f64(0.0);
        let _ = handle.write_with_u8_array_and_options(&text, &options);
        let _ = handle.flush();
        handle.close();
    }

    async fn clear(&self) {
        for name in folder::names(&self.folder).await {
            let _ = JsFuture::from(self.folder.remove_entry(&name)).await;
        }
    }

    async fn remove(&self, model: &str) {
        let _ = JsFuture::from(self.folder.remove_entry(&name_of(model))).await;
    }
}

/// The name of a record's file, whatever is in the model's id.
fn name_of(model: &str) -> String {
    format!("{}.json", sha256(model.as_bytes()))
}

/// What the browser keeps, the model used last first.
pub async fn list(cache: Option<&Cache>, records: Option<&Records>) -> Vec<Cached> {
    let (Some(cache), Some(records)) = (cache, records) else { return Vec::new() };
    let mut known = records.all().await;
    known.sort_by_key(|record| std::cmp::Reverse(record.used));
    let mut orphans = cache.all().await;
    let mut entries = Vec::new();
    for record in known {
        let (mut bytes, mut whole) = (0, true);
        for file in &record.model.files {
            if cache.holds(&file.sha256, file.bytes).await {
                bytes += file.bytes;
            } else {
                whole = false;
            }
        }
        orphans.retain(|(hash, _)| record.model.files.iter().all(|file| file.sha256 != *hash));
        entries.push(Cached {
            model: record.model.id,
            title: record.model.title,
            source: record.model.source,
            bytes,
            whole,
            used: Some(record.used),
        });
    }
    if !orphans.is_empty() {
        entries.push(Cached {
            model: String::new(),
            title: "Other files".to_owned(),
            source: "an earlier visit, or a download that did not end".to_owned(),
            bytes: orphans.iter().map(|(_, bytes)| bytes).sum(),
            whole: false,
            used: None,
        });
    }
    entries
}

/// Lets go of a model, or of everything.
pub async fn delete(cache: Option<&Cache>, records: Option<&Records>, model: Option<&str>) {
    let (Some(cache), Some(records)) = (cache, records) else { return };
    let known = records.all().await;
    match model {
        // What no record names.
        Some("") => {
            for (hash, _) in cache.all().await {
                if !known.iter().any(|record| record.model.files.iter().any(|file| file.sha256 == hash)) {
                    cache.remove(&hash).await;
                }
            }
        }
        Some(model) => {
            let Some(deleted) = known.iter().find(|record| record.model.id == model) else { return };
            for hash in deletable(deleted, &known) {
                cache.remove(&hash).await;
            }
            records.remove(model).await;
        }
        None => {
            for (hash, _) in cache.all().await {
                cache.remove(&hash).await;
            }
            records.clear().await;
        }
    }
}
