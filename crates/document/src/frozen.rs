//! The frozen link: an explanation itself, in the fragment of an address (`#f1.…`), so that it opens with no model at all.
//!
//! To fit there, values are rounded to [`DIGITS`] significant digits and weights of attention to one part in 255, and what has
//! no room is left out, in the order of [`Amount`] and [`Told`]; what was left out is said. It is the document as JSON and the weights as bytes
//! behind it, compressed with raw DEFLATE, written in base64url. As every link it is untrusted input: its sizes are bounded
//! before and while it is read, and what it holds is checked as a whole ([`Explanation::validate`]).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use crate::explanation::{Attention, AttentionKind, Explanation, Overview};
use crate::json;
use crate::link::{LinkError, MAX_FRAGMENT_BYTES, View};
use crate::wrote::{Way, Wrote};

/// What a frozen link's fragment begins with.
pub const PREFIX: &str = "f1.";

/// How many significant digits of a value are kept.
pub const DIGITS: usize = 3;

/// How far a value is off at most after that, as a share of itself.
pub const VALUE_ERROR: f64 = 0.005;

/// How far a weight of attention is off at most.
pub const WEIGHT_ERROR: f32 = 0.5 / 255.0;

/// The most bytes that a frozen link may decompress to.
pub const MAX_FROZEN_BYTES: usize = 1 << 20;

/// How many rows and columns the small maps have at most that stand in for whole ones.
const SMALL: usize = 8;

/// How much of the attention a frozen link has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// All that the document has.
    All,
    /// Every map made small, and the open head whole.
    Small,
    /// The open head.
    OpenHead,
    /// Nothing.
    Nothing,
}

impl Amount {
    /// From the most to the least.
    pub const ALL: [Self; 4] = [Self::All, Self::Small, Self::OpenHead, Self::Nothing];
}

/// How much a frozen link has of what the model wrote on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// All that the document has.
    #[default]
    All,
    /// Every step of every way, and not what tokens rest on.
    Steps,
    /// The steps of the way that stands there.
    Way,
    /// The tokens alone, by number ([`View::written`]): a model can tell them again.
    Tokens,
    /// Nothing.
    Nothing,
}

impl Told {
    /// From the most to the least.
    pub const ALL: [Self; 5] = [Self::All, Self::Steps, Self::Way, Self::Tokens, Self::Nothing];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// What is tried, one after the other, until it fits: what was written keeps its numbers as long as maps of heads fit beside it, and
/// then gives way to them.
const TRIES: [(Amount, &[Told]); 10] = [
    (Amount::All, &[Told::All, Told::Steps]),
    (Amount::Small, &[Told::All, Told::Steps, Told::Way]),
    (Amount::All, &[Told::Tokens]),
    (Amount::Small, &[Told::Tokens]),
    (Amount::OpenHead, &[Told::Way, Told::Tokens]),
    (Amount::Nothing, &[Told::Tokens]),
    (Amount::All, &[Told::Nothing]),
    (Amount::Small, &[Told::Nothing]),
    (Amount::OpenHead, &[Told::Nothing]),
    (Amount::Nothing, &[Told::Nothing]),
];

/// One head's map, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenMap {
    /// Of which attention.
    pub kind: AttentionKind,
    /// Its layer.
    pub layer: usize,
    /// Its number in the layer.
    pub head: usize,
    /// Flat and row-major, of as many rows and columns as that attention has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f32>,
}

/// An explanation that is looked at without its model.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    /// What was computed.
    pub document: Explanation,
    /// What of it is looked at.
    pub view: View,
    /// The open head's map, where the document's attention does not have it.
    pub open: Option<OpenMap>,
    /// How much of the attention is there.
    pub amount: Amount,
    /// Whether figures of methods, heads and layers were left out.
    pub is_cut: bool,
    /// How much of what was written is there.
    pub told: Told,
}

/// What of it is JSON.
#[derive(Serialize, Deserialize)]
struct Head {
    document: Explanation,
    #[serde(default)]
    view: View,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<OpenMap>,
    amount: Amount,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_cut: bool,
    #[serde(default, skip_serializing_if = "Told::is_all")]
    told: Told,
}

impl Frozen {
    /// Whether a fragment, with or without its leading `#`, is one of a frozen link.
    #[must_use]
    pub fn is(fragment: &str) -> bool {
        fragment.strip_prefix('#').unwrap_or(fragment).starts_with(PREFIX)
    }

