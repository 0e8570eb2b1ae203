//! One map: a head's attention, or any numbers by row and column.

use super::measure::width;
use super::{Caption, Cells, Colours, MARGIN, Svg, short};
use crate::pieces::label;

/// The longest label, in characters.
const MOST: usize = 28;

/// A map with a label for each row and each column.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// The names of rows.
    pub rows: &'a [String],
    /// The names of columns.
    pub columns: &'a [String],
    /// What rows and columns are, where their names are numbers.
    pub axes: (&'a str, &'a str),
    /// The cells: as many as names, or fewer where the map is at hand made small.
    pub cells: &'a Cells,
    /// Their colours.
    pub colours: Colours,
}

/// A cell's side: so that labels fit while a drawing stays a page wide, and no smaller than needed beyond.
pub(super) fn side(count: usize) -> f64 {
    let count = count.max(1) as f64;
    if count <= 160.0 { (760.0 / count).clamp(11.0, 28.0) } else { (1760.0 / count).max(2.0) }
}

/// Draws the map with its labels and its colours' scale.
#[must_use]
pub fn map(drawn: &Map<'_>, dark: bool) -> String {
    let Map { caption, rows, columns, axes, cells, colours } = *drawn;
    let side = side(rows.len().max(columns.len()));
    let size = side.clamp(9.0, 12.0);
    let longest = |names: &[String]| names.iter().map(|name| width(&label(name, MOST), size)).fold(8.0, f64::max) + 8.0;
    let room = |name: &str| if name.is_empty() { 0.0 } else { 16.0 };
    let (left, top) = (longest(rows) + room(axes.0), longest(columns) + room(axes.1));
    let (wide, high) = (side * columns.len() as f64, side * rows.len() as f64);
    let mut svg = Svg::new((left + wide).max(300.0), caption, dark);
    let (left, top) = (MARGIN + left, svg.y + top);
    svg.cells([left, top, wide, high], cells);
    let (line, muted) = (svg.ink.line, svg.ink.muted);
    let outline = format!("M{} {}h{wide}v{}h-{wide}z", short(left), short(top), short(high), wide = short(wide));
    svg.stroke(&outline, line, 1.0, "");
    let step = (11.0 / side).ceil().max(1.0) as usize;
    let attributes = format!("font-size=\"{}\" dominant-baseline=\"central\"", short(size));
    for (at, name) in rows.iter().enumerate().step_by(step) {
        let y = top + (at as f64 + 0.5) * side;
        svg.words(left - 6.0, y, &label(name, MOST), muted, &format!("{attributes} text-anchor=\"end\""));
    }
    for (at, name) in columns.iter().enumerate().step_by(step) {
        let (x, y) = (left + (at as f64 + 0.5) * side, top - 6.0);
        let turned = format!("{attributes} transform=\"rotate(-90 {} {})\"", short(x), short(y));
        svg.words(x, y, &label(name, MOST), muted, &turned);
    }
    let (x, y) = (MARGIN + 8.0, top + high / 2.0);
    let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 {} {})\"", short(x), short(y));
    for (name, x, y, attributes) in
        [(axes.0, x, y, &*turned), (axes.1, left + wide / 2.0, svg.y + 10.0, "text-anchor=\"middle\"")]
    {
        if !name.is_empty() {
            svg.words(x, y, name, muted, attributes);
        }
    }
    svg.y = top + high + 4.0;
    svg.legend(colours, caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use headlight_document::AttentionKind;

    use super::*;
    use crate::colour::Scale;
    use crate::svg::tests::texts;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("t{at}")).collect()
    }

    fn draw(count: usize) -> String {
        let values = vec![0.5_f32; count * count];
        let cells = Cells::weights(count, count, &values, AttentionKind::SelfAttention);
        let caption = Caption { title: "Layer 0, head 1", description: "d", note: "n" };
        let names = names(count);
        let map_of =
            Map { caption, rows: &names, columns: &names, axes: ("", ""), cells: &cells, colours: Colours::Weights };
        map(&map_of, false)
    }

    #[test]
    fn both_axes_have_every_token_as_text() {
        for count in [1, 9, 64, 140] {
            let all = texts(&draw(count));
            for name in names(count) {
                assert_eq!(all.iter().filter(|one| **one == name).count(), 2, "{name} of {count}");
            }
            assert!(all.iter().any(|one| one == "0.25"), "the legend says its range: {all:?}");
        }
    }

    #[test]
    fn a_large_map_is_one_picture_and_stays_small() {
        let svg = draw(512);
        assert!(svg.contains("data:image/png;base64,") && svg.len() < 400_000, "{}", svg.len());
        let few = draw(64);
        assert!(!few.contains("data:image") && few.len() < 200_000, "{}", few.len());
        texts(&svg);
    }

    #[test]
    fn numbers_with_a_sign_have_a_scale_with_both_ends() {
        let cells = Cells::signed(2, 1, &[0.5, -1.5], Scale { signed: true, limit: 1.5 });
        let caption = Caption { title: "t", description: "d", note: "" };
        let map_of = Map {
            caption,
            rows: &names(1),
            columns: &names(2),
            axes: ("layer", "head"),
            cells: &cells,
            colours: Colours::Map(Scale { signed: true, limit: 1.5 }),
        };
        let all = texts(&map(&map_of, true));
        for text in ["−1.500", "0", "+1.500", "layer", "head"] {
            assert!(all.iter().any(|one| one == text), "{text}: {all:?}");
        }
    }
}
