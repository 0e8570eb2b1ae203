//! A deletion or an insertion curve before the band of random orders. Drawn with plotters.

use plotters::prelude::*;
use web_sys::HtmlCanvasElement;

use super::plot::{self, Axes, colour};
use crate::state::curves::Plot;

/// Draws a curve over the number of tokens.
pub fn draw(canvas: &HtmlCanvasElement, size: (f64, f64), plot: &Plot<'_>, dark: bool) -> Option<()> {
    let on = plot::Plot::on(canvas, size, dark)?;
    let last = plot.values.len().saturating_sub(1).max(1) as f64;
    let (low, high) = plot.range;
    let room = (high - low) * 0.06;
    let axes = Axes { margins: (8.0, 10.0), labels: (24.0, 40.0), counts: (5, 4) };
    let mut chart = on.chart(&axes, (0.0, last), (low - room, high + room))?;
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(at, &value)| (at as f64, value)).collect()
    };
    let muted = colour(on.ink.muted);
    if let Some(band) = plot.band {
        let mut outline = points(&band.least);
        outline.extend(points(&band.greatest).into_iter().rev());
        chart.draw_series([Polygon::new(outline, muted.mix(0.25).filled())]).ok()?;
        let style = on.line(on.ink.muted, 1.5);
        // Dashes, one piece after the other: plotters' own need a feature that brings much else.
        let mean = points(&band.mean);
        let dashes = mean.windows(2).flat_map(|pair| dashes(pair[0], pair[1]));
        chart.draw_series(dashes.map(|dash| PathElement::new(dash, style))).ok()?;
    }
    chart.draw_series(LineSeries::new(points(plot.values), on.line(on.ink.accent, 2.2))).ok()?;
    on.present()
}

/// Two dashes between two points.
fn dashes(from: (f64, f64), to: (f64, f64)) -> [Vec<(f64, f64)>; 2] {
    let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    [vec![at(0.0), at(0.3)], vec![at(0.5), at(0.8)]]
}
