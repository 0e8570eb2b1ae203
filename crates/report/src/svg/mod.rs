//! Drawings as SVG: complete files with their title, a description and a legend that says its range. Labels are text.
//!
//! What a drawing shows is given to it as plain data, so that the page draws what is on its screen and the report what is in
//! the document.

mod bars;
mod cells;
mod chart;
mod grid;
mod links;
mod map;
mod measure;
mod neurons;
mod shelf;
mod tokens;
mod tree;

pub use bars::{Bar, bars};
pub use cells::Cells;
pub use chart::{Chart, chart};
pub use grid::{Grid, grid};
pub use links::{Links, links};
pub use map::{Map, map};
pub use neurons::{Key, Neurons, neurons};
pub use shelf::{Shelved, shelf};
pub use tokens::{Row, Tokens, rows, tokens};
pub use tree::{Branch, tree};

use std::fmt::Write;

use crate::colour::{Palette, Rgb, Scale, attention_step};
use crate::escape;
use crate::format::{number, signed};
use crate::ink::Ink;

/// The typeface of labels, the page's own.
const SANS: &str = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif";
/// What is left free around a drawing.
pub(crate) const MARGIN: f64 = 14.0;
/// What a title takes above a drawing.
const TITLE: f64 = 26.0;

/// What a drawing says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caption<'a> {
    /// Its title, which stands above it.
    pub title: &'a str,
    /// What it shows, for who cannot see it.
    pub description: &'a str,
    /// What its colours mean, beside their scale.
    pub note: &'a str,
}

/// How numbers become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colours {
    /// Behind text, which stays pleasant to read.
    Text(Scale),
    /// In a map of signed numbers.
    Map(Scale),
    /// Attention weights, by their square root.
    Weights,
}

impl Colours {
    /// The colour of a number.
    #[must_use]
    pub fn of(self, value: f64, palette: &Palette) -> Rgb {
        match self {
            Self::Text(scale) => scale.colour(value, palette),
            Self::Map(scale) => palette.signed(scale.share(value)),
            Self::Weights => palette.amount(attention_step(value as f32) as f64 / 255.0),
        }
    }

    /// The number at a place of its scale, from 0 to 1.
    fn at(self, place: f64) -> f64 {
        match self {
            Self::Text(Scale { signed: false, limit }) => limit * place,
            Self::Text(scale) | Self::Map(scale) => scale.limit * (2.0 * place - 1.0),
            Self::Weights => place * place,
        }
    }

    fn said(self, place: f64) -> String {
        if self == Self::Weights {
            return ["0", "0.25", "1"][(place * 2.0) as usize % 3].to_owned();
        }
        let value = self.at(place);
        if matches!(self, Self::Text(Scale { signed: true, .. }) | Self::Map(_)) {
            signed(value)
        } else {
            number(value)
        }
    }
}

/// A drawing in the making. Lengths are CSS pixels.
pub(crate) struct Svg {
    body: String,
    pub ink: Ink,
    pub palette: &'static Palette,
    pub width: f64,
    /// Where the next thing goes.
    pub y: f64,
}

impl Svg {
    /// A drawing so wide, its title written.
    pub fn new(width: f64, caption: Caption<'_>, dark: bool) -> Self {
        let mut svg = Self {
            body: String::new(),
            ink: Ink::of(dark),
            palette: Palette::of(dark),
            width: width + 2.0 * MARGIN,
            y: MARGIN,
        };
        if !caption.title.is_empty() {
            let ink = svg.ink.text;
            let most = ((width / 6.4) as usize).max(12);
            svg.words(
                MARGIN,
                svg.y + 12.0,
                &crate::pieces::label(caption.title, most),
                ink,
                "font-size=\"13\" font-weight=\"600\"",
            );
            svg.y += TITLE;
        }
        svg
    }

