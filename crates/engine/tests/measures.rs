//! What a document says of how far its attributions can be trusted, against the reference's values.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking; not each file uses all that tests share"
)]

mod common;

use headlight_document::{Explanation, Measure, Method, Parameters, Read, Request, TargetSpec, Task};
use headlight_engine::{Quiet, answer};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/methods/sentiment/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn near(ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() < 1e-4), "{ours:?}\n{theirs:?}");
}

fn measured(text: &str, methods: &[Method], measures: &[Measure], seed: u64) -> Explanation {
    let (model, chosen) = common::open("sentiment");
    let mut request = Request::new("sentiment", Task::Classify, text);
    request.target = TargetSpec::Label { name: Some("positive".into()), position: None };
    request.foil = Some("negative".into());
    request.read = Read::Prob;
    request.methods = methods.to_vec();
    request.measures = measures.to_vec();
    request.parameters = Parameters { seed, ..Parameters::default() };
    pollster::block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap()
}

#[test]
fn a_document_has_every_measure_of_every_method() {
    let golden = golden("foil");
    let seed = golden["faithfulness"]["grad_x_input"]["random"]["seed"].as_u64().unwrap();
    let found = measured(
        golden["text"].as_str().unwrap(),
        &[Method::GradXInput, Method::Occlusion, Method::Saliency, Method::GradXInput],
        Measure::ALL,
        seed,
    );
    // What is named twice is there once.
    assert_eq!(found.attributions.len(), 3);
    let document = found.faithfulness.as_ref().unwrap();
    let random = document.random.as_ref().unwrap();
    assert_eq!(document.tokens.len() + golden["special"].as_array().unwrap().len(), found.input.tokens.len());
    for ours in &document.methods[..2] {
        let theirs = &golden["faithfulness"][ours.method.name()];
        let erasure = ours.erasure.as_ref().unwrap();
        near(&[document.value], &[theirs["p"].as_f64().unwrap()]);
        near(&erasure.comprehensiveness, &numbers(&theirs["mask"]["comprehensiveness"]));
        near(&erasure.sufficiency, &numbers(&theirs["mask"]["sufficiency"]));
        near(&[erasure.aopc_sufficiency.unwrap()], &[theirs["mask"]["aopc_sufficiency"].as_f64().unwrap()]);
        near(&ours.deletion.as_ref().unwrap().values, &numbers(&theirs["deletion"]));
        near(&ours.insertion.as_ref().unwrap().values, &numbers(&theirs["insertion"]));
        near(&[ours.tau_loo.unwrap()], &[theirs["tau_loo"]["mask"].as_f64().unwrap()]);
        near(&random.deletion.areas, &numbers(&theirs["random"]["deletion_areas"]));
        near(&random.insertion.areas, &numbers(&theirs["random"]["insertion_areas"]));
    }
    let sensitivity = |place: usize| document.methods[place].sensitivity_max.unwrap();
    let stored = |method: &str| golden["sensitivity_max"][method].as_f64().unwrap();
    assert!((sensitivity(0) / stored("grad_x_input") - 1.0).abs() < 1e-3);
    assert!((sensitivity(2) / stored("saliency") - 1.0).abs() < 1e-3);
    assert!(document.methods.iter().all(|one| one.randomization.is_some_and(|rho| (-1.0..=1.0).contains(&rho))));
    for agreement in golden["agreement"].as_array().unwrap() {
        let place = |index: usize| {
            let method = agreement["methods"][index].as_str().unwrap();
            found.attributions.iter().position(|one| one.method.name() == method)
        };
        let (Some(a), Some(b)) = (place(0), place(1)) else { continue };
        let ours = found.agreement.iter().find(|one| one.pair == [a.min(b), a.max(b)]).unwrap();
        near(&[ours.spearman.unwrap()], &[agreement["spearman"].as_f64().unwrap()]);
        near(&[ours.top_3.unwrap()], &[agreement["top_3"].as_f64().unwrap()]);
    }
    // No more texts than was said beforehand, for three methods.
    let said = [Measure::Curves, Measure::Erasure, Measure::TauLoo].map(|one| one.cost(document.tokens.len(), 3));
    assert!(document.evaluations <= said.iter().sum(), "{} {said:?}", document.evaluations);
    let read: Explanation = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(read.faithfulness.unwrap().methods.len(), 3);
    // A difference of probabilities is no probability.
    assert_eq!(found.warnings, Vec::<String>::new());
}

/// Without a measure nothing is measured, and what reads a model in an order of its own is still told apart from random ones.
#[test]
fn only_what_is_asked_for_is_measured() {
    let found = measured("A fine film.", &[Method::GradXInput], &[], 0);
    assert_eq!((found.faithfulness, found.agreement.len()), (None, 0));
    let found = measured("A fine film.", &[Method::Occlusion], &[Measure::TauLoo], 0);
    let one = &found.faithfulness.unwrap().methods[0];
    // Occlusion is leave-one-out.
    assert!(one.tau_loo.unwrap() > 0.99, "{one:?}");
    assert!(one.deletion.is_none() && one.erasure.is_none() && one.sensitivity_max.is_none());
}
