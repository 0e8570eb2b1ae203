//! What a model is given to read.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::table::Table;
use crate::transformer::{Stack, Transformer};

/// Token ids of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// `[batch][token]`.
    pub ids: Vec<Vec<u32>>,
    /// Which of two texts each token belongs to (BERT's token types), the same for the whole batch; empty where all are
    /// of type 0.
    pub types: Vec<u32>,
}

impl Batch {
    /// One sequence.
    #[must_use]
    pub fn one(ids: &[u32]) -> Self {
        Self { ids: vec![ids.to_vec()], types: Vec::new() }
    }

    /// Several sequences of equal length.
    #[must_use]
    pub fn many(ids: Vec<Vec<u32>>) -> Self {
        Self { ids, types: Vec::new() }
    }

    /// The same with token types.
    #[must_use]
    pub fn with_types(self, types: Vec<u32>) -> Self {
        Self { types, ..self }
    }

    /// The rows of `table` (`[vocabulary, width]`) for these ids: `[batch, token, width]`. Ids beyond the table stand for
    /// its last entry, so that a mismatched tokenizer cannot read out of bounds on a device.
    #[must_use]
    pub fn embed(&self, table: &Table, device: &Device) -> Tensor<3> {
        let [_, width] = table.dims();
        let (batch, tokens) = (self.ids.len(), self.ids.first().map_or(0, Vec::len));
        table.select(ids(table.dims(), self.ids.iter().flatten().copied(), device)).reshape([batch, tokens, width])
    }
}

/// The rows of `table` (`[entry, width]`) for the ids `from`: `[id, width]`. Ids beyond the table stand for its last entry.
#[must_use]
pub fn rows(table: &Tensor<2>, from: impl Iterator<Item = u32>, device: &Device) -> Tensor<2> {
    table.clone().select(0, ids(table.dims(), from, device))
}

/// Ids of the entries of a table of this size.
fn ids([entries, _]: [usize; 2], from: impl Iterator<Item = u32>, device: &Device) -> Tensor<1, Int> {
    let last = entries.saturating_sub(1) as i32;
    let ids: Vec<i32> = from.map(|id| i32::try_from(id).unwrap_or(last).min(last)).collect();
    let count = ids.len();
    Tensor::from_data(TensorData::new(ids, [count]), device)
}

/// How a sequence is laid out, apart from what its tokens are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// How many tokens.
    pub tokens: usize,
    /// The type of each token, as in [`Batch::types`].
    pub types: Vec<u32>,
    /// How many tokens stand before these and were read already ([`crate::Past`]).
    pub before: usize,
}

/// What a run starts from: embeddings and how they lie.
#[derive(Clone, Debug)]
pub struct Input {
    /// The word embeddings `[batch, token, width]`: a decoder's prefix, or an encoder's text.
    pub embeddings: Tensor<3>,
    /// As in [`Batch::types`].
    pub types: Vec<u32>,
    /// The word embeddings of the text that an encoder reads, `[batch, source token, width]`, where the model has an
    /// encoder besides.
    pub source: Option<Tensor<3>>,
}

impl Input {
    /// The input for `batch`, and for `source` where the model has an encoder besides.
    #[must_use]
    pub fn embed(model: &dyn Transformer, batch: &Batch, source: Option<&Batch>) -> Self {
        let source = match (model.encoder(), source) {
            (Some(encoder), Some(source)) => Some(encoder.embed(source)),
            _ => None,
        };
        Self { embeddings: model.embed(batch), types: batch.types.clone(), source }
    }

    /// The layout of the model's own sequence.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout { tokens: self.embeddings.dims()[1], types: self.types.clone(), before: 0 }
    }
}

impl From<Tensor<3>> for Input {
    fn from(embeddings: Tensor<3>) -> Self {
        Self { embeddings, types: Vec::new(), source: None }
    }
}

/// Positions and types as one table lookup each, `[1, token, width]`: what BERT and its relatives add on entering.
#[must_use]
pub fn positions_and_types(
    stack: &dyn Stack,
    positions: &Tensor<2>,
    first: usize,
    types: Option<&Tensor<2>>,
    layout: &Layout,
) -> Tensor<3> {
    let device = stack.device();
    let [_, width] = positions.dims();
    let tokens = layout.tokens;
    let first = (first + layout.before) as u32;
    let added = rows(positions, (0..tokens as u32).map(|position| first + position), &device);
    let added = match types {
        Some(table) => {
            let kinds = (0..tokens).map(|token| layout.types.get(token).copied().unwrap_or(0));
            added + rows(table, kinds, &device)
        }
        None => added,
    };
    added.reshape([1, tokens, width])
}
