//! One run with its gradient, from which all methods of the gradient family are read.

use burn::tensor::{Int, Tensor};
use headlight_models::run::track;
use headlight_models::{Batch, Capture, Captures, Pulse, Transformer, run};

use crate::ExplainError;
use crate::target::Target;

/// A run, its target, and (where it was asked for) the gradient of the target at the embeddings. Everything is still on
/// the device.
#[derive(Debug)]
pub struct Explained {
    /// What was kept of the run.
    pub captures: Captures,
    /// The target for each of the batch: `[batch]`.
    pub value: Tensor<1>,
    /// All logits at the target's position: `[batch, vocabulary]`, where the model has any.
    pub logits: Option<Tensor<2>>,
    /// The vocabulary entries that were read: `[batch]`.
    pub ids: Option<Tensor<1, Int>>,
    /// The word embeddings x: `[batch, token, width]`.
    pub embeddings: Tensor<3>,
    /// ∂f/∂x at the word embeddings: `[batch, token, width]`.
    pub gradient: Option<Tensor<3>>,
}

/// Runs `model` forward only, and reads the target.
///
/// # Errors
/// [`ExplainError`] where the text cannot be run or the target cannot be read.
pub async fn observe(
    model: &dyn Transformer,
    batch: &Batch,
    target: &Target,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Explained, ExplainError> {
    let embeddings = model.embed(batch);
    let run = run::run(model, embeddings.clone(), capture, pulse).await?;
    let reading = target.read(model, run.hidden)?;
    Ok(Explained {
        captures: run.captures,
        value: reading.value,
        logits: reading.logits,
        ids: reading.ids,
        embeddings,
        gradient: None,
    })
}

/// Runs `model` forward and backward, and keeps the gradient of the target at the word embeddings.
///
/// # Errors
/// As [`observe`].
pub async fn explain(
    model: &dyn Transformer,
    batch: &Batch,
    target: &Target,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Explained, ExplainError> {
    let embeddings = model.embed(batch);
    let mut tracked = track(model, embeddings.clone(), capture, pulse).await?;
    let reading = target.read(model, tracked.hidden(model))?;
    let captures = std::mem::take(&mut tracked.captures);
    let gradient = tracked.backward(reading.seed, pulse).await?;
    Ok(Explained {
        captures,
        value: reading.value,
        logits: reading.logits,
        ids: reading.ids,
        embeddings,
        gradient: Some(gradient),
    })
}
