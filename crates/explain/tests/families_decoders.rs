//! Gradients of small checkpoints of the causal families, against transformers (`tests/golden/families`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

#[path = "../../models/tests/decoder_families/mod.rs"]
mod decoder_families;

use decoder_families::{ALL, floats, golden, ids, model, model_from_gguf, numbers, relative};
use headlight_explain::{Choice, Explained, Read, Target, explain};
use headlight_models::{Batch, Capture, Head, Input, Silent, Transformer};
use pollster::block_on;

fn target(model: &dyn Transformer, tokens: usize, read: Read) -> Target {
    let choice = Choice::MostProbable;
    match model.head() {
        Head::Labels(_) => Target::Label { position: None, choice, read },
        _ => Target::Token { position: tokens - 1, choice, read },
    }
}

fn gradient(model: &dyn Transformer, batch: &Batch, read: Read) -> Explained {
    let target = target(model, batch.ids[0].len(), read);
    block_on(explain(model, Input::embed(model, batch, None), &target, Capture::none(), &Silent)).unwrap()
}

fn compare(name: &str, model: &dyn Transformer) {
    let (mut worst, mut worst_value) = (0.0_f32, 0.0_f32);
    for case in golden(name)["cases"].as_array().unwrap() {
        for (key, read) in [("logit", Read::Logit), ("log_prob", Read::LogProb)] {
            let explained = gradient(model, &Batch::one(&ids(&case["ids"])), read);
            let id = explained.ids.unwrap().into_data().convert::<i64>().try_into_vec::<i64>().unwrap()[0];
            assert_eq!(id, case["target"]["id"].as_i64().unwrap(), "{name}");
            let stored = &case["target"]["reads"][key];
            let found = floats(explained.gradient.unwrap().embeddings);
            worst = worst.max(relative(&found, &numbers(&stored["gradient"])));
            let value = floats(explained.value)[0];
            worst_value = worst_value.max((value - stored["value"].as_f64().unwrap() as f32).abs());
        }
    }
    println!("{name}: gradient off by {worst:.1e} (relative), value by {worst_value:.1e}");
    assert!(worst < 1e-3 && worst_value < 1e-3, "{name}");
}

#[test]
fn the_gradient_of_every_family_is_transformers() {
    for name in ALL {
        compare(name, model(name).as_ref());
    }
}

#[test]
fn the_gradient_from_files_of_llama_cpp_is_the_same() {
    for name in ["gpt2", "llama", "qwen2", "qwen3"] {
        compare(name, model_from_gguf(name).as_ref());
    }
}

#[test]
fn a_batch_has_the_gradients_of_each_of_it() {
    for name in ALL {
        let model = model(name);
        let first = ids(&golden(name)["cases"][0]["ids"]);
        let second: Vec<u32> = first.iter().rev().map(|id| (id + 5) % 96).collect();
        let batch = Batch::many(vec![first.clone(), second.clone()]);
        let together = gradient(model.as_ref(), &batch, Read::LogProb).gradient.unwrap().embeddings;
        for (index, ids) in [first, second].iter().enumerate() {
            let alone = gradient(model.as_ref(), &Batch::one(ids), Read::LogProb).gradient.unwrap().embeddings;
            let off = relative(&floats(together.clone().narrow(0, index, 1)), &floats(alone));
            assert!(off < 1e-4, "{name}: {off}");
        }
    }
}
