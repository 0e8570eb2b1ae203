//! Find the answer to a question in a text (extractive question answering, as in SQuAD).

use std::ops::Range;

use headlight_document::{Request, RequestError, SpanCandidate, TargetSpec};
use headlight_explain::{Read, Target};
use headlight_models::head::log_sum_exp;
use headlight_models::{Batch, Input};

use super::{Plan, Question, another, read, scores, tokens};
use crate::error::EngineError;
use crate::model::Model;
use crate::progress::Relay;

/// The most tokens that an answer may have, as many as transformers' pipeline doubled: its 15 cut off dates and names.
const LONGEST: usize = 30;

/// How many starts, and how many ends, are tried with each other.
const TRIED: usize = 20;

pub(super) async fn plan(model: &Model, request: &Request, relay: &Relay<'_>) -> Result<Plan, EngineError> {
    let TargetSpec::Span(chosen) = request.target else { return Err(another(request)) };
    let question = request.second_text.as_deref().ok_or(RequestError::NoQuestion)?;
    // The question comes first, as these models were trained.
    let encoding = model.tokenizer.encode(question, Some(&request.text))?;
    let batch = Batch::one(&encoding.ids).with_types(encoding.type_ids.clone());
    let tokens = tokens(encoding, true);
    let text = |token: &headlight_document::InputToken| token.source == 0 && !token.special;
    let first = tokens.iter().position(text).unwrap_or(0);
    let last = tokens.iter().rposition(text).unwrap_or(0);
    let within = first..last + 1;
    let input = Input::embed(model.transformer.as_ref(), &batch, None);
    let (start, end) = match chosen {
        Some((start, end)) if start <= end && within.contains(&start) && within.contains(&end) => (start, end),
        Some((start, end)) => return Err(EngineError::NoSuchSpan { start, end, first, last }),
        None => {
            let any = Target::Span { start: first, end: last, read: Read::Logit };
            let scores = scores(model, &input, &any, relay).await?;
            best(&scores, &within).first().map_or((first, first), |span| (span.start, span.end))
        }
    };
    let target = Target::Span { start, end, read: read(request) };
    let question = Question::Span { within, start, end };
    Ok(Plan { tokens, prompt: None, input, target, question, answer: None, warnings: Vec::new() })
}

/// The best answers within the text, best first, without their text. `scores` are starts, then ends, of all tokens.
pub(crate) fn best(scores: &[f32], within: &Range<usize>) -> Vec<SpanCandidate> {
    let (starts, ends) = scores.split_at(scores.len() / 2);
    let top = |scores: &[f32]| {
        let mut order: Vec<usize> = within.clone().filter(|index| *index < scores.len()).collect();
        order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        order.truncate(TRIED);
        order
    };
    let (total_start, total_end) = (log_sum_exp(starts), log_sum_exp(ends));
    let last = top(ends);
    let mut spans: Vec<SpanCandidate> = top(starts)
        .into_iter()
        .flat_map(|start| last.iter().map(move |end| (start, *end)))
        .filter(|(start, end)| start <= end && end - start < LONGEST)
        .map(|(start, end)| {
            let logit = f64::from(starts[start]) + f64::from(ends[end]);
            SpanCandidate { start, end, text: String::new(), logit, prob: (logit - total_start - total_end).exp() }
        })
        .collect();
    spans.sort_by(|a, b| b.logit.total_cmp(&a.logit).then(a.start.cmp(&b.start)));
    spans.truncate(10);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_answer_does_not_end_before_it_starts_nor_leave_the_text() {
        // Token 0 would be best for both, but is not of the text; the best end lies before the best start.
        let starts = [9.0, 0.0, 1.0, 5.0, 0.0];
        let ends = [9.0, 6.0, 0.0, 2.0, 3.0];
        let scores: Vec<f32> = starts.into_iter().chain(ends).collect();
        let found = best(&scores, &(1..5));
        assert_eq!((found[0].start, found[0].end, found[0].logit), (3, 4, 8.0));
        assert!(found.iter().all(|span| span.start <= span.end && span.start >= 1));
        assert!(found.windows(2).all(|pair| pair[0].prob >= pair[1].prob));
        assert!(best(&[], &(0..1)).is_empty());
    }
}
