//! Every method and measure on small checkpoints of the families, against Captum, SHAP, lime and networkx.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod checkpoints;
mod faithfulness;
mod methods;

use headlight_explain::{Target, observe, pooled};
use headlight_models::{Batch, Capture, Input, Silent, run};
use pollster::block_on;
use serde_json::Value;

use checkpoints::opened;
use methods::{golden, ids, target};

fn compare(name: &str) {
    let golden = golden(&format!("families/{name}"));
    let model = opened(golden["model"].as_str().unwrap(), golden.get("head").and_then(Value::as_str));
    let model = model.as_ref();
    let (input, last) = match golden.get("prefix") {
        Some(prefix) => {
            let (prefix, source) = (Batch::one(&ids(prefix)), Batch::one(&ids(&golden["source"])));
            (Input::embed(model, &prefix, Some(&source)), prefix.ids[0].len() - 1)
        }
        None => {
            let batch = Batch::one(&ids(&golden["ids"]));
            (Input::embed(model, &batch, None), batch.ids[0].len() - 1)
        }
    };
    let target = if golden["target"]["kind"] == "similarity" {
        let other = model.embed(&Batch::one(&ids(&golden["second_ids"])));
        let run = block_on(run::run(model, other, Capture::none(), &Silent)).unwrap();
        Target::Similarity { other: pooled(run.hidden) }
    } else {
        target(&golden, last)
    };
    let seen = block_on(observe(model, input.clone(), &target, Capture::none(), &Silent)).unwrap();
    let value = seen.value.into_data().try_into_vec::<f32>().unwrap();
    assert!((f64::from(value[0]) - golden["value"].as_f64().unwrap()).abs() < 1e-4, "{name}");
    methods::check(model, &golden, &input, &target);
    faithfulness::check(model, &golden, &input, &target);
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
    marian: "marian", marian_ssru: "marian-ssru", t5: "t5",
}
