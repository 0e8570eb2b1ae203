//! What the tests of heads share: one golden file (`tests/golden/heads`, described in `tests/reference/README.md`) against
//! every figure.

use std::fs;

use headlight_explain::ablation::ablation;
use headlight_explain::attention::{Attends, ByHead, HeadProfile, Kind, Profile, Repeated, Tokens, induction, profile};
use headlight_explain::direct::direct;
use headlight_explain::lens::lens;
use headlight_explain::patching::{Patching, Taken};
use headlight_explain::{Case, Choice, Read, Target, pooled};
use headlight_models::{Batch, Capture, Input, Side, Silent, Transformer, run};
use pollster::block_on;
use serde_json::Value;

pub fn golden(path: &str) -> Value {
    let path = format!("{}/../../tests/golden/heads/{path}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The texts of a file, the second one's with `other_` before.
fn input(model: &dyn Transformer, golden: &Value, prefix: &str) -> Input {
    let text = |key: &str| Batch::one(&ids(&golden[&format!("{prefix}{key}")]));
    match golden.get("ids") {
        Some(_) => Input::embed(model, &text("ids"), None),
        None => Input::embed(model, &text("prefix"), Some(&text("source"))),
    }
}

fn target(model: &dyn Transformer, golden: &Value, last: usize) -> Target {
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
            "answer_span" => Target::Span { start: place("position").unwrap(), end: place("end").unwrap(), read },
            "similarity" => {
                let other = model.embed(&Batch::one(&ids(&golden["second_ids"])));
                let run = block_on(run::run(model, other, Capture::none(), &Silent)).unwrap();
                Target::Similarity { other: pooled(run.hidden) }
            }
            _ => Target::Token { position: place("position").unwrap_or(last), choice: choice(), read },
        }
    };
    match described.get("foil") {
        None => one(&described["id"]),
        Some(foil) => Target::Contrast { target: Box::new(one(&described["id"])), foil: Box::new(one(&foil["id"])) },
    }
}

/// What was held against a file, and the worst of it.
struct Worst {
    name: String,
    found: Vec<(String, f64)>,
}

impl Worst {
    /// Each within `bound` of theirs.
    fn absolute(&mut self, what: &str, ours: &[f64], theirs: &[f64], bound: f64) {
        self.relative(what, ours, theirs, bound, 1.0);
    }

    /// Each within `bound` of theirs, over the greatest of theirs.
    fn effects(&mut self, what: &str, ours: &[f64], theirs: &[f64], bound: f64) {
        let greatest = theirs.iter().fold(0.0_f64, |greatest, value| greatest.max(value.abs()));
        self.relative(what, ours, theirs, bound, greatest);
    }

    fn relative(&mut self, what: &str, ours: &[f64], theirs: &[f64], bound: f64, scale: f64) {
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.name);
        let off = ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f64::max) / scale;
        assert!(off <= bound, "{}: {what} is off by {off:.1e}\n{ours:.6?}\n{theirs:.6?}", self.name);
        match self.found.iter_mut().find(|(known, _)| known == what) {
            Some((_, worst)) => *worst = worst.max(off),
            None => self.found.push((what.to_owned(), off)),
        }
    }
}

/// A file's name of heads that attend alike.
fn stack(attends: Attends) -> &'static str {
    match (attends.is_cross, attends.side) {
        (true, _) => "cross",
        (false, side) => side_name(side),
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Only => "only",
        Side::Encoder => "encoder",
        Side::Decoder => "decoder",
    }
}

fn described(golden: &Value, attends: Attends) -> &Value {
    let found = golden["stacks"].as_array().unwrap().iter().find(|one| one["stack"] == stack(attends)).unwrap();
    assert_eq!(
        (found["layers"].as_u64(), found["heads"].as_u64()),
        (Some(attends.layers as u64), Some(attends.heads as u64))
    );
    found
}

