//! Attention as lines from the tokens that look to those that are looked at, after BertViz's head view (Vig 2019).

use crate::colour::{Rgb, colours};

/// How many lines are drawn at most: more are one grey surface.
pub const MOST: usize = 20_000;
/// The height of a token's line, in CSS pixels.
pub const LINE: f64 = 17.0;
/// How strong a line is, in steps: lines of one step are drawn together.
pub const STEPS: usize = 8;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The token that looks.
    pub row: usize,
    /// The token that is looked at.
    pub column: usize,
    /// Which of the heads.
    pub head: usize,
    /// How much.
    pub weight: f32,
}

impl Line {
    /// Row, column, head and weight, with blanks between.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{} {} {} {}", self.row, self.column, self.head, self.weight)
    }
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Filter {
    /// No weaker ones.
    pub threshold: f32,
    /// From this token alone.
    pub row: Option<usize>,
    /// To this token alone.
    pub column: Option<usize>,
}

/// The lines of some heads, each with its number and its map (row-major, of `columns` columns), weakest first; and how many
/// more there would be.
#[must_use]
pub fn lines(maps: &[(usize, Vec<f32>)], columns: usize, filter: Filter) -> (Vec<Line>, usize) {
    let mut found = Vec::new();
    for (head, map) in maps {
        for (row, weights) in map.chunks_exact(columns.max(1)).enumerate() {
            if filter.row.is_some_and(|wanted| wanted != row) {
                continue;
            }
            let kept = weights.iter().enumerate().filter(|(column, weight)| {
                **weight > 0.0 && **weight >= filter.threshold && filter.column.is_none_or(|wanted| wanted == *column)
            });
            found.extend(kept.map(|(column, &weight)| Line { row, column, head: *head, weight }));
        }
    }
    found.sort_by(|a, b| a.weight.total_cmp(&b.weight));
    let more = found.len().saturating_sub(MOST);
    found.drain(..more);
    (found, more)
}

/// How strongly a line is drawn, from 0 to [`STEPS`] − 1: by the square root of its weight, as maps are coloured.
#[must_use]
pub fn step(weight: f32) -> usize {
    ((weight.clamp(0.0, 1.0).sqrt() * STEPS as f32) as usize).min(STEPS - 1)
}

/// The colour of a head among its layer's: after Okabe and Ito's colours, which colour-blind readers can tell apart, with two in
/// the place of yellows that do not show on a light ground. Further heads have them again; their names tell them apart.
#[must_use]
pub fn colour(head: usize, dark: bool) -> Rgb {
    const LIGHT: [Rgb; 7] = colours([0x0072b2, 0xd55e00, 0x009e73, 0xb85c92, 0x6b5b00, 0x2f97cf, 0x5a3fa8]);
    const DARK: [Rgb; 7] = colours([0x56b4e9, 0xf28c3a, 0x2fc79b, 0xe096c0, 0xe69f00, 0x8da9f5, 0xf0e442]);
    let all = if dark { &DARK } else { &LIGHT };
    all[head % all.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_token_and_strong_enough() {
        let maps = [(0, vec![1.0, 0.0, 0.25, 0.75]), (3, vec![0.5, 0.5, 0.0, 1.0])];
        let of = |filter: Filter| lines(&maps, 2, filter).0;
        assert_eq!(of(Filter::default()).len(), 6, "none of weight nought");
        let strong = of(Filter { threshold: 0.6, ..Filter::default() });
        assert_eq!(strong[0], Line { row: 1, column: 1, head: 0, weight: 0.75 });
        assert_eq!(strong.len(), 3);
        let row = of(Filter { row: Some(1), ..Filter::default() });
        assert!(row.len() == 3 && row.iter().all(|line| line.row == 1));
        let cell = of(Filter { row: Some(1), column: Some(0), ..Filter::default() });
        assert_eq!(cell, [Line { row: 1, column: 0, head: 0, weight: 0.25 }]);
        assert_eq!(of(Filter { column: Some(9), ..Filter::default() }), []);
    }

    #[test]
    fn of_too_many_lines_the_strongest_are_drawn() {
        let mut map = vec![0.001; 200 * 200];
        map[7] = 0.9;
        let (found, more) = lines(&[(0, map)], 200, Filter::default());
        assert_eq!((found.len(), more), (MOST, 20_000));
        assert_eq!(found.last().map(|line| line.column), Some(7));
    }

    #[test]
    fn strength_grows_with_the_weight() {
        assert_eq!([0.0, 0.01, 0.25, 1.0, 7.0].map(step), [0, 0, 4, 7, 7]);
        assert_ne!(colour(0, false), colour(1, false));
        assert_eq!(colour(1, true), colour(8, true));
    }
}
