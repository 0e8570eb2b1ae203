//! BERT, DistilBERT, RoBERTa and ELECTRA with every head against transformers, on the small random checkpoints of
//! `tests/golden/families` (made by `tests/reference/families_encoders.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod compare;
mod opening;

use std::fs::{File, read, read_to_string};

use burn::tensor::{Device, Tensor};
use headlight_models::run::{Run, run};
use headlight_models::{
    Batch, Capture, Config, Head, Input, LabelKind, ModelError, Point, Pooling, Silent, Transformer, open,
};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

const ALL: [&str; 5] = ["bert", "bert-other", "distilbert", "roberta", "electra"];

fn path(name: &str, file: &str) -> String {
    format!("{}/../../tests/golden/families/{name}/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Value {
    serde_json::from_str(&read_to_string(path(name, "golden.json")).unwrap()).unwrap()
}

/// The configuration in the folder, with some values changed; null takes one away.
fn config(name: &str, changes: &Value) -> Config {
    let mut values: Value = serde_json::from_slice(&read(path(name, "config.json")).unwrap()).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        values[key] = value.clone();
    }
    Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap()
}

fn file(name: &str) -> SafetensorsFile<File> {
    SafetensorsFile::open(File::open(path(name, "model.safetensors")).unwrap()).unwrap()
}

fn opened(name: &str, changes: &Value) -> Result<Box<dyn Transformer>, ModelError> {
    block_on(open(&config(name, changes), &mut file(name), &Device::flex(), &Silent))
}

fn refused(name: &str, changes: &Value) -> String {
    match opened(name, changes) {
        Ok(_) => panic!("{name} with {changes} was opened"),
        Err(error) => error.to_string(),
    }
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

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // A NaN is no small difference, and `max` would drop it.
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

fn run_all(model: &dyn Transformer, batch: &Batch) -> Run {
    block_on(run(model, Input::embed(model, batch, None), Capture::of(Point::ALL), &Silent)).unwrap()
}

fn attention(run: &Run, index: usize) -> Vec<f32> {
    run.captures.patterns().flat_map(|pattern| floats(pattern.narrow(0, index, 1))).collect()
}

/// The scores of one of a batch as the golden files have them; `kind` says what the head must be.
fn logits(model: &dyn Transformer, hidden: &Tensor<3>, index: usize, described: &Value) -> Option<Vec<f32>> {
    let [_, tokens, width] = hidden.dims();
    let all = hidden.clone().narrow(0, index, 1).reshape([tokens, width]);
    let row = |position: usize| all.clone().narrow(0, position, 1);
    Some(match (described["kind"].as_str().unwrap(), model.head()) {
        ("none", Head::None) => return None,
        ("word", Head::Vocabulary(head)) => {
            assert!(head.masked);
            floats(head.logits(head.prepare(row(described["position"].as_u64().unwrap() as usize))))
        }
        ("sequence", Head::Labels(head)) => {
            assert!(matches!(head.kind, LabelKind::Sequence(_)) && head.pooling == Pooling::First);
            floats(head.logits(row(0)))
        }
        ("mean", Head::Labels(head)) => {
            assert!(matches!(head.kind, LabelKind::Sequence(_)) && head.pooling == Pooling::Mean);
            floats(head.logits(all.clone().mean_dim(0)))
        }
        ("token", Head::Labels(head)) => {
            assert_eq!(head.kind, LabelKind::Token);
            floats(head.logits(all.clone()))
        }
        ("span", Head::Labels(head)) => {
            assert_eq!(head.kind, LabelKind::Span);
            floats(head.logits(all.clone()).transpose())
        }
        (kind, head) => panic!("{kind} was opened as {head:?}"),
    })
}
