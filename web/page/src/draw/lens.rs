//! A number after each layer, as a line. Drawn with plotters.

use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::canvas::{self, Ink};
use crate::state::colour::Rgb;

/// Draws `values`, the first before any layer. `wins` is the number of layers after which the target is the best and stays so.
pub fn draw(
    canvas: &HtmlCanvasElement,
    (width, height): (f64, f64),
    values: &[f64],
    wins: Option<usize>,
    dark: bool,
) -> Option<()> {
    let ink = Ink::of(dark);
    // The backend draws in device pixels, so every size is scaled here.
    let ratio = canvas::size(canvas, width, height)?;
    let size = |pixels: f64| (pixels * ratio).round() as u32;
    let colour = |Rgb(r, g, b): Rgb| RGBColor(r, g, b);
    let area = CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area();
    area.fill(&colour(ink.surface)).ok()?;
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let room = ((high - low) * 0.06).max(1e-6);
    let last = values.len().saturating_sub(1) as f64;
    let mut chart = ChartBuilder::on(&area)
        .margin_top(size(10.0))
        .margin_right(size(12.0))
        .x_label_area_size(size(30.0))
        .y_label_area_size(size(48.0))
        .build_cartesian_2d(-0.4..last + 0.4, low - room..high + room)
        .ok()?;
    let text = ("sans-serif", size(11.0)).into_font().color(&colour(ink.muted));
    let line = |ink: Rgb, width: f64| ShapeStyle::from(&colour(ink)).stroke_width(size(width));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(line(ink.line, 1.0))
        .axis_style(line(ink.line, 1.0))
        .x_labels(values.len().min(10))
        .y_labels(5)
        .x_label_formatter(&|at| format!("{at:.0}"))
        .y_label_formatter(&|value| if high - low < 2.0 { format!("{value:.2}") } else { format!("{value:.1}") })
        .label_style(text)
        .set_all_tick_mark_size(size(3.0))
        .draw()
        .ok()?;
    if let Some(wins) = wins {
        let at = wins as f64;
        chart.draw_series(LineSeries::new([(at, low - room), (at, high + room)], line(ink.muted, 1.0))).ok()?;
    }
    let points = || values.iter().enumerate().map(|(at, &value)| (at as f64, value));
    chart.draw_series(LineSeries::new(points(), line(ink.accent, 2.0))).ok()?;
    let accent = colour(ink.accent);
    chart.draw_series(points().map(|point| Circle::new(point, size(2.6), accent.filled()))).ok()?;
    area.present().ok()
}
