//! Writing with an encoder-decoder model: greedily, or with several beams.
//!
//! Both do what transformers' `generate` does without sampling (`generation/utils.py`: `_sample`, `_beam_search`), with
//! its defaults for what is not a parameter here: beams end when none can come to more than the worst that is finished
//! (`early_stopping = False`), and a text that reaches the limit counts as finished. The encoder runs once. Greedily, the
//! decoder keeps what it has read ([`Continuation`]); with several beams it runs over all that is written at each step, all beams
//! together.

use std::cmp::Ordering;

use burn::tensor::Tensor;
use thiserror::Error;

use crate::batch::Batch;
use crate::continuation::Continuation;
use crate::head::{Head, VocabularyHead, log_sum_exp};
use crate::pulse::{Beat, Pulse, Stage};
use crate::run::{self, RunError};
use crate::transformer::{Generation, Transformer};

/// The most beams that are written side by side.
pub const MAX_BEAMS: usize = 32;

/// What stands for no chance at all, as in transformers' beams.
const NOTHING: f32 = -1e9;

/// Why a model cannot write.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A run failed or was given up.
    #[error(transparent)]
    Run(#[from] RunError),
    /// It is no encoder-decoder model with a vocabulary.
    #[error("This model does not read one text and write another, so it cannot translate.")]
    NoTranslator,
    /// It is no causal model with a vocabulary.
    #[error("This model does not go on with a text; a causal one does, such as SmolLM2.")]
    NoWriter,
    /// The scores are not numbers.
    #[error("The model's scores are not numbers; its file is damaged, or the device has failed.")]
    NotFinite,
}

/// A text that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Its tokens: without the one that it started from, with the one that ended it.
    pub ids: Vec<u32>,
    /// The natural logarithm of each token's probability, given the text and what stands before it.
    pub log_probs: Vec<f32>,
    /// The natural logarithm of its probability; with several beams, divided by its length to the power of the length
    /// penalty.
    pub score: f32,
    /// Whether it came to an end before the limit.
    pub ended: bool,
}

/// Counts blocks over all steps.
struct Through<'a> {
    pulse: &'a dyn Pulse,
    step: usize,
    steps: usize,
}

impl Pulse for Through<'_> {
    fn beat(&self, _: Stage, done: usize, total: usize) -> Beat<'_> {
        self.pulse.beat(Stage::Forward, self.step * total + done, self.steps * total)
    }
}

/// A model that has read a text, and may write.
struct Writer<'a> {
    model: &'a dyn Transformer,
    head: &'a VocabularyHead,
    generation: Generation,
    /// `[1, source token, width]`
    memory: Tensor<3>,
    /// The most tokens to write.
    limit: usize,
    pulse: &'a dyn Pulse,
}

impl<'a> Writer<'a> {
    async fn read(
        model: &'a dyn Transformer,
        source: &[u32],
        limit: usize,
        pulse: &'a dyn Pulse,
    ) -> Result<Self, DecodeError> {
        let (Some(encoder), Some(generation), Head::Vocabulary(head)) =
            (model.encoder(), model.generation(), model.head())
        else {
            return Err(DecodeError::NoTranslator);
        };
        if source.is_empty() {
            return Err(RunError::Empty.into());
        }
        let limit = limit.min(model.architecture().context);
        let memory = run::encode(model, encoder.embed(&Batch::one(source)), pulse).await?;
        Ok(Self { model, head, generation, memory, limit, pulse })
    }

