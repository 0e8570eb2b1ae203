//! `headlight models`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Write as _};

use headlight_document::FileRole;
use headlight_weights::{Format, GgufFile, MarianFile, OnnxFile, SafetensorsFile, TensorSource};

use crate::arguments::Models;
use crate::error::Error;
use crate::find::{Found, find, manifest};
use crate::hub::{self, Store};

/// Lists, fetches or inspects, and gives back what to print.
pub fn models(action: Models) -> Result<String, Error> {
    match action {
        Models::List => list(),
        Models::Fetch { ids, place } => {
            // What looks like a repository is one: no registered name has a `/`.
            let (repositories, ids): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| id.contains('/'));
            for id in &repositories {
                hub::fetch(id.parse()?, &place)?;
            }
            if !repositories.is_empty() && ids.is_empty() {
                return list();
            }
            let cache = headlight_catalogue::cache().ok_or(Error::NoCache)?;
            // Standard output is for the answer.
            headlight_catalogue::fetch(&cache, &ids, &|text| {
                let _ = writeln!(io::stderr(), "{text}");
            })?;
            list()
        }
        Models::Inspect { model, place } => inspect(&find(&model, &place)?),
    }
}

fn list() -> Result<String, Error> {
    let mut entries = manifest()?.map(|manifest| manifest.models).unwrap_or_default();
    // Where there is no place for repositories there are none.
    if let Ok(store) = Store::open() {
        entries.extend(store.records().into_iter().map(|record| record.model));
    }
    if entries.is_empty() {
        return Ok("There are no models yet; `headlight models fetch` gets the registered ones.\n".to_owned());
    }
    let mut text = String::new();
    for entry in entries {
        let tasks: Vec<&str> = entry.tasks.iter().map(|task| task.name()).collect();
        let size = entry.bytes() as f64 / 1e6;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:10} {:24} {size:6.1} MB  {:10}  {}",
            entry.id,
            entry.title,
            entry.license,
            tasks.join(", ")
        );
    }
    Ok(text)
}

fn inspect(found: &Found) -> Result<String, Error> {
    let mut text = String::new();
    let entry = &found.entry;
    let _ = writeln!(text, "{}\nlicence  {}\nsource   {}", entry.title, entry.license, entry.source);
    for file in &entry.files {
        let _ = writeln!(text, "file     {} ({} bytes, sha256 {})", file.name, file.bytes, file.sha256);
    }
    let Some(path) = found.path(FileRole::Weights) else { return Ok(text) };
    let unreadable = |error| Error::Read { path: path.clone(), error };
    let mut reader = BufReader::new(File::open(&path).map_err(unreadable)?);
    let tensors = match Format::of_file(&mut reader, &path.to_string_lossy()).map_err(unreadable)? {
        Format::Gguf => GgufFile::open(reader)?.tensors().to_vec(),
        Format::Marian => MarianFile::open(reader)?.tensors().to_vec(),
        Format::Onnx => OnnxFile::open(reader)?.tensors().to_vec(),
        _ => SafetensorsFile::open(reader)?.tensors().to_vec(),
    };
    let parameters: usize = tensors.iter().map(|tensor| tensor.elements()).sum();
    let _ = writeln!(text, "weights  {} tensors, {:.1} million values", tensors.len(), parameters as f64 / 1e6);
    for tensor in tensors {
        let _ = writeln!(text, "  {:60} {:?} {:?}", tensor.name, tensor.dtype, tensor.shape);
    }
    Ok(text)
}
