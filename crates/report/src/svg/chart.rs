//! Numbers along a line: curves before a band, a target after each layer, heads by layer.

use std::fmt::Write;

use super::measure::width;
use super::{Caption, MARGIN, Svg, hex, short};
use crate::plot::{Frame, Mark, Plot, marks};

const WIDE: f64 = 520.0;
const HIGH: f64 = 230.0;

/// A chart.
#[derive(Clone, Debug, Default)]
pub struct Chart<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// What is along the bottom, and what is upwards.
    pub axes: (&'a str, &'a str),
    /// What is between the lines of its band.
    pub band: &'a str,
    /// The numbers.
    pub plot: Plot<'a>,
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (x, y) in points {
        // Writing to a string cannot fail.
        let _ = write!(path, "{}{} {}", if path.is_empty() { "M" } else { "L" }, short(*x), short(*y));
    }
    path
}

/// Draws the chart with its axes and what its lines are called.
#[must_use]
pub fn chart(drawn: &Chart<'_>, dark: bool) -> String {
    let Chart { caption, axes, band, plot } = drawn;
    let mut svg = Svg::new(WIDE + 62.0, *caption, dark);
    let (left, top) = (MARGIN + 56.0, svg.y + 14.0);
    let (text, muted, accent) = (svg.ink.text, svg.ink.muted, svg.ink.accent);
    svg.words(MARGIN, top - 6.0, axes.1, muted, "font-size=\"11\"");
    svg.words(left + WIDE / 2.0, top + HIGH + 34.0, axes.0, muted, "font-size=\"11\" text-anchor=\"middle\"");
    let frame = Frame { edges: [left, top, left + WIDE, top + HIGH], counts: (10.0, 5.0) };
    for mark in marks(plot, frame, &svg.ink) {
        match mark {
            Mark::Line(points, colour, wide, (0.0, _)) => svg.stroke(&path(&points), colour, wide, ""),
            Mark::Line(points, colour, wide, (dash, gap)) => {
                svg.stroke(&path(&points), colour, wide, &format!(" stroke-dasharray=\"{dash} {gap}\""));
            }
            Mark::Area(points, colour, opacity) => {
                let path = path(&points);
                svg.raw(&format!("<path d=\"{path}z\" fill=\"{}\" fill-opacity=\"{opacity}\"/>", hex(colour)));
            }
            Mark::Dot((x, y), radius, colour, opacity) => svg.raw(&format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{}\" fill-opacity=\"{opacity}\"/>",
                short(x),
                short(y),
                hex(colour)
            )),
            // What is open on the page is no matter of a file.
            Mark::Ring(..) => {}
            Mark::Number((x, y), number, true) => {
                svg.words(x, y, &number, muted, "font-size=\"11\" text-anchor=\"end\" dominant-baseline=\"central\"");
            }
            Mark::Number((x, y), number, false) => {
                svg.words(x, y + 10.0, &number, muted, "font-size=\"11\" text-anchor=\"middle\"");
            }
        }
    }
    svg.y = top + HIGH + 54.0;
    let named = plot.series.iter().filter(|one| !one.name.is_empty());
    let names = named.map(|one| (one.name, Some(one.dashed))).chain(plot.band.map(|_| (*band, None)));
    let mut at = MARGIN;
    for (name, is_dashed) in names {
        match is_dashed {
            None => svg.rect([at, svg.y - 8.0, 20.0, 8.0], muted, " fill-opacity=\"0.25\""),
            Some(dashed) => {
                let (colour, dashes) = if dashed { (muted, " stroke-dasharray=\"5 4\"") } else { (accent, "") };
                svg.stroke(&path(&[(at, svg.y - 4.0), (at + 20.0, svg.y - 4.0)]), colour, 2.0, dashes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Series;
    use crate::svg::tests::texts;

    #[test]
    fn lines_and_their_band_are_named() {
        let band: (&[f64], &[f64]) = (&[0.1, 0.2], &[0.9, f64::NAN]);
        let series = vec![
            Series { name: "Deletion", values: &[0.9, 0.2], dashed: false },
            Series { name: "their mean", values: &[0.5, 0.5], dashed: true },
        ];
        let caption = Caption { title: "LIME", description: "d", note: "" };
        let plot = Plot { series, band: Some(band), ..Plot::default() };
        let drawn = Chart { caption, axes: ("tokens left out", "probability"), band: "20 random orders", plot };
        let all = texts(&chart(&drawn, false));
        for text in ["Deletion", "their mean", "20 random orders", "tokens left out", "probability", "0.2"] {
            assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
        }
        let plot = Plot { dots: vec![(0.0, 1.0), (1.0, f64::NAN)], mark: Some(1.0), ..Plot::default() };
        texts(&chart(&Chart { plot, ..Chart::default() }, true));
    }
}
