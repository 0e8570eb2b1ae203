//! Timing one model's runs, the same way natively and in a browser.

use burn::tensor::{Tensor, Transaction};
use headlight_explain::attribution::saliency;
use headlight_explain::{Choice, Read, Target, explain};
use headlight_models::{Batch, Capture, Head, Input, Silent, run::run};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Clock;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Forward, with the final hidden state (an encoder) or the last position's logits (a decoder) and every attention
    /// map read back.
    Forward,
    /// That, and backward to the embeddings with saliency read back.
    ForwardBackward,
}

/// Runs `work` `runs` times on `tokens` tokens that differ from run to run, and gives back each time in milliseconds.
/// The first run includes what a device compiles once.
///
/// # Errors
/// [`EngineError`] where a run fails.
pub async fn measure(
    model: &Model,
    work: Work,
    tokens: usize,
    runs: usize,
    clock: Clock,
) -> Result<Vec<f64>, EngineError> {
    let transformer = model.transformer.as_ref();
    let vocabulary = transformer.architecture().vocabulary as u32;
    let mut times = Vec::with_capacity(runs);
    for index in 0..runs as u32 {
        let ids: Vec<u32> = (0..tokens as u32).map(|i| (1000 + (i * 31 + index) % 20_000) % vocabulary).collect();
        let batch = Batch::one(&ids);
        let began = clock();
        let mut transaction = Transaction::default();
        let captures = match work {
            Work::Forward => {
                let run = run(transformer, transformer.embed(&batch), Capture::patterns(), &Silent).await?;
                let [_, _, width] = run.hidden.dims();
                let last = run.hidden.clone().narrow(1, tokens - 1, 1).reshape([1, width]);
                transaction = match transformer.head() {
                    Head::Vocabulary(head) => transaction.register(head.logits(head.prepare(last))),
                    _ => transaction.register(run.hidden),
                };
                run.captures
            }
            Work::ForwardBackward => {
                let target = target(model, tokens).await?;
                let explained = explain(
                    transformer,
                    Input::embed(transformer, &batch, None),
                    &target,
                    Capture::patterns(),
                    &Silent,
                )
                .await?;
                if let Some(gradient) = explained.gradient {
                    transaction = transaction.register(saliency(gradient.embeddings));
                }
                explained.captures
            }
        };
        let patterns: Vec<Tensor<4>> = captures.patterns().collect();
        transaction = transaction.register(Tensor::cat(patterns, 0));
        let data = transaction.execute_async().await.map_err(|error| EngineError::Device(error.to_string()))?;
        drop(data);
        times.push(clock() - began);
    }
    Ok(times)
}

/// A target that costs next to nothing by itself.
async fn target(model: &Model, tokens: usize) -> Result<Target, EngineError> {
    let architecture = model.transformer.architecture();
    if architecture.causal {
        return Ok(Target::Token { position: tokens - 1, choice: Choice::MostProbable, read: Read::Logit });
    }
    let width = architecture.width;
    let other = Tensor::full([1, width], 1.0 / (width as f64).sqrt(), &model.transformer.device());
    Ok(Target::Similarity { other })
}
