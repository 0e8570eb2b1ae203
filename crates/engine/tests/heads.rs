//! Figures of heads on the registered models, against transformers with plain hooks in double precision
//! (`tests/golden/heads`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;
#[path = "../../explain/tests/heads/mod.rs"]
mod heads;

use headlight_document::{
    AttentionKind, Explanation, HeadFigure, HeadLabel, HeadProfile, Intervention, Request, Scaled, TargetSpec, Task,
};
use headlight_engine::{EngineError, Quiet, answer};
use pollster::block_on;
use serde_json::Value;

use common::open;

fn compare(model: &str, names: &[&str]) {
    let (opened, _) = open(model);
    names.iter().for_each(|name| heads::check(&format!("{model}/{name}"), opened.transformer(), 16));
}

#[test]
fn sentiment() {
    compare("sentiment", &["plain", "negation"]);
}

#[test]
fn smollm2() {
    compare("smollm2", &["drink", "france", "keys"]);
}

/// Why a text is positive rather than negative, without any method.
fn contrast(golden: &Value) -> Request {
    let mut request = Request::new("sentiment", Task::Classify, golden["text"].as_str().unwrap());
    request.target = TargetSpec::Label { name: Some("positive".into()), position: None };
    request.foil = Some("negative".into());
    request.methods = Vec::new();
    request
}

/// What a request asks for of heads arrives in the document.
#[test]
fn a_document_has_the_figures_that_were_asked_for() {
    let golden = heads::golden("sentiment/plain");
    let (model, chosen) = open("sentiment");
    let mut request = contrast(&golden);
    let ask = |request: &Request| block_on(answer(&model, &chosen.info, request, &Quiet, common::clock)).unwrap();
    assert_eq!(ask(&request).heads, None);
    request.heads = HeadFigure::ALL.to_vec();
    request.patch = golden["second_text"].as_str().map(str::to_owned);
    let document = ask(&request);
    let again: Explanation = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
    let found = again.heads().unwrap();
    let theirs = &golden["stacks"][0];
    let near = |ours: &[f64], theirs: &Value| {
        let theirs = common::numbers(theirs);
        assert_eq!(ours.len(), theirs.len());
        assert!(ours.iter().zip(&theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-3), "{ours:?}, {theirs:?}");
    };
    let profile = &found.profiles[0];
    assert_eq!((profile.kind, profile.layers, profile.heads), (AttentionKind::Encoder, 6, 12));
    let special: Vec<f64> = profile.values.iter().map(|head| head.special.unwrap()).collect();
    near(&special, &theirs["profile"]["special"]);
    for head in &profile.values {
        assert_eq!(head.labels.contains(&HeadLabel::Special), head.special.unwrap() > 0.6);
    }
    // An encoder sees both ways.
    assert_eq!(found.induction, None);
    let lens = found.lens.unwrap();
    near(&lens.values, &golden["lens"]["logit"]);
    assert_eq!(lens.best.unwrap().pop().unwrap().text, "positive");
    near(&found.direct.unwrap().heads[0].values, &golden["direct"]["heads"]["only"]);
    let ablation = found.ablation.unwrap();
    near(&ablation.heads[0].values, &theirs["ablation"]);
    near(&ablation.mlps[0].values, &golden["mlps"]["only"]);
    let patching = found.patching.unwrap();
    near(&[patching.value, patching.other_value], &serde_json::json!([golden["value"], golden["other_value"]]));
    near(&patching.z[0].values, &theirs["patching"]["z"]);
    near(&patching.pattern[0].values, &theirs["patching"]["pattern"]);
    near(&patching.residual[0].values, &golden["residual"]["only"]["values"]);
}

