//! What the tests of faithfulness share: one golden file (`tests/golden/methods`, described in `tests/reference/README.md`)
//! against every measure.

use headlight_explain::attribution::{
    Baseline, attention_rollout, grad_x_input, integrated_gradients, occlusion, saliency,
};
use headlight_explain::faithfulness::{
    Curve, Erasure, ORDERS, Perturbation, curves, erasure, erasure_by_removal, random_orders, sensitivity_max, tau_loo,
    tau_loo_by_removal,
};
use headlight_explain::{Case, ExplainError, Game, Removal, Target, explain};
use headlight_models::{Capture, Input, Pulse, Silent, Transformer};
use headlight_statistics::{plausibility, spearman, top_overlap};
use pollster::block_on;
use serde_json::Value;

use super::methods::{numbers, sizes};

/// Measures are met within this, relative.
const NEAR: f64 = 1e-3;

/// Or within this, where they are near nought.
const NEAR_NOUGHT: f64 = 1e-4;

fn perhaps(value: &Value) -> Vec<Option<f64>> {
    value.as_array().unwrap().iter().map(Value::as_f64).collect()
}

/// The worst of what was held against a file: of what is near nought, a thousandth of it stands for a ten-thousandth.
pub struct Worst {
    name: String,
    found: Vec<(String, f64)>,
}

impl Worst {
    fn hold(&mut self, what: &str, ours: &[Option<f64>], theirs: &[Option<f64>]) {
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.name);
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours.is_some(), theirs.is_some(), "{}: {what} is {ours:?}, not {theirs:?}", self.name);
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            let off = (ours - theirs).abs() / theirs.abs().max(NEAR_NOUGHT / NEAR);
            assert!(off <= NEAR, "{}: {what} is {ours}, not {theirs}: off by {off:.1e}", self.name);
            match self.found.iter_mut().find(|(known, _)| *known == what) {
                Some((_, worst)) => *worst = worst.max(off),
                None => self.found.push((what.to_owned(), off)),
            }
        }
    }

    fn hold_all(&mut self, what: &str, ours: &[f64], theirs: &Value) {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        self.hold(what, &some(ours), &some(&numbers(theirs)));
    }

    fn hold_one(&mut self, what: &str, ours: Option<f64>, theirs: &Value) {
        self.hold(what, &[ours], &[theirs.as_f64()]);
    }
}

/// Saliency or gradient times input of one text of one side.
pub async fn by_gradient(
    model: &dyn Transformer,
    target: &Target,
    name: &str,
    input: Input,
    pulse: &dyn Pulse,
) -> Result<Vec<f64>, ExplainError> {
    let found = explain(model, input, target, Capture::none(), pulse).await?;
    let gradient = found.gradient.unwrap().embeddings;
    let values = if name == "saliency" { saliency(gradient) } else { grad_x_input(found.embeddings, gradient) };
    Ok(values.into_data().try_into_vec::<f32>().unwrap().into_iter().map(f64::from).collect())
}

/// Holds `sensitivity_max` of the two gradient methods against a golden file's.
fn sensitivity(case: &Case<'_>, stored: &Value, worst: &mut Worst) {
    let perturbation = Perturbation {
        radius: stored["radius"].as_f64().unwrap(),
        samples: stored["samples"].as_u64().unwrap() as usize,
        seed: stored["seed"].as_u64().unwrap(),
    };
    assert_eq!(perturbation, Perturbation::default());
    for name in ["saliency", "grad_x_input"] {
        let explained = block_on(by_gradient(case.model, case.target, name, case.input.clone(), &Silent)).unwrap();
        let again = async |input, pulse: &dyn Pulse| by_gradient(case.model, case.target, name, input, pulse).await;
        let found = block_on(sensitivity_max(case, &explained, perturbation, again)).unwrap();
        worst.hold_one("sensitivity_max", found, &stored[name]);
    }
}

fn erased(worst: &mut Worst, kind: &str, ours: &Erasure, stored: &Value) {
    assert_eq!(ours.tenths, sizes(&stored["tenths"]), "{}", worst.name);
    assert_eq!(ours.sizes, sizes(&stored["sizes"]), "{}", worst.name);
    let stored = &stored[kind];
    worst.hold("comprehensiveness", &ours.comprehensiveness, &perhaps(&stored["comprehensiveness"]));
    worst.hold("sufficiency", &ours.sufficiency, &perhaps(&stored["sufficiency"]));
    worst.hold_one("aopc", ours.aopc_comprehensiveness, &stored["aopc_comprehensiveness"]);
    worst.hold_one("aopc", ours.aopc_sufficiency, &stored["aopc_sufficiency"]);
}

