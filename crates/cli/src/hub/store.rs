//! The cache of repositories' files, outside of every checkout: `hub/files/<sha256>`, and a record for each model in
//! `hub/models`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use headlight_catalogue::hash::hexadecimal;
use headlight_hub::Record;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::find::Found;

/// The cache.
pub struct Store {
    files: PathBuf,
    models: PathBuf,
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Store {
    /// Opens the cache, and makes its folders.
    pub fn open() -> Result<Self, Error> {
        let root = headlight_catalogue::cache().ok_or(Error::NoCache)?.join("hub");
        let store = Self { files: root.join("files"), models: root.join("models") };
        for folder in [&store.files, &store.models] {
            fs::create_dir_all(folder).map_err(|error| Error::Read { path: folder.clone(), error })?;
        }
        Ok(store)
    }

    /// Whether the file with this hash is here and whole. Its hash was checked when it came.
    pub fn holds(&self, sha256: &str, bytes: u64) -> bool {
        fs::metadata(self.files.join(sha256)).is_ok_and(|file| file.is_file() && file.len() == bytes)
    }

    /// What is known of a model.
    pub fn record(&self, model: &str) -> Option<Record> {
        read(&self.models.join(name_of(model))).filter(|record| record.model.id == model)
    }

    /// What is known of every model, by id.
    pub fn records(&self) -> Vec<Record> {
        let entries = fs::read_dir(&self.models).into_iter().flatten().flatten();
        let mut records: Vec<Record> = entries.filter_map(|entry| read(&entry.path())).collect();
        records.sort_by(|a, b| a.model.id.cmp(&b.model.id));
        records
    }

    /// A model's files, where all are here.
    pub fn find(&self, record: &Record) -> Option<Found> {
        let mut paths = BTreeMap::new();
        for file in &record.model.files {
            if !self.holds(&file.sha256, file.bytes) {
                return None;
            }
            paths.insert(file.name.clone(), self.files.join(&file.sha256));
        }
        Some(Found { entry: record.model.clone(), paths })
    }

    /// Keeps a record, at once and whole.
    pub fn put(&self, record: &Record) -> Result<(), Error> {
        let path = self.models.join(name_of(&record.model.id));
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let written = fs::write(&partial, serde_json::to_vec(record)?).and_then(|()| fs::rename(&partial, &path));
        written.map_err(|error| Error::Read { path, error })
    }

    /// The file that a download goes into, with what an earlier one left. One process at a time has it.
    pub fn partial(&self, key: &str, name: &str) -> Result<(PathBuf, File), Error> {
        let path = self.files.join(format!("{key}.partial"));
        let io = |error| Error::Read { path: path.clone(), error };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok((path, file)),
            Err(fs::TryLockError::WouldBlock) => Err(Error::Locked { name: name.to_owned() }),
            // Some file systems know no locks; the hash tells whether two went into one.
            Err(fs::TryLockError::Error(_)) => Ok((path, file)),
        }
    }

    /// Gives a finished download its name.
    pub fn keep(&self, partial: &Path, sha256: &str) -> Result<(), Error> {
        let path = self.files.join(sha256);
        fs::rename(partial, &path).map_err(|error| Error::Read { path, error })
    }

    /// Throws a download away.
    pub fn discard(&self, partial: &Path) {
        // What cannot be deleted is found wrong again the next time.
        let _: io::Result<()> = fs::remove_file(partial);
    }
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The name of a record's file, whatever is in the model's id.
fn name_of(model: &str) -> String {
    format!("{}.json", hexadecimal(&Sha256::digest(model.as_bytes())))
}
