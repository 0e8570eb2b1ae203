//! From scores to an answer: what the model says, and the number that was explained.

use headlight_document::{Candidate, InputToken, Output, OutputToken, Read, Request, Target, TargetKind, TokenLabel};
use headlight_models::Problem;
use headlight_models::head::log_sum_exp;

use crate::error::EngineError;
use crate::model::Model;
use crate::results::Results;
use crate::tasks::{Question, best_answers};

/// How many candidates an answer lists.
const CANDIDATES: usize = 10;

/// What the model says and what was explained of it.
pub(crate) struct Reply {
    pub output: Output,
    pub target: Target,
}

/// Reads the reply to `question` out of `results`.
pub(crate) fn reply(
    model: &Model,
    request: &Request,
    question: &Question,
    tokens: &[InputToken],
    results: &Results,
) -> Result<Reply, EngineError> {
    let piece = |id: u32| model.tokenizer.piece(id);
    let device = f64::from(results.value);
    let target = |kind, position, text: String| Target {
        kind,
        position,
        end: None,
        id: results.id,
        text,
        read: request.read,
        value: device,
        foil: None,
    };
    let entry = |labels: usize| {
        let id = results.id.filter(|id| (*id as usize) < labels);
        id.ok_or_else(|| EngineError::Device("no entry came back".to_owned()))
    };
    Ok(match question {
        Question::Token { kind, position } => {
            let id = entry(results.logits.len())?;
            let value = softmax_reading(&results.logits, id, request.read);
            let output = Output { top: candidates(&results.logits, piece), ..Output::default() };
            Reply { output, target: Target { value, ..target(*kind, Some(*position), piece(id)) } }
        }
        Question::Choice { position, labels } => {
            let id = entry(results.logits.len())?;
            let value = softmax_reading(&results.logits, id, request.read);
            let name = |id: u32| labels.iter().find(|(known, _)| *known == id).map(|(_, label)| label.clone());
            let mut top: Vec<Candidate> = labels
                .iter()
                .filter_map(|(id, label)| {
                    let logit = f64::from(*results.logits.get(*id as usize)?);
                    let prob = softmax_reading(&results.logits, *id, Read::Prob);
                    Some(Candidate { id: *id, text: label.clone(), logit, prob })
                })
                .collect();
            top.sort_by(|a, b| b.logit.total_cmp(&a.logit));
            let text = name(id).unwrap_or_else(|| piece(id));
            let output = Output { top, ..Output::default() };
            Reply { output, target: Target { value, ..target(TargetKind::Class, Some(*position), text) } }
        }
        Question::Class { names, problem } => {
            let id = entry(names.len())?;
            let top = labels(&results.logits, names, *problem);
            let text = names.get(id as usize).cloned().unwrap_or_default();
            Reply { output: Output { top, ..Output::default() }, target: target(TargetKind::Class, None, text) }
        }
        Question::TokenLabel { names, position } => {
            let id = entry(names.len())?;
            let count = names.len().max(1);
            let rows = || results.logits.chunks_exact(count);
            let best = |row: &[f32]| {
                let top = labels(row, names, Problem::SingleLabel).into_iter().next();
                top.map_or_else(
                    || TokenLabel { label: String::new(), prob: 0.0 },
                    |top| TokenLabel { label: top.text, prob: top.prob },
                )
            };
            let mut top = rows().nth(*position).map(|row| labels(row, names, Problem::SingleLabel)).unwrap_or_default();
            top.truncate(CANDIDATES);
            let output = Output { top, labels: rows().map(best).collect(), ..Output::default() };
            let text = names.get(id as usize).cloned().unwrap_or_default();
            Reply { output, target: target(TargetKind::TokenLabel, Some(*position), text) }
        }
        Question::Span { within, start, end } => {
            let covered = |from: usize, to: usize| covered(request, tokens, from, to);
            let mut spans = best_answers(&results.logits, within);
            for span in &mut spans {
                span.text = covered(span.start, span.end);
            }
            let text = covered(*start, *end);
            let output = Output { text: spans.first().map(|span| span.text.clone()), spans, ..Output::default() };
            let target = Target { end: Some(*end), ..target(TargetKind::AnswerSpan, Some(*start), text) };
            Reply { output, target }
        }
        Question::Output { written, step } => {
            let id = entry(results.logits.len())?;
            let value = softmax_reading(&results.logits, id, request.read);
            let tokens = written
                .iter()
                .map(|(id, prob)| OutputToken {
                    id: *id,
                    text: piece(*id),
                    special: model.tokenizer.is_special(*id),
                    prob: *prob,
                })
                .collect();
            let top = candidates(&results.logits, piece);
            let output = Output { top, tokens, ..Output::default() };
            Reply { output, target: Target { value, ..target(TargetKind::OutputToken, Some(*step), piece(id)) } }
        }
        Question::Similarity => {
            let text = request.second_text.clone().unwrap_or_default();
            Reply { output: Output::default(), target: target(TargetKind::Similarity, None, text) }
        }
    })
}

