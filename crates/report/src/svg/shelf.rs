//! Maps of some heads side by side, each with its name.

use headlight_document::AttentionKind;

use super::{Caption, Cells, Colours, MARGIN, Svg, short};

/// How many on a line.
const COLUMNS: usize = 10;
const SIDE: f64 = 64.0;
const GAP: f64 = 10.0;
/// Room for a name below its map.
const NAME: f64 = 18.0;

/// A head's map.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelved {
    /// What stands below it.
    pub name: String,
    /// How many columns it has.
    pub columns: usize,
    /// Its weights, row by row.
    pub values: Vec<f32>,
}

/// Draws the maps in lines.
#[must_use]
pub fn shelf(caption: Caption<'_>, kind: AttentionKind, maps: &[Shelved], dark: bool) -> String {
    let across = maps.len().clamp(5, COLUMNS);
    let mut svg = Svg::new(across as f64 * (SIDE + GAP) - GAP, caption, dark);
    let (line, muted) = (svg.ink.line, svg.ink.muted);
    for maps in maps.chunks(across) {
        for (at, map) in maps.iter().enumerate() {
            let (x, y) = (MARGIN + at as f64 * (SIDE + GAP), svg.y);
            let rows = map.values.len() / map.columns.max(1);
            let mut cells = Cells::new(map.columns, rows);
            cells.put(0, 0, map.columns, &map.values, kind);
            svg.cells([x, y, SIDE, SIDE], &cells);
            svg.stroke(&format!("M{} {}h{SIDE}v{SIDE}h-{SIDE}z", short(x), short(y)), line, 0.5, "");
            let middle = x + SIDE / 2.0;
            svg.words(middle, y + SIDE + 13.0, &map.name, muted, "font-size=\"11\" text-anchor=\"middle\"");
        }
        svg.y += SIDE + NAME + GAP;
    }
    svg.legend(Colours::Weights, caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn every_map_has_its_name() {
        let one = |at: usize| Shelved { name: format!("L{at}H0"), columns: 2, values: vec![1.0, 0.0, 0.5, 0.5] };
        let all: Vec<Shelved> = (0..12).map(one).collect();
        let caption = Caption { title: "Heads", description: "d", note: "attention" };
        let svg = shelf(caption, AttentionKind::SelfAttention, &all, false);
        let said = texts(&svg);
        for text in ["Heads", "L0H0", "L11H0", "attention"] {
            assert!(said.iter().any(|one| one == text), "{text}: {said:?}");
        }
        assert_eq!(svg.matches("h64v64h-64z").count(), 12);
        texts(&shelf(Caption::default(), AttentionKind::Cross, &[], true));
    }
}
