//! Numbers along a line: curves before a band, a target after each layer, heads by layer.

use std::fmt::Write;

use super::measure::width;
use super::{Caption, MARGIN, Svg, hex, short};
use crate::format::number;

const WIDE: f64 = 520.0;
const HIGH: f64 = 230.0;

/// Numbers that belong together.
#[derive(Clone, Debug, Default)]
pub struct Series<'a> {
    /// What they are called in the legend.
    pub name: &'a str,
    /// One at each place, from 0.
    pub values: &'a [f64],
    /// Whether the line is dashed, and grey.
    pub dashed: bool,
}

/// A chart.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// What is along the bottom, and what is upwards.
    pub axes: (&'a str, &'a str),
    /// Lines.
    pub series: Vec<Series<'a>>,
    /// What lies between two lines, and what that is called.
    pub band: Option<(&'a str, &'a [f64], &'a [f64])>,
    /// Points: where along the bottom, and how high.
    pub dots: Vec<(f64, f64)>,
    /// A place along the bottom that is marked.
    pub mark: Option<f64>,
    /// Least and greatest upwards; as the numbers are where there is none, and nought with them.
    pub range: Option<(f64, f64)>,
}

/// Steps of 1, 2 or 5 times a power of ten, about `count` of them between two numbers.
fn ticks(low: f64, high: f64, count: f64) -> Vec<f64> {
    let raw = (high - low) / count;
    if raw <= 0.0 || !raw.is_finite() {
        return vec![low];
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| *step >= raw).unwrap_or(raw);
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

/// Draws the chart with its axes and what its lines are called.
#[must_use]
pub fn chart(drawn: &Chart<'_>, dark: bool) -> String {
    let Chart { caption, axes, series, band, dots, mark, range } = drawn;
    let places = series.iter().map(|one| one.values.len()).max().unwrap_or(0).saturating_sub(1) as f64;
    let last = dots.iter().map(|dot| dot.0).fold(places, f64::max).max(1.0);
    let banded = band.iter().flat_map(|(_, least, greatest)| least.iter().chain(*greatest));
    let all = series.iter().flat_map(|one| one.values).chain(banded).copied().chain(dots.iter().map(|dot| dot.1));
    let found = all
        .filter(|value| value.is_finite())
        .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = range.unwrap_or(found);
    let room = ((high - low) * 0.05).max(1e-9);
    let (low, high) = (if low < 0.0 { low - room } else { low }, high + room);
    let mut svg = Svg::new(WIDE + 62.0, *caption, dark);
    let (left, top) = (MARGIN + 56.0, svg.y + 14.0);
    let x = |at: f64| left + at / last * WIDE;
    let y = |value: f64| top + (high - value) / (high - low) * HIGH;
    let (text, muted, line, accent) = (svg.ink.text, svg.ink.muted, svg.ink.line, svg.ink.accent);
    svg.words(MARGIN, top - 6.0, axes.1, muted, "font-size=\"11\"");
    for tick in ticks(low, high, 5.0) {
        svg.stroke(&format!("M{} {}h{WIDE}", short(left), short(y(tick))), line, 1.0, "");
        svg.words(
            left - 6.0,
            y(tick),
            &said(tick),
            muted,
            "font-size=\"11\" text-anchor=\"end\" dominant-baseline=\"central\"",
        );
    }
    for tick in ticks(0.0, last, 10.0).into_iter().filter(|tick| tick.fract() == 0.0) {
        svg.words(x(tick), top + HIGH + 16.0, &said(tick), muted, "font-size=\"11\" text-anchor=\"middle\"");
    }
    svg.words(left + WIDE / 2.0, top + HIGH + 34.0, axes.0, muted, "font-size=\"11\" text-anchor=\"middle\"");
    // Writing to a string cannot fail, here and below.
    let path = |points: &mut dyn Iterator<Item = (f64, f64)>| {
        let mut path = String::new();
        for (at, value) in points.filter(|(_, value)| value.is_finite()) {
            let _ = write!(path, "{}{} {}", if path.is_empty() { "M" } else { "L" }, short(x(at)), short(y(value)));
        }
        path
    };
    if let Some((_, least, greatest)) = band {
        let there = least.iter().enumerate().map(|(at, value)| (at as f64, *value));
        let back = greatest.iter().enumerate().rev().map(|(at, value)| (at as f64, *value));
        let outline = path(&mut there.chain(back));
        svg.raw(&format!("<path d=\"{outline}z\" fill=\"{}\" fill-opacity=\"0.25\"/>", hex(muted)));
    }
    if let Some(at) = mark {
        svg.stroke(&format!("M{} {}v{HIGH}", short(x(*at)), short(top)), muted, 1.0, " stroke-dasharray=\"2 3\"");
    }
    for (at, value) in dots.iter().filter(|(_, value)| value.is_finite()) {
        svg.raw(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"2.4\" fill=\"{}\" fill-opacity=\"0.4\"/>",
            short(x(*at)),
            short(y(*value)),
            hex(accent)
        ));
    }
    for one in series {
        let points = path(&mut one.values.iter().enumerate().map(|(at, value)| (at as f64, *value)));
        let (colour, wide, dashes) =
            if one.dashed { (muted, 1.5, " stroke-dasharray=\"5 4\"") } else { (accent, 2.2, "") };
        svg.stroke(&points, colour, wide, dashes);
    }
    svg.y = top + HIGH + 54.0;
    let named = series.iter().filter(|one| !one.name.is_empty());
    let names = named.map(|one| (one.name, Some(one.dashed))).chain(band.map(|(name, ..)| (name, None)));
    let mut at = MARGIN;
    for (name, is_dashed) in names {
        match is_dashed {
            None => svg.rect([at, svg.y - 8.0, 20.0, 8.0], muted, " fill-opacity=\"0.25\""),
            Some(dashed) => {
                let (colour, dashes) = if dashed { (muted, " stroke-dasharray=\"5 4\"") } else { (accent, "") };
                svg.stroke(&format!("M{} {}h20", short(at), short(svg.y - 4.0)), colour, 2.0, dashes);
            }
        }
        svg.words(at + 26.0, svg.y, name, text, "font-size=\"11\"");
        at += 26.0 + width(name, 11.0) + 16.0;
    }
    if at == MARGIN {
        svg.y -= 16.0;
    }
    svg.note(caption.note);
    svg.finish(*caption)
}

