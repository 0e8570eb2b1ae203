//! Where one stands before the grid of heads: how near, and before which part.

use super::grid::Grid;

/// A weight is never larger than this, in CSS pixels.
const LARGEST_WEIGHT: f64 = 28.0;
/// How much nearer one step of a button or a key brings.
pub const STEP: f64 = 1.5;

/// A view of the grid. Lengths are CSS pixels; the grid's labels stay where they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// How much larger than whole everything is: 1 shows all.
    pub scale: f64,
    /// What lies left of the view, at this scale.
    pub x: f64,
    /// What lies above it.
    pub y: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { scale: 1.0, x: 0.0, y: 0.0 }
    }
}

/// What lies under a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// The row of its map.
    pub row: usize,
    /// The column.
    pub column: usize,
}

impl Camera {
    /// How near one may come: until a weight is [`LARGEST_WEIGHT`] wide, or a head fills the view.
    #[must_use]
    pub fn nearest(grid: &Grid, tokens: usize) -> f64 {
        let view = view(grid);
        let head = (tokens as f64 * LARGEST_WEIGHT).max(view.0.min(view.1));
        ((head + gap(grid)) / grid.pitch.max(1.0)).max(1.0)
    }

    /// As near as is allowed, with the view filled.
    #[must_use]
    pub fn clamped(self, grid: &Grid, tokens: usize) -> Self {
        let scale = if self.scale.is_finite() { self.scale.clamp(1.0, Self::nearest(grid, tokens)) } else { 1.0 };
        let (width, height) = view(grid);
        let within = |at: f64, size: f64| if at.is_finite() { at.clamp(0.0, size * (scale - 1.0)) } else { 0.0 };
        Self { scale, x: within(self.x, width), y: within(self.y, height) }
    }

    /// Nearer or farther, with what lies under a point of the canvas staying there.
    #[must_use]
    pub fn zoomed(self, grid: &Grid, tokens: usize, (x, y): (f64, f64), factor: f64) -> Self {
        let scale = (self.scale * factor).clamp(1.0, Self::nearest(grid, tokens));
        let grows = scale / self.scale;
        let (x, y) = ((x - grid.left).max(0.0), (y - grid.top).max(0.0));
        Self { scale, x: (self.x + x) * grows - x, y: (self.y + y) * grows - y }.clamped(grid, tokens)
    }

    /// Moved by so much on the screen.
    #[must_use]
    pub fn moved(self, grid: &Grid, tokens: usize, (x, y): (f64, f64)) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }.clamped(grid, tokens)
    }

    /// One head, as large as the view.
    #[must_use]
    pub fn before(grid: &Grid, tokens: usize, (layer, head): (usize, usize)) -> Self {
        let (width, height) = view(grid);
        let scale = (width.min(height) / grid.pitch.max(1.0)).max(1.0);
        let (x, y) = grid.corner(layer, head);
        let middle = |at: f64, view: f64| (at + grid.side / 2.0) * scale - view / 2.0;
        Self { scale, x: middle(x - grid.left, width), y: middle(y - grid.top, height) }.clamped(grid, tokens)
    }

    /// The least move that brings a head into view.
    #[must_use]
    pub fn showing(self, grid: &Grid, tokens: usize, (layer, head): (usize, usize)) -> Self {
        let (x, y, side) = self.place(grid, layer, head);
        let (width, height) = view(grid);
        let by = |at: f64, edge: f64, view: f64| {
            let at = at - edge;
            if at < 0.0 || side > view { at } else { (at + side - view).max(0.0) }
        };
        self.moved(grid, tokens, (by(x, grid.left, width), by(y, grid.top, height)))
    }

    /// Where a head's picture lies on the canvas: its corner and its side.
    #[must_use]
    pub fn place(&self, grid: &Grid, layer: usize, head: usize) -> (f64, f64, f64) {
        let (x, y) = grid.corner(layer, head);
        let at = |at: f64, edge: f64, before: f64| edge + (at - edge) * self.scale - before;
        // The gap between two heads stays as wide as it is.
        let side = (grid.pitch * self.scale - gap(grid)).max(1.0);
        (at(x, grid.left, self.x), at(y, grid.top, self.y), side)
    }

    /// What lies under a point of the canvas, of maps of `rows` × `columns`.
    #[must_use]
    pub fn at(&self, grid: &Grid, (x, y): (f64, f64), rows: usize, columns: usize) -> Option<Hit> {
        if x < grid.left || y < grid.top {
            return None;
        }
        let whole = |at: f64, edge: f64, before: f64| edge + (at - edge + before) / self.scale;
        let (layer, head) = grid.at(whole(x, grid.left, self.x), whole(y, grid.top, self.y))?;
        let (left, top, side) = self.place(grid, layer, head);
        let within = |at: f64, count: usize| {
            let at = (at / side * count as f64) as usize;
            at.min(count.saturating_sub(1))
        };
        Some(Hit { layer, head, row: within(y - top, rows), column: within(x - left, columns) })
    }

    /// The heads in view, layer by layer.
    #[must_use]
    pub fn visible(&self, grid: &Grid) -> Vec<(usize, usize)> {
        let (width, height) = view(grid);
        let all = (0..grid.layers).flat_map(|layer| (0..grid.heads).map(move |head| (layer, head)));
        all.filter(|&(layer, head)| {
            let (x, y, side) = self.place(grid, layer, head);
            let (x, y) = (x - grid.left, y - grid.top);
            x < width && y < height && x + side > 0.0 && y + side > 0.0
        })
        .collect()
    }
}

