//! Attention as lines between two columns of tokens.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::measure::width;
use super::{Caption, MARGIN, Svg, short};
use crate::lines::{LINE, Line, STEPS, colour, step};
use crate::pieces::label;

/// The longest label, in characters.
const MOST: usize = 28;
/// How far the two columns are apart.
const APART: f64 = 300.0;

/// Lines between tokens.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// The tokens that look.
    pub rows: &'a [String],
    /// The tokens that are looked at.
    pub columns: &'a [String],
    /// The lines, weakest first.
    pub lines: &'a [Line],
    /// What a head is called, for the legend.
    pub head: &'a str,
}

/// Draws the lines, a colour a head, the stronger the wider.
#[must_use]
pub fn links(drawn: &Links<'_>, dark: bool) -> String {
    let Links { caption, rows, columns, lines, head: head_name } = *drawn;
    let longest =
        |names: &[String]| names.iter().map(|name| width(&label(name, MOST), 12.0)).fold(30.0, f64::max) + 8.0;
    let (left, right) = (longest(rows), longest(columns));
    let mut svg = Svg::new(left + APART + right, caption, dark);
    let (from, to) = (MARGIN + left, MARGIN + left + APART);
    let top = svg.y;
    let middle = |at: usize| top + (at as f64 + 0.5) * LINE;
    let mut groups: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for line in lines {
        let path = groups.entry((step(line.weight), line.head)).or_default();
        // Writing to a string cannot fail.
        let _ =
            write!(path, "M{} {}L{} {}", short(from), short(middle(line.row)), short(to), short(middle(line.column)));
    }
    for ((step, head), path) in &groups {
        let share = (step + 1) as f64 / STEPS as f64;
        let opacity = format!(" stroke-opacity=\"{}\"", short(0.06 + 0.94 * share * share));
        svg.stroke(path, colour(*head, dark), 0.6 + 1.8 * share, &opacity);
    }
    let text = svg.ink.text;
    for (names, x, anchor) in [(rows, from - 5.0, "end"), (columns, to + 5.0, "start")] {
        let attributes = format!("dominant-baseline=\"central\" text-anchor=\"{anchor}\"");
        for (at, name) in names.iter().enumerate() {
            svg.words(x, middle(at), &label(name, MOST), text, &attributes);
        }
    }
    svg.y = top + rows.len().max(columns.len()) as f64 * LINE + 14.0;
    let mut x = MARGIN;
    let mut heads: Vec<usize> = groups.keys().map(|(_, head)| *head).collect();
    heads.sort_unstable();
    heads.dedup();
    let muted = svg.ink.muted;
    for head in heads {
        let name = format!("{head_name} {head}");
        let wide = 24.0 + width(&name, 11.0) + 12.0;
        if x + wide > svg.width - MARGIN {
            x = MARGIN;
            svg.y += 16.0;
        }
        svg.rect([x, svg.y - 7.0, 18.0, 4.0], colour(head, dark), "");
        svg.words(x + 23.0, svg.y, &name, muted, "font-size=\"11\"");
        x += wide;
    }
    svg.note(caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn tokens_stand_on_both_sides_and_heads_in_the_legend() {
        let names: Vec<String> = [" Mary", "<s>"].map(String::from).to_vec();
        let line = |row, column, head, weight| Line { row, column, head, weight };
        let lines = [line(1, 0, 3, 0.1), line(1, 1, 0, 0.9)];
        let caption =
            Caption { title: "Layer 2", description: "d", note: "A wider line is more attention, from 0.10 to 1." };
        let svg = links(&Links { caption, rows: &names, columns: &names, lines: &lines, head: "head" }, false);
        let all = texts(&svg);
        for (text, count) in [("·Mary", 2), ("<s>", 2), ("head 0", 1), ("head 3", 1)] {
            assert_eq!(all.iter().filter(|one| *one == text).count(), count, "{text}: {all:?}");
        }
        assert_eq!(svg.matches("stroke-opacity").count(), 2);
    }
}
