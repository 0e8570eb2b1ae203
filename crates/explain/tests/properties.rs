//! What must hold of methods whatever the model: axioms, and that how work is cut up changes nothing. On small checkpoints of
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

use std::io::Cursor;

use burn::tensor::{Device, Tensor};
use headlight_explain::attribution::{
    Base, Baseline, Noise, attention, attention_flow, attention_gradient, attention_rollout, balanced, grad_x_input,
    integrated_gradients, kernel_shap, layers, lime, occlusion, partition_shap, removal, saliency, smoothgrad,
    value_zeroing,
};
use headlight_explain::faithfulness::{ORDERS, curves, erasure_by_removal, random_orders};
use headlight_explain::{Case, Choice, Game, Random, Read, Removal, Target, explain, pooled};
use headlight_models::{Batch, Capture, Input, Silent, Transformer, run};
use headlight_weights::SafetensorsFile;
use pollster::block_on;

use checkpoints::opened;

/// What stands for nothing in these checkpoints.
const MASK: u32 = 5;

/// The families: folder and head. The last ones have an encoder besides.
const CAUSAL: [&str; 5] = ["gpt2", "gpt_neox", "llama", "mistral", "qwen3"];
const ENCODERS: [(&str, &str); 6] = [
    ("bert-other", "mean"),
    ("bert", "sequence"),
    ("bert", "none"),
    ("distilbert", "span"),
    ("electra", "token"),
    ("roberta", "word"),
];
const TWO_STACKS: [&str; 3] = ["marian", "marian-ssru", "t5"];

/// A model, a text and a target.
struct Subject {
    name: String,
    model: Box<dyn Transformer>,
    input: Input,
    target: Target,
    /// What it may be held against.
    foil: Option<Target>,
}

impl Subject {
    fn case(&self, most: usize) -> Case<'_> {
        Case { model: self.model.as_ref(), input: &self.input, target: &self.target, most, threads: 1, pulse: &Silent }
    }

    /// Each token a unit, but a decoder's start.
    fn units(&self) -> Vec<Vec<usize>> {
        let start = self.input.source.as_ref().map(|source| source.dims()[1]);
        (0..self.case(1).tokens()).filter(|token| Some(*token) != start).map(|token| vec![token]).collect()
    }
}

/// Ids that are neither special nor [`MASK`].
fn text(random: &mut Random, count: usize) -> Vec<u32> {
    (0..count).map(|_| 6 + random.below(50) as u32).collect()
}

fn reading(at: usize) -> Read {
    [Read::Logit, Read::LogProb, Read::Prob][at % 3]
}

