//! Label each token.

use headlight_document::Request;
use headlight_explain::{Choice, Read, Target};
use headlight_models::{Batch, Input, LabelHead};
use headlight_text::Encoding;

use super::{Plan, Question, label_choice, label_of, read, scores, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;

/// The label that means "none of the others", in the BIO scheme.
pub(crate) const OUTSIDE: &str = "O";

pub(super) async fn plan(
    model: &Model,
    request: &Request,
    head: &LabelHead,
    relay: &Relay<'_>,
) -> Result<Plan, EngineError> {
    let (name, position) = label_of(request)?;
    let choice = label_choice(&head.names, name)?;
    let encoding = model.tokenizer.encode(&request.text, None)?;
    let input = Input::embed(model.transformer.as_ref(), &Batch::one(&encoding.ids), None);
    let position = match position {
        Some(position) => position,
        None => {
            let any = Target::Label { position: Some(0), choice: Choice::MostProbable, read: Read::Logit };
            let scores = scores(model, &input, &any, relay).await?;
            most_telling(&scores, &head.names, &encoding, choice)
        }
    };
    let target = Target::Label { position: Some(position), choice, read: read(request) };
    let question = Question::TokenLabel { names: head.names.clone(), position };
    let tokens = tokens(encoding, false);
    Ok(Plan { tokens, prompt: None, input, target, question, answer: None, warnings: Vec::new() })
}

/// The token at which the asked label has its highest score; with no label asked for, the one whose best label is most
/// clearly another than [`OUTSIDE`].
fn most_telling(scores: &[f32], names: &[String], encoding: &Encoding, choice: Choice) -> usize {
    let outside = names.iter().position(|name| name == OUTSIDE);
    let rows = scores.chunks_exact(names.len().max(1));
    let texts = encoding.tokens.iter().enumerate().zip(rows).filter(|((_, token), _)| !token.special);
    let score = |row: &[f32]| match choice {
        Choice::Id(label) => row.get(label as usize).copied().unwrap_or(f32::NEG_INFINITY),
        Choice::MostProbable => {
            let other = row.iter().enumerate().filter(|(label, _)| Some(*label) != outside);
            let other = other.map(|(_, score)| *score).fold(f32::NEG_INFINITY, f32::max);
            other - outside.and_then(|outside| row.get(outside)).copied().unwrap_or(0.0)
        }
    };
    let best = texts.map(|((position, _), row)| (position, score(row))).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(0, |(position, _)| position)
}
