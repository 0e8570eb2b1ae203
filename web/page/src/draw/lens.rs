//! A number after each layer, as a line. Drawn with plotters.

use plotters::prelude::*;
use web_sys::HtmlCanvasElement;

use super::plot::{Axes, Plot, colour};

/// Draws `values`, the first before any layer. `wins` is the number of layers after which the target is the best and stays so.
pub fn draw(
    canvas: &HtmlCanvasElement,
    size: (f64, f64),
    values: &[f64],
    wins: Option<usize>,
    dark: bool,
) -> Option<()> {
    let plot = Plot::on(canvas, size, dark)?;
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let room = ((high - low) * 0.06).max(1e-6);
    let (low, high) = (low - room, high + room);
    let last = values.len().saturating_sub(1) as f64;
    let axes = Axes { margins: (10.0, 12.0), labels: (30.0, 48.0), counts: (values.len().min(10), 5) };
    let mut chart = plot.chart(&axes, (-0.4, last + 0.4), (low, high))?;
    if let Some(wins) = wins {
        let at = wins as f64;
        chart.draw_series(LineSeries::new([(at, low), (at, high)], plot.line(plot.ink.muted, 1.0))).ok()?;
    }
    let points = || values.iter().enumerate().map(|(at, &value)| (at as f64, value));
    chart.draw_series(LineSeries::new(points(), plot.line(plot.ink.accent, 2.0))).ok()?;
    let accent = colour(plot.ink.accent);
    chart.draw_series(points().map(|point| Circle::new(point, plot.size(2.6), accent.filled()))).ok()?;
    plot.present()
}
