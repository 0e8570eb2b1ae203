//! Safetensors files: eight bytes of length, a JSON header, and the data.
//!
//! The format is that of <https://github.com/huggingface/safetensors>. The header is read here and not with that crate
//! because it maps the whole file into memory and gives a wrong header one error.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{Read, Seek};

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::layout::{self, Extent};
use crate::packed::read_packed;
use crate::source::{Catalogue, read_tensor};
use crate::stream::Stream;
use crate::{Dtype, Packed, Tensor, TensorInfo, TensorSource, WeightsError, limits};

/// An opened safetensors file.
///
/// Checkpoints often carry integer buffers (BERT's position ids, GPT-2's masks). Those are checked like all others but
/// are not in [`TensorSource::tensors`], and reading one is [`WeightsError::UnsupportedDtype`].
#[derive(Debug)]
pub struct SafetensorsFile<R> {
    reader: R,
    catalogue: Catalogue,
    /// The format of each tensor that is there but not read.
    unread: HashMap<String, String>,
    metadata: BTreeMap<String, String>,
}

impl<R: Read + Seek> SafetensorsFile<R> {
    /// Reads the header and checks all of it against the length of the file.
    ///
    /// # Errors
    /// Any [`WeightsError`] that names what is wrong with the header.
    pub fn open(mut reader: R) -> Result<Self, WeightsError> {
        let mut stream = Stream::new(&mut reader)?;
        let header_bytes = stream.u64("the length of the header")?;
        stream.expect_count(header_bytes, 1, limits::HEADER_BYTES, "bytes of header")?;
        let text = stream.bytes(header_bytes, "the header")?;
        let text = std::str::from_utf8(&text).map_err(|_| WeightsError::InvalidUtf8 { what: "JSON" })?;
        let header: Header =
            serde_json::from_str(text).map_err(|error| WeightsError::InvalidHeader { reason: error.to_string() })?;
        let (data, available) = (stream.position(), stream.length() - stream.position());

        let count = header.tensors.len() as u64;
        stream.expect_count(count, 0, limits::TENSORS, "tensors")?;
        let mut infos = Vec::with_capacity(header.tensors.len());
        let mut unread = HashMap::new();
        for (name, entry) in &header.tensors {
            let (begin, end) = entry.data_offsets;
            let found = end.saturating_sub(begin);
            match dtype(name, &entry.dtype)? {
                Stored::Read(dtype) => {
                    let (shape, bytes) = layout::sized(name, &entry.shape, dtype)?;
                    if begin <= end && found != bytes {
                        return Err(WeightsError::ByteLength { name: name.clone(), expected: bytes, found });
                    }
                    infos.push(TensorInfo {
                        name: name.clone(),
                        shape,
                        dtype,
                        offset: data.saturating_add(begin),
                        bytes,
                    });
                }
                Stored::NotRead => {
                    if unread.insert(name.clone(), entry.dtype.clone()).is_some() {
                        return Err(WeightsError::DuplicateTensor { name: name.clone() });
                    }
                }
            }
        }
        let catalogue = Catalogue::new(infos)?;
        if let Some(name) = unread.keys().find(|name| catalogue.info(name).is_some()) {
            return Err(WeightsError::DuplicateTensor { name: name.clone() });
        }

        let extents = header.tensors.iter().map(|(name, entry)| Extent {
            name,
            begin: entry.data_offsets.0,
            end: entry.data_offsets.1,
        });
        covered(&layout::apart(extents.collect(), available)?, available)?;
        Ok(Self { reader, catalogue, unread, metadata: header.metadata })
    }

    /// Whether the file has the tensor called `name` in a format that is not read.
    pub(crate) fn is_unread(&self, name: &str) -> bool {
        self.unread.contains_key(name)
    }

    /// The header's `__metadata__`, which is empty where it has none.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }
}

impl<R: Read + Seek> TensorSource for SafetensorsFile<R> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        match (self.catalogue.info(name), self.unread.get(name)) {
            (Some(info), _) => read_tensor(&mut self.reader, info),
            (None, Some(dtype)) => Err(WeightsError::UnsupportedDtype { name: name.to_owned(), dtype: dtype.clone() }),
            (None, None) => Err(WeightsError::UnknownTensor { name: name.to_owned() }),
        }
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        match self.catalogue.info(name) {
            Some(info) => read_packed(&mut self.reader, info),
            None => Ok(None),
        }
    }
}

/// The format allows no byte that belongs to no tensor, which is where a second file could hide.
fn covered(sorted: &[Extent<'_>], available: u64) -> Result<(), WeightsError> {
    let mut next = 0;
    for extent in sorted {
        if extent.begin > next {
            return Err(WeightsError::Uncovered { begin: next, end: extent.begin });
        }
        next = next.max(extent.end);
    }
    if next < available {
        return Err(WeightsError::Uncovered { begin: next, end: available });
    }
    Ok(())
}

enum Stored {
    Read(Dtype),
    /// A format that safetensors defines and that no model here needs.
    NotRead,
}

fn dtype(name: &str, spelled: &str) -> Result<Stored, WeightsError> {
    match spelled {
        "F32" => Ok(Stored::Read(Dtype::F32)),
        "F16" => Ok(Stored::Read(Dtype::F16)),
        "BF16" => Ok(Stored::Read(Dtype::Bf16)),
        "BOOL" | "U8" | "I8" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64" | "F64" | "C64" | "F8_E5M2"
        | "F8_E4M3" | "F8_E8M0" | "F6_E2M3" | "F6_E3M2" | "F4" => Ok(Stored::NotRead),
        _ => Err(WeightsError::UnsupportedDtype { name: name.to_owned(), dtype: format!("{spelled:?}") }),
    }
}

/// The header as it is spelled, in its own order and with names that come twice.
#[derive(Default)]
struct Header {
    metadata: BTreeMap<String, String>,
    tensors: Vec<(String, Entry)>,
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Header;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        header.metadata = map.next_value()?;
                    } else {
                        header.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
