//! A weight in the memory of a graphics processor.

use burn::tensor::Bytes;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::server::Handle;
use headlight_weights::{Codes, PACKED_GROUP, Packed};

use super::shader::{Coding, STEP};

/// A matrix `[in, out]` as words of 32 bits, `[in / numbers of a word, out]`, so that units beside each other read words
/// beside each other.
#[derive(Clone, Debug)]
pub struct Words {
    /// How many values go in and come out.
    pub sizes: [usize; 2],
    pub(super) coding: Coding,
    pub(super) words: Handle,
    /// `[in / 32, out]`, of affine codes.
    pub(super) scales: Option<[Handle; 2]>,
    /// What row `i` is multiplied with once it is unpacked: a norm's weight, `[in]`.
    pub(super) fold: Option<Handle>,
}

/// A weight on its way to the device, `[out, in]` as it is in the file, its rows below each other.
pub struct Packing {
    width: usize,
    coding: Coding,
    rows: usize,
    /// Of the words, little-endian, as graphics processors and browsers are: no second copy is made for the device.
    bytes: Vec<u8>,
    scales: Vec<f32>,
    offsets: Vec<f32>,
}

/// How such parts are packed together; none where they differ.
fn coding(parts: &[&Packed]) -> Option<Coding> {
    let of = |part: &&Packed| match &part.codes {
        Codes::Affine { bits: 4, .. } => Coding::Four,
        Codes::Affine { .. } => Coding::Eight,
        Codes::F16(_) => Coding::F16,
        Codes::Bf16(_) => Coding::Bf16,
    };
    let mut codings = parts.iter().map(of);
    let first = codings.next()?;
    codings.try_fold(first, |one, other| match (one, other) {
        (Coding::Four | Coding::Eight, Coding::Four | Coding::Eight) if one != other => Some(Coding::Eight),
        _ => (one == other).then_some(one),
    })
}

impl Packing {
    /// Puts the rows of `parts`, each `[out, width]`, below each other. None where they are packed in different ways, or
    /// the kernels do not take their sizes.
    pub fn new(width: usize, parts: &[&Packed]) -> Option<Self> {
        let coding = coding(parts)?;
        let rows: usize = parts.iter().map(|part| part.shape.first().copied().unwrap_or(0)).sum();
        let fits = if coding.is_affine() { width.is_multiple_of(PACKED_GROUP) } else { width.is_multiple_of(STEP) };
        if !fits || width == 0 || rows == 0 || !rows.is_multiple_of(4) {
            return None;
        }
        let mut packing = Self::empty(width, coding, rows);
        let mut row = 0;
        for part in parts {
            match &part.codes {
                Codes::Affine { quants, scales, offsets, .. } => {
                    let groups = width / PACKED_GROUP;
                    let rows =
                        quants.chunks_exact(width).zip(scales.chunks_exact(groups)).zip(offsets.chunks_exact(groups));
                    for ((quants, scales), offsets) in rows {
                        packing.row(row, quants.iter().map(|quant| u32::from(*quant)));
                        for (group, (scale, offset)) in scales.iter().zip(offsets).enumerate() {
                            packing.scales[group * packing.rows + row] = *scale;
                            packing.offsets[group * packing.rows + row] = *offset;
                        }
                        row += 1;
                    }
                }
                Codes::F16(bits) | Codes::Bf16(bits) => {
                    for bits in bits.chunks_exact(width) {
                        packing.row(row, bits.iter().map(|bits| u32::from(*bits)));
                        row += 1;
                    }
                }
            }
        }
        Some(packing)
    }

    /// The same for singles.
    pub fn of_singles(width: usize, values: &[f32]) -> Option<Self> {
        let rows = values.len() / width.max(1);
        if width == 0 || rows == 0 || !width.is_multiple_of(STEP) || !rows.is_multiple_of(4) {
            return None;
        }
        let mut packing = Self::empty(width, Coding::Single, rows);
        for (row, values) in values.chunks_exact(width).enumerate() {
            packing.row(row, values.iter().map(|value| value.to_bits()));
        }
        Some(packing)
    }

    fn empty(width: usize, coding: Coding, rows: usize) -> Self {
        let groups = if coding.is_affine() { width / PACKED_GROUP * rows } else { 0 };
        let bytes = vec![0; width / coding.per_word() * rows * 4];
        Self { width, coding, rows, bytes, scales: vec![0.0; groups], offsets: vec![0.0; groups] }
    }

    /// Puts row `row` of the file, a column here, into its words.
    fn row(&mut self, row: usize, codes: impl Iterator<Item = u32>) {
        let per = self.coding.per_word();
        let bits = 32 / per;
        for (at, code) in codes.enumerate() {
            let shift = at % per * bits;
            let first = (at / per * self.rows + row) * 4 + shift / 8;
            let code = (code << (shift % 8)).to_le_bytes();
            for (byte, code) in self.bytes.iter_mut().skip(first).zip(code).take(bits.div_ceil(8)) {
                *byte |= code;
            }
        }
    }

    /// Hands it to the device.
    pub fn upload(self, fold: Option<&[f32]>, client: &Client) -> Words {
        let create = |bytes: Vec<u8>| client.create(Bytes::from_bytes_vec(bytes));
        let singles = |values: &[f32]| create(values.iter().flat_map(|value| value.to_le_bytes()).collect());
        Words {
            sizes: [self.width, self.rows],
            coding: self.coding,
            scales: self.coding.is_affine().then(|| [singles(&self.scales), singles(&self.offsets)]),
            fold: fold.map(singles),
            words: create(self.bytes),
        }
    }
}
