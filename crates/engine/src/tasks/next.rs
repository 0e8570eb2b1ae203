//! Continue a text: which token comes next.

use headlight_document::{Request, TargetKind, TargetSpec};
use headlight_explain::Target;
use headlight_models::{Batch, Input};

use super::{Plan, Question, another, choice, read, tokens};
use crate::error::EngineError;
use crate::model::Model;

pub(super) fn plan(model: &Model, request: &Request) -> Result<Plan, EngineError> {
    let TargetSpec::Next(token) = &request.target else { return Err(another(request)) };
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let position = encoding.len().saturating_sub(1);
    let target = Target::Token { position, choice: choice(model, token.as_ref())?, read: read(request) };
    let input = Input::embed(model.transformer.as_ref(), &Batch::one(&encoding.ids), None);
    let question = Question::Token { kind: TargetKind::NextToken, position };
    let tokens = tokens(encoding, false);
    Ok(Plan { tokens, prompt: None, input, target, question, answer: None, warnings: Vec::new() })
}
