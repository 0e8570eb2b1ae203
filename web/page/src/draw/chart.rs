//! One figure of every head by layer: a dot a head, a line through the layers' means. Drawn with plotters.

use plotters::prelude::*;
use web_sys::HtmlCanvasElement;

use super::plot::{Axes, Plot, colour};

/// Draws `values`, flat as `[layers, heads]`, and `means`, one a layer. `open` is the head to mark.
pub fn draw(
    canvas: &HtmlCanvasElement,
    size: (f64, f64),
    heads: usize,
    values: &[f64],
    means: &[f64],
    open: Option<(usize, usize)>,
    dark: bool,
) -> Option<()> {
    let plot = Plot::on(canvas, size, dark)?;
    let top = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let layers = means.len();
    let axes = Axes { margins: (10.0, 12.0), labels: (30.0, 42.0), counts: (layers.min(10), 5) };
    let mut chart = plot.chart(&axes, (-0.6, layers as f64 - 0.4), (0.0, top))?;
    let accent = colour(plot.ink.accent);
    chart
        .draw_series(values.iter().enumerate().map(|(at, &value)| {
            let layer = at / heads.max(1);
            Circle::new((layer as f64, value), plot.size(2.2), accent.mix(0.32).filled())
        }))
        .ok()?;
    let line = plot.line(plot.ink.accent, 2.0);
    chart.draw_series(LineSeries::new(means.iter().enumerate().map(|(x, &y)| (x as f64, y)), line)).ok()?;
    if let Some((layer, head)) = open
        && let Some(&value) = values.get(layer * heads + head)
    {
        let ring = plot.line(plot.ink.text, 2.0);
        chart.draw_series([Circle::new((layer as f64, value), plot.size(5.0), ring)]).ok()?;
    }
    plot.present()
}
