//! The "tiny" Marian translators on their real weights: translations against the native engine of the package that they
//! are from, runs and gradients against PyTorch (`tests/golden/marian-enpt` and `marian-pten`, made by
//! `tests/reference/marian_tiny.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use std::fs::{self, File};
use std::io::BufReader;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use headlight_document::{FileRole, Manifest};
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Choice, Explained, Read, Target, explain};
use headlight_models::decode::{beam, greedy};
use headlight_models::{Batch, Capture, Config, Input, Point, Side, Silent, Transformer, run};
use headlight_text::Tokenizer;
use headlight_weights::MarianFile;
use pollster::block_on;
use serde_json::Value;

const MODELS: [&str; 2] = ["marian-enpt", "marian-pten"];

fn models() -> PathBuf {
    let cache = headlight_catalogue::cache();
    cache.expect("HOME is not set, so there is nowhere to look for models").join("models")
}

fn open(id: &str) -> (Tokenizer, Box<dyn Transformer>) {
    let manifest = fs::read(models().join("manifest.json")).expect("the models are missing: run `cargo xtask models`");
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let entry = manifest.models.into_iter().find(|entry| entry.id == id).expect("run `cargo xtask models`");
    let path = |role| models().join(id).join(&entry.file(role).unwrap().name);
    let tokenizer = Tokenizer::from_json(&fs::read(path(FileRole::Tokenizer)).unwrap()).unwrap();
    let weights = BufReader::new(File::open(path(FileRole::Weights)).unwrap());
    let mut source = MarianFile::open(weights).unwrap();
    let config = Config::from_marian(source.config().unwrap()).unwrap();
    let model = block_on(headlight_models::open(&config, &mut source, &Device::flex(), &Silent)).unwrap();
    (tokenizer.ending_in("</s>").unwrap(), model)
}

