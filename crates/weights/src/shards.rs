//! A model in several safetensors files, with an index that says which tensor is in which.
//!
//! The index is the `model.safetensors.index.json` that the `transformers` library writes: `{"metadata": …,
//! "weight_map": {tensor: file}}`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Seek};

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::source::Catalogue;
use crate::{Packed, SafetensorsFile, Tensor, TensorInfo, TensorSource, WeightsError, limits};

/// What an index says: which file each tensor is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex {
    /// Tensor to file, in the index's order.
    map: Vec<(String, String)>,
}

impl ShardIndex {
    /// Reads an index and checks every name in it.
    ///
    /// # Errors
    /// [`WeightsError::TooMany`] over [`limits::HEADER_BYTES`] or [`limits::TENSORS`], [`WeightsError::InvalidIndex`] if
    /// it is not such JSON or maps nothing, [`WeightsError::UnsafeFileName`] for a file name with a path in it,
    /// [`WeightsError::DuplicateTensor`].
    pub fn from_json(json: &[u8]) -> Result<Self, WeightsError> {
        let bytes = json.len() as u64;
        if bytes > limits::HEADER_BYTES {
            return Err(WeightsError::TooMany { what: "bytes of index", count: bytes, limit: limits::HEADER_BYTES });
        }
        let index: Index =
            serde_json::from_slice(json).map_err(|error| WeightsError::InvalidIndex { reason: error.to_string() })?;
        let map = index.weight_map.0;
        let count = map.len() as u64;
        if count > limits::TENSORS {
            return Err(WeightsError::TooMany { what: "tensors", count, limit: limits::TENSORS });
        }
        if map.is_empty() {
            return Err(WeightsError::InvalidIndex { reason: "its weight_map is empty".to_owned() });
        }
        if let Some((_, file)) = map.iter().find(|(_, file)| !is_plain(file)) {
            return Err(WeightsError::UnsafeFileName { file: file.clone() });
        }
        Ok(Self { map })
    }

    /// The files that the index names, each once, sorted.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.map.iter().map(|(_, file)| file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// One name in one folder: nothing that a file system or an address takes for a step elsewhere.
fn is_plain(file: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-+=@ ".contains(character);
    !file.is_empty() && file.len() <= 255 && !file.starts_with('.') && file.chars().all(allowed)
}

/// A model in several opened safetensors files.
#[derive(Debug)]
pub struct ShardedTensors<R> {
    files: Vec<SafetensorsFile<R>>,
    catalogue: Catalogue,
    /// Which file the catalogue's tensor of the same index is in.
    places: Vec<usize>,
    /// The tensors that the index has and that are in a format that is not read, with their files.
    unread: BTreeMap<String, usize>,
}

impl<R: Read + Seek> ShardedTensors<R> {
    /// Opens every file that `index` names, with `open`, which gives `None` for a file that is not there.
    ///
    /// A tensor that is in a file but not in the index is left out, as the `transformers` library does.
    ///
    /// # Errors
    /// What [`ShardIndex::from_json`] gives; [`WeightsError::MissingFile`]; [`WeightsError::InFile`] around what is wrong
    /// with one file; [`WeightsError::NotInFile`].
    pub fn open(index: &[u8], mut open: impl FnMut(&str) -> Option<R>) -> Result<Self, WeightsError> {
        let index = ShardIndex::from_json(index)?;
        let mut files = Vec::new();
        let mut by_name = BTreeMap::new();
        for name in index.files() {
            let reader = open(name).ok_or_else(|| WeightsError::MissingFile { file: name.to_owned() })?;
            let file = SafetensorsFile::open(reader).map_err(|error| in_file(name, error))?;
            by_name.insert(name.to_owned(), files.len());
            files.push(file);
        }

        let mut infos = Vec::with_capacity(index.map.len());
        let mut places = Vec::with_capacity(index.map.len());
        let mut unread = BTreeMap::new();
        for (name, file) in index.map {
            let found = by_name.get(&file).and_then(|place| Some((*place, files.get(*place)?)));
            let Some((place, shard)) = found else { return Err(WeightsError::MissingFile { file }) };
            if let Some(info) = shard.info(&name) {
                infos.push(info.clone());
                places.push(place);
            } else if !shard.is_unread(&name) {
                return Err(WeightsError::NotInFile { name, file });
            } else if unread.insert(name.clone(), place).is_some() {
                return Err(WeightsError::DuplicateTensor { name });
            }
        }
        let catalogue = Catalogue::new(infos)?;
        if let Some(name) = unread.keys().find(|name| catalogue.info(name).is_some()) {
            return Err(WeightsError::DuplicateTensor { name: name.clone() });
        }
        Ok(Self { files, catalogue, places, unread })
    }
}

fn in_file(file: &str, error: WeightsError) -> WeightsError {
    WeightsError::InFile { file: file.to_owned(), error: Box::new(error) }
}

/// An info's offset is counted in the tensor's own file.
impl<R: Read + Seek> TensorSource for ShardedTensors<R> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let place = match self.catalogue.index(name) {
            Some(index) => self.places.get(index),
            None => self.unread.get(name),
        };
        let file = place.and_then(|place| self.files.get_mut(*place));
        file.ok_or_else(|| WeightsError::UnknownTensor { name: name.to_owned() })?.read(name)
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        let place = self.catalogue.index(name).and_then(|index| self.places.get(index));
        match place.and_then(|place| self.files.get_mut(*place)) {
            Some(file) => file.read_packed(name),
            None => Ok(None),
        }
    }
}

#[derive(Deserialize)]
struct Index {
    weight_map: Pairs,
}

/// A JSON object's pairs in its own order, with names that come twice.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of file names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
