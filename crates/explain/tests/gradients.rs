//! Gradients of tiny models: against PyTorch, and against central finite differences.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use burn::tensor::{Device, Tensor, TensorData};
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Choice, ExplainError, Explained, Read, Target, explain, pooled};
use headlight_models::run::run;
use headlight_models::{Batch, Capture, Input, Silent, Transformer, tiny};
use pollster::block_on;
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/tiny/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// ‖a−b‖/‖b‖
fn relative(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let difference: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
}

fn next(tokens: usize, choice: Choice, read: Read) -> Target {
    Target::Token { position: tokens - 1, choice, read }
}

fn similarity(model: &dyn Transformer, ids: &[u32]) -> Target {
    let second = model.embed(&Batch::one(ids));
    Target::Similarity { other: pooled(block_on(run(model, second, Capture::none(), &Silent)).unwrap().hidden) }
}

fn gradient(model: &dyn Transformer, batch: &Batch, target: &Target) -> Explained {
    block_on(explain(model, Input::embed(model, batch, None), target, Capture::none(), &Silent)).unwrap()
}

fn check(name: &str, explained: &Explained, index: usize, stored: &Value) {
    let one = |tensor: Tensor<2>| floats(tensor.narrow(0, index, 1));
    let g = explained.gradient.clone().unwrap().embeddings;
    let found = one(saliency(g.clone()));
    let off = relative(&found, &numbers(&stored["saliency"]));
    let found = one(grad_x_input(explained.embeddings.clone(), g));
    let off_input = relative(&found, &numbers(&stored["grad_x_input"]));
    println!("{name}: saliency off by {off:.1e}, grad_x_input by {off_input:.1e}");
    assert!(off < 1e-3 && off_input < 1e-3, "{name}");
    let value = floats(explained.value.clone())[index];
    assert!((value - stored["value"].as_f64().unwrap() as f32).abs() < 1e-3, "{name}: {value}");
}

#[test]
fn a_decoders_gradients_are_pytorchs_for_every_reading() {
    let model = block_on(tiny::llama(&Device::flex())).unwrap();
    for case in golden("llama")["cases"].as_array().unwrap() {
        let ids = ids(&case["ids"]);
        for (name, read) in [("logit", Read::Logit), ("log_prob", Read::LogProb), ("prob", Read::Prob)] {
            let explained = gradient(model.as_ref(), &Batch::one(&ids), &next(ids.len(), Choice::MostProbable, read));
            let id = explained.ids.clone().unwrap().into_data().convert::<i64>().try_into_vec::<i64>().unwrap()[0];
            assert_eq!(id, case["target"]["id"].as_i64().unwrap());
            check(name, &explained, 0, &case["target"]["reads"][name]);
        }
    }
}

#[test]
fn an_encoders_gradients_are_pytorchs() {
    let model = block_on(tiny::bert(&Device::flex())).unwrap();
    for case in golden("bert")["cases"].as_array().unwrap() {
        let target = similarity(model.as_ref(), &ids(&case["second_ids"]));
        let explained = gradient(model.as_ref(), &Batch::one(&ids(&case["ids"])), &target);
        check("similarity", &explained, 0, &case["target"]);
    }
}

#[test]
fn the_whole_gradient_is_pytorchs() {
    for name in ["llama", "bert"] {
        let golden = golden(name);
        let case = &golden["cases"][0];
        let stored = &case["gradient"];
        let ids_ = ids(&case["ids"]);
        let device = Device::flex();
        let (model, target) = if name == "llama" {
            assert_eq!(stored["read"], "log_prob");
            (block_on(tiny::llama(&device)).unwrap(), next(ids_.len(), Choice::MostProbable, Read::LogProb))
        } else {
            let model = block_on(tiny::bert(&device)).unwrap();
            let target = similarity(model.as_ref(), &ids(&case["second_ids"]));
            (model, target)
        };
        let found = floats(gradient(model.as_ref(), &Batch::one(&ids_), &target).gradient.unwrap().embeddings);
        let off = relative(&found, &numbers(&stored["values"]));
        println!("{name}: gradient off by {off:.1e}");
        assert!(off < 1e-3);
    }
}

