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
    /// Blocks of 32: half-precision scale `d`, then 5-bit `q`, the fifth bits apart; the value is `(q − 16)·d`.
    Q5_0,
    /// Blocks of 32: half-precision scale `d` and minimum `m`, then 5-bit `q`, the fifth bits apart; the value is
    /// `q·d + m`.
    Q5_1,
    /// Blocks of 32: one half-precision scale `d`, then 8-bit signed `q`; the value is `q·d`.
    Q8_0,
    /// Blocks of 256, eight groups of 32 with 6-bit scales `s` and minima `m` of their own under half-precision `d` and
    /// `e`, then 4-bit `q`; the value is `q·(d·s) − e·m`.
    Q4K,
    /// As [`Dtype::Q4K`], with 5-bit `q`, the fifth bits apart.
    Q5K,
    /// Blocks of 256, sixteen groups of 16 with 8-bit signed scales `s` of their own under one half-precision `d`, and
    /// 6-bit `q`, the upper two bits apart; the value is `(q − 32)·(d·s)`.
    Q6K,
    /// Marian's int8 (`intgemm8`): signed bytes `q` and one single-precision `s` behind them; the value is `q / s`.
    Intgemm8,
    /// ONNX's linear quantisation: bytes `q`, and a scale `s` and zero point `z` of their own for the whole tensor or for
    /// each index of one axis; the value is `(q − z)·s`.
    Linear8,
    /// ONNX's `MatMulNBits`: 4-bit `q`, two a byte, in blocks along a row whose scales `s` and zero points `z` lie in
    /// tensors of their own; the value is `(q − z)·s`.
    Linear4,
}

impl Dtype {
    /// How many values one block holds. A row (the innermost dimension) is a whole number of blocks.
    pub const fn block_values(self) -> u64 {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 | Self::Intgemm8 | Self::Linear8 => 1,
            Self::Linear4 => 2,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// How many bytes one block takes in the file, scales that lie elsewhere not counted.
    pub const fn block_bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Intgemm8 | Self::Linear8 | Self::Linear4 => 1,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
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
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
            Self::Intgemm8 => "INTGEMM8",
            Self::Linear8 => "LINEAR8",
            Self::Linear4 => "LINEAR4",
        })
    }
}