/// Every figure of a file. `most` sequences run at once.
pub fn check(name: &str, model: &dyn Transformer, most: usize) {
    let golden = golden(name);
    let (own, other) = (input(model, &golden, ""), input(model, &golden, "other_"));
    let last = own.embeddings.dims()[1] - 1;
    let target = target(model, &golden, last);
    let case = Case { model, input: &own, target: &target, most, threads: 2, pulse: &Silent, estimates: None };
    let mut worst = Worst { name: name.to_owned(), found: Vec::new() };

    let all: Vec<u32> = match golden.get("ids") {
        Some(text) => ids(text),
        None => [ids(&golden["source"]), ids(&golden["prefix"])].concat(),
    };
    let special: Vec<u32> = ids(&golden["special"]);
    let special: Vec<bool> = (0..all.len()).map(|at| special.contains(&(at as u32))).collect();
    let profiles = block_on(profile(&case, Tokens { ids: &all, special: &special })).unwrap();
    assert_eq!(profiles.len(), golden["stacks"].as_array().unwrap().len());
    profiles.iter().for_each(|one| check_profile(one, described(&golden, one.attends), &mut worst));

    let found = block_on(ablation(&case, 0.0)).unwrap();
    worst.absolute("value", &[found.value], &numbers(&Value::Array(vec![golden["value"].clone()])), 1e-4);
    for heads in &found.heads {
        worst.effects(
            "ablation of heads",
            &heads.values,
            &numbers(&described(&golden, heads.attends)["ablation"]),
            1e-3,
        );
    }
    for mlps in &found.mlps {
        worst.effects("ablation of MLPs", &mlps.values, &numbers(&golden["mlps"][side_name(mlps.side)]), 1e-3);
    }

    let patching = block_on(Patching::new(&case, &other)).unwrap();
    let theirs = golden["other_value"].as_f64().unwrap();
    worst.absolute("value of the other text", &[patching.other_value], &[theirs], 1e-4);
    for (taken, key) in [(Taken::Z, "z"), (Taken::Pattern, "pattern")] {
        for heads in block_on(patching.heads(taken)).unwrap() {
            let theirs = numbers(&described(&golden, heads.attends)["patching"][key]);
            worst.effects(&format!("patched {key}"), &heads.values, &theirs, 1e-3);
        }
    }
    for residual in block_on(patching.residual()).unwrap() {
        let theirs = &golden["residual"][side_name(residual.side)];
        assert_eq!(theirs["tokens"].as_u64(), Some(residual.tokens as u64));
        worst.effects("patched residual", &residual.values, &numbers(&theirs["values"]), 1e-3);
    }

    check_lens(&case, &golden, &mut worst);
    check_direct(&case, &golden, &mut worst);
    if let Some(theirs) = golden.get("induction") {
        let size = |key: &str| theirs[key].as_u64().unwrap() as usize;
        let repeated = Repeated {
            start: size("start") as u32,
            end: size("end") as u32,
            before: None,
            length: size("length"),
            texts: size("texts"),
            seed: size("seed") as u64,
        };
        assert_eq!(repeated.ids()[0][..4], ids(&theirs["first_ids"])[..]);
        let ours = block_on(induction(model, repeated, most, &Silent)).unwrap().unwrap();
        worst.absolute("induction", &ours.values, &numbers(&theirs["scores"]), 1e-5);
    }
    for (what, off) in &worst.found {
        println!("{name}: {what}: {off:.1e}");
    }
}

