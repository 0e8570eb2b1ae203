//! Maps of heads side by side, with their names.

use headlight_document::AttentionKind;
use web_sys::HtmlCanvasElement;

use super::canvas::{Ink, Pixels, SANS, prepare};
use super::grid::fill;
use crate::browser;
use crate::state::attention::is_blank;
use crate::state::colour::Palette;
use crate::state::order::Shelf;
use crate::state::sight::Picture;

/// Draws the maps that there are pictures of.
pub fn draw<'a>(
    canvas: &HtmlCanvasElement,
    shelf: &Shelf,
    kind: AttentionKind,
    picture: &dyn Fn(usize) -> Option<Picture<'a>>,
    name: &dyn Fn(usize) -> String,
    dark: bool,
) -> Option<()> {
    let (ink, table) = (Ink::of(dark), Palette::of(dark).table());
    let (context, _) = prepare(canvas, shelf.width(), shelf.height())?;
    context.set_fill_style_str(&ink.surface.css());
    context.fill_rect(0.0, 0.0, shelf.width(), shelf.height());
    let side = (shelf.side * browser::pixel_ratio()).round().max(1.0) as usize;
    context.set_font(&format!("11px {SANS}"));
    context.set_text_baseline("top");
    context.set_text_align("center");
    for at in 0..shelf.count {
        let (x, y) = shelf.corner(at);
        if let Some(map) = picture(at) {
            let mut pixels = Pixels::new(side, side, ink.surface);
            fill(&mut pixels, (side, side), (0, 0), side, map, is_blank(kind, 0, 1), (&table, ink.line));
            pixels.stretch(&context, x, y, shelf.side, shelf.side)?;
        }
        context.set_fill_style_str(&ink.muted.css());
        context.fill_text(&name(at), x + shelf.side / 2.0, y + shelf.side + 3.0).ok()?;
    }
    Some(())
}