fn gap(grid: &Grid) -> f64 {
    grid.pitch - grid.side
}

/// The part of the canvas that shows heads.
#[must_use]
pub fn view(grid: &Grid) -> (f64, f64) {
    (grid.width() - grid.left, grid.height() - grid.top)
}

/// How many rows and columns a picture of so many pixels needs at most: in steps, so that a little nearer needs nothing new.
#[must_use]
pub fn detail(pixels: f64) -> usize {
    (pixels.clamp(1.0, 1024.0).ceil() as usize).next_power_of_two().clamp(64, 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: usize = 512;

    fn grid() -> Grid {
        Grid::fit(1200.0, 30, 9)
    }

    #[test]
    fn what_lies_under_the_pointer_stays_there() {
        let grid = grid();
        let point = (700.0, 200.0);
        let hit = Camera::default().at(&grid, point, TOKENS, TOKENS).unwrap();
        let mut camera = Camera::default();
        for _ in 0..8 {
            camera = camera.zoomed(&grid, TOKENS, point, STEP);
            let now = camera.at(&grid, point, TOKENS, TOKENS).unwrap();
            assert_eq!((now.layer, now.head), (hit.layer, hit.head));
        }
        assert!(camera.scale > 20.0 && camera.visible(&grid).len() <= 2);
        for _ in 0..8 {
            camera = camera.zoomed(&grid, TOKENS, point, 1.0 / STEP);
        }
        assert!((camera.scale - 1.0).abs() < 1e-9 && camera.x.abs() < 1e-6 && camera.y.abs() < 1e-6, "{camera:?}");
    }

    #[test]
    fn nobody_leaves_the_grid_or_comes_too_near() {
        let grid = grid();
        let far = Camera { scale: f64::NAN, x: 1e300, y: f64::INFINITY }.clamped(&grid, TOKENS);
        assert_eq!(far, Camera::default());
        let near = Camera { scale: 1e9, x: 1e300, y: -5.0 }.clamped(&grid, TOKENS);
        let (_, _, side) = near.place(&grid, 0, 0);
        assert!((side - 28.0 * 512.0).abs() < 1.0 && near.y == 0.0);
        let (width, _) = view(&grid);
        assert!((near.x - width * (near.scale - 1.0)).abs() < 1e-6);
        // Two tokens: a head fills the view, its weights however large.
        assert!(Camera::nearest(&grid, 2) > 2.0);
    }

    #[test]
    fn a_head_can_be_brought_into_view() {
        let grid = grid();
        let camera = Camera::before(&grid, TOKENS, (29, 8));
        assert!(camera.visible(&grid).contains(&(29, 8)) && camera.visible(&grid).len() < 12);
        let moved = camera.showing(&grid, TOKENS, (0, 0));
        assert!(moved.visible(&grid).contains(&(0, 0)));
        let (x, y, _) = moved.place(&grid, 0, 0);
        assert!((x - grid.left).abs() < 1e-6 && (y - grid.top).abs() < 1e-6);
        assert_eq!(moved.showing(&grid, TOKENS, (0, 0)), moved);
        assert_eq!(Camera::default().visible(&grid).len(), 270);
    }

    #[test]
    fn points_find_weights() {
        let grid = grid();
        let camera = Camera::before(&grid, 4, (3, 2));
        let (x, y, side) = camera.place(&grid, 3, 2);
        let hit = camera.at(&grid, (x + side * 0.9, y + side * 0.3), 4, 4);
        assert_eq!(hit, Some(Hit { layer: 3, head: 2, row: 1, column: 3 }));
        assert_eq!(camera.at(&grid, (0.0, 0.0), 4, 4), None);
    }

    #[test]
    fn detail_grows_in_steps() {
        assert_eq!([3.0, 64.0, 65.0, 500.0, 9e9].map(detail), [64, 64, 128, 512, 1024]);
    }
}
