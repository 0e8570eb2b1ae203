//! Which attention maps are at hand, in what detail, and which of those that stayed in the engine are to be asked for.
//!
//! An answer about a long text comes with every map made small. What is looked at closer is asked for when it is on the screen,
//! as large as it is there.

use std::collections::BTreeMap;

use headlight_document::frozen::OpenMap;
use headlight_document::message::{Command, RequestId};
use headlight_document::{Attention, AttentionKind, Look, Overview, Seen, Tile, Whose};

use super::left_out::{LeftOut, renormalised};

use crate::locale::say;

/// The first number of a look, far from those of the page's other requests.
pub const FIRST: RequestId = 3 << 30;
/// How many numbers of looked-at maps are kept: 32 MiB.
const KEPT: usize = 8 << 20;
/// How many rows and columns of a map are brought over at most, where all of it is wanted: more than a screen has pixels for.
pub const WHOLE: usize = 2048;
/// Why there is nothing more to be had.
const GONE: &str = "attention.gone";

/// A map as it is at hand: perhaps smaller than it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture<'a> {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Row-major.
    pub values: &'a [f32],
}

/// A picture of at most so many rows and columns: of each square of weights the largest.
#[must_use]
pub fn smaller(picture: Picture<'_>, rows: usize, columns: usize) -> Vec<f32> {
    let mut small = vec![0.0_f32; rows * columns];
    for (at, &weight) in picture.values.iter().enumerate() {
        let (row, column) = (at / picture.columns.max(1), at % picture.columns.max(1));
        let place = row * rows / picture.rows.max(1) * columns + column * columns / picture.columns.max(1);
        if let Some(cell) = small.get_mut(place) {
            *cell = cell.max(weight);
        }
    }
    small
}

/// Who asks for maps: what each place on the page shows is kept as long as it shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Viewer {
    /// The grid of all heads.
    Grid,
    /// The open head, as whatever it is drawn.
    Head,
    /// The text.
    Text,
}

/// The maps of one attention of the answer on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// Which of the page's answers it is of.
    answer: u32,
    /// The request whose answer it is, as the engine knows it.
    of: Option<RequestId>,
    kind: Option<AttentionKind>,
    left_out: LeftOut,
    /// Whether all maps are here, so that only flow is to be asked for.
    is_whole: bool,
    /// Every weight, with the rest of each row scaled: where all are at hand and something is left out.
    own: Option<Vec<f32>>,
    tiles: BTreeMap<Whose, Seen>,
    wants: BTreeMap<Viewer, Vec<Tile>>,
    pending: BTreeMap<RequestId, Vec<Tile>>,
    /// What can't be had, and why.
    refused: BTreeMap<Whose, String>,
    /// How far the engine is with what takes long: done, and how much there is.
    progress: Option<(u64, u64)>,
    asked: RequestId,
    is_gone: bool,
    bytes: usize,
    /// How often what the grid is drawn from has changed.
    drawn: u32,
}

impl Sight {
    /// Begins anew, with what is at hand of `attention`, of the page's answer number `answer`, which the engine computed for the
    /// request `of`.
    #[must_use]
    pub fn begin(self, answer: u32, of: Option<RequestId>, attention: &Attention, left_out: LeftOut) -> Self {
        let values = attention.values.as_ref().or(attention.overview.as_ref().map(|overview| &overview.values));
        let whole = attention.values.as_deref().filter(|_| !left_out.is_empty());
        Self {
            answer,
            of,
            kind: Some(attention.kind),
            own: whole.map(|values| renormalised(values, attention.rows, attention.columns, &left_out)),
            left_out,
            is_whole: attention.values.is_some(),
            bytes: values.map_or(0, |values| values.len() * size_of::<f32>()),
            asked: self.asked,
            drawn: self.drawn + 1,
            ..Self::default()
        }
    }

    /// Takes one head's map, whole, where it is of this attention.
    pub fn give(&mut self, attention: &Attention, open: &OpenMap) {
        let Attention { kind, rows, columns, .. } = *attention;
        if open.kind != kind || open.values.len() != rows * columns {
            return;
        }
        let tile = Tile { whose: Whose::Head(open.layer, open.head), side: WHOLE };
        let values = renormalised(&open.values, rows, columns, &self.left_out);
        self.tiles.insert(tile.whose, Seen { tile, rows, columns, values });
        self.drawn += 1;
    }

    /// Changes whenever what the grid is drawn from does. None where that is another answer than the page's, for a moment.
    #[must_use]
    pub fn drawn(&self, answer: u32) -> Option<u32> {
        (self.answer == answer && self.kind.is_some()).then_some(self.drawn)
    }

