//! What the tests of properties share: every family's small checkpoint with a text and a target drawn from a seed, and every
//! method on it.

use burn::tensor::Tensor;
use headlight_explain::attribution::{
    Base, Baseline, Noise, attention, attention_flow, attention_gradient, attention_rollout, balanced, grad_x_input,
    integrated_gradients, kernel_shap, layers, lime, occlusion, partition_shap, removal, saliency, smoothgrad,
    value_zeroing,
};
use headlight_explain::faithfulness::{ORDERS, curves, erasure_by_removal, random_orders};
use headlight_explain::{Case, Choice, Game, Random, Read, Removal, Target, explain, pooled};
use headlight_models::{Batch, Capture, Input, Silent, Transformer, run};
use pollster::block_on;

use super::checkpoints::opened;

/// What stands for nothing in these checkpoints.
pub const MASK: u32 = 5;

/// The families: folder and head. The last ones have an encoder besides.
pub const CAUSAL: [&str; 5] = ["gpt2", "gpt_neox", "llama", "mistral", "qwen3"];
pub const ENCODERS: [(&str, &str); 6] = [
    ("bert-other", "mean"),
    ("bert", "sequence"),
    ("bert", "none"),
    ("distilbert", "span"),
    ("electra", "token"),
    ("roberta", "word"),
];
pub const TWO_STACKS: [&str; 3] = ["marian", "marian-ssru", "t5"];

/// A model, a text and a target.
pub struct Subject {
    pub name: String,
    pub model: Box<dyn Transformer>,
    pub input: Input,
    pub target: Target,
    /// What it may be held against.
    pub foil: Option<Target>,
}

impl Subject {
    pub fn case(&self, most: usize) -> Case<'_> {
        Case {
            model: self.model.as_ref(),
            input: &self.input,
            target: &self.target,
            most,
            threads: 1,
            pulse: &Silent,
            estimates: None,
        }
    }

    /// Each token a unit, but a decoder's start.
    pub fn units(&self) -> Vec<Vec<usize>> {
        let start = self.input.source.as_ref().map(|source| source.dims()[1]);
        (0..self.case(1).tokens()).filter(|token| Some(*token) != start).map(|token| vec![token]).collect()
    }
}

/// Ids that are neither special nor [`MASK`].
pub fn text(random: &mut Random, count: usize) -> Vec<u32> {
    (0..count).map(|_| 6 + random.below(50) as u32).collect()
}

pub fn reading(at: usize) -> Read {
    [Read::Logit, Read::LogProb, Read::Prob][at % 3]
}

/// Every family with a text of `tokens` tokens; what is read, and where, differs by the seed.
pub fn subjects(seed: u64, tokens: usize) -> Vec<Subject> {
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

pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_into_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
}

pub fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// ‖a−b‖, over ‖b‖ or what stands for it.
pub fn apart(a: &[f64], b: &[f64], scale: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    length(&difference) / scale.max(1e-3)
}

/// The worst of what was found for each method.
#[derive(Default)]
pub struct Worst(Vec<(&'static str, f64, String)>);

impl Worst {
    pub fn hold(&mut self, what: &'static str, off: f64, bound: f64, name: &str) {
        assert!(off <= bound, "{name}: {what} is off by {off:.1e}");
        match self.0.iter_mut().find(|(known, ..)| *known == what) {
            Some(worst) if worst.1 >= off => {}
            Some(worst) => *worst = (what, off, name.to_owned()),
            None => self.0.push((what, off, name.to_owned())),
        }
    }

    pub fn print(&self) {
        for (what, off, name) in &self.0 {
            println!("{what}: {off:.1e} at worst ({name})");
        }
    }
}

/// The gradient methods of one run, over both sides.
pub fn by_gradient(subject: &Subject, target: &Target) -> [Vec<f64>; 2] {
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
pub fn linear(subject: &Subject, case: &Case<'_>) -> Vec<(&'static str, Vec<f64>)> {
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
pub fn others(subject: &Subject, case: &Case<'_>) -> Vec<(&'static str, Vec<f64>)> {
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
