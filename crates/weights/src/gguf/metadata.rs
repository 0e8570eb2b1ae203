//! A GGUF file's key-value pairs.

use std::collections::BTreeMap;
use std::io::Read;

use super::value::{self, GgufArray, GgufValue};
use crate::stream::Stream;
use crate::{WeightsError, limits};

/// The least that one pair takes: the length of its key, its type, and one byte of value.
const LEAST_PAIR_BYTES: u64 = 8 + 4 + 1;

/// A GGUF file's key-value pairs.
///
/// The typed getters return `None` both where the key is missing and where its value is of another kind. The integer
/// getters accept every integer type whose value fits, since writers differ in the width they choose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GgufMetadata {
    pairs: BTreeMap<String, GgufValue>,
}

impl GgufMetadata {
    pub(super) fn read<R: Read>(stream: &mut Stream<'_, R>, count: u64) -> Result<Self, WeightsError> {
        stream.expect_count(count, LEAST_PAIR_BYTES, limits::METADATA_PAIRS, "metadata pairs")?;
        let mut pairs = BTreeMap::new();
        for _ in 0..count {
            let key = value::string(stream, "a metadata key")?;
            let kind = stream.u32("a metadata type")?;
            let value = value::value(stream, &key, kind)?;
            if pairs.contains_key(&key) {
                return Err(WeightsError::DuplicateKey { key });
            }
            pairs.insert(key, value);
        }
        Ok(Self { pairs })
    }

    /// The value under `key`, whatever its type.
    pub fn get(&self, key: &str) -> Option<&GgufValue> {
        self.pairs.get(key)
    }

    /// All pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &GgufValue)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The string under `key`.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            GgufValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer under `key`, if it fits.
    pub fn u32(&self, key: &str) -> Option<u32> {
        self.u64(key)?.try_into().ok()
    }

    /// The integer under `key`, if it is not negative.
    pub fn u64(&self, key: &str) -> Option<u64> {
        match *self.get(key)? {
            GgufValue::U8(value) => Some(value.into()),
            GgufValue::U16(value) => Some(value.into()),
            GgufValue::U32(value) => Some(value.into()),
            GgufValue::U64(value) => Some(value),
            GgufValue::I8(value) => value.try_into().ok(),
            GgufValue::I16(value) => value.try_into().ok(),
            GgufValue::I32(value) => value.try_into().ok(),
            GgufValue::I64(value) => value.try_into().ok(),
            _ => None,
        }
    }

    /// The floating-point number under `key`, rounded to single precision.
    pub fn f32(&self, key: &str) -> Option<f32> {
        match *self.get(key)? {
            GgufValue::F32(value) => Some(value),
            GgufValue::F64(value) => Some(value as f32),
            _ => None,
        }
    }

    /// The truth value under `key`.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match *self.get(key)? {
            GgufValue::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The array under `key`.
    pub fn array(&self, key: &str) -> Option<&GgufArray> {
        match self.get(key)? {
            GgufValue::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The array of strings under `key`, such as `tokenizer.ggml.tokens`.
    pub fn strings(&self, key: &str) -> Option<&[String]> {
        match self.array(key)? {
            GgufArray::String(values) => Some(values),
            _ => None,
        }
    }

    /// The array of signed 32-bit integers under `key`, such as `tokenizer.ggml.token_type`.
    pub fn i32s(&self, key: &str) -> Option<&[i32]> {
        match self.array(key)? {
            GgufArray::I32(values) => Some(values),
            _ => None,
        }
    }

    /// The array of single-precision numbers under `key`, such as `tokenizer.ggml.scores`.
    pub fn f32s(&self, key: &str) -> Option<&[f32]> {
        match self.array(key)? {
            GgufArray::F32(values) => Some(values),
            _ => None,
        }
    }
}
