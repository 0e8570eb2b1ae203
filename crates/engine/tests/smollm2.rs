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

use common::{check_attention, clock, golden, numbers, open, relative};

#[test]
fn answers_are_those_of_the_transformers_library() {
    let (model, chosen) = open("smollm2");
    for (name, golden) in golden("smollm2") {
        let mut request = Request::new("smollm2", Task::Continue, golden["text"].as_str().unwrap());
        request.methods = vec![Method::Saliency, Method::GradXInput];
        for read in [Read::Logit, Read::LogProb, Read::Prob] {
            request.read = read;
            let found = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();

            let ids: Vec<u64> = found.input.tokens.iter().map(|token| u64::from(token.id)).collect();
            let expected: Vec<u64> = golden["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
            assert_eq!(ids, expected, "{name}");

            let attention = check_attention(&found.attention[0], &golden["attention"]);
            assert!(attention < 1e-4, "{name}: attention off by {attention}");

            assert_eq!(found.output.top.len(), 10);
            for (ours, theirs) in found.output.top.iter().zip(golden["top"].as_array().unwrap()) {
                assert_eq!(u64::from(ours.id), theirs["id"].as_u64().unwrap(), "{name}");
                let log_prob = ours.prob.ln() - theirs["log_prob"].as_f64().unwrap();
                assert!(log_prob.abs() < 1e-3, "{name}: log-probability off by {log_prob}");
            }

            // The double-precision run, so that only our own rounding counts: where large terms cancel, single precision in
            // PyTorch is itself up to 2.5e-4 away.
            let stored = &golden["float64"]["reads"][read.name()];
            assert_eq!(found.target.id.map(u64::from), golden["target"]["id"].as_u64());
            let value = (found.target.value - stored["value"].as_f64().unwrap()).abs();
            assert!(value < 1e-3, "{name} {read}: value off by {value}");
            let off: Vec<f64> = found
                .attributions
                .iter()
                .map(|attribution| relative(&attribution.values, &numbers(&stored[attribution.method.name()])))
                .collect();
            println!(
                "{name:12} {:8} {:3} tokens: attention off by {attention:.1e}, saliency {:.1e}, grad_x_input {:.1e} relative",
                read.name(),
                ids.len(),
                off[0],
                off[1]
            );
            assert!(off.iter().all(|off| *off < 1e-3), "{name} {read}: {off:?}");
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
