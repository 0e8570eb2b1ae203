//! Translate a text: what an encoder-decoder model writes, and why each of its tokens.

use burn::tensor::{Int, Tensor, TensorData, Transaction, activation};
use headlight_document::{Request, TargetSpec};
use headlight_explain::{Choice, Target};
use headlight_models::run::run;
use headlight_models::{Batch, Capture, Head, Input, decode};

use super::{Plan, Question, another, choice, read, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;
use crate::results::floats;

/// The most tokens that are written.
pub(crate) const LONGEST: usize = 256;

pub(super) async fn plan(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let TargetSpec::Output { token, step } = &request.target else { return Err(another(request)) };
    let transformer = model.transformer.as_ref();
    let generation = transformer.generation().ok_or(EngineError::MissingFile("decoder"))?;
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let source = Batch::one(&encoding.ids);
    let limit = LONGEST.min(transformer.architecture().context.saturating_sub(1));
    let written = decode::greedy(transformer, &encoding.ids, limit, relay).await?.ids;
    let step = step.unwrap_or(0);
    if step >= written.len() {
        return Err(EngineError::NoSuchStep { step, steps: written.len() });
    }
    // The model reads all that it has written, though the step's own scores look only at what stands before it: so the
    // picture has a row of attention for every token.
    let before = written.iter().copied().take(written.len().saturating_sub(1));
    let prefix: Vec<u32> = std::iter::once(generation.start).chain(before).collect();
    let choice = match choice(model, token.as_ref())? {
        Choice::MostProbable => written.get(step).map_or(Choice::MostProbable, |id| Choice::Id(*id)),
        chosen => chosen,
    };
    let target = Target::Token { position: step, choice, read: read(request) };
    let input = Input::embed(transformer, &Batch::one(&prefix), Some(&source));
    let answer = Some(model.tokenizer.decode(&written)?);
    let probabilities = probabilities(model, generation.start, &written, &source, relay).await?;
    let question = Question::Output { written: written.into_iter().zip(probabilities).collect(), step };
    Ok(Plan { tokens: tokens(encoding, false), prompt: None, input, target, question, answer, warnings: Vec::new() })
}

/// The probability of each written token, given the text and what stands before it.
async fn probabilities(
    model: &Model,
    start: u32,
    written: &[u32],
    source: &Batch,
    relay: &Relay<'_>,
) -> Result<Vec<f64>, EngineError> {
    let transformer = model.transformer.as_ref();
    let Head::Vocabulary(head) = transformer.head() else { return Err(EngineError::MissingFile("vocabulary")) };
    let before = written.iter().copied().take(written.len().saturating_sub(1));
    let prefix: Vec<u32> = std::iter::once(start).chain(before).collect();
    let input = Input::embed(transformer, &Batch::one(&prefix), Some(source));
    let hidden = run(transformer, input, Capture::none(), relay).await?.hidden;
    let [_, steps, width] = hidden.dims();
    let logits = activation::log_softmax(head.logits(head.prepare(hidden.reshape([steps, width]))), 1);
    let ids: Vec<i32> = written.iter().map(|id| i32::try_from(*id).unwrap_or_default()).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [steps, 1]), &transformer.device());
    let data = Transaction::default().register(logits.gather(1, ids)).execute_async().await;
    let data = data.map_err(|error| EngineError::Device(error.to_string()))?.into_iter().next();
    let values = floats(data.ok_or_else(|| EngineError::Device("a result is missing".to_owned()))?)?;
    Ok(values.into_iter().map(|value| f64::from(value).exp()).collect())
}