/// A vocabulary entry's score as it is read. The device's own value agrees within its rounding; this one is in double
/// precision and agrees exactly with the candidates beside it.
fn softmax_reading(logits: &[f32], id: u32, read: Read) -> f64 {
    let logit = logits.get(id as usize).copied().map_or(f64::NAN, f64::from);
    match read {
        Read::Logit => logit,
        Read::LogProb => logit - log_sum_exp(logits),
        Read::Prob => (logit - log_sum_exp(logits)).exp(),
    }
}

/// The text between two tokens, both included.
fn covered(request: &Request, tokens: &[InputToken], from: usize, to: usize) -> String {
    let piece = || {
        let (first, last) = (tokens.get(from)?, tokens.get(to)?);
        request.text.get(first.start..last.end)
    };
    piece().unwrap_or_default().to_owned()
}

/// All labels, best first.
fn labels(scores: &[f32], names: &[String], problem: Problem) -> Vec<Candidate> {
    let total = log_sum_exp(scores);
    let mut all: Vec<Candidate> = scores
        .iter()
        .zip(names)
        .enumerate()
        .map(|(id, (score, name))| {
            let logit = f64::from(*score);
            let prob = match problem {
                Problem::SingleLabel => (logit - total).exp(),
                Problem::MultiLabel => 1.0 / (1.0 + (-logit).exp()),
                Problem::Regression => logit,
            };
            Candidate { id: id as u32, text: name.clone(), logit, prob }
        })
        .collect();
    all.sort_by(|a, b| b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id)));
    all
}

/// The most probable entries, best first, with probabilities over all of `logits`.
fn candidates(logits: &[f32], piece: impl Fn(u32) -> String) -> Vec<Candidate> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let best = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    let count = CANDIDATES.min(order.len());
    if count < order.len() {
        order.select_nth_unstable_by(count, best);
        order.truncate(count);
    }
    order.sort_unstable_by(best);
    let total = log_sum_exp(logits);
    order
        .into_iter()
        .map(|index| {
            let (id, logit) = (index as u32, f64::from(logits[index]));
            Candidate { id, text: piece(id), logit, prob: (logit - total).exp() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_best_first_with_probabilities_over_everything() {
        let logits: Vec<f32> = (0..50).map(|index| ((index * 37) % 50) as f32 / 10.0).collect();
        let top = candidates(&logits, |id| id.to_string());
        assert_eq!(top.len(), CANDIDATES);
        assert!(top.windows(2).all(|pair| pair[0].prob >= pair[1].prob));
        assert!((logits[top[0].id as usize] - 4.9).abs() < 1e-6);
        let all: f64 = logits.iter().map(|logit| (f64::from(*logit) - log_sum_exp(&logits)).exp()).sum();
        assert!((all - 1.0).abs() < 1e-12);
        assert!(candidates(&[], |id| id.to_string()).is_empty());
    }

    #[test]
    fn labels_exclude_each_other_or_not() {
        let names = ["a".to_owned(), "b".to_owned()];
        let single = labels(&[0.0, 2.0], &names, Problem::SingleLabel);
        assert_eq!(single[0].text, "b");
        assert!((single.iter().map(|label| label.prob).sum::<f64>() - 1.0).abs() < 1e-12);
        let multi = labels(&[0.0, 2.0], &names, Problem::MultiLabel);
        assert!((multi[1].prob - 0.5).abs() < 1e-12);
        assert_eq!(labels(&[3.5], &names, Problem::Regression)[0].prob, 3.5);
    }
}
