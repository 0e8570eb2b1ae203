//! What every family offers.

use burn::tensor::{Device, Tensor};

use crate::batch::{Batch, Layout};
use crate::head::Head;
use crate::hook::Captures;
use crate::writer::{Norm, Writer};

/// The sizes of a stack of blocks.
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

/// What all blocks of one run share: made once by [`Stack::frame`]. Each family fills what it needs.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Added to the scores `[1, 1 or head, query, key]`: 0 where a query may look, a large negative number where not, and
    /// a position bias where the family has one.
    pub mask: Option<Tensor<4>>,
    /// The same for layers that see only a window of tokens, where the family has such layers.
    pub window: Option<Tensor<4>>,
    /// Cosine and sine of the rotary angles, each `[1, token, 1, half the rotated width]`.
    pub rotary: Option<(Tensor<4>, Tensor<4>)>,
    /// Added to the embeddings on entering, `[1, token, width of the embeddings]`: positions and types.
    pub added: Option<Tensor<3>>,
    /// What a decoder's cross-attention looks at: the encoder's output `[batch, source token, width]`, set by the run.
    pub memory: Option<Tensor<3>>,
}

/// Blocks between embeddings and a final hidden state: a decoder, or an encoder.
///
/// Shapes are `[batch, token, width]` unless said otherwise. A run starts from *embeddings*, the word embeddings before
/// position or type is added, so that a method can interpolate, noise or mask them and take gradients at them.
/// ELECTRA's embeddings may have a width of their own, so a method takes that from their shape.
pub trait Stack: Send + Sync {
    /// Its sizes.
    fn architecture(&self) -> Architecture;

    /// Where its weights are.
    fn device(&self) -> Device;

    /// Looks up the word embeddings of sequences of equal length.
    fn embed(&self, batch: &Batch) -> Tensor<3>;

    /// What a run over such a sequence shares between its blocks.
    fn frame(&self, layout: &Layout) -> Frame;

    /// From embeddings to what enters the first block: adds positions and normalises where the family does.
    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3>;

    /// One block. Keeps what is wanted in `captures`.
    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3>;

    /// From what leaves the last block to the final hidden state: the last norm, where the family has one.
    fn finish(&self, residual: Tensor<3>) -> Tensor<3>;

    /// What the block `layer` adds to the residual, in order; nothing where there is no such block.
    fn writers(&self, layer: usize) -> Vec<Writer<'_>>;

    /// The last norm, where the family has one: what [`Stack::finish`] does.
    fn last_norm(&self) -> Option<Norm<'_>>;
}

/// A family of models, opened. As a [`Stack`] it is its decoder, or the encoder where it has nothing else.
pub trait Transformer: Stack {
    /// The family's name: `llama`, `bert`.
    fn family(&self) -> &'static str;

    /// What it says of its final hidden state.
    fn head(&self) -> &Head;

    /// The encoder whose output its blocks also look at.
    fn encoder(&self) -> Option<&dyn Stack> {
        None
    }

    /// How it begins and ends what it writes, where it has an encoder.
    fn generation(&self) -> Option<Generation> {
        None
    }
}

/// How an encoder-decoder model writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The token that stands before the first written one.
    pub start: u32,
    /// The tokens that end the text.
    pub end: Vec<u32>,
    /// Tokens that are never written.
    pub never: Vec<u32>,
}
