//! The places in a run that can be looked at, changed, or asked for their gradient, by the names that TransformerLens gave
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use burn::tensor::Tensor;

use crate::changes::Changes;
use crate::past::Past;

/// A place within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// What enters the block: `[batch, token, width]`.
    ResidPre,
    /// Queries, before any rotation: `[batch, token, head, head width]`.
    Q,
    /// Keys, before any rotation: `[batch, token, key-value head, head width]`.
    K,
    /// Values: `[batch, token, key-value head, head width]`.
    V,
    /// Queries after rotary embedding, where a family has one: `[batch, token, head, head width]`.
    RotQ,
    /// Keys after rotary embedding, where a family has one: `[batch, token, key-value head, head width]`.
    RotK,
    /// q·kᵀ/√d with masked entries at a large negative number: `[batch, head, query, key]`.
    AttnScores,
    /// The softmax of the scores: `[batch, head, query, key]`, rows sum to one.
    Pattern,
    /// The pattern applied to the values: `[batch, token, head, head width]`.
    Z,
    /// What attention, or what stands in its place, adds to the residual: `[batch, token, width]`.
    AttnOut,
    /// The residual after attention: `[batch, token, width]`. In BERT the sum before its norm.
    ResidMid,
    /// What a block's second half adds to the residual: `[batch, token, width]`.
    MlpOut,
    /// The residual after the block: `[batch, token, width]`. In BERT the sum before its norm.
    ResidPost,
    /// What leaves a block of a family that normalises after adding: `[batch, token, width]`.
    NormalizedResidPost,
    /// A decoder's queries to the encoder: `[batch, token, head, head width]`.
    CrossQ,
    /// The encoder's keys, as a decoder's block sees them: `[batch, source token, head, head width]`.
    CrossK,
    /// The encoder's values, as a decoder's block sees them: `[batch, source token, head, head width]`.
    CrossV,
    /// Scores of a decoder's tokens with the encoder's: `[batch, head, query, key]`.
    CrossAttnScores,
    /// The softmax of those scores: `[batch, head, query, key]`, rows sum to one.
    CrossPattern,
    /// That pattern applied to the encoder's values: `[batch, token, head, head width]`.
    CrossZ,
    /// What attention to the encoder adds to the residual: `[batch, token, width]`.
    CrossAttnOut,
    /// The residual after attention to the encoder: `[batch, token, width]`. In a family that normalises after adding,
    /// the sum before its norm.
    ResidMidCross,
}

impl Point {
    /// Every place.
    pub const ALL: [Self; 22] = [
        Self::ResidPre,
        Self::Q,
        Self::K,
        Self::V,
        Self::RotQ,
        Self::RotK,
        Self::AttnScores,
        Self::Pattern,
        Self::Z,
        Self::AttnOut,
        Self::ResidMid,
        Self::MlpOut,
        Self::ResidPost,
        Self::NormalizedResidPost,
        Self::CrossQ,
        Self::CrossK,
        Self::CrossV,
        Self::CrossAttnScores,
        Self::CrossPattern,
        Self::CrossZ,
        Self::CrossAttnOut,
        Self::ResidMidCross,
    ];

    fn suffix(self) -> &'static str {
        match self {
            Self::ResidPre => "hook_resid_pre",
            Self::Q => "attn.hook_q",
            Self::K => "attn.hook_k",
            Self::V => "attn.hook_v",
            Self::RotQ => "attn.hook_rot_q",
            Self::RotK => "attn.hook_rot_k",
            Self::AttnScores => "attn.hook_attn_scores",
            Self::Pattern => "attn.hook_pattern",
            Self::Z => "attn.hook_z",
            Self::AttnOut => "hook_attn_out",
            Self::ResidMid => "hook_resid_mid",
            Self::MlpOut => "hook_mlp_out",
            Self::ResidPost => "hook_resid_post",
            Self::NormalizedResidPost => "hook_normalized_resid_post",
            Self::CrossQ => "cross_attn.hook_q",
            Self::CrossK => "cross_attn.hook_k",
            Self::CrossV => "cross_attn.hook_v",
            Self::CrossAttnScores => "cross_attn.hook_attn_scores",
            Self::CrossPattern => "cross_attn.hook_pattern",
            Self::CrossZ => "cross_attn.hook_z",
            Self::CrossAttnOut => "hook_cross_attn_out",
            Self::ResidMidCross => "hook_resid_mid_cross",
        }
    }
}

/// Which stack of blocks a place is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The only one.
    #[default]
    Only,
    /// The encoder of an encoder-decoder model.
    Encoder,
    /// The decoder of an encoder-decoder model.
    Decoder,
}

impl Side {
    const ALL: [Self; 3] = [Self::Only, Self::Encoder, Self::Decoder];

    fn prefix(self) -> &'static str {
        match self {
            Self::Only => "",
            Self::Encoder => "encoder.",
            Self::Decoder => "decoder.",
        }
    }
}