/// What is averaged over texts is the mean of what each text has by itself, which the reference says of the first.
#[test]
fn figures_over_texts_are_means_of_the_texts() {
    let golden = heads::golden("sentiment/plain");
    let (model, chosen) = open("sentiment");
    let mut request = contrast(&golden);
    request.heads = vec![HeadFigure::Profile, HeadFigure::Ablation];
    let ask = |request: &Request| block_on(answer(&model, &chosen.info, request, &Quiet, common::clock));
    let texts = [request.text.clone(), "It never quite came together, and nobody laughed.".to_owned()];
    let each = texts.each_ref().map(|text| ask(&request.over(text)).unwrap());
    request.texts = texts.to_vec();
    let over = ask(&request).unwrap().heads().unwrap().over_texts.unwrap();
    let near = |ours: &[f64], of: &dyn Fn(&Explanation) -> Vec<f64>| {
        let [one, two] = each.each_ref().map(of);
        assert_eq!((ours.len(), ours.len()), (one.len(), two.len()));
        let all = ours.iter().zip(one.iter().zip(&two));
        let worst = all.map(|(ours, (one, two))| (ours - (one + two) / 2.0).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{worst}");
    };
    assert_eq!(over.values, each.each_ref().map(|one| one.target.value));
    assert!((over.values[0] - golden["value"].as_f64().unwrap()).abs() < 1e-3);
    let profile = |heads: Vec<HeadProfile>, of: fn(&HeadProfile) -> f64| heads.iter().map(of).collect::<Vec<_>>();
    let figures: [fn(&HeadProfile) -> f64; 3] =
        [|head| head.entropy, |head| head.special.unwrap(), |head| head.distance.unwrap()];
    for of in figures {
        near(&profile(over.profiles[0].values.clone(), of), &|document| {
            profile(document.heads().unwrap().profiles[0].values.clone(), of)
        });
    }
    let ablation = over.ablation.unwrap();
    near(&ablation.heads[0].values, &|document| document.heads().unwrap().ablation.unwrap().heads[0].values.clone());
    near(&ablation.mlps[0].values, &|document| document.heads().unwrap().ablation.unwrap().mlps[0].values.clone());
    near(&[ablation.value], &|document| vec![document.target.value]);
    // A text that cannot be answered is named.
    request.texts.push("word ".repeat(600));
    let error = ask(&request).unwrap_err().to_string();
    assert!(error.starts_with("Text 3 of those"), "{error}");
}

/// A translator's heads are of three kinds, and its decoder's tokens are known.
#[test]
fn a_translator_has_profiles_of_its_encoder_and_between() {
    let (model, chosen) = open("marian-enpt");
    let mut request = Request::new("marian-enpt", Task::Translate, "The cat is on the table.");
    request.methods = Vec::new();
    request.heads = vec![HeadFigure::Profile, HeadFigure::Direct];
    let document = block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    let found = document.heads().unwrap();
    let kinds: Vec<AttentionKind> = found.profiles.iter().map(|profile| profile.kind).collect();
    // Its decoder's own tokens hear of each other without attention.
    assert_eq!(kinds, [AttentionKind::Encoder, AttentionKind::Cross]);
    let direct = found.direct.unwrap();
    assert_eq!((direct.heads.len(), direct.recurrence.len()), (1, 2));
    let heads: f64 = direct.heads[0].values.iter().chain(&direct.mlps).chain(&direct.recurrence).sum();
    assert!((heads + direct.embedding + direct.biases + direct.rest - direct.logit).abs() < 1e-3);
}

/// Induction is of the model, not of the text, and only causal models have it.
#[test]
fn a_causal_model_has_induction_scores() {
    let golden = &heads::golden("smollm2/drink")["induction"];
    let (model, chosen) = open("smollm2");
    let mut request = Request::new("smollm2", Task::Continue, "Hello");
    request.methods = Vec::new();
    request.heads = vec![HeadFigure::Induction];
    let document = block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
    let found = document.heads().unwrap().induction.unwrap();
    assert_eq!(serde_json::json!(found.range), serde_json::json!([golden["start"], golden["end"]]));
    let theirs = common::numbers(&golden["scores"]);
    assert!(found.scores.values.iter().zip(&theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-5));
}

/// A head or an MLP that is taken out by a request costs what the reference's ablation says.
#[test]
fn a_changed_model_answers_as_ablation_says() {
    let golden = heads::golden("sentiment/plain");
    let (model, chosen) = open("sentiment");
    let mut request = contrast(&golden);
    let ask = |request: &Request| block_on(answer(&model, &chosen.info, request, &Quiet, common::clock));
    assert_eq!(ask(&request).unwrap().changed, None);
    let kind = AttentionKind::Encoder;
    let mut changed = |scaled: &[Scaled], hidden: &[usize]| {
        request.intervention = Intervention { scaled: scaled.to_vec(), hidden: hidden.to_vec() };
        let document = ask(&request)?;
        let found = document.changed.unwrap();
        assert_eq!(found.top.len(), 2);
        Ok::<f64, EngineError>(document.target.value - found.value)
    };
    let ablation = common::numbers(&golden["stacks"][0]["ablation"]);
    for (at, right) in ablation.iter().enumerate().step_by(17) {
        let head = Scaled { kind, layer: at / 12, head: Some(at % 12), percent: 0 };
        let found = changed(&[head], &[]).unwrap();
        assert!((found - right).abs() < 1e-3, "head {at}: {found}, {right}");
        // A part that is multiplied with one is what it was.
        assert!(changed(&[Scaled { percent: 100, ..head }], &[]).unwrap().abs() < 1e-4);
    }
    for (layer, right) in common::numbers(&golden["mlps"]["only"]).iter().enumerate() {
        let found = changed(&[Scaled { kind, layer, head: None, percent: 0 }], &[]).unwrap();
        assert!((found - right).abs() < 1e-3, "MLP {layer}: {found}, {right}");
    }
    assert!(changed(&[], &[2]).unwrap().abs() > 1e-3, "a hidden word makes a difference");
    assert!(changed(&[], &[99]).is_err());
    assert!(changed(&[Scaled { kind, layer: 6, head: Some(0), percent: 0 }], &[]).is_err());
    assert!(changed(&[Scaled { kind: AttentionKind::Cross, layer: 0, head: Some(0), percent: 0 }], &[]).is_err());
    assert!(changed(&[Scaled { kind, layer: 0, head: Some(0), percent: 60_000 }], &[]).is_err());
}
