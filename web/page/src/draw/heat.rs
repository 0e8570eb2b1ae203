//! A map of signed numbers, with labels on both axes.

use web_sys::HtmlCanvasElement;

use super::canvas::{Ink, Pixels, SANS, prepare};
use crate::state::colour::{Palette, Scale};
use crate::state::grid::Map;
use crate::state::heat::Heat;
use crate::state::pieces::label;

/// Room that one label takes across its reading direction, in CSS pixels.
const LINE: f64 = 13.0;

/// Draws a map; a row is named by its number where it has no name, and so is a column.
pub fn draw(canvas: &HtmlCanvasElement, map: &Map, heat: &Heat, names: &[Vec<String>; 2], dark: bool) -> Option<()> {
    let [rows, columns] = names;
    let (ink, palette) = (Ink::of(dark), Palette::of(dark));
    let (context, _) = prepare(canvas, map.width(), map.height())?;
    context.set_fill_style_str(&ink.surface.css());
    context.fill_rect(0.0, 0.0, map.width(), map.height());
    let scale = Scale::of(heat.values.iter().copied(), true);
    let mut picture = Pixels::new(heat.columns, heat.rows, ink.surface);
    for (at, &value) in heat.values.iter().enumerate() {
        let columns = heat.columns.max(1);
        picture.set(at % columns, at / columns, palette.signed(scale.share(value)));
    }
    let (width, height) = (map.cell * heat.columns as f64, map.cell * heat.rows as f64);
    picture.stretch(&context, map.left, map.top, width, height)?;
    context.set_stroke_style_str(&ink.line.css());
    context.stroke_rect(map.left + 0.5, map.top + 0.5, width, height);

    context.set_font(&format!("12px {SANS}"));
    context.set_text_baseline("middle");
    context.set_fill_style_str(&ink.muted.css());
    let step = map.label_step(LINE);
    context.set_text_align("right");
    for row in (0..heat.rows).step_by(step) {
        let y = map.top + (row as f64 + 0.5) * map.cell;
        let most = ((map.left - 8.0) / 6.6) as usize;
        let name = rows.get(row).map_or_else(|| row.to_string(), |name| label(name, most));
        context.fill_text_with_max_width(&name, map.left - 7.0, y, map.left - 8.0).ok()?;
    }
    context.set_text_align("left");
    let most = ((map.top - 14.0) / 6.6) as usize;
    for column in (0..heat.columns).step_by(step) {
        let name = columns.get(column).map_or_else(|| column.to_string(), |name| label(name, most));
        context.save();
        context.translate(map.left + (column as f64 + 0.5) * map.cell, map.top - 7.0).ok()?;
        context.rotate(-std::f64::consts::FRAC_PI_2).ok()?;
        context.fill_text_with_max_width(&name, 0.0, 0.0, map.top - 10.0).ok()?;
        context.restore();
    }
    Some(())
}
