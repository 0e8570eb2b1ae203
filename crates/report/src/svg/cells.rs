//! Many coloured cells: as shapes where they are few, else as one picture.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64ct::{Base64, Encoding};
use headlight_document::AttentionKind;

use super::{Svg, hex, short};
use crate::colour::{Palette, Scale, attention_step};
use crate::png;

/// More cells than this are a picture: as shapes they would be half a megabyte, and slow to open.
const SHAPES: usize = 20_000;

/// Cells in rows and columns, each a place in a palette whose first colour is the ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// How many columns.
    pub columns: usize,
    /// How many rows.
    pub rows: usize,
    /// Row by row.
    pub steps: Vec<u8>,
    signed: bool,
}

impl Cells {
    /// Empty cells.
    #[must_use]
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, steps: vec![0; columns.saturating_mul(rows)], signed: false }
    }

    /// Attention weights from 0 to 1, row-major.
    #[must_use]
    pub fn weights(columns: usize, rows: usize, values: &[f32], kind: AttentionKind) -> Self {
        let mut cells = Self::new(columns, rows);
        cells.put(0, 0, columns, values, kind);
        cells
    }

    /// Signed numbers, row-major.
    #[must_use]
    pub fn signed(columns: usize, rows: usize, values: &[f64], scale: Scale) -> Self {
        // 0 is nought, 1 to 127 are for, 129 to 255 against.
        let step = |value: &f64| {
            let share = (scale.share(*value) * 127.0).round();
            if share < 0.0 { (128.0 - share) as u8 } else { share as u8 }
        };
        let mut steps: Vec<u8> = values.iter().map(step).collect();
        steps.resize(columns.saturating_mul(rows), 0);
        Self { columns, rows, steps, signed: true }
    }

    /// Puts a map of weights into these cells, `left` columns and `top` rows from their corner. What comes after a token that
    /// sees only what is before stays empty.
    pub fn put(&mut self, left: usize, top: usize, columns: usize, values: &[f32], kind: AttentionKind) {
        for (row, weights) in values.chunks_exact(columns.max(1)).enumerate() {
            let from = (top + row).saturating_mul(self.columns).saturating_add(left);
            let seen = if kind == AttentionKind::SelfAttention { columns.min(row + 1) } else { columns };
            let cells = self.steps.get_mut(from..).unwrap_or_default();
            for (cell, weight) in cells.iter_mut().zip(weights.iter().take(seen)) {
                *cell = attention_step(*weight) as u8;
            }
        }
    }

    fn palette(&self, palette: &Palette) -> Vec<crate::colour::Rgb> {
        if !self.signed {
            return palette.table();
        }
        let of = |step: i32| palette.signed(f64::from(if step > 127 { 128 - step } else { step }) / 127.0);
        (0..=255).map(of).collect()
    }
}

impl Svg {
    /// Draws cells so that they fill a rectangle.
    pub fn cells(&mut self, [x, y, width, height]: [f64; 4], cells: &Cells) {
        if cells.columns == 0 || cells.rows == 0 {
            return;
        }
        let palette = cells.palette(self.palette);
        if cells.steps.len() > SHAPES {
            let picture = png::encode(cells.columns, cells.rows, &cells.steps, &palette);
            let picture = Base64::encode_string(&picture);
            self.raw(&format!(
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 image-rendering=\"pixelated\" href=\"data:image/png;base64,{picture}\"/>",
                short(x),
                short(y),
                short(width),
                short(height)
            ));
            return;
        }
        // One shape for all cells of a colour, and one stretch of it for those side by side.
        let mut shapes: BTreeMap<u8, String> = BTreeMap::new();
        for (row, steps) in cells.steps.chunks_exact(cells.columns).enumerate() {
            let mut column = 0;
            for run in steps.chunk_by(|a, b| a == b) {
                let (step, count) = (run[0], run.len());
                if palette.get(usize::from(step)) != palette.first() {
                    // Writing to a string cannot fail.
                    let _ = write!(shapes.entry(step).or_default(), "M{column} {row}h{count}v1h-{count}z");
                }
                column += count;
            }
        }
        let across = width / cells.columns as f64;
        let down = height / cells.rows as f64;
        self.raw(&format!(
            "<g shape-rendering=\"crispEdges\" transform=\"translate({} {}) scale({across:.5} {down:.5})\">",
            short(x),
            short(y)
        ));
        for (step, path) in shapes {
            let colour = palette.get(usize::from(step)).copied().map(hex).unwrap_or_default();
            self.raw(&format!("<path fill=\"{colour}\" d=\"{path}\"/>"));
        }
        self.raw("</g>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::LIGHT;

    #[test]
    fn what_comes_later_is_empty_and_signs_have_their_colours() {
        let cells = Cells::weights(2, 2, &[1.0, 1.0, 0.25, 1.0], AttentionKind::SelfAttention);
        assert_eq!(cells.steps, [255, 0, 128, 255]);
        let cells = Cells::signed(3, 1, &[-2.0, 0.0, 1.0], Scale { signed: true, limit: 2.0 });
        assert_eq!(cells.steps, [255, 0, 64]);
        let palette = cells.palette(&LIGHT);
        assert_eq!(
            (palette[255], palette[0], palette[127]),
            (LIGHT.signed(-1.0), LIGHT.signed(0.0), LIGHT.signed(1.0))
        );
    }

    #[test]
    fn maps_are_put_beside_each_other() {
        let mut cells = Cells::new(5, 2);
        cells.put(3, 0, 2, &[1.0, 1.0, 1.0, 1.0], AttentionKind::Encoder);
        assert_eq!(cells.steps, [0, 0, 0, 255, 255, 0, 0, 0, 255, 255]);
        cells.put(3, 7, 2, &[1.0; 4], AttentionKind::Encoder);
    }
}