/// The ends of some numbers, as a drawing's description says them.
pub(crate) fn ends(values: &[f64]) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) => format!("{} at first, {} at last", number(*first), number(*last)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(0.0, 1.0, 5.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(0.0, 30.0, 10.0).len(), 7);
        assert_eq!(ticks(1.0, 1.0, 5.0), [1.0]);
        assert_eq!(ticks(f64::NAN, 1.0, 5.0).len(), 1);
        assert_eq!([0.6000000000000001, -0.5, 12.0, -0.0].map(said), ["0.6", "−0.5", "12", "0"]);
    }

    #[test]
    fn lines_and_their_band_are_named() {
        let band: (&str, &[f64], &[f64]) = ("20 random orders", &[0.1, 0.2], &[0.9, f64::NAN]);
        let series = vec![
            Series { name: "Deletion", values: &[0.9, 0.2], dashed: false },
            Series { name: "their mean", values: &[0.5, 0.5], dashed: true },
        ];
        let caption = Caption { title: "LIME", description: "d", note: "" };
        let drawn =
            Chart { caption, axes: ("tokens left out", "probability"), series, band: Some(band), ..Chart::default() };
        let svg = chart(&drawn, false);
        let all = texts(&svg);
        for text in ["Deletion", "their mean", "20 random orders", "tokens left out", "probability", "0.2"] {
            assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
        }
        texts(&chart(&Chart { dots: vec![(0.0, 1.0), (1.0, f64::NAN)], mark: Some(1.0), ..Chart::default() }, true));
    }
}
