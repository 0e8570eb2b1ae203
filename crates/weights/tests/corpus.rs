//! The fuzz targets' seeds and findings, replayed on stable Rust, and a fixed number of damaged copies of each.
//!
//! `cargo test -p headlight-weights --test corpus -- --ignored seeds` writes the seeds of the binary formats again.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::path::PathBuf;

use support::marian::whole_marian;
use support::onnx::{model, whole_onnx};
use support::{Gguf, Random, exercise, whole_gguf, whole_safetensors};

/// Damaged copies of each file of a target's corpus.
const COPIES: usize = 2_000;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

fn replay(target: &str, exercise: fn(&[u8])) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    let mut random = Random(5);
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        exercise(&whole);
        for _ in 0..COPIES {
            exercise(&random.damaged(&whole));
        }
    }
}

#[test]
fn safetensors() {
    replay("safetensors", exercise::safetensors);
}

#[test]
fn gguf() {
    replay("gguf", exercise::gguf);
}

#[test]
fn marian() {
    replay("marian", exercise::marian);
}

#[test]
fn onnx() {
    replay("onnx", exercise::onnx);
}

#[test]
fn shards() {
    replay("shards", exercise::shards);
}

#[test]
#[ignore = "writes the seeds into the fuzz targets' corpus"]
fn seeds() {
    // One block of each of GGUF's formats that has blocks, in a file of its own.
    let formats = [
        (2, 32, 18),
        (3, 32, 20),
        (6, 32, 22),
        (7, 32, 24),
        (8, 32, 34),
        (12, 256, 144),
        (13, 256, 176),
        (14, 256, 210),
    ];
    let mut blocks = Gguf::default();
    for (kind, values, bytes) in formats {
        let at = blocks.data.len() as u64;
        blocks = blocks.tensor(&format!("kind {kind}"), &[values, 1], kind, at);
        blocks.data.extend((0..bytes).map(|byte| (byte * 7) as u8));
        blocks.data.resize(blocks.data.len().next_multiple_of(32), 0);
    }
    let mut tight = whole_marian();
    tight.items.truncate(2);
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights/tiny.onnx");
    let seeds: [(&str, &str, Vec<u8>); 7] = [
        ("safetensors", "whole", whole_safetensors()),
        ("gguf", "whole", whole_gguf().build()),
        ("gguf", "blocks", blocks.build()),
        ("marian", "whole", whole_marian().build()),
        ("marian", "tight", tight.build()),
        ("onnx", "whole", model(&whole_onnx())),
        ("onnx", "tiny", std::fs::read(tiny).unwrap()),
    ];
    for (target, name, bytes) in seeds {
        std::fs::create_dir_all(folder(target)).unwrap();
        std::fs::write(folder(target).join(name), bytes).unwrap();
    }
}
