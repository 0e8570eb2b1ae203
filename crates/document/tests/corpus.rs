//! The seeds and findings of the fuzz targets for links, replayed on stable Rust, and a fixed number of damaged copies of each.
//!
//! `cargo test -p headlight-document --test corpus -- --ignored seeds` writes the seeds again.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/exercise.rs"]
mod exercise;

#[path = "support/dice.rs"]
mod dice;

use std::path::PathBuf;

use dice::Dice;
use headlight_document::link::{Link, View, Written};
use headlight_document::{Aside, Chosen, Explanation, Frozen, Request, Sampling, Task};

/// Damaged copies of each file of the corpus.
const COPIES: usize = 5_000;

fn sample() -> Explanation {
    serde_json::from_str(include_str!("../../../web/page/assets/sample.json")).unwrap()
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

/// Gives a target each file of its corpus, and damaged copies of it.
fn replay(target: &str, copies: usize, exercise: fn(&[u8])) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let mut dice = Dice(5);
    for file in files {
        let whole = std::fs::read(&file).unwrap();
        exercise(&whole);
        for _ in 0..copies {
            let mut bytes = whole.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                match dice.below(4) {
                    0 => bytes[at] = b"ABCdefgh0189-_.#"[dice.below(16)],
                    1 => bytes[at] ^= 1 << dice.below(7),
                    2 => bytes.insert(at, bytes[at]),
                    _ if bytes.len() > 1 => drop(bytes.remove(at)),
                    _ => {}
                }
            }
            exercise(&bytes);
        }
    }
}

#[test]
fn links() {
    replay("link", COPIES, exercise::link);
}

/// What is within the compression, which a damaged link seldom lets through.
#[test]
fn frozen_links() {
    replay("frozen", COPIES / 10, exercise::frozen);
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
    std::fs::create_dir_all(folder("link")).unwrap();
    let mut ways = Link { view: whole.view.clone(), ..plain.clone() };
    let chosen =
        Chosen { from: 1, sampling: Sampling { temperature: 0.7, seed: 3, ..Sampling::default() }, taken: true };
    let aside = Aside { after: 1, tokens: vec![5, 9], chosen: vec![chosen] };
    ways.view.written =
        Some(Written { tokens: vec![7042, 30], chosen: vec![chosen], others: vec![aside], ..Written::default() });
    for (name, link) in [("plain", plain), ("whole", whole), ("ways", ways)] {
        std::fs::write(folder("link").join(name), link.encode().unwrap()).unwrap();
    }
    let (fragment, ..) = Frozen::of(sample(), View::default(), None).encode().unwrap();
    let mut small = sample();
    small.attention.clear();
    let (bare, ..) = Frozen::of(small, View::default(), None).encode().unwrap();
    std::fs::create_dir_all(folder("frozen")).unwrap();
    let written: Explanation = serde_json::from_str(include_str!("documents/written.json")).unwrap();
    let (written, ..) = Frozen::of(written, View::default(), None).encode().unwrap();
    for (name, fragment) in [("whole", fragment), ("bare", bare), ("written", written)] {
        std::fs::write(folder("frozen").join(name), exercise::unpacked(&fragment).unwrap()).unwrap();
    }
}
