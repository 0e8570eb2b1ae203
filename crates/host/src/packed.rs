//! Weights that stay packed on the CPU: unpacked a panel at a time, as it is multiplied.
//!
//! A panel is small enough to stay in a cache, and unpacking it is little work beside a product over many rows, so memory
//! is saved for next to no time: what is read from memory is an eighth of what it was.

use headlight_weights::{Codes, PACKED_GROUP, Packed};

use crate::lanes::{Times, zip};
use crate::unpack::{self, Row};
use crate::wide;

/// How many columns lie together. Fixed, so that loops over a panel's row become vector instructions.
pub const COLUMNS: usize = 48;

/// A matrix `[in, out]` in panels of [`COLUMNS`] columns, packed.
#[derive(Clone, Debug)]
pub struct PackedPanels {
    width: usize,
    panels: usize,
    codes: PanelCodes,
    /// What row `i` is multiplied with once it is unpacked: a norm's weight, `[in]`.
    fold: Option<Vec<f32>>,
}

/// The numbers of all panels, panel after panel, row after row.
#[derive(Clone, Debug)]
enum PanelCodes {
    /// Two quants a byte: a row's first half in the low bits, its second in the high.
    Four(Vec<u8>, Groups),
    Eight(Vec<u8>, Groups),
    F16(Vec<u16>),
    Bf16(Vec<u16>),
}

/// Scales and offsets `[panel, group of rows, column]`.
#[derive(Clone, Debug)]
struct Groups {
    scales: Vec<f32>,
    offsets: Vec<f32>,
}

/// The kinds of codes, of which all parts of one matrix must have the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Affine { bits: u32 },
    F16,
    Bf16,
}

fn kind(codes: &Codes) -> Kind {
    match codes {
        Codes::Affine { bits, .. } => Kind::Affine { bits: *bits },
        Codes::F16(_) => Kind::F16,
        Codes::Bf16(_) => Kind::Bf16,
    }
}

impl PackedPanels {
    /// Puts the rows of `parts`, each `[out, width]`, below each other and into panels. None where they are packed in
    /// different ways, or do not fill their panels.
    pub fn new(width: usize, parts: &[&Packed], fold: Option<Vec<f32>>) -> Option<Self> {
        let kinds = parts.iter().map(|part| kind(&part.codes)).reduce(|one, other| match (one, other) {
            (Kind::Affine { bits }, Kind::Affine { bits: others }) => Kind::Affine { bits: bits.max(others) },
            _ => one,
        })?;
        let same = parts.iter().all(|part| match (kind(&part.codes), kinds) {
            (Kind::Affine { .. }, Kind::Affine { .. }) => true,
            (one, other) => one == other,
        });
        let rows: usize = parts.iter().map(|part| part.shape.first().copied().unwrap_or(0)).sum();
        if !same || width == 0 || rows == 0 || !rows.is_multiple_of(COLUMNS) {
            return None;
        }
        let codes = match kinds {
            Kind::Affine { bits } => {
                if !width.is_multiple_of(PACKED_GROUP) {
                    return None;
                }
                let groups = width / PACKED_GROUP;
                let pick = |of: fn(&Codes) -> &[f32]| {
                    panels(parts.iter().flat_map(|part| of(&part.codes).chunks_exact(groups)), rows, groups)
                };
                let groups = Groups { scales: pick(scales), offsets: pick(offsets) };
                let quants = panels(parts.iter().flat_map(|part| quants(&part.codes).chunks_exact(width)), rows, width);
                match bits {
                    4 => PanelCodes::Four(quants.chunks_exact(COLUMNS).flat_map(halved).collect(), groups),
                    _ => PanelCodes::Eight(quants, groups),
                }
            }
            Kind::F16 => PanelCodes::F16(panels(
                parts.iter().flat_map(|part| halves(&part.codes).chunks_exact(width)),
                rows,
                width,
            )),
            Kind::Bf16 => PanelCodes::Bf16(panels(
                parts.iter().flat_map(|part| halves(&part.codes).chunks_exact(width)),
                rows,
                width,
            )),
        };
        Some(Self { width, panels: rows / COLUMNS, codes, fold })
    }

