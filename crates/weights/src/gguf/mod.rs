//! GGUF files, versions 2 and 3: typed metadata, a list of tensors, and aligned data.
//!
//! The format is that of <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

mod metadata;
mod value;

use std::io::{Read, Seek};

pub use metadata::GgufMetadata;
pub use value::{GgufArray, GgufValue};

use crate::layout::{self, Extent};
use crate::packed::read_packed;
use crate::source::{Catalogue, read_tensor};
use crate::stream::Stream;
use crate::{Dtype, Packed, Tensor, TensorInfo, TensorSource, WeightsError, limits};

/// Where a file that doesn't say otherwise aligns its tensors.
const DEFAULT_ALIGNMENT: u32 = 32;
/// The least that one tensor takes in the list: the length of its name, its dimensions, its type and its offset.
const LEAST_TENSOR_BYTES: u64 = 8 + 4 + 4 + 8;

/// An opened GGUF file.
#[derive(Debug)]
pub struct GgufFile<R> {
    reader: R,
    metadata: GgufMetadata,
    catalogue: Catalogue,
}

impl<R: Read + Seek> GgufFile<R> {
    /// Reads metadata and tensor list and checks all of it against the length of the file.
    ///
    /// # Errors
    /// Any [`WeightsError`] that names what is wrong with the header. One tensor in a format that is not read makes
    /// the whole file unusable, since its size in the file is then unknown.
    pub fn open(mut reader: R) -> Result<Self, WeightsError> {
        let mut stream = Stream::new(&mut reader)?;
        let found = stream.array::<4>("the first four bytes")?;
        if &found != b"GGUF" {
            return Err(WeightsError::NotGguf { found });
        }
        let version = stream.u32("the version")?;
        if !(2..=3).contains(&version) {
            return Err(WeightsError::UnsupportedVersion { version });
        }
        let tensors = stream.u64("the number of tensors")?;
        let pairs = stream.u64("the number of metadata pairs")?;
        stream.expect_count(tensors, LEAST_TENSOR_BYTES, limits::TENSORS, "tensors")?;

        let metadata = GgufMetadata::read(&mut stream, pairs)?;
        let alignment = alignment(&metadata)?;
        stream.expect_count(tensors, LEAST_TENSOR_BYTES, limits::TENSORS, "tensors")?;
        let claims = (0..tensors).map(|_| Claim::read(&mut stream)).collect::<Result<Vec<_>, _>>()?;

        let length = stream.length();
        let data = stream.position().next_multiple_of(u64::from(alignment));
        let available = length.saturating_sub(data);
        let mut infos = Vec::with_capacity(claims.len());
        for claim in claims {
            infos.push(claim.checked(data, available, alignment)?);
        }
        let catalogue = Catalogue::new(infos)?;
        let extents = catalogue.tensors().iter().map(|info| Extent {
            name: &info.name,
            begin: info.offset - data,
            end: info.offset - data + info.bytes,
        });
        layout::apart(extents.collect(), available)?;
        Ok(Self { reader, metadata, catalogue })
    }
}

impl<R> GgufFile<R> {
    /// The file's key-value pairs: the architecture, its sizes, and the tokenizer.
    pub fn metadata(&self) -> &GgufMetadata {
        &self.metadata
    }
}

impl<R: Read + Seek> TensorSource for GgufFile<R> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let info = self.catalogue.info(name).ok_or_else(|| WeightsError::UnknownTensor { name: name.to_owned() })?;
        read_tensor(&mut self.reader, info)
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        match self.catalogue.info(name) {
            Some(info) => read_packed(&mut self.reader, info),
            None => Ok(None),
        }
    }
}

/// What the list says of one tensor, before it is checked.
struct Claim {
    name: String,
    /// Outermost first, so already turned.
    shape: Vec<u64>,
    kind: u32,
    offset: u64,
}

impl Claim {
    fn read<R: Read>(stream: &mut Stream<'_, R>) -> Result<Self, WeightsError> {
        let name = value::string(stream, "a tensor's name")?;
        let dimensions = stream.u32("a tensor's dimensions")?;
        if dimensions as usize > limits::DIMENSIONS {
            return Err(WeightsError::TooManyDimensions { name, dimensions: u64::from(dimensions) });
        }
        let mut shape = (0..dimensions).map(|_| stream.u64("a tensor's shape")).collect::<Result<Vec<_>, _>>()?;
        shape.reverse();
        let kind = stream.u32("a tensor's type")?;
        let offset = stream.u64("a tensor's offset")?;
        Ok(Self { name, shape, kind, offset })
    }

    fn checked(self, data: u64, available: u64, alignment: u32) -> Result<TensorInfo, WeightsError> {
        let Self { name, shape, kind, offset } = self;
        let Some(dtype) = dtype(kind) else {
            return Err(WeightsError::UnsupportedDtype { name, dtype: type_name(kind) });
        };
        let (shape, bytes) = layout::sized(&name, &shape, dtype)?;
        if !offset.is_multiple_of(u64::from(alignment)) {
            return Err(WeightsError::Misaligned { name, offset, alignment });
        }
        let end = offset.saturating_add(bytes);
        if end > available {
            return Err(WeightsError::OutOfRange { name, begin: offset, end, available });
        }
        Ok(TensorInfo { name, shape, dtype, offset: data + offset, bytes })
    }
}

fn alignment(metadata: &GgufMetadata) -> Result<u32, WeightsError> {
    match metadata.get("general.alignment") {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(GgufValue::U32(alignment)) if alignment.is_power_of_two() && *alignment <= limits::ALIGNMENT => {
            Ok(*alignment)
        }
        Some(GgufValue::U32(alignment)) => Err(WeightsError::InvalidAlignment { found: alignment.to_string() }),
        Some(_) => Err(WeightsError::InvalidAlignment { found: "not an unsigned 32-bit number".to_owned() }),
    }
}

/// ggml's `enum ggml_type`.
fn dtype(kind: u32) -> Option<Dtype> {
    match kind {
        0 => Some(Dtype::F32),
        1 => Some(Dtype::F16),
        2 => Some(Dtype::Q4_0),
        3 => Some(Dtype::Q4_1),
        6 => Some(Dtype::Q5_0),
        7 => Some(Dtype::Q5_1),
        8 => Some(Dtype::Q8_0),
        12 => Some(Dtype::Q4K),
        13 => Some(Dtype::Q5K),
        14 => Some(Dtype::Q6K),
        30 => Some(Dtype::Bf16),
        _ => None,
    }
}

/// The names of the formats that people meet most, for the error message.
fn type_name(kind: u32) -> String {
    let name = match kind {
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("the ggml type {kind}"),
    };
    name.to_owned()
}
