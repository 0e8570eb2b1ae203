//! Looking closer at attention that stayed on the device.

use serde::{Deserialize, Serialize};

use crate::AttentionKind;

/// Which maps of an answer are wanted, and how large.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Of which attention.
    pub kind: AttentionKind,
    /// The maps.
    pub tiles: Vec<Tile>,
    /// Tokens on the side of the queries whose rows are left out: nought in what comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows_out: Vec<usize>,
    /// Tokens on the side of the keys that are left out: their columns are nought, and what is left of each row is scaled to sum
    /// to one again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_out: Vec<usize>,
}

impl Look {
    /// How many numbers may come back of one look: 32 MiB, more than a large screen has pixels.
    pub const MOST: usize = 8 << 20;
}

/// Whose map is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// One head's: its layer and its number in it.
    Head(usize, usize),
    /// The mean of a layer's heads.
    Layer(usize),
    /// The mean of all heads.
    Mean,
    /// Attention rollout (Abnar & Zuidema 2020): ½·(the mean over a layer's heads) + ½·I, multiplied from the last layer down to
    /// the first. Not between two texts.
    Rollout,
    /// Attention flow (Abnar & Zuidema 2020) from one query, over its sum: one row. Not between two texts, and of whole maps,
    /// whatever is left out.
    Flow(usize),
}

/// One map, as large as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tile {
    /// Whose.
    pub whose: Whose,
    /// How many rows and how many columns it may have at most. Where the map has more, they are taken together in squares, and
    /// of each square the largest weight is kept.
    pub side: usize,
}

/// A map that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// What was wanted.
    pub tile: Tile,
    /// How many rows it has.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Flat and row-major.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f32>,
}

/// The queries and keys of one head, number by number, as they are multiplied: after rotation where a family rotates them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neurons {
    /// How many queries.
    pub queries: usize,
    /// How many keys.
    pub keys: usize,
    /// Of how many numbers each is: the head's width.
    pub width: usize,
    /// Flat as `[query, number]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_values: Vec<f32>,
    /// Flat as `[key, number]`. Where query heads share a key head, the one that this head reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_values: Vec<f32>,
    /// Flat as `[query, key]`: the scores, whose softmax is the head's map. A score is the sum of the products of a query's and a
    /// key's numbers, times the family's factor (1/√width most times), plus what the family adds for their places. Of a key that
    /// a query may not see it is about −10⁹.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<f32>,
}
