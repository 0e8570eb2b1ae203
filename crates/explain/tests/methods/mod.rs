//! What the tests of methods share: one golden file (`tests/golden/methods`, described in `tests/reference/README.md`)
//! against every method.

use std::fs;

use headlight_explain::attribution::{
    self, Base, Baseline, EXACT, Merges, Noise, attention_flow, attention_gradient, attention_gradient_map,
    attention_rollout, balanced, by_text, flow_map, integrated_gradients, kernel_shap, layers, lime, occlusion,
    partition_shap, removal, rollout_map, smoothgrad, value_zeroing, value_zeroing_maps,
};
use headlight_explain::{Case, Choice, Game, Read, Target};
use headlight_models::{Input, Silent, Transformer};
use pollster::block_on;
use serde_json::Value;

/// Deterministic methods are met within this, relative.
const NEAR: f64 = 1e-3;

pub fn golden(path: &str) -> Value {
    let path = format!("{}/../../tests/golden/methods/{path}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

pub fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

pub fn sizes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as usize).collect()
}

/// One list of numbers, or those of both sides one after the other.
pub fn numbers(value: &Value) -> Vec<f64> {
    if value.is_object() {
        return [numbers(&value["source"]), numbers(&value["prefix"])].concat();
    }
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// ‖a−b‖/‖b‖
fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / b.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

/// The target that a file describes. `last` is the token after which a next token is read.
pub fn target(golden: &Value, last: usize) -> Target {
    let described = &golden["target"];
    let read = match described["read"].as_str().unwrap() {
        "logit" => Read::Logit,
        "log_prob" => Read::LogProb,
        "prob" => Read::Prob,
        other => panic!("{other}"),
    };
    let place = |key: &str| described[key].as_u64().map(|place| place as usize);
    let one = |id: &Value| {
        let choice = || Choice::Id(id.as_u64().unwrap() as u32);
        match described["kind"].as_str().unwrap() {
            "class" => Target::Label { position: None, choice: choice(), read },
            "token_label" => Target::Label { position: place("position"), choice: choice(), read },
            "next_token" => Target::Token { position: last, choice: choice(), read },
            "masked_word" | "output_token" => {
                Target::Token { position: place("position").unwrap(), choice: choice(), read }
            }
            "answer_span" => Target::Span { start: place("position").unwrap(), end: place("end").unwrap(), read },
            other => panic!("{other}"),
        }
    };
    match described.get("foil") {
        None => one(&described["id"]),
        Some(foil) => Target::Contrast { target: Box::new(one(&described["id"])), foil: Box::new(one(&foil["id"])) },
    }
}

/// What was held against a file, and the worst of it.
#[derive(Default)]
struct Worst {
    name: String,
    found: Vec<(&'static str, f64)>,
}

impl Worst {
    fn hold(&mut self, what: &'static str, ours: &[f64], theirs: &[f64], bound: f64) {
        let off = relative(ours, theirs);
        assert!(
            off <= bound,
            "{}: {what} is off by {off:.1e}, more than {bound:.1e}\n{ours:.5?}\n{theirs:.5?}",
            self.name
        );
        match self.found.iter_mut().find(|(known, _)| *known == what) {
            Some((_, worst)) => *worst = worst.max(off),
            None => self.found.push((what, off)),
        }
    }
}

/// Methods that read attention, on a model of one stack.
fn attention(case: &Case<'_>, stored: &Value, worst: &mut Worst) {
    let raw = block_on(attribution::attention(case, None, None)).unwrap();
    worst.hold("attention", &raw, &numbers(&stored["raw"]["values"]), NEAR);
    let last = case.model.architecture().layers - 1;
    assert_eq!(raw, block_on(attribution::attention(case, Some(last), None)).unwrap());

    let map = block_on(rollout_map(case)).unwrap();
    assert!(map.rows().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-5));
    if let Some(matrix) = stored["rollout"].get("matrix") {
        worst.hold("rollout", &map.values, &numbers(matrix), 1e-5);
    }
    let values = block_on(attention_rollout(case)).unwrap();
    worst.hold("rollout", &values, &numbers(&stored["rollout"]["values"]), 1e-5);

    let rows = sizes(&stored["rows"]);
    let flows = block_on(flow_map(case)).unwrap();
    let unscaled = numbers(&stored["flow"]["unscaled"]);
    let stored_rows = sizes(&stored["flow"]["rows"]);
    assert_eq!(flows.len(), rows.len());
    for (row, flow) in rows.iter().zip(&flows) {
        let place = stored_rows.iter().position(|stored| stored == row).unwrap();
        worst.hold("flow", flow, &unscaled[place * flow.len()..][..flow.len()], 1e-4);
    }
    worst.hold("flow", &block_on(attention_flow(case)).unwrap(), &numbers(&stored["flow"]["values"]), 1e-4);

    if let Some(matrix) = stored["gradient"].get("matrix") {
        let map = block_on(attention_gradient_map(case)).unwrap();
        worst.hold("attention_gradient", &map.values, &numbers(matrix), NEAR);
    }
    let values = block_on(attention_gradient(case)).unwrap();
    worst.hold("attention_gradient", &values, &numbers(&stored["gradient"]["values"]), NEAR);

    let stored = &stored["value_zeroing"];
    if let Some(distances) = stored.get("distances") {
        let maps = block_on(value_zeroing_maps(case, None, None)).unwrap();
        let flat: Vec<f64> = maps.into_iter().flat_map(|map| map.values).collect();
        worst.hold("value_zeroing", &flat, &numbers(distances), NEAR);
    }
    worst.hold("value_zeroing", &block_on(value_zeroing(case, None, None)).unwrap(), &numbers(&stored["values"]), NEAR);
    if let Some(head) = stored.get("head") {
        let place = |key: &str| head[key].as_u64().map(|place| place as usize);
        let maps = block_on(value_zeroing_maps(case, place("layer"), place("head"))).unwrap();
        worst.hold("value_zeroing", &maps[0].values, &numbers(&head["distances"]), NEAR);
    }
    let too_far = block_on(attribution::attention(case, Some(last + 1), None));
    assert!(matches!(too_far, Err(headlight_explain::ExplainError::NoSuchLayer { .. })));
}

/// What must hold of them where two stacks are read as one, for which no library has values.
fn joint(case: &Case<'_>) {
    let map = block_on(rollout_map(case)).unwrap();
    assert!(map.rows().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-5));
    let values = block_on(attention_rollout(case)).unwrap();
    let flows = block_on(attention_flow(case)).unwrap();
    for shares in [&values, &flows] {
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!(shares.iter().all(|share| *share >= 0.0));
        // The target rests on both sides, and not on what was written after it.
        let before = case.input.source.as_ref().unwrap().dims()[1];
        assert!(shares[..before].iter().all(|share| *share > 0.0));
    }
    // No more flows than is rolled out through the narrowest cut: the whole of one token, whose attention sums to one as single
    // precision has it.
    for flow in block_on(flow_map(case)).unwrap() {
        let most = flow.iter().copied().fold(0.0, f64::max);
        assert!(most <= 1.0 + 4.0 * f64::from(f32::EPSILON), "{most}");
    }
    let cross = block_on(attribution::attention(case, None, None)).unwrap();
    let before = case.input.source.as_ref().unwrap().dims()[1];
    assert!((cross[..before].iter().sum::<f64>() - 1.0).abs() < 1e-5);
    let gradient = block_on(attention_gradient(case)).unwrap();
    assert!(gradient.iter().all(|value| *value >= 0.0) && gradient[..before].iter().any(|value| *value > 0.0));
    let zeroing = block_on(value_zeroing(case, None, None)).unwrap();
    assert!((zeroing.iter().sum::<f64>() - 1.0).abs() < 1e-5 && zeroing[..before].iter().any(|value| *value > 0.0));
    let stacks = block_on(layers(case)).unwrap();
    assert_eq!(stacks.len(), 2);
    assert!(stacks.iter().all(|stack| stack.outputs.len() == stack.layers * stack.tokens));
}

