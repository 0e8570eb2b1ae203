//! SmolLM2 against the transformers library, text by text (`tests/golden/smollm2`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod common;

use headlight_document::{Method, Read, Request, TargetSpec, Task, Token};
use headlight_engine::{EngineError, Quiet, answer};
use pollster::block_on;

use common::{check_reading, clock, golden, open};

#[test]
fn answers_are_those_of_the_transformers_library() {
    let (model, chosen) = open("smollm2");
    for (_, golden) in golden("smollm2") {
        let mut request = Request::new("smollm2", Task::Continue, golden["text"].as_str().unwrap());
        request.methods = vec![Method::Saliency, Method::GradXInput];
        for read in [Read::Logit, Read::LogProb, Read::Prob] {
            request.read = read;
            let found = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();
            check_reading(&found, &golden, read);
        }
    }
}

#[test]
fn a_token_can_be_named_by_text_or_number_and_what_makes_no_sense_is_refused() {
    let (model, chosen) = open("smollm2");
    let ask = |request: &Request| block_on(answer(&model, &chosen.info, request, &Quiet, clock));
    let mut request = Request::new("smollm2", Task::Continue, "The capital of France is");
    request.target = TargetSpec::Next(Some(Token::Text(" the".to_owned())));
    let by_text = ask(&request).unwrap();
    assert_eq!(by_text.target.id, Some(260));
    request.target = TargetSpec::Next(Some(Token::Id(260)));
    assert_eq!(ask(&request).unwrap().attributions, by_text.attributions);

    request.target = TargetSpec::Next(Some(Token::Text("nosuchsingletoken".to_owned())));
    assert!(matches!(ask(&request), Err(EngineError::NotOneToken { .. })));
    request.target = TargetSpec::Next(Some(Token::Id(u32::MAX)));
    assert!(matches!(ask(&request), Err(EngineError::Explain(_))));
    let compare = Request { second_text: Some("x".to_owned()), ..Request::new("smollm2", Task::Compare, "y") };
    assert!(matches!(ask(&compare), Err(EngineError::TaskOfAnotherModel { .. })));
}
