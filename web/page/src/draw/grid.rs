//! All heads at a glance, from the whole model down to single weights, on one canvas.
//!
//! What is drawn exactly costs a pass over the screen's pixels. While one moves, pictures drawn before are moved instead, two
//! calls a frame, and what they lack in sharpness is drawn when one stops.

use headlight_document::{Attention, Whose};
use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::canvas::{self, Ink, Pixels, SANS, prepare};
use crate::state::attention::is_blank;
use crate::state::camera::{Camera, view};
use crate::state::colour::{Palette, Rgb, attention_step};
use crate::state::grid::{Grid, Reduction};
use crate::state::pieces::label;
use crate::state::sight::{Picture, Sight};

/// From how many CSS pixels a weight is wide enough for its tokens' names.
const NAMED: f64 = 15.0;

/// Pictures of the grid that were drawn before.
#[derive(Default)]
pub struct Stage {
    whole: Option<HtmlCanvasElement>,
    near: Option<(HtmlCanvasElement, Camera)>,
}

/// What is drawn.
pub struct Scene<'a> {
    /// Where heads lie.
    pub grid: Grid,
    /// What is in view.
    pub camera: Camera,
    /// The attention.
    pub attention: &'a Attention,
    /// The maps at hand.
    pub sight: &'a Sight,
    /// The heads that are marked: which aligns tokens, which is open, which is pointed at.
    pub marks: [Option<(usize, usize)>; 3],
    /// The names of the rows and of the columns.
    pub names: (&'a [String], &'a [String]),
    /// Whether the page is dark.
    pub dark: bool,
}

impl Stage {
    /// Draws the scene anew, whole too where `is_new` says that it is another one than before.
    pub fn draw(&mut self, scene: &Scene<'_>, ratio: f64, is_new: bool) -> Option<()> {
        if is_new || self.whole.is_none() {
            self.whole = Some(paint(scene, Camera::default(), ratio)?);
        }
        self.near = match scene.camera.scale > 1.0 {
            true => Some((paint(scene, scene.camera, ratio)?, scene.camera)),
            false => None,
        };
        Some(())
    }

    /// Shows what was drawn as it looks from where one stands now.
    pub fn show(&self, canvas: &HtmlCanvasElement, scene: &Scene<'_>) -> Option<()> {
        let (grid, camera) = (&scene.grid, scene.camera);
        let ink = Ink::of(scene.dark);
        let (context, _) = prepare(canvas, grid.width(), grid.height())?;
        context.set_fill_style_str(&ink.surface.css());
        context.fill_rect(0.0, 0.0, grid.width(), grid.height());
        let (width, height) = view(grid);
        context.save();
        context.begin_path();
        context.rect(grid.left, grid.top, width, height);
        context.clip();
        context.set_image_smoothing_enabled(false);
        let from = |picture: &HtmlCanvasElement, seen: Camera| {
            let grown = camera.scale / seen.scale;
            let (x, y) = (seen.x * grown - camera.x, seen.y * grown - camera.y);
            let (left, top) = (grid.left + x, grid.top + y);
            context.draw_image_with_html_canvas_element_and_dw_and_dh(picture, left, top, width * grown, height * grown)
        };
        if let Some(whole) = &self.whole {
            from(whole, Camera::default()).ok()?;
        }
        if let Some((near, seen)) = &self.near {
            from(near, *seen).ok()?;
        }
        names(&context, scene, &ink);
        context.restore();
        marks(&context, scene, &ink)?;
        numbers(&context, grid, camera, &ink)
    }
}

