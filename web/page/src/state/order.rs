//! Heads in the order of a figure, and where their maps lie side by side.

use super::heads::{Column, Table};

/// How many maps are shown at most: what is in the middle of an order says little.
const MOST: usize = 60;
/// On how many lines at most.
const LINES: usize = 5;
/// A map's side, in CSS pixels.
const SIDE: f64 = 56.0;
/// Between maps.
const GAP: f64 = 8.0;
/// Room for a head's name below its map.
const NAME: f64 = 16.0;

/// The first heads by a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// Each head's layer and number, and its figure.
    pub heads: Vec<((usize, usize), f64)>,
}

impl Order {
    /// The heads of a table that have a figure in `column`, the greatest first or last.
    #[must_use]
    pub fn of(table: &Table, column: Column, is_greatest_first: bool) -> Self {
        let Some(place) = table.columns.iter().position(|one| *one == column) else { return Self::default() };
        let rows = table.sorted(Some((column, is_greatest_first))).into_iter().filter_map(|at| table.rows.get(at));
        let heads = rows.filter_map(|row| Some((row.head, row.figures.get(place).copied().flatten()?)));
        Self { heads: heads.take(MOST).collect() }
    }
}

/// Maps side by side, line by line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shelf {
    /// How many maps.
    pub count: usize,
    /// How many on a line.
    pub columns: usize,
    /// From one map's edge to the next one's.
    pub pitch: f64,
    /// A map's side.
    pub side: f64,
}

impl Shelf {
    /// As many on a line as there is room for, and as many lines as can be looked over.
    #[must_use]
    pub fn fit(width: f64, count: usize) -> Self {
        let pitch = SIDE + GAP;
        let columns = (((width + GAP) / pitch) as usize).clamp(1, count.max(1));
        Self { count: count.min(columns * LINES), columns, pitch, side: SIDE }
    }

    /// The whole width.
    #[must_use]
    pub fn width(&self) -> f64 {
        (self.columns as f64).mul_add(self.pitch, -GAP).max(1.0)
    }

    /// The whole height.
    #[must_use]
    pub fn height(&self) -> f64 {
        (self.count.div_ceil(self.columns.max(1)) as f64 * (self.pitch + NAME)).max(1.0)
    }

    /// The top left corner of a map.
    #[must_use]
    pub fn corner(&self, at: usize) -> (f64, f64) {
        let columns = self.columns.max(1);
        ((at % columns) as f64 * self.pitch, (at / columns) as f64 * (self.pitch + NAME))
    }

    /// The map at a point.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<usize> {
        if x < 0.0 || y < 0.0 || self.pitch <= 0.0 {
            return None;
        }
        let (column, row) = ((x / self.pitch) as usize, (y / (self.pitch + NAME)) as usize);
        let at = row * self.columns + column;
        (column < self.columns && at < self.count).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::heads::Row;
    use super::*;

    #[test]
    fn heads_without_the_figure_are_left_out() {
        let row = |head: usize, figure: Option<f64>| Row { head: (0, head), figures: vec![figure], labels: Vec::new() };
        let rows = vec![row(0, Some(0.5)), row(1, None), row(2, Some(0.75))];
        let table = Table { columns: vec![Column::Previous], rows, heads: 3 };
        let heads = |order: Order| order.heads.into_iter().map(|((_, head), _)| head).collect::<Vec<_>>();
        assert_eq!(heads(Order::of(&table, Column::Previous, true)), [2, 0]);
        assert_eq!(heads(Order::of(&table, Column::Previous, false)), [0, 2]);
        assert_eq!(Order::of(&table, Column::Direct, true), Order::default());
    }

    #[test]
    fn maps_lie_where_they_are_found() {
        let shelf = Shelf::fit(200.0, 5);
        assert_eq!(shelf.columns, 3);
        for at in 0..5 {
            let (x, y) = shelf.corner(at);
            assert_eq!(shelf.at(x + 1.0, y + 1.0), Some(at));
        }
        assert_eq!(shelf.at(150.0, 90.0), None, "the sixth of five");
        assert_eq!(Shelf::fit(200.0, 60).count, 15);
        assert_eq!(Shelf::fit(0.0, 0).at(1.0, 1.0), None);
    }
}
