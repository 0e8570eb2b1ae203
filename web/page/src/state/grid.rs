//! Where things lie on the two attention canvases: the grid of all heads and the map of one. In CSS pixels.

/// The grid of thumbnails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// Whether layers run from left to right (a wide screen) instead of downwards.
    pub across: bool,
    /// From one thumbnail's edge to the next one's.
    pub pitch: f64,
    /// A thumbnail's side.
    pub side: f64,
    /// Left edge of the first thumbnail, right of the labels.
    pub left: f64,
    /// Top edge of the first thumbnail, below the labels.
    pub top: f64,
}

/// Which way an arrow key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
}

impl Way {
    /// The way of a key, by the name that keyboard events use.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowLeft" => Self::Left,
            "ArrowRight" => Self::Right,
            "ArrowUp" => Self::Up,
            "ArrowDown" => Self::Down,
            _ => return None,
        })
    }

    /// Moves within `rows` × `columns`, stopping at the edges.
    #[must_use]
    pub fn go(self, (row, column): (usize, usize), rows: usize, columns: usize) -> (usize, usize) {
        match self {
            Self::Left => (row, column.saturating_sub(1)),
            Self::Right => (row, (column + 1).min(columns.saturating_sub(1))),
            Self::Up => (row.saturating_sub(1), column),
            Self::Down => ((row + 1).min(rows.saturating_sub(1)), column),
        }
    }
}

const LABELS: f64 = 30.0;
const LARGEST: f64 = 96.0;

impl Grid {
    /// The grid that fills `width`: layers across where they are the longer side and thumbnails stay legible that way,
    /// else downwards.
    #[must_use]
    pub fn fit(width: f64, layers: usize, heads: usize) -> Self {
        let room = (width - LABELS).max(1.0);
        let pitch_across = room / layers.max(1) as f64;
        let pitch_down = room / heads.max(1) as f64;
        let across = layers >= heads && pitch_across >= 24.0;
        let pitch = if across { pitch_across } else { pitch_down }.min(LARGEST);
        let gap = if pitch > 30.0 { 4.0 } else { 2.0 };
        Self { layers, heads, across, pitch, side: (pitch - gap).max(1.0), left: LABELS, top: 20.0 }
    }

    /// The whole width.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.left + self.pitch * if self.across { self.layers } else { self.heads } as f64
    }

    /// The whole height.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.top + self.pitch * if self.across { self.heads } else { self.layers } as f64
    }

    /// Top left corner of a head's thumbnail.
    #[must_use]
    pub fn corner(&self, layer: usize, head: usize) -> (f64, f64) {
        let (column, row) = if self.across { (layer, head) } else { (head, layer) };
        (self.left + column as f64 * self.pitch, self.top + row as f64 * self.pitch)
    }

    /// The head under a point.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        if x < self.left || y < self.top || self.pitch <= 0.0 {
            return None;
        }
        let column = ((x - self.left) / self.pitch) as usize;
        let row = ((y - self.top) / self.pitch) as usize;
        let (layer, head) = if self.across { (column, row) } else { (row, column) };
        (layer < self.layers && head < self.heads).then_some((layer, head))
    }

    /// The head that an arrow key goes to.
    #[must_use]
    pub fn go(&self, (layer, head): (usize, usize), way: Way) -> (usize, usize) {
        if self.across {
            let (head, layer) = way.go((head, layer), self.heads, self.layers);
            (layer, head)
        } else {
            way.go((layer, head), self.layers, self.heads)
        }
    }
}

/// One head's map with token labels on both axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Map {
    /// How many queries.
    pub rows: usize,
    /// How many keys.
    pub columns: usize,
    /// A cell's side.
    pub cell: f64,
    /// Left edge of the cells, right of the labels.
    pub left: f64,
    /// Top edge of the cells, below the labels.
    pub top: f64,
}

impl Map {
    /// The map that fits a square of `width`, with `label` pixels for labels on the left and on top.
    #[must_use]
    pub fn fit(width: f64, rows: usize, columns: usize, label: f64) -> Self {
        let room = (width - label - 1.0).max(1.0);
        let cell = (room / columns.max(rows).max(1) as f64).min(72.0);
        Self { rows, columns, cell, left: label, top: label }
    }

    /// The whole width.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.left + self.cell * self.columns as f64 + 1.0
    }

    /// The whole height.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.top + self.cell * self.rows as f64 + 1.0
    }

    /// The row and column under a point.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        if x < self.left || y < self.top || self.cell <= 0.0 {
            return None;
        }
        let (row, column) = (((y - self.top) / self.cell) as usize, ((x - self.left) / self.cell) as usize);
        (row < self.rows && column < self.columns).then_some((row, column))
    }

    /// Every how many tokens a label fits, at `line` pixels a label.
    #[must_use]
    pub fn label_step(&self, line: f64) -> usize {
        if self.cell <= 0.0 { usize::MAX } else { (line / self.cell).ceil().max(1.0) as usize }
    }
}

