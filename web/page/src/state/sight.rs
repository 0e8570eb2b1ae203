//! Which attention maps are at hand, in what detail, and which of those that stayed in the engine are to be asked for.
//!
//! An answer about a long text comes with every map made small. What is looked at closer is asked for when it is on the screen,
//! as large as it is there.

use std::collections::BTreeMap;

use headlight_document::message::{Command, RequestId};
use headlight_document::{Attention, AttentionKind, Explanation, Look, Overview, Seen, Tile, Whose};

/// The first number of a look, far from those of the page's other requests.
pub const FIRST: RequestId = 3 << 30;
/// How many numbers of looked-at maps are kept: 32 MiB.
const KEPT: usize = 8 << 20;
/// A token is a sink where it gets more than this share of all attention (Gu et al. 2024, "When attention sink emerges").
const SINK: f32 = 0.3;

/// What is left out of the pictures of attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Tokens that stand for no text.
    pub special: bool,
    /// Tokens that draw attention whatever the text says.
    pub sinks: bool,
}

/// The tokens that are left out, on both sides of a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose rows are blank.
    pub rows: Vec<usize>,
    /// Whose columns are blank, with the rest of each row scaled to sum to one.
    pub columns: Vec<usize>,
}

impl LeftOut {
    /// What `without` leaves out of `attention`.
    #[must_use]
    pub fn of(document: &Explanation, attention: &Attention, without: Without) -> Self {
        let special = |special: &mut dyn Iterator<Item = bool>, count: usize| -> Vec<usize> {
            special.take(count).enumerate().filter(|(_, special)| *special).map(|(at, _)| at).collect()
        };
        let read = |count| special(&mut document.input.tokens.iter().map(|token| token.special), count);
        let written = |count| special(&mut document.output.tokens.iter().map(|token| token.special), count);
        let mut left_out = Self::default();
        if without.special {
            let writes = !document.output.tokens.is_empty();
            left_out = match attention.kind {
                AttentionKind::Cross => Self { rows: written(attention.rows), columns: read(attention.columns) },
                // A decoder of two texts reads what begins every text, then what it wrote.
                AttentionKind::SelfAttention if writes => Self { rows: vec![0], columns: vec![0] },
                _ => Self { rows: read(attention.rows), columns: read(attention.columns) },
            };
        }
        if without.sinks {
            left_out.columns.extend(sinks(attention));
            left_out.columns.sort_unstable();
            left_out.columns.dedup();
        }
        left_out
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.columns.is_empty()
    }
}

/// The tokens that draw attention whatever the text says: the keys that get more than [`SINK`] of it.
#[must_use]
pub fn sinks(attention: &Attention) -> Vec<usize> {
    let received = attention.summary.as_ref().map(|summary| summary.received.as_slice()).unwrap_or_default();
    received.iter().enumerate().filter(|(_, share)| **share > SINK).map(|(at, _)| at).collect()
}

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