/// The values of each method that a golden file compares, in its order.
fn methods(case: &Case<'_>, special: &[bool], mask: u32) -> Vec<(&'static str, Vec<f64>)> {
    let gradient = |name| block_on(by_gradient(case.model, case.target, name, case.input.clone(), &Silent)).unwrap();
    let zero = block_on(Baseline::Zero.embed(case, special)).unwrap();
    let all = [
        ("saliency", gradient("saliency")),
        ("grad_x_input", gradient("grad_x_input")),
        ("occlusion", block_on(occlusion(case, mask)).unwrap()),
        ("integrated_gradients", block_on(integrated_gradients(case, &zero, 50)).unwrap().values),
        ("rollout", block_on(attention_rollout(case)).unwrap()),
    ];
    let free = |values: Vec<f64>| values.into_iter().zip(special).filter(|(_, special)| !**special).map(|(v, _)| v);
    all.into_iter().map(|(name, values)| (name, free(values).collect())).collect()
}

/// Holds every measure that `golden` has against it.
pub fn check(model: &dyn Transformer, golden: &Value, input: &Input, target: &Target) {
    let case = Case { model, input, target, most: 16, threads: 2, pulse: &Silent, estimates: None };
    let mut worst = Worst { name: golden["name"].as_str().unwrap().to_owned(), found: Vec::new() };
    if let Some(stored) = golden.get("sensitivity_max") {
        sensitivity(&case, stored, &mut worst);
    }
    if let Some(stored) = golden.get("faithfulness") {
        let mask = golden["mask_id"].as_u64().unwrap() as u32;
        let mut special = vec![false; case.tokens()];
        for token in sizes(&golden["special"]) {
            special[token] = true;
        }
        let values = methods(&case, &special, mask);
        // Each token by itself, whatever the methods' units are.
        let units: Vec<Vec<usize>> =
            (0..case.tokens()).filter(|token| !special[*token]).map(|token| vec![token]).collect();
        let read = target.as_probability();
        let asked = Case { target: &read, ..case };
        for name in ["grad_x_input", "occlusion"] {
            let ours = &values.iter().find(|(known, _)| *known == name).unwrap().1;
            measures(&asked, &units, mask, &stored[name], ours, &mut worst);
        }
        agreement(&values, golden, &mut worst);
    }
    let found: Vec<String> = worst.found.iter().map(|(what, off)| format!("{what} {off:.1e}")).collect();
    println!("{}: {}", worst.name, found.join(", "));
}