/// Shrinks or grows one axis of a map to so many pixels. Where several weights fall on one pixel the largest is shown, so that a
/// thin line stays visible; a pixel of an enlarged map belongs to one weight only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// How many weights there are.
    pub count: usize,
    /// How many pixels.
    pub side: usize,
}

impl Reduction {
    /// The weights that fall on a pixel, from the first to behind the last.
    #[must_use]
    pub fn span(&self, pixel: usize) -> (usize, usize) {
        let Self { count, side } = *self;
        let from = pixel * count / side.max(1);
        let to = if count <= side { from + 1 } else { ((pixel + 1) * count).div_ceil(side.max(1)).max(from + 1) };
        (from.min(count), to.min(count))
    }

    /// The largest weight of each column over the rows of a span, of a map that has as many columns as this has weights.
    pub fn strip(&self, map: &[f32], (from, to): (usize, usize), strip: &mut [f32]) {
        strip.fill(0.0);
        for row in map.get(from * self.count..to * self.count).unwrap_or_default().chunks_exact(self.count.max(1)) {
            for (most, &weight) in strip.iter_mut().zip(row) {
                if weight > *most {
                    *most = weight;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_screen_has_layers_across_and_a_phone_downwards() {
        let wide = Grid::fit(1200.0, 30, 9);
        assert!(wide.across && wide.width() <= 1200.0);
        let phone = Grid::fit(328.0, 30, 9);
        assert!(!phone.across && phone.width() <= 328.0);
        assert!(phone.side >= 28.0);
        // Few layers of many heads lie flat the other way round.
        let flat = Grid::fit(1200.0, 6, 12);
        assert!(!flat.across && flat.height() < flat.width());
    }

    #[test]
    fn a_point_in_a_thumbnail_finds_its_head() {
        for grid in [Grid::fit(1200.0, 30, 9), Grid::fit(328.0, 30, 9), Grid::fit(640.0, 6, 12)] {
            for layer in 0..grid.layers {
                for head in 0..grid.heads {
                    let (x, y) = grid.corner(layer, head);
                    assert_eq!(grid.at(x + grid.side / 2.0, y + grid.side / 2.0), Some((layer, head)));
                }
            }
            assert_eq!(grid.at(0.0, 0.0), None);
            assert_eq!(grid.at(grid.width() + 5.0, grid.height() + 5.0), None);
        }
    }

    #[test]
    fn arrows_move_where_they_point_and_stop_at_the_edge() {
        let wide = Grid::fit(1200.0, 30, 9);
        assert_eq!(wide.go((0, 0), Way::Right), (1, 0));
        assert_eq!(wide.go((0, 0), Way::Down), (0, 1));
        assert_eq!(wide.go((29, 8), Way::Right), (29, 8));
        let phone = Grid::fit(328.0, 30, 9);
        assert_eq!(phone.go((0, 0), Way::Right), (0, 1));
        assert_eq!(phone.go((0, 0), Way::Up), (0, 0));
        assert_eq!(Way::of("Enter"), None);
    }

    #[test]
    fn labels_are_thinned_when_tokens_are_many() {
        assert_eq!(Map::fit(500.0, 5, 5, 80.0).label_step(13.0), 1);
        let long = Map::fit(500.0, 200, 200, 80.0);
        assert_eq!(long.label_step(13.0), 7);
        assert!(long.width() <= 501.0);
        assert_eq!(long.at(long.left + long.cell * 199.5, long.top + long.cell * 3.5), Some((3, 199)));
    }

    #[test]
    fn shrinking_keeps_the_largest_weight_and_growing_repeats() {
        let small = Reduction { count: 100, side: 10 };
        let mut map = vec![0.0; 100 * 100];
        map[57 * 100 + 31] = 0.9;
        let mut strip = vec![1.0; 100];
        small.strip(&map, small.span(5), &mut strip);
        assert_eq!((strip[31], strip.iter().sum::<f32>()), (0.9, 0.9));
        assert_eq!([0, 3, 9].map(|pixel| small.span(pixel)), [(0, 10), (30, 40), (90, 100)]);
        // Seven weights on three pixels: neighbours share one, and none is left out.
        let uneven = Reduction { count: 7, side: 3 };
        assert_eq!([0, 1, 2].map(|pixel| uneven.span(pixel)), [(0, 3), (2, 5), (4, 7)]);
        let large = Reduction { count: 2, side: 4 };
        assert_eq!([0, 1, 2, 3].map(|pixel| large.span(pixel)), [(0, 1), (0, 1), (1, 2), (1, 2)]);
        assert_eq!(Reduction { count: 0, side: 4 }.span(2), (0, 0));
        small.strip(&[], (0, 3), &mut strip);
        assert_eq!(strip[31], 0.0);
    }
}
