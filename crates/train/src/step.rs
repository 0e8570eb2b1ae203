//! Losses, gradients and scores. Each worker has a model and a thread of its own.

use std::panic::resume_unwind;
use std::thread;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation};
use burn_optim::{GradientsAccumulator, GradientsParams};
use headlight_models::{Batch, Capture, Captures, Layout, PostNormEncoder, Stack};

use crate::adapter::{Adapter, LABELS, values};
use crate::batches::Example;
use crate::error::Error;

/// How a model does on some texts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// `[label][answer]`: how many texts of each label got each answer.
    pub counts: [[usize; LABELS]; LABELS],
}

impl Score {
    /// How many texts there were.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// How many answers were right.
    #[must_use]
    pub fn right(&self) -> usize {
        self.counts.iter().enumerate().filter_map(|(label, row)| row.get(label)).sum()
    }

    /// The share of right answers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.texts().max(1) as f64
    }
}

/// The mean of the hidden states of each text, `[text, width]`. The texts are of one length.
#[must_use]
pub fn pooled(model: &PostNormEncoder, texts: &[Example]) -> Tensor<2> {
    let batch = Batch::many(texts.iter().map(|example| example.ids.clone()).collect());
    let embeddings = model.embed(&batch);
    let [texts, tokens, width] = embeddings.dims();
    let frame = model.frame(&Layout { tokens, ..Layout::default() });
    let mut captures = Captures::new(Capture::none());
    let mut residual = model.enter(embeddings, &frame);
    for layer in 0..model.architecture().layers {
        residual = model.block(layer, residual, &frame, &mut captures);
    }
    model.finish(residual).mean_dim(1).reshape([texts, width])
}

/// The sum of the texts' cross-entropies, one number, from scores `[text, label]`.
fn cross_entropy(scores: Tensor<2>, texts: &[Example]) -> Tensor<1> {
    let mut wanted = vec![0.0_f32; texts.len() * LABELS];
    for (row, example) in wanted.chunks_exact_mut(LABELS).zip(texts) {
        if let Some(value) = row.get_mut(example.label) {
            *value = -1.0;
        }
    }
    let wanted = Tensor::<2>::from_data(TensorData::new(wanted, [texts.len(), LABELS]), &Device::flex());
    (activation::log_softmax(scores, 1) * wanted).sum()
}

/// Models that compute beside each other, all with the same frozen weights.
pub struct Workers {
    models: Vec<PostNormEncoder>,
    /// What the adapter's additions are multiplied with; none to leave the encoder as it is.
    scale: Option<f64>,
}

impl Workers {
    /// Each of `models` gets a thread.
    #[must_use]
    pub fn new(models: Vec<PostNormEncoder>, scale: Option<f64>) -> Self {
        Self { models, scale }
    }

    /// How many batches are computed at a time.
    #[must_use]
    pub fn count(&self) -> usize {
        self.models.len()
    }

    /// The mean loss over all texts of `batches`, at most one a worker, and its gradients.
    ///
    /// The batches' shares are added in their order, so the sum does not depend on which thread is done first.
    ///
    /// # Errors
    /// [`Error::Device`] where a loss cannot be read.
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub fn gradients(&mut self, adapter: &Adapter, batches: &[&[Example]]) -> Result<(GradientsParams, f32), Error> {
        let (total, scale) = (batches.iter().map(|batch| batch.len()).sum::<usize>() as f32, self.scale);
        let shares = beside(self.models.iter_mut().zip(batches), |(model, batch)| {
            // Leaves of its own, under the parameters' ids: threads that shared leaves would wait for each other.
            let adapter = adapter.clone().fork(&Device::flex().autodiff());
            if let Some(scale) = scale {
                adapter.apply(model, scale);
            }
            let loss = cross_entropy(adapter.scores(pooled(model, batch)), batch) / total;
            let value = values(loss.clone().inner())?;
            Ok((GradientsParams::from_grads(loss.backward(), &adapter), value.into_iter().sum::<f32>()))
        })?;
        let mut sum = GradientsAccumulator::new();
        let mut loss = 0.0;
        for (gradients, share) in shares {
            sum.accumulate(adapter, gradients);
            loss += share;
        }
        Ok((sum.grads(), loss))
    }

    /// How `adapter` does on `batches`, without tracking anything.
    ///
    /// # Errors
    /// [`Error::Device`] where scores cannot be read.
    pub fn score(&mut self, adapter: &Adapter, batches: &[Vec<Example>]) -> Result<Score, Error> {
        let (adapter, count) = (&adapter.valid(), self.models.len());
        let scale = self.scale;
        let shares = beside(self.models.iter_mut().enumerate(), |(worker, model)| {
            if let Some(scale) = scale {
                adapter.apply(model, scale);
            }
            let mut share = Score::default();
            for batch in batches.iter().skip(worker).step_by(count) {
                add(&mut share, adapter.scores(pooled(model, batch)), batch)?;
            }
            Ok(share)
        })?;
        let mut score = Score::default();
        for share in shares {
            score.loss += share.loss;
            score.counts.iter_mut().flatten().zip(share.counts.iter().flatten()).for_each(|(sum, part)| *sum += part);
        }
        Ok(mean(score))
    }
}

/// The mean loss out of a sum.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn mean(score: Score) -> Score {
    Score { loss: score.loss / score.texts().max(1) as f64, ..score }
}

/// Counts the answers that `scores` (`[text, label]`) give, and adds up their losses.
fn add(score: &mut Score, scores: Tensor<2>, texts: &[Example]) -> Result<(), Error> {
    score.loss += values(cross_entropy(scores.clone(), texts))?.into_iter().map(f64::from).sum::<f64>();
    for (row, example) in values(scores)?.chunks_exact(LABELS).zip(texts) {
        let answer = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(label, _)| label);
        if let Some(count) = score.counts.get_mut(example.label).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }
    Ok(())
}

/// Does `work` on every item in a thread of its own; results in the items' order.
fn beside<I: Send, R: Send>(
    items: impl Iterator<Item = I>,
    work: impl Fn(I) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = items.map(|item| scope.spawn(move || work(item))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        threads.into_iter().map(join).collect()
    })
}