/// A place in a block of a model, written `blocks.{layer}.attn.hook_pattern`, and after `encoder.` or `decoder.` where a
/// model has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hook {
    /// The stack.
    pub side: Side,
    /// The block, counted from 0.
    pub layer: usize,
    /// The place in it.
    pub point: Point,
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}blocks.{}.{}", self.side.prefix(), self.layer, self.point.suffix())
    }
}

impl std::str::FromStr for Hook {
    type Err = UnknownHook;

    fn from_str(name: &str) -> Result<Self, UnknownHook> {
        let parse = || {
            let side = Side::ALL.into_iter().rev().find(|side| name.starts_with(side.prefix()))?;
            let (layer, suffix) = name.strip_prefix(side.prefix())?.strip_prefix("blocks.")?.split_once('.')?;
            let point = Point::ALL.into_iter().find(|point| point.suffix() == suffix)?;
            Some(Self { side, layer: layer.parse().ok()?, point })
        };
        parse().ok_or_else(|| UnknownHook(name.to_owned()))
    }
}

/// A name that is no hook's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no place in a model; an example that does is blocks.0.attn.hook_pattern.")]
pub struct UnknownHook(pub String);

/// Which places of a run are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    points: BTreeSet<Point>,
    gradients: BTreeSet<Point>,
    /// The only layer of which they are kept; all where there is none.
    layer: Option<usize>,
}

impl Capture {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// These places, in every block.
    pub fn of(points: impl IntoIterator<Item = Point>) -> Self {
        Self { points: points.into_iter().collect(), ..Self::default() }
    }

    /// The same, of one layer alone.
    #[must_use]
    pub fn at_layer(self, layer: usize) -> Self {
        Self { layer: Some(layer), ..self }
    }

    /// The same, and the gradient at these places of every block too, where the run is taken back down. There is one at
    /// [`Point::Pattern`], [`Point::Z`] and their likes for attention to an encoder.
    #[must_use]
    pub fn with_gradients(mut self, points: impl IntoIterator<Item = Point>) -> Self {
        self.gradients.extend(points);
        self
    }

    /// The attention patterns of every block.
    #[must_use]
    pub fn patterns() -> Self {
        Self::of([Point::Pattern, Point::CrossPattern])
    }

    /// Whether `point` of a layer is kept.
    #[must_use]
    pub fn wants(&self, layer: usize, point: Point) -> bool {
        self.points.contains(&point) && self.layer.is_none_or(|only| only == layer)
    }

    /// Whether the gradient at any place is wanted.
    #[must_use]
    pub fn wants_gradients(&self) -> bool {
        !self.gradients.is_empty()
    }
}

/// What a run kept. Tensors are plain: they carry no gradient.
#[derive(Debug, Default)]
pub struct Captures {
    wanted: Capture,
    /// The stack that runs just now.
    side: Side,
    residual: BTreeMap<Hook, Tensor<3>>,
    by_head: BTreeMap<Hook, Tensor<4>>,
    /// What is changed on the way.
    changes: Changes,
    /// Whether the run can be taken back down.
    is_tracked: bool,
    /// What is known of the tokens that were read before, where this run goes on from them.
    past: Option<Past>,
    /// Leaves of nought that were added at the places whose gradient is wanted, since the last [`Captures::take_probes`].
    probes: Vec<(Hook, Tensor<4>)>,
}

impl Captures {
    /// An empty store that will keep what `wanted` says.
    #[must_use]
    pub fn new(wanted: Capture) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// The same for a run that is changed so. What is kept at a place is what goes on from there.
    #[must_use]
    pub fn with_changes(self, changes: Changes) -> Self {
        Self { changes, ..self }
    }

    /// The same for a run that goes on from there.
    pub(crate) fn with_past(self, past: Past) -> Self {
        Self { past: Some(past), ..self }
    }

    /// What is known of all tokens, after a run that went on.
    pub(crate) fn take_past(&mut self) -> Past {
        self.past.take().unwrap_or_default()
    }

    /// The keys and values of all tokens, where these follow others.
    pub(crate) fn after_past(&mut self, layer: usize, k: Tensor<4>, v: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        match &mut self.past {
            Some(past) => past.extend(layer, k, v),
            None => (k, v),
        }
    }

    /// Keys and values of what the encoder read, made once where tokens follow others.
    pub(crate) fn cross_past(
        &mut self,
        layer: usize,
        make: impl FnOnce() -> (Tensor<4>, Tensor<4>),
    ) -> (Tensor<4>, Tensor<4>) {
        match &mut self.past {
            Some(past) => past.cross(layer, make),
            None => make(),
        }
    }

    /// A recurrent unit's state before these tokens, where they follow others.
    pub(crate) fn state_before(&self, layer: usize) -> Option<Tensor<3>> {
        self.past.as_ref()?.state(layer)
    }

    /// Its states `[batch, token, width]`: the last is kept for tokens that follow.
    pub(crate) fn keep_state(&mut self, layer: usize, states: &Tensor<3>) {
        if let Some(past) = &mut self.past {
            let tokens = states.dims()[1];
            past.keep_state(layer, states.clone().narrow(1, tokens.saturating_sub(1), 1));
        }
    }

