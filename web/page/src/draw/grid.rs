//! All heads at a glance: one thumbnail a head, on one canvas.

use headlight_document::Attention;
use web_sys::HtmlCanvasElement;

use super::canvas::{Ink, Pixels, SANS, prepare};
use crate::state::attention::is_blank;
use crate::state::colour::{Palette, attention_step};
use crate::state::grid::{Grid, resample};

/// Draws the grid.
pub fn draw(canvas: &HtmlCanvasElement, grid: &Grid, attention: &Attention, dark: bool) -> Option<()> {
    let ink = Ink::of(dark);
    let table = Palette::of(dark).table();
    let (context, ratio) = prepare(canvas, grid.width(), grid.height())?;
    let side = (grid.side * ratio).round().max(1.0) as usize;
    let mut picture = Pixels::new(canvas.width() as usize, canvas.height() as usize, ink.surface);
    for layer in 0..grid.layers {
        for head in 0..grid.heads {
            let Some(map) = attention.head(layer, head) else { continue };
            let (x, y) = grid.corner(layer, head);
            let (x, y) = ((x * ratio).round() as usize, (y * ratio).round() as usize);
            let shades = resample(map, attention.rows, attention.columns, side);
            for (at, &weight) in shades.iter().enumerate() {
                let (down, across) = (at / side, at % side);
                let (row, column) = (down * attention.rows / side, across * attention.columns / side);
                // What can't be attended to is left as the ground; the smallest weight is a shade off it.
                let is_edge = down == 0 || across == 0 || down + 1 == side || across + 1 == side;
                if is_blank(attention.kind, row, column) && weight == 0.0 {
                    if is_edge {
                        picture.set(x + across, y + down, ink.line);
                    }
                    continue;
                }
                let colour = table.get(attention_step(weight)).copied().unwrap_or(ink.surface);
                picture.set(x + across, y + down, if is_edge && weight < 0.02 { ink.line } else { colour });
            }
        }
    }
    picture.put(&context, 0.0, 0.0);

    context.set_fill_style_str(&ink.muted.css());
    context.set_font(&format!("11px {SANS}"));
    context.set_text_baseline("middle");
    let (columns, rows) = if grid.across { (grid.layers, grid.heads) } else { (grid.heads, grid.layers) };
    let step = if grid.pitch < 20.0 { 2 } else { 1 };
    context.set_text_align("center");
    for column in (0..columns).step_by(step) {
        let x = grid.left + column as f64 * grid.pitch + grid.side / 2.0;
        context.fill_text(&column.to_string(), x, grid.top - 9.0).ok()?;
    }
    context.set_text_align("right");
    for row in (0..rows).step_by(step) {
        let y = grid.top + row as f64 * grid.pitch + grid.side / 2.0;
        context.fill_text(&row.to_string(), grid.left - 7.0, y).ok()?;
    }
    Some(())
}
