//! What is read of maps that are kept, against the methods that run the model themselves.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its worst error")]

mod checkpoints;

use headlight_explain::attention::Maps;
use headlight_explain::attribution::{flow_from, flow_map, rollout_map};
use headlight_explain::{Case, Choice, ExplainError, Read, Target};
use headlight_models::{Batch, Capture, Input, Point, Side, Silent, run};
use pollster::block_on;

#[test]
fn rollout_and_flow_of_kept_maps_are_those_of_the_methods() {
    for folder in ["gpt2", "llama", "qwen3"] {
        let model = checkpoints::opened(folder, None);
        let model = model.as_ref();
        let ids = [4, 11, 6, 2, 8, 13, 9];
        let input = Input::embed(model, &Batch::one(&ids), None);
        let target = Target::Token { position: ids.len() - 1, choice: Choice::MostProbable, read: Read::Logit };
        let case = Case { model, input: &input, target: &target, most: 8, threads: 1, pulse: &Silent, estimates: None };
        let run = block_on(run::run(model, input.clone(), Capture::patterns(), &Silent)).unwrap();
        let maps = Maps::of(&run.captures, Side::Only, Point::Pattern).unwrap();

        let right = block_on(rollout_map(&case)).unwrap();
        let found = maps.rollout(None).unwrap().into_data().try_into_vec::<f32>().unwrap();
        let off = |found: &[f64], right: &[f64]| {
            found.iter().zip(right).map(|(found, right)| (found - right).abs()).fold(0.0, f64::max)
        };
        let rollout_off = off(&found.into_iter().map(f64::from).collect::<Vec<_>>(), &right.values);

        let right = &block_on(flow_map(&case)).unwrap()[0];
        let sum: f64 = right.iter().sum();
        let right: Vec<f64> = right.iter().map(|flow| flow / sum).collect();
        let found = block_on(flow_from(&maps, ids.len() - 1, &Silent)).unwrap();
        let flow_off = off(&found, &right);
        println!("{folder}: rollout off by {rollout_off:.1e}, flow by {flow_off:.1e}");
        assert!(found.len() == ids.len() && rollout_off < 1e-6 && flow_off < 1e-6);
        let beyond = block_on(flow_from(&maps, ids.len(), &Silent));
        assert!(matches!(beyond, Err(ExplainError::NoSuchPosition { .. })));
    }
}