    /// Which of the page's answers it is of.
    #[must_use]
    pub fn answer(&self) -> u32 {
        self.answer
    }

    /// How many bytes of maps came from the engine for what is shown.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether maps are missing that nobody can be asked for: the engine no longer has them.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone || (self.of.is_none() && !self.is_whole)
    }

    /// Why a map can't be had.
    #[must_use]
    pub fn refusal(&self, whose: Whose) -> Option<String> {
        let is_flow = matches!(whose, Whose::Flow(_));
        let gone = || (self.is_gone() || (is_flow && self.of.is_none())).then(|| say(GONE).to_owned());
        self.refused.get(&whose).cloned().or_else(gone)
    }

    /// How far the engine is with what takes long, from 0 to 1.
    #[must_use]
    pub fn progress(&self) -> Option<f64> {
        self.progress.map(|(done, total)| done as f64 / total.max(1) as f64)
    }

    /// How many maps are at hand beside those that came with the answer.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tiles.len()
    }

    /// The finest picture of a map that is at hand.
    #[must_use]
    pub fn picture<'a>(&'a self, attention: &'a Attention, whose: Whose) -> Option<Picture<'a>> {
        if Some(attention.kind) != self.kind {
            return None;
        }
        if let Some(Seen { rows, columns, values, .. }) = self.tiles.get(&whose) {
            return Some(Picture { rows: *rows, columns: *columns, values });
        }
        let Whose::Head(layer, head) = whose else { return None };
        if layer >= attention.layers || head >= attention.heads {
            return None;
        }
        let (rows, columns, values) = match (&self.own, &attention.values, &attention.overview) {
            (Some(own), _, _) => (attention.rows, attention.columns, own.as_slice()),
            (None, Some(values), _) => (attention.rows, attention.columns, values.as_slice()),
            (None, None, Some(Overview { rows, columns, values })) if self.left_out.is_empty() => {
                (*rows, *columns, values.as_slice())
            }
            _ => return None,
        };
        let size = rows.checked_mul(columns)?;
        let start = (layer * attention.heads + head).checked_mul(size)?;
        Some(Picture { rows, columns, values: values.get(start..start.checked_add(size)?)? })
    }

    /// Every weight of a map, row-major, where all are at hand.
    #[must_use]
    pub fn exact<'a>(&'a self, attention: &'a Attention, whose: Whose) -> Option<&'a [f32]> {
        let picture = self.picture(attention, whose)?;
        (picture.rows == attention.rows && picture.columns == attention.columns).then_some(picture.values)
    }

    /// What is to be told to the engine so that `wanted` is at hand for `viewer`, as large as it says. What can be worked out here
    /// is, and what nobody wants any more is given up where it takes long.
    #[must_use]
    pub fn wish(&mut self, attention: &Attention, viewer: Viewer, wanted: &[Tile]) -> Vec<Command> {
        if Some(attention.kind) != self.kind || self.is_gone() {
            return Vec::new();
        }
        self.wants.insert(viewer, wanted.to_vec());
        let mut commands = self.give_up();
        if self.is_whole {
            self.work_out(attention, wanted);
        }
        let Some(of) = self.of else { return commands };
        let mut room = Look::MOST;
        let missing: Vec<Tile> = wanted
            .iter()
            .filter(|tile| !self.is_fine(attention, tile))
            .take_while(|tile| {
                let size = tile.side.min(attention.rows) * tile.side.min(attention.columns);
                let fits = size <= room;
                room = room.saturating_sub(size);
                fits
            })
            .copied()
            .collect();
        if !missing.is_empty() {
            self.asked = self.asked.checked_add(1).filter(|id| *id > FIRST).unwrap_or(FIRST);
            self.pending.insert(self.asked, missing.clone());
            let LeftOut { rows, columns } = self.left_out.clone();
            let look = Look { kind: attention.kind, tiles: missing, rows_out: rows, columns_out: columns };
            commands.push(Command::Look { id: self.asked, of, look });
        }
        commands
    }

    /// Whether a map is at hand as large as it is wanted, on its way so, or can't be had.
    fn is_fine(&self, attention: &Attention, tile: &Tile) -> bool {
        let is_asked = |asked: &Tile| asked.whose == tile.whose && asked.side >= tile.side;
        if self.refused.contains_key(&tile.whose) || self.pending.values().flatten().any(is_asked) {
            return true;
        }
        let Whose::Flow(_) = tile.whose else {
            return self.picture(attention, tile.whose).is_some_and(|picture| {
                let is_at_least = |has: usize, of: usize| has >= of.div_ceil(of.div_ceil(tile.side.max(1)).max(1));
                is_at_least(picture.rows, attention.rows) && is_at_least(picture.columns, attention.columns)
            });
        };
        self.tiles.contains_key(&tile.whose)
    }

    /// Flow that nobody wants any more: it takes seconds, where all else is there at once.
    fn give_up(&mut self) -> Vec<Command> {
        let wants = &self.wants;
        let is_unwanted = |tile: &Tile| {
            matches!(tile.whose, Whose::Flow(_)) && !wants.values().flatten().any(|wanted| wanted.whose == tile.whose)
        };
        let given_up: Vec<RequestId> =
            self.pending.iter().filter(|(_, tiles)| tiles.iter().all(is_unwanted)).map(|(id, _)| *id).collect();
        self.pending.retain(|id, _| !given_up.contains(id));
        if !given_up.is_empty() {
            self.progress = None;
        }
        given_up.into_iter().map(|id| Command::Cancel { id }).collect()
    }

    /// Takes how far the engine is with something.
    pub fn advance(&mut self, id: RequestId, done: u64, total: Option<u64>) {
        if self.pending.contains_key(&id) {
            self.progress = total.map(|total| (done, total));
        }
    }

    /// Takes what was asked for.
    pub fn hear(&mut self, id: RequestId, seen: Vec<Seen>) {
        if self.pending.remove(&id).is_none() {
            return;
        }
        self.progress = None;
        self.is_gone = seen.is_empty();
        for one in seen {
            if one.values.len() == one.rows * one.columns {
                self.bytes += one.values.len() * size_of::<f32>();
                self.drawn += u32::from(matches!(one.tile.whose, Whose::Head(..)));
                // A coarser one that was asked for before may come later.
                if self.tiles.get(&one.tile.whose).is_none_or(|before| before.rows <= one.rows) {
                    self.tiles.insert(one.tile.whose, one);
                }
            }
        }
        // What no place shows gives way where too much is kept.
        let kept: usize = self.tiles.values().map(|seen| seen.values.len()).sum();
        if kept > KEPT {
            let wants = &self.wants;
            self.tiles.retain(|whose, _| wants.values().flatten().any(|wanted| wanted.whose == *whose));
        }
    }

    /// What was asked for can't be had.
    pub fn refuse(&mut self, id: RequestId, why: &str) {
        self.progress = None;
        for tile in self.pending.remove(&id).unwrap_or_default() {
            self.refused.insert(tile.whose, why.to_owned());
        }
    }

    /// The engine is gone, and with it what it had.
    pub fn lose(&mut self) {
        self.pending.clear();
        self.of = None;
    }

    fn work_out(&mut self, attention: &Attention, wanted: &[Tile]) {
        for tile in wanted {
            if matches!(tile.whose, Whose::Head(..) | Whose::Flow(_)) || self.tiles.contains_key(&tile.whose) {
                continue;
            }
            let values = match tile.whose {
                Whose::Layer(layer) => self.mean(attention, layer..layer + 1),
                Whose::Rollout => self.rollout(attention),
                _ => self.mean(attention, 0..attention.layers),
            };
            if let Some(values) = values {
                let seen = Seen { tile: *tile, rows: attention.rows, columns: attention.columns, values };
                self.tiles.insert(tile.whose, seen);
            }
        }
    }

    fn mean(&self, attention: &Attention, layers: std::ops::Range<usize>) -> Option<Vec<f32>> {
        let mut sum = vec![0.0; attention.rows * attention.columns];
        let count = (layers.len() * attention.heads).max(1) as f32;
        for layer in layers {
            for head in 0..attention.heads {
                let map = self.exact(attention, Whose::Head(layer, head))?;
                sum.iter_mut().zip(map).for_each(|(sum, weight)| *sum += weight / count);
            }
        }
        Some(sum)
    }

    fn rollout(&self, attention: &Attention) -> Option<Vec<f32>> {
        let size = attention.rows;
        if size != attention.columns {
            return None;
        }
        let own = |values: &mut [f32]| values.iter_mut().step_by(size + 1).for_each(|value| *value += 1.0);
        let mut below = vec![0.0; size * size];
        own(&mut below);
        for layer in 0..attention.layers {
            let mut step = self.mean(attention, layer..layer + 1)?;
            own(&mut step);
            let mut product = vec![0.0; size * size];
            for (row, into) in step.chunks_exact(size).zip(product.chunks_exact_mut(size)) {
                for (factor, from) in row.iter().zip(below.chunks_exact(size)).filter(|(factor, _)| **factor != 0.0) {
                    into.iter_mut().zip(from).for_each(|(into, from)| *into += 0.5 * factor * from);
                }
            }
            below = product;
        }
        Some(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attention(rows: usize, columns: usize) -> Attention {
        Attention {
            kind: AttentionKind::Encoder,
            layers: 2,
            heads: 2,
            rows,
            columns,
            values: None,
            overview: None,
            summary: None,
        }
    }

    /// 256 tokens, of which 64 × 64 numbers a head are at hand.
    fn large() -> Attention {
        let overview = Overview { rows: 64, columns: 64, values: vec![0.5; 4 * 64 * 64] };
        Attention { overview: Some(overview), ..attention(256, 256) }
    }

    fn small() -> Attention {
        let map = [0.5_f32, 0.5, 0.25, 0.75];
        Attention { values: Some(map.repeat(4)), ..attention(2, 2) }
    }

    fn tile(layer: usize, head: usize, side: usize) -> Tile {
        Tile { whose: Whose::Head(layer, head), side }
    }

    fn begun(attention: &Attention, of: Option<RequestId>) -> Sight {
        Sight::default().begin(1, of, attention, LeftOut::default())
    }

    fn asked(commands: &[Command]) -> Vec<Tile> {
        match commands {
            [Command::Look { look, .. }] => look.tiles.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn seen(tile: Tile, side: usize) -> Seen {
        Seen { tile, rows: side, columns: side, values: vec![0.1; side * side] }
    }

    #[test]
    fn of_each_square_the_largest_weight_is_kept() {
        let values = [0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.0];
        let picture = Picture { rows: 3, columns: 3, values: &values };
        assert_eq!(smaller(picture, 3, 3), values);
        assert_eq!(smaller(picture, 1, 1), [0.9]);
        assert_eq!(smaller(picture, 2, 2), [0.9, 0.5, 0.7, 0.0]);
    }

    #[test]
    fn only_what_is_coarser_than_it_is_shown_is_asked_for() {
        let attention = large();
        let mut sight = begun(&attention, Some(7));
        assert_eq!(sight.bytes(), 4 * 64 * 64 * 4);
        assert_eq!(sight.wish(&attention, Viewer::Grid, &[tile(0, 0, 64), tile(1, 1, 64)]), []);
        let wanted = [tile(0, 1, 128), tile(1, 0, 64)];
        assert_eq!(asked(&sight.wish(&attention, Viewer::Grid, &wanted)), wanted[..1]);
        assert_eq!(sight.wish(&attention, Viewer::Grid, &wanted), [], "it is on its way");
        assert_eq!(asked(&sight.wish(&attention, Viewer::Head, &[tile(0, 1, 512)])), [tile(0, 1, 512)]);
        sight.hear(FIRST + 5, vec![seen(wanted[0], 128)]);
        assert_eq!(sight.count(), 0, "that was another look's");
        let before = sight.drawn(1);
        sight.hear(FIRST, vec![seen(wanted[0], 128)]);
        assert!(sight.drawn(1) > before && sight.drawn(2).is_none());
        assert_eq!(sight.picture(&attention, Whose::Head(0, 1)).unwrap().rows, 128);
        assert_eq!(sight.exact(&attention, Whose::Head(0, 1)), None);
        assert_eq!(sight.wish(&attention, Viewer::Grid, &wanted), []);
        assert_eq!(sight.bytes(), (4 * 64 * 64 + 128 * 128) * 4);
    }

    #[test]
    fn what_the_engine_lost_is_not_asked_for_again() {
        let attention = large();
        let mut sight = begun(&attention, Some(7));
        assert_eq!(sight.wish(&attention, Viewer::Head, &[tile(0, 0, 256)]).len(), 1);
        sight.hear(FIRST, vec![]);
        assert!(sight.is_gone() && sight.refusal(Whose::Mean).is_some());
        assert_eq!(sight.wish(&attention, Viewer::Head, &[tile(0, 0, 256)]), []);
        assert!(begun(&attention, None).is_gone(), "nobody to ask");
        assert!(!begun(&small(), None).is_gone(), "nothing to ask for");
        let mut sight = begun(&attention, Some(7));
        sight.lose();
        assert!(sight.is_gone());
    }

    #[test]
    fn what_is_refused_says_why_and_takes_nothing_else_along() {
        let attention = large();
        let mut sight = begun(&attention, Some(7));
        let flow = Tile { whose: Whose::Flow(3), side: WHOLE };
        assert_eq!(asked(&sight.wish(&attention, Viewer::Text, &[flow])), [flow]);
        sight.refuse(FIRST, "It would take too long.");
        assert_eq!(sight.refusal(Whose::Flow(3)).as_deref(), Some("It would take too long."));
        assert_eq!(sight.wish(&attention, Viewer::Text, &[flow]), []);
        assert_eq!(asked(&sight.wish(&attention, Viewer::Text, &[tile(0, 0, 256)])), [tile(0, 0, 256)]);
        // The page's own maps are enough for all but flow.
        let alone = begun(&small(), None);
        assert!(alone.refusal(Whose::Flow(0)).is_some() && alone.refusal(Whose::Rollout).is_none());
    }

    #[test]
    fn flow_that_nobody_waits_for_is_given_up() {
        let attention = large();
        let mut sight = begun(&attention, Some(7));
        let flow = |row| [Tile { whose: Whose::Flow(row), side: WHOLE }];
        assert_eq!(sight.wish(&attention, Viewer::Text, &flow(1)).len(), 1);
        assert_eq!(sight.wish(&attention, Viewer::Head, &[tile(0, 0, 64)]), [], "the text still shows it");
        let commands = sight.wish(&attention, Viewer::Text, &flow(2));
        assert_eq!(commands[0], Command::Cancel { id: FIRST });
        assert_eq!(asked(&commands[1..]), flow(2));
        assert_eq!(sight.wish(&attention, Viewer::Text, &[]), [Command::Cancel { id: FIRST + 1 }]);
    }

    #[test]
    fn what_any_place_shows_is_kept_however_much_it_is() {
        let attention = Attention { rows: 2048, columns: 2048, layers: 1, heads: 4, ..large() };
        let mut sight = begun(&attention, Some(7));
        for (id, viewer) in [Viewer::Grid, Viewer::Head, Viewer::Text].into_iter().enumerate() {
            let wanted = [tile(0, id, WHOLE)];
            assert_eq!(asked(&sight.wish(&attention, viewer, &wanted)), wanted);
            sight.hear(FIRST + id as u32, vec![seen(wanted[0], WHOLE)]);
        }
        assert_eq!(sight.count(), 3);
        assert_eq!(
            sight.wish(&attention, Viewer::Grid, &[tile(0, 0, WHOLE)]),
            [],
            "nothing is asked for over and over"
        );
        assert_eq!(asked(&sight.wish(&attention, Viewer::Head, &[tile(0, 3, WHOLE)])).len(), 1);
        sight.hear(FIRST + 3, vec![seen(tile(0, 3, WHOLE), WHOLE)]);
        assert_eq!(
            sight.picture(&attention, Whose::Head(0, 1)).map(|picture| picture.rows),
            Some(64),
            "nobody shows it"
        );
    }

    #[test]
    fn with_something_left_out_small_maps_are_asked_for_again() {
        let attention = large();
        let left_out = LeftOut { rows: vec![], columns: vec![0] };
        let mut sight = Sight::default().begin(1, Some(7), &attention, left_out);
        assert_eq!(sight.picture(&attention, Whose::Head(0, 0)), None);
        assert_eq!(asked(&sight.wish(&attention, Viewer::Grid, &[tile(0, 0, 64)])).len(), 1);
    }

    #[test]
    fn what_is_all_at_hand_is_worked_out_here() {
        let attention = small();
        let mut sight = begun(&attention, None);
        let all = [Whose::Layer(1), Whose::Mean, Whose::Rollout].map(|whose| Tile { whose, side: 64 });
        assert_eq!(sight.wish(&attention, Viewer::Text, &all), []);
        assert_eq!(sight.exact(&attention, Whose::Mean).unwrap(), [0.5, 0.5, 0.25, 0.75]);
        // (½·A + ½·I)² with A = [[½, ½], [¼, ¾]].
        assert_eq!(sight.exact(&attention, Whose::Rollout).unwrap(), [0.59375, 0.40625, 0.203125, 0.796875]);
    }

    #[test]
    fn the_rest_of_a_row_sums_to_one_again() {
        let attention = small();
        let left_out = LeftOut { rows: vec![], columns: vec![0] };
        let sight = Sight::default().begin(1, None, &attention, left_out);
        assert_eq!(sight.exact(&attention, Whose::Head(1, 1)).unwrap(), [0.0, 1.0, 0.0, 1.0]);
    }
}