    /// How many values go in and come out.
    pub fn sizes(&self) -> [usize; 2] {
        [self.width, self.panels * COLUMNS]
    }

    /// The columns `ids`, each `[in]`, one behind the other; NaNs for one that there is not.
    pub fn columns(&self, ids: &[usize]) -> Vec<f32> {
        let mut columns = Vec::with_capacity(ids.len() * self.width);
        let mut scratch = vec![0.0; self.width * COLUMNS];
        for id in ids {
            let (panel, column) = (id / COLUMNS, id % COLUMNS);
            if panel < self.panels {
                self.unpack(panel, &mut scratch);
                columns.extend(scratch.iter().skip(column).step_by(COLUMNS));
            } else {
                columns.extend(std::iter::repeat_n(f32::NAN, self.width));
            }
        }
        columns
    }

    /// Unpacks a panel into `into`, `[in, COLUMNS]`.
    pub fn unpack(&self, panel: usize, into: &mut [f32]) {
        let count = self.width * COLUMNS;
        let at = panel * count;
        let fold = self.fold.as_deref();
        match &self.codes {
            PanelCodes::Four(quants, groups) => {
                let quants = quants.get(at / 2..).unwrap_or_default();
                let groups = groups.of(panel, self.width);
                wide(|| grouped(quants, groups, into, unpack::four));
            }
            PanelCodes::Eight(quants, groups) => {
                let quants = quants.get(at..).unwrap_or_default();
                let groups = groups.of(panel, self.width);
                wide(|| grouped(quants, groups, into, unpack::eight));
            }
            PanelCodes::F16(bits) => {
                let bits = bits.get(at..).unwrap_or_default();
                wide(|| plainly(bits, into, unpack::f16s));
            }
            PanelCodes::Bf16(bits) => {
                let bits = bits.get(at..).unwrap_or_default();
                wide(|| plainly(bits, into, unpack::bf16s));
            }
        }
        if let Some(fold) = fold {
            wide(|| {
                for (row, fold) in into.as_chunks_mut::<COLUMNS>().0.iter_mut().zip(fold) {
                    zip(row, [], &Times { scale: *fold });
                }
            });
        }
    }
}

/// The scales and offsets of one panel, group after group.
type Pairs<'a> = (&'a [Row], &'a [Row]);

impl Groups {
    /// Those of one panel of rows that are `width` long.
    fn of(&self, panel: usize, width: usize) -> Pairs<'_> {
        let first = panel * (width / PACKED_GROUP);
        let [scales, offsets] = [&self.scales, &self.offsets].map(|values| values.as_chunks().0);
        (scales.get(first..).unwrap_or_default(), offsets.get(first..).unwrap_or_default())
    }
}

/// Goes through a panel's rows, the quants beside the scales and offsets of their group.
#[inline(always)]
fn grouped<const N: usize>(
    quants: &[u8],
    (scales, offsets): Pairs<'_>,
    into: &mut [f32],
    row: impl Fn(&[u8; N], &Row, &Row, &mut Row),
) {
    let (rows, quants) = (into.as_chunks_mut::<COLUMNS>().0, quants.as_chunks::<N>().0);
    let groups = rows.chunks_mut(PACKED_GROUP).zip(quants.chunks(PACKED_GROUP)).zip(scales.iter().zip(offsets));
    for ((rows, quants), (scales, offsets)) in groups {
        for (into, quants) in rows.iter_mut().zip(quants) {
            row(quants, scales, offsets, into);
        }
    }
}

/// Goes through a panel's rows.
#[inline(always)]
fn plainly(bits: &[u16], into: &mut [f32], row: impl Fn(&[u16; COLUMNS], &mut Row)) {
    for (into, bits) in into.as_chunks_mut().0.iter_mut().zip(bits.as_chunks().0) {
        row(bits, into);
    }
}

fn scales(codes: &Codes) -> &[f32] {
    if let Codes::Affine { scales, .. } = codes { scales } else { &[] }
}

fn offsets(codes: &Codes) -> &[f32] {
    if let Codes::Affine { offsets, .. } = codes { offsets } else { &[] }
}

fn quants(codes: &Codes) -> &[u8] {
    if let Codes::Affine { quants, .. } = codes { quants } else { &[] }
}

