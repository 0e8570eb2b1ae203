//! One head's map, large, with its tokens on both axes.

use headlight_document::AttentionKind;
use web_sys::HtmlCanvasElement;

use super::canvas::{Ink, Pixels, SANS, prepare};
use crate::state::attention::is_blank;
use crate::state::colour::{Palette, attention_step};
use crate::state::grid::Map;
use crate::state::pieces::label;
use crate::state::sight::Picture;

/// Room that one label takes across its reading direction, in CSS pixels.
const LINE: f64 = 13.0;

/// Draws a head's map as it is at hand, with one text for each row and each column.
pub fn draw(
    canvas: &HtmlCanvasElement,
    map: &Map,
    picture: Picture<'_>,
    kind: AttentionKind,
    rows: &[String],
    columns: &[String],
    dark: bool,
) -> Option<()> {
    let ink = Ink::of(dark);
    let table = Palette::of(dark).table();
    let (context, _) = prepare(canvas, map.width(), map.height())?;
    context.set_fill_style_str(&ink.surface.css());
    context.fill_rect(0.0, 0.0, map.width(), map.height());

    let mut pixels = Pixels::new(picture.columns, picture.rows, ink.surface);
    for (at, &weight) in picture.values.iter().enumerate() {
        let (row, column) = (at / picture.columns.max(1), at % picture.columns.max(1));
        if !is_blank(kind, row, column)
            && let Some(&colour) = table.get(attention_step(weight))
        {
            pixels.set(column, row, colour);
        }
    }
    let (width, height) = (map.cell * map.columns as f64, map.cell * map.rows as f64);
    pixels.stretch(&context, map.left, map.top, width, height)?;

    context.set_stroke_style_str(&ink.line.css());
    context.set_line_width(1.0);
    if map.cell >= 9.0 {
        for row in 0..map.rows {
            for column in (0..map.columns).filter(|&column| !is_blank(kind, row, column)) {
                let (x, y) = (map.left + column as f64 * map.cell, map.top + row as f64 * map.cell);
                context.stroke_rect(x + 0.5, y + 0.5, map.cell, map.cell);
            }
        }
    } else {
        context.stroke_rect(map.left + 0.5, map.top + 0.5, width, height);
    }

    context.set_font(&format!("12px {SANS}"));
    context.set_text_baseline("middle");
    context.set_fill_style_str(&ink.muted.css());
    let step = map.label_step(LINE);
    let most = ((map.left - 14.0) / 6.6) as usize;
    context.set_text_align("right");
    for (row, text) in rows.iter().enumerate().step_by(step) {
        let y = map.top + (row as f64 + 0.5) * map.cell;
        context.fill_text_with_max_width(&label(text, most), map.left - 7.0, y, map.left - 10.0).ok()?;
    }
    context.set_text_align("left");
    for (column, text) in columns.iter().enumerate().step_by(step) {
        let x = map.left + (column as f64 + 0.5) * map.cell;
        context.save();
        context.translate(x, map.top - 7.0).ok()?;
        context.rotate(-std::f64::consts::FRAC_PI_2).ok()?;
        context.fill_text_with_max_width(&label(text, most), 0.0, 0.0, map.top - 10.0).ok()?;
        context.restore();
    }
    Some(())
}
