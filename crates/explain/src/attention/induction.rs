//! Induction, measured where nothing but induction helps: random tokens said twice.

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Batch, Capture, Input, Pulse, Transformer, run};

use super::heads::{Attends, ByHead};
use crate::ExplainError;
use crate::case::{Part, lost, tensor, values};
use crate::random::Random;

/// What is drawn, for the seeds' sake.
const REPEATED: u64 = 17;

/// Texts of random tokens, each said twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The least id that is drawn: what lies below is special in many vocabularies.
    pub start: u32,
    /// One more than the greatest.
    pub end: u32,
    /// A token before each text, such as one that begins texts; else none.
    pub before: Option<u32>,
    /// How many tokens are said twice.
    pub length: usize,
    /// How many texts.
    pub texts: usize,
    /// Names what is drawn.
    pub seed: u64,
}

impl Repeated {
    /// The texts' ids, `[text][token]`.
    #[must_use]
    pub fn ids(&self) -> Vec<Vec<u32>> {
        let mut random = Random::new(self.seed, REPEATED);
        let range = self.end.saturating_sub(self.start) as usize;
        let mut text = || -> Vec<u32> {
            let drawn: Vec<u32> = (0..self.length).map(|_| self.start + random.below(range) as u32).collect();
            self.before.into_iter().chain(drawn.iter().copied()).chain(drawn.iter().copied()).collect()
        };
        (0..self.texts).map(|_| text()).collect()
    }
}

/// The induction score of every head of the model's own stack: the mean over the texts of the mean of its pattern's diagonal
/// at offset 1 − L, where L is the length that is said twice (TransformerLens' demonstration; Olsson et al. 2022). On that
/// diagonal a query looks at the token after its own earlier occurrence. From 0 to 1. `most` texts run at once.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled, and where there is nothing to repeat.
pub async fn induction(
    model: &dyn Transformer,
    repeated: Repeated,
    most: usize,
    pulse: &dyn Pulse,
) -> Result<Option<ByHead>, ExplainError> {
    let Some(attends) = Attends::of(model).into_iter().find(|attends| !attends.is_cross) else { return Ok(None) };
    if model.encoder().is_some() || !model.architecture().causal {
        return Ok(None);
    }
    let texts = repeated.ids();
    let mut sums = vec![0.0; attends.count()];
    let batches: Vec<&[Vec<u32>]> = texts.chunks(most.max(1)).collect();
    for (index, texts) in batches.iter().enumerate() {
        let input = Input::embed(model, &Batch::many(texts.to_vec()), None);
        let [_, tokens, _] = input.embeddings.dims();
        let mark = diagonal(tokens, repeated.length, &input.embeddings);
        let part = Part::new(pulse, index, batches.len(), 1);
        let run = run::run(model, input, Capture::patterns(), &part).await?;
        let mut transaction = Transaction::default();
        for layer in 0..attends.layers {
            let pattern = run.captures.get_by_head(attends.pattern(layer)).ok_or_else(lost)?;
            let score = (pattern * mark.clone()).sum_dim(3).sum_dim(2).sum_dim(0);
            transaction = transaction.register(score);
        }
        let found = values(transaction).await?;
        sums.iter_mut().zip(found.into_iter().flatten()).for_each(|(sum, score)| *sum += score);
    }
    let count = texts.len().max(1) as f64;
    Ok(Some(ByHead { attends, values: sums.into_iter().map(|sum| sum / count).collect() }))
}

/// One over the length of the diagonal at offset 1 − `length` on it, nought elsewhere: `[1, 1, token, token]`.
fn diagonal(tokens: usize, length: usize, like: &Tensor<3>) -> Tensor<4> {
    let offset = length.saturating_sub(1);
    let share = 1.0 / tokens.saturating_sub(offset).max(1) as f64;
    let marks = (0..tokens * tokens).map(|at| if at / tokens == at % tokens + offset { share } else { 0.0 });
    tensor(marks, [1, 1, tokens, tokens], like)
}