    /// Adds markup, which has to be escaped.
    pub fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    /// A rectangle.
    pub fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: Rgb, attributes: &str) {
        // Writing to a string cannot fail.
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{attributes}/>",
            short(x),
            short(y),
            short(width),
            short(height),
            hex(fill)
        );
    }

    /// A line of text from its baseline's beginning, or as `attributes` say.
    pub fn words(&mut self, x: f64, y: f64, text: &str, fill: Rgb, attributes: &str) {
        let text = escape(text);
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" fill=\"{}\" {attributes}>{text}</text>",
            short(x),
            short(y),
            hex(fill)
        );
    }

    /// A path without a filling.
    pub fn stroke(&mut self, path: &str, colour: Rgb, width: f64, attributes: &str) {
        let _ = write!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{attributes}/>",
            hex(colour),
            short(width)
        );
    }

    /// The scale of the colours with its ends, and what they mean.
    pub fn legend(&mut self, colours: Colours, note: &str) {
        const WIDE: f64 = 160.0;
        const STEPS: usize = 32;
        self.y += 10.0;
        let y = self.y;
        for step in 0..STEPS {
            let value = colours.at((step as f64 + 0.5) / STEPS as f64);
            let colour = colours.of(value, self.palette);
            let cell = WIDE / STEPS as f64;
            self.rect([MARGIN + step as f64 * cell, y, cell, 10.0], colour, " shape-rendering=\"crispEdges\"");
        }
        let line = self.ink.line;
        self.stroke(&format!("M{MARGIN} {y}h{WIDE}v10h-{WIDE}z", y = short(y)), line, 1.0, "");
        let muted = self.ink.muted;
        for (place, anchor) in [(0.0, "start"), (0.5, "middle"), (1.0, "end")] {
            let attributes = format!("font-size=\"11\" text-anchor=\"{anchor}\"");
            self.words(MARGIN + WIDE * place, y + 22.0, &colours.said(place), muted, &attributes);
        }
        // What it means stands beside it where there is room, else below.
        let is_beside = MARGIN + WIDE + 16.0 + measure::width(note, 11.0) < self.width;
        let (x, below) = if is_beside { (MARGIN + WIDE + 16.0, 9.0) } else { (MARGIN, 40.0) };
        if !note.is_empty() {
            for (at, line) in measure::wrapped(note, 11.0, self.width - x - MARGIN).iter().enumerate() {
                self.words(x, y + below + at as f64 * 15.0, line, muted, "font-size=\"11\"");
                self.y = y + below + at as f64 * 15.0;
            }
        }
        self.y = self.y.max(y + 26.0);
    }

    /// Notes without a scale.
    pub fn note(&mut self, note: &str) {
        let muted = self.ink.muted;
        for line in measure::wrapped(note, 11.0, self.width - 2.0 * MARGIN) {
            self.y += 16.0;
            self.words(MARGIN, self.y, &line, muted, "font-size=\"11\"");
        }
    }

    /// The file.
    pub fn finish(self, caption: Caption<'_>) -> String {
        let (title, description) = (escape(caption.title), escape(caption.description));
        let (width, height) = (short(self.width.ceil()), short((self.y + MARGIN).ceil()));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{title}\" font-family=\"{SANS}\" font-size=\"12\" xml:space=\"preserve\">\
             <title>{title}</title><desc>{description}</desc>\
             {}{}</svg>",
            ground(self.ink),
            self.body
        )
    }
}

/// What all of a drawing lies on.
fn ground(ink: Ink) -> String {
    format!("<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>", hex(ink.surface))
}

/// A drawing of this theme without what it lies on, so that what is behind it shows.
#[must_use]
pub fn without_ground(svg: &str, dark: bool) -> String {
    svg.replacen(&ground(Ink::of(dark)), "", 1)
}

/// A colour as every reader of SVG knows it.
pub(crate) fn hex(Rgb(r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A length with as many decimals as can be seen.
pub(crate) fn short(value: f64) -> String {
    let value = (value * 100.0).round() / 100.0;
    if value.is_finite() { value.to_string() } else { "0".to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn a_drawing_can_do_without_its_ground() {
        for dark in [false, true] {
            // A text that says the same is text.
            let said = "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
            let caption = Caption { title: said, description: said, note: said };
            let whole = bars(caption, &[], dark);
            let clear = without_ground(&whole, dark);
            let tag = ground(Ink::of(dark));
            assert_eq!((whole.matches(&tag).count(), clear.matches(&tag).count()), (1, 0));
            assert_eq!(clear.len() + tag.len(), whole.len());
            assert_eq!(texts(&clear), texts(&whole));
        }
    }

    /// Every text of a drawing, which has to be XML.
    pub fn texts(svg: &str) -> Vec<String> {
        let read = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let root = read.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        let number = |name: &str| root.attribute(name).unwrap().parse::<f64>().unwrap();
        assert!(number("width") > 0.0 && number("height") > 0.0);
        for name in ["title", "desc"] {
            assert!(root.children().any(|child| child.has_tag_name(("http://www.w3.org/2000/svg", name))), "{name}");
        }
        // Nothing is loaded from anywhere.
        assert!(!svg.replace("http://www.w3.org/2000/svg", "").contains("http"), "{svg}");
        let text = |node: roxmltree::Node<'_, '_>| {
            node.descendants().filter_map(|one| one.text().filter(|_| one.is_text())).collect::<String>()
        };
        read.descendants().filter(|node| node.tag_name().name() == "text").map(text).collect()
    }
}
