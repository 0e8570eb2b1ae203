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
    /// One number less another of the same run: why this rather than that (Yin & Neubig 2022). Scores and entries are those
    /// of the first.
    Contrast {
        /// The target.
        target: Box<Target>,
        /// The foil.
        foil: Box<Target>,
    },
}

/// An entry of the vocabulary, and the token after which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The token at which it is read, counted from 0.
    pub position: usize,
    /// The entry's number.
    pub id: u32,
}

/// What a target is read over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// What a classifier pools.
    Labels,
    /// Every token.
    Text,
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
        if let Self::Contrast { target, foil } = self {
            let (of, less) = (target.read(model, hidden.clone())?, foil.read(model, hidden)?);
            return Ok(Reading { value: of.value - less.value, seed: of.seed - less.seed, ..of });
        }
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
            (Self::Label { .. } | Self::Span { .. } | Self::Contrast { .. }, _) => Err(ExplainError::NoLabels),
        }
    }

    /// The same with the entry `id` where it has been left to the model: so that other texts are asked about the same one.
    #[must_use]
    pub fn settled(mut self, id: Option<u32>) -> Self {
        let settle = |choice: &mut Choice| {
            if let (Choice::MostProbable, Some(id)) = (&choice, id) {
                *choice = Choice::Id(id);
            }
        };
        match &mut self {
            Self::Token { choice, .. } | Self::Label { choice, .. } => settle(choice),
            Self::Contrast { target, .. } => **target = target.as_ref().clone().settled(id),
            Self::Span { .. } | Self::Similarity { .. } => {}
        }
        self
    }

    /// The same of another entry of the vocabulary, or of another label.
    #[must_use]
    pub fn of(mut self, id: u32) -> Self {
        if let Self::Token { choice, .. } | Self::Label { choice, .. } = &mut self {
            *choice = Choice::Id(id);
        }
        self
    }

    /// What measures of faithfulness ask for: the probability, whatever is read, without the foil. A similarity is read as it is.
    #[must_use]
    pub fn as_probability(&self) -> Self {
        let mut target = match self {
            Self::Contrast { target, .. } => return target.as_probability(),
            other => other.clone(),
        };
        if let Self::Token { read, .. } | Self::Label { read, .. } | Self::Span { read, .. } = &mut target {
            *read = Read::Prob;
        }
        target
    }

    /// The same read otherwise. A similarity is read as it is.
    #[must_use]
    pub fn read_as(mut self, wanted: Read) -> Self {
        match &mut self {
            Self::Token { read, .. } | Self::Label { read, .. } | Self::Span { read, .. } => *read = wanted,
            Self::Contrast { target, foil } => {
                **target = target.as_ref().clone().read_as(wanted);
                **foil = foil.as_ref().clone().read_as(wanted);
            }
            Self::Similarity { .. } => {}
        }
        self
    }

    /// The first and the last token that it is read at, where it is read at certain ones.
    #[must_use]
    pub fn places(&self) -> Option<(usize, usize)> {
        match self {
            Self::Token { position, .. } | Self::Label { position: Some(position), .. } => Some((*position, *position)),
            Self::Span { start, end, .. } => Some((*start, *end)),
            Self::Contrast { target, .. } => target.places(),
            Self::Label { position: None, .. } | Self::Similarity { .. } => None,
        }
    }

    /// What it is read over, where it is read at no certain token.
    pub(crate) fn read_over(&self) -> Over {
        match self {
            Self::Label { .. } => Over::Labels,
            Self::Contrast { target, .. } => target.read_over(),
            _ => Over::Text,
        }
    }

    /// The same, read at other tokens, where it is read at certain ones.
    #[must_use]
    pub fn at(mut self, first: usize, last: usize) -> Self {
        match &mut self {
            Self::Token { position, .. } | Self::Label { position: Some(position), .. } => *position = first,
            Self::Span { start, end, .. } => (*start, *end) = (first, last),
            Self::Contrast { target, foil } => {
                **target = target.as_ref().clone().at(first, last);
                **foil = foil.as_ref().clone().at(first, last);
            }
            Self::Label { position: None, .. } | Self::Similarity { .. } => {}
        }
        self
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
    Ok(entries(head, prepared, logits, ids, read))
}

