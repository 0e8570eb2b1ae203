//! One row of a packed panel as numbers.
//!
//! Written twice: natively the compiler makes vector instructions of the loops, in WebAssembly they are written out, as
//! in [`super::lanes`].

#[cfg(not(target_arch = "wasm32"))]
pub use native::{bf16s, eight, f16s, four};
#[cfg(target_arch = "wasm32")]
pub use wasm::{bf16s, eight, f16s, four};

use crate::packed::COLUMNS;

/// A number for every column.
pub type Row = [f32; COLUMNS];

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use headlight_weights::{affine, bf16, f16};

    use super::{COLUMNS, Row};

    /// quant · scale + offset, for quants two a byte: the row's first half in the low bits, its second in the high.
    #[inline(always)]
    pub fn four(quants: &[u8; COLUMNS / 2], scales: &Row, offsets: &Row, into: &mut Row) {
        let mut bytes = [0_u8; COLUMNS];
        for (index, quant) in quants.iter().enumerate() {
            bytes[index] = quant & 0x0F;
            bytes[index + COLUMNS / 2] = quant >> 4;
        }
        eight(&bytes, scales, offsets, into);
    }

    /// quant · scale + offset.
    #[inline(always)]
    pub fn eight(quants: &[u8; COLUMNS], scales: &Row, offsets: &Row, into: &mut Row) {
        for index in 0..COLUMNS {
            into[index] = affine(quants[index], scales[index], offsets[index]);
        }
    }

    /// Half-precision numbers.
    #[inline(always)]
    pub fn f16s(bits: &[u16; COLUMNS], into: &mut Row) {
        into.iter_mut().zip(bits).for_each(|(into, bits)| *into = f16(*bits));
    }

    /// The upper halves of numbers.
    #[inline(always)]
    pub fn bf16s(bits: &[u16; COLUMNS], into: &mut Row) {
        into.iter_mut().zip(bits).for_each(|(into, bits)| *into = bf16(*bits));
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::arch::wasm32::{
        f32x4_convert_u32x4, f32x4_mul, f32x4_splat, i32x4_shl, i32x4_splat, u16x8_load_extend_u8x8, u16x8_shr,
        u16x8_splat, u32x4_extend_high_u16x8, u32x4_extend_low_u16x8, u32x4_ge, u32x4_splat, v128, v128_and, v128_load,
        v128_or,
    };

    use super::{COLUMNS, Row};
    use crate::lanes::{Lanes, load, store};

    /// As natively.
    #[inline(always)]
    pub fn four(quants: &[u8; COLUMNS / 2], scales: &Row, offsets: &Row, into: &mut Row) {
        const HALF: usize = COLUMNS / 2;
        for (number, quants) in quants.as_chunks::<8>().0.iter().enumerate() {
            let quants = widened(quants);
            affine(v128_and(quants, u16x8_splat(0x0F)), number * 8, scales, offsets, into);
            affine(u16x8_shr(quants, 4), HALF + number * 8, scales, offsets, into);
        }
    }

    /// As natively.
    #[inline(always)]
    pub fn eight(quants: &[u8; COLUMNS], scales: &Row, offsets: &Row, into: &mut Row) {
        for (number, quants) in quants.as_chunks::<8>().0.iter().enumerate() {
            affine(widened(quants), number * 8, scales, offsets, into);
        }
    }

    /// As natively: the exponent's bias is put right by a multiplication, and where it is all ones it stays so.
    #[inline(always)]
    pub fn f16s(bits: &[u16; COLUMNS], into: &mut Row) {
        /// 2¹¹².
        const REBIAS: f32 = f32::from_bits(0x7780_0000);
        singles(bits, into, |bits| {
            let sign = i32x4_shl(v128_and(bits, i32x4_splat(0x8000)), 16);
            let magnitude = i32x4_shl(v128_and(bits, i32x4_splat(0x7FFF)), 13);
            let special = v128_and(u32x4_ge(magnitude, u32x4_splat(0x0F80_0000)), u32x4_splat(0x7F80_0000));
            v128_or(v128_or(f32x4_mul(magnitude, f32x4_splat(REBIAS)), special), sign)
        });
    }

    /// As natively.
    #[inline(always)]
    pub fn bf16s(bits: &[u16; COLUMNS], into: &mut Row) {
        singles(bits, into, |bits| i32x4_shl(bits, 16));
    }

    /// Eight quants from column `at` on.
    #[inline(always)]
    fn affine(quants: v128, at: usize, scales: &Row, offsets: &Row, into: &mut Row) {
        four_of(u32x4_extend_low_u16x8(quants), at / 4, scales, offsets, into);
        four_of(u32x4_extend_high_u16x8(quants), at / 4 + 1, scales, offsets, into);
    }

    /// The vector `at` of a row.
    #[inline(always)]
    fn four_of(quants: v128, at: usize, scales: &Row, offsets: &Row, into: &mut Row) {
        let (scale, offset) = (load(&scales.as_chunks().0[at]), load(&offsets.as_chunks().0[at]));
        store(&mut into.as_chunks_mut().0[at], f32x4_convert_u32x4(quants).mul(scale).add(offset));
    }

    #[inline(always)]
    fn singles(bits: &[u16; COLUMNS], into: &mut Row, single: impl Fn(v128) -> v128) {
        for (into, bits) in into.as_chunks_mut::<8>().0.iter_mut().zip(bits.as_chunks::<8>().0) {
            // SAFETY: eight halves are sixteen bytes, and nothing has to be aligned.
            let bits = unsafe { v128_load(bits.as_ptr().cast()) };
            let [low, high] = into.as_chunks_mut::<4>().0 else { continue };
            store(low, single(u32x4_extend_low_u16x8(bits)));
            store(high, single(u32x4_extend_high_u16x8(bits)));
        }
    }

    #[inline(always)]
    fn widened(bytes: &[u8; 8]) -> v128 {
        // SAFETY: eight bytes are read, and nothing has to be aligned.
        unsafe { u16x8_load_extend_u8x8(bytes.as_ptr()) }
    }
}
