//! Timing one model's runs, the same way natively and in a browser.

use burn::tensor::{Tensor, Transaction};
use headlight_document::message::DeviceInfo;
use headlight_explain::attribution::{self, saliency};
use headlight_explain::{Case, Choice, Game, Read, Target, explain, observe};
use headlight_models::{Batch, Capture, Head, Input, Silent, run::run};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::methods;
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
        let batch = text(tokens, index, vocabulary);
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

/// A method that is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    /// Forward alone, once, without attention: what a method that leaves words out asks for.
    Value,
    /// Gradient times input: forward and backward once, without attention.
    GradXInput,
    /// Integrated gradients from zero, 50 steps.
    IntegratedGradients,
    /// LIME with 1000 samples, a token a unit.
    Lime,
}

impl Timed {
    /// How many single runs it stands for.
    #[must_use]
    pub fn runs(self) -> usize {
        match self {
            Self::Value | Self::GradXInput => 1,
            Self::IntegratedGradients => attribution::STEPS,
            Self::Lime => 1000,
        }
    }
}

/// As [`measure`], a method on a text of `tokens` tokens.
///
/// # Errors
/// [`EngineError`] where a run fails.
pub async fn measure_method(
    model: &Model,
    info: &DeviceInfo,
    method: Timed,
    tokens: usize,
    runs: usize,
    clock: Clock,
) -> Result<Vec<f64>, EngineError> {
    let transformer = model.transformer.as_ref();
    let vocabulary = transformer.architecture().vocabulary as u32;
    let target = target(model, tokens).await?.settled(Some(1));
    let units: Vec<Vec<usize>> = (0..tokens).map(|token| vec![token]).collect();
    let mut times = Vec::with_capacity(runs);
    for index in 0..runs as u32 {
        let input = Input::embed(transformer, &text(tokens, index, vocabulary), None);
        let (most, threads) = (methods::most(model, info, &input), methods::threads(info));
        let case =
            Case { model: transformer, input: &input, target: &target, most, threads, pulse: &Silent, estimates: None };
        let began = clock();
        match method {
            Timed::Value => {
                let seen = observe(transformer, input.clone(), &target, Capture::none(), &Silent).await?;
                read(Transaction::default().register(seen.value)).await?;
            }
            Timed::GradXInput => {
                let found = explain(transformer, input.clone(), &target, Capture::none(), &Silent).await?;
                if let Some(gradient) = found.gradient {
                    let values = attribution::grad_x_input(found.embeddings, gradient.embeddings);
                    read(Transaction::default().register(found.value).register(values)).await?;
                }
            }
            Timed::IntegratedGradients => {
                let special = vec![false; tokens];
                let zero = attribution::Baseline::Zero.embed(&case, &special).await?;
                attribution::integrated_gradients(&case, &zero, attribution::STEPS).await?;
            }
            Timed::Lime => {
                let mut game = Game::new(&case, &units, 0);
                attribution::lime(&mut game, Timed::Lime.runs(), 0).await?;
            }
        }
        times.push(clock() - began);
    }
    Ok(times)
}

/// Tokens that differ from run to run.
fn text(tokens: usize, run: u32, vocabulary: u32) -> Batch {
    let ids: Vec<u32> = (0..tokens as u32).map(|i| (1000 + (i * 31 + run) % 20_000) % vocabulary).collect();
    Batch::one(&ids)
}

async fn read(transaction: Transaction) -> Result<(), EngineError> {
    transaction.execute_async().await.map(drop).map_err(|error| EngineError::Device(error.to_string()))
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
