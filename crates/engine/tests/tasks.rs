//! Every task, asked of a registered model that can do it, through the same door as the page and the command line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

#[allow(dead_code, reason = "what tests share is not all used by each")]
mod common;

use common::{clock, open};
use headlight_document::{AttentionKind, Explanation, Method, Read, Request, Task};
use headlight_engine::{EngineError, Quiet, answer};
use pollster::block_on;

fn ask(model: &str, requests: &[Request]) -> Vec<Result<Explanation, EngineError>> {
    let (model, chosen) = open(model);
    requests.iter().map(|request| block_on(answer(&model, &chosen.info, request, &Quiet, clock))).collect()
}

fn one(model: &str, request: Request) -> Explanation {
    ask(model, &[request]).remove(0).unwrap()
}

/// What holds of every document: a value for each token, rows that sum to one.
fn check(document: &Explanation) {
    for attribution in &document.attributions {
        assert_eq!(attribution.values.len(), document.input.tokens.len());
        assert!(attribution.values.iter().any(|value| *value != 0.0));
    }
    assert!(!document.attention.is_empty());
    for attention in &document.attention {
        let values = attention.values.as_ref().unwrap();
        assert_eq!(values.len(), attention.layers * attention.heads * attention.rows * attention.columns);
        for row in values.chunks_exact(attention.columns) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn the_sentiment_model_classifies() {
    let text = "A warm, funny and quietly moving film.";
    let mut request = Request::new("sentiment", Task::Classify, text);
    request.methods = vec![Method::GradXInput, Method::Saliency];
    let mut named = request.clone();
    named.target = "label:negative".parse().unwrap();
    named.read = Read::Prob;
    let mut unknown = request.clone();
    unknown.target = "label:lukewarm".parse().unwrap();
    let mut answers = ask("sentiment", &[request, named, unknown]).into_iter();
    let document = answers.next().unwrap().unwrap();
    check(&document);
    assert_eq!(document.output.top[0].text, "positive");
    assert!(document.output.top[0].prob > 0.8);
    assert_eq!(document.target.text, "positive");
    let named = answers.next().unwrap().unwrap();
    assert_eq!(named.target.text, "negative");
    assert!((named.target.value - document.output.top[1].prob).abs() < 1e-5);
    let message = answers.next().unwrap().unwrap_err().to_string();
    assert!(message.contains("lukewarm") && message.contains("positive"), "{message}");
}

#[test]
fn rampart_labels_tokens_and_explains_one() {
    let text = "My name is Maria Lopez and I live in Boston.";
    let mut request = Request::new("rampart", Task::Label, text);
    let first = one("rampart", request.clone());
    check(&first);
    let labels = &first.output.labels;
    let maria = first.input.tokens.iter().position(|token| token.text.eq_ignore_ascii_case("maria")).unwrap();
    assert_eq!(labels[maria].label, "B-GIVEN_NAME");
    assert_eq!(labels.len(), first.input.tokens.len());
    // The most telling token is one of those that have a label.
    assert_ne!(labels[first.target.position.unwrap()].label, "O");
    request.target = format!("label:B-GIVEN_NAME@{maria}").parse().unwrap();
    let named = one("rampart", request);
    assert_eq!((named.target.position, named.target.text.as_str()), (Some(maria), "B-GIVEN_NAME"));
}

#[test]
fn marian_translates_and_explains_each_word() {
    let mut request = Request::new("marian-enpt", Task::Translate, "The cat sleeps on the old chair.");
    let first = one("marian-enpt", request.clone());
    check(&first);
    let kinds: Vec<AttentionKind> = first.attention.iter().map(|attention| attention.kind).collect();
    assert_eq!(kinds, [AttentionKind::Encoder, AttentionKind::Cross]);
    let text = first.output.text.clone().unwrap();
    assert!(text.to_lowercase().contains("gato"), "{text}");
    assert!(first.output.tokens.iter().all(|token| token.prob > 0.0 && token.prob <= 1.0));
    let cat = first.output.tokens.iter().position(|token| token.text.contains("gato")).unwrap();
    request.target = format!("output@{cat}").parse().unwrap();
    let word = one("marian-enpt", request.clone());
    assert_eq!(word.target.text, first.output.tokens[cat].text);
    assert!((word.output.top[0].prob - word.output.tokens[cat].prob).abs() < 1e-4);
    assert_eq!(word.attributions[0].output_values.as_ref().unwrap().len(), cat);
    // The alignment head, decoder layer 2 head 0, looks at "cat" when it writes "gato".
    let cross = &word.attention[1];
    let row = &cross.head(1, 0).unwrap()[cat * cross.columns..(cat + 1) * cross.columns];
    let best = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    assert_eq!(word.input.tokens[best].text.trim(), "cat");
    request.target = "output@999".parse().unwrap();
    assert!(matches!(ask("marian-enpt", &[request]).remove(0), Err(EngineError::NoSuchStep { .. })));
}

#[test]
fn smollm2_classifies_and_answers_after_examples() {
    let classify = Request::new("smollm2", Task::Classify, "A joy from the first minute to the last.");
    let mut answer = Request::new("smollm2", Task::Answer, "Tom gave his sister a blue bicycle for her birthday.");
    answer.second_text = Some("What colour is the bicycle?".to_owned());
    let mut answers = ask("smollm2", &[classify, answer]).into_iter();
    let classified = answers.next().unwrap().unwrap();
    check(&classified);
    assert_eq!(classified.output.top.len(), 2);
    assert_eq!(classified.target.text, "positive");
    assert!(classified.input.prompt.is_some() && !classified.warnings.is_empty());
    let answered = answers.next().unwrap().unwrap();
    check(&answered);
    assert!(answered.output.text.unwrap().to_lowercase().contains("blue"));
}

#[test]
fn a_task_of_another_model_is_refused_in_a_sentence() {
    let message = ask("smollm2", &[Request::new("smollm2", Task::Translate, "Good morning.")]).remove(0).unwrap_err();
    assert!(message.to_string().contains("cannot do the task \"translate\""), "{message}");
}
