//! One run with its gradient, from which all methods of the gradient family are read.

use burn::tensor::{Int, Tensor};
use headlight_models::run::{Gradients, track};
use headlight_models::{Capture, Captures, Input, Pulse, Transformer, run};

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
    /// The scores among which the target is one, as [`Reading::logits`](crate::Reading::logits).
    pub logits: Option<Tensor<2>>,
    /// The vocabulary entries or labels that were read: `[batch]`.
    pub ids: Option<Tensor<1, Int>>,
    /// The word embeddings x: `[batch, token, width]`.
    pub embeddings: Tensor<3>,
    /// The word embeddings of the text that an encoder read: `[batch, source token, width]`.
    pub source: Option<Tensor<3>>,
    /// ∂f/∂x at the word embeddings, where it was asked for.
    pub gradient: Option<Gradients>,
}

/// Runs `model` on `input` forward only, and reads the target.
///
/// # Errors
/// [`ExplainError`] where the text cannot be run or the target cannot be read.
pub async fn observe(
    model: &dyn Transformer,
    input: Input,
    target: &Target,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Explained, ExplainError> {
    let (embeddings, source) = (input.embeddings.clone(), input.source.clone());
    let run = run::run(model, input, capture, pulse).await?;
    let reading = target.read(model, run.hidden)?;
    Ok(Explained {
        captures: run.captures,
        value: reading.value,
        logits: reading.logits,
        ids: reading.ids,
        embeddings,
        source,
        gradient: None,
    })
}

/// Runs `model` on `input` forward and backward, and keeps the gradient of the target at the word embeddings.
///
/// # Errors
/// As [`observe`].
pub async fn explain(
    model: &dyn Transformer,
    input: Input,
    target: &Target,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Explained, ExplainError> {
    let (embeddings, source) = (input.embeddings.clone(), input.source.clone());
    let mut tracked = track(model, input, capture, pulse).await?;
    let reading = target.read(model, tracked.hidden(model))?;
    let captures = std::mem::take(&mut tracked.captures);
    let gradient = tracked.backward(reading.seed, pulse).await?;
    Ok(Explained {
        captures,
        value: reading.value,
        logits: reading.logits,
        ids: reading.ids,
        embeddings,
        source,
        gradient: Some(gradient),
    })
}
