//! One file a task: from a request to what is run and explained, and from scores to an answer.

mod answer;
mod classify;
mod compare;
mod fill;
mod label;
mod next;
mod prompt;
mod translate;

use std::ops::Range;

use burn::tensor::Transaction;
use headlight_document::{Foil, InputToken, Request, RequestError, TargetKind, TargetSpec, Task, Token};
use headlight_explain::{Choice, Read, Target, observe};
use headlight_models::{Capture, Head, Input, LabelKind, Problem};
use headlight_text::Encoding;

use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;
use crate::results::floats;

/// What a request comes to for one model.
pub(crate) struct Plan {
    /// The tokens that are explained, as the document lists them.
    pub tokens: Vec<InputToken>,
    /// What the model was given, where that is more than the text.
    pub prompt: Option<String>,
    /// What the model is given.
    pub input: Input,
    /// The number to explain.
    pub target: Target,
    /// What its scores mean.
    pub question: Question,
    /// The answer's text, where it is known before the run.
    pub answer: Option<String>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

/// What the scores at the target mean.
pub(crate) enum Question {
    /// Entries of the vocabulary, for a next token or a masked word.
    Token { kind: TargetKind, position: usize },
    /// Entries of the vocabulary that stand for labels.
    Choice { position: usize, labels: Vec<(u32, String)> },
    /// Labels of the text.
    Class { names: Vec<String>, problem: Problem },
    /// Labels of every token.
    TokenLabel { names: Vec<String>, position: usize },
    /// Places where an answer starts and ends, within the tokens `within`.
    Span { within: Range<usize>, start: usize, end: usize },
    /// Entries of the vocabulary for the token at `step` of what was `written`, each with its probability.
    Output { written: Vec<(u32, f64)>, step: usize },
    /// No scores.
    Similarity,
}

pub(crate) use answer::best as best_answers;

/// The tasks that a model itself can do, whatever its entry says.
pub(crate) fn of(model: &Model) -> &'static [Task] {
    match model.transformer.head() {
        Head::Vocabulary(_) if model.transformer.encoder().is_some() => &[Task::Translate],
        Head::Vocabulary(head) if head.masked => &[Task::Fill],
        Head::Vocabulary(_) => &[Task::Continue, Task::Classify, Task::Answer],
        Head::Labels(head) => match head.kind {
            LabelKind::Sequence(_) => &[Task::Classify],
            LabelKind::Token => &[Task::Label],
            LabelKind::Span => &[Task::Answer],
        },
        Head::None => &[Task::Compare],
    }
}

/// Finds out what `request` comes to.
pub(crate) async fn plan(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    if !of(model).contains(&request.task) {
        let (task, title) = (request.task, model.entry.title.clone());
        let known = of(model).iter().map(|task| task.name()).collect::<Vec<_>>().join(", ");
        return Err(EngineError::TaskOfAnotherModel { task, title, known });
    }
    match (request.task, model.transformer.head()) {
        (Task::Continue, _) => next::plan(model, request),
        (Task::Classify, Head::Labels(head)) => classify::plan(model, request, head),
        (Task::Classify, _) => prompt::classify(model, request, relay).await,
        (Task::Label, Head::Labels(head)) => label::plan(model, request, head, relay).await,
        (Task::Answer, Head::Labels(_)) => answer::plan(model, request, relay).await,
        (Task::Answer, _) => prompt::answer(model, request, relay).await,
        (Task::Fill, _) => fill::plan(model, request),
        (Task::Compare, _) => compare::plan(model, request, relay).await,
        (Task::Translate, _) => translate::plan(model, request, relay).await,
        (Task::Label, _) => Err(another(request)),
    }
}

