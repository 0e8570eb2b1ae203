//! Fill in a missing word.

use headlight_document::{Request, TargetKind, TargetSpec};
use headlight_explain::Target;
use headlight_models::{Batch, Input};

use super::{Plan, Question, another, choice, read, tokens};
use crate::error::EngineError;
use crate::model::Model;

/// What people write for a missing word, besides the model's own mask.
const BLANKS: [&str; 3] = ["[MASK]", "<mask>", "___"];

pub(super) fn plan(model: &Model, request: &Request) -> Result<Plan, EngineError> {
    let TargetSpec::Mask { token, position } = &request.target else { return Err(another(request)) };
    let mask = model.tokenizer.mask().ok_or(EngineError::NoMask)?;
    let own = model.tokenizer.piece(mask);
    let text = BLANKS
        .iter()
        .filter(|blank| **blank != own)
        .fold(request.text.clone(), |text, blank| text.replace(blank, &own));
    let encoding = model.tokenizer.encode(&text, None)?;
    let masks = || encoding.ids.iter().enumerate().filter(|(_, id)| **id == mask).map(|(position, _)| position);
    let position = match position {
        Some(position) if masks().any(|mask| mask == *position) => *position,
        Some(position) => return Err(EngineError::NotMasked { position: *position }),
        None => masks().next().ok_or(EngineError::NothingMasked { mask: own })?,
    };
    let target = Target::Token { position, choice: choice(model, token.as_ref())?, read: read(request) };
    let input = Input::embed(model.transformer.as_ref(), &Batch::one(&encoding.ids), None);
    let question = Question::Token { kind: TargetKind::MaskedWord, position };
    let prompt = (text != request.text).then_some(text);
    Ok(Plan { tokens: tokens(encoding, false), prompt, input, target, question, answer: None, warnings: Vec::new() })
}
