//! From what a person calls a model to its files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use headlight_document::{FileRole, Manifest, ModelEntry, ModelFile};
use headlight_hub::{Item, choose, is_plain_path, limits};
use sha2::{Digest, Sha256};

use crate::arguments::Place;
use crate::error::Error;
use crate::hub;

/// A model's files, found.
pub struct Found {
    pub entry: ModelEntry,
    /// Where each file of the entry is, by its name there.
    pub paths: BTreeMap<String, PathBuf>,
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

/// Finds the model that `given` names: a registered one, a folder, or a repository, which is downloaded where it is not
/// here.
pub fn find(given: &str, place: &Place) -> Result<Found, Error> {
    let manifest = manifest()?;
    let entries = manifest.map(|manifest| manifest.models).unwrap_or_default();
    if let (Some(entry), Some(cache)) = (entries.iter().find(|entry| entry.id == given), headlight_catalogue::cache()) {
        let folder = cache.join("models").join(given);
        let paths = entry.files.iter().map(|file| (file.name.clone(), folder.join(&file.name))).collect();
        return Ok(Found { entry: entry.clone(), paths });
    }
    let folder = Path::new(given);
    if folder.is_dir() {
        return folder_of_files(folder, place.weights.as_deref());
    }
    if let Ok(id) = given.parse() {
        return hub::fetch(id, place);
    }
    let known: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    Err(Error::NoModel { given: given.to_owned(), known })
}

fn folder_of_files(folder: &Path, weights: Option<&str>) -> Result<Found, Error> {
    let items = items(folder)?;
    let plan = choose(&items, weights).map_err(|reason| Error::NotAModel { folder: folder.to_owned(), reason })?;
    let mut name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    if name.is_none() {
        // `.` and `..` have no name of their own.
        name = fs::canonicalize(folder).ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    }
    let id = name.unwrap_or_else(|| "model".to_owned());
    let named = plan.files.iter().map(|planned| describe(folder, planned.role, planned.item.path.clone()));
    let files = named.collect::<Result<Vec<_>, _>>()?;
    let paths = files.iter().map(|file| (file.name.clone(), folder.join(&file.name))).collect();
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
    Ok(Found { entry, paths })
}

/// The files of a folder and of the folders in it: repositories keep ONNX models in `onnx/`.
fn items(folder: &Path) -> Result<Vec<Item>, Error> {
    let unreadable = |error| Error::Read { path: folder.to_owned(), error };
    let (mut items, mut below) = (Vec::new(), Vec::new());
    for path in names(folder).map_err(unreadable)? {
        match fs::metadata(folder.join(&path)) {
            Ok(metadata) if metadata.is_file() => items.push(Item { path, bytes: metadata.len(), sha256: None }),
            Ok(metadata) if metadata.is_dir() && !path.starts_with('.') => below.push(path),
            // What hangs in the air is no file.
            _ => {}
        }
    }
    for inner in below {
        // A folder that is closed to us is none of the model's.
        for name in names(&folder.join(&inner)).unwrap_or_default() {
            let path = format!("{inner}/{name}");
            if let Ok(metadata) = fs::metadata(folder.join(&path))
                && metadata.is_file()
                // More than a model can have is refused by the one who chooses.
                && items.len() <= limits::FILES
            {
                items.push(Item { path, bytes: metadata.len(), sha256: None });
            }
        }
    }
    items.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(items)
}

/// What a folder holds. Names that are no text are no model's.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let names: io::Result<Vec<Option<String>>> = entries.collect();
    Ok(names?.into_iter().flatten().filter(|name| is_plain_path(name)).collect())
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
    /// Where the first file of this role is.
    pub fn path(&self, role: FileRole) -> Option<PathBuf> {
        self.paths.get(&self.entry.file(role)?.name).cloned()
    }

    /// Opens the files, by their names in the entry.
    pub fn files(&self) -> Result<BTreeMap<String, BufReader<File>>, Error> {
        let open = |(name, path): (&String, &PathBuf)| match File::open(path) {
            Ok(file) => Ok((name.clone(), BufReader::new(file))),
            Err(error) => Err(Error::Read { path: path.clone(), error }),
        };
        self.paths.iter().map(open).collect()
    }
}
