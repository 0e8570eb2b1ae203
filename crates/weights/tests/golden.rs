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

use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Instant;

use headlight_weights::{Dtype, GgufFile, MarianFile, OnnxFile, SafetensorsFile, TensorSource};
use support::{Gguf, checksum, golden, model_file, model_path};

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
        // As packed as the file has them, they are the same numbers.
        let packed = file.read_packed("w").unwrap();
        let kept = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"].contains(&name);
        assert_eq!(packed.is_some(), kept, "{name}");
        if let Some(packed) = packed {
            // A zero may lose its sign, which nothing that is added or multiplied later shows.
            assert_eq!(packed.values(), values, "{name}");
            let turned = packed.with_rows(|index| rows as usize - 1 - index).values();
            let back: Vec<f32> = values.chunks_exact(row as usize).rev().flatten().copied().collect();
            assert_eq!(turned, back, "{name}");
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

#[test]
fn a_small_onnx_model_equals_the_reference() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights/tiny.onnx");
    let mut file = OnnxFile::open(Cursor::new(std::fs::read(path).unwrap())).unwrap();
    let golden = golden("onnx.json");
    let expected = golden["tensors"].as_array().unwrap();
    assert_eq!(file.tensors().len(), expected.len());
    for tensor in expected {
        let name = tensor["name"].as_str().unwrap();
        let found = file.read(name).unwrap();
        let shape: Vec<usize> = serde_json::from_value(tensor["shape"].clone()).unwrap();
        assert_eq!(found.shape, shape, "{name}");
        let bytes: Vec<u8> = found.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(bytes, hex(tensor["values"].as_str().unwrap()), "{name}");
    }
    assert!(file.read("position_ids").unwrap_err().to_string().contains("the ONNX data type 7"));
}

/// Models that are fetched for their own tests; where they were not, there is nothing to compare.
fn fetched(path: &str) -> Option<File> {
    let file = File::open(model_path(path)).ok();
    if file.is_none() {
        println!("{path} is not in the cache: left out");
    }
    file
}

#[test]
fn rampart_equals_the_reference() {
    let Some(file) = fetched("rampart/model_q4.onnx") else { return };
    let mut file = OnnxFile::open(file).unwrap();
    equal(&mut file, "rampart.json");
    let query = file.info("bert.encoder.layer.0.attention.self.query.weight").unwrap();
    assert_eq!((query.shape.as_slice(), query.dtype), ([384, 384].as_slice(), Dtype::Linear4));
    assert_eq!(file.info("bert.embeddings.word_embeddings.weight").unwrap().shape, [19_730, 384]);
    assert_eq!(file.info("bert.encoder.layer.5.intermediate.dense.weight").unwrap().shape, [1536, 384]);
    assert_eq!(file.info("classifier.weight").unwrap().shape, [35, 384]);
}

#[test]
fn marian_equals_the_reference() {
    for pair in ["enpt", "pten"] {
        let path = format!("marian-{pair}/model.{pair}.intgemm.alphas.bin");
        let Some(file) = fetched(&path) else { continue };
        let mut file = MarianFile::open(file).unwrap();
        equal(&mut file, &format!("marian-{pair}.json"));
        assert_eq!(file.info("encoder_l1_self_Wq").unwrap().shape, [256, 256]);
        assert_eq!(file.info("decoder_l2_ffn_W2").unwrap().shape, [1536, 256]);
        assert_eq!(file.info("Wemb").unwrap().shape, [32_000, 256]);
        let config = file.config().unwrap();
        assert!(config.contains("\ntransformer-decoder-autoreg: rnn\n") && config.contains("\nenc-depth: 6\n"));
    }
}
