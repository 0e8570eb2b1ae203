//! ggml's blocks of 256: `dequantize_row_q4_K`, `_q5_K` and `_q6_K` of `ggml-quants.c`.

use super::half;

pub(super) fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let [d0, d1, e0, e1, rest @ ..] = block;
    let (scale, minimum) = (half([*d0, *d1]), half([*e0, *e1]));
    let Some((packed, quants)) = rest.split_first_chunk::<12>() else { return };
    let (scales, minima) = six_bits(packed);
    // A chunk of 32 bytes holds two groups: the low halves are the first.
    for (pair, (quants, out)) in quants.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<64>().0).enumerate() {
        for half in 0..2 {
            let (scale, minimum) = (scale * scales[2 * pair + half], minimum * minima[2 * pair + half]);
            for (index, quant) in quants.iter().enumerate() {
                out[32 * half + index] = f32::from(quant >> (4 * half) & 0x0F) * scale - minimum;
            }
        }
    }
}

pub(super) fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let [d0, d1, e0, e1, rest @ ..] = block;
    let (scale, minimum) = (half([*d0, *d1]), half([*e0, *e1]));
    let Some((packed, rest)) = rest.split_first_chunk::<12>() else { return };
    let Some((fifths, quants)) = rest.split_first_chunk::<32>() else { return };
    let (scales, minima) = six_bits(packed);
    for (pair, (quants, out)) in quants.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<64>().0).enumerate() {
        for half in 0..2 {
            let group = 2 * pair + half;
            let (scale, minimum) = (scale * scales[group], minimum * minima[group]);
            for (index, (quant, fifth)) in quants.iter().zip(fifths).enumerate() {
                let quant = (quant >> (4 * half) & 0x0F) | ((fifth >> group & 1) << 4);
                out[32 * half + index] = f32::from(quant) * scale - minimum;
            }
        }
    }
}

pub(super) fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let Some((lows, rest)) = block.split_first_chunk::<128>() else { return };
    let Some((highs, rest)) = rest.split_first_chunk::<64>() else { return };
    let Some((scales, d)) = rest.split_first_chunk::<16>() else { return };
    let [d0, d1] = *d else { return };
    let scale = half([d0, d1]);
    let lows = lows.as_chunks::<64>().0.iter();
    let highs = highs.as_chunks::<32>().0.iter();
    let scales = scales.as_chunks::<8>().0.iter();
    for (((lows, highs), scales), out) in lows.zip(highs).zip(scales).zip(out.as_chunks_mut::<128>().0) {
        for quarter in 0..4 {
            for index in 0..32 {
                let low = lows[32 * (quarter % 2) + index] >> (4 * (quarter / 2)) & 0x0F;
                let high = highs[index] >> (2 * quarter) & 3;
                let scale = scale * f32::from(scales[2 * quarter + index / 16].cast_signed());
                out[32 * quarter + index] = scale * (i32::from(low | high << 4) - 32) as f32;
            }
        }
    }
}

/// Eight scales and eight minima of six bits each (ggml's `get_scale_min_k4`).
fn six_bits(packed: &[u8; 12]) -> ([f32; 8], [f32; 8]) {
    let (mut scales, mut minima) = ([0.0; 8], [0.0; 8]);
    for group in 0..4 {
        let (low, middle, last) = (packed[group], packed[group + 4], packed[group + 8]);
        scales[group] = f32::from(low & 0x3F);
        minima[group] = f32::from(middle & 0x3F);
        // The upper two bits of the last four stand above the first four.
        scales[group + 4] = f32::from(last & 0x0F | low >> 6 << 4);
        minima[group + 4] = f32::from(last >> 4 | middle >> 6 << 4);
    }
    (scales, minima)
}
