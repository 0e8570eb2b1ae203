//! The number formats that tensors are stored in.

use std::fmt;

/// How a stored tensor encodes its numbers. Whatever it is, [`crate::TensorSource::read`] returns `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// IEEE 754 single precision, little-endian.
    F32,
    /// IEEE 754 half precision, little-endian.
    F16,
    /// The upper half of a single, little-endian.
    Bf16,
    /// Blocks of 32: one half-precision scale `d`, then 4-bit `q`; the value is `(q − 8)·d`.
    Q4_0,
    /// Blocks of 32: half-precision scale `d` and minimum `m`, then 4-bit `q`; the value is `q·d + m`.
    Q4_1,
    /// Blocks of 32: one half-precision scale `d`, then 8-bit signed `q`; the value is `q·d`.
    Q8_0,
}

impl Dtype {
    /// How many values one block holds. A row (the innermost dimension) is a whole number of blocks.
    pub const fn block_values(self) -> u64 {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q8_0 => 32,
        }
    }

    /// How many bytes one block takes in the file.
    pub const fn block_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q8_0 => 34,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q8_0 => "Q8_0",
        })
    }
}
