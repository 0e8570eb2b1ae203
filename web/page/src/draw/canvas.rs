//! What all canvases share.

pub use headlight_report::ink::Ink;
use leptos::prelude::document;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::browser;
use crate::state::colour::Rgb;

/// The typeface of labels, the page's own.
pub const SANS: &str = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

/// How many device pixels a canvas may be high: browsers draw nothing on higher ones.
const HIGHEST: f64 = 16_000.0;

/// Sizes a canvas (in CSS pixels) for the device and gives the ratio of the two. Its context draws in device pixels.
pub fn size(canvas: &HtmlCanvasElement, width: f64, height: f64) -> Option<f64> {
    let ratio = browser::pixel_ratio().min(HIGHEST / height.max(1.0));
    let (across, down) = ((width * ratio).round().max(1.0), (height * ratio).round().max(1.0));
    canvas.set_width(across as u32);
    canvas.set_height(down as u32);
    let style = canvas.style();
    style.set_property("width", &format!("{}px", across / ratio)).ok()?;
    style.set_property("height", &format!("{}px", down / ratio)).ok()?;
    Some(ratio)
}

/// Like [`size`], with the canvas's context, which draws in CSS pixels.
pub fn prepare(canvas: &HtmlCanvasElement, width: f64, height: f64) -> Option<(CanvasRenderingContext2d, f64)> {
    let ratio = size(canvas, width, height)?;
    let context = context(canvas)?;
    context.scale(ratio, ratio).ok()?;
    Some((context, ratio))
}

/// A canvas's context.
pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Pixels of one picture, in red, green, blue and opacity.
pub struct Pixels {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Pixels {
    /// A picture in one colour.
    pub fn new(width: usize, height: usize, ground: Rgb) -> Self {
        let bytes = [ground.0, ground.1, ground.2, 255].repeat(width * height);
        Self { width, height, bytes }
    }

    /// Colours one pixel; outside the picture nothing happens.
    pub fn set(&mut self, x: usize, y: usize, colour: Rgb) {
        if x >= self.width {
            return;
        }
        let at = (y * self.width + x) * 4;
        if let Some(pixel) = self.bytes.get_mut(at..at + 3) {
            pixel.copy_from_slice(&[colour.0, colour.1, colour.2]);
        }
    }

    fn image(&self) -> Option<ImageData> {
        let (width, height) = (self.width as u32, self.height as u32);
        ImageData::new_with_u8_clamped_array_and_sh(Clamped(&self.bytes), width, height).ok()
    }

    /// Puts the picture at a place given in device pixels.
    pub fn put(&self, context: &CanvasRenderingContext2d, x: f64, y: f64) {
        if let Some(image) = self.image() {
            // A failure can only be a canvas that is gone.
            let _ = context.put_image_data(&image, x, y);
        }
    }

    /// Draws the picture enlarged to a rectangle, with sharp edges between its pixels.
    pub fn stretch(&self, context: &CanvasRenderingContext2d, x: f64, y: f64, width: f64, height: f64) -> Option<()> {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width(self.width as u32);
        canvas.set_height(self.height as u32);
        self::context(&canvas)?.put_image_data(&self.image()?, 0.0, 0.0).ok()?;
        context.set_image_smoothing_enabled(false);
        context.draw_image_with_html_canvas_element_and_dw_and_dh(&canvas, x, y, width, height).ok()
    }
}
