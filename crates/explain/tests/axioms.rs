//! What must hold of methods whatever the model: completeness, efficiency, symmetry, dummy, contrast. On small checkpoints of
//! the families, for texts and targets drawn from seeds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod checkpoints;
mod subjects;

use std::io::Cursor;

use burn::tensor::Device;
use headlight_explain::attribution::{
    Baseline, balanced, integrated_gradients, kernel_shap, occlusion, partition_shap,
};
use headlight_explain::{Case, Choice, Game, Random, Read, Target};
use headlight_models::{Batch, Input, Silent, Transformer};
use headlight_weights::SafetensorsFile;
use pollster::block_on;

use checkpoints::opened;
use subjects::*;

/// The value of target − foil is the target's less the foil's.
#[test]
fn a_contrast_is_the_difference_of_its_two() {
    let mut worst = Worst::default();
    for seed in [0, 1, 2] {
        for mut subject in subjects(seed, 5) {
            let Some(foil) = subject.foil.clone() else { continue };
            let target = subject.target.clone();
            let of = |subject: &Subject| linear(subject, &subject.case(16));
            let ours = of(&subject);
            subject.target = foil.clone();
            let theirs = of(&subject);
            subject.target = Target::Contrast { target: Box::new(target), foil: Box::new(foil) };
            let both = of(&subject);
            for (((what, ours), (_, theirs)), (_, both)) in ours.iter().zip(&theirs).zip(&both) {
                let difference: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours - theirs).collect();
                let off = apart(both, &difference, length(ours) + length(theirs));
                worst.hold(what, off, 1e-4, &subject.name);
            }
        }
    }
    worst.print();
}

/// Efficiency: what units have sums to v(all) − v(∅).
#[test]
fn shapley_and_owen_values_share_out_everything() {
    let mut worst = Worst::default();
    for (seed, tokens) in [(0, 3), (1, 5), (2, 7)] {
        for subject in subjects(seed, tokens) {
            let case = subject.case(64);
            let units = subject.units();
            let mut game = Game::new(&case, &units, MASK);
            let [nothing, everything] = block_on(game.ends()).unwrap();
            let scale = nothing.abs().max(everything.abs());
            let mut hold = |what, values: &[f64]| {
                let off = (values.iter().sum::<f64>() - (everything - nothing)).abs() / scale;
                worst.hold(what, off, 1e-6, &subject.name);
            };
            hold("kernel_shap", &block_on(kernel_shap(&mut game, seed)).unwrap().values);
            for evaluations in [2, 10, 100_000] {
                let found = block_on(partition_shap(&mut game, &balanced(units.len()), evaluations, 10)).unwrap();
                hold("partition_shap", &found.values);
            }
        }
    }
    worst.print();
}

/// Dummy: a unit whose token is the one that stands for nothing has nought, and so has a unit without tokens.
#[test]
fn a_unit_that_changes_nothing_has_nought() {
    let mut worst = Worst::default();
    for (seed, tokens) in [(3, 4), (4, 6)] {
        for mut subject in subjects(seed, tokens) {
            let own = subject.input.embeddings.dims()[1];
            let place = Random::new(seed, 101).below(own);
            // The token is put there as an embedding, so that the rest of the text stays.
            let embedding = subject.model.embed(&Batch::one(&[MASK]));
            let before = subject.input.source.as_ref().map_or(0, |source| source.dims()[1]);
            let [_, _, width] = embedding.dims();
            subject.input.embeddings =
                subject.input.embeddings.clone().slice_assign([0..1, place..place + 1, 0..width], embedding);
            let case = subject.case(64);
            let mut units: Vec<Vec<usize>> = (0..case.tokens()).map(|token| vec![token]).collect();
            units.push(Vec::new());
            let mut game = Game::new(&case, &units, MASK);
            let [nothing, everything] = block_on(game.ends()).unwrap();
            let scale = nothing.abs().max(everything.abs());
            let shapley = block_on(kernel_shap(&mut game, 0)).unwrap().values;
            let owen = block_on(partition_shap(&mut game, &balanced(units.len()), 100_000, 10)).unwrap().values;
            let left_out = block_on(occlusion(&case, MASK)).unwrap();
            for unit in [before + place, units.len() - 1] {
                worst.hold("kernel_shap", shapley[unit].abs() / scale, 1e-6, &subject.name);
                worst.hold("partition_shap", owen[unit].abs() / scale, 1e-6, &subject.name);
            }
            worst.hold("occlusion", left_out[before + place].abs() / scale, 1e-6, &subject.name);
        }
    }
    worst.print();
}

/// A BERT that pools the mean and has no positions: its tensors of positions are nought.
fn without_positions() -> Box<dyn Transformer> {
    let folder = format!("{}/../../tests/golden/families/bert-other", env!("CARGO_MANIFEST_DIR"));
    let mut bytes = std::fs::read(format!("{folder}/model.safetensors")).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let described: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    let offsets = &described["bert.embeddings.position_embeddings.weight"]["data_offsets"];
    let [from, to] = [0, 1].map(|end| 8 + header + offsets[end].as_u64().unwrap() as usize);
    assert!(bytes[from..to].iter().any(|byte| *byte != 0));
    bytes[from..to].fill(0);
    let mut values: serde_json::Value =
        serde_json::from_slice(&std::fs::read(format!("{folder}/config.json")).unwrap()).unwrap();
    values["headlight_pooling"] = "mean".into();
    values["architectures"] = serde_json::json!(["BertForSequenceClassification"]);
    let config = headlight_models::Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap();
    let mut file = SafetensorsFile::open(Cursor::new(bytes)).unwrap();
    block_on(headlight_models::open(&config, &mut file, &Device::flex(), &Silent)).unwrap()
}

