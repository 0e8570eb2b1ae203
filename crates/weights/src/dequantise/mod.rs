//! Stored bytes to `f32`, by ggml's formulas (`ggml-quants.c`, `dequantize_row_q4_0` and its siblings).
//!
//! Every loop runs over whole blocks of a fixed size without a branch inside, which compilers turn into SIMD natively
//! and in wasm. Products and sums are rounded one by one, as in the reference, never fused.

mod k;

use crate::Dtype;

/// Appends the values of `bytes`, which is a whole number of blocks of `dtype`. A rest that is no block is left out.
pub(crate) fn dequantise(dtype: Dtype, bytes: &[u8], values: &mut Vec<f32>) {
    match dtype {
        Dtype::F32 => plain(bytes, values, f32::from_le_bytes),
        Dtype::F16 => plain(bytes, values, half),
        Dtype::Bf16 => plain(bytes, values, |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)),
        Dtype::Q4_0 => blocks(bytes, values, q4_0),
        Dtype::Q4_1 => blocks(bytes, values, q4_1),
        Dtype::Q5_0 => blocks(bytes, values, q5_0),
        Dtype::Q5_1 => blocks(bytes, values, q5_1),
        Dtype::Q8_0 => blocks(bytes, values, q8_0),
        Dtype::Q4K => blocks(bytes, values, k::q4_k),
        Dtype::Q5K => blocks(bytes, values, k::q5_k),
        Dtype::Q6K => blocks(bytes, values, k::q6_k),
        // Their scales lie elsewhere, so whoever reads those scales them; this gives the plain numbers.
        Dtype::Intgemm8 => plain(bytes, values, |[byte]: [u8; 1]| f32::from(byte.cast_signed())),
        Dtype::Linear8 => plain(bytes, values, |[byte]: [u8; 1]| f32::from(byte)),
        Dtype::Linear4 => {
            values.extend(bytes.iter().flat_map(|byte| [f32::from(byte & 0x0F), f32::from(byte >> 4)]));
        }
    }
}

/// Formats with one value in `N` bytes.
fn plain<const N: usize>(bytes: &[u8], values: &mut Vec<f32>, value: impl Fn([u8; N]) -> f32) {
    values.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| value(*bytes)));
}

/// Formats with `M` values in `N` bytes.
fn blocks<const N: usize, const M: usize>(
    bytes: &[u8],
    values: &mut Vec<f32>,
    block: impl Fn(&[u8; N], &mut [f32; M]),
) {
    let stored = bytes.as_chunks::<N>().0;
    let begin = values.len();
    values.resize(begin + stored.len() * M, 0.0);
    let Some(added) = values.get_mut(begin..) else { return };
    for (bytes, out) in stored.iter().zip(added.as_chunks_mut::<M>().0) {
        block(bytes, out);
    }
}

fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let scale = half([*d0, *d1]);
    for (index, quant) in quants.iter().enumerate() {
        // The low halves are the first sixteen values, the high halves the last sixteen.
        out[index] = (i32::from(quant & 0x0F) - 8) as f32 * scale;
        out[index + 16] = (i32::from(quant >> 4) - 8) as f32 * scale;
    }
}

fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let [d0, d1, m0, m1, quants @ ..] = block;
    let scale = half([*d0, *d1]);
    let minimum = half([*m0, *m1]);
    for (index, quant) in quants.iter().enumerate() {
        out[index] = f32::from(quant & 0x0F) * scale + minimum;
        out[index + 16] = f32::from(quant >> 4) * scale + minimum;
    }
}

fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let [d0, d1, h0, h1, h2, h3, quants @ ..] = block;
    let scale = half([*d0, *d1]);
    let fifths = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    for (index, quant) in quants.iter().enumerate() {
        out[index] = (five(quant & 0x0F, fifths >> index) - 16) as f32 * scale;
        out[index + 16] = (five(quant >> 4, fifths >> (index + 16)) - 16) as f32 * scale;
    }
}

fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let [d0, d1, m0, m1, h0, h1, h2, h3, quants @ ..] = block;
    let (scale, minimum) = (half([*d0, *d1]), half([*m0, *m1]));
    let fifths = u32::from_le_bytes([*h0, *h1, *h2, *h3]);
    for (index, quant) in quants.iter().enumerate() {
        out[index] = five(quant & 0x0F, fifths >> index) as f32 * scale + minimum;
        out[index + 16] = five(quant >> 4, fifths >> (index + 16)) as f32 * scale + minimum;
    }
}

/// Four bits, and the lowest of `fifth` above them.
fn five(four: u8, fifth: u32) -> i32 {
    i32::from(four) | ((fifth & 1) << 4).cast_signed()
}

fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let [d0, d1, quants @ ..] = block;
    let scale = half([*d0, *d1]);
    for (quant, out) in quants.iter().zip(out) {
        *out = f32::from(quant.cast_signed()) * scale;
    }
}

/// A half-precision number as `f32`, exactly, without a branch.
///
/// The exponent is moved by a multiplication, which also makes subnormal halves right; infinities and NaNs, whose
/// exponent is all ones, get an exponent of all ones back.
#[inline]
pub(crate) fn half(bytes: [u8; 2]) -> f32 {
    /// 2¹¹², the distance between the two formats' exponent biases.
    const REBIAS: f32 = f32::from_bits(0x7780_0000);
    let bits = u32::from(u16::from_le_bytes(bytes));
    let sign = (bits & 0x8000) << 16;
    let magnitude = (bits & 0x7FFF) << 13;
    let special = u32::from(magnitude >= 0x0F80_0000).wrapping_neg() & 0x7F80_0000;
    f32::from_bits((f32::from_bits(magnitude) * REBIAS).to_bits() | special | sign)
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn every_half_is_exact() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits).to_f32();
            let found = half(bits.to_le_bytes());
            assert!(
                found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                "{bits:#06x}: {found} is not {expected}"
            );
        }
    }
}
