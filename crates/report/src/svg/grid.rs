//! All heads at once.

use headlight_document::AttentionKind;

use super::{Caption, Cells, Colours, MARGIN, Svg};

/// Maps of all heads, of one size.
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    /// What it says of itself.
    pub caption: Caption<'a>,
    /// Which attention.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// Rows and columns of each map.
    pub size: (usize, usize),
    /// What layers and heads are called.
    pub axes: (&'a str, &'a str),
}

/// Draws the maps that `map` gives, layers across where they are the more. All maps are one picture with room between them:
/// some hundred heads are too many shapes for any program that opens them.
#[must_use]
pub fn grid(drawn: &Grid<'_>, map: &dyn Fn(usize, usize) -> Option<Vec<f32>>, dark: bool) -> String {
    let Grid { caption, kind, layers, heads, size: (rows, columns), axes } = *drawn;
    let is_across = layers >= heads;
    let (across, down) = if is_across { (layers, heads) } else { (heads, layers) };
    let gap = (rows.max(columns) / 12).max(1);
    let (step_across, step_down) = (columns + gap, rows + gap);
    let mut cells = Cells::new(across * step_across, down * step_down);
    for (layer, head) in (0..layers).flat_map(|layer| (0..heads).map(move |head| (layer, head))) {
        let (column, row) = if is_across { (layer, head) } else { (head, layer) };
        if let Some(values) = map(layer, head) {
            cells.put(column * step_across, row * step_down, columns, &values, kind);
        }
    }
    let pitch = (1080.0 / across.max(1) as f64).clamp(30.0, 96.0);
    let high = pitch * step_down as f64 / step_across.max(1) as f64;
    const LEFT: f64 = 44.0;
    const TOP: f64 = 36.0;
    let mut svg = Svg::new((LEFT + pitch * across as f64).max(300.0), caption, dark);
    let (left, top) = (MARGIN + LEFT, svg.y + TOP);
    let (line, muted) = (svg.ink.line, svg.ink.muted);
    let [map_wide, map_high] =
        [pitch * columns as f64 / step_across.max(1) as f64, high * rows as f64 / step_down.max(1) as f64];
    svg.cells([left, top, pitch * across as f64, high * down as f64], &cells);
    let names = if is_across { axes } else { (axes.1, axes.0) };
    for at in 0..across {
        let x = left + at as f64 * pitch;
        svg.words(x + map_wide / 2.0, top - 6.0, &at.to_string(), muted, "font-size=\"11\" text-anchor=\"middle\"");
        for row in 0..down {
            let y = top + row as f64 * high;
            svg.stroke(&format!("M{x:.1} {y:.1}h{map_wide:.1}v{map_high:.1}h-{map_wide:.1}z"), line, 0.5, "");
        }
    }
    for at in 0..down {
        let y = top + at as f64 * high + map_high / 2.0;
        svg.words(
            left - 7.0,
            y,
            &at.to_string(),
            muted,
            "font-size=\"11\" text-anchor=\"end\" dominant-baseline=\"central\"",
        );
    }
    svg.words(left, top - 22.0, names.0, muted, "font-size=\"11\"");
    let (x, y) = (MARGIN + 10.0, top);
    svg.words(
        x,
        y,
        names.1,
        muted,
        &format!("font-size=\"11\" text-anchor=\"end\" transform=\"rotate(-90 {x} {y:.1})\""),
    );
    svg.y = top + high * down as f64;
    svg.legend(Colours::Weights, caption.note);
    svg.finish(caption)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::tests::texts;

    #[test]
    fn all_heads_are_there_and_a_large_grid_stays_small() {
        let weights: Vec<f32> = (0..64 * 64).map(|at| (at % 97) as f32 / 970.0).collect();
        let caption = Caption { title: "All heads", description: "d", note: "n" };
        let of = |layers, heads, side| Grid {
            caption,
            kind: AttentionKind::Encoder,
            layers,
            heads,
            size: (side, side),
            axes: ("layer", "head"),
        };
        let svg = grid(&of(30, 9, 64), &|_, _| Some(weights.clone()), false);
        let all = texts(&svg);
        assert!(all.iter().any(|one| one == "29") && all.iter().any(|one| one == "layer"), "{all:?}");
        assert!(svg.contains("data:image/png") && svg.len() < 3_000_000, "{}", svg.len());
        let few = grid(&of(2, 4, 8), &|layer, _| (layer == 0).then(|| weights[..64].to_vec()), true);
        assert!(!few.contains("data:image"));
        texts(&few);
    }
}
