//! One query against every key, number by number.

use headlight_document::Neurons;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::canvas::{Ink, SANS, prepare};
use crate::locale::say;
use crate::state::colour::{Palette, Scale};
use crate::state::format::{number, signed};
use crate::state::inside::{products, scores, weights};
use crate::state::pieces::label;

/// The height of a key's line, in CSS pixels.
pub const LINE: f64 = 20.0;
/// What the query and the columns' names take above the keys.
pub const TOP: f64 = 46.0;
/// Where the columns lie, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The whole width.
    pub width: f64,
    /// What names take.
    pub name: f64,
    /// What one strip of numbers takes.
    pub strip: f64,
}

impl Layout {
    /// The columns of a canvas so wide.
    #[must_use]
    pub fn of(width: f64) -> Self {
        let name = (width * 0.2).clamp(56.0, 120.0);
        let figures = (width * 0.24).clamp(112.0, 130.0);
        Self { width, name, strip: ((width - name - figures - 12.0) / 2.0).max(20.0) }
    }

    /// Left edges of the keys' strips, of the products', and right edges of scores and weights.
    #[must_use]
    pub fn edges(&self) -> [f64; 4] {
        let keys = self.name + 4.0;
        let products = keys + self.strip + 6.0;
        let figures = self.width - products - self.strip;
        [keys, products, products + self.strip + figures * 0.5, self.width - 2.0]
    }
}

/// Draws `neurons` for the query `query`, with one name for each query and each key.
pub fn draw(
    canvas: &HtmlCanvasElement,
    layout: Layout,
    neurons: &Neurons,
    query: usize,
    (rows, columns): (&[String], &[String]),
    dark: bool,
) -> Option<()> {
    let ink = Ink::of(dark);
    let height = TOP + neurons.keys as f64 * LINE + 4.0;
    let (context, _) = prepare(canvas, layout.width, height)?;
    context.set_fill_style_str(&ink.surface.css());
    context.fill_rect(0.0, 0.0, layout.width, height);
    context.set_font(&format!("12px {SANS}"));
    context.set_text_baseline("middle");

    let [at_keys, at_products, at_score, at_weight] = layout.edges();
    let wide = neurons.width.max(1);
    let own = neurons.query_values.chunks_exact(wide).nth(query)?;
    let scores = scores(neurons, query);
    let weights = weights(&scores);
    let all: Vec<Vec<f32>> = (0..neurons.keys).filter_map(|key| products(neurons, query, key)).collect();
    // One scale for all numbers of a kind, so that strips can be held against each other.
    let scale = |values: &mut dyn Iterator<Item = f32>| Scale::of(values.map(f64::from), true);
    let of_numbers = scale(&mut neurons.query_values.iter().chain(&neurons.key_values).copied());
    let of_products = scale(&mut all.iter().flatten().copied());
    let palette = Palette::of(dark);
    let strip = |values: &[f32], scale: Scale, x: f64, y: f64| {
        let cell = layout.strip / values.len().max(1) as f64;
        for (at, value) in values.iter().enumerate() {
            context.set_fill_style_str(&scale.colour(f64::from(*value), palette).css());
            // A hair wider, so that no ground shows between cells.
            context.fill_rect(x + at as f64 * cell, y - LINE / 2.0 + 2.0, cell + 0.3, LINE - 4.0);
        }
    };
    let write = |context: &CanvasRenderingContext2d, text: &str, x: f64, y: f64, align: &str, most: f64| {
        context.set_text_align(align);
        context.fill_text_with_max_width(text, x, y, most)
    };
    let most = ((layout.name - 4.0) / 6.6) as usize;

    context.set_fill_style_str(&ink.text.css());
    let name = |all: &[String], at: usize| label(all.get(at).map_or("", String::as_str), most);
    write(&context, &name(rows, query), layout.name - 2.0, 13.0, "right", layout.name - 4.0).ok()?;
    strip(own, of_numbers, at_keys, 13.0);
    context.set_fill_style_str(&ink.muted.css());
    write(&context, say("neurons.q"), at_products, 13.0, "left", layout.strip).ok()?;
    write(&context, say("neurons.k"), at_keys, 34.0, "left", layout.strip).ok()?;
    write(&context, "q × k", at_products, 34.0, "left", layout.strip).ok()?;
    write(&context, say("neurons.head.score"), at_score, 34.0, "right", 60.0).ok()?;
    write(&context, say("neurons.head.weight"), at_weight, 34.0, "right", 60.0).ok()?;

    for (key, product) in all.iter().enumerate() {
        let y = TOP + (key as f64 + 0.5) * LINE;
        let is_seen = scores.get(key).copied().flatten().is_some();
        context.set_global_alpha(if is_seen { 1.0 } else { 0.3 });
        context.set_fill_style_str(&ink.text.css());
        write(&context, &name(columns, key), layout.name - 2.0, y, "right", layout.name - 4.0).ok()?;
        strip(neurons.key_values.chunks_exact(wide).nth(key)?, of_numbers, at_keys, y);
        strip(product, of_products, at_products, y);
        context.set_fill_style_str(&ink.text.css());
        let score = scores.get(key).copied().flatten().map_or_else(|| "–".to_owned(), |score| signed(f64::from(score)));
        write(&context, &score, at_score, y, "right", 60.0).ok()?;
        let weight = weights.get(key).copied().unwrap_or(0.0);
        write(&context, &number(f64::from(weight)), at_weight, y, "right", 60.0).ok()?;
    }
    context.set_global_alpha(1.0);
    Some(())
}