fn check_profile(ours: &Profile, theirs: &Value, worst: &mut Worst) {
    let over = |of: &dyn Fn(&HeadProfile) -> Option<f64>| -> Option<Vec<f64>> { ours.heads.iter().map(of).collect() };
    let figures = &theirs["profile"];
    worst.absolute("entropy", &over(&|head| Some(head.entropy)).unwrap(), &numbers(&figures["entropy"]), 1e-5);
    let mut hold = |key: &str, ours: Option<Vec<f64>>| match (ours, figures.get(key).filter(|theirs| !theirs.is_null()))
    {
        (Some(ours), Some(theirs)) => worst.absolute(key, &ours, &numbers(theirs), 1e-5),
        (None, None) => {}
        (ours, theirs) => panic!("{key}: {ours:?}, {theirs:?}"),
    };
    hold("distance", over(&|head| head.distance));
    for (kind, key) in [
        (Kind::Previous, "previous"),
        (Kind::Next, "next"),
        (Kind::Same, "same"),
        (Kind::First, "first"),
        (Kind::Special, "special"),
        (Kind::Duplicate, "duplicate"),
        (Kind::Induction, "induction"),
    ] {
        hold(key, over(&|head| head.share(kind)));
    }
    worst.absolute("importance", &over(&|head| Some(head.importance)).unwrap(), &numbers(&theirs["importance"]), 1e-3);
}

fn check_lens(case: &Case<'_>, golden: &Value, worst: &mut Worst) {
    let (ours, theirs) = (block_on(lens(case)).unwrap(), &golden["lens"]);
    if let Some(values) = theirs.get("value") {
        worst.absolute("lens", &ours.values, &numbers(values), 1e-3);
        assert_eq!((ours.logits, ours.log_probs, ours.ranks), (None, None, None));
        return;
    }
    worst.absolute("lens, logits", &ours.logits.clone().unwrap(), &numbers(&theirs["logit"]), 1e-3);
    let Some(log_probs) = theirs.get("log_prob") else {
        assert_eq!((ours.log_probs, ours.ranks), (None, None));
        return;
    };
    worst.absolute("lens, log-probabilities", &ours.log_probs.clone().unwrap(), &numbers(log_probs), 1e-3);
    match golden["target"]["read"].as_str().unwrap() {
        "logit" => worst.absolute("lens", &ours.values, &numbers(&theirs["logit"]), 1e-3),
        "log_prob" => worst.absolute("lens", &ours.values, &numbers(&theirs["log_prob"]), 1e-3),
        _ => worst.absolute("lens", &ours.values[ours.values.len() - 1..], &[golden["value"].as_f64().unwrap()], 1e-3),
    }
    let Some(ranks) = theirs.get("rank") else {
        assert_eq!((ours.ranks, ours.best), (None, None));
        return;
    };
    assert_eq!(ours.best, Some(ids(&theirs["best"])));
    assert_eq!(ours.wins().map(|wins| wins as u64), theirs["wins"].as_u64());
    // Rounding may turn two entries around that are as good as equal.
    let (ours, theirs) = (ours.ranks.unwrap(), numbers(ranks));
    for (ours, theirs) in ours.iter().map(|rank| *rank as f64).zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-3 * theirs, "rank {ours}, {theirs}");
    }
}

fn check_direct(case: &Case<'_>, golden: &Value, worst: &mut Worst) {
    let (ours, theirs) = (block_on(direct(case)).unwrap(), &golden["direct"]);
    let one = |key: &str| theirs[key].as_f64().unwrap();
    for (what, value, key) in [
        ("direct, logit", ours.logit, "logit"),
        ("direct, embedding", ours.embedding, "embedding"),
        ("direct, biases", ours.biases, "biases"),
        ("direct, rest", ours.rest, "rest"),
    ] {
        worst.absolute(what, &[value], &[one(key)], 1e-3);
    }
    for ByHead { attends, values } in &ours.heads {
        worst.absolute("direct, heads", values, &numbers(&theirs["heads"][stack(*attends)]), 1e-3);
    }
    worst.absolute("direct, MLPs", &ours.mlps, &numbers(&theirs["mlps"]), 1e-3);
    worst.absolute("direct, sum", &[ours.sum()], &[ours.logit], 1e-3);
    assert!(ours.recurrence.is_empty());
}
