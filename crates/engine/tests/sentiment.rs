//! The sentiment classifier, an adapter merged into MiniLM, against the transformers library with the adapter merged by
//! PyTorch, text by text (`tests/golden/sentiment`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod common;

use headlight_document::{Method, Read, Request, TargetSpec, Task};
use headlight_engine::{Quiet, answer};
use pollster::block_on;

use common::{check_attention, clock, golden, numbers, open, relative};

#[test]
fn answers_are_those_of_the_transformers_library() {
    let (model, chosen) = open("sentiment");
    for (name, golden) in golden("sentiment") {
        let mut request = Request::new("sentiment", Task::Classify, golden["text"].as_str().unwrap());
        request.methods = vec![Method::Saliency, Method::GradXInput];
        for read in [Read::Logit, Read::LogProb, Read::Prob] {
            request.read = read;
            // The better class is what is explained where none is named.
            request.target = TargetSpec::Label { name: None, position: None };
            let found = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();

            assert_eq!(found.model.sha256, golden["adapter_sha256"].as_str().unwrap(), "values of another adapter");
            let ids: Vec<u64> = found.input.tokens.iter().map(|token| u64::from(token.id)).collect();
            let expected: Vec<u64> = golden["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
            assert_eq!(ids, expected, "{name}");

            let attention = check_attention(&found.attention[0], &golden["attention"]);
            assert!(attention < 1e-4, "{name}: attention off by {attention}");

            let mut log_prob = 0.0_f64;
            assert_eq!(found.output.top.len(), 2);
            for (ours, theirs) in found.output.top.iter().zip(golden["top"].as_array().unwrap()) {
                assert_eq!(ours.text, theirs["text"].as_str().unwrap(), "{name}");
                log_prob = log_prob.max((ours.prob.ln() - theirs["log_prob"].as_f64().unwrap()).abs());
            }
            assert!(log_prob < 1e-3, "{name}: log-probability off by {log_prob}");

            // The double-precision run, so that only our own rounding counts.
            assert_eq!(found.target.id.map(u64::from), golden["target"]["id"].as_u64(), "{name}");
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

            // The other class by its name: what speaks for the better one over it is the difference of both.
            let other = golden["foil"]["text"].as_str().unwrap().to_owned();
            request.target = TargetSpec::Label { name: Some(other.clone()), position: None };
            let against = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();
            assert_eq!(against.target.text, other);
            let (ours, others) = (&found.attributions[1].values, &against.attributions[1].values);
            let difference: Vec<f64> = ours.iter().zip(others).map(|(ours, other)| ours - other).collect();
            let stored = &golden["float64"]["foil_reads"][read.name()];
            let off = relative(&difference, &numbers(&stored["grad_x_input"]));
            assert!(off < 1e-3, "{name} {read}: the difference from {other} is off by {off}");
        }
    }
}
