//! The tokenizer fuzz targets' seeds and findings, replayed on stable Rust, and a fixed number of damaged copies of each.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/exercise.rs"]
mod exercise;

use std::path::PathBuf;

/// Damaged copies of each file of a target's corpus.
const COPIES: usize = 150;

/// Small reproducible random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    /// A copy with a few bytes changed, cut or doubled, and now and then cut short.
    fn damaged(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes[at] = b"\x1e\x1f\"\\ \n0"[self.below(7)],
                3 => drop(bytes.remove(at)),
                4 => bytes.insert(at, bytes[at]),
                5 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    drop(bytes.drain(at..end));
                }
                6 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, copy);
                }
                _ if self.below(8) == 0 => bytes.truncate(at),
                _ => {
                    let other = self.below(bytes.len());
                    bytes.swap(at, other);
                }
            }
        }
        bytes
    }
}

fn replay(target: &str, exercise: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
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
fn tokenizer_files() {
    replay("tokenizer_files", exercise::tokenizer_files);
}

#[test]
fn tokenizer_gguf() {
    replay("tokenizer_gguf", exercise::tokenizer_gguf);
}

#[test]
fn tokenizer_json() {
    replay("tokenizer_json", exercise::tokenizer_json);
}
