//! What a chart is made of, before anybody draws it: the page draws it on a canvas, and a file has it as SVG.

use crate::colour::Rgb;
use crate::ink::Ink;

/// Numbers that belong together.
#[derive(Clone, Debug, Default)]
pub struct Series<'a> {
    /// What they are called in a legend.
    pub name: &'a str,
    /// One at each place, from 0.
    pub values: &'a [f64],
    /// Whether the line is dashed, and grey.
    pub dashed: bool,
}

/// The numbers of a chart.
#[derive(Clone, Debug, Default)]
pub struct Plot<'a> {
    /// Lines.
    pub series: Vec<Series<'a>>,
    /// What lies between two lines.
    pub band: Option<(&'a [f64], &'a [f64])>,
    /// Points: where along the bottom, and how high.
    pub dots: Vec<(f64, f64)>,
    /// The point that is ringed.
    pub ring: Option<(f64, f64)>,
    /// A place along the bottom that is marked.
    pub mark: Option<f64>,
    /// Whether each place has a dot of its own on the line.
    pub dotted: bool,
    /// Least and greatest upwards; as the numbers are where there is none, and nought with them.
    pub range: Option<(f64, f64)>,
    /// What is left free left and right of the first and last place.
    pub sides: f64,
}

/// Where a chart lies.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Left, top, right and bottom edge of the plot itself.
    pub edges: [f64; 4],
    /// How many numbers along the bottom and upwards, about.
    pub counts: (f64, f64),
}

/// A thing to draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points: its colour, its width, and the lengths of dashes and gaps, both 0 for none.
    Line(Vec<(f64, f64)>, Rgb, f64, (f64, f64)),
    /// An area between points, with its opacity.
    Area(Vec<(f64, f64)>, Rgb, f64),
    /// A disc with its radius and opacity.
    Dot((f64, f64), f64, Rgb, f64),
    /// A circle with its radius.
    Ring((f64, f64), f64, Rgb),
    /// A number: where, and whether it is left of that rather than below.
    Number((f64, f64), String, bool),
}

/// Steps of 1, 2 or 5 times a power of ten, about `count` of them between two numbers.
fn ticks(low: f64, high: f64, count: f64) -> Vec<f64> {
    let raw = (high - low) / count;
    if raw <= 0.0 || !raw.is_finite() {
        return vec![low];
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| *step >= raw * 0.75).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 40)).map(|at| at as f64 * step).collect()
}

/// A tick's number without noughts at its end.
fn said(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// Lays a chart out.
#[must_use]
pub fn marks(plot: &Plot<'_>, frame: Frame, ink: &Ink) -> Vec<Mark> {
    let Frame { edges: [left, top, right, bottom], counts } = frame;
    let places = plot.series.iter().map(|one| one.values.len()).max().unwrap_or(0).saturating_sub(1) as f64;
    let last = plot.dots.iter().map(|dot| dot.0).fold(places, f64::max).max(if plot.sides > 0.0 { 0.0 } else { 1.0 });
    let banded = plot.band.iter().flat_map(|(least, greatest)| least.iter().chain(*greatest));
    let all = plot.series.iter().flat_map(|one| one.values).chain(banded).copied();
    let all = all.chain(plot.dots.iter().map(|dot| dot.1)).filter(|value| value.is_finite());
    let found = all.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = plot.range.unwrap_or(found);
    let room = ((high - low) * 0.06).max(1e-6);
    // Points are amounts, and stand on nought.
    let (low, high) = (if plot.dots.is_empty() { low - room } else { low }, high + room);
    let wide = (right - left) / (last + 2.0 * plot.sides).max(1e-9);
    let place = |(at, value): (f64, f64)| {
        (left + (at + plot.sides) * wide, top + (high - value) / (high - low) * (bottom - top))
    };
    let points = |values: &[f64]| -> Vec<(f64, f64)> {
        let all = values.iter().enumerate().map(|(at, value)| (at as f64, *value));
        all.filter(|(_, value)| value.is_finite()).map(place).collect()
    };
    let mut marks = Vec::new();
    let plain = (0.0, 0.0);
    for tick in ticks(low, high, counts.1) {
        let (_, y) = place((0.0, tick));
        marks.push(Mark::Line(vec![(left, y), (right, y)], ink.line, 1.0, plain));
        marks.push(Mark::Number((left - 6.0, y), said(tick), true));
    }
    marks.push(Mark::Line(vec![(left, top), (left, bottom), (right, bottom)], ink.line, 1.0, plain));
    for tick in ticks(0.0, last, counts.0).into_iter().filter(|tick| tick.fract() == 0.0) {
        marks.push(Mark::Number((place((tick, 0.0)).0, bottom + 6.0), said(tick), false));
    }
    if let Some((least, greatest)) = plot.band {
        let mut outline = points(least);
        outline.extend(points(greatest).into_iter().rev());
        marks.push(Mark::Area(outline, ink.muted, 0.25));
    }
    if let Some(at) = plot.mark {
        let x = place((at, 0.0)).0;
        marks.push(Mark::Line(vec![(x, top), (x, bottom)], ink.muted, 1.0, plain));
    }
    for dot in plot.dots.iter().filter(|(_, value)| value.is_finite()) {
        marks.push(Mark::Dot(place(*dot), 2.2, ink.accent, 0.32));
    }
    for one in &plot.series {
        let (colour, wide, dashes) = if one.dashed { (ink.muted, 1.5, (5.0, 4.0)) } else { (ink.accent, 2.2, plain) };
        let line = points(one.values);
        if plot.dotted {
            marks.extend(line.iter().map(|point| Mark::Dot(*point, 2.6, colour, 1.0)));
        }
        marks.push(Mark::Line(line, colour, wide, dashes));
    }
    if let Some(ring) = plot.ring {
        marks.push(Mark::Ring(place(ring), 5.0, ink.text));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(0.0, 1.0, 5.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(0.0, 30.0, 10.0).len(), 7);
        assert_eq!(ticks(1.0, 1.0, 5.0), [1.0]);
        assert_eq!(ticks(f64::NAN, 1.0, 5.0).len(), 1);
        assert_eq!([0.6000000000000001, -0.5, 12.0, -0.0].map(said), ["0.6", "−0.5", "12", "0"]);
    }

    #[test]
    fn everything_lies_in_its_frame() {
        let frame = Frame { edges: [40.0, 8.0, 300.0, 108.0], counts: (5.0, 4.0) };
        let series = vec![Series { name: "", values: &[1.0, f64::NAN, -0.5], dashed: false }];
        let plot = Plot { series, mark: Some(2.0), dotted: true, ..Plot::default() };
        let mut points = Vec::new();
        for mark in marks(&plot, frame, &Ink::of(false)) {
            match mark {
                Mark::Line(line, ..) | Mark::Area(line, ..) => points.extend(line),
                Mark::Dot(point, ..) | Mark::Ring(point, ..) => points.push(point),
                Mark::Number(..) => {}
            }
        }
        assert!(points.iter().all(|(x, y)| (40.0..=300.0).contains(x) && (8.0..=108.0).contains(y)), "{points:?}");
        // The first place is the left edge, the last the right one, and what is no number has no point.
        assert!(points.contains(&(300.0, 108.0 - 0.09 / 1.68 * 100.0)) || points.iter().any(|point| point.0 == 300.0));
        assert!(marks(&Plot::default(), frame, &Ink::of(true)).iter().all(|mark| !matches!(mark, Mark::Dot(..))));
    }
}
