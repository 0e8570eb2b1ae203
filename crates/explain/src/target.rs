//! The one number that an explanation explains, as a function of a model's final hidden state.

use burn::tensor::{Int, Tensor};
use headlight_models::Transformer;

use crate::ExplainError;

/// As what a next token is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The raw score.
    Logit,
    /// The natural logarithm of the probability over the whole vocabulary.
    LogProb,
    /// The probability over the whole vocabulary.
    Prob,
}

/// Which vocabulary entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The most probable one, found on the device without waiting for it.
    MostProbable,
    /// The one with this number.
    Id(u32),
}

/// The number to explain.
#[expect(clippy::large_enum_variant, reason = "there is one a run")]
#[derive(Clone, Debug)]
pub enum Target {
    /// A token that might follow the one at `position`.
    NextToken {
        /// The token after which it is read, counted from 0.
        position: usize,
        /// Which entry of the vocabulary.
        choice: Choice,
        /// As what.
        read: Read,
    },
    /// The cosine of the text's embedding with another's, which is held constant.
    Similarity {
        /// The other's embedding, of length one: `[1, width]`, as [`pooled`] makes it.
        other: Tensor<2>,
    },
}

/// A target as it was read from one run. `batch` is the run's.
#[derive(Debug)]
pub struct Reading {
    /// The number for each of the batch, tracked: `[batch]`.
    pub value: Tensor<1>,
    /// All logits at the position, plain: `[batch, vocabulary]`. None for a similarity.
    pub logits: Option<Tensor<2>>,
    /// The vocabulary entries that were read: `[batch]`. None for a similarity.
    pub ids: Option<Tensor<1, Int>>,
}

impl Target {
    /// Reads the target from a final hidden state `[batch, token, width]`, tracked or plain.
    ///
    /// # Errors
    /// [`ExplainError`] where the model, its vocabulary or the text has no such thing.
    pub fn read(&self, model: &dyn Transformer, hidden: Tensor<3>) -> Result<Reading, ExplainError> {
        match self {
            Self::NextToken { position, choice, read } => next_token(model, hidden, *position, *choice, *read),
            Self::Similarity { other } => {
                let embedding = pooled(hidden);
                let value = (embedding * other.clone()).sum_dim(1).squeeze_dim(1);
                Ok(Reading { value, logits: None, ids: None })
            }
        }
    }
}

fn next_token(
    model: &dyn Transformer,
    hidden: Tensor<3>,
    position: usize,
    choice: Choice,
    read: Read,
) -> Result<Reading, ExplainError> {
    let [batch, tokens, width] = hidden.dims();
    if position >= tokens {
        return Err(ExplainError::NoSuchPosition { position, tokens });
    }
    let at = hidden.narrow(1, position, 1).reshape([batch, width]);
    let logits = model.unembed(at.clone()).ok_or(ExplainError::NoUnembedding)?;
    let vocabulary = logits.dims()[1];
    let ids: Tensor<1, Int> = match choice {
        Choice::MostProbable => logits.clone().inner().argmax(1).squeeze_dim(1),
        Choice::Id(id) if (id as usize) < vocabulary => Tensor::full([batch], i64::from(id), &model.device()),
        Choice::Id(id) => return Err(ExplainError::NoSuchToken { id, vocabulary }),
    };
    // One logit is one dot product: its gradient needs no product with the whole vocabulary.
    let rows = model.unembedding_rows(ids.clone()).ok_or(ExplainError::NoUnembedding)?;
    let logit: Tensor<1> = (at * rows).sum_dim(1).squeeze_dim(1);
    let log_prob = || {
        let greatest = logits.clone().inner().max_dim(1);
        let sum = (logits.clone() - greatest.clone()).exp().sum_dim(1);
        logit.clone() - (sum.log() + greatest).squeeze_dim(1)
    };
    let value = match read {
        Read::Logit => logit.clone(),
        Read::LogProb => log_prob(),
        Read::Prob => log_prob().exp(),
    };
    Ok(Reading { value, logits: Some(logits.inner()), ids: Some(ids) })
}

/// A text's embedding: the mean of its hidden states (`[batch, token, width]`) over all tokens, at length one, as
/// sentence-transformers makes it. `[batch, width]`.
#[must_use]
pub fn pooled(hidden: Tensor<3>) -> Tensor<2> {
    let [batch, _, width] = hidden.dims();
    let mean = hidden.mean_dim(1).reshape([batch, width]);
    let length = mean.clone().square().sum_dim(1).sqrt();
    mean / length
}
