//! Compare two texts: the cosine of their embeddings, explained in the first.

use headlight_document::{Request, RequestError};
use headlight_explain::{Target, pooled};
use headlight_models::{Batch, Capture, Input, run::run};

use super::{Plan, Question, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;

pub(super) async fn plan(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let second = request.second_text.as_deref().ok_or(RequestError::NoSecondText)?;
    let transformer = model.transformer.as_ref();
    let second = Batch::one(&model.tokenizer.encode(second, None)?.ids);
    let other = pooled(run(transformer, transformer.embed(&second), Capture::none(), relay).await?.hidden);
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let input = Input::embed(transformer, &Batch::one(&encoding.ids), None);
    let (target, question) = (Target::Similarity { other }, Question::Similarity);
    let tokens = tokens(encoding, false);
    Ok(Plan { tokens, prompt: None, input, target, question, answer: None, warnings: Vec::new() })
}