    /// A document as it goes into a link: rounded, without what only a file has. `open` is the open head's map as it is at hand,
    /// for documents that do not have it themselves.
    #[must_use]
    pub fn of(mut document: Explanation, view: View, open: Option<OpenMap>) -> Self {
        let is_cut = document.faithfulness.take().is_some()
            | document.heads.take().is_some()
            | document.changed.take().is_some()
            | !std::mem::take(&mut document.layers).is_empty();
        document.agreement.clear();
        for attribution in &mut document.attributions {
            let lists = [
                Some(&mut attribution.values),
                attribution.standard_errors.as_mut(),
                attribution.output_values.as_mut(),
            ];
            lists.into_iter().flatten().flatten().for_each(round);
        }
        for attention in &mut document.attention {
            if let Some(summary) = &mut attention.summary {
                let lists = [&mut summary.entropy, &mut summary.distance, &mut summary.peak, &mut summary.alignment];
                for one in lists.into_iter().flatten().chain(&mut summary.received) {
                    let mut wide = f64::from(*one);
                    round(&mut wide);
                    #[expect(clippy::cast_possible_truncation, reason = "it was one of these")]
                    {
                        *one = wide as f32;
                    }
                }
            }
        }
        let open = open.or_else(|| {
            let (layer, head) = view.head?;
            let attention = document.attention.iter().find(|one| view.attention.is_none_or(|kind| one.kind == kind))?;
            let values = attention.head(layer, head)?.to_vec();
            Some(OpenMap { kind: attention.kind, layer, head, values })
        });
        if let Some(written) = &mut document.written {
            written.round();
        }
        Self { document, view, open, amount: Amount::All, is_cut, told: Told::All }
    }

    /// The fragment with as much of the attention and of what was written as it has room for, without its leading `#`, and how much
    /// that is.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] where not even the values fit.
    pub fn encode(&self) -> Result<(String, Amount, Told), LinkError> {
        // What is left out already does not come back.
        let amounts: Vec<Amount> = Amount::ALL.into_iter().skip_while(|amount| *amount != self.amount).collect();
        let mut tried = Vec::new();
        for (amount, told) in TRIES.iter().flat_map(|(amount, all)| all.iter().map(|told| (*amount, *told))) {
            let told = self.told(told);
            if !amounts.contains(&amount) || tried.contains(&(amount, told)) {
                continue;
            }
            match self.clone().with(amount, told).pack() {
                Ok(fragment) => return Ok((fragment, amount, told)),
                Err(LinkError::TooLarge) => tried.push((amount, told)),
                Err(error) => return Err(error),
            }
        }
        Err(LinkError::TooLarge)
    }

    /// What leaving so much comes to: where nothing is left out by it, all is there.
    fn told(&self, told: Told) -> Told {
        let written = self.document.written.as_ref();
        let has_ways = written.is_some_and(|one| !one.others.is_empty());
        let told = if told == Told::Way && !has_ways { Told::Steps } else { told }.max(self.told);
        let is_all = match told {
            Told::All => true,
            Told::Steps => written.is_none_or(|one| one.triangle.is_none() && one.gazed.is_none()),
            Told::Way | Told::Tokens => written.is_none(),
            Told::Nothing => written.is_none() && self.view.written.is_none(),
        };
        if is_all { self.told } else { told }
    }

    /// The same with less.
    #[must_use]
    fn with(mut self, amount: Amount, told: Told) -> Self {
        self = self.telling(told);
        self.amount = amount;
        for attention in &mut self.document.attention {
            match amount {
                Amount::All => {}
                Amount::Small => {
                    let small = attention.overview.take().or_else(|| whole(attention));
                    let heads = attention.layers * attention.heads;
                    attention.overview = small.map(|map| made_small(&map, heads));
                    attention.values = None;
                }
                Amount::OpenHead | Amount::Nothing => {
                    attention.values = None;
                    attention.overview = None;
                }
            }
            if amount == Amount::Nothing {
                attention.summary = None;
            }
        }
        let has_all = self.document.attention.iter().any(|one| one.values.is_some());
        if has_all || amount == Amount::Nothing {
            self.open = None;
        }
        self
    }

    /// The same with less of what was written.
    fn telling(mut self, told: Told) -> Self {
        self.told = told;
        if told >= Told::Tokens {
            self.document.written = None;
        }
        if let Some(written) = &mut self.document.written {
            // Their numbers stand in its steps.
            self.view.written = None;
            if told >= Told::Steps {
                (written.triangle, written.gazed) = (None, None);
            }
            if told >= Told::Way {
                written.others.clear();
            }
        }
        if told == Told::Nothing {
            self.view.written = None;
        }
        self
    }

