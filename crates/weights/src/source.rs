//! What every weight file offers: a list of tensors, and one tensor at a time.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::dequantise::dequantise;
use crate::stream::truncated;
use crate::{Dtype, WeightsError};

/// One entry of a weight file's list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TensorInfo {
    /// The tensor's name as the file spells it.
    pub name: String,
    /// Row-major, outermost dimension first: `[out, in]` for a linear weight. GGUF files store dimensions the other
    /// way round; they are turned here.
    pub shape: Vec<usize>,
    /// How the file encodes the numbers.
    pub dtype: Dtype,
    /// The tensor's first byte, counted from the start of the file.
    pub offset: u64,
    /// How many bytes it takes in the file.
    pub bytes: u64,
}

impl TensorInfo {
    /// How many values the tensor has: the product of its shape.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A tensor in memory, always `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Row-major, outermost dimension first.
    pub shape: Vec<usize>,
    /// As many values as the product of `shape`, the last dimension running fastest.
    pub values: Vec<f32>,
}

/// A file, or anything else, that has named tensors. Object safe: take `&mut dyn TensorSource`.
pub trait TensorSource {
    /// Every tensor that can be read, in the file's own order.
    fn tensors(&self) -> &[TensorInfo];

    /// The entry of the tensor called `name`.
    fn info(&self, name: &str) -> Option<&TensorInfo>;

    /// Reads and dequantises the tensor called `name`.
    ///
    /// # Errors
    /// [`WeightsError::UnknownTensor`] if there is none, [`WeightsError::UnsupportedDtype`] if its format is not read,
    /// [`WeightsError::OutOfMemory`], [`WeightsError::Truncated`] or [`WeightsError::Io`] if the reader fails.
    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError>;
}

/// A checked list of tensors with a lookup by name.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    tensors: Vec<TensorInfo>,
    by_name: HashMap<String, usize>,
}

impl Catalogue {
    pub(crate) fn new(tensors: Vec<TensorInfo>) -> Result<Self, WeightsError> {
        let mut by_name = HashMap::with_capacity(tensors.len());
        for (index, tensor) in tensors.iter().enumerate() {
            if by_name.insert(tensor.name.clone(), index).is_some() {
                return Err(WeightsError::DuplicateTensor { name: tensor.name.clone() });
            }
        }
        Ok(Self { tensors, by_name })
    }

    pub(crate) fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(self.index(name)?)
    }
}

/// Bytes that are read at a time: small enough to stay in a cache, large enough that the reader's own cost is nothing.
const PIECE_BYTES: u64 = 1 << 18;

/// Reads one tensor piece by piece, so that the quantised bytes never lie in memory as a whole.
pub(crate) fn read_tensor<R: Read + Seek>(reader: &mut R, info: &TensorInfo) -> Result<Tensor, WeightsError> {
    let elements = info.elements();
    let mut values: Vec<f32> = Vec::new();
    values
        .try_reserve_exact(elements)
        .map_err(|_| WeightsError::OutOfMemory { name: info.name.clone(), elements: elements as u64 })?;

    let block = info.dtype.block_bytes();
    let piece_bytes = (PIECE_BYTES / block * block).min(info.bytes);
    let mut piece = vec![0_u8; piece_bytes as usize];
    let mut left = info.bytes;
    reader.seek(SeekFrom::Start(info.offset))?;
    while left > 0 {
        let bytes = left.min(piece_bytes);
        let Some(part) = piece.get_mut(..bytes as usize) else { break };
        reader.read_exact(part).map_err(|error| truncated(error, "a tensor", bytes))?;
        dequantise(info.dtype, part, &mut values);
        left -= bytes;
    }
    Ok(Tensor { shape: info.shape.clone(), values })
}
