//! The link fuzz target's seeds and findings, replayed on stable Rust, and a fixed number of damaged copies of each.
//!
//! `cargo test -p headlight-document --test corpus -- --ignored seeds` writes the seeds again.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/exercise.rs"]
mod exercise;

use std::path::PathBuf;

use headlight_document::link::{Link, View};
use headlight_document::{Request, Task};

/// Damaged copies of each file of the corpus.
const COPIES: usize = 5_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/link")
}

/// Small reproducible random numbers (SplitMix64).
fn below(state: &mut u64, bound: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) % bound as u64) as usize
}

#[test]
fn links() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut state = 5;
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        exercise::link(&whole);
        for _ in 0..COPIES {
            let mut bytes = whole.clone();
            for _ in 0..=below(&mut state, 3) {
                let at = below(&mut state, bytes.len());
                match below(&mut state, 4) {
                    0 => bytes[at] = b"ABCdefgh0189-_.#"[below(&mut state, 16)],
                    1 => bytes[at] ^= 1 << below(&mut state, 7),
                    2 => bytes.insert(at, bytes[at]),
                    _ if bytes.len() > 1 => drop(bytes.remove(at)),
                    _ => {}
                }
            }
            exercise::link(&bytes);
        }
    }
}

#[test]
#[ignore = "writes the seeds into the fuzz target's corpus"]
fn seeds() {
    let plain = Link {
        request: Request::new("smollm2", Task::Continue, "The lamp"),
        model_sha256: None,
        view: View::default(),
    };
    let mut whole = Link {
        request: Request::new("minilm", Task::Compare, "北京 <b>x</b> 🙂"),
        model_sha256: Some("ab".repeat(32)),
        view: View { head: Some((3, 4)), token: Some(2), method: 1, ..View::default() },
    };
    whole.request.second_text = Some("The second text".to_owned());
    std::fs::create_dir_all(folder()).unwrap();
    for (name, link) in [("plain", plain), ("whole", whole)] {
        std::fs::write(folder().join(name), link.encode().unwrap()).unwrap();
    }
}
