//! Marian's binary models: items with names, shapes and data, int8 (`intgemm8`) or plain.
//!
//! The format is that of `src/common/binary.cpp` in <https://github.com/browsermt/marian-dev>: the version, the number
//! of items, a header for each (lengths of name, shape and data, and a type), all names, all shapes, padding, all data.
//! An `intgemm8` matrix is stored column by column (as its product wants it) but for embeddings, and behind its values
//! stands one `f32`: what numbers were multiplied with before they were rounded to bytes. Types that are packed for one
//! processor are not read.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::dequantise::dequantise;
use crate::source::{Catalogue, Columns, pieces, read_tensor, reserve};
use crate::stream::{Stream, truncated};
use crate::{Dtype, Tensor, TensorInfo, TensorSource, WeightsError, layout, limits};

const VERSION: u64 = 1;
/// One item's header: four numbers.
const HEADER_BYTES: u64 = 4 * 8;
/// The item that holds the model's settings as YAML.
const CONFIG: &str = "special:model.yml";
/// Behind an `intgemm8` tensor's values.
const SCALE_BYTES: u64 = 4;

/// Marian's `enum class Type`, those that models have.
const FLOAT16: u64 = 0x402;
const FLOAT32: u64 = 0x404;
const INTGEMM8: u64 = 0x4101;

/// An opened Marian model. Tensors have Marian's names, such as `encoder_l1_self_Wq`, and Marian's orientation: `[in,
/// out]`, whichever way the file stores them.
#[derive(Debug)]
pub struct MarianFile<R> {
    reader: R,
    catalogue: Catalogue,
    /// The type of each item that is there but not read.
    unread: HashMap<String, u64>,
    config: Option<String>,
}

impl<R: Read + Seek> MarianFile<R> {
    /// Reads all headers and checks all of them against the length of the file.
    ///
    /// # Errors
    /// Any [`WeightsError`] that names what is wrong with the header.
    pub fn open(mut reader: R) -> Result<Self, WeightsError> {
        let mut stream = Stream::new(&mut reader)?;
        let version = stream.u64("the version")?;
        if version != VERSION {
            return Err(WeightsError::NotMarian { version });
        }
        let count = stream.u64("the number of tensors")?;
        stream.expect_count(count, HEADER_BYTES, limits::TENSORS, "tensors")?;
        let mut items = (0..count).map(|_| Item::read(&mut stream)).collect::<Result<Vec<_>, _>>()?;
        for item in &mut items {
            item.name = name(&mut stream, item.name_bytes)?;
        }
        for item in &mut items {
            item.read_shape(&mut stream)?;
        }
        let padding = stream.u64("the padding")?;
        stream.skip(padding, "the padding")?;

        let mut infos = Vec::with_capacity(items.len());
        let mut unread = HashMap::new();
        let mut config = None;
        for item in items {
            let offset = stream.position();
            stream.expect(item.data_bytes, "a tensor")?;
            if item.name == CONFIG {
                stream.expect_count(item.data_bytes, 1, limits::STRING_BYTES, "bytes of settings")?;
                let text = stream.bytes(item.data_bytes, "the settings")?;
                let text = String::from_utf8(text).map_err(|_| WeightsError::InvalidUtf8 { what: "settings" })?;
                if config.replace(text.trim_end_matches('\0').to_owned()).is_some() {
                    return Err(WeightsError::DuplicateTensor { name: item.name });
                }
                continue;
            }
            stream.skip(item.data_bytes, "a tensor")?;
            match item.checked(offset)? {
                Ok(info) => infos.push(info),
                Err(item) => {
                    if unread.insert(item.name.clone(), item.kind).is_some() {
                        return Err(WeightsError::DuplicateTensor { name: item.name });
                    }
                }
            }
        }
        let catalogue = Catalogue::new(infos)?;
        if let Some(name) = unread.keys().find(|name| catalogue.info(name).is_some()) {
            return Err(WeightsError::DuplicateTensor { name: name.clone() });
        }
        Ok(Self { reader, catalogue, unread, config })
    }
}

impl<R> MarianFile<R> {
    /// The model's settings as YAML, if the file has them.
    pub fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }
}

