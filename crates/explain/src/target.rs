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
    /// The number for each of the batch, plain: `[batch]`.
    pub value: Tensor<1>,
    /// What to take back down: as tracked as the hidden state was, and with the target's gradient there, though not
    /// always with its value: `[batch]`.
    pub seed: Tensor<1>,
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
                let seed: Tensor<1> = (embedding * other.clone()).sum_dim(1).squeeze_dim(1);
                Ok(Reading { value: seed.clone().inner(), seed, logits: None, ids: None })
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
    let plain = at.clone().inner();
    let (Some(logits), Some(unembedding)) = (model.unembed(plain), model.unembedding()) else {
        return Err(ExplainError::NoUnembedding);
    };
    let vocabulary = logits.dims()[1];
    let ids: Tensor<1, Int> = match choice {
        Choice::MostProbable => logits.clone().argmax(1).squeeze_dim(1),
        Choice::Id(id) if (id as usize) < vocabulary => Tensor::full([batch], i64::from(id), &model.device()),
        Choice::Id(id) => return Err(ExplainError::NoSuchToken { id, vocabulary }),
    };
    let row = unembedding.clone().select(0, ids.clone());
    let logit: Tensor<2> = logits.clone().gather(1, ids.clone().unsqueeze_dim(1));
    // The gradient at the hidden state has a closed form for every reading, so nothing of the vocabulary's size is
    // tracked: w for the logit, w − Σ p·w for its log-probability, and p times that for the probability.
    let (value, gradient) = match read {
        Read::Logit => (logit, row),
        Read::LogProb | Read::Prob => {
            let greatest = logits.clone().max_dim(1);
            let exponentials = (logits.clone() - greatest.clone()).exp();
            let sum = exponentials.clone().sum_dim(1);
            let log_prob = logit - greatest - sum.clone().log();
            let gradient = row - expectation(exponentials / sum, &unembedding);
            match read {
                Read::Prob => (log_prob.clone().exp(), gradient * log_prob.exp()),
                _ => (log_prob, gradient),
            }
        }
    };
    let seed = (at * gradient).sum_dim(1).squeeze_dim(1);
    Ok(Reading { value: value.squeeze_dim(1), seed, logits: Some(logits), ids: Some(ids) })
}

/// Σ p_j·w_j over the vocabulary: `[batch, vocabulary]` times `[vocabulary, width]`.
///
/// What all rows have in common nearly cancels against the target's own row, and gradients magnify what is left; one
/// product over fifty thousand terms in single precision rounds too much of it away, so it is summed in pieces.
fn expectation(probabilities: Tensor<2>, unembedding: &Tensor<2>) -> Tensor<2> {
    const PIECE: usize = 1024;
    let [vocabulary, width] = unembedding.dims();
    let [batch, _] = probabilities.dims();
    let mut sum = Tensor::zeros([batch, width], &unembedding.device());
    for start in (0..vocabulary).step_by(PIECE) {
        let length = PIECE.min(vocabulary - start);
        let piece = probabilities.clone().narrow(1, start, length);
        sum = sum + piece.matmul(unembedding.clone().narrow(0, start, length));
    }
    sum
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
