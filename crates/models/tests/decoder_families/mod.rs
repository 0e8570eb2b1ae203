//! The small checkpoints of the causal families (`tests/golden/families`, made by `tests/reference/families_decoders.py`)
//! and what transformers computed with them.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor};
use headlight_models::{Config, ModelError, Silent, Transformer, open};
use headlight_weights::{GgufFile, MemoryTensors, SafetensorsFile, TensorSource};
use pollster::block_on;
use serde_json::Value;

/// Every golden file: checkpoints, and configurations that share another's weights.
pub const ALL: [&str; 15] = [
    "gpt2",
    "gpt2_classifier",
    "gpt2_scaled",
    "gpt_neox",
    "gpt_neox_sequential",
    "llama",
    "llama_dynamic",
    "llama_linear",
    "llama_tied",
    "mistral",
    "mistral_full",
    "qwen2",
    "qwen2_sliding",
    "qwen2_yarn",
    "qwen3",
];

fn path(name: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/families").join(name).join(file)
}

pub fn golden(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(name, "golden.json")).unwrap()).unwrap()
}

pub fn config_bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name, "config.json")).unwrap()
}

/// The configuration with some keys replaced.
pub fn config_with(name: &str, changes: &Value) -> Config {
    let mut config: Value = serde_json::from_slice(&config_bytes(name)).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        config[key] = value.clone();
    }
    Config::from_json(config.to_string().as_bytes()).unwrap()
}

/// The weights of a checkpoint, or of the one that a variant names.
pub fn weights(name: &str) -> SafetensorsFile<BufReader<File>> {
    let of = golden(name)["weights"].as_str().unwrap().to_owned();
    SafetensorsFile::open(BufReader::new(File::open(path(&of, "model.safetensors")).unwrap())).unwrap()
}

pub fn model(name: &str) -> Box<dyn Transformer> {
    let config = Config::from_json(&config_bytes(name)).unwrap();
    block_on(open(&config, &mut weights(name), &Device::flex(), &Silent)).unwrap()
}

/// The same checkpoint out of the file that is laid out as llama.cpp's are.
pub fn model_from_gguf(name: &str) -> Box<dyn Transformer> {
    let mut source = GgufFile::open(BufReader::new(File::open(path(name, "model.gguf")).unwrap())).unwrap();
    let config = Config::from_gguf(source.metadata()).unwrap();
    block_on(open(&config, &mut source, &Device::flex(), &Silent)).unwrap()
}

/// The weights with other names; those for which `rename` gives none are left out.
pub fn renamed(name: &str, rename: impl Fn(&str) -> Option<String>) -> MemoryTensors {
    let mut source = weights(name);
    let names: Vec<String> = source.tensors().iter().map(|info| info.name.clone()).collect();
    let kept = names.iter().filter_map(|name| rename(name).map(|new| (new, name)));
    let tensors: Vec<_> = kept
        .map(|(new, name)| {
            let tensor = source.read(name).unwrap();
            (new, tensor.shape, tensor.values)
        })
        .collect();
    MemoryTensors::new(tensors).unwrap()
}

pub fn open_with(config: &Config, source: &mut dyn TensorSource) -> Result<Box<dyn Transformer>, ModelError> {
    block_on(open(config, source, &Device::flex(), &Silent))
}

pub fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

pub fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

pub fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().all(|value| value.is_finite()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// ‖a−b‖/‖b‖
pub fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}