/// Every family with a text of `tokens` tokens; what is read, and where, differs by the seed.
fn subjects(seed: u64, tokens: usize) -> Vec<Subject> {
    let mut random = Random::new(seed, 100);
    let mut found = Vec::new();
    for (at, (folder, head)) in ENCODERS.into_iter().enumerate() {
        let model = opened(folder, Some(head));
        let ids = text(&mut random, tokens);
        let read = reading(at + seed as usize);
        let place = random.below(tokens);
        let label = |position, id| Target::Label { position, choice: Choice::Id(id), read };
        let word = |id| Target::Token { position: place, choice: Choice::Id(id), read };
        let (target, foil) = match head {
            "mean" => (label(None, 0), None),
            "sequence" => (label(None, 1), Some(label(None, 0))),
            "token" => (label(Some(place), 2), Some(label(Some(place), 0))),
            "word" => (word(31), Some(word(12))),
            "span" => (Target::Span { start: place, end: random.below(tokens), read }, None),
            _ => {
                let other = model.embed(&Batch::one(&text(&mut random, 4)));
                let run = block_on(run::run(model.as_ref(), other, Capture::none(), &Silent)).unwrap();
                (Target::Similarity { other: pooled(run.hidden) }, None)
            }
        };
        let input = Input::embed(model.as_ref(), &Batch::one(&ids), None);
        found.push(Subject { name: format!("{folder} {head}"), model, input, target, foil });
    }
    for (at, folder) in CAUSAL.into_iter().chain(TWO_STACKS).enumerate() {
        let model = opened(folder, None);
        let ids = text(&mut random, tokens);
        let read = reading(at + seed as usize);
        let (batch, source) = match model.encoder() {
            // The decoder's start and one token are enough; the rest is what the encoder reads.
            Some(_) => (Batch::one(&[0, ids[0]]), Some(Batch::one(&ids[1..]))),
            None => (Batch::one(&ids), None),
        };
        let position = batch.ids[0].len() - 1;
        let next = |id| Target::Token { position, choice: Choice::Id(id), read };
        let (target, foil) = (next(7), Some(next(3)));
        let input = Input::embed(model.as_ref(), &batch, source.as_ref());
        found.push(Subject { name: folder.to_owned(), model, input, target, foil });
    }
    found
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_into_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// ‖a−b‖, over ‖b‖ or what stands for it.
fn apart(a: &[f64], b: &[f64], scale: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    length(&difference) / scale.max(1e-3)
}

/// The worst of what was found for each method.
#[derive(Default)]
struct Worst(Vec<(&'static str, f64, String)>);

impl Worst {
    fn hold(&mut self, what: &'static str, off: f64, bound: f64, name: &str) {
        assert!(off <= bound, "{name}: {what} is off by {off:.1e}");
        match self.0.iter_mut().find(|(known, ..)| *known == what) {
            Some(worst) if worst.1 >= off => {}
            Some(worst) => *worst = (what, off, name.to_owned()),
            None => self.0.push((what, off, name.to_owned())),
        }
    }

    fn print(&self) {
        for (what, off, name) in &self.0 {
            println!("{what}: {off:.1e} at worst ({name})");
        }
    }
}

/// The gradient methods of one run, over both sides.
fn by_gradient(subject: &Subject, target: &Target) -> [Vec<f64>; 2] {
    let found =
        block_on(explain(subject.model.as_ref(), subject.input.clone(), target, Capture::none(), &Silent)).unwrap();
    let gradient = found.gradient.unwrap();
    let sides = [(found.source, gradient.source), (Some(found.embeddings), Some(gradient.embeddings))];
    let mut values = [Vec::new(), Vec::new()];
    for (x, gradient) in sides.into_iter().filter_map(|(x, gradient)| x.zip(gradient)) {
        values[0].extend(floats(saliency(gradient.clone())));
        values[1].extend(floats(grad_x_input(x, gradient)));
    }
    values
}

/// Every method that is linear in the target.
fn linear(subject: &Subject, case: &Case<'_>) -> Vec<(&'static str, Vec<f64>)> {
    let special = vec![false; case.tokens()];
    let from = |baseline: Baseline| block_on(baseline.embed(case, &special)).unwrap();
    let units = subject.units();
    let mut game = Game::new(case, &units, MASK);
    // So many that no group is left unshared: then it doesn't matter which comes first.
    let owen = block_on(partition_shap(&mut game, &balanced(units.len()), 100_000, 10)).unwrap();
    let removed = |values: Vec<Option<f64>>| values.into_iter().map(|value| value.unwrap_or(0.0)).collect();
    let path = |baseline| block_on(integrated_gradients(case, &from(baseline), 50)).unwrap().values;
    let stacks = block_on(layers(case)).unwrap();
    vec![
        ("grad_x_input", by_gradient(subject, case.target)[1].clone()),
        ("integrated_gradients", path(Baseline::Zero)),
        ("integrated_gradients", path(Baseline::Token(MASK))),
        ("integrated_gradients", path(Baseline::Mean)),
        ("smoothgrad", block_on(smoothgrad(case, &Base::GradXInput, Noise::default())).unwrap().values),
        ("occlusion", block_on(occlusion(case, MASK)).unwrap()),
        ("removal", removed(block_on(removal(case)).unwrap())),
        ("kernel_shap", block_on(kernel_shap(&mut game, 0)).unwrap().values),
        ("lime", block_on(lime(&mut game, 100, 0)).unwrap().values),
        ("partition_shap", owen.values),
        ("layers.outputs", stacks.iter().flat_map(|stack| stack.outputs.clone()).collect()),
        ("layers.heads", stacks.iter().flat_map(|stack| stack.z.clone()).collect()),
    ]
}

/// The others.
fn others(subject: &Subject, case: &Case<'_>) -> Vec<(&'static str, Vec<f64>)> {
    let special = vec![false; case.tokens()];
    let zero = block_on(Baseline::Zero.embed(case, &special)).unwrap();
    let units = subject.units();
    let smooth = |base| block_on(smoothgrad(case, &base, Noise::default())).unwrap();
    let path = smooth(Base::IntegratedGradients(zero, 16));
    let mut game = Game::new(case, &units, MASK);
    let scores = block_on(kernel_shap(&mut game, 0)).unwrap().values;
    let random = block_on(random_orders(&mut game, ORDERS, 7)).unwrap();
    let found = block_on(curves(&mut game, &scores)).unwrap();
    let mut texts = Removal::new(case, &units);
    // One ranking for all, as rounding may turn two scores around.
    let ranking: Vec<f64> = (0..units.len()).map(|unit| (unit * 7 % 5) as f64 - 1.0).collect();
    let erased = block_on(erasure_by_removal(&mut texts, &ranking)).unwrap();
    vec![
        ("saliency", by_gradient(subject, case.target)[0].clone()),
        ("smoothgrad", smooth(Base::Saliency).values),
        ("smoothgrad", path.values),
        ("attention", block_on(attention(case, None, None)).unwrap()),
        ("attention_rollout", block_on(attention_rollout(case)).unwrap()),
        ("attention_flow", block_on(attention_flow(case)).unwrap()),
        ("attention_gradient", block_on(attention_gradient(case)).unwrap()),
        ("value_zeroing", block_on(value_zeroing(case, None, None)).unwrap()),
        ("random orders", [random.deletion.mean, random.insertion.mean, random.deletion.areas].concat()),
        ("curves' areas", vec![found.deletion.area, found.insertion.area]),
        ("erasure by removal", erased.comprehensiveness.into_iter().chain(erased.sufficiency).flatten().collect()),
    ]
}

/// How many texts run at once, and in how many threads, changes nothing.
#[test]
fn batches_of_one_and_of_sixteen_are_the_same() {
    let mut worst = Worst::default();
    for subject in subjects(1, 6) {
        let one = subject.case(1);
        let sixteen = subject.case(16);
        let threads = Case { threads: 3, ..subject.case(7) };
        let all = |case: &Case<'_>| [linear(&subject, case), others(&subject, case)].concat();
        let found = all(&one);
        for other in [all(&sixteen), all(&threads)] {
            for ((what, a), (_, b)) in found.iter().zip(&other) {
                worst.hold(what, apart(a, b, length(b)), 1e-5, &subject.name);
            }
        }
    }
    worst.print();
}

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
        let case =
            Case { model: model.as_ref(), input: &input, target: &target, most: 128, threads: 2, pulse: &Silent };
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

/// A batch in another order has its gradients and values in that order, whatever else is in it.
#[test]
fn a_batch_turned_around_turns_its_gradients_around() {
    for (at, folder) in CAUSAL.into_iter().chain(["bert", "roberta"]).enumerate() {
        let head = ["bert", "roberta"].contains(&folder).then_some("word");
        let model = opened(folder, head);
        let mut random = Random::new(at as u64, 104);
        let rows: Vec<Vec<u32>> = (0..4).map(|_| text(&mut random, 6)).collect();
        let mut order = [0, 1, 2, 3];
        random.shuffle(&mut order);
        let target = Target::Token { position: 5, choice: Choice::Id(7), read: reading(at) };
        let run = |rows: Vec<Vec<u32>>| {
            let input = Input::embed(model.as_ref(), &Batch::many(rows), None);
            let found = block_on(explain(model.as_ref(), input, &target, Capture::none(), &Silent)).unwrap();
            (floats(found.value), floats(found.gradient.unwrap().embeddings))
        };
        let (values, gradients) = run(rows.clone());
        let (turned_values, turned) = run(order.iter().map(|row| rows[*row].clone()).collect());
        let width = gradients.len() / 4;
        for (place, row) in order.into_iter().enumerate() {
            let (here, there) = (&turned[place * width..][..width], &gradients[row * width..][..width]);
            assert!(apart(here, there, length(there)) < 1e-5, "{folder}");
            assert!((turned_values[place] - values[row]).abs() < 1e-5 * values[row].abs().max(1e-3), "{folder}");
            let (alone_value, alone) = run(vec![rows[row].clone()]);
            assert!(apart(&alone, there, length(there)) < 1e-5, "{folder}");
            assert!((alone_value[0] - values[row]).abs() < 1e-5 * values[row].abs().max(1e-3), "{folder}");
        }
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

/// Nothing rests on tokens behind the one that a causal model's target is read at.
#[test]
fn tokens_behind_a_causal_target_change_nothing() {
    for (at, folder) in CAUSAL.into_iter().enumerate() {
        let model = opened(folder, None);
        let mut random = Random::new(at as u64, 105);
        let (tokens, position) = (6, 2 + random.below(3));
        let ids = text(&mut random, tokens);
        let target = Target::Token { position, choice: Choice::Id(7), read: reading(at) };
        let input = Input::embed(model.as_ref(), &Batch::one(&ids), None);
        let subject = Subject { name: folder.to_owned(), model, input, target, foil: None };
        let case = subject.case(16);
        for (what, values) in [linear(&subject, &case), others(&subject, &case)].concat() {
            let is_exact = ["grad_x_input", "integrated_gradients", "smoothgrad", "saliency"].contains(&what);
            let is_of_units = ["lime", "random orders", "curves' areas", "erasure by removal"].contains(&what);
            // LIME's drawn texts mix units up a little; the others are not of tokens.
            if is_of_units || values.len() % tokens != 0 {
                continue;
            }
            for row in values.chunks_exact(tokens) {
                let behind = length(&row[position + 1..]);
                // Rounding depends on what runs beside it.
                assert!(
                    behind <= if is_exact { 0.0 } else { 1e-6 * length(row).max(1.0) },
                    "{folder}: {what} is {row:?}"
                );
                assert!(row.iter().all(|value| value.is_finite()));
            }
        }
        // Another text behind, and nothing behind: the same number.
        let value = |ids: &[u32]| {
            let input = Input::embed(subject.model.as_ref(), &Batch::one(ids), None);
            let case = Case { input: &input, ..case };
            block_on(Game::new(&case, &[], MASK).values(&[vec![]])).unwrap()[0]
        };
        let full = value(&ids);
        let other = [&ids[..=position], &text(&mut random, 7)].concat();
        for text in [&other[..], &ids[..=position]] {
            assert!((value(text) - full).abs() < 1e-5 * full.abs().max(1e-3), "{folder}");
        }
    }
}