fn golden(model: &str, name: &str) -> Value {
    let path = format!("{}/../../tests/golden/{model}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The names of the texts that a model has golden files of.
fn texts(model: &str) -> Vec<String> {
    let folder = format!("{}/../../tests/golden/{model}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "translations")
        .collect();
    names.sort();
    assert!(names.len() >= 6, "at least six texts a model");
    names
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

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// ‖a−b‖/‖b‖
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}

#[test]
fn translations_are_those_of_the_native_engine() {
    for name in MODELS {
        let (tokenizer, model) = open(name);
        let golden = golden(name, "translations");
        let limit = golden["limit"].as_u64().unwrap() as usize;
        let sentences = golden["sentences"].as_array().unwrap();
        assert_eq!(sentences.len(), 20);
        let mut worst = 0.0_f32;
        for sentence in sentences {
            let text = sentence["text"].as_str().unwrap();
            let source = tokenizer.encode(text, None).unwrap().ids;
            assert_eq!(source, ids(&sentence["source"]), "{text}");
            let written = block_on(greedy(model.as_ref(), &source, limit, &Silent)).unwrap();
            assert_eq!(written.ids, ids(&sentence["greedy"]), "{text}");
            assert!(written.ended, "{text}");
            let (end, words) = written.ids.split_last().unwrap();
            assert_eq!(*end, 0);
            assert_eq!(tokenizer.decode(words).unwrap(), sentence["native"].as_str().unwrap(), "{text}");
            let best = block_on(beam(model.as_ref(), &source, 4, 1.0, limit, &Silent)).unwrap();
            assert_eq!(best.ids, ids(&sentence["beam"]), "{text}");
            worst = worst.max((best.score - sentence["beam_score"].as_f64().unwrap() as f32).abs());
        }
        println!("{name}: 20 of 20 translations are the native engine's; scores of four beams off by {worst:.1e}");
        assert!(worst < 1e-3, "{name}: {worst}");
    }
}

/// The first of each row's values, as many as are stored.
fn begin(tensor: Tensor<3>, stored: &Value) -> (Vec<f32>, Vec<f32>) {
    let stored = numbers(stored);
    let [_, rows, _] = tensor.dims();
    (floats(tensor.narrow(2, 0, stored.len() / rows)), stored)
}

fn check_maps(explained: &Explained, stored: &Value, side: Side, point: Point) -> f32 {
    let found: Vec<f32> =
        explained.captures.all(point).filter(|(hook, _)| hook.side == side).flat_map(|(_, map)| floats(map)).collect();
    for row in found.chunks_exact(stored["columns"].as_u64().unwrap() as usize) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    greatest_difference(&found, &numbers(&stored["values"]))
}

#[test]
fn runs_and_gradients_are_those_of_pytorch() {
    for name in MODELS {
        let (tokenizer, model) = open(name);
        let model = model.as_ref();
        for text in texts(name) {
            let golden = golden(name, &text);
            let source = tokenizer.encode(golden["text"].as_str().unwrap(), None).unwrap().ids;
            assert_eq!(source, ids(&golden["ids"]), "{name} {text}");
            let written = ids(&golden["output"]["ids"]);
            let start = model.generation().unwrap().start;
            let prefix: Vec<u32> = std::iter::once(start).chain(written[..written.len() - 1].iter().copied()).collect();
            let (source, prefix) = (Batch::one(&source), Batch::one(&prefix));

            let memory = block_on(run::encode(model, model.encoder().unwrap().embed(&source), &Silent)).unwrap();
            let (found, stored) = begin(memory, &golden["memory"]);
            let mut hidden = greatest_difference(&found, &stored);
            let plain = Input::embed(model, &prefix, Some(&source));
            let end = block_on(run::run(model, plain.clone(), Capture::none(), &Silent)).unwrap().hidden;
            let (found, stored) = begin(end, &golden["hidden"]);
            hidden = hidden.max(greatest_difference(&found, &stored));

            let position = golden["target"]["position"].as_u64().unwrap() as usize;
            let id = golden["target"]["id"].as_u64().unwrap() as u32;
            let (mut attention, mut value, mut gradient) = (0.0_f32, 0.0_f32, 0.0_f32);
            for (read, kind) in [("logit", Read::Logit), ("log_prob", Read::LogProb)] {
                let target = Target::Token { position, choice: Choice::Id(id), read: kind };
                let explained = block_on(explain(model, plain.clone(), &target, Capture::patterns(), &Silent)).unwrap();
                let maps = &golden["attention"];
                attention = attention.max(check_maps(&explained, &maps["encoder"], Side::Encoder, Point::Pattern));
                attention = attention.max(check_maps(&explained, &maps["cross"], Side::Decoder, Point::CrossPattern));
                let stored = &golden["float64"]["reads"][read];
                let exact = stored["value"].as_f64().unwrap() as f32;
                value = value.max((floats(explained.value.clone())[0] - exact).abs());
                let found = explained.gradient.clone().unwrap();
                let there = found.source.unwrap();
                if golden["float64"]["source_gradient"]["read"] == read {
                    let stored = numbers(&golden["float64"]["source_gradient"]["values"]);
                    gradient = gradient.max(relative(&floats(there.clone()), &stored));
                }
                for (side, gradients, embeddings) in [
                    ("source", there, explained.source.clone().unwrap()),
                    ("prefix", found.embeddings, explained.embeddings.clone()),
                ] {
                    let own = floats(saliency(gradients.clone()));
                    gradient = gradient.max(relative(&own, &numbers(&stored[format!("{side}_saliency")])));
                    let own = floats(grad_x_input(embeddings, gradients));
                    gradient = gradient.max(relative(&own, &numbers(&stored[format!("{side}_grad_x_input")])));
                }
            }
            println!(
                "{name} {text:10}: hidden off by {hidden:.1e}, attention {attention:.1e}, value {value:.1e}, gradients \
                 {gradient:.1e} relative"
            );
            assert!(hidden <= 1e-4 && attention <= 1e-4 && value <= 1e-3 && gradient <= 1e-3, "{name} {text}");
        }
    }
}
