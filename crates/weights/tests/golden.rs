//! Dequantised values against those of the `gguf` and `safetensors` Python packages, bit for bit
//! (`tests/reference/weights_vectors.py` made them).
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a panic is how a test fails"
)]

mod support;

use std::time::Instant;

use headlight_weights::{GgufFile, SafetensorsFile, TensorSource};
use support::{Gguf, checksum, golden, model_file};

#[test]
fn blocks_equal_the_reference() {
    for case in golden("blocks.json")["cases"].as_array().unwrap() {
        let name = case["dtype"].as_str().unwrap();
        let stored: Vec<u8> = hex(case["bytes"].as_str().unwrap());
        let expected: Vec<u32> = hex(case["values"].as_str().unwrap())
            .as_chunks()
            .0
            .iter()
            .map(|bytes| u32::from_le_bytes(*bytes))
            .collect();
        let kind = case["kind"].as_u64().unwrap() as u32;
        let row = case["row"].as_u64().unwrap();
        let rows = expected.len() as u64 / row;
        let mut file = Gguf::default().tensor("w", &[row, rows], kind, 0).data(stored).open().unwrap();
        let values = file.read("w").unwrap().values;
        assert_eq!(values.len(), expected.len(), "{name}");
        for (index, (value, expected)) in values.iter().zip(expected).enumerate() {
            assert_eq!(value.to_bits(), expected, "{name}, value {index}: {value}");
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Every tensor of a real file: shape and checksum of all its values.
fn equal(source: &mut dyn TensorSource, golden_file: &str) {
    let golden = golden(golden_file);
    let expected = golden["tensors"].as_array().unwrap();
    assert_eq!(source.tensors().len(), expected.len());
    let mut seconds = 0.0;
    for tensor in expected {
        let name = tensor["name"].as_str().unwrap();
        let started = Instant::now();
        let found = source.read(name).unwrap();
        seconds += started.elapsed().as_secs_f64();
        let shape: Vec<usize> = serde_json::from_value(tensor["shape"].clone()).unwrap();
        assert_eq!(found.shape, shape, "{name}");
        assert_eq!(checksum(&found.values), tensor["checksum"].as_str().unwrap(), "{name}");
    }
    println!("{golden_file}: read and dequantised in {:.0} ms", seconds * 1e3);
}

#[test]
fn smollm2_equals_the_reference() {
    let started = Instant::now();
    let mut file = GgufFile::open(model_file("smollm2/model.gguf")).unwrap();
    println!("smollm2: header with the vocabulary in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    let metadata = file.metadata();
    assert_eq!(metadata.strings("tokenizer.ggml.tokens").unwrap().len(), 49_152);
    assert_eq!(metadata.u32("llama.block_count"), Some(30));
    assert_eq!(metadata.f32("llama.rope.freq_base"), Some(100_000.0));
    equal(&mut file, "smollm2.json");
}

#[test]
fn minilm_equals_the_reference() {
    let mut file = SafetensorsFile::open(model_file("minilm/model.safetensors")).unwrap();
    equal(&mut file, "minilm.json");
}
