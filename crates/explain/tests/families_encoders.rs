//! Targets and gradients of BERT, DistilBERT, RoBERTa and ELECTRA with every head against transformers, on the small
//! random checkpoints of `tests/golden/families` (made by `tests/reference/families_encoders.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use std::fs::{File, read, read_to_string};

use burn::tensor::{Device, Tensor};
use headlight_explain::{Choice, ExplainError, Explained, Read, Target, explain, observe};
use headlight_models::{Batch, Capture, Config, Input, Silent, Transformer, open};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

fn path(name: &str, file: &str) -> String {
    format!("{}/../../tests/golden/families/{name}/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Value {
    serde_json::from_str(&read_to_string(path(name, "golden.json")).unwrap()).unwrap()
}

/// The checkpoint in the folder as the class, and with the other values, that one head is described with.
fn opened(name: &str, described: &Value) -> Box<dyn Transformer> {
    let mut values: Value = serde_json::from_slice(&read(path(name, "config.json")).unwrap()).unwrap();
    for (key, value) in described["config"].as_object().unwrap() {
        values[key] = value.clone();
    }
    let config = Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap();
    let mut file = SafetensorsFile::open(File::open(path(name, "model.safetensors")).unwrap()).unwrap();
    block_on(open(&config, &mut file, &Device::flex(), &Silent)).unwrap()
}

fn list(value: &Value) -> Vec<u32> {
    value.as_array().into_iter().flatten().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn batch(case: &Value) -> Batch {
    Batch::one(&list(&case["ids"])).with_types(list(&case["types"]))
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// The greatest difference; a NaN is none that is small, though `max` would drop it.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

/// ‖a−b‖/‖b‖
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}

/// The target that the golden file describes.
fn target(described: &Value, read: Read) -> Target {
    let size = |key: &str| described[key].as_u64().map(|value| value as usize);
    let choice = || Choice::Id(described["id"].as_u64().unwrap() as u32);
    match described["kind"].as_str().unwrap() {
        "sequence" | "mean" => Target::Label { position: None, choice: choice(), read },
        "token" => Target::Label { position: size("position"), choice: choice(), read },
        "word" => Target::Token { position: size("position").unwrap(), choice: choice(), read },
        "span" => Target::Span { start: size("start").unwrap(), end: size("end").unwrap(), read },
        kind => panic!("{kind} has no target"),
    }
}

fn named(read: &str) -> Read {
    match read {
        "logit" => Read::Logit,
        "log_prob" => Read::LogProb,
        "prob" => Read::Prob,
        other => panic!("{other}"),
    }
}

fn explained(model: &dyn Transformer, batch: &Batch, target: &Target) -> Explained {
    block_on(explain(model, Input::embed(model, batch, None), target, Capture::none(), &Silent)).unwrap()
}

fn gradient(explained: &Explained, index: usize) -> Vec<f32> {
    floats(explained.gradient.as_ref().unwrap().embeddings.clone().narrow(0, index, 1))
}

/// Every head, text and reading of a family: scores, the target's value, and its gradient at the word embeddings.
fn compare(name: &str) {
    let golden = golden(name);
    for (head, described) in golden["heads"].as_object().unwrap() {
        if described["kind"] == "none" {
            continue;
        }
        let model = opened(name, described);
        let (mut worst_value, mut worst_logits, mut worst_gradient, mut count) = (0.0_f32, 0.0_f32, 0.0_f32, 0);
        for case in golden["cases"].as_array().unwrap() {
            let stored = &case["heads"][head];
            for (read, stored_read) in stored["reads"].as_object().unwrap() {
                let target = target(described, named(read));
                let found = explained(model.as_ref(), &batch(case), &target);
                let value = [stored_read["value"].as_f64().unwrap() as f32];
                worst_value = difference(&floats(found.value.clone()), &value).max(worst_value);
                let logits = floats(found.logits.clone().unwrap());
                worst_logits = difference(&logits, &numbers(&stored["logits"])).max(worst_logits);
                let off = relative(&gradient(&found, 0), &numbers(&stored_read["gradient"]));
                assert!(off <= 1e-3, "{name} {head} {read}: {off}");
                worst_gradient = worst_gradient.max(off);
                count += 1;
                // Forward alone it is the same number.
                let input = Input::embed(model.as_ref(), &batch(case), None);
                let seen = block_on(observe(model.as_ref(), input, &target, Capture::none(), &Silent)).unwrap();
                worst_value = difference(&floats(seen.value), &value).max(worst_value);
                if let Some(ids) = found.ids {
                    let ids = ids.into_data().convert::<i64>().try_into_vec::<i64>().unwrap();
                    assert_eq!(Some(ids[0]), described["id"].as_i64());
                }
            }
        }
        println!(
            "{name} {head}: {count} gradients off by {worst_gradient:.1e}, values {worst_value:.1e}, logits \
             {worst_logits:.1e}"
        );
        assert!(count >= 3 && worst_value <= 1e-3 && worst_logits <= 1e-3, "{name} {head}");
    }
}

#[test]
fn berts_gradients_are_transformers() {
    compare("bert");
}

#[test]
fn the_gradients_of_a_decoder_of_its_own_a_regression_and_a_mean_are_transformers() {
    compare("bert-other");
}

#[test]
fn distilberts_gradients_are_transformers() {
    compare("distilbert");
}

#[test]
fn robertas_gradients_are_transformers() {
    compare("roberta");
}

#[test]
fn electras_gradients_are_transformers() {
    compare("electra");
}

#[test]
fn a_batch_has_the_gradients_of_each_of_it() {
    for name in ["bert", "bert-other", "distilbert", "roberta", "electra"] {
        let golden = golden(name);
        let cases = golden["cases"].as_array().unwrap();
        let both = Batch::many(vec![list(&cases[0]["ids"]), list(&cases[1]["ids"])]);
        let both = both.with_types(list(&cases[0]["types"]));
        for (head, described) in golden["heads"].as_object().unwrap() {
            if described["kind"] == "none" {
                continue;
            }
            let model = opened(name, described);
            let target = target(described, Read::LogProb);
            let together = explained(model.as_ref(), &both, &target);
            for (index, case) in cases[..2].iter().enumerate() {
                let alone = explained(model.as_ref(), &batch(case), &target);
                let off = relative(&gradient(&together, index), &gradient(&alone, 0));
                let value = difference(&floats(together.value.clone())[index..=index], &floats(alone.value));
                println!("{name} {head}: one of a batch is off from itself alone by {off:.1e}");
                assert!(off <= 1e-4 && value <= 1e-5, "{name} {head}: {off}");
            }
        }
    }
}

#[test]
fn the_most_probable_label_is_the_one_with_the_greatest_score() {
    let golden = golden("bert");
    let case = &golden["cases"][0];
    for (head, position) in [("sequence", None), ("multi_label", None), ("token", Some(3))] {
        let model = opened("bert", &golden["heads"][head]);
        let target = Target::Label { position, choice: Choice::MostProbable, read: Read::Prob };
        let found = explained(model.as_ref(), &batch(case), &target);
        let logits = numbers(&case["heads"][head]["logits"]);
        let row = &logits[position.unwrap_or(0) * 3..][..3];
        let best = (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        let ids = found.ids.unwrap().into_data().convert::<i64>().try_into_vec::<i64>().unwrap();
        assert_eq!(ids, [best as i64], "{head}");
        let sum: f32 = row.iter().map(|logit| logit.exp()).sum();
        let prob = if head == "multi_label" { 1.0 / (1.0 + (-row[best]).exp()) } else { row[best].exp() / sum };
        assert!((floats(found.value)[0] - prob).abs() < 1e-4, "{head}");
    }
}

#[test]
fn a_regressions_number_is_only_ever_itself() {
    let golden = golden("bert-other");
    let case = &golden["cases"][0];
    for head in ["regression", "mean"] {
        let model = opened("bert-other", &golden["heads"][head]);
        let reads = [Read::Logit, Read::LogProb, Read::Prob];
        let found = reads.map(|read| {
            let found = explained(model.as_ref(), &batch(case), &target(&golden["heads"][head], read));
            (floats(found.value.clone()), gradient(&found, 0))
        });
        assert!(found[0] == found[1] && found[0] == found[2], "{head}");
    }
}

#[test]
fn targets_that_a_head_does_not_have_are_errors() {
    let golden = golden("bert");
    let ask = |head: &str, target: Target| {
        let model = opened("bert", &golden["heads"][head]);
        let input = Input::embed(model.as_ref(), &Batch::one(&[2, 9, 3]), None);
        block_on(observe(model.as_ref(), input, &target, Capture::none(), &Silent)).map(|_| ()).unwrap_err()
    };
    let read = Read::Logit;
    let label = |position, id| Target::Label { position, choice: Choice::Id(id), read };
    let word = |position, id| Target::Token { position, choice: Choice::Id(id), read };
    let beyond = |position| ExplainError::NoSuchPosition { position, tokens: 3 };
    assert_eq!(ask("sequence", label(Some(1), 0)), ExplainError::NoLabels);
    assert_eq!(ask("token", label(None, 0)), ExplainError::NoLabels);
    assert_eq!(ask("span", label(None, 0)), ExplainError::NoLabels);
    assert_eq!(ask("none", label(None, 0)), ExplainError::NoLabels);
    assert_eq!(ask("token", Target::Span { start: 0, end: 1, read }), ExplainError::NoLabels);
    assert_eq!(ask("word", label(None, 0)), ExplainError::NoLabels);
    assert_eq!(ask("none", word(0, 0)), ExplainError::NoUnembedding);
    assert_eq!(ask("sequence", word(0, 0)), ExplainError::NoUnembedding);
    assert_eq!(ask("sequence", label(None, 3)), ExplainError::NoSuchToken { id: 3, vocabulary: 3 });
    assert_eq!(ask("token", label(Some(3), 0)), beyond(3));
    assert_eq!(ask("span", Target::Span { start: 0, end: 3, read }), beyond(3));
    assert_eq!(ask("span", Target::Span { start: 7, end: 1, read }), beyond(7));
    assert_eq!(ask("word", word(3, 0)), beyond(3));
    assert_eq!(ask("word", word(0, 60)), ExplainError::NoSuchToken { id: 60, vocabulary: 60 });
}
