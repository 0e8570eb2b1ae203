//! Texts, coloured.

use std::fmt::Write;

use super::measure::{is_leftward, is_wide, width};
use super::{Caption, Colours, MARGIN, Svg, hex, short};
use crate::escape;
use crate::format::{number, signed};
use crate::pieces::{Piece, visible};

const SIZE: f64 = 17.0;
const LINE: f64 = 32.0;
/// What stands around a token's text, left and right.
const PAD: f64 = 2.0;

/// A coloured text.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// The pieces.
    pub pieces: &'a [Piece],
    /// One number a piece.
    pub values: &'a [f64],
    /// Their colours.
    pub colours: Colours,
    /// How wide a line may be.
    pub width: f64,
}

/// One of several coloured texts.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// The pieces.
    pub pieces: &'a [Piece],
    /// A number a piece; of one that has none no number, which is drawn as a frame.
    pub values: &'a [f64],
    /// Their colours.
    pub colours: Colours,
}

struct Placed {
    text: String,
    gap: f64,
    size: f64,
    wide: f64,
    breaks: bool,
    /// Whether a line ends before it whatever room there is, and after it.
    is_new: bool,
    ends: bool,
}

fn placed(piece: &Piece) -> Placed {
    let size = if piece.special { SIZE * 0.8 } else { SIZE };
    let text = visible(&piece.text);
    let (is_new, ends) = (piece.gap.contains('\n'), piece.text.contains('\n') && !piece.special);
    let is_square = |c: Option<char>| c.is_some_and(is_wide);
    let breaks = piece.special || piece.gap.chars().any(char::is_whitespace) || is_square(piece.text.chars().next());
    let gap = piece.gap.rsplit('\n').next().unwrap_or_default();
    Placed { gap: width(gap, SIZE), wide: width(&text, size) + 2.0 * PAD, text, size, breaks, is_new, ends }
}

/// Draws the text, its tokens in lines, with their colours' scale.
#[must_use]
pub fn tokens(drawn: &Tokens<'_>, dark: bool) -> String {
    let Tokens { caption, pieces, values, colours, width } = *drawn;
    rows(caption, &[Row { title: "", pieces, values, colours }], width, dark)
}

/// Draws texts one below the other, each with what it is called; the scale of colours stands below the last of those that share it.
#[must_use]
pub fn rows(caption: Caption<'_>, all: &[Row<'_>], width: f64, dark: bool) -> String {
    let mut svg = Svg::new(width, caption, dark);
    for (at, row) in all.iter().enumerate() {
        if !row.title.is_empty() {
            let muted = svg.ink.muted;
            svg.words(MARGIN, svg.y + 14.0, row.title, muted, "font-size=\"12\"");
            svg.y += 20.0;
        }
        flow(&mut svg, row, width);
        let next = all.get(at + 1);
        if next.is_none_or(|next| next.colours != row.colours) {
            svg.legend(row.colours, if next.is_none() { caption.note } else { "" });
        }
        svg.y += if next.is_some() { 10.0 } else { 0.0 };
    }
    svg.finish(caption)
}

