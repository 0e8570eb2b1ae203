//! What every weight file offers: a list of tensors, and one tensor at a time.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use crate::dequantise::dequantise;
use crate::stream::truncated;
use crate::{Dtype, Packed, WeightsError};

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

    /// Reads the tensor called `name` as its file packs it; `None` where that is no smaller than `f32`, or in a format that
    /// [`Packed`] does not have.
    ///
    /// # Errors
    /// As [`TensorSource::read`].
    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        let _ = name;
        Ok(None)
    }
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
    let mut values = reserve(info)?;
    pieces(reader, info.offset, info.bytes, info.dtype.block_bytes(), |piece| {
        dequantise(info.dtype, piece, &mut values);
    })?;
    Ok(Tensor { shape: info.shape.clone(), values })
}

/// Room for all values of a tensor.
pub(crate) fn reserve(info: &TensorInfo) -> Result<Vec<f32>, WeightsError> {
    let elements = info.elements();
    let mut values: Vec<f32> = Vec::new();
    values
        .try_reserve_exact(elements)
        .map_err(|_| WeightsError::OutOfMemory { name: info.name.clone(), elements: elements as u64 })?;
    Ok(values)
}

/// Gives `take` the `bytes` bytes from `offset` on, a multiple of `block` at a time.
pub(crate) fn pieces<R: Read + Seek>(
    reader: &mut R,
    offset: u64,
    bytes: u64,
    block: u64,
    mut take: impl FnMut(&[u8]),
) -> Result<(), WeightsError> {
    let piece_bytes = (PIECE_BYTES / block * block).max(block).min(bytes);
    let mut piece = vec![0_u8; piece_bytes as usize];
    let mut left = bytes;
    reader.seek(SeekFrom::Start(offset))?;
    while left > 0 {
        let bytes = left.min(piece_bytes);
        let Some(part) = piece.get_mut(..bytes as usize) else { break };
        reader.read_exact(part).map_err(|error| truncated(error, "a tensor", bytes))?;
        take(part);
        left -= bytes;
    }
    Ok(())
}

/// Puts a matrix that is stored column by column in its place, in an order that `values` is reserved for: as the bytes
/// come, `rows` of them make up one column.
pub(crate) struct Columns {
    rows: usize,
    columns: usize,
    at: usize,
}

impl Columns {
    /// The last dimension of `shape` is the columns, all others together the rows. `values` gets its full length.
    pub(crate) fn new(shape: &[usize], values: &mut Vec<f32>) -> Self {
        let columns = shape.last().copied().unwrap_or(1);
        let rows = shape.iter().rev().skip(1).product();
        values.resize(rows * columns, 0.0);
        Self { rows, columns, at: 0 }
    }

    /// The next value as it is stored.
    pub(crate) fn put(&mut self, value: f32, values: &mut [f32]) {
        let place = (self.at % self.rows) * self.columns + self.at / self.rows;
        if let Some(out) = values.get_mut(place) {
            *out = value;
        }
        self.at += 1;
    }
}
