//! GGUF's typed values.

use std::io::Read;

use crate::stream::Stream;
use crate::{WeightsError, limits};

/// One metadata value, of the type that the file gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named after the type that it holds")]
pub enum GgufValue {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    String(String),
    Array(GgufArray),
}

/// A metadata array; all its entries have one type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is named after the type of its entries")]
pub enum GgufArray {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    String(Vec<String>),
    Array(Vec<GgufArray>),
}

impl GgufArray {
    /// How many entries the array has.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::String(values) => values.len(),
            Self::Array(values) => values.len(),
        }
    }

    /// Whether the array has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A value of the type `kind`, the file's number for it.
pub(super) fn value<R: Read>(stream: &mut Stream<'_, R>, key: &str, kind: u32) -> Result<GgufValue, WeightsError> {
    const WHAT: &str = "a metadata value";
    Ok(match kind {
        0 => GgufValue::U8(u8::from_le_bytes(stream.array(WHAT)?)),
        1 => GgufValue::I8(i8::from_le_bytes(stream.array(WHAT)?)),
        2 => GgufValue::U16(u16::from_le_bytes(stream.array(WHAT)?)),
        3 => GgufValue::I16(i16::from_le_bytes(stream.array(WHAT)?)),
        4 => GgufValue::U32(u32::from_le_bytes(stream.array(WHAT)?)),
        5 => GgufValue::I32(i32::from_le_bytes(stream.array(WHAT)?)),
        6 => GgufValue::F32(f32::from_le_bytes(stream.array(WHAT)?)),
        7 => GgufValue::Bool(truth(key, stream.array(WHAT)?)?),
        8 => GgufValue::String(string(stream, "a metadata string")?),
        9 => GgufValue::Array(array(stream, key, 1)?),
        10 => GgufValue::U64(u64::from_le_bytes(stream.array(WHAT)?)),
        11 => GgufValue::I64(i64::from_le_bytes(stream.array(WHAT)?)),
        12 => GgufValue::F64(f64::from_le_bytes(stream.array(WHAT)?)),
        _ => return Err(WeightsError::UnknownValueType { key: key.to_owned(), kind }),
    })
}

/// An array, `depth` of which lie around each other.
fn array<R: Read>(stream: &mut Stream<'_, R>, key: &str, depth: usize) -> Result<GgufArray, WeightsError> {
    if depth > limits::ARRAY_DEPTH {
        return Err(WeightsError::NestedTooDeep { key: key.to_owned() });
    }
    let kind = stream.u32("an array's type")?;
    let count = stream.u64("an array's length")?;
    Ok(match kind {
        0 => GgufArray::U8(numbers(stream, count, u8::from_le_bytes)?),
        1 => GgufArray::I8(numbers(stream, count, i8::from_le_bytes)?),
        2 => GgufArray::U16(numbers(stream, count, u16::from_le_bytes)?),
        3 => GgufArray::I16(numbers(stream, count, i16::from_le_bytes)?),
        4 => GgufArray::U32(numbers(stream, count, u32::from_le_bytes)?),
        5 => GgufArray::I32(numbers(stream, count, i32::from_le_bytes)?),
        6 => GgufArray::F32(numbers(stream, count, f32::from_le_bytes)?),
        7 => {
            let bytes = numbers(stream, count, |byte: [u8; 1]| byte)?;
            GgufArray::Bool(bytes.into_iter().map(|byte| truth(key, byte)).collect::<Result<_, _>>()?)
        }
        8 => {
            // A string takes at least the eight bytes of its own length.
            stream.expect_count(count, 8, limits::ARRAY_ENTRIES, ENTRIES)?;
            GgufArray::String((0..count).map(|_| string(stream, "a string of an array")).collect::<Result<_, _>>()?)
        }
        9 => {
            // An array takes at least its type and its length.
            stream.expect_count(count, 12, limits::ARRAY_ENTRIES, ENTRIES)?;
            GgufArray::Array((0..count).map(|_| array(stream, key, depth + 1)).collect::<Result<_, _>>()?)
        }
        10 => GgufArray::U64(numbers(stream, count, u64::from_le_bytes)?),
        11 => GgufArray::I64(numbers(stream, count, i64::from_le_bytes)?),
        12 => GgufArray::F64(numbers(stream, count, f64::from_le_bytes)?),
        _ => return Err(WeightsError::UnknownValueType { key: key.to_owned(), kind }),
    })
}

const ENTRIES: &str = "entries of a metadata array";

fn numbers<R: Read, T, const N: usize>(
    stream: &mut Stream<'_, R>,
    count: u64,
    number: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, WeightsError> {
    stream.expect_count(count, N as u64, limits::ARRAY_ENTRIES, ENTRIES)?;
    let bytes = stream.bytes(count.saturating_mul(N as u64), ENTRIES)?;
    Ok(bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect())
}

fn truth(key: &str, [byte]: [u8; 1]) -> Result<bool, WeightsError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WeightsError::InvalidBool { key: key.to_owned() }),
    }
}

/// Eight bytes of length, then UTF-8.
pub(super) fn string<R: Read>(stream: &mut Stream<'_, R>, what: &'static str) -> Result<String, WeightsError> {
    let bytes = stream.u64(what)?;
    stream.expect_count(bytes, 1, limits::STRING_BYTES, "bytes of a string")?;
    let bytes = stream.bytes(bytes, what)?;
    String::from_utf8(bytes).map_err(|_| WeightsError::InvalidUtf8 { what })
}