fn flow(svg: &mut Svg, row: &Row<'_>, most: f64) {
    let Row { pieces, values, colours, .. } = *row;
    let all: Vec<Placed> = pieces.iter().map(placed).collect();
    let letters: String = pieces.iter().filter(|piece| !piece.special).map(|piece| &*piece.text).collect();
    let is_leftward = is_leftward(&letters);
    let (mut x, mut is_first) = (0.0, true);
    for (at, (one, piece)) in all.iter().zip(pieces).enumerate() {
        // A word stays in one line: from here to where the next line could begin.
        let rest =
            all.iter().skip(at + 1).take_while(|next| !next.breaks && !next.is_new).map(|next| next.gap + next.wide);
        let word = one.wide + rest.sum::<f64>();
        let need = if word <= most && one.breaks { word } else { one.wide };
        if one.is_new && at > 0 && !is_first || !is_first && x + one.gap + need > most {
            svg.y += LINE;
            (x, is_first) = (0.0, true);
        }
        if !is_first || one.is_new {
            x += one.gap;
        }
        // A gap can hold signs that no token stands for, such as an arrow.
        let told = piece.gap.rsplit('\n').next().unwrap_or_default();
        let left = |x: f64, wide: f64| if is_leftward { MARGIN + most - x - wide } else { MARGIN + x };
        let base = svg.y + LINE * 0.66;
        if !told.trim().is_empty() && !is_first | one.is_new {
            let muted = svg.ink.muted;
            let middle = left(x - one.gap, one.gap) + one.gap / 2.0;
            svg.words(middle, base, told.trim(), muted, &format!("font-size=\"{SIZE}\" text-anchor=\"middle\""));
        }
        let value = values.get(at).copied().unwrap_or(f64::NAN);
        let colour = colours.of(value, svg.palette);
        let (from, wide) = (left(x, one.wide), one.wide);
        let is_signed = matches!(colours, Colours::Text(scale) if scale.signed);
        let said = if is_signed { signed(value) } else { number(value) };
        svg.raw("<g>");
        let edges = [from, svg.y + 3.0, wide, LINE - 7.0];
        if value.is_finite() {
            svg.rect(edges, colour, " rx=\"3\"");
        } else {
            let frame = format!(" rx=\"3\" stroke=\"{}\" stroke-dasharray=\"3 2\"", hex(svg.ink.muted));
            svg.rect(edges, colour, &frame);
        }
        let mut markup = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            markup,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{}>{}</text>\
             <title>{}: {said}</title></g>",
            short(from + PAD),
            short(base),
            short(one.size),
            hex(colour.ink()),
            short(wide - 2.0 * PAD),
            if piece.aside { " opacity=\"0.6\"" } else { "" },
            escape(&one.text),
            escape(&one.text)
        );
        svg.raw(&markup);
        x += wide;
        is_first = false;
        if one.ends {
            svg.y += LINE;
            (x, is_first) = (0.0, true);
        }
    }
    if !is_first {
        svg.y += LINE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Scale;
    use crate::svg::tests::texts;

    fn piece(gap: &str, text: &str) -> Piece {
        Piece { gap: gap.into(), text: text.into(), special: false, aside: false }
    }

    fn draw(pieces: &[Piece], width: f64) -> String {
        let values: Vec<f64> = (0..pieces.len()).map(|at| at as f64 - 1.0).collect();
        let scale = Scale::of(values.iter().copied(), true);
        let caption = Caption { title: "T", description: "D", note: "blue for, orange against" };
        tokens(&Tokens { caption, pieces, values: &values, colours: Colours::Text(scale), width }, false)
    }

    fn lines(svg: &str) -> Vec<f64> {
        let read = roxmltree::Document::parse(svg).unwrap();
        let texts = read.descendants().filter(|node| node.attribute("textLength").is_some());
        let mut rows: Vec<f64> = texts.map(|node| node.attribute("y").unwrap().parse().unwrap()).collect();
        rows.dedup();
        rows
    }

    #[test]
    fn tokens_are_text_and_lines_end_between_words() {
        let pieces = [piece("", "The"), piece(" ", "capi"), piece("", "tal"), piece(" ", "of"), piece(" ", "France")];
        let svg = draw(&pieces, 600.0);
        let all = texts(&svg);
        for text in ["The", "capi", "tal", "of", "France", "−3.000", "0", "+3.000", "blue for, orange against"] {
            assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
        }
        assert_eq!(lines(&svg).len(), 1);
        // A word that is cut into tokens is not cut by a line.
        let narrow = draw(&pieces, 80.0);
        assert!(lines(&narrow).len() > 2);
        let read = roxmltree::Document::parse(&narrow).unwrap();
        let y = |text: &str| {
            let node =
                read.descendants().find(|node| node.attribute("textLength").is_some() && node.text() == Some(text));
            node.unwrap().attribute("y").unwrap().to_owned()
        };
        assert_eq!(y("capi"), y("tal"));
        assert_ne!(y("The"), y("France"));
    }

    #[test]
    fn texts_stand_below_each_other_and_what_has_no_number_is_a_frame() {
        let pieces = [piece("", "one"), piece(" ", "two")];
        let both = Colours::Text(Scale::of([2.0], true));
        let change = Colours::Text(Scale::of([0.5], true));
        let row = |title, values, colours| Row { title, pieces: &pieces, values, colours };
        let caption = Caption { title: "T", description: "D", note: "blue: more" };
        let all =
            [row("this", &[2.0, 1.0], both), row("that", &[1.0, 1.0], both), row("change", &[0.5, f64::NAN], change)];
        let svg = rows(caption, &all, 300.0, false);
        let said = texts(&svg);
        for title in ["this", "that", "change", "blue: more", "+2.000", "+0.500"] {
            assert_eq!(said.iter().filter(|one| *one == title).count(), 1, "{title}: {said:?}");
        }
        assert_eq!(said.iter().filter(|one| *one == "two").count(), 3);
        assert_eq!(svg.matches("stroke-dasharray").count(), 1);
        // Nothing stands on anything else.
        let read = roxmltree::Document::parse(&svg).unwrap();
        let y = |title: &str| {
            let node = read
                .descendants()
                .find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")) && node.text() == Some(title));
            node.unwrap().attribute("y").unwrap().parse::<f64>().unwrap()
        };
        assert!(
            y("this") < y("that") && y("that") < y("+2.000") && y("+2.000") < y("change") && y("change") < y("+0.500")
        );
    }

    #[test]
    fn hostile_text_stays_text() {
        let svg = draw(&[piece("", "</text><script>"), piece(" ", "\u{0}\u{202e}\"'&"), piece("\n", "x\n")], 300.0);
        let all = texts(&svg);
        assert!(all.iter().any(|one| one == "</text><script>"), "{all:?}");
        assert!(all.iter().any(|one| one == "⟨0⟩⟨202e⟩\"'&"), "{all:?}");
        assert!(!svg.contains("<script"));
        assert_eq!(lines(&svg).len(), 2);
    }

    #[test]
    fn a_text_that_runs_leftward_begins_on_the_right() {
        let svg = draw(&[piece("", "שלום"), piece(" ", "עולם")], 300.0);
        let read = roxmltree::Document::parse(&svg).unwrap();
        let at: Vec<f64> = read
            .descendants()
            .filter(|node| node.attribute("textLength").is_some())
            .map(|node| node.attribute("x").unwrap().parse().unwrap())
            .collect();
        assert!(at[0] > at[1], "{at:?}");
    }
}
