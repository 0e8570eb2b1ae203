//! Rampart against the transformers library with the same dequantised weights, text by text (`tests/golden/rampart`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod common;

use headlight_document::{Method, Read, Request, TargetSpec, Task};
use headlight_engine::{EngineError, Quiet, answer};
use pollster::block_on;

use common::{check_reading, clock, golden, open};

#[test]
fn answers_are_those_of_the_transformers_library() {
    let (model, chosen) = open("rampart");
    for (name, golden) in golden("rampart") {
        let stored = &golden["target"];
        let position = stored["position"].as_u64().unwrap() as usize;
        let label = stored["text"].as_str().unwrap().to_owned();
        let mut request = Request::new("rampart", Task::Label, golden["text"].as_str().unwrap());
        request.methods = vec![Method::Saliency, Method::GradXInput];

        // Where no target is named, the engine explains the same label of the same token.
        let unasked = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();
        assert_eq!((unasked.target.position, &unasked.target.text), (Some(position), &label), "{name}");

        request.target = TargetSpec::Label { name: Some(label), position: Some(position) };
        for read in [Read::Logit, Read::LogProb, Read::Prob] {
            request.read = read;
            let found = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();

            assert_eq!(found.model.sha256, golden["weights_sha256"].as_str().unwrap(), "values of other weights");
            check_reading(&found, &golden, read);
            let labels = golden["labels"].as_array().unwrap();
            assert_eq!(found.output.labels.len(), labels.len(), "{name}");
            for (ours, theirs) in found.output.labels.iter().zip(labels) {
                assert_eq!(ours.label, theirs["label"].as_str().unwrap(), "{name}");
                let log_prob = (ours.prob.ln() - theirs["log_prob"].as_f64().unwrap()).abs();
                assert!(log_prob < 1e-3, "{name}: log-probability off by {log_prob}");
            }
        }
    }
}

#[test]
fn a_label_or_a_token_that_does_not_exist_is_refused() {
    let (model, chosen) = open("rampart");
    let mut request = Request::new("rampart", Task::Label, "I am Nora Quill.");
    let ask = |request: &Request| block_on(answer(&model, &chosen.info, request, &Quiet, clock)).unwrap_err();
    request.target = "label:B-GIVEN_NAME@99".parse().unwrap();
    assert!(matches!(ask(&request), EngineError::Explain(_)));
    request.target = "label:B-NICKNAME@3".parse().unwrap();
    let message = ask(&request).to_string();
    assert!(message.contains("B-NICKNAME"), "{message}");
}
