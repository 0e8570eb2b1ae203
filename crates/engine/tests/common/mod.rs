//! What the tests of real models share: finding them, asking them, and comparing with golden files.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

use headlight_document::message::DeviceChoice;
use headlight_document::{Attention, FileRole, Manifest};
use headlight_engine::device::Adapter;
use headlight_engine::{Chosen, Files, Model, Quiet, choose};
use pollster::block_on;
use serde_json::Value;

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

pub fn clock() -> f64 {
    BEGAN.elapsed().as_secs_f64() * 1000.0
}

fn models() -> PathBuf {
    let cache = headlight_catalogue::cache().expect("HOME is not set, so there is nowhere to look for models");
    cache.join("models")
}

/// Opens a registered model on the CPU.
pub fn open(id: &str) -> (Model, Chosen) {
    let manifest = fs::read(models().join("manifest.json")).expect("the models are missing: run `cargo xtask models`");
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let entry = manifest.models.into_iter().find(|entry| entry.id == id).expect("run `cargo xtask models`");
    let path = |role| entry.file(role).map(|file| models().join(id).join(&file.name));
    let whole = |role| path(role).map(|path| fs::read(path).unwrap());
    let files = Files {
        weights: BufReader::new(File::open(path(FileRole::Weights).unwrap()).unwrap()),
        config: whole(FileRole::Config),
        tokenizer: whole(FileRole::Tokenizer),
    };
    let chosen = block_on(choose(DeviceChoice::Cpu, Adapter::default())).unwrap();
    let model = block_on(Model::open(entry, files, &chosen.device, &Quiet)).unwrap();
    (model, chosen)
}

/// The golden files of a model, by name.
pub fn golden(model: &str) -> Vec<(String, Value)> {
    let folder = format!("{}/../../tests/golden/{model}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(files.len() >= 6, "at least six texts a model");
    files
}

pub fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// ‖a−b‖/‖b‖
pub fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

/// Compares all maps, or the sampled rows and the figures of every head, and checks that every row sums to one. Gives
/// back the greatest difference.
pub fn check_attention(found: &Attention, stored: &Value) -> f64 {
    let size = |key: &str| stored[key].as_u64().unwrap() as usize;
    assert_eq!((found.layers, found.heads), (size("layers"), size("heads")));
    assert_eq!((found.rows, found.columns), (size("rows"), size("columns")));
    let values = found.values.as_ref().unwrap();
    assert_eq!(values.len(), found.layers * found.heads * found.rows * found.columns);
    for row in values.chunks_exact(found.columns) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "a row sums to {}", row.iter().sum::<f32>());
    }
    let mut worst = 0.0_f64;
    let mut compare = |found: &[f32], expected: &Value| {
        let expected = numbers(expected);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            worst = worst.max((f64::from(*found) - expected).abs());
        }
    };
    if stored["values"].is_array() {
        compare(values, &stored["values"]);
    } else {
        let samples = stored["samples"].as_array().unwrap();
        assert!(samples.len() >= 20);
        for sample in samples {
            let at = |key: &str| sample[key].as_u64().unwrap() as usize;
            let map = found.head(at("layer"), at("head")).unwrap();
            compare(&map[at("row") * found.columns..(at("row") + 1) * found.columns], &sample["values"]);
        }
    }
    // Where only rows were stored, the figures of every head still hold every map to account.
    let summary = found.summary.as_ref().unwrap();
    for (ours, key) in [(&summary.entropy, "entropy"), (&summary.distance, "distance")] {
        let theirs: Vec<f64> = stored["summary"][key].as_array().unwrap().iter().flat_map(numbers).collect();
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((f64::from(*ours) - theirs).abs() < 1e-3 * (1.0 + theirs.abs()), "{key}: {ours} against {theirs}");
        }
    }
    worst
}
