//! Lines between two columns of tokens.

use web_sys::HtmlCanvasElement;

use super::canvas::{Ink, SANS, prepare};
use crate::state::lines::{LINE, Line, STEPS, colour, step};
use crate::state::pieces::label;

/// What is drawn.
pub struct Columns<'a> {
    /// Width of the canvas in CSS pixels.
    pub width: f64,
    /// The tokens that look.
    pub rows: &'a [String],
    /// The tokens that are looked at.
    pub columns: &'a [String],
    /// The lines, weakest first.
    pub lines: &'a [Line],
    /// The token that is picked on each side.
    pub picked: (Option<usize>, Option<usize>),
    /// Whether the page is dark.
    pub dark: bool,
}

/// How much of the width the names take on each side.
#[must_use]
pub fn margin(width: f64) -> f64 {
    (width * 0.3).min(170.0)
}

/// The height that so many tokens take, in CSS pixels.
#[must_use]
pub fn height(tokens: usize) -> f64 {
    tokens as f64 * LINE + 4.0
}

/// Draws two columns of tokens and the lines between them.
pub fn draw(canvas: &HtmlCanvasElement, scene: &Columns<'_>) -> Option<()> {
    let Columns { width, rows, columns, lines, picked, dark } = *scene;
    let ink = Ink::of(dark);
    let height = height(rows.len().max(columns.len()));
    let (context, _) = prepare(canvas, width, height)?;
    context.set_fill_style_str(&ink.surface.css());
    context.fill_rect(0.0, 0.0, width, height);
    let side = margin(width);
    let middle = |at: usize| (at as f64 + 0.5) * LINE + 2.0;

    // One path for all lines of one head and one strength: thousands of strokes would take longer than a frame.
    let mut groups: std::collections::BTreeMap<(usize, usize), Vec<&Line>> = std::collections::BTreeMap::new();
    for line in lines {
        groups.entry((step(line.weight), line.head)).or_default().push(line);
    }
    for ((step, head), lines) in groups {
        let share = (step + 1) as f64 / STEPS as f64;
        context.set_stroke_style_str(&colour(head, dark).css());
        context.set_global_alpha(0.06 + 0.94 * share * share);
        context.set_line_width(0.6 + 1.8 * share);
        context.begin_path();
        for line in lines {
            context.move_to(side + 4.0, middle(line.row));
            context.line_to(width - side - 4.0, middle(line.column));
        }
        context.stroke();
    }
    context.set_global_alpha(1.0);

    context.set_font(&format!("12px {SANS}"));
    context.set_text_baseline("middle");
    let most = ((side - 8.0) / 6.4) as usize;
    let sides = [(rows, picked.0, "right", side, 0.0), (columns, picked.1, "left", width - side, width - side)];
    for (names, picked, align, x, left) in sides {
        context.set_text_align(align);
        for (at, text) in names.iter().enumerate() {
            let is_picked = picked == Some(at);
            if is_picked {
                context.set_stroke_style_str(&ink.accent.css());
                context.set_line_width(1.5);
                context.stroke_rect(left + 1.0, middle(at) - LINE / 2.0 + 1.0, side - 2.0, LINE - 2.0);
            }
            context.set_fill_style_str(&if is_picked { ink.text } else { ink.muted }.css());
            let x = if align == "right" { x - 4.0 } else { x + 4.0 };
            context.fill_text_with_max_width(&label(text, most), x, middle(at), side - 8.0).ok()?;
        }
    }
    Some(())
}
