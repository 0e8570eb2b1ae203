//! One figure of every head by layer: a dot a head, a line through the layers' means. Drawn with plotters.

use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::canvas::{self, Ink};
use crate::state::colour::Rgb;

/// Draws `values`, flat as `[layers, heads]`, and `means`, one a layer. `open` is the head to mark.
pub fn draw(
    canvas: &HtmlCanvasElement,
    (width, height): (f64, f64),
    heads: usize,
    values: &[f64],
    means: &[f64],
    open: Option<(usize, usize)>,
    dark: bool,
) -> Option<()> {
    let ink = Ink::of(dark);
    // The backend draws in device pixels, so every size is scaled here.
    let ratio = canvas::size(canvas, width, height)?;
    let size = |pixels: f64| (pixels * ratio).round() as u32;
    let colour = |Rgb(r, g, b): Rgb| RGBColor(r, g, b);
    let area = CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area();
    area.fill(&colour(ink.surface)).ok()?;
    let top = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let layers = means.len();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(size(10.0))
        .margin_right(size(12.0))
        .x_label_area_size(size(30.0))
        .y_label_area_size(size(42.0))
        .build_cartesian_2d(-0.6..layers as f64 - 0.4, 0.0..top)
        .ok()?;
    let text = ("sans-serif", size(11.0)).into_font().color(&colour(ink.muted));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(ShapeStyle::from(&colour(ink.line)).stroke_width(size(1.0)))
        .axis_style(ShapeStyle::from(&colour(ink.line)).stroke_width(size(1.0)))
        .x_labels(layers.min(10))
        .y_labels(5)
        .x_label_formatter(&|at| format!("{at:.0}"))
        .y_label_formatter(&|value| if top < 1.0 { format!("{value:.2}") } else { format!("{value:.1}") })
        .label_style(text)
        .set_all_tick_mark_size(size(3.0))
        .draw()
        .ok()?;
    let accent = colour(ink.accent);
    chart
        .draw_series(values.iter().enumerate().map(|(at, &value)| {
            let layer = at / heads.max(1);
            Circle::new((layer as f64, value), size(2.2), accent.mix(0.32).filled())
        }))
        .ok()?;
    let line = ShapeStyle::from(&accent).stroke_width(size(2.0));
    chart.draw_series(LineSeries::new(means.iter().enumerate().map(|(x, &y)| (x as f64, y)), line)).ok()?;
    if let Some((layer, head)) = open
        && let Some(&value) = values.get(layer * heads + head)
    {
        let ring = ShapeStyle::from(&colour(ink.text)).stroke_width(size(2.0));
        chart.draw_series([Circle::new((layer as f64, value), size(5.0), ring)]).ok()?;
    }
    area.present().ok()
}
