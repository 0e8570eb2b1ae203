//! The tiny models of the self-test, run on a device, with all their numbers.

use burn::tensor::{Device, Transaction};
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Choice, Explained, Read, Target, explain, pooled};
use headlight_models::{Batch, Capture, Input, Silent, Transformer, run::run, tiny, tiny_packed};
use serde_json::{Value, json};

use crate::error::EngineError;

/// What a tiny model gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The target's value.
    pub value: f32,
    /// All attention, flat as `[layer, head, query, key]`.
    pub attention: Vec<f32>,
    /// One number a token.
    pub saliency: Vec<f32>,
    /// One number a token.
    pub grad_x_input: Vec<f32>,
}

impl Numbers {
    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "value": self.value, "attention": self.attention,
            "saliency": self.saliency, "grad_x_input": self.grad_x_input,
        })
    }
}

/// The tiny decoder on `ids`: the log-probability of the token `id` to follow, or of the most probable one.
///
/// # Errors
/// [`EngineError`] where the device fails.
pub async fn llama(device: &Device, ids: &[u32], id: Option<u32>) -> Result<Numbers, EngineError> {
    let model = tiny::llama(device).await?;
    let choice = id.map_or(Choice::MostProbable, Choice::Id);
    let target = Target::Token { position: ids.len().saturating_sub(1), choice, read: Read::LogProb };
    numbers(model.as_ref(), ids, &target).await
}

/// The tiny encoder on `ids`: the cosine with `second_ids`.
///
/// # Errors
/// [`EngineError`] where the device fails.
pub async fn bert(device: &Device, ids: &[u32], second_ids: &[u32]) -> Result<Numbers, EngineError> {
    let model = tiny::bert(device).await?;
    let second = model.embed(&Batch::one(second_ids));
    let other = pooled(run(model.as_ref(), second, Capture::none(), &Silent).await?.hidden);
    numbers(model.as_ref(), ids, &Target::Similarity { other }).await
}

/// The tiny decoder with packed weights, where the device computes with such and `packed` is set, on `ids`: the
/// log-probability of the token `id` to follow.
///
/// # Errors
/// [`EngineError`] where the device fails.
pub async fn packed(device: &Device, packed: bool, ids: &[u32], id: u32) -> Result<Numbers, EngineError> {
    let model = tiny_packed::llama(packed, device).await?;
    let target = Target::Token { position: ids.len().saturating_sub(1), choice: Choice::Id(id), read: Read::LogProb };
    numbers(model.as_ref(), ids, &target).await
}

async fn numbers(model: &dyn Transformer, ids: &[u32], target: &Target) -> Result<Numbers, EngineError> {
    let explained =
        explain(model, Input::embed(model, &Batch::one(ids), None), target, Capture::patterns(), &Silent).await?;
    let Explained { captures, value, embeddings, gradient, .. } = explained;
    let Some(gradient) = gradient.map(|gradient| gradient.embeddings) else {
        return Err(EngineError::SelfTest("no gradient came back".to_owned()));
    };
    let mut transaction = Transaction::default()
        .register(value)
        .register(saliency(gradient.clone()))
        .register(grad_x_input(embeddings, gradient));
    for pattern in captures.patterns() {
        transaction = transaction.register(pattern);
    }
    let device_error = |error: String| EngineError::Device(error);
    let data = transaction.execute_async().await.map_err(|error| device_error(error.to_string()))?;
    let mut values = data.into_iter().map(|data| data.try_into_vec::<f32>().map_err(|error| format!("{error:?}")));
    let mut next = || values.next().unwrap_or_else(|| Err("a result is missing".to_owned())).map_err(device_error);
    let value = next()?.first().copied().unwrap_or(f32::NAN);
    let (saliency, grad_x_input) = (next()?, next()?);
    let mut attention = Vec::new();
    for _ in 0..model.architecture().layers {
        attention.extend(next()?);
    }
    Ok(Numbers { value, attention, saliency, grad_x_input })
}