/// All measures of one ranking. It is the file's, so that no rounding of ours turns two places around.
fn measures(asked: &Case<'_>, units: &[Vec<usize>], mask: u32, stored: &Value, ours: &[f64], worst: &mut Worst) {
    let scores = numbers(&stored["scores"]);
    let difference = scores.iter().zip(ours).map(|(theirs, ours)| (theirs - ours).powi(2)).sum::<f64>().sqrt();
    assert!(difference < NEAR * scores.iter().map(|score| score * score).sum::<f64>().sqrt(), "{}", worst.name);

    let mut game = Game::new(asked, units, mask);
    let found = block_on(erasure(&mut game, &scores)).unwrap();
    // The whole text, and two for each tenth at most.
    assert!(game.asked() <= 21.min(1 << units.len()));
    erased(worst, "mask", &found, stored);
    let full = block_on(game.values(&[vec![true; units.len()]])).unwrap();
    worst.hold_all("p", &full, &Value::from(vec![stored["p"].clone()]));

    let mut texts = Removal::new(asked, units);
    let found = block_on(erasure_by_removal(&mut texts, &scores)).unwrap();
    assert!(texts.asked() <= 21.min(1 << units.len()));
    erased(worst, "removal", &found, stored);

    let found = block_on(curves(&mut game, &scores)).unwrap();
    assert_eq!(found.order, sizes(&stored["order"]), "{}", worst.name);
    // What erasure asks lies on the curves.
    assert_eq!(game.asked(), distinct([&found.order]), "{}", worst.name);
    let mut curve = |ours: &Curve, name: &str| {
        worst.hold_all(name, &ours.values, &stored[name]);
        worst.hold_one("area", Some(ours.area), &stored[format!("{name}_area")]);
    };
    curve(&found.deletion, "deletion");
    curve(&found.insertion, "insertion");

    let drawn = &stored["random"];
    assert_eq!((drawn["seed"].as_u64(), drawn["orders"].as_u64()), (Some(0), Some(ORDERS as u64)));
    let mut fresh = Game::new(asked, units, mask);
    let random = block_on(random_orders(&mut fresh, ORDERS, 0)).unwrap();
    assert_eq!(fresh.asked(), distinct(&random.orders), "{}", worst.name);
    assert_eq!(random.orders[0], sizes(&drawn["first_order"]), "{}", worst.name);
    worst.hold_all("random areas", &random.deletion.areas, &drawn["deletion_areas"]);
    worst.hold_all("random areas", &random.insertion.areas, &drawn["insertion_areas"]);
    for band in [&random.deletion, &random.insertion] {
        let within = band.least.iter().zip(&band.mean).zip(&band.greatest);
        assert_eq!(within.len(), units.len() + 1);
        assert!(within.clone().all(|((least, mean), greatest)| *least <= mean + 1e-9 && *mean <= greatest + 1e-9));
        // The mean's area is the mean of the areas.
        let ends = (band.mean[0] + band.mean[units.len()]) / 2.0;
        let area = (band.mean.iter().sum::<f64>() - ends) / units.len() as f64;
        assert!((area - band.areas.iter().sum::<f64>() / band.areas.len() as f64).abs() < 1e-9);
    }
    let better = random.better_than(&found);
    let share = |name: &str, is_beaten: fn(f64, f64) -> bool| {
        let (area, areas) =
            (stored[format!("{name}_area")].as_f64().unwrap(), numbers(&drawn[format!("{name}_areas")]));
        // Areas that are the same but for rounding may be on either side.
        let near = areas.iter().filter(|one| (*one - area).abs() < 1e-5).count() as f64 / areas.len() as f64;
        (areas.iter().filter(|one| is_beaten(area, **one)).count() as f64 / areas.len() as f64, near + 1e-9)
    };
    let (deletion, near) = share("deletion", |area, one| area < one);
    assert!((better.deletion - deletion).abs() <= near, "{}: {better:?}, {deletion}", worst.name);
    let (insertion, near) = share("insertion", |area, one| area > one);
    assert!((better.insertion - insertion).abs() <= near, "{}: {better:?}, {insertion}", worst.name);
    // An order's AOPC is what erasure finds of it.
    let found: Vec<Erasure> = random
        .orders
        .iter()
        .map(|order| {
            let mut scores = vec![0.0; order.len()];
            for (rank, place) in order.iter().enumerate() {
                scores[*place] = (order.len() - rank) as f64;
            }
            block_on(erasure(&mut fresh, &scores)).unwrap()
        })
        .collect();
    let mean = |aopc: fn(&Erasure) -> Option<f64>| found.iter().filter_map(aopc).sum::<f64>() / found.len() as f64;
    let [comprehensiveness, sufficiency] = [mean(|one| one.aopc_comprehensiveness), mean(|one| one.aopc_sufficiency)];
    assert!((random.aopc_comprehensiveness.unwrap() - comprehensiveness).abs() < 1e-9);
    assert!((random.aopc_sufficiency.unwrap() - sufficiency).abs() < 1e-9);

    let mut fresh = Game::new(asked, units, mask);
    let found = block_on(tau_loo(&mut fresh, &scores)).unwrap();
    assert_eq!(fresh.asked(), units.len() + 1);
    worst.hold_one("tau_loo by mask", found, &stored["tau_loo"]["mask"]);
    let found = block_on(tau_loo_by_removal(&mut texts, &scores)).unwrap();
    worst.hold_one("tau_loo by removal", found, &stored["tau_loo"]["removal"]);

    let too_few = block_on(tau_loo(&mut game, &scores[1..]));
    assert_eq!(too_few, Err(ExplainError::OtherUnits { scores: units.len() - 1, units: units.len() }));
}

/// How many texts the curves of orders go through: every beginning of an order, left out and alone.
fn distinct<'a>(orders: impl IntoIterator<Item = &'a Vec<usize>>) -> usize {
    let mut all = std::collections::BTreeSet::new();
    for order in orders {
        for size in 0..=order.len() {
            let set = |part: &[usize]| part.iter().copied().collect::<std::collections::BTreeSet<usize>>();
            all.extend([set(&order[size..]), set(&order[..size])]);
        }
    }
    all.len()
}

/// How alike methods are, and how far gradient times input is what a person marked.
fn agreement(values: &[(&'static str, Vec<f64>)], golden: &Value, worst: &mut Worst) {
    let of = |name: &Value| &values.iter().find(|(known, _)| name == known).unwrap().1;
    for stored in golden["agreement"].as_array().unwrap() {
        let [a, b] = [of(&stored["methods"][0]), of(&stored["methods"][1])];
        worst.hold_one("spearman", spearman(a, b), &stored["spearman"]);
        worst.hold_one("top_3", top_overlap(a, b, 3), &stored["top_3"]);
    }
    if let Some(stored) = golden.get("plausibility") {
        let scores = of(&Value::from("grad_x_input"));
        let mut marked = vec![false; scores.len()];
        for place in sizes(&stored["rationale"]) {
            marked[place] = true;
        }
        let found = plausibility(scores, &marked).unwrap();
        for (name, ours) in [
            ("precision", found.precision),
            ("recall", found.recall),
            ("f1", found.f1),
            ("iou", found.iou),
            ("auprc", found.auprc),
        ] {
            worst.hold_one("plausibility", Some(ours), &stored[name]);
        }
    }
}
