//! What the tests of real models share: finding them, asking them, and comparing with golden files.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

use headlight_document::message::DeviceChoice;
use headlight_document::{Attention, Attribution, Explanation, Manifest, Read};
use headlight_engine::device::Adapter;
use headlight_engine::{Chosen, Model, Quiet, choose};
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
    let files = entry
        .files
        .iter()
        .map(|file| (file.name.clone(), BufReader::new(File::open(models().join(id).join(&file.name)).unwrap())));
    let files = files.collect();
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

/// Holds the tokens' ids against a golden file's.
pub fn check_ids(found: &Explanation, golden: &Value) {
    let ids: Vec<u64> = found.input.tokens.iter().map(|token| u64::from(token.id)).collect();
    let expected: Vec<u64> = golden["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    assert_eq!(ids, expected, "{}", golden["name"]);
}

/// The greater of two differences, where what is no number is the greatest of all.
pub fn worse(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// How far each attribution is from a golden file's values under the same name, relative.
pub fn attributions_off(found: &Explanation, stored: &Value) -> Vec<f64> {
    let off = |one: &Attribution| relative(&one.values, &numbers(&stored[one.method.name()]));
    found.attributions.iter().map(off).collect()
}

/// Holds an explanation of a target that was read as `read` against a golden file with `top`, `target` and `reads`, and
/// prints how far it is off. Values and gradients are held against the double-precision run, so that only our own rounding
/// counts: where large terms cancel, single precision in PyTorch is itself up to 2.5e-4 away.
pub fn check_reading(found: &Explanation, golden: &Value, read: Read) {
    let name = golden["name"].as_str().unwrap();
    check_ids(found, golden);
    let attention = check_attention(&found.attention[0], &golden["attention"]);
    assert!(attention < 1e-4, "{name}: attention off by {attention}");

    let top = golden["top"].as_array().unwrap();
    assert_eq!(found.output.top.len(), top.len(), "{name}");
    let mut log_prob = 0.0;
    for (ours, theirs) in found.output.top.iter().zip(top) {
        assert_eq!(u64::from(ours.id), theirs["id"].as_u64().unwrap(), "{name}");
        log_prob = worse(log_prob, (ours.prob.ln() - theirs["log_prob"].as_f64().unwrap()).abs());
    }
    assert!(log_prob < 1e-3, "{name}: log-probability off by {log_prob}");

    assert_eq!(found.target.id.map(u64::from), golden["target"]["id"].as_u64(), "{name}");
    let stored = &golden["float64"]["reads"][read.name()];
    let value = (found.target.value - stored["value"].as_f64().unwrap()).abs();
    assert!(value < 1e-3, "{name} {read}: value off by {value}");
    let off = attributions_off(found, stored);
    println!(
        "{name:12} {:8} {:3} tokens: attention off by {attention:.1e}, log-probability {log_prob:.1e}, saliency {:.1e}, grad_x_input {:.1e} relative",
        read.name(),
        found.input.tokens.len(),
        off[0],
        off[1]
    );
    assert!(off.iter().all(|off| *off < 1e-3), "{name} {read}: {off:?}");
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
            worst = worse(worst, (f64::from(*found) - expected).abs());
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
