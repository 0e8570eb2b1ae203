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

use common::{check_reading, clock, golden, numbers, open, relative};

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
            check_reading(&found, &golden, read);

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