/// The maps of one attention of the answer on the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// Which of the page's answers it is of.
    answer: u32,
    /// The request whose answer it is, as the engine knows it.
    of: Option<RequestId>,
    kind: Option<AttentionKind>,
    left_out: LeftOut,
    /// Every weight, with the rest of each row scaled: where all are at hand and something is left out.
    own: Option<Vec<f32>>,
    tiles: BTreeMap<Whose, Seen>,
    pending: Option<(RequestId, Vec<Tile>)>,
    asked: RequestId,
    is_gone: bool,
    bytes: usize,
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
            tiles: BTreeMap::new(),
            pending: None,
            asked: self.asked,
            is_gone: false,
            bytes: values.map_or(0, |values| values.len() * size_of::<f32>()),
        }
    }

    /// Which of the page's answers it is of.
    #[must_use]
    pub fn answer(&self) -> u32 {
        self.answer
    }

    /// What is left out.
    #[must_use]
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// How many bytes of maps came from the engine for what is shown.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the engine no longer has what is wanted.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone
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

    /// What is to be asked of the engine so that `wanted` is at hand, as large as it says. What can be worked out here is. None
    /// while an answer is awaited: it is asked again then.
    #[must_use]
    pub fn wish(&mut self, attention: &Attention, wanted: &[Tile]) -> Option<Command> {
        if Some(attention.kind) != self.kind || self.pending.is_some() || self.is_gone {
            return None;
        }
        let flows: Vec<Tile>;
        let mut wanted = wanted;
        if attention.values.is_some() {
            self.work_out(attention, wanted);
            flows = wanted.iter().filter(|tile| matches!(tile.whose, Whose::Flow(_))).copied().collect();
            wanted = &flows;
        }
        let of = self.of?;
        let is_fine = |tile: &Tile| {
            if matches!(tile.whose, Whose::Flow(_)) {
                return self.tiles.contains_key(&tile.whose);
            }
            self.picture(attention, tile.whose).is_some_and(|picture| {
                let is_at_least = |has: usize, of: usize| has >= of.div_ceil(of.div_ceil(tile.side.max(1)).max(1));
                is_at_least(picture.rows, attention.rows) && is_at_least(picture.columns, attention.columns)
            })
        };
        let mut room = Look::MOST;
        let missing: Vec<Tile> = wanted
            .iter()
            .filter(|tile| !is_fine(tile))
            .take_while(|tile| {
                let size = tile.side.min(attention.rows) * tile.side.min(attention.columns);
                let fits = size <= room;
                room = room.saturating_sub(size);
                fits
            })
            .copied()
            .collect();
        if missing.is_empty() {
            return None;
        }
        self.asked = self.asked.checked_add(1).filter(|id| *id > FIRST).unwrap_or(FIRST);
        self.pending = Some((self.asked, missing.clone()));
        self.let_go(wanted);
        let LeftOut { rows, columns } = self.left_out.clone();
        let look = Look { kind: attention.kind, tiles: missing, rows_out: rows, columns_out: columns };
        Some(Command::Look { id: self.asked, of, look })
    }

    /// Takes what was asked for.
    pub fn hear(&mut self, id: RequestId, seen: Vec<Seen>) {
        if self.pending.take_if(|(asked, _)| *asked == id).is_none() {
            return;
        }
        self.is_gone = seen.is_empty();
        for one in seen {
            if one.values.len() == one.rows * one.columns {
                self.bytes += one.values.len() * size_of::<f32>();
                self.tiles.insert(one.tile.whose, one);
            }
        }
    }

    /// What was asked for will not come.
    pub fn lose(&mut self, id: Option<RequestId>) {
        if id.is_none() || self.pending.as_ref().is_some_and(|(asked, _)| Some(*asked) == id) {
            self.pending = None;
            self.is_gone = true;
        }
    }

    // What is not on the screen gives way where too much is kept.
    fn let_go(&mut self, wanted: &[Tile]) {
        let kept: usize = self.tiles.values().map(|seen| seen.values.len()).sum();
        if kept > KEPT {
            self.tiles.retain(|whose, _| wanted.iter().any(|tile| tile.whose == *whose));
        }
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

/// Maps without some rows and columns, the rest of each row scaled to sum to one. A row that has nothing left is nought.
fn renormalised(values: &[f32], rows: usize, columns: usize, left_out: &LeftOut) -> Vec<f32> {
    let mut values = values.to_vec();
    for (at, row) in values.chunks_exact_mut(columns.max(1)).enumerate() {
        for &column in &left_out.columns {
            if let Some(weight) = row.get_mut(column) {
                *weight = 0.0;
            }
        }
        let sum: f32 = row.iter().sum();
        let is_out = left_out.rows.contains(&(at % rows.max(1)));
        let scale = if is_out || sum < 1e-12 { 0.0 } else { 1.0 / sum };
        row.iter_mut().for_each(|weight| *weight *= scale);
    }
    values
}

#[cfg(test)]
mod tests {
    use headlight_document::AttentionSummary;

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

    fn tiles(command: Option<Command>) -> Vec<Tile> {
        match command {
            Some(Command::Look { look, .. }) => look.tiles,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_is_coarser_than_it_is_shown_is_asked_for() {
        let attention = large();
        let mut sight = Sight::default().begin(1, Some(7), &attention, LeftOut::default());
        assert_eq!(sight.bytes(), 4 * 64 * 64 * 4);
        assert_eq!(sight.wish(&attention, &[tile(0, 0, 64), tile(1, 1, 64)]), None);
        let wanted = [tile(0, 1, 128), tile(1, 0, 64)];
        assert_eq!(tiles(sight.wish(&attention, &wanted)), wanted[..1]);
        assert_eq!(sight.wish(&attention, &wanted), None, "one look at a time");
        let seen = Seen { tile: wanted[0], rows: 128, columns: 128, values: vec![0.1; 128 * 128] };
        sight.hear(FIRST + 5, vec![seen.clone()]);
        assert!(sight.pending.is_some(), "that was another look's");
        sight.hear(sight.asked, vec![seen]);
        assert_eq!(sight.picture(&attention, Whose::Head(0, 1)).unwrap().rows, 128);
        assert_eq!(sight.exact(&attention, Whose::Head(0, 1)), None);
        assert_eq!(sight.wish(&attention, &wanted), None);
        assert_eq!(tiles(sight.wish(&attention, &[tile(0, 1, 512)])), [tile(0, 1, 512)]);
        assert_eq!(sight.bytes(), (4 * 64 * 64 + 128 * 128) * 4);
    }

    #[test]
    fn what_the_engine_lost_is_not_asked_for_again() {
        let attention = large();
        let mut sight = Sight::default().begin(1, Some(7), &attention, LeftOut::default());
        assert!(sight.wish(&attention, &[tile(0, 0, 256)]).is_some());
        sight.hear(sight.asked, vec![]);
        assert!(sight.is_gone());
        assert_eq!(sight.wish(&attention, &[tile(0, 0, 256)]), None);
        let mut sight = sight.begin(1, None, &attention, LeftOut::default());
        assert!(!sight.is_gone());
        assert_eq!(sight.wish(&attention, &[tile(0, 0, 256)]), None, "nobody to ask");
    }

    #[test]
    fn with_something_left_out_small_maps_are_asked_for_again() {
        let attention = large();
        let left_out = LeftOut { rows: vec![], columns: vec![0] };
        let mut sight = Sight::default().begin(1, Some(7), &attention, left_out);
        assert_eq!(sight.picture(&attention, Whose::Head(0, 0)), None);
        assert_eq!(tiles(sight.wish(&attention, &[tile(0, 0, 64)])).len(), 1);
    }

    #[test]
    fn what_is_all_at_hand_is_worked_out_here() {
        let attention = small();
        let mut sight = Sight::default().begin(1, None, &attention, LeftOut::default());
        let all = [Whose::Layer(1), Whose::Mean, Whose::Rollout].map(|whose| Tile { whose, side: 64 });
        assert_eq!(sight.wish(&attention, &all), None);
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
        let rows = LeftOut { rows: vec![1], columns: vec![1] };
        assert_eq!(renormalised(&[0.5, 0.5, 0.25, 0.75], 2, 2, &rows), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(renormalised(&[0.0, 1.0], 1, 2, &rows), [0.0, 0.0]);
    }

    #[test]
    fn a_sink_gets_more_than_three_tenths() {
        let summary = AttentionSummary { received: vec![0.6, 0.1, 0.3], ..AttentionSummary::default() };
        assert_eq!(sinks(&Attention { summary: Some(summary), ..small() }), [0]);
        assert!(sinks(&small()).is_empty());
    }
}
