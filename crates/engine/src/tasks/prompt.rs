//! Classification and question answering with a causal model that was trained for neither: a prompt of worked examples,
//! and the tokens that it puts next (Brown et al. 2020).

use headlight_document::{Request, RequestError, Shot, TargetKind, TargetSpec, Task, prompt as default};
use headlight_explain::{Choice, Target};
use headlight_models::{Batch, Capture, Input, run::run};

use super::{Plan, Question, choice, label_choice, label_of, read, scores, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;
use crate::results::floats;

/// The most tokens of an answer that are written out.
const ANSWER: usize = 16;

/// Which label's first token the model would put after the text.
pub(super) async fn classify(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let (name, _) = label_of(request)?;
    let own = request.labels.is_empty() && request.shots.is_empty();
    let labels: Vec<String> = match request.labels.is_empty() {
        true => default::labels(),
        false => request.labels.iter().map(|label| label.trim().to_owned()).collect(),
    };
    let (asked, said) = if own { ("Review", "Sentiment") } else { ("Text", "Label") };
    let mut prompt = String::new();
    let stand_in = if own { default::shots(Task::Classify) } else { Vec::new() };
    if !own {
        prompt += &format!("Each text has one of these labels: {}.\n\n", labels.join(", "));
    }
    for Shot { text, answer, .. } in request.shots.iter().chain(&stand_in) {
        prompt += &format!("{asked}: {}\n{said}: {}\n\n", text.trim(), answer.trim());
    }
    prompt += &format!("{asked}: {}\n{said}:", request.text.trim());
    let ids = label_tokens(model, &labels)?;
    let chosen = label_choice(&labels, name)?;
    let mut plan = ask(model, &prompt, request, Choice::MostProbable)?;
    let id = match chosen {
        Choice::Id(index) => ids.get(index as usize).copied(),
        // The most probable label, not the most probable token.
        Choice::MostProbable => {
            let scores = scores(model, &plan.input, &plan.target, relay).await?;
            let score = |id: &u32| scores.get(*id as usize).copied().unwrap_or(f32::NEG_INFINITY);
            ids.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)))
        }
    };
    if let (Target::Token { choice, .. }, Some(id)) = (&mut plan.target, id) {
        *choice = Choice::Id(id);
    }
    let position = plan.tokens.len().saturating_sub(1);
    plan.question = Question::Choice { position, labels: ids.into_iter().zip(labels).collect() };
    let title = &model.entry.title;
    plan.warnings.push(format!(
        "{title} was not trained to classify: this is what it writes after a prompt of examples, and other examples may \
         change it."
    ));
    Ok(plan)
}

/// The first token of each label after a space; they must differ for the model to choose.
fn label_tokens(model: &Model, labels: &[String]) -> Result<Vec<u32>, EngineError> {
    let mut ids: Vec<u32> = Vec::with_capacity(labels.len());
    for label in labels {
        let encoding = model.tokenizer.encode(&format!("x: {label}"), None)?;
        let before = model.tokenizer.encode("x:", None)?.len();
        let id = encoding.ids.get(before).copied();
        let id = id.ok_or_else(|| EngineError::NotOneToken { given: label.chars().take(60).collect() })?;
        if let Some(same) = ids.iter().position(|known| *known == id) {
            let (a, b) = (labels[same].clone(), label.clone());
            return Err(EngineError::LabelsAlike { a, b });
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The answer that a causal model writes after a passage and a question.
pub(super) async fn answer(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let question = request.second_text.as_deref().ok_or(RequestError::NoQuestion)?;
    let token = match &request.target {
        TargetSpec::Next(token) => token.as_ref(),
        TargetSpec::Span(None) => None,
        other => {
            let (task, target) = (request.task, other.to_string());
            return Err(RequestError::TargetOfAnotherTask { task, target }.into());
        }
    };
    let block =
        |text: &str, question: &str| format!("Passage: {}\nQuestion: {}\nAnswer:", text.trim(), question.trim());
    let mut prompt = String::new();
    let stand_in = if request.shots.is_empty() { default::shots(Task::Answer) } else { Vec::new() };
    for shot in request.shots.iter().chain(&stand_in) {
        let question = shot.question.as_deref().unwrap_or_default();
        prompt += &format!("{} {}\n\n", block(&shot.text, question), shot.answer.trim());
    }
    prompt += &block(&request.text, question);
    let mut plan = ask(model, &prompt, request, choice(model, token)?)?;
    let ids: Vec<u32> = plan.tokens.iter().map(|token| token.id).collect();
    plan.answer = Some(write(model, ids, relay).await?);
    let title = &model.entry.title;
    plan.warnings.push(format!(
        "{title} was not trained to answer questions from a text: this is what it writes after a prompt of examples, and \
         it may be made up. What is explained is the answer's first token."
    ));
    Ok(plan)
}

fn ask(model: &Model, prompt: &str, request: &Request, choice: Choice) -> Result<Plan, EngineError> {
    let encoding = model.tokenizer.encode(prompt, None)?;
    let position = encoding.len().saturating_sub(1);
    let target = Target::Token { position, choice, read: read(request) };
    let input = Input::embed(model.transformer.as_ref(), &Batch::one(&encoding.ids), None);
    let question = Question::Token { kind: TargetKind::NextToken, position };
    let (tokens, prompt) = (tokens(encoding, false), Some(prompt.to_owned()));
    Ok(Plan { tokens, prompt, input, target, question, answer: None, warnings: Vec::new() })
}

/// What the model writes next, greedily, to the end of the line.
async fn write(model: &Model, mut ids: Vec<u32>, relay: &Relay<'_>) -> Result<String, EngineError> {
    let transformer = model.transformer.as_ref();
    let headlight_models::Head::Vocabulary(head) = transformer.head() else { return Ok(String::new()) };
    let begin = ids.len();
    let context = transformer.architecture().context;
    for _ in 0..ANSWER {
        if ids.len() >= context {
            break;
        }
        let hidden = run(transformer, transformer.embed(&Batch::one(&ids)), Capture::none(), relay).await?.hidden;
        let [_, tokens, width] = hidden.dims();
        let logits = head.logits(head.prepare(hidden.narrow(1, tokens - 1, 1).reshape([1, width])));
        let data = logits.into_data_async().await.map_err(|error| EngineError::Device(format!("{error:?}")))?;
        let best = floats(data)?.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let id = best.map_or(0, |(id, _)| id as u32);
        if Some(id) == model.tokenizer.eos() || model.tokenizer.piece(id).contains('\n') {
            break;
        }
        ids.push(id);
    }
    Ok(model.tokenizer.decode(ids.get(begin..).unwrap_or_default())?.trim().to_owned())
}