/// Holds every method against the values of `golden`.
pub fn check(model: &dyn Transformer, golden: &Value, input: &Input, target: &Target) {
    let case = Case { model, input, target, most: 16, threads: 2, pulse: &Silent, estimates: None };
    let mut worst = Worst { name: golden["name"].as_str().unwrap().to_owned(), found: Vec::new() };
    let mask = golden["mask_id"].as_u64().unwrap() as u32;
    let mut special = vec![false; case.tokens()];
    if golden.get("special").is_some() {
        for token in sizes(&golden["special"]) {
            special[token] = true;
        }
    }
    let value = golden["value"].as_f64().unwrap();

    let paths = match &golden["integrated_gradients"] {
        Value::Array(paths) => paths.clone(),
        one => vec![one.clone()],
    };
    for path in &paths {
        let baseline = match path["baseline"].as_str().unwrap() {
            "zero" => Baseline::Zero,
            "mask" => Baseline::Token(mask),
            "pad" => Baseline::Token(path["ids"][1].as_u64().unwrap() as u32),
            "mean" => Baseline::Mean,
            other => panic!("{other}"),
        };
        let from = block_on(baseline.embed(&case, &special)).unwrap();
        let found = block_on(integrated_gradients(&case, &from, 50)).unwrap();
        let stored = path.get("values").map_or_else(|| numbers(path), numbers);
        worst.hold("integrated_gradients", &found.values, &stored, NEAR);
        let scale = stored.iter().map(|value| value.abs()).sum::<f64>().max(1.0);
        assert!((found.target_value - value).abs() < NEAR);
        assert!((found.baseline_value - path["baseline_value"].as_f64().unwrap()).abs() < NEAR * value.abs().max(1.0));
        assert!((found.completeness_error() - path["delta"].as_f64().unwrap()).abs() < NEAR * scale);
    }

    let stored = &golden["smoothgrad"];
    let zero = block_on(Baseline::Zero.embed(&case, &special)).unwrap();
    for (name, base) in [
        ("saliency", Base::Saliency),
        ("grad_x_input", Base::GradXInput),
        ("integrated_gradients", Base::IntegratedGradients(zero, 16)),
    ] {
        let Some(values) = stored.get(name).map(|values| values.get("values").unwrap_or(values)) else { continue };
        let found = block_on(smoothgrad(&case, &base, Noise::default())).unwrap();
        worst.hold("smoothgrad", &found.values, &numbers(values), NEAR);
        if let (Some(captum), "grad_x_input") = (stored.get("captum"), name) {
            // The same method with other noise: means of five copies.
            let spread = numbers(&captum["std"]);
            let near = found.values.iter().zip(numbers(&captum["mean"])).zip(&spread).zip(&found.standard_errors);
            assert!(
                near.clone()
                    .all(|(((ours, theirs), spread), error)| (ours - theirs).abs() < 6.0 * spread.hypot(*error))
            );
            assert!(found.standard_errors.iter().all(|error| error.is_finite()));
        }
    }

    let found = block_on(occlusion(&case, mask)).unwrap();
    let stored = &golden["occlusion"];
    let by_mask = stored.get("mask").unwrap_or(stored);
    worst.hold("occlusion", &found, &numbers(by_mask), NEAR);
    if let Some(removed) = stored.get("removal") {
        let found = block_on(removal(&case)).unwrap();
        let stored: Vec<Option<f64>> = removed.as_array().unwrap().iter().map(Value::as_f64).collect();
        let there = |values: &[Option<f64>]| values.iter().map(Option::is_some).collect::<Vec<_>>();
        assert_eq!(there(&found), there(&stored), "{}", worst.name);
        let both = |values: Vec<Option<f64>>| values.into_iter().flatten().collect::<Vec<_>>();
        worst.hold("removal", &both(found), &both(stored), NEAR);
    }

    // Where a text has two sides, each token but the decoder's start is a unit.
    let start = input.source.as_ref().map(|source| source.dims()[1]);
    let units: Vec<Vec<usize>> = match golden.get("units") {
        Some(units) => units.as_array().unwrap().iter().map(sizes).collect(),
        None => (0..case.tokens()).filter(|token| Some(*token) != start).map(|token| vec![token]).collect(),
    };
    let mut game = Game::new(&case, &units, mask);
    let stored = &golden["shapley"];
    let found = block_on(kernel_shap(&mut game, 0)).unwrap();
    let [nothing, everything] = block_on(game.ends()).unwrap();
    // Efficiency.
    assert!((found.values.iter().sum::<f64>() - (everything - nothing)).abs() < 1e-6 * everything.abs().max(1.0));
    if let Some(exact) = stored.get("exact") {
        assert!(units.len() <= EXACT);
        worst.hold("kernel_shap", &found.values, &numbers(exact), NEAR);
    } else {
        assert!((nothing - stored["base_value"].as_f64().unwrap()).abs() < NEAR);
        let (mean, spread) = (numbers(&stored["shap"]["mean"]), numbers(&stored["shap"]["std"]));
        let greatest = mean.iter().fold(0.0_f64, |worst, mean| worst.max(mean.abs()));
        for (((ours, error), theirs), spread) in found.values.iter().zip(&found.standard_errors).zip(&mean).zip(&spread)
        {
            let bound = 5.0 * error.hypot(*spread) + 0.01 * greatest;
            assert!((ours - theirs).abs() < bound, "{}: {ours} and {theirs}, more than {bound} apart", worst.name);
        }
        let off = relative(&found.values, &mean);
        println!("{}: kernel_shap {off:.1e} from the mean of SHAP's", worst.name);
        assert!(off < 0.1, "{}: kernel_shap is off by {off}", worst.name);
    }

    let fixed = &golden["lime"]["fixed"];
    let samples = fixed["samples"].as_u64().unwrap() as usize;
    let found = block_on(lime(&mut game, samples, fixed["seed"].as_u64().unwrap())).unwrap();
    worst.hold("lime", &found.values, &numbers(&fixed["values"]), NEAR);
    let rest = [found.intercept, found.r2, found.local_value];
    let stored = ["intercept", "r2", "local_value"].map(|key| fixed[key].as_f64().unwrap());
    worst.hold("lime", &rest, &stored, NEAR);
    if let Some(plain) = golden["lime"].get("plain") {
        let found = block_on(lime(&mut game, plain["samples"].as_u64().unwrap() as usize, 1)).unwrap();
        let (mean, spread) = (numbers(&plain["mean"]), numbers(&plain["std"]));
        for (((ours, error), theirs), spread) in found.values.iter().zip(&found.standard_errors).zip(&mean).zip(&spread)
        {
            let bound = 5.0 * error.hypot(*spread) + 1e-6;
            assert!((ours - theirs).abs() < bound, "{}: LIME's {ours} and {theirs}", worst.name);
        }
    }

    for stored in golden.get("partition_shap").and_then(Value::as_array).into_iter().flatten() {
        let merges: Merges =
            stored["merges"].as_array().unwrap().iter().map(|pair| sizes(pair).try_into().unwrap()).collect();
        if stored["hierarchy"] == "balanced" {
            assert_eq!(merges, balanced(units.len()));
        } else {
            let texts: Vec<String> = serde_json::from_value(golden["tree_tokens"].clone()).unwrap();
            assert_eq!(merges, by_text(&texts), "{}: the tree of {texts:?}", worst.name);
        }
        let size = |key: &str| stored[key].as_u64().unwrap() as usize;
        let found = block_on(partition_shap(&mut game, &merges, size("evaluations"), size("batch"))).unwrap();
        assert_eq!(found.used, size("used"), "{}: evaluations", worst.name);
        worst.hold("partition_shap", &found.values, &numbers(&stored["values"]), NEAR);
    }
    if let Some(stored) = golden.get("attention") {
        attention(&case, stored, &mut worst);
    } else {
        joint(&case);
    }
    if let Some(stored) = golden.get("layers") {
        let found = block_on(layers(&case)).unwrap();
        let [found] = found.as_slice() else { panic!("{} stacks", found.len()) };
        // Terms of both signs cancel in these sums as they do in gradient times input.
        worst.hold("layers.outputs", &found.outputs, &numbers(&stored["outputs"]), NEAR);
        worst.hold("layers.heads", &found.z, &numbers(&stored["heads"]), NEAR);
    }
    let found: Vec<String> = worst.found.iter().map(|(what, off)| format!("{what} {off:.1e}")).collect();
    println!("{}: {}", worst.name, found.join(", "));
}
