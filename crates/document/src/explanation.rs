//! The explanation document: one question, its answer, and everything computed about it.
//!
//! The worker sends it, the command line prints it, the page exports it, and tests read it. A field's meaning never
//! changes under one schema version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::faithfulness::{Agreement, Faithfulness};
use crate::heads::Heads;
use crate::intervention::Changed;
use crate::json;
use crate::method::Method;
use crate::request::{Read, Request, Task};
use crate::target_spec::TargetKind;
use crate::wrote::Wrote;

/// The schema that [`Explanation::schema`] names.
pub const SCHEMA: &str = "headlight/explanation@1";

/// One explanation, complete in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The model that was asked.
    pub model: Model,
    /// The text, cut into tokens.
    pub input: Input,
    /// What the model answers.
    pub output: Output,
    /// The number that is explained.
    pub target: Target,
    /// One entry for each method, each with one value for every entry of `input.tokens`.
    pub attributions: Vec<Attribution>,
    /// How alike each two of the attributions are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<Agreement>,
    /// What was measured of the attributions, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faithfulness: Option<Faithfulness>,
    /// Gradient times activation by layer and by head, one entry for each stack of blocks. Empty where it was not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerAttribution>,
    /// Figures of heads and layers, where they were asked for: a [`Heads`] as JSON, so that who does not read it need not know
    /// it, which is 30 KiB of the page. [`Explanation::heads`] reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<serde_json::Value>,
    /// What the model answers with something changed in it, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
    /// What the model wrote on its own after the text, where it was saved with that. Never in what an engine sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Box<Wrote>>,
    /// Attention maps. Empty where none were asked for.
    pub attention: Vec<Attention>,
    /// What a reader must know before trusting the numbers, a sentence each.
    pub warnings: Vec<String>,
    /// Wall-clock times in milliseconds: `tokenize`, `forward`, `backward`, `readback`, `total`.
    pub timing_ms: BTreeMap<String, f64>,
    /// The question that it answers, where it was saved to be opened by itself: with that it can be asked again. Never in what an
    /// engine sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<Request>>,
}

impl Explanation {
    /// Whether a method's values are there.
    #[must_use]
    pub fn has_method(&self, method: Method) -> bool {
        self.attributions.iter().any(|one| one.method == method)
    }

    /// Figures of heads and layers, where there are any that can be read.
    #[must_use]
    pub fn heads(&self) -> Option<Heads> {
        // By its text, and not as it is: another kind of reader (`json`).
        self.heads.as_ref().and_then(|heads| json::read(heads.to_string().as_bytes()).ok())
    }
}

/// Which model answered, and on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The registered name, or the folder's name.
    pub id: String,
    /// The name that people know it by.
    pub title: String,
    /// SHA-256 of the weights' file, in lower-case hexadecimal; of the adapter's where one is merged into them.
    pub sha256: String,
    /// The architecture's family.
    pub family: String,
    /// How many layers (transformer blocks) it has.
    pub layers: usize,
    /// How many query heads a layer has.
    pub heads: usize,
    /// How many key and value heads a layer has: fewer than `heads` where queries share them.
    pub key_value_heads: usize,
    /// The licence of the weights.
    pub license: String,
    /// `cpu`, or `webgpu` with the adapter's name.
    pub device: String,
}

/// The text as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// What was done with the text.
    pub task: Task,
    /// The text.
    pub text: String,
    /// The second text, where the task takes two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_text: Option<String>,
    /// What the model was given instead of the bare text, where that is more: a prompt with examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The tokens that the model read, special ones included: of the text, of the prompt, or of both texts one after the
    /// other.
    pub tokens: Vec<InputToken>,
}

/// One token and the piece of text it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// The piece to show.
    pub text: String,
    /// Which text it is from: 0 for the text (or the prompt), 1 for the second text.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub source: u8,
    /// First byte of the piece in that text, as UTF-8.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
    /// Whether it stands for no text, like `[CLS]`.
    pub special: bool,
    /// The word it belongs to, counted from 0; none for special tokens.
    pub word: Option<usize>,
}

fn is_zero(value: &u8) -> bool {
    *value == 0
}

/// What the model answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The candidates at the target's place, best first: tokens of the vocabulary, or labels. Empty for tasks without
    /// candidates.
    pub top: Vec<Candidate>,
    /// What the model wrote, or the answer that it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The tokens that it wrote, the last of which may end the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<OutputToken>,
    /// The best label of each of the input's tokens, for models that label tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<TokenLabel>,
    /// The most probable answers, best first, for models that find answers in the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<SpanCandidate>,
}

/// One token that a model wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// The piece to show, a leading space included.
    pub text: String,
    /// Whether it stands for no text, like `</s>`.
    pub special: bool,
    /// Its probability over the whole vocabulary, given what stands before it.
    pub prob: f64,
}

/// The best label of one token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLabel {
    /// The label.
    pub label: String,
    /// Its probability over all labels.
    pub prob: f64,
}

/// One possible answer in the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanCandidate {
    /// Its first token, counted from 0 with special tokens.
    pub start: usize,
    /// Its last token.
    pub end: usize,
    /// The piece of text.
    pub text: String,
    /// The sum of both logits.
    pub logit: f64,
    /// The product of both probabilities, each over all tokens.
    pub prob: f64,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its number in the vocabulary, or among the labels.
    pub id: u32,
    /// The piece to show, a leading space included, or the label.
    pub text: String,
    /// Its raw score.
    pub logit: f64,
    /// Its probability over the whole vocabulary or all labels; each on its own where labels do not exclude each other,
    /// and the score again for a regression.
    pub prob: f64,
}