/// The heads in view, drawn exactly.
fn paint(scene: &Scene<'_>, camera: Camera, ratio: f64) -> Option<HtmlCanvasElement> {
    let Scene { grid, attention, sight, .. } = scene;
    let (ink, table) = (Ink::of(scene.dark), Palette::of(scene.dark).table());
    let (width, height) = view(grid);
    let pixels = |length: f64| (length * ratio).round();
    let size = (pixels(width).max(1.0) as usize, pixels(height).max(1.0) as usize);
    let mut picture = Pixels::new(size.0, size.1, ink.surface);
    for (layer, head) in camera.visible(grid) {
        let Some(map) = sight.picture(attention, Whose::Head(layer, head)) else { continue };
        let (x, y, side) = camera.place(grid, layer, head);
        let corner = (pixels(x - grid.left) as isize, pixels(y - grid.top) as isize);
        let causal = is_blank(attention.kind, 0, 1);
        fill(&mut picture, size, corner, pixels(side).max(1.0) as usize, map, causal, (&table, ink.line));
    }
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(size.0 as u32);
    canvas.set_height(size.1 as u32);
    picture.put(&canvas::context(&canvas)?, 0.0, 0.0);
    Some(canvas)
}

/// Colours the part of one head's map that lies within the picture.
pub(super) fn fill(
    picture: &mut Pixels,
    (width, height): (usize, usize),
    (left, top): (isize, isize),
    side: usize,
    map: Picture<'_>,
    causal: bool,
    (table, line): (&[Rgb], Rgb),
) {
    let clipped =
        |at: isize, size: usize| (at.min(0).unsigned_abs()).min(side)..side.min((size as isize - at).max(0) as usize);
    let (across, down) = (clipped(left, width), clipped(top, height));
    let columns = Reduction { count: map.columns, side };
    let rows = Reduction { count: map.rows, side };
    let mut strip = vec![0.0; map.columns];
    let mut last = None;
    for y in down {
        let span = rows.span(y);
        // Neighbouring lines of a large picture are of the same rows.
        if last != Some(span) {
            last = Some(span);
            columns.strip(map.values, span, &mut strip);
        }
        for x in across.clone() {
            let (from, to) = columns.span(x);
            let weight = strip.get(from..to).unwrap_or_default().iter().fold(0.0_f32, |most, &weight| most.max(weight));
            let is_edge = y == 0 || x == 0 || y + 1 == side || x + 1 == side;
            let at = ((left + x as isize) as usize, (top + y as isize) as usize);
            // What can't be attended to is left as the ground; the smallest weight is a shade off it.
            if causal && from > span.0 && weight == 0.0 {
                if is_edge {
                    picture.set(at.0, at.1, line);
                }
                continue;
            }
            let colour = table.get(attention_step(weight)).copied().unwrap_or(line);
            picture.set(at.0, at.1, if is_edge && weight < 0.02 { line } else { colour });
        }
    }
}

/// Rings around heads, as far as they are in view. On the canvas: an element that moves with every frame would have the browser
/// paint the page anew.
fn marks(context: &CanvasRenderingContext2d, scene: &Scene<'_>, ink: &Ink) -> Option<()> {
    let Scene { grid, camera, marks, .. } = scene;
    let (width, height) = view(grid);
    context.save();
    context.begin_path();
    // A ring lies outside of its map, and so of the view's edge.
    let room = 4.0;
    context.rect(grid.left - room, grid.top - room, width + 2.0 * room, height + 2.0 * room);
    context.clip();
    let dashes = [6.0, 4.0].map(wasm_bindgen::JsValue::from_f64).into_iter().collect::<js_sys::Array>();
    let solid = js_sys::Array::new();
    let styles = [(ink.lamp, 2.0, true), (ink.lamp, 3.0, false), (ink.text, 2.0, false)];
    for (head, (colour, thick, is_dashed)) in marks.iter().zip(styles) {
        let Some((layer, head)) = head.filter(|(layer, head)| *layer < grid.layers && *head < grid.heads) else {
            continue;
        };
        let (x, y, side) = camera.place(grid, layer, head);
        let gap = 1.0 + thick / 2.0;
        context.set_stroke_style_str(&colour.css());
        context.set_line_width(thick);
        context.set_line_dash(if is_dashed { &dashes } else { &solid }).ok()?;
        context.stroke_rect(x - gap, y - gap, side + 2.0 * gap, side + 2.0 * gap);
    }
    context.restore();
    Some(())
}