fn halves(codes: &Codes) -> &[u16] {
    match codes {
        Codes::F16(bits) | Codes::Bf16(bits) => bits,
        Codes::Affine { .. } => &[],
    }
}

/// `[out, length]` in `count` rows as `[panel, length, column]`.
fn panels<'a, T: Copy + Default + 'a>(rows: impl Iterator<Item = &'a [T]>, count: usize, length: usize) -> Vec<T> {
    let mut turned = vec![T::default(); count * length];
    for (row, values) in rows.enumerate() {
        let start = row / COLUMNS * COLUMNS * length + row % COLUMNS;
        for (column, value) in values.iter().enumerate() {
            if let Some(into) = turned.get_mut(start + column * COLUMNS) {
                *into = *value;
            }
        }
    }
    turned
}

/// Two quants a byte.
fn halved(row: &[u8]) -> impl Iterator<Item = u8> {
    let (low, high) = row.split_at(row.len() / 2);
    low.iter().zip(high).map(|(low, high)| low & 0x0F | high << 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rows: usize, width: usize, bits: u32, seed: u32) -> Packed {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let quants = (0..rows * width).map(|_| (next() % (1 << bits)) as u8).collect();
        let mut numbers = || (0..rows * width / PACKED_GROUP).map(|_| (next() % 1000) as f32 / 500.0 - 1.0).collect();
        Packed {
            shape: vec![rows, width],
            codes: Codes::Affine { bits, quants, scales: numbers(), offsets: numbers() },
        }
    }

    /// The matrix that panels stand for, `[in, out]`.
    fn whole(panels: &PackedPanels) -> Vec<f32> {
        let [width, out] = panels.sizes();
        let mut matrix = vec![0.0; width * out];
        let mut scratch = vec![0.0; width * COLUMNS];
        for panel in 0..out / COLUMNS {
            panels.unpack(panel, &mut scratch);
            for (row, values) in scratch.chunks_exact(COLUMNS).enumerate() {
                matrix[row * out + panel * COLUMNS..][..COLUMNS].copy_from_slice(values);
            }
        }
        matrix
    }

    /// The rows of `parts` below each other, turned, each row multiplied with `fold`.
    fn expected(width: usize, parts: &[Packed], fold: &[f32]) -> Vec<f32> {
        let rows: Vec<f32> = parts.iter().flat_map(Packed::values).collect();
        let out = rows.len() / width;
        (0..width * out).map(|at| rows[at % out * width + at / out] * fold[at / out]).collect()
    }

    #[test]
    fn panels_are_the_numbers_of_the_file() {
        let ones = vec![1.0; 64];
        let fold: Vec<f32> = (0..64).map(|index| 0.5 + index as f32 / 50.0).collect();
        let halves = |bf: bool| {
            let bits = (0..96 * 64_u32).map(|index| (index * 37 % 0x7000) as u16).collect();
            Packed { shape: vec![96, 64], codes: if bf { Codes::Bf16(bits) } else { Codes::F16(bits) } }
        };
        for parts in [
            vec![part(96, 64, 4, 1)],
            vec![part(60, 64, 4, 2), part(36, 64, 4, 3)],
            vec![part(40, 64, 4, 4), part(56, 64, 8, 5)],
            vec![halves(false)],
            vec![halves(true)],
        ] {
            let packed: Vec<&Packed> = parts.iter().collect();
            assert_eq!(whole(&PackedPanels::new(64, &packed, None).unwrap()), expected(64, &parts, &ones));
            let folded = PackedPanels::new(64, &packed, Some(fold.clone())).unwrap();
            let plain = expected(64, &parts, &fold);
            assert_eq!(whole(&folded), plain);
            let column = |id: usize| plain.iter().skip(id).step_by(96);
            assert!(folded.columns(&[95, 0, 50]).iter().eq([95, 0, 50].into_iter().flat_map(column)));
            assert!(folded.columns(&[96]).iter().all(|value| value.is_nan()));
        }
        assert!(PackedPanels::new(64, &[&halves(true), &halves(false)], None).is_none());
        assert!(PackedPanels::new(64, &[&part(40, 64, 4, 1)], None).is_none());
        assert!(PackedPanels::new(64, &[], None).is_none());
    }
}
