//! Candidates as bars.

use super::measure::width;
use super::{Caption, MARGIN, Svg};
use crate::pieces::visible;

const LINE: f64 = 26.0;
const TRACK: f64 = 320.0;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// Its length, from 0 to 1; of a signed number its size.
    pub share: f64,
    /// Its number.
    pub figure: String,
    /// Whether it is the one that is explained.
    pub chosen: bool,
}

/// Draws bars of numbers from 0 to 1, or of whatever the note says.
#[must_use]
pub fn bars(caption: Caption<'_>, bars: &[Bar], dark: bool) -> String {
    let widest = |all: &mut dyn Iterator<Item = &str>| all.map(|text| width(text, 13.0)).fold(40.0, f64::max);
    let names: Vec<String> = bars.iter().map(|bar| visible(&bar.label)).collect();
    let name = widest(&mut names.iter().map(|name| &**name)).min(300.0);
    let figure = widest(&mut bars.iter().map(|bar| &*bar.figure));
    let left = MARGIN + name + 10.0;
    let mut svg = Svg::new(name + TRACK + figure + 22.0, caption, dark);
    let (text, muted, line, accent) = (svg.ink.text, svg.ink.muted, svg.ink.line, svg.ink.accent);
    for (bar, name_text) in bars.iter().zip(&names) {
        let (y, base) = (svg.y, svg.y + 17.0);
        let weight = if bar.chosen { " font-weight=\"600\"" } else { "" };
        let room = if width(name_text, 13.0) > name {
            format!(" textLength=\"{name:.0}\" lengthAdjust=\"spacingAndGlyphs\"")
        } else {
            String::new()
        };
        svg.words(left - 10.0, base, name_text, text, &format!("font-size=\"13\" text-anchor=\"end\"{weight}{room}"));
        svg.rect([left, y + 6.0, TRACK, 14.0], line, " rx=\"3\" opacity=\"0.5\"");
        let share = if bar.share.is_finite() { bar.share.clamp(0.0, 1.0) } else { 0.0 };
        svg.rect([left, y + 6.0, (TRACK * share).max(0.5), 14.0], accent, " rx=\"3\"");
        svg.words(left + TRACK + 10.0, base, &bar.figure, muted, &format!("font-size=\"13\"{weight}"));
        svg.y += LINE;
    }
    svg.note(caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn every_bar_has_its_name_and_number() {
        let one = |label: &str, share: f64, figure: &str| Bar {
            label: label.into(),
            share,
            figure: figure.into(),
            chosen: share > 0.5,
        };
        let caption = Caption { title: "Next", description: "", note: "Bars run from 0 to 100 %." };
        let svg = bars(caption, &[one(" Paris", 0.77, "77.3 %"), one("<b>", f64::NAN, "–")], true);
        assert_eq!(texts(&svg), ["Next", "·Paris", "77.3 %", "<b>", "–", "Bars run from 0 to 100 %."]);
        assert!(svg.contains("width=\"246.4\""), "{svg}");
    }
}