/// The numbers of layers and heads that are in view, in the margins.
fn numbers(context: &CanvasRenderingContext2d, grid: &Grid, camera: Camera, ink: &Ink) -> Option<()> {
    context.set_fill_style_str(&ink.muted.css());
    context.set_font(&format!("11px {SANS}"));
    context.set_text_baseline("middle");
    let (columns, rows) = if grid.across { (grid.layers, grid.heads) } else { (grid.heads, grid.layers) };
    let step = if grid.pitch * camera.scale < 20.0 { 2 } else { 1 };
    let (width, height) = view(grid);
    // In the middle of what of it is in view.
    let middle = |at: f64, side: f64, edge: f64, size: f64| {
        let (from, to) = (at.max(edge), (at + side).min(edge + size));
        (to - from > side.min(12.0) * 0.5).then_some((from + to) / 2.0)
    };
    context.set_text_align("center");
    for column in (0..columns).step_by(step) {
        let (x, _, side) = if grid.across { camera.place(grid, column, 0) } else { camera.place(grid, 0, column) };
        if let Some(x) = middle(x, side, grid.left, width) {
            context.fill_text(&column.to_string(), x, grid.top - 9.0).ok()?;
        }
    }
    context.set_text_align("right");
    for row in (0..rows).step_by(step) {
        let (_, y, side) = if grid.across { camera.place(grid, 0, row) } else { camera.place(grid, row, 0) };
        if let Some(y) = middle(y, side, grid.top, height) {
            context.fill_text(&row.to_string(), grid.left - 7.0, y).ok()?;
        }
    }
    Some(())
}

/// The tokens of the head that fills the view, along its edges, where weights are large enough.
fn names(context: &CanvasRenderingContext2d, scene: &Scene<'_>, ink: &Ink) -> Option<()> {
    let Scene { grid, camera, attention, .. } = scene;
    let (width, height) = view(grid);
    let middle = (grid.left + width / 2.0, grid.top + height / 2.0);
    let hit = camera.at(grid, middle, attention.rows, attention.columns)?;
    let (x, y, side) = camera.place(grid, hit.layer, hit.head);
    let (high, wide) = (side / attention.rows.max(1) as f64, side / attention.columns.max(1) as f64);
    context.set_font(&format!("12px {SANS}"));
    context.set_text_baseline("middle");
    context.set_text_align("left");
    let write = |text: &str, x: f64, y: f64| {
        let text = label(text, 14);
        let length = context.measure_text(&text).ok()?.width();
        context.set_fill_style_str(&ink.surface.css());
        context.fill_rect(x - 2.0, y - 7.5, length + 4.0, 15.0);
        context.set_fill_style_str(&ink.text.css());
        context.fill_text(&text, x, y).ok()?;
        Some(length)
    };
    let mut aside = 0.0_f64;
    if high >= NAMED {
        let left = x.max(grid.left) + 4.0;
        for (row, text) in scene.names.0.iter().enumerate() {
            let at = y + (row as f64 + 0.5) * high;
            if at > grid.top && at < grid.top + height {
                aside = aside.max(write(text, left, at).unwrap_or_default());
            }
        }
        // Columns keep clear of the rows' names.
        aside = left + aside + 8.0;
    }
    if wide >= NAMED {
        let top = y.max(grid.top) + 4.0;
        for (column, text) in scene.names.1.iter().enumerate() {
            let at = x + (column as f64 + 0.5) * wide;
            if at > grid.left.max(aside) && at < grid.left + width {
                context.save();
                context.translate(at, top).ok()?;
                context.rotate(std::f64::consts::FRAC_PI_2).ok()?;
                write(text, 0.0, 0.0);
                context.restore();
            }
        }
    }
    Some(())
}