/// A token of its own for each sequence of a final hidden state (`[batch, token, width]`, tracked or plain), each read at a
/// place of its own.
pub(crate) fn each_its_own(
    model: &dyn Transformer,
    hidden: Tensor<3>,
    places: &[Place],
    read: Read,
) -> Result<Reading, ExplainError> {
    let Head::Vocabulary(head) = model.head() else { return Err(ExplainError::NoUnembedding) };
    let [batch, tokens, width] = hidden.dims();
    if let Some(Place { position, .. }) = places.iter().find(|place| place.position >= tokens) {
        return Err(ExplainError::NoSuchPosition { position: *position, tokens });
    }
    let device = hidden.device();
    let rows: Vec<i64> = places.iter().enumerate().map(|(at, place)| (at * tokens + place.position) as i64).collect();
    let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &device);
    let prepared = head.prepare(hidden.reshape([batch * tokens, width]).select(0, rows));
    let logits = head.logits(prepared.clone().inner());
    let [_, vocabulary] = logits.dims();
    if let Some(Place { id, .. }) = places.iter().find(|place| place.id as usize >= vocabulary) {
        return Err(ExplainError::NoSuchToken { id: *id, vocabulary });
    }
    let ids: Vec<i64> = places.iter().map(|place| i64::from(place.id)).collect();
    let ids = Tensor::<1, Int>::from_ints(ids.as_slice(), &logits.device());
    Ok(entries(head, prepared, logits, ids, read))
}

/// One entry of the vocabulary for each row that the unembedding is multiplied with.
fn entries(head: &VocabularyHead, prepared: Tensor<2>, logits: Tensor<2>, ids: Tensor<1, Int>, read: Read) -> Reading {
    let row = head.unembedding.select(ids.clone());
    let logit: Tensor<2> = logits.clone().gather(1, ids.clone().unsqueeze_dim(1));
    // The gradient at what the unembedding is multiplied with has a closed form for every reading, so nothing of the
    // vocabulary's size is tracked: w for the logit, Σ p_j·(w − w_j) over all others for its log-probability, and p times
    // that for the probability.
    let (value, gradient) = match read {
        Read::Logit => (logit, row),
        Read::LogProb | Read::Prob => {
            let (log_prob, others) = softmax(&logits, &ids);
            let gradient = row * others.clone().sum_dim(1) - head.unembedding.weighted(others);
            match read {
                Read::Prob => (log_prob.clone().exp(), gradient * log_prob.exp()),
                _ => (log_prob, gradient),
            }
        }
    };
    let seed = (prepared * gradient).sum_dim(1).squeeze_dim(1);
    Reading { value: value.squeeze_dim(1), seed, logits: Some(logits), ids: Some(ids) }
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
    let (value, seed) = match problem {
        Problem::Regression => entry(scores, &ids),
        Problem::SingleLabel => exclusive(scores, &ids, read),
        Problem::MultiLabel => independent(scores, &ids, read),
    };
    let (value, seed) = (value.squeeze_dim(1), seed.squeeze_dim(1));
    Ok(Reading { value, seed, logits: Some(all.unwrap_or(plain)), ids: Some(ids) })
}

