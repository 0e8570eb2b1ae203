//! What every family offers.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::hook::Captures;

/// The sizes of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Blocks.
    pub layers: usize,
    /// Query heads in a block.
    pub heads: usize,
    /// Key and value heads in a block: `heads`, or a divisor of it where queries share them.
    pub key_value_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Entries of the vocabulary.
    pub vocabulary: usize,
    /// The most tokens that it can read at once.
    pub context: usize,
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
}

/// What all blocks of one run share: made once by [`Transformer::frame`].
#[derive(Clone, Debug)]
pub struct Frame {
    /// Added to the scores `[1, 1, query, key]`: 0 where a query may look, a large negative number where not.
    pub mask: Option<Tensor<4>>,
    /// Cosine and sine of the rotary angles, each `[1, token, 1, half the head width]`.
    pub rotary: Option<(Tensor<4>, Tensor<4>)>,
}

/// Token ids of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// `[batch][token]`.
    pub ids: Vec<Vec<u32>>,
}

impl Batch {
    /// One sequence.
    #[must_use]
    pub fn one(ids: &[u32]) -> Self {
        Self { ids: vec![ids.to_vec()] }
    }
}

/// A family of models, opened.
///
/// Shapes are `[batch, token, width]` unless said otherwise. A run starts from *embeddings*, the word embeddings before
/// position or type is added, so that a method can interpolate, noise or mask them and take gradients at them.
pub trait Transformer: Send {
    /// The family's name: `llama`, `bert`.
    fn family(&self) -> &'static str;

    /// Its sizes.
    fn architecture(&self) -> Architecture;

    /// Where its weights are.
    fn device(&self) -> Device;

    /// Looks up the word embeddings of sequences of equal length.
    fn embed(&self, batch: &Batch) -> Tensor<3>;

    /// What a run over `tokens` tokens shares between its blocks.
    fn frame(&self, tokens: usize) -> Frame;

    /// From embeddings to what enters the first block: adds positions and normalises where the family does.
    fn enter(&self, embeddings: Tensor<3>) -> Tensor<3>;

    /// One block. Keeps what is wanted in `captures`.
    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3>;

    /// From what leaves the last block to the final hidden state: the last norm, where the family has one.
    fn finish(&self, residual: Tensor<3>) -> Tensor<3>;

    /// From final hidden states `[row, width]` to logits over the vocabulary `[row, vocabulary]`; none for a family
    /// without a language-model head.
    fn unembed(&self, hidden: Tensor<2>) -> Option<Tensor<2>>;

    /// The unembedding itself, `[vocabulary, width]`: a handle, not a copy. None for a family without a language-model
    /// head.
    fn unembedding(&self) -> Option<Tensor<2>>;
}

impl Batch {
    /// The rows of `table` (`[vocabulary, width]`) for these ids: `[batch, token, width]`. Ids beyond the table stand for
    /// its last entry, so that a mismatched tokenizer cannot read out of bounds on a device.
    #[must_use]
    pub fn embed(&self, table: &Tensor<2>, device: &Device) -> Tensor<3> {
        let [vocabulary, width] = table.dims();
        let (batch, tokens) = (self.ids.len(), self.ids.first().map_or(0, Vec::len));
        let last = vocabulary.saturating_sub(1) as i32;
        let ids: Vec<i32> = self.ids.iter().flatten().map(|id| i32::try_from(*id).unwrap_or(last).min(last)).collect();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [batch * tokens]), device);
        table.clone().select(0, ids).reshape([batch, tokens, width])
    }
}