impl<R: Read + Seek> TensorSource for MarianFile<R> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let Some(info) = self.catalogue.info(name) else {
            return Err(match self.unread.get(name) {
                Some(kind) => WeightsError::UnsupportedDtype {
                    name: name.to_owned(),
                    dtype: format!("the Marian type {kind:#x}"),
                },
                None => WeightsError::UnknownTensor { name: name.to_owned() },
            });
        };
        if info.dtype != Dtype::Intgemm8 {
            return read_tensor(&mut self.reader, info);
        }
        let mut scale = [0; SCALE_BYTES as usize];
        self.reader.seek(SeekFrom::Start(info.offset + info.bytes))?;
        self.reader.read_exact(&mut scale).map_err(|error| truncated(error, "a scale", SCALE_BYTES))?;
        let scale = f32::from_le_bytes(scale);
        if !(scale.is_normal() && scale > 0.0) {
            return Err(WeightsError::InvalidScale { name: name.to_owned(), scale });
        }

        let mut values = reserve(info)?;
        if is_embedding(name) {
            pieces(&mut self.reader, info.offset, info.bytes, 1, |piece| dequantise(info.dtype, piece, &mut values))?;
            values.iter_mut().for_each(|value| *value /= scale);
        } else {
            let mut columns = Columns::new(&info.shape, &mut values);
            pieces(&mut self.reader, info.offset, info.bytes, 1, |piece| {
                for byte in piece {
                    columns.put(f32::from(byte.cast_signed()) / scale, &mut values);
                }
            })?;
        }
        Ok(Tensor { shape: info.shape.clone(), values })
    }
}

/// Embeddings are looked up row by row, so they alone are stored that way.
fn is_embedding(name: &str) -> bool {
    name.contains("Wemb")
}

/// What the file says of one item, before it is checked.
struct Item {
    name: String,
    kind: u64,
    shape: Vec<u64>,
    name_bytes: u64,
    dimensions: u64,
    data_bytes: u64,
}

impl Item {
    fn read<R: Read>(stream: &mut Stream<'_, R>) -> Result<Self, WeightsError> {
        const WHAT: &str = "a tensor's header";
        let (name_bytes, kind) = (stream.u64(WHAT)?, stream.u64(WHAT)?);
        let (dimensions, data_bytes) = (stream.u64(WHAT)?, stream.u64(WHAT)?);
        Ok(Self { name: String::new(), kind, shape: Vec::new(), name_bytes, dimensions, data_bytes })
    }

    fn read_shape<R: Read>(&mut self, stream: &mut Stream<'_, R>) -> Result<(), WeightsError> {
        if self.dimensions > limits::DIMENSIONS as u64 {
            return Err(WeightsError::TooManyDimensions { name: self.name.clone(), dimensions: self.dimensions });
        }
        for _ in 0..self.dimensions {
            // Sizes are signed in the file. A negative one becomes one so large that it is refused as that.
            let size = i32::from_le_bytes(stream.array("a tensor's shape")?);
            self.shape.push(i64::from(size).cast_unsigned());
        }
        Ok(())
    }

    /// The checked item, or itself if its type is not read.
    fn checked(self, offset: u64) -> Result<Result<TensorInfo, Self>, WeightsError> {
        let (dtype, behind) = match self.kind {
            FLOAT32 => (Dtype::F32, 0),
            FLOAT16 => (Dtype::F16, 0),
            INTGEMM8 => (Dtype::Intgemm8, SCALE_BYTES),
            _ => return Ok(Err(self)),
        };
        let (shape, bytes) = layout::sized(&self.name, &self.shape, dtype)?;
        let expected = bytes.saturating_add(behind);
        // Data is padded, so there may be more.
        if self.data_bytes < expected {
            return Err(WeightsError::ByteLength { name: self.name, expected, found: self.data_bytes });
        }
        Ok(Ok(TensorInfo { name: self.name, shape, dtype, offset, bytes }))
    }
}

/// A name, which ends at its first zero byte.
fn name<R: Read>(stream: &mut Stream<'_, R>, bytes: u64) -> Result<String, WeightsError> {
    const WHAT: &str = "a tensor's name";
    stream.expect_count(bytes, 1, limits::STRING_BYTES, "bytes of a string")?;
    let mut bytes = stream.bytes(bytes, WHAT)?;
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    String::from_utf8(bytes).map_err(|_| WeightsError::InvalidUtf8 { what: WHAT })
}