/// Symmetry: the same token twice has the same values in a model that knows no positions, whatever the method.
#[test]
fn the_same_token_twice_has_the_same_values_without_positions() {
    let model = without_positions();
    let mut worst = Worst::default();
    for seed in 0..4 {
        let mut random = Random::new(seed, 102);
        let mut ids = text(&mut random, 5);
        let (one, two) = (random.below(2), 2 + random.below(3));
        ids[two] = ids[one];
        let input = Input::embed(model.as_ref(), &Batch::one(&ids), None);
        let target = Target::Label { position: None, choice: Choice::Id(0), read: Read::Logit };
        let subject = Subject { name: format!("seed {seed}"), model: without_positions(), input, target, foil: None };
        let case = subject.case(16);
        for (what, values) in [linear(&subject, &case), others(&subject, &case)].concat() {
            // Noise and samples tell tokens apart; a tree does too, and an area has no tokens.
            let is_fair = !matches!(what, "smoothgrad" | "lime" | "partition_shap" | "layers.outputs" | "layers.heads");
            if is_fair && values.len() == ids.len() {
                worst.hold(what, (values[one] - values[two]).abs() / length(&values), 2e-5, &subject.name);
            }
        }
    }
    worst.print();
}

/// Symmetry whatever the model: two units of the same token, which is there only while both are.
#[test]
fn units_that_do_the_same_have_the_same_values() {
    for subject in subjects(5, 5) {
        let case = subject.case(64);
        let mut units = subject.units();
        units.push(units[1].clone());
        let last = units.len() - 1;
        let mut game = Game::new(&case, &units, MASK);
        let found = block_on(kernel_shap(&mut game, 0)).unwrap().values;
        let scale = length(&found).max(1e-3);
        assert!((found[1] - found[last]).abs() < 1e-9 * scale, "{}: {found:?}", subject.name);
        // Siblings in a tree are as good as each other.
        let mut units = subject.units();
        units.swap(0, 1);
        units.insert(0, units[0].clone());
        let mut game = Game::new(&case, &units, MASK);
        let found = block_on(partition_shap(&mut game, &balanced(units.len()), 100_000, 10)).unwrap().values;
        assert!((found[0] - found[1]).abs() < 1e-9 * scale, "{}: {found:?}", subject.name);
    }
}

/// Eleven units are few enough for the regression to go through all coalitions: then it is the definition.
#[test]
fn a_regression_over_all_coalitions_is_exact() {
    const UNITS: usize = 11;
    for folder in ["gpt2", "llama"] {
        let model = opened(folder, None);
        let ids = text(&mut Random::new(6, 103), UNITS);
        let input = Input::embed(model.as_ref(), &Batch::one(&ids), None);
        let target = Target::Token { position: UNITS - 1, choice: Choice::Id(7), read: Read::LogProb };
        let case = Case {
            model: model.as_ref(),
            input: &input,
            target: &target,
            most: 128,
            threads: 2,
            pulse: &Silent,
            estimates: None,
        };
        let units: Vec<Vec<usize>> = (0..UNITS).map(|unit| vec![unit]).collect();
        let mut game = Game::new(&case, &units, MASK);
        let found = block_on(kernel_shap(&mut game, 0)).unwrap();
        assert_eq!((game.asked(), found.standard_errors), (1 << UNITS, vec![0.0; UNITS]));
        let coalitions: Vec<Vec<bool>> =
            (0..1_usize << UNITS).map(|bits| (0..UNITS).map(|unit| bits >> unit & 1 == 1).collect()).collect();
        let worth = block_on(game.values(&coalitions)).unwrap();
        let factorial = |n: usize| (1..=n).map(|n| n as f64).product::<f64>();
        let exact: Vec<f64> = (0..UNITS)
            .map(|unit| {
                let without = (0..1_usize << UNITS).filter(|bits| bits >> unit & 1 == 0);
                let share = |bits: usize| {
                    let size = bits.count_ones() as usize;
                    let weight = factorial(size) * factorial(UNITS - size - 1) / factorial(UNITS);
                    weight * (worth[bits | 1 << unit] - worth[bits])
                };
                without.map(share).sum()
            })
            .collect();
        let off = apart(&found.values, &exact, length(&exact));
        println!("{folder}: {off:.1e}");
        assert!(off < 1e-6, "{folder}: {off}");
    }
}

/// Completeness: where the path converges, integrated gradients sum to f(x) − f(x′).
#[test]
fn integrated_gradients_are_complete_where_the_path_converges() {
    let mut worst = Worst::default();
    for seed in 0..3 {
        for subject in subjects(seed, 6) {
            // The others' paths are steep, near nought above all: a norm divides small numbers by their size.
            let is_smooth = |baseline| match subject.name.as_str() {
                "distilbert span" | "marian-ssru" | "t5" => false,
                "llama" | "mistral" | "qwen3" | "marian" => baseline == Baseline::Mean,
                _ => true,
            };
            let case = subject.case(16);
            let mut special = vec![false; case.tokens()];
            // One token stays as it is, as special ones do.
            special[0] = true;
            for baseline in [Baseline::Zero, Baseline::Token(MASK), Baseline::Mean] {
                if !is_smooth(baseline) {
                    continue;
                }
                let from = block_on(baseline.embed(&case, &special)).unwrap();
                let found = block_on(integrated_gradients(&case, &from, 300)).unwrap();
                let scale = found.target_value.abs().max(length(&found.values));
                let off = found.completeness_error().abs() / scale;
                worst.hold("integrated_gradients", off, 1e-5, &subject.name);
                // It has no share, unless everything goes.
                if baseline != Baseline::Zero {
                    assert_eq!(found.values[0], 0.0, "{}", subject.name);
                }
            }
        }
    }
    worst.print();
}
