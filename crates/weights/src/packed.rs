//! A tensor as its file packs it, for whoever keeps it so in memory and unpacks it as it is used.

use std::io::{Read, Seek};

use crate::dequantise::half;
use crate::source::pieces;
use crate::{Dtype, TensorInfo, WeightsError};

/// Values that share one scale and one offset.
pub const GROUP: usize = 32;

/// A tensor's numbers in fewer bits than `f32`, without loss: [`Packed::values`] are the numbers that
/// [`crate::TensorSource::read`] gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// Row-major, outermost dimension first.
    pub shape: Vec<usize>,
    /// The numbers, in the order of `shape`, the last dimension running fastest.
    pub codes: Codes,
}

/// How a [`Packed`] tensor encodes its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Codes {
    /// The value is `quant · scale + offset`, each rounded by itself. A row is a whole number of groups.
    Affine {
        /// Bits that a quant needs: 4 or 8.
        bits: u32,
        /// One byte a value.
        quants: Vec<u8>,
        /// One for every [`GROUP`] values.
        scales: Vec<f32>,
        /// One for every [`GROUP`] values.
        offsets: Vec<f32>,
    },
    /// IEEE 754 half precision, as bits.
    F16(Vec<u16>),
    /// The upper halves of singles, as bits.
    Bf16(Vec<u16>),
}

impl Packed {
    /// All values as `f32`.
    #[must_use]
    pub fn values(&self) -> Vec<f32> {
        match &self.codes {
            Codes::Affine { quants, scales, offsets, .. } => {
                let groups = quants.chunks(GROUP).zip(scales.iter().zip(offsets));
                groups
                    .flat_map(|(quants, (scale, offset))| quants.iter().map(move |q| affine(*q, *scale, *offset)))
                    .collect()
            }
            Codes::F16(bits) => bits.iter().map(|bits| f16(*bits)).collect(),
            Codes::Bf16(bits) => bits.iter().map(|bits| bf16(*bits)).collect(),
        }
    }

    /// Whether every value is a number: neither infinite nor NaN.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        match &self.codes {
            // Quants are at most 255, so a product with a half-precision scale cannot overflow.
            Codes::Affine { scales, offsets, .. } => scales.iter().chain(offsets).all(|value| value.is_finite()),
            Codes::F16(bits) => bits.iter().all(|bits| bits & 0x7C00 != 0x7C00),
            Codes::Bf16(bits) => bits.iter().all(|bits| bits & 0x7F80 != 0x7F80),
        }
    }

    /// The same with other rows: row `r` of the result is row `from(r)` of this, which has as many.
    #[must_use]
    pub fn with_rows(&self, from: impl Fn(usize) -> usize) -> Self {
        let rows = self.shape.first().copied().unwrap_or(0);
        let order: Vec<usize> = (0..rows).map(from).collect();
        let codes = match &self.codes {
            Codes::Affine { bits, quants, scales, offsets } => Codes::Affine {
                bits: *bits,
                quants: reordered(quants, &order),
                scales: reordered(scales, &order),
                offsets: reordered(offsets, &order),
            },
            Codes::F16(bits) => Codes::F16(reordered(bits, &order)),
            Codes::Bf16(bits) => Codes::Bf16(reordered(bits, &order)),
        };
        Self { shape: self.shape.clone(), codes }
    }
}

/// `quant · scale + offset`, product and sum rounded by themselves.
#[inline]
#[must_use]
pub fn affine(quant: u8, scale: f32, offset: f32) -> f32 {
    f32::from(quant) * scale + offset
}

/// A half-precision number as `f32`, exactly and without a branch.
#[inline]
#[must_use]
pub fn f16(bits: u16) -> f32 {
    half(bits.to_le_bytes())
}

/// The single whose upper half `bits` are.
#[inline]
#[must_use]
pub fn bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Rows of equal length in another order.
fn reordered<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
    let length = values.len() / order.len().max(1);
    order.iter().flat_map(|row| values.iter().skip(row * length).take(length).copied()).collect()
}

/// Reads a tensor without unpacking it, where its format is one of those that [`Codes`] has.
pub(crate) fn read_packed<R: Read + Seek>(reader: &mut R, info: &TensorInfo) -> Result<Option<Packed>, WeightsError> {
    let elements = info.elements();
    let full = || WeightsError::OutOfMemory { name: info.name.clone(), elements: elements as u64 };
    let dtype = info.dtype;
    let mut read = |take: &mut dyn FnMut(&[u8])| pieces(reader, info.offset, info.bytes, dtype.block_bytes(), take);
    let codes = match dtype {
        Dtype::F16 | Dtype::Bf16 => {
            let mut halves: Vec<u16> = Vec::new();
            halves.try_reserve_exact(elements).map_err(|_| full())?;
            read(&mut |piece| halves.extend(piece.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes))))?;
            if dtype == Dtype::F16 { Codes::F16(halves) } else { Codes::Bf16(halves) }
        }
        Dtype::Q4_0 | Dtype::Q4_1 | Dtype::Q5_0 | Dtype::Q5_1 | Dtype::Q8_0 => {
            let mut quants: Vec<u8> = Vec::new();
            quants.try_reserve_exact(elements).map_err(|_| full())?;
            let (mut scales, mut offsets) = (Vec::new(), Vec::new());
            read(&mut |piece| {
                for block in piece.chunks_exact(dtype.block_bytes() as usize) {
                    let (scale, offset) = unpack(dtype, block, &mut quants);
                    scales.push(scale);
                    offsets.push(offset);
                }
            })?;
            let bits = if matches!(dtype, Dtype::Q4_0 | Dtype::Q4_1) { 4 } else { 8 };
            Codes::Affine { bits, quants, scales, offsets }
        }
        _ => return Ok(None),
    };
    Ok(Some(Packed { shape: info.shape.clone(), codes }))
}

/// Appends the quants of one block, as unsigned numbers, and gives back its scale and offset. Where a format subtracts a
/// whole number before it multiplies, the offset is that many times the scale: both are exact, since a half-precision
/// scale has 11 significant bits and quants at most 8.
fn unpack(dtype: Dtype, block: &[u8], quants: &mut Vec<u8>) -> (f32, f32) {
    let number = |at: usize| half(block.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default());
    let scale = number(0);
    let nibbles = |from: usize| block.get(from..from + 16).unwrap_or_default();
    let fifths =
        |from: usize| block.get(from..from + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let mut halves = |from: usize, fifths: u32| {
        let fifth = |index: usize| ((fifths >> index & 1) as u8) << 4;
        quants.extend(nibbles(from).iter().enumerate().map(|(index, quant)| quant & 0x0F | fifth(index)));
        quants.extend(nibbles(from).iter().enumerate().map(|(index, quant)| quant >> 4 | fifth(index + 16)));
    };
    match dtype {
        Dtype::Q4_0 => {
            halves(2, 0);
            (scale, -8.0 * scale)
        }
        Dtype::Q4_1 => {
            halves(4, 0);
            (scale, number(2))
        }
        Dtype::Q5_0 => {
            halves(6, fifths(2));
            (scale, -16.0 * scale)
        }
        Dtype::Q5_1 => {
            halves(8, fifths(4));
            (scale, number(2))
        }
        _ => {
            quants.extend(block.iter().skip(2).map(|quant| quant.wrapping_add(128)));
            (scale, -128.0 * scale)
        }
    }
}
