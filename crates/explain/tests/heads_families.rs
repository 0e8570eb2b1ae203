//! Figures of heads on small checkpoints of the families, against transformers with plain hooks in double precision.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod checkpoints;
mod heads;

use serde_json::Value;

use checkpoints::opened;
use heads::{check, golden};

fn compare(name: &str) {
    let path = format!("families/{name}");
    let golden = golden(&path);
    let model = opened(golden["model"].as_str().unwrap(), golden.get("head").and_then(Value::as_str));
    check(&path, model.as_ref(), 5);
}

macro_rules! families {
    ($($test:ident: $name:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            compare($name);
        })*
    };
}

families! {
    bert_mean: "bert-mean", bert_sequence: "bert-sequence", bert_similarity: "bert-similarity",
    distilbert_span: "distilbert-span", electra_token: "electra-token", roberta_word: "roberta-word",
    gpt2: "gpt2", gpt_neox: "gpt_neox", llama: "llama", mistral: "mistral", qwen3: "qwen3",
    marian: "marian", t5: "t5",
}
