//! A deletion or an insertion curve before the band of random orders. Drawn with plotters.

use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::canvas::{self, Ink};
use crate::state::colour::Rgb;
use crate::state::curves::Plot;

/// Draws a curve over the number of tokens.
pub fn draw(canvas: &HtmlCanvasElement, (width, height): (f64, f64), plot: &Plot<'_>, dark: bool) -> Option<()> {
    let ink = Ink::of(dark);
    // The backend draws in device pixels, so every size is scaled here.
    let ratio = canvas::size(canvas, width, height)?;
    let size = |pixels: f64| (pixels * ratio).round() as u32;
    let colour = |Rgb(r, g, b): Rgb| RGBColor(r, g, b);
    let area = CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area();
    area.fill(&colour(ink.surface)).ok()?;
    let last = plot.values.len().saturating_sub(1).max(1) as f64;
    let (low, high) = plot.range;
    let room = (high - low) * 0.06;
    let mut chart = ChartBuilder::on(&area)
        .margin_top(size(8.0))
        .margin_right(size(10.0))
        .x_label_area_size(size(24.0))
        .y_label_area_size(size(40.0))
        .build_cartesian_2d(0.0..last, low - room..high + room)
        .ok()?;
    let text = ("sans-serif", size(11.0)).into_font().color(&colour(ink.muted));
    let line = ShapeStyle::from(&colour(ink.line)).stroke_width(size(1.0));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(line)
        .axis_style(line)
        .x_labels(5)
        .y_labels(4)
        .x_label_formatter(&|at| format!("{at:.0}"))
        .y_label_formatter(&|value| if high - low < 0.5 { format!("{value:.2}") } else { format!("{value:.1}") })
        .label_style(text)
        .set_all_tick_mark_size(size(3.0))
        .draw()
        .ok()?;
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(at, &value)| (at as f64, value)).collect()
    };
    let muted = colour(ink.muted);
    if let Some(band) = plot.band {
        let mut outline = points(&band.least);
        outline.extend(points(&band.greatest).into_iter().rev());
        chart.draw_series([Polygon::new(outline, muted.mix(0.25).filled())]).ok()?;
        let style = ShapeStyle::from(&muted).stroke_width(size(1.5));
        // Dashes, one piece after the other: plotters' own need a feature that brings much else.
        let mean = points(&band.mean);
        let dashes = mean.windows(2).flat_map(|pair| dashes(pair[0], pair[1]));
        chart.draw_series(dashes.map(|dash| PathElement::new(dash, style))).ok()?;
    }
    let accent = ShapeStyle::from(&colour(ink.accent)).stroke_width(size(2.2));
    chart.draw_series(LineSeries::new(points(plot.values), accent)).ok()?;
    area.present().ok()
}

/// Two dashes between two points.
fn dashes(from: (f64, f64), to: (f64, f64)) -> [Vec<(f64, f64)>; 2] {
    let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    [vec![at(0.0), at(0.3)], vec![at(0.5), at(0.8)]]
}
