//! The one number that an explanation explains, as a function of a model's final hidden state.

use burn::tensor::{Bool, Int, Tensor, activation};
use headlight_models::{Head, LabelHead, LabelKind, Pooling, Problem, Transformer, VocabularyHead};

use crate::ExplainError;

/// As what a token or a label is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The raw score.
    Logit,
    /// The natural logarithm of the probability, over the whole vocabulary or all labels.
    LogProb,
    /// The probability, over the whole vocabulary or all labels.
    Prob,
}

/// Which entry of the vocabulary, or which label, is meant.
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
    /// An entry of the vocabulary: a token that might follow the one at `position`, or the word that a masked language
    /// model puts there.
    Token {
        /// The token at which it is read, counted from 0.
        position: usize,
        /// Which entry of the vocabulary.
        choice: Choice,
        /// As what.
        read: Read,
    },
    /// A classifier's label.
    Label {
        /// The token, counted from 0, for a classifier of tokens; none for a classifier of texts.
        position: Option<usize>,
        /// Which label, by its number.
        choice: Choice,
        /// As what. A regression's number is only ever itself.
        read: Read,
    },
    /// An answer's first and last token, in an extractive question answering model: the sum of both logits, or of both
    /// log-probabilities, or the product of both probabilities.
    Span {
        /// The answer's first token, counted from 0.
        start: usize,
        /// The answer's last token.
        end: usize,
        /// As what. Probabilities are over all tokens.
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
    /// The scores among which the target is one, plain. `[batch, vocabulary]` for a token, `[batch, label]` for a text's
    /// label, `[batch, token · label]` for a token's label, `[batch, 2 · token]` for a span (starts, then ends), none for
    /// a similarity.
    pub logits: Option<Tensor<2>>,
    /// The vocabulary entries or labels that were read: `[batch]`. None for a span and a similarity.
    pub ids: Option<Tensor<1, Int>>,
}

impl Target {
    /// Reads the target from a final hidden state `[batch, token, width]`, tracked or plain.
    ///
    /// # Errors
    /// [`ExplainError`] where the model, its vocabulary or labels, or the text has no such thing.
    pub fn read(&self, model: &dyn Transformer, hidden: Tensor<3>) -> Result<Reading, ExplainError> {
        match (self, model.head()) {
            (Self::Token { position, choice, read }, Head::Vocabulary(head)) => {
                token(head, row(hidden, *position)?, *choice, *read)
            }
            (Self::Label { position, choice, read }, Head::Labels(head)) => {
                label(head, hidden, *position, *choice, *read)
            }
            (Self::Span { start, end, read }, Head::Labels(head)) if head.kind == LabelKind::Span => {
                span(head, hidden, *start, *end, *read)
            }
            (Self::Similarity { other }, _) => {
                let embedding = pooled(hidden);
                let seed: Tensor<1> = (embedding * other.clone()).sum_dim(1).squeeze_dim(1);
                Ok(Reading { value: seed.clone().inner(), seed, logits: None, ids: None })
            }
            (Self::Token { .. }, _) => Err(ExplainError::NoUnembedding),
            (Self::Label { .. } | Self::Span { .. }, _) => Err(ExplainError::NoLabels),
        }
    }
}

/// The hidden state of one token: `[batch, width]`.
fn row(hidden: Tensor<3>, position: usize) -> Result<Tensor<2>, ExplainError> {
    let [batch, tokens, width] = hidden.dims();
    if position >= tokens {
        return Err(ExplainError::NoSuchPosition { position, tokens });
    }
    Ok(hidden.narrow(1, position, 1).reshape([batch, width]))
}

/// The numbers of the chosen ones among `scores` (`[batch, count]`, plain).
fn chosen(scores: &Tensor<2>, choice: Choice) -> Result<Tensor<1, Int>, ExplainError> {
    let [batch, count] = scores.dims();
    match choice {
        Choice::MostProbable => Ok(scores.clone().argmax(1).squeeze_dim(1)),
        Choice::Id(id) if (id as usize) < count => Ok(Tensor::full([batch], i64::from(id), &scores.device())),
        Choice::Id(id) => Err(ExplainError::NoSuchToken { id, vocabulary: count }),
    }
}

