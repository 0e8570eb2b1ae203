//! What all charts share: a canvas for plotters, its sizes and styles, and axes.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

use super::canvas::{self, Ink};
use crate::state::colour::Rgb;

/// A chart with its axes drawn.
pub type Chart<'a> = ChartContext<'a, CanvasBackend, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A canvas to plot on. The backend draws in device pixels, so every size is scaled here.
pub struct Plot {
    /// The colours of what is no data.
    pub ink: Ink,
    ratio: f64,
    area: DrawingArea<CanvasBackend, Shift>,
}

/// What lies around a chart, in CSS pixels, and how many numbers its axes have.
pub struct Axes {
    /// Above and to the right.
    pub margins: (f64, f64),
    /// Below and to the left, for numbers.
    pub labels: (f64, f64),
    /// How many numbers below and to the left.
    pub counts: (usize, usize),
}

impl Plot {
    /// Prepares a canvas of that size in CSS pixels.
    pub fn on(canvas: &HtmlCanvasElement, (width, height): (f64, f64), dark: bool) -> Option<Self> {
        let ink = Ink::of(dark);
        let ratio = canvas::size(canvas, width, height)?;
        let area = CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area();
        area.fill(&colour(ink.surface)).ok()?;
        Some(Self { ink, ratio, area })
    }

    /// Draws the axes of what runs from `x.0` to `x.1` and from `y.0` to `y.1`.
    pub fn chart(&self, axes: &Axes, x: (f64, f64), y: (f64, f64)) -> Option<Chart<'_>> {
        let mut chart = ChartBuilder::on(&self.area)
            .margin_top(self.size(axes.margins.0))
            .margin_right(self.size(axes.margins.1))
            .x_label_area_size(self.size(axes.labels.0))
            .y_label_area_size(self.size(axes.labels.1))
            .build_cartesian_2d(x.0..x.1, y.0..y.1)
            .ok()?;
        let line = self.line(self.ink.line, 1.0);
        // One more digit where one would say the same of every line.
        let is_narrow = y.1 - y.0 < 1.0;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(line)
            .axis_style(line)
            .x_labels(axes.counts.0)
            .y_labels(axes.counts.1)
            .x_label_formatter(&|at| format!("{at:.0}"))
            .y_label_formatter(&|value| if is_narrow { format!("{value:.2}") } else { format!("{value:.1}") })
            .label_style(("sans-serif", self.size(11.0)).into_font().color(&colour(self.ink.muted)))
            .set_all_tick_mark_size(self.size(3.0))
            .draw()
            .ok()?;
        Some(chart)
    }

    /// A length in device pixels.
    pub fn size(&self, pixels: f64) -> u32 {
        (pixels * self.ratio).round() as u32
    }

    /// A line of that width in CSS pixels.
    pub fn line(&self, ink: Rgb, width: f64) -> ShapeStyle {
        ShapeStyle::from(&colour(ink)).stroke_width(self.size(width))
    }

    /// Shows what was drawn.
    pub fn present(&self) -> Option<()> {
        self.area.present().ok()
    }
}

/// A colour as plotters has it.
pub fn colour(Rgb(r, g, b): Rgb) -> RGBColor {
    RGBColor(r, g, b)
}