#[test]
fn a_batch_has_the_gradients_of_each_of_it() {
    let model = block_on(tiny::llama(&Device::flex())).unwrap();
    let golden = golden("llama");
    let cases = golden["batch"].as_array().unwrap();
    let batch = Batch::many(cases.iter().map(|case| ids(&case["ids"])).collect());
    let target = next(batch.ids[0].len(), Choice::MostProbable, Read::LogProb);
    let explained = gradient(model.as_ref(), &batch, &target);
    for (index, case) in cases.iter().enumerate() {
        check("batch", &explained, index, &case["target"]["reads"]["log_prob"]);
    }
}

/// (f(x + hd) − f(x − hd)) / 2h against ∇f·d, for directions d that touch every entry.
#[test]
fn central_differences_confirm_gradients() {
    let device = Device::flex();
    let llama = block_on(tiny::llama(&device)).unwrap();
    let bert = block_on(tiny::bert(&device)).unwrap();
    let ids = [11_u32, 48, 85, 122, 159, 196];
    let to_bert = similarity(bert.as_ref(), &[7, 60, 113]);
    let cases: [(&str, &dyn Transformer, Target); 4] = [
        ("logit", llama.as_ref(), next(6, Choice::Id(76), Read::Logit)),
        ("log_prob", llama.as_ref(), next(6, Choice::Id(76), Read::LogProb)),
        ("prob", llama.as_ref(), next(6, Choice::Id(76), Read::Prob)),
        ("similarity", bert.as_ref(), to_bert),
    ];
    for (name, model, target) in cases {
        let batch = Batch::one(&ids);
        let x = model.embed(&batch);
        let [_, tokens, width] = x.dims();
        let analytic = floats(gradient(model, &batch, &target).gradient.unwrap().embeddings);
        let f = |x: Tensor<3>| {
            let hidden = block_on(run(model, x, Capture::none(), &Silent)).unwrap().hidden;
            f64::from(floats(target.read(model, hidden).unwrap().value)[0])
        };
        let (mut predicted, mut measured) = (Vec::new(), Vec::new());
        for direction in 0..8_usize {
            // Signs from a hash of the index: every direction is new and none is zero anywhere.
            let signs: Vec<f32> =
                (0..tokens * width)
                    .map(|index| {
                        if (((index + 1) * (2 * direction + 3) * 2_654_435_761_usize) >> 7) & 1 == 0 {
                            1.0
                        } else {
                            -1.0
                        }
                    })
                    .collect();
            let step = 1e-3;
            let d = Tensor::<3>::from_data(TensorData::new(signs.clone(), [1, tokens, width]), &device) * step;
            let slope = (f(x.clone() + d.clone()) - f(x.clone() - d)) / (2.0 * step);
            measured.push(slope as f32);
            predicted.push(analytic.iter().zip(&signs).map(|(g, s)| g * s).sum::<f32>());
        }
        let off = relative(&predicted, &measured);
        println!("{name}: differences of {measured:.4?}, off by {off:.1e}");
        assert!(off < 5e-3, "{name}: {off}");
    }
}

#[test]
fn impossible_targets_are_errors() {
    let device = Device::flex();
    let llama = block_on(tiny::llama(&device)).unwrap();
    let bert = block_on(tiny::bert(&device)).unwrap();
    let batch = Batch::one(&[1, 2, 3]);
    let ask = |model: &dyn Transformer, target: Target| {
        block_on(explain(model, Input::embed(model, &batch, None), &target, Capture::none(), &Silent))
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        ask(llama.as_ref(), next(3, Choice::Id(256), Read::Logit)),
        ExplainError::NoSuchToken { id: 256, vocabulary: 256 }
    );
    assert_eq!(
        ask(llama.as_ref(), next(4, Choice::MostProbable, Read::Logit)),
        ExplainError::NoSuchPosition { position: 3, tokens: 3 }
    );
    assert_eq!(ask(bert.as_ref(), next(3, Choice::MostProbable, Read::Logit)), ExplainError::NoUnembedding);
}