fn token(head: &VocabularyHead, at: Tensor<2>, choice: Choice, read: Read) -> Result<Reading, ExplainError> {
    let prepared = head.prepare(at);
    let logits = head.logits(prepared.clone().inner());
    let ids = chosen(&logits, choice)?;
    let row = head.unembedding.clone().select(0, ids.clone());
    let logit: Tensor<2> = logits.clone().gather(1, ids.clone().unsqueeze_dim(1));
    // The gradient at what the unembedding is multiplied with has a closed form for every reading, so nothing of the
    // vocabulary's size is tracked: w for the logit, Σ p_j·(w − w_j) over all others for its log-probability, and p times
    // that for the probability. The target itself is left out of the sum, where it would cancel: a probability near one
    // would leave nothing but rounding.
    let (value, gradient) = match read {
        Read::Logit => (logit, row),
        Read::LogProb | Read::Prob => {
            let greatest = logits.clone().max_dim(1);
            let exponentials = (logits.clone() - greatest.clone()).exp();
            let sum = exponentials.clone().sum_dim(1);
            let log_prob = logit - greatest - sum.clone().log();
            let others = exponentials.mask_fill(marked(&ids, logits.dims()), 0.0) / sum;
            let gradient = row * others.clone().sum_dim(1) - expectation(others, &head.unembedding);
            match read {
                Read::Prob => (log_prob.clone().exp(), gradient * log_prob.exp()),
                _ => (log_prob, gradient),
            }
        }
    };
    let seed = (prepared * gradient).sum_dim(1).squeeze_dim(1);
    Ok(Reading { value: value.squeeze_dim(1), seed, logits: Some(logits), ids: Some(ids) })
}

fn label(
    head: &LabelHead,
    hidden: Tensor<3>,
    position: Option<usize>,
    choice: Choice,
    read: Read,
) -> Result<Reading, ExplainError> {
    let [batch, tokens, width] = hidden.dims();
    let (at, problem, all) = match (head.kind, position) {
        (LabelKind::Sequence(problem), None) => {
            let at = match head.pooling {
                Pooling::First => row(hidden, 0)?,
                Pooling::Last => row(hidden, tokens.saturating_sub(1))?,
                Pooling::Mean => hidden.mean_dim(1).reshape([batch, width]),
            };
            (at, problem, None)
        }
        (LabelKind::Token, Some(position)) => {
            let plain = hidden.clone().inner().reshape([batch * tokens, width]);
            let all = head.logits(plain).reshape([batch, tokens * head.names.len()]);
            (row(hidden, position)?, Problem::SingleLabel, Some(all))
        }
        _ => return Err(ExplainError::NoLabels),
    };
    let scores = head.logits(at);
    let plain = scores.clone().inner();
    let ids = chosen(&plain, choice)?;
    let scores = match (problem, read) {
        (Problem::Regression, _) | (_, Read::Logit) => scores,
        (Problem::SingleLabel, Read::LogProb) => activation::log_softmax(scores, 1),
        (Problem::SingleLabel, Read::Prob) => activation::softmax(scores, 1),
        (Problem::MultiLabel, Read::LogProb) => activation::log_sigmoid(scores),
        (Problem::MultiLabel, Read::Prob) => activation::sigmoid(scores),
    };
    let seed: Tensor<1> = scores.gather(1, ids.clone().unsqueeze_dim(1)).squeeze_dim(1);
    Ok(Reading { value: seed.clone().inner(), seed, logits: Some(all.unwrap_or(plain)), ids: Some(ids) })
}

fn span(head: &LabelHead, hidden: Tensor<3>, start: usize, end: usize, read: Read) -> Result<Reading, ExplainError> {
    let [batch, tokens, width] = hidden.dims();
    if let Some(position) = [start, end].into_iter().find(|position| *position >= tokens) {
        return Err(ExplainError::NoSuchPosition { position, tokens });
    }
    let scores = head.logits(hidden.reshape([batch * tokens, width])).reshape([batch, tokens, 2]);
    // Starts in the first half, ends in the second: `[batch, 2, token]`.
    let scores = scores.swap_dims(1, 2);
    let plain = scores.clone().inner().reshape([batch, 2 * tokens]);
    let scores = if read == Read::Logit { scores } else { activation::log_softmax(scores, 2) };
    let at = |which: usize, position: usize| -> Tensor<1> {
        scores.clone().narrow(1, which, 1).narrow(2, position, 1).reshape([batch])
    };
    let sum = at(0, start) + at(1, end);
    let seed = if read == Read::Prob { sum.exp() } else { sum };
    Ok(Reading { value: seed.clone().inner(), seed, logits: Some(plain), ids: None })
}

/// Where in each row of `[batch, count]` the number in `ids` stands.
fn marked(ids: &Tensor<1, Int>, [batch, count]: [usize; 2]) -> Tensor<2, Bool> {
    let places = Tensor::<1, Int>::arange(0..count as i64, &ids.device());
    let places = places.unsqueeze_dim::<2>(0).expand([batch, count]);
    ids.clone().unsqueeze_dim::<2>(1).expand([batch, count]).equal(places)
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
