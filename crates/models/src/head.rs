//! What a model says of its final hidden state: the scores of a vocabulary, or of labels.
//!
//! Every head speaks of single rows of the hidden state, so that only the rows that are asked for are computed.

use burn::tensor::Tensor;

use crate::activation::Activation;
use crate::linear::Linear;
use crate::norm::LayerNorm;
use crate::table::Table;

/// What a model ends in.
#[expect(clippy::large_enum_variant, reason = "there is one a model")]
#[derive(Debug)]
pub enum Head {
    /// Nothing: an encoder alone, whose hidden states are the result.
    None,
    /// Scores of all entries of a vocabulary.
    Vocabulary(VocabularyHead),
    /// Scores of a few labels.
    Labels(LabelHead),
}

/// A product, and what may follow it.
#[derive(Debug)]
pub struct Step {
    /// The product.
    pub linear: Linear,
    /// The activation after it.
    pub activation: Option<Activation>,
    /// The norm after that.
    pub norm: Option<LayerNorm>,
}

impl Step {
    /// A product alone.
    #[must_use]
    pub fn linear(linear: Linear) -> Self {
        Self { linear, activation: None, norm: None }
    }

    /// `[row, in]` to `[row, out]`.
    #[must_use]
    pub fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        let rows = self.linear.rows(rows);
        let rows = match self.activation {
            Some(activation) => activation.forward(rows),
            None => rows,
        };
        match &self.norm {
            Some(norm) => norm.forward(rows),
            None => rows,
        }
    }
}

/// A language model's head: logits = prepared · unembeddingᵀ + bias.
#[derive(Debug)]
pub struct VocabularyHead {
    /// Whether a row speaks of the token in its own place (a masked language model) rather than of the next one.
    pub masked: bool,
    /// What comes before the unembedding, where the family has it (BERT's transform).
    pub transform: Option<Step>,
    /// What prepared rows are multiplied with: 1 for most families.
    pub scale: f64,
    /// `[vocabulary, width]`.
    pub unembedding: Table,
    /// `[vocabulary]`.
    pub bias: Option<Tensor<1>>,
}

impl VocabularyHead {
    /// The head of a causal model with this unembedding and nothing else.
    #[must_use]
    pub fn plain(unembedding: Table) -> Self {
        Self { masked: false, transform: None, scale: 1.0, unembedding, bias: None }
    }

    /// From final hidden states `[row, width]` to what the unembedding is multiplied with, `[row, width]`.
    #[must_use]
    pub fn prepare(&self, hidden: Tensor<2>) -> Tensor<2> {
        let rows = match &self.transform {
            Some(transform) => transform.forward(hidden),
            None => hidden,
        };
        if self.scale == 1.0 { rows } else { rows * self.scale }
    }

    /// Logits `[row, vocabulary]` of prepared rows `[row, width]`.
    #[must_use]
    pub fn logits(&self, prepared: Tensor<2>) -> Tensor<2> {
        let logits = self.unembedding.scores(prepared);
        match &self.bias {
            Some(bias) => logits + bias.clone().unsqueeze_dim::<2>(0),
            None => logits,
        }
    }
}

/// What labels are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// The whole text, of which one row speaks.
    Sequence(Problem),
    /// Each token: one label of several.
    Token,
    /// Two scores a token: that an answer starts, and that it ends, there.
    Span,
}

/// How labels exclude each other (transformers' `problem_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// One of several: a softmax.
    SingleLabel,
    /// Any of several: a sigmoid each.
    MultiLabel,
    /// Numbers, not labels.
    Regression,
}

/// Which row speaks of the whole text: one of the hidden state's, or their mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The first (`[CLS]`, `<s>`).
    First,
    /// The last, as in causal models.
    Last,
    /// The mean of all, special tokens included.
    Mean,
}

/// A classifier's head.
#[derive(Debug)]
pub struct LabelHead {
    /// What its labels are about.
    pub kind: LabelKind,
    /// Their names, as many as there are scores.
    pub names: Vec<String>,
    /// Which row speaks of the whole text, for [`LabelKind::Sequence`].
    pub pooling: Pooling,
    /// The products that make scores of a row, one after the other.
    pub steps: Vec<Step>,
}

impl LabelHead {
    /// Scores `[row, label]` of final hidden states `[row, width]`.
    #[must_use]
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.steps.iter().fold(hidden, |rows, step| step.forward(rows))
    }
}

/// ln Σ exp over all scores: what a score is less, as the logarithm of a probability.
#[must_use]
pub fn log_sum_exp(scores: &[f32]) -> f64 {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = scores.iter().map(|score| (f64::from(*score) - f64::from(greatest)).exp()).sum();
    sum.ln() + f64::from(greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_scores_do_not_overflow() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2.0_f64.ln())).abs() < 1e-9);
    }
}