    /// Says that gradients are to be had: each place that wants one gets a leaf.
    pub(crate) fn track(&mut self) {
        self.is_tracked = true;
    }

    /// The leaves of the block that has just been computed: the gradient at each is the gradient at its place.
    pub(crate) fn take_probes(&mut self) -> Vec<(Hook, Tensor<4>)> {
        std::mem::take(&mut self.probes)
    }

    /// Changes what is found at a place where that was asked for.
    pub(crate) fn changed(&self, layer: usize, point: Point, tensor: Tensor<4>) -> Tensor<4> {
        self.changes.by_head(Hook { side: self.side, layer, point }, tensor)
    }

    /// What goes on from a place of rank 3: changed and kept as was asked for.
    pub(crate) fn pass_residual(&mut self, layer: usize, point: Point, tensor: Tensor<3>) -> Tensor<3> {
        let tensor = self.changes.residual(Hook { side: self.side, layer, point }, tensor);
        self.residual(layer, point, &tensor);
        tensor
    }

    /// What goes on from a place: changed, kept and probed as was asked for.
    pub(crate) fn pass(&mut self, layer: usize, point: Point, tensor: Tensor<4>) -> Tensor<4> {
        let tensor = self.changed(layer, point, tensor);
        self.by_head(layer, point, || tensor.clone());
        if !(self.is_tracked && self.wanted.gradients.contains(&point)) {
            return tensor;
        }
        let leaf = tensor.clone().inner().zeros_like().autodiff().require_grad();
        self.probes.push((Hook { side: self.side, layer, point }, leaf.clone()));
        tensor + leaf
    }

    /// Says which stack runs from here on.
    pub fn enter(&mut self, side: Side) {
        self.side = side;
    }

    /// Keeps a tensor of rank 3 where it is wanted.
    pub fn residual(&mut self, layer: usize, point: Point, tensor: &Tensor<3>) {
        if self.wanted.wants(layer, point) {
            self.residual.insert(Hook { side: self.side, layer, point }, tensor.clone().inner());
        }
    }

    /// Keeps a tensor of rank 4 where it is wanted. `tensor` is only called if so, since some captures (keys before
    /// rotation, say) cost a copy.
    pub fn by_head(&mut self, layer: usize, point: Point, tensor: impl FnOnce() -> Tensor<4>) {
        if self.wanted.wants(layer, point) {
            self.by_head.insert(Hook { side: self.side, layer, point }, tensor().inner());
        }
    }

    /// A kept tensor `[batch, token, width]`.
    #[must_use]
    pub fn get_residual(&self, hook: Hook) -> Option<Tensor<3>> {
        self.residual.get(&hook).cloned()
    }

    /// A kept tensor of rank 4; [`Point`] says which dimensions.
    #[must_use]
    pub fn get_by_head(&self, hook: Hook) -> Option<Tensor<4>> {
        self.by_head.get(&hook).cloned()
    }

    /// The patterns of all layers of the only stack, or of the decoder, in order: each `[batch, head, query, key]`.
    pub fn patterns(&self) -> impl Iterator<Item = Tensor<4>> + '_ {
        self.all(Point::Pattern).filter(|(hook, _)| hook.side != Side::Encoder).map(|(_, tensor)| tensor)
    }

    /// What was kept at a place of rank 3 in all blocks, by stack and layer.
    pub fn all_residual(&self, point: Point) -> impl Iterator<Item = (Hook, Tensor<3>)> + '_ {
        self.residual.iter().filter(move |(hook, _)| hook.point == point).map(|(hook, tensor)| (*hook, tensor.clone()))
    }

    /// What was kept at a place of rank 4 in all blocks, by stack and layer.
    pub fn all(&self, point: Point) -> impl Iterator<Item = (Hook, Tensor<4>)> + '_ {
        self.by_head.iter().filter(move |(hook, _)| hook.point == point).map(|(hook, tensor)| (*hook, tensor.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_transformer_lens_and_round_trip() {
        let only = |layer, point| Hook { side: Side::Only, layer, point };
        assert_eq!(only(3, Point::Pattern).to_string(), "blocks.3.attn.hook_pattern");
        assert_eq!(only(0, Point::ResidPre).to_string(), "blocks.0.hook_resid_pre");
        let cross = Hook { side: Side::Decoder, layer: 1, point: Point::CrossPattern };
        assert_eq!(cross.to_string(), "decoder.blocks.1.cross_attn.hook_pattern");
        for side in Side::ALL {
            for point in Point::ALL {
                let hook = Hook { side, layer: 11, point };
                assert_eq!(hook.to_string().parse(), Ok(hook));
            }
        }
        assert!("blocks.x.hook_resid_pre".parse::<Hook>().is_err());
        assert!("blocks.1.hook_nothing".parse::<Hook>().is_err());
    }
}
