//! From what a person calls a model to its files.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use headlight_document::{FileRole, Manifest, ModelEntry, ModelFile};
use headlight_engine::Files;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A model's files, found.
pub struct Found {
    pub entry: ModelEntry,
    pub folder: PathBuf,
}

/// The models that `headlight models fetch` or `cargo xtask models` put into the cache.
pub fn manifest() -> Result<Option<Manifest>, Error> {
    let Some(path) = headlight_catalogue::cache().map(|cache| cache.join("models").join("manifest.json")) else {
        return Ok(None);
    };
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Read { path, error }),
    }
}

/// Finds the model that `given` names.
pub fn find(given: &str) -> Result<Found, Error> {
    let manifest = manifest()?;
    let entries = manifest.map(|manifest| manifest.models).unwrap_or_default();
    if let (Some(entry), Some(cache)) = (entries.iter().find(|entry| entry.id == given), headlight_catalogue::cache()) {
        return Ok(Found { entry: entry.clone(), folder: cache.join("models").join(given) });
    }
    let folder = Path::new(given);
    if folder.is_dir() {
        return folder_of_files(folder);
    }
    let known: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    Err(Error::NoModel { given: given.to_owned(), known })
}

fn folder_of_files(folder: &Path) -> Result<Found, Error> {
    let unreadable = |error| Error::Read { path: folder.to_owned(), error };
    let mut names = Vec::new();
    for item in fs::read_dir(folder).map_err(unreadable)? {
        names.extend(item.map_err(unreadable)?.file_name().into_string());
    }
    names.sort();
    let ending = |ending: &str| names.iter().find(|name| name.ends_with(ending)).cloned();
    let named = |name: &str| names.iter().find(|found| *found == name).cloned();
    let missing = |missing| Error::NotAModel { folder: folder.to_owned(), missing };
    let mut parts = Vec::new();
    if let Some(weights) = ending(".gguf") {
        parts.push((FileRole::Weights, weights));
    } else {
        let weights = ending(".safetensors").ok_or_else(|| missing("a .safetensors or .gguf file"))?;
        parts.push((FileRole::Weights, weights));
        parts.push((FileRole::Config, named("config.json").ok_or_else(|| missing("config.json"))?));
        parts.push((FileRole::Tokenizer, named("tokenizer.json").ok_or_else(|| missing("tokenizer.json"))?));
    }
    let id = folder.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    let files = parts.into_iter().map(|(role, name)| describe(folder, role, name)).collect::<Result<_, _>>()?;
    let entry = ModelEntry {
        title: id.clone(),
        id,
        family: String::new(),
        files,
        license: "not stated".to_owned(),
        tasks: Vec::new(),
        examples: Vec::new(),
        source: folder.display().to_string(),
        card: String::new(),
    };
    Ok(Found { entry, folder: folder.to_owned() })
}

fn describe(folder: &Path, role: FileRole, name: String) -> Result<ModelFile, Error> {
    let path = folder.join(&name);
    let unreadable = |error| Error::Read { path: path.clone(), error };
    let mut reader = BufReader::new(File::open(&path).map_err(unreadable)?);
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut reader, &mut HashWriter(&mut hash)).map_err(unreadable)?;
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ModelFile { role, name, bytes, sha256 })
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Found {
    /// Opens the files.
    pub fn files(&self) -> Result<Files<BufReader<File>>, Error> {
        let path = |role| self.entry.file(role).map(|file: &ModelFile| self.folder.join(&file.name));
        let whole = |role| match path(role) {
            Some(path) => fs::read(&path).map(Some).map_err(|error| Error::Read { path, error }),
            None => Ok(None),
        };
        let missing = Error::NotAModel { folder: self.folder.clone(), missing: "the weights' file" };
        let weights = path(FileRole::Weights).ok_or(missing)?;
        let file = File::open(&weights).map_err(|error| Error::Read { path: weights, error })?;
        Ok(Files {
            weights: BufReader::new(file),
            config: whole(FileRole::Config)?,
            tokenizer: whole(FileRole::Tokenizer)?,
        })
    }
}
