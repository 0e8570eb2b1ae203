//! Attention written out, so that scores, pattern and z are ours to keep.

use burn::tensor::{Device, Tensor, TensorData};
use headlight_host::softmax;

use crate::hook::{Captures, Point};

/// Added to a score that a query may not see. Large enough that its softmax is exactly zero in `f32`, and finite, since
/// WGSL gives infinities no meaning.
pub const MASKED: f32 = -1e9;

/// The mask of a decoder, `[1, 1, query, key]`: a token sees itself and those before it, of which `before` have no query here.
pub fn causal_mask(before: usize, tokens: usize, device: &Device) -> Tensor<4> {
    sliding_mask(before, tokens, before + tokens, device)
}

/// The mask of a decoder with a sliding window: a token sees itself and the `window − 1` before it.
pub fn sliding_mask(before: usize, tokens: usize, window: usize, device: &Device) -> Tensor<4> {
    let keys = before + tokens;
    let mut values = vec![0.0_f32; tokens * keys];
    for (row, values) in values.chunks_exact_mut(keys.max(1)).enumerate() {
        let own = before + row;
        values[own + 1..].fill(MASKED);
        values[..(own + 1).saturating_sub(window)].fill(MASKED);
    }
    Tensor::from_data(TensorData::new(values, [1, 1, tokens, keys]), device)
}

/// Queries, keys and values of one attention, split by head.
pub struct Heads {
    /// `[batch, query token, head, head width]`.
    pub q: Tensor<4>,
    /// `[batch, key token, key-value head, head width]`.
    pub k: Tensor<4>,
    /// `[batch, key token, key-value head, head width]`.
    pub v: Tensor<4>,
}

/// How one attention is computed.
pub struct Attention<'a> {
    /// The block it is in.
    pub layer: usize,
    /// What a dot product is multiplied with: 1/√(head width) for most families.
    pub scale: f64,
    /// Added to the scores, `[1, 1 or head, query, key]`: a mask, a position bias, or both.
    pub bias: Option<&'a Tensor<4>>,
    /// Whether this is attention to an encoder's output, for the captures' names.
    pub cross: bool,
}

impl Attention<'_> {
    /// A decoder's or encoder's attention to its own tokens, with the usual scale.
    pub fn own(layer: usize, head_width: usize, bias: Option<&Tensor<4>>) -> Attention<'_> {
        Attention { layer, scale: 1.0 / (head_width as f64).sqrt(), bias, cross: false }
    }

    /// `[batch, query token, head · head width]`. Query head h reads key-value head h / (heads / key-value heads).
    ///
    /// Keeps scores, pattern and z where they are wanted, and changes values, pattern and z where that is asked for.
    /// Queries, keys and values are the family's to keep, since only it knows what they are before rotation.
    pub fn forward(&self, heads: Heads, captures: &mut Captures) -> Tensor<3> {
        let Heads { q, k, v } = heads;
        let [batch, tokens, heads, width] = q.dims();
        let (k, v) = if self.cross { (k, v) } else { captures.after_past(self.layer, k, v) };
        let [_, keys, groups, _] = k.dims();
        let shared = heads / groups.max(1);
        // Heads that share a key head stand below each other as more rows of one product, so keys need no copy.
        let q = q.swap_dims(1, 2).reshape([batch, groups, shared * tokens, width]);
        let k = k.permute([0, 2, 3, 1]);
        let v_point = if self.cross { Point::CrossV } else { Point::V };
        let v = captures.changed(self.layer, v_point, v).swap_dims(1, 2);
        let q = if self.scale == 1.0 { q } else { q * self.scale };
        let scores = q.matmul(k).reshape([batch, heads, tokens, keys]);
        let scores = match self.bias {
            Some(bias) => scores + bias.clone(),
            None => scores,
        };
        let [scores_point, pattern_point, z_point] = match self.cross {
            false => [Point::AttnScores, Point::Pattern, Point::Z],
            true => [Point::CrossAttnScores, Point::CrossPattern, Point::CrossZ],
        };
        captures.by_head(self.layer, scores_point, || scores.clone());
        let pattern = captures.pass(self.layer, pattern_point, softmax(scores));
        let z = pattern.reshape([batch, groups, shared * tokens, keys]).matmul(v);
        let z = z.reshape([batch, heads, tokens, width]).swap_dims(1, 2);
        captures.pass(self.layer, z_point, z).reshape([batch, tokens, heads * width])
    }
}

/// Cuts the last dimension of a fused product `[batch, token, heads of q, k and v · head width]` into heads.
///
/// `heads` are query heads, `groups` key-value heads, in the order q, k, v.
pub fn split(qkv: Tensor<3>, heads: usize, groups: usize, head_width: usize) -> Heads {
    let [batch, tokens, _] = qkv.dims();
    let qkv = qkv.reshape([batch, tokens, heads + 2 * groups, head_width]);
    Heads {
        q: qkv.clone().narrow(2, 0, heads),
        k: qkv.clone().narrow(2, heads, groups),
        v: qkv.narrow(2, heads + groups, groups),
    }
}

impl Heads {
    /// Keeps queries, keys and values where they are wanted.
    pub fn keep(&self, layer: usize, captures: &mut Captures) {
        captures.by_head(layer, Point::Q, || self.q.clone());
        captures.by_head(layer, Point::K, || self.k.clone());
        captures.by_head(layer, Point::V, || self.v.clone());
    }
}