/// The number that is explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What kind of number it is.
    pub kind: TargetKind,
    /// The token that it is read at, counted from 0 with special tokens: of the input, or of the output for a token that
    /// the model writes. The first token of an answer. None for a label of the text and for a similarity.
    pub position: Option<usize>,
    /// The last token of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
    /// The vocabulary entry or the label it is about; none for an answer and for a similarity.
    pub id: Option<u32>,
    /// That entry's piece, the label, the answer, or the second text of a similarity.
    pub text: String,
    /// As what it is read.
    pub read: Read,
    /// The number itself: a logit, a natural logarithm, a probability, or a cosine. With a foil, the difference.
    pub value: f64,
    /// What it is held against, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foil: Option<Foil>,
}

/// What a target is held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foil {
    /// Its number in the vocabulary, or among the labels.
    pub id: u32,
    /// Its piece, or the label.
    pub text: String,
}

/// One method's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// The method.
    pub method: Method,
    /// The parameters it ran with, by name.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// One number for every entry of `input.tokens`, in the unit of the target (`saliency`: target per unit of
    /// embedding length).
    pub values: Vec<f64>,
    /// The standard error of each of `values`, for methods that draw samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard_errors: Option<Vec<f64>>,
    /// What was left out together, as lists of `input.tokens` (those that were written count on behind them). A unit's number
    /// is shared out evenly among its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<Vec<usize>>>,
    /// One number for each of `output.tokens` that stood before the target, where the model reads what it has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_values: Option<Vec<f64>>,
    /// What speaks for or against the values.
    pub checks: Checks,
}

/// What backpropagation leaves on its way down one stack of blocks: gradient times activation, summed over width. In the unit
/// of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerAttribution {
    /// The stack, as its attention is named: an encoder's, or a decoder's.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// How many tokens went through it.
    pub tokens: usize,
    /// At what each layer gives on, flat as `[layers, tokens]`.
    pub outputs: Vec<f32>,
    /// At each head's `hook_z`, flat as `[layers, heads, tokens]`.
    pub z: Vec<f32>,
}

/// Figures that tell how far an attribution can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// The target in the run that the values come from.
    pub target_value: f64,
    /// The target where nothing is there: of integrated gradients' baseline, or with no unit of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_value: Option<f64>,
    /// Σ values less what they should sum to, `target_value − baseline_value`: integrated gradients' completeness, the
    /// efficiency of Shapley and Owen values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness_error: Option<f64>,
    /// R², weighted, of LIME's linear model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// Where the values are an estimate, made while the method still runs: the share of its work that they come from. Never in
    /// a whole document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Why the values must not be trusted, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrust: Option<String>,
}

/// Attention of one kind, over all layers and heads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// Which attention.
    pub kind: AttentionKind,
    /// How many layers.
    pub layers: usize,
    /// How many heads a layer.
    pub heads: usize,
    /// How many queries.
    pub rows: usize,
    /// How many keys.
    pub columns: usize,
    /// Every weight, flat and row-major as `[layers, heads, rows, columns]`. A row is a query and sums to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f32>>,
    /// Every head's map made small, where `values` are left out for their size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<Overview>,
    /// Figures of each head, flat as `[layers, heads]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<AttentionSummary>,
}

/// Every head's map, made small: rows and columns are taken together in squares, and of each square the largest weight is
/// kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// How many rows a small map has.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Flat and row-major as `[layers, heads, rows, columns]`.
    pub values: Vec<f32>,
}

impl Overview {
    /// How many rows and columns a small map has at most: about as many pixels as a thumbnail on a screen.
    pub const SIDE: usize = 64;
}

impl Attention {
    /// The map of one head, flat and row-major as `[rows, columns]`, where values are at hand and the head exists.
    #[must_use]
    pub fn head(&self, layer: usize, head: usize) -> Option<&[f32]> {
        if layer >= self.layers || head >= self.heads {
            return None;
        }
        let size = self.rows.checked_mul(self.columns)?;
        let start = (layer * self.heads + head).checked_mul(size)?;
        self.values.as_deref()?.get(start..start.checked_add(size)?)
    }
}

/// Which attention a map is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// A decoder's own tokens (`self`): row i attends to columns 0..=i.
    #[serde(rename = "self")]
    SelfAttention,
    /// An encoder's tokens: every row attends to every column.
    Encoder,
    /// From a decoder's tokens to an encoder's.
    Cross,
}

/// Figures of each head, flat as `[layers, heads]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttentionSummary {
    /// Mean entropy of a head's rows, −Σ a ln a, in nats.
    pub entropy: Vec<f32>,
    /// Mean distance of query and key weighted by attention, in tokens: Σα·|i−j| / Σα (Vig & Belinkov 2019).
    pub distance: Vec<f32>,
    /// The greatest weight that the last query gives a key other than the first and itself, which most heads fall back to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peak: Vec<f32>,
    /// Between two texts, how well the head aligns them, from 0 to 1: the sum over the keys of the largest weight of each, over
    /// the smaller number of queries and keys, of tokens that stand for text. Empty elsewhere, and for less than two queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alignment: Vec<f32>,
    /// One number for each key, not for each head: what it gets, as the mean weight over all heads and over the queries that see
    /// it (Gu et al. 2024, who call a key that gets more than 0.3 a sink).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub received: Vec<f32>,
}
