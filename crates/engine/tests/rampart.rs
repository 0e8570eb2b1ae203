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

use common::{check_attention, clock, golden, numbers, open, relative};

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
            let ids: Vec<u64> = found.input.tokens.iter().map(|token| u64::from(token.id)).collect();
            let expected: Vec<u64> = golden["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
            assert_eq!(ids, expected, "{name}");

            let attention = check_attention(&found.attention[0], &golden["attention"]);
            assert!(attention < 1e-4, "{name}: attention off by {attention}");

            let mut log_prob = 0.0_f64;
            let labels = golden["labels"].as_array().unwrap();
            assert_eq!(found.output.labels.len(), labels.len(), "{name}");
            for (ours, theirs) in found.output.labels.iter().zip(labels) {
                assert_eq!(ours.label, theirs["label"].as_str().unwrap(), "{name}");
                log_prob = log_prob.max((ours.prob.ln() - theirs["log_prob"].as_f64().unwrap()).abs());
            }
            assert_eq!(found.output.top.len(), 10);
            for (ours, theirs) in found.output.top.iter().zip(golden["top"].as_array().unwrap()) {
                assert_eq!(ours.text, theirs["text"].as_str().unwrap(), "{name}");
                log_prob = log_prob.max((ours.prob.ln() - theirs["log_prob"].as_f64().unwrap()).abs());
            }
            assert!(log_prob < 1e-3, "{name}: log-probability off by {log_prob}");

            // The double-precision run, so that only our own rounding counts.
            assert_eq!(found.target.id.map(u64::from), stored["id"].as_u64(), "{name}");
            let precise = &golden["float64"]["reads"][read.name()];
            let value = (found.target.value - precise["value"].as_f64().unwrap()).abs();
            assert!(value < 1e-3, "{name} {read}: value off by {value}");
            let off: Vec<f64> = found
                .attributions
                .iter()
                .map(|attribution| relative(&attribution.values, &numbers(&precise[attribution.method.name()])))
                .collect();
            println!(
                "{name:12} {:8} {:3} tokens: attention off by {attention:.1e}, log-probability {log_prob:.1e}, saliency {:.1e}, grad_x_input {:.1e} relative",
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