fn span(head: &LabelHead, hidden: Tensor<3>, start: usize, end: usize, read: Read) -> Result<Reading, ExplainError> {
    let [batch, tokens, width] = hidden.dims();
    if let Some(position) = [start, end].into_iter().find(|position| *position >= tokens) {
        return Err(ExplainError::NoSuchPosition { position, tokens });
    }
    let scores = head.logits(hidden.reshape([batch * tokens, width])).reshape([batch, tokens, 2]);
    // Starts in the first row of each text, ends in the second: `[2 · batch, token]`.
    let scores = scores.swap_dims(1, 2).reshape([2 * batch, tokens]);
    let plain = scores.clone().inner().reshape([batch, 2 * tokens]);
    let places: Vec<i64> = [start as i64, end as i64].repeat(batch);
    let ids = Tensor::<1, Int>::from_ints(places.as_slice(), &plain.device());
    let read_as = if read == Read::Logit { Read::Logit } else { Read::LogProb };
    let (value, seed) = exclusive(scores, &ids, read_as);
    let both = |rows: Tensor<2>| -> Tensor<1> { rows.reshape([batch, 2]).sum_dim(1).squeeze_dim(1) };
    let (value, seed) = match (read, both(value), both(seed)) {
        (Read::Prob, log_prob, seed) => (log_prob.clone().exp(), seed * log_prob.exp()),
        (_, value, seed) => (value, seed),
    };
    Ok(Reading { value, seed, logits: Some(plain), ids: None })
}

/// One entry of each row of `scores` (`[row, count]`, tracked or plain) as it stands: its value, plain, and a seed for it,
/// both `[row, 1]`.
fn entry(scores: Tensor<2>, ids: &Tensor<1, Int>) -> (Tensor<2>, Tensor<2>) {
    let score: Tensor<2> = scores.gather(1, ids.clone().unsqueeze_dim(1));
    (score.clone().inner(), score)
}

/// The same where the entries of a row exclude each other, so that their probabilities sum to one.
///
/// The gradient is written down, for the softmax's own would lose what is left beside a probability near one.
fn exclusive(scores: Tensor<2>, ids: &Tensor<1, Int>, read: Read) -> (Tensor<2>, Tensor<2>) {
    if read == Read::Logit {
        return entry(scores, ids);
    }
    let (log_prob, others) = softmax(&scores.clone().inner(), ids);
    let (_, score) = entry(scores.clone(), ids);
    let seed = score * others.clone().sum_dim(1) - (scores * others).sum_dim(1);
    match read {
        Read::Prob => (log_prob.clone().exp(), seed * log_prob.exp()),
        _ => (log_prob, seed),
    }
}

/// The same where each entry has a probability of its own: σ(s), whose logarithm has the gradient σ(−s).
fn independent(scores: Tensor<2>, ids: &Tensor<1, Int>, read: Read) -> (Tensor<2>, Tensor<2>) {
    let (plain, score) = entry(scores, ids);
    let rest = activation::sigmoid(-plain.clone());
    match read {
        Read::Logit => (plain, score),
        Read::LogProb => (activation::log_sigmoid(plain), score * rest),
        Read::Prob => {
            let prob = activation::sigmoid(plain);
            (prob.clone(), score * rest * prob)
        }
    }
}

/// The logarithm of the probability of one entry of each row of `scores` (`[row, count]`, plain) as `[row, 1]`, and the
/// probabilities of all others with nought in the entry's own place. It is left out because the gradient of its logarithm
/// is one less its probability: of a probability near one that would leave nothing but rounding, where the sum of the
/// others is exact.
fn softmax(scores: &Tensor<2>, ids: &Tensor<1, Int>) -> (Tensor<2>, Tensor<2>) {
    let score: Tensor<2> = scores.clone().gather(1, ids.clone().unsqueeze_dim(1));
    let greatest = scores.clone().max_dim(1);
    let exponentials = (scores.clone() - greatest.clone()).exp();
    let sum = exponentials.clone().sum_dim(1);
    let others = exponentials.mask_fill(marked(ids, scores.dims()), 0.0) / sum.clone();
    (score - greatest - sum.log(), others)
}

/// Where in each row of `[batch, count]` the number in `ids` stands.
fn marked(ids: &Tensor<1, Int>, [batch, count]: [usize; 2]) -> Tensor<2, Bool> {
    let places = Tensor::<1, Int>::arange(0..count as i64, &ids.device());
    let places = places.unsqueeze_dim::<2>(0).expand([batch, count]);
    ids.clone().unsqueeze_dim::<2>(1).expand([batch, count]).equal(places)
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
