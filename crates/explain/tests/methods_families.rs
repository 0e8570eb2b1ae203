//! Every method on small checkpoints of the families, against Captum, SHAP and lime.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod methods;

use std::fs::{File, read};

use burn::tensor::Device;
use headlight_explain::{Target, observe, pooled};
use headlight_models::{Batch, Capture, Config, Input, Silent, Transformer, run};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

use methods::{check, golden, ids, target};

fn path(name: &str, file: &str) -> String {
    format!("{}/../../tests/golden/families/{name}/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// A checkpoint, with the values of its configuration that one head is described with.
fn opened(folder: &str, head: Option<&str>) -> Box<dyn Transformer> {
    let mut values: Value = serde_json::from_slice(&read(path(folder, "config.json")).unwrap()).unwrap();
    if let Some(head) = head {
        let families: Value = serde_json::from_slice(&read(path(folder, "golden.json")).unwrap()).unwrap();
        for (key, value) in families["heads"][head]["config"].as_object().unwrap() {
            values[key] = value.clone();
        }
    }
    let config = Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap();
    let mut file = SafetensorsFile::open(File::open(path(folder, "model.safetensors")).unwrap()).unwrap();
    block_on(headlight_models::open(&config, &mut file, &Device::flex(), &Silent)).unwrap()
}

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
    check(model, &golden, &input, &target);
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