/// Holds the plan's target against the request's foil, where there is one.
pub(crate) fn contrast(model: &Model, request: &Request, plan: &mut Plan) -> Result<Option<Foil>, EngineError> {
    let Some(foil) = &request.foil else { return Ok(None) };
    let by_name = |names: &[String]| match foil {
        Token::Id(id) if (*id as usize) < names.len() => Ok(Choice::Id(*id)),
        other => label_choice(names, Some(&other.to_string())),
    };
    let chosen = match &plan.question {
        Question::Token { .. } | Question::Output { .. } => choice(model, Some(foil))?,
        Question::Choice { labels, .. } => {
            let names: Vec<String> = labels.iter().map(|(_, name)| name.clone()).collect();
            match by_name(&names)? {
                Choice::Id(index) => labels.get(index as usize).map_or(Choice::MostProbable, |(id, _)| Choice::Id(*id)),
                chosen => chosen,
            }
        }
        Question::Class { names, .. } | Question::TokenLabel { names, .. } => by_name(names)?,
        Question::Span { .. } | Question::Similarity => return Err(another(request)),
    };
    let Choice::Id(id) = chosen else { return Err(another(request)) };
    let text = match &plan.question {
        Question::Class { names, .. } | Question::TokenLabel { names, .. } => names.get(id as usize).cloned(),
        Question::Choice { labels, .. } => labels.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()),
        _ => None,
    };
    let target = Box::new(plan.target.clone());
    plan.target = Target::Contrast { foil: Box::new(plan.target.clone().of(id)), target };
    Ok(Some(Foil { id, text: text.unwrap_or_else(|| model.tokenizer.piece(id)) }))
}

/// The target does not go with the task.
fn another(request: &Request) -> EngineError {
    RequestError::TargetOfAnotherTask { task: request.task, target: request.target.to_string() }.into()
}

fn read(request: &Request) -> Read {
    read_as(request.read)
}

pub(crate) fn read_as(read: headlight_document::Read) -> Read {
    match read {
        headlight_document::Read::Logit => Read::Logit,
        headlight_document::Read::LogProb => Read::LogProb,
        headlight_document::Read::Prob => Read::Prob,
    }
}

/// The vocabulary's entry that a request names.
fn choice(model: &Model, token: Option<&Token>) -> Result<Choice, EngineError> {
    match token {
        None => Ok(Choice::MostProbable),
        Some(Token::Id(id)) => Ok(Choice::Id(*id)),
        Some(Token::Text(text)) => match model.tokenizer.id_of(text) {
            Some(id) => Ok(Choice::Id(id)),
            None => Err(EngineError::NotOneToken { given: text.chars().take(60).collect() }),
        },
    }
}

/// The label that a request names.
fn label_choice(names: &[String], name: Option<&str>) -> Result<Choice, EngineError> {
    let Some(name) = name else { return Ok(Choice::MostProbable) };
    match names.iter().position(|known| known == name) {
        Some(index) => Ok(Choice::Id(index as u32)),
        None => Err(EngineError::NoSuchLabel {
            given: name.chars().take(60).collect(),
            known: names.iter().take(40).cloned().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// A label's name, out of the request's target.
fn label_of(request: &Request) -> Result<(Option<&str>, Option<usize>), EngineError> {
    match &request.target {
        TargetSpec::Label { name, position } => Ok((name.as_deref(), *position)),
        _ => Err(another(request)),
    }
}

/// The document's tokens. `swap` says that the second sequence of the encoding is the request's first text.
fn tokens(encoding: Encoding, swap: bool) -> Vec<InputToken> {
    let source = |sequence: usize| u8::from((sequence == 1) != swap);
    encoding
        .tokens
        .into_iter()
        .map(|token| InputToken {
            id: token.id,
            text: token.text,
            source: source(token.sequence),
            start: token.start,
            end: token.end,
            special: token.special,
            word: token.word,
        })
        .collect()
}

/// The scores of a plain run: what a target's place is chosen by.
async fn scores(model: &Model, input: &Input, target: &Target, relay: &Relay<'_>) -> Result<Vec<f32>, EngineError> {
    let seen = observe(model.transformer.as_ref(), input.clone(), target, Capture::none(), relay).await?;
    let failed = |error: String| EngineError::Device(error);
    let logits = seen.logits.ok_or_else(|| failed("no scores came back".to_owned()))?;
    let data = Transaction::default().register(logits).execute_async().await;
    let data = data.map_err(|error| failed(error.to_string()))?.into_iter().next();
    floats(data.ok_or_else(|| failed("a result is missing".to_owned()))?)
}
