//! Gradients of encoder-decoder families at both embeddings, against PyTorch in double precision
//! (`tests/golden/families`, made by `tests/reference/families_seq2seq.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use std::fs::{self, File};

use burn::tensor::{Device, Tensor};
use headlight_explain::{Choice, Explained, Read, Target, explain, observe};
use headlight_models::{Batch, Capture, Config, Input, Silent, Transformer};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

const NAMES: [&str; 5] = ["marian", "marian-separate", "t5", "t5-v1.1", "marian-ssru"];

fn folder(name: &str) -> String {
    format!("{}/../../tests/golden/families/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Value {
    serde_json::from_slice(&fs::read(format!("{}/golden.json", folder(name))).unwrap()).unwrap()
}

fn open(name: &str) -> Box<dyn Transformer> {
    let config = Config::from_json(&fs::read(format!("{}/config.json", folder(name))).unwrap()).unwrap();
    let mut source = SafetensorsFile::open(File::open(format!("{}/model.safetensors", folder(name))).unwrap()).unwrap();
    block_on(headlight_models::open(&config, &mut source, &Device::flex(), &Silent)).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// ‖a−b‖/‖b‖
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}

const READS: [(&str, Read); 2] = [("logit", Read::Logit), ("log_prob", Read::LogProb)];

/// The run's embeddings for one of `cases` or several, and what is explained: the most probable next token.
fn asked(model: &dyn Transformer, cases: &[&Value], read: Read) -> (Input, Target) {
    let batch = |key: &str| Batch::many(cases.iter().map(|case| ids(&case[key])).collect());
    let prefix = batch("prefix");
    let position = prefix.ids[0].len() - 1;
    let target = Target::Token { position, choice: Choice::MostProbable, read };
    (Input::embed(model, &prefix, Some(&batch("source"))), target)
}

/// How far the gradients of one of the batch are off, at source and prefix.
fn check(explained: &Explained, index: usize, case: &Value, read: &str) -> [f32; 2] {
    let stored = &case["gradients"][read];
    let value = floats(explained.value.clone())[index];
    assert!((value - stored["value"].as_f64().unwrap() as f32).abs() < 1e-3);
    let id = explained.ids.clone().unwrap().into_data().convert::<i64>().try_into_vec::<i64>().unwrap()[index];
    assert_eq!(id, case["target"].as_i64().unwrap());
    let found = explained.gradient.clone().unwrap();
    let one = |tensor: Tensor<3>| floats(tensor.narrow(0, index, 1));
    [
        relative(&one(found.source.unwrap()), &numbers(&stored["source"])),
        relative(&one(found.embeddings), &numbers(&stored["prefix"])),
    ]
}

#[test]
fn gradients_reach_source_and_prefix_as_in_pytorch() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        for (read, kind) in READS {
            let mut worst = [0.0_f32; 2];
            let cases = golden["cases"].as_array().unwrap();
            for case in cases.iter().filter(|case| !case["gradients"].is_null()) {
                let (input, target) = asked(model.as_ref(), &[case], kind);
                let explained = block_on(explain(model.as_ref(), input, &target, Capture::none(), &Silent)).unwrap();
                let off = check(&explained, 0, case, read);
                worst = [worst[0].max(off[0]), worst[1].max(off[1])];
            }
            println!("{name} {read}: gradient off by {:.1e} at the source, {:.1e} at the prefix", worst[0], worst[1]);
            assert!(worst[0] < 1e-3 && worst[1] < 1e-3, "{name} {read}: {worst:?}");
        }
    }
}

#[test]
fn a_batch_has_the_gradients_of_each_of_it() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let cases = [&golden["cases"][0], &golden["cases"][2]];
        let (input, target) = asked(model.as_ref(), &cases, Read::LogProb);
        let explained = block_on(explain(model.as_ref(), input, &target, Capture::none(), &Silent)).unwrap();
        for (index, case) in cases.into_iter().enumerate() {
            let off = check(&explained, index, case, "log_prob");
            assert!(off.iter().all(|off| *off < 1e-3), "{name}: {off:?}");
        }
    }
}

#[test]
fn a_tracked_run_keeps_what_a_plain_one_keeps() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let case = &golden["cases"][0];
        let (input, target) = asked(model.as_ref(), &[case], Read::Logit);
        let plain = block_on(observe(model.as_ref(), input.clone(), &target, Capture::patterns(), &Silent)).unwrap();
        let tracked = block_on(explain(model.as_ref(), input, &target, Capture::patterns(), &Silent)).unwrap();
        for point in [headlight_models::Point::Pattern, headlight_models::Point::CrossPattern] {
            let all = |explained: &Explained| -> Vec<_> {
                explained.captures.all(point).map(|(hook, tensor)| (hook, floats(tensor))).collect()
            };
            let (plain, tracked) = (all(&plain), all(&tracked));
            assert_eq!(plain.len(), tracked.len());
            assert!(!plain.is_empty());
            for ((hook, a), (other, b)) in plain.iter().zip(&tracked) {
                assert_eq!(hook, other);
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5), "{name} {hook}");
            }
        }
    }
}