    fn pack(self) -> Result<String, LinkError> {
        let Self { mut document, view, mut open, amount, is_cut, told } = self;
        let mut weights = Vec::new();
        for values in maps(&mut document, &mut open) {
            if weights.len() + values.len() > MAX_FROZEN_BYTES {
                return Err(LinkError::TooLarge);
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
            weights.extend(values.drain(..).map(|weight| (weight.clamp(0.0, 1.0) * 255.0).round() as u8));
        }
        let head = Head { document, view, open, amount, is_cut, told };
        let head = json::bytes(&head).map_err(|_| LinkError::Damaged)?;
        let length = u32::try_from(head.len()).map_err(|_| LinkError::TooLarge)?;
        let mut all = length.to_le_bytes().to_vec();
        all.extend(head);
        all.extend(weights);
        if all.len() > MAX_FROZEN_BYTES {
            return Err(LinkError::TooLarge);
        }
        let packed = miniz_oxide::deflate::compress_to_vec(&all, 9);
        let fragment = format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&packed));
        if fragment.len() > MAX_FRAGMENT_BYTES { Err(LinkError::TooLarge) } else { Ok(fragment) }
    }

    /// Reads a fragment, with or without its leading `#`.
    ///
    /// # Errors
    /// Every fragment that [`Frozen::encode`] did not make is answered with one of [`LinkError`]'s, and so is one whose document
    /// is none.
    pub fn decode(fragment: &str) -> Result<Self, LinkError> {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        if fragment.len() > MAX_FRAGMENT_BYTES {
            return Err(LinkError::TooLarge);
        }
        let packed = fragment.strip_prefix(PREFIX).ok_or(LinkError::UnknownVersion)?;
        let packed = Base64UrlUnpadded::decode_vec(packed).map_err(|_| LinkError::Damaged)?;
        let all = crate::link::inflate(&packed, MAX_FROZEN_BYTES)?;
        let (length, rest) = all.split_first_chunk::<4>().ok_or(LinkError::Damaged)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| LinkError::Damaged)?;
        let (head, weights) = rest.split_at_checked(length).ok_or(LinkError::Damaged)?;
        let Head { mut document, view, mut open, amount, is_cut, told } =
            json::read(head).map_err(|_| LinkError::Damaged)?;
        let sizes = sizes(&document, open.as_ref()).ok_or(LinkError::Damaged)?;
        let mut rest = weights;
        for (values, size) in maps(&mut document, &mut open).zip(sizes) {
            let (these, behind) = rest.split_at_checked(size).ok_or(LinkError::Damaged)?;
            *values = these.iter().map(|&weight| f32::from(weight) / 255.0).collect();
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(LinkError::Damaged);
        }
        document.validate()?;
        view.validate()?;
        Ok(Self { document, view, open, amount, is_cut, told })
    }
}

/// Rounds to [`DIGITS`] significant digits.
fn round(value: &mut f64) {
    if let Ok(rounded) = format!("{value:.*e}", DIGITS - 1).parse() {
        *value = rounded;
    }
}

impl Wrote {
    fn round(&mut self) {
        for step in [&mut self.way].into_iter().chain(&mut self.others).flat_map(|Way { steps, .. }| steps) {
            round(&mut step.token.prob);
            step.top.iter_mut().flat_map(|one| [&mut one.logit, &mut one.prob]).for_each(round);
        }
        for row in self.triangle.iter_mut().chain(&mut self.gazed).flat_map(|triangle| &mut triangle.rows) {
            round(&mut row.value);
            [&mut row.saliency, &mut row.grad_x_input, &mut row.attention].into_iter().flatten().for_each(round);
        }
    }
}

/// The lists of weights, in the order in which they are written.
fn maps<'a>(document: &'a mut Explanation, open: &'a mut Option<OpenMap>) -> impl Iterator<Item = &'a mut Vec<f32>> {
    let of_attention = document
        .attention
        .iter_mut()
        .flat_map(|one| one.values.iter_mut().chain(one.overview.iter_mut().map(|overview| &mut overview.values)));
    of_attention.chain(open.iter_mut().map(|open| &mut open.values))
}

/// How many weights each of them must have; none where that is more than a link can hold, or where the open head is none of the
/// document's.
fn sizes(document: &Explanation, open: Option<&OpenMap>) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for Attention { layers, heads, rows, columns, values, overview, .. } in &document.attention {
        let maps = layers.checked_mul(*heads)?;
        let size = |rows: usize, columns: usize| maps.checked_mul(rows)?.checked_mul(columns);
        if values.is_some() {
            all.push(size(*rows, *columns)?);
        }
        if let Some(overview) = overview {
            all.push(size(overview.rows, overview.columns)?);
        }
    }
    if let Some(open) = open {
        let attention = document.attention.iter().find(|one| one.kind == open.kind)?;
        if open.layer >= attention.layers || open.head >= attention.heads {
            return None;
        }
        all.push(attention.rows.checked_mul(attention.columns)?);
    }
    Some(all)
}

fn whole(attention: &mut Attention) -> Option<Overview> {
    let (rows, columns) = (attention.rows, attention.columns);
    attention.values.take().map(|values| Overview { rows, columns, values })
}

/// Every map of `heads`, with no more than [`SMALL`] rows and columns: squares are taken together, and of each the largest weight
/// is kept, as an engine does it.
fn made_small(map: &Overview, heads: usize) -> Overview {
    let side = map.rows.max(map.columns).div_ceil(SMALL).max(1);
    let (rows, columns) = (map.rows.div_ceil(side), map.columns.div_ceil(side));
    let mut values = vec![0.0_f32; heads * rows * columns];
    let each = (map.rows * map.columns).max(1);
    for (from, into) in map.values.chunks_exact(each).zip(values.chunks_exact_mut((rows * columns).max(1))) {
        for (at, weight) in from.iter().enumerate() {
            let (row, column) = (at / map.columns.max(1), at % map.columns.max(1));
            if let Some(into) = into.get_mut(row / side * columns + column / side) {
                *into = into.max(*weight);
            }
        }
    }
    Overview { rows, columns, values }
}
