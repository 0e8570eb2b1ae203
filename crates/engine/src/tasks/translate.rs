//! Translate a text: what an encoder-decoder model writes, and why each of its tokens.

use headlight_document::{Request, TargetSpec};
use headlight_explain::{Choice, ExplainError, Target};
use headlight_models::decode::{self, Written};
use headlight_models::{Batch, Input};

use super::{Plan, Question, another, choice, read, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;

/// The most tokens that are written.
pub(crate) const LONGEST: usize = 256;

pub(super) async fn plan(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let TargetSpec::Output { token, step } = &request.target else { return Err(another(request)) };
    let transformer = model.transformer.as_ref();
    let generation = transformer.generation().ok_or(EngineError::MissingFile("decoder"))?;
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let source = Batch::one(&encoding.ids);
    let limit = LONGEST.min(transformer.architecture().context.saturating_sub(1));
    let (begun, vocabulary) = (&request.begun, transformer.architecture().vocabulary);
    if let Some(id) = begun.iter().copied().find(|id| !usize::try_from(*id).is_ok_and(|id| id < vocabulary)) {
        return Err(ExplainError::NoSuchToken { id, vocabulary }.into());
    }
    let written = decode::greedy_after(transformer, &encoding.ids, begun, limit, relay).await?;
    let Written { ids: written, log_probs, .. } = written;
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
    let probabilities = log_probs.into_iter().map(|log_prob| f64::from(log_prob).exp());
    let question = Question::Output { written: written.into_iter().zip(probabilities).collect(), step };
    Ok(Plan { tokens: tokens(encoding, false), prompt: None, input, target, question, answer, warnings: Vec::new() })
}