    /// The logarithms of the probabilities of what may follow each of `prefixes`, which are as long as each other: the
    /// vocabulary for the first, then for the second, and so on. What is never written has −∞.
    async fn follow(&self, prefixes: &[Vec<u32>]) -> Result<Vec<f32>, DecodeError> {
        let ids: Vec<Vec<u32>> = prefixes
            .iter()
            .map(|prefix| std::iter::once(self.generation.start).chain(prefix.iter().copied()).collect())
            .collect();
        let (batch, tokens) = (ids.len(), ids.first().map_or(0, Vec::len));
        let pulse = Through { pulse: self.pulse, step: tokens.saturating_sub(1), steps: self.limit };
        let embeddings = self.model.embed(&Batch::many(ids));
        let memory = self.memory.clone().repeat_dim(0, batch);
        let hidden = run::decode(self.model, embeddings, memory, &pulse).await?;
        let [_, _, width] = hidden.dims();
        let last = hidden.narrow(1, tokens.saturating_sub(1), 1).reshape([batch, width]);
        let logits = self.head.logits(self.head.prepare(last));
        let [_, vocabulary] = logits.dims();
        let data = logits.into_data_async().await.map_err(|error| RunError::Device(format!("{error:?}")))?;
        let mut scores = data.try_into_vec::<f32>().map_err(|error| RunError::Device(format!("{error:?}")))?;
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(DecodeError::NotFinite);
        }
        for scores in scores.chunks_exact_mut(vocabulary.max(1)) {
            log_softmax(scores);
            for id in &self.generation.never {
                if let Some(score) = usize::try_from(*id).ok().and_then(|id| scores.get_mut(id)) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        Ok(scores)
    }

    fn ends(&self, id: u32) -> bool {
        self.generation.end.contains(&id)
    }
}

fn log_softmax(scores: &mut [f32]) {
    let log_sum = log_sum_exp(scores);
    scores.iter_mut().for_each(|score| *score = (f64::from(*score) - log_sum) as f32);
}

/// The numbers of the `count` greatest of `values`, the greatest first, and of equal ones the first.
pub(crate) fn greatest(values: &[f32], count: usize) -> Vec<usize> {
    let mut kept: Vec<(f32, usize)> = Vec::with_capacity(count + 1);
    for (index, value) in values.iter().enumerate() {
        if kept.len() == count && kept.last().is_none_or(|(least, _)| value <= least) {
            continue;
        }
        let place = kept.partition_point(|(other, _)| other.total_cmp(value) != Ordering::Less);
        kept.insert(place, (*value, index));
        kept.truncate(count);
    }
    kept.into_iter().map(|(_, index)| index).collect()
}

/// Writes the most probable token after each other, at most `limit`, for the tokens `source` of a text.
///
/// # Errors
/// [`DecodeError`] where the model cannot write, the text cannot be run, or `pulse` says to stop.
pub async fn greedy(
    model: &dyn Transformer,
    source: &[u32],
    limit: usize,
    pulse: &dyn Pulse,
) -> Result<Written, DecodeError> {
    greedy_after(model, source, &[], limit, pulse).await
}

/// As [`greedy`], after tokens that stand there for certain, with their log-probabilities; they are a part of what is written, and
/// one of them may end it.
///
/// # Errors
/// As [`greedy`]; the vocabulary has to have every one of `begun`.
pub async fn greedy_after(
    model: &dyn Transformer,
    source: &[u32],
    begun: &[u32],
    limit: usize,
    pulse: &dyn Pulse,
) -> Result<Written, DecodeError> {
    let end = model.generation().map(|generation| generation.end).unwrap_or_default();
    let limit = limit.min(model.architecture().context);
    let mut reading = Continuation::translate(model, source, pulse).await?;
    let mut written = Written { ids: Vec::new(), log_probs: Vec::new(), score: 0.0, ended: false };
    while written.ids.len() < limit {
        let best = || reading.best(1).first().map(|(id, _)| *id);
        let Some(id) = begun.get(written.ids.len()).copied().or_else(best) else { break };
        let log_prob = reading.log_prob(id) as f32;
        written.ids.push(id);
        written.log_probs.push(log_prob);
        written.score += log_prob;
        written.ended = end.contains(&id);
        if written.ended || written.ids.len() == limit {
            break;
        }
        let pulse = Through { pulse, step: written.ids.len(), steps: limit };
        reading.push(&[id], &pulse).await?;
    }
    Ok(written)
}

/// A text on its way, or finished.
#[derive(Clone, Default)]
struct Beam {
    ids: Vec<u32>,
    log_probs: Vec<f32>,
    score: f32,
    /// Whether its last token ends it, or the limit does.
    stopped: bool,
}

/// Writes with `beams` texts side by side (1 to [`MAX_BEAMS`]), at most `limit` tokens each, and gives back the best: the
/// one with the greatest log-probability divided by its length to the power of `length_penalty`.
///
/// # Errors
/// As [`greedy`].
pub async fn beam(
    model: &dyn Transformer,
    source: &[u32],
    beams: usize,
    length_penalty: f32,
    limit: usize,
    pulse: &dyn Pulse,
) -> Result<Written, DecodeError> {
    let writer = Writer::read(model, source, limit, pulse).await?;
    let beams = beams.clamp(1, MAX_BEAMS);
    let vocabulary = model.architecture().vocabulary.max(1);
    // Enough that as many go on as there are beams, should each that could end do so.
    let kept = beams * (1 + writer.generation.end.len()).max(2);
    // All beams start from the same token; only the first may be gone on from, or all would write the same.
    let mut running = vec![Beam::default()];
    let mut finished: Vec<Beam> = Vec::new();
    for length in 1..=writer.limit {
        let prefixes: Vec<Vec<u32>> = running.iter().map(|beam| beam.ids.clone()).collect();
        let mut scores = writer.follow(&prefixes).await?;
        for (scores, beam) in scores.chunks_exact_mut(vocabulary).zip(&running) {
            scores.iter_mut().for_each(|score| *score += beam.score);
        }
        let candidates: Vec<Beam> = greatest(&scores, kept)
            .into_iter()
            .filter_map(|index| {
                let before = running.get(index / vocabulary)?;
                let (mut next, score) = (before.clone(), scores.get(index).copied()?);
                let id = (index % vocabulary) as u32;
                next.ids.push(id);
                next.log_probs.push(score - before.score);
                Some(Beam { score, stopped: writer.ends(id) || length == writer.limit, ..next })
            })
            .filter(|beam| beam.score > f32::NEG_INFINITY)
            .collect();

        // Only those among the best may end; the others are there to go on from.
        let share = (length as f32).powf(length_penalty);
        let ending = candidates.iter().take(beams).filter(|beam| beam.stopped);
        finished.extend(ending.map(|beam| Beam { score: beam.score / share, ..beam.clone() }));
        finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        finished.truncate(beams);
        running = candidates.into_iter().filter(|beam| !beam.stopped).take(beams).collect();

        let Some(best) = running.first().map(|beam| beam.score / share) else { break };
        let worst = finished.get(beams - 1).map_or(NOTHING, |beam| beam.score);
        if best <= worst {
            break;
        }
    }
    let best = finished.into_iter().next().unwrap_or_default();
    let ended = best.ids.last().is_some_and(|id| writer.ends(*id));
    Ok(Written { ids: best.ids, log_probs: best.log_probs, score: best.score, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_in_order_and_the_first_of_equals_first() {
        let values = [1.0, 3.0, -2.0, 3.0, 2.0, f32::NEG_INFINITY];
        assert_eq!(greatest(&values, 3), [1, 3, 4]);
        assert_eq!(greatest(&values, 1), [1]);
        assert_eq!(greatest(&values, 9), [1, 3, 4, 0, 2, 5]);
        assert_eq!(greatest(&[], 2), Vec::<usize>::new());
        assert_eq!(greatest(&values, 0), Vec::<usize>::new());
    }

    #[test]
    fn log_probabilities_sum_to_one() {
        let mut scores = vec![100.0, 101.0, 99.5, -80.0];
        log_softmax(&mut scores);
        let sum: f32 = scores.iter().map(|score| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
}
