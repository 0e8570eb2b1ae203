//! Figures of a model's heads and layers: where they look, what they matter, and what they write.

use serde::{Deserialize, Serialize};

use crate::explanation::AttentionKind;
use crate::names::names;

/// A kind of figure that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadFigure {
    /// What each head looks at, and its importance by gradient.
    Profile,
    /// The target as it is read after each layer.
    Lens,
    /// The target's logit as a sum over what heads and MLPs wrote.
    Direct,
    /// What the target loses without each head and each MLP: one run for each of them.
    Ablation,
    /// Each head's induction score on repeated random tokens: of the model, whatever the text. For causal models with one stack.
    Induction,
}
names!(HeadFigure, "figure of heads", {
    HeadFigure::Profile => "profile", HeadFigure::Lens => "lens", HeadFigure::Direct => "direct",
    HeadFigure::Ablation => "ablation", HeadFigure::Induction => "induction",
});

/// All that was asked for of heads and layers, for one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heads {
    /// The profiles, one entry for each kind of attention.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// Profile and ablation as the mean over other texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_texts: Option<OverTexts>,
    /// The target after each layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lens: Option<Lens>,
    /// What was written into the target's logit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<Direct>,
    /// What the target loses without each part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ablation: Option<Ablation>,
    /// What another text's activations do, put into this text's run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patching: Option<Patching>,
    /// How much each head looks at what came after the same token, where texts repeat themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub induction: Option<Induction>,
}

/// Figures of heads as the mean over several texts, each for what the model itself answers to it
/// ([`crate::Request::over`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverTexts {
    /// The target of each text.
    pub values: Vec<f64>,
    /// The profiles. A share is the mean over the texts that have one, importance is of the mean gradient, and labels are by the
    /// means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// What the target loses without each part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ablation: Option<Ablation>,
}

/// The heads of one kind of attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which attention.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// Each head, flat as `[layers, heads]`.
    pub values: Vec<HeadProfile>,
}

/// One head on this text. A share is the mean, over the queries that have such a key, of the attention that they give it: from 0
/// to 1, and none where no query has one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadProfile {
    /// Mean entropy of its rows, −Σ a ln a, in nats, without smoothing.
    pub entropy: f64,
    /// Σα·(i−j) / Σα over queries i and keys j, in tokens (Vig & Belinkov 2019); of |i−j| in an encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The share on the token before the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<f64>,
    /// On the token after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<f64>,
    /// On the query itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<f64>,
    /// On the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// On special tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special: Option<f64>,
    /// On the same token elsewhere: earlier, in a causal model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<f64>,
    /// On the token after the same token elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub induction: Option<f64>,
    /// |Σ z·∂f/∂z| of the target, over its L2 norm in the layer (Michel et al. 2019): from 0 to 1.
    pub importance: f64,
    /// What it may be called: a share above 0.5, that on special tokens above 0.6, an entropy above 3.8 (Clark et al. 2019).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<HeadLabel>,
}

/// What a head may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadLabel {
    /// Looks at the token before.
    Previous,
    /// Looks at the token after.
    Next,
    /// Looks at itself.
    Same,
    /// Looks at the first token.
    First,
    /// Looks at special tokens.
    Special,
    /// Looks at the same token elsewhere.
    Duplicate,
    /// Looks at what came after the same token.
    Induction,
    /// Looks everywhere.
    Broad,
}

/// A number for each head of one kind of attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadValues {
    /// Which attention.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// Flat as `[layers, heads]`, signed.
    pub values: Vec<f64>,
}

/// A number for each layer of one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackValues {
    /// The stack, as its attention is named.
    pub kind: AttentionKind,
    /// `[layers]`, signed.
    pub values: Vec<f64>,
}

/// A number for each token before each layer of one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenValues {
    /// The stack, as its attention is named.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many tokens.
    pub tokens: usize,
    /// Flat as `[layers, tokens]`, signed.
    pub values: Vec<f64>,
}

/// The target as it would be read after 0, 1, … and all layers of the stack that it is read from: the last norm with the
/// statistics that it finds there, then the head, its bias included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lens {
    /// The target as it is read, with its foil: `[layers + 1]`, as all that follow.
    pub values: Vec<f64>,
    /// Its logit, less the foil's; none for a similarity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logits: Option<Vec<f64>>,
    /// Its log-probability, less the foil's; none for a similarity and a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probs: Option<Vec<f64>>,
    /// How many entries or labels are better: 0 where it is the best. None where the target is not one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks: Option<Vec<usize>>,
    /// The best entry or label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<Vec<LensEntry>>,
    /// The least number of layers after which the target is the best and stays so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wins: Option<usize>,
}

/// An entry of the vocabulary, or a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LensEntry {
    /// Its number.
    pub id: u32,
    /// Its piece, or the label.
    pub text: String,
}

/// The shares of the target's logit, which sum to it: each part goes through the norms behind it as if their statistics were
/// constants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direct {
    /// The logit, less the foil's; a similarity as it is.
    pub logit: f64,
    /// Of what enters the first block.
    pub embedding: f64,
    /// Of each head of the stack that the target is read from.
    pub heads: Vec<HeadValues>,
    /// Of what stands in attention's place in each layer, where something does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recurrence: Vec<f64>,
    /// Of each layer's MLP.
    pub mlps: Vec<f64>,
    /// Of biases that are no part's.
    pub biases: f64,
    /// What is left where the model's head is not linear.
    pub rest: f64,
}

/// The target less what it is without each part, in the target's unit: positive where the part speaks for the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    /// What a part's output was multiplied with: 0 takes it out.
    pub factor: f64,
    /// The target for the model as it is.
    pub value: f64,
    /// Of each head, by its z.
    pub heads: Vec<HeadValues>,
    /// Of each layer's MLP, by what it adds.
    pub mlps: Vec<StackValues>,
}

/// What the target becomes with one activation of another text's run, less what it is: in the target's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patching {
    /// The other text, of as many tokens.
    pub text: String,
    /// The target for this text.
    pub value: f64,
    /// The same number for the other text.
    pub other_value: f64,
    /// Of each head's z.
    pub z: Vec<HeadValues>,
    /// Of each head's pattern.
    pub pattern: Vec<HeadValues>,
    /// Of what enters each block at each token.
    pub residual: Vec<TokenValues>,
}

/// Induction scores: the mean of a pattern's diagonal at offset 1 − length over texts of random tokens said twice, as
/// TransformerLens measures it. From 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Induction {
    /// How many tokens are said twice.
    pub length: usize,
    /// How many texts.
    pub texts: usize,
    /// The ids that are drawn: the least, and one more than the greatest.
    pub range: [u32; 2],
    /// What random numbers begin with.
    pub seed: u64,
    /// Each head's score.
    pub scores: HeadValues,
}
