//! Classify a text with a model that was trained to.

use headlight_document::Request;
use headlight_explain::Target;
use headlight_models::{Batch, Input, LabelHead, LabelKind};

use super::{Plan, Question, another, label_choice, label_of, read, tokens};
use crate::error::EngineError;
use crate::model::Model;

pub(super) fn plan(model: &Model, request: &Request, head: &LabelHead) -> Result<Plan, EngineError> {
    let LabelKind::Sequence(problem) = head.kind else { return Err(another(request)) };
    let (name, _) = label_of(request)?;
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let target = Target::Label { position: None, choice: label_choice(&head.names, name)?, read: read(request) };
    let input = Input::embed(model.transformer.as_ref(), &Batch::one(&encoding.ids), None);
    let question = Question::Class { names: head.names.clone(), problem };
    let tokens = tokens(encoding, false);
    Ok(Plan { tokens, prompt: None, input, target, question, answer: None, warnings: Vec::new() })
}
