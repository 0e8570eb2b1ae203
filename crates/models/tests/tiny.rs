//! Tiny models of each family against PyTorch (`tests/golden/tiny`): attention and every hook, and what must hold of any
//! run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use burn::tensor::{Device, Tensor};
use headlight_models::run::run;
use headlight_models::{Batch, Cancelled, Capture, Hook, Point, Pulse, RunError, Silent, Stage, Transformer, tiny};
use pollster::block_on;
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/tiny/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn models() -> [(&'static str, Box<dyn Transformer>); 2] {
    let device = Device::flex();
    [("llama", block_on(tiny::llama(&device)).unwrap()), ("bert", block_on(tiny::bert(&device)).unwrap())]
}

fn ids(case: &Value) -> Vec<u32> {
    case["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn run_all(model: &dyn Transformer, batch: &Batch) -> headlight_models::Run {
    let embeddings = model.embed(batch);
    block_on(run(model, embeddings, Capture::of(Point::ALL), &Silent)).unwrap()
}

#[test]
fn attention_is_pytorchs_and_rows_sum_to_one() {
    for (name, model) in models() {
        for case in golden(name)["cases"].as_array().unwrap() {
            let run = run_all(model.as_ref(), &Batch::one(&ids(case)));
            let found: Vec<f32> = run.captures.patterns().flat_map(floats).collect();
            let worst = greatest_difference(&found, &numbers(&case["attention"]["values"]));
            println!("{name}, {} tokens: attention off by {worst:.1e}", ids(case).len());
            assert!(worst < 1e-4, "{name}: {worst}");
            for row in found.chunks_exact(ids(case).len()) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn every_hook_is_pytorchs() {
    for (name, model) in models() {
        let golden = golden(name);
        let case = &golden["cases"][0];
        let tokens = ids(case).len();
        let run = run_all(model.as_ref(), &Batch::one(&ids(case)));
        let hooks = case["hooks"].as_array().unwrap();
        assert!(hooks.len() >= 9);
        for stored in hooks {
            let hook: Hook = stored["name"].as_str().unwrap().parse().unwrap();
            let expected = numbers(&stored["values"]);
            let residual = run.captures.get_residual(hook).map(floats);
            let found = residual.or_else(|| run.captures.get_by_head(hook).map(floats)).unwrap();
            // Masked scores have no value worth comparing.
            let compared = |index: &usize| {
                hook.point != Point::AttnScores || name == "bert" || index % tokens <= (index / tokens) % tokens
            };
            let pick = |values: &[f32]| -> Vec<f32> {
                values.iter().enumerate().filter(|(index, _)| compared(index)).map(|(_, value)| *value).collect()
            };
            assert_eq!(found.len(), expected.len(), "{name} {hook}");
            let worst = greatest_difference(&pick(&found), &pick(&expected));
            println!("{name} {hook}: off by {worst:.1e}");
            assert!(worst < 1e-4, "{name} {hook}: {worst}");
        }
    }
}

#[test]
fn a_batch_gives_what_each_of_it_gives_alone() {
    for (name, model) in models() {
        let golden = golden(name);
        let cases = golden["batch"].as_array().unwrap();
        let batch = Batch::many(cases.iter().map(ids).collect());
        let together = run_all(model.as_ref(), &batch);
        let hidden = floats(together.hidden);
        for (index, case) in cases.iter().enumerate() {
            let alone = floats(run_all(model.as_ref(), &Batch::one(&ids(case))).hidden);
            let part = &hidden[index * alone.len()..(index + 1) * alone.len()];
            assert!(greatest_difference(part, &alone) < 1e-5, "{name}");
            let attention: Vec<f32> =
                together.captures.patterns().flat_map(|pattern| floats(pattern.narrow(0, index, 1))).collect();
            assert!(greatest_difference(&attention, &numbers(&case["attention"]["values"])) < 1e-4, "{name}");
        }
    }
}

#[test]
fn a_decoder_does_not_see_what_comes_after() {
    let model = block_on(tiny::llama(&Device::flex())).unwrap();
    let (short, long) = ([5, 9, 77], [5, 9, 77, 200, 3]);
    let short = floats(run_all(model.as_ref(), &Batch::one(&short)).hidden);
    let long = floats(run_all(model.as_ref(), &Batch::one(&long)).hidden);
    assert!(greatest_difference(&short, &long[..short.len()]) < 1e-5);
}

#[test]
fn what_cannot_be_run_is_an_error() {
    for (name, model) in models() {
        let context = model.architecture().context;
        let too_long = model.embed(&Batch::one(&vec![1; context + 1]));
        let error = block_on(run(model.as_ref(), too_long, Capture::none(), &Silent)).unwrap_err();
        assert_eq!(error, RunError::TooLong { tokens: context + 1, context }, "{name}");
    }
}

struct StopAfter(usize);

impl Pulse for StopAfter {
    fn beat(&self, _: Stage, done: usize, _: usize) -> headlight_models::pulse::Beat<'_> {
        let answer = if done >= self.0 { Err(Cancelled) } else { Ok(()) };
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn a_run_stops_when_it_is_told_to() {
    for (_, model) in models() {
        let embeddings = model.embed(&Batch::one(&[1, 2, 3]));
        let error = block_on(run(model.as_ref(), embeddings, Capture::none(), &StopAfter(1))).unwrap_err();
        assert_eq!(error, RunError::Cancelled(Cancelled));
    }
}
