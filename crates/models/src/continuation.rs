//! Writing, token by token: what a causal model or a decoder has read is kept, so that a step costs one token.

use burn::tensor::Tensor;

use crate::batch::Batch;
use crate::decode::{DecodeError, greatest};
use crate::head::{Head, VocabularyHead, log_sum_exp};
use crate::hook::Capture;
use crate::past::Past;
use crate::pulse::Pulse;
use crate::run::{self, RunError};
use crate::transformer::Transformer;

/// A model that has read a text. A copy goes another way from the same place.
#[derive(Clone)]
pub struct Continuation<'a> {
    model: &'a dyn Transformer,
    head: &'a VocabularyHead,
    past: Past,
    scores: Vec<f32>,
    /// ln Σ exp over them.
    log_sum: f64,
}

impl std::fmt::Debug for Continuation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Continuation").field("tokens", &self.past.tokens()).finish_non_exhaustive()
    }
}

impl<'a> Continuation<'a> {
    /// Reads the tokens `ids`, all at once.
    ///
    /// # Errors
    /// [`DecodeError`] where the model is no causal one with a vocabulary, the text can't be run, or `pulse` says to stop.
    pub async fn read(model: &'a dyn Transformer, ids: &[u32], pulse: &dyn Pulse) -> Result<Self, DecodeError> {
        let (true, None, Head::Vocabulary(head)) = (model.architecture().causal, model.encoder(), model.head()) else {
            return Err(DecodeError::NoWriter);
        };
        let mut found = Self { model, head, past: Past::default(), scores: Vec::new(), log_sum: 0.0 };
        found.push(ids, pulse).await?;
        Ok(found)
    }

    /// Has the encoder read the tokens `source`, and the decoder what it begins with: for a model that reads one text and writes
    /// another.
    ///
    /// # Errors
    /// [`DecodeError`] where the model is no such one with a vocabulary, the text can't be run, or `pulse` says to stop.
    pub async fn translate(model: &'a dyn Transformer, source: &[u32], pulse: &dyn Pulse) -> Result<Self, DecodeError> {
        let (Some(encoder), Some(generation), Head::Vocabulary(head)) =
            (model.encoder(), model.generation(), model.head())
        else {
            return Err(DecodeError::NoTranslator);
        };
        if source.is_empty() {
            return Err(RunError::Empty.into());
        }
        let past = Past::beside(run::encode(model, encoder.embed(&Batch::one(source)), pulse).await?);
        let mut found = Self { model, head, past, scores: Vec::new(), log_sum: 0.0 };
        found.push(&[generation.start], pulse).await?;
        Ok(found)
    }

    /// Reads further tokens. Where that fails, all is as it was.
    ///
    /// # Errors
    /// As [`Continuation::read`].
    pub async fn push(&mut self, ids: &[u32], pulse: &dyn Pulse) -> Result<(), DecodeError> {
        if ids.is_empty() {
            return Err(RunError::Empty.into());
        }
        let mut past = self.past.clone();
        let embeddings = self.model.embed(&Batch::one(ids));
        let hidden = run::extend(self.model, embeddings, &mut past, Capture::none(), pulse).await?.hidden;
        let [_, tokens, width] = hidden.dims();
        let last: Tensor<2> = hidden.narrow(1, tokens.saturating_sub(1), 1).reshape([1, width]);
        let logits = self.head.logits(self.head.prepare(last));
        let data = logits.into_data_async().await.map_err(|error| RunError::Device(format!("{error:?}")))?;
        let mut scores = data.try_into_vec::<f32>().map_err(|error| RunError::Device(format!("{error:?}")))?;
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(DecodeError::NotFinite);
        }
        let log_sum = log_sum_exp(&scores);
        for id in self.model.generation().iter().flat_map(|generation| &generation.never) {
            if let Some(score) = usize::try_from(*id).ok().and_then(|id| scores.get_mut(id)) {
                *score = f32::NEG_INFINITY;
            }
        }
        (self.past, self.scores, self.log_sum) = (past, scores, log_sum);
        Ok(())
    }

    /// How many tokens were read; of a translator by its decoder.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.past.tokens()
    }

    /// Every token's score (logit) to come next: `[vocabulary]`. What is never written has −∞.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// The natural logarithm of a token's probability to come next; −∞ where there is no such token.
    #[must_use]
    pub fn log_prob(&self, id: u32) -> f64 {
        let score = usize::try_from(id).ok().and_then(|id| self.scores.get(id)).copied();
        score.map_or(f64::NEG_INFINITY, |score| f64::from(score) - self.log_sum)
    }

    /// The `count` most probable tokens to come next, with their scores, best first.
    #[must_use]
    pub fn best(&self, count: usize) -> Vec<(u32, f32)> {
        let all = greatest(&self.scores, count).into_iter();
        all.filter_map(|index| Some((u32::try_from(index).ok()?, self.scores.get(index).copied()?))).collect()
    }
}
