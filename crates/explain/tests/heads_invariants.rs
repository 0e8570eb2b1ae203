//! What has to hold of heads whatever the numbers: shares add up, what changes nothing changes nothing, and how work is cut up
//! does not matter.

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

use std::cell::Cell;

use burn::tensor::Tensor;
use headlight_explain::ablation::ablation;
use headlight_explain::attention::{Attends, Kind, Repeated, Tokens, induction, profile};
use headlight_explain::direct::direct;
use headlight_explain::lens::lens;
use headlight_explain::patching::{Patching, Taken};
use headlight_explain::{Case, Choice, ExplainError, Intervention, Part, Random, Read, Target};
use headlight_models::pulse::Beat;
use headlight_models::{
    Batch, Cancelled, Capture, Changes, Hook, Input, Point, Pulse, RunError, Side, Silent, Stage, run,
};
use pollster::block_on;

use checkpoints::opened;
use subjects::*;

/// Another text of the same lengths.
fn other(subject: &Subject) -> Input {
    let mut random = Random::new(77, 105);
    let ids = |side: &Tensor<3>, random: &mut Random| text(random, side.dims()[1]);
    let source = subject.input.source.as_ref().map(|side| Batch::one(&ids(side, &mut random)));
    let own = Batch::one(&ids(&subject.input.embeddings, &mut random));
    Input::embed(subject.model.as_ref(), &own, source.as_ref())
}

/// Ids of as many tokens as a case has: what they are matters only to duplicates.
fn any_tokens(case: &Case<'_>) -> (Vec<u32>, Vec<bool>) {
    ((0..case.tokens() as u32).map(|token| token % 3).collect(), (0..case.tokens()).map(|token| token == 0).collect())
}

/// Every figure as one list of numbers each.
fn figures(subject: &Subject, case: &Case<'_>) -> Vec<(&'static str, Vec<f64>)> {
    let (ids, special) = any_tokens(case);
    let profiles = block_on(profile(case, Tokens { ids: &ids, special: &special })).unwrap();
    let heads = profiles.iter().flat_map(|one| &one.heads);
    let profiles = heads.flat_map(|head| {
        let shares = head.shares.iter().map(|share| share.unwrap_or(0.0));
        shares.chain([head.entropy, head.distance.unwrap_or(0.0), head.importance]).collect::<Vec<f64>>()
    });
    let other = other(subject);
    let patching = block_on(Patching::new(case, &other)).unwrap();
    let heads = |taken| block_on(patching.heads(taken)).unwrap().into_iter().flat_map(|heads| heads.values).collect();
    let tokens = block_on(patching.residual()).unwrap().into_iter().flat_map(|tokens| tokens.values).collect();
    let ablated = block_on(ablation(case, 0.0)).unwrap();
    let shares = block_on(direct(case)).unwrap();
    vec![
        ("profile", profiles.collect()),
        ("ablation of heads", ablated.heads.into_iter().flat_map(|heads| heads.values).collect()),
        ("ablation of MLPs", ablated.mlps.into_iter().flat_map(|mlps| mlps.values).collect()),
        ("patched z", heads(Taken::Z)),
        ("patched patterns", heads(Taken::Pattern)),
        ("patched residual", tokens),
        ("lens", block_on(lens(case)).unwrap().values),
        ("direct", shares.heads.into_iter().flat_map(|heads| heads.values).chain(shares.mlps).collect()),
    ]
}

#[test]
fn direct_attribution_adds_up_to_the_logit() {
    let mut worst = Worst::default();
    for seed in [0, 1, 2] {
        for mut subject in subjects(seed, 6) {
            if let Some(foil) = subject.foil.take() {
                let target = Box::new(subject.target.clone());
                subject.target = Target::Contrast { target, foil: Box::new(foil) };
            }
            let found = block_on(direct(&subject.case(1))).unwrap();
            worst.hold("sum", (found.sum() - found.logit).abs(), 1e-4, &subject.name);
            assert_eq!(found.recurrence.is_empty(), subject.name != "marian-ssru", "{}", subject.name);
        }
    }
    worst.print();
}

#[test]
fn the_lens_ends_in_the_target_itself() {
    let mut worst = Worst::default();
    for subject in subjects(3, 6) {
        let case = subject.case(4);
        let found = block_on(lens(&case)).unwrap();
        assert_eq!(found.values.len(), subject.model.architecture().layers + 1);
        let value = block_on(ablation(&case, 1.0)).unwrap().value;
        worst.hold("lens", (found.values.last().unwrap() - value).abs(), 1e-6, &subject.name);
    }
    worst.print();
}

#[test]
fn what_is_scaled_by_one_or_put_in_from_itself_changes_nothing() {
    let mut worst = Worst::default();
    for subject in subjects(4, 6) {
        let case = subject.case(5);
        let ablated = block_on(ablation(&case, 1.0)).unwrap();
        let patching = block_on(Patching::new(&case, &subject.input)).unwrap();
        assert!((patching.value() - patching.other_value).abs() < 1e-6);
        let heads = |taken| block_on(patching.heads(taken)).unwrap().into_iter().flat_map(|heads| heads.values);
        let ablated = ablated
            .heads
            .into_iter()
            .flat_map(|heads| heads.values)
            .chain(ablated.mlps.into_iter().flat_map(|mlps| mlps.values));
        let tokens = block_on(patching.residual()).unwrap().into_iter().flat_map(|tokens| tokens.values);
        let all = [
            ("ablation", ablated.collect::<Vec<f64>>()),
            ("heads", heads(Taken::Z).chain(heads(Taken::Pattern)).collect()),
            ("residual", tokens.collect()),
        ];
        for (what, effects) in all {
            let greatest = effects.iter().fold(0.0_f64, |greatest, effect| greatest.max(effect.abs()));
            worst.hold(what, greatest, 2e-6, &subject.name);
        }
    }
    worst.print();
}

#[test]
fn a_text_put_in_whole_is_that_text() {
    let mut worst = Worst::default();
    for subject in subjects(5, 6).into_iter().filter(|subject| subject.input.source.is_none()) {
        let model = subject.model.as_ref();
        let there = block_on(run::run(model, other(&subject), Capture::of([Point::ResidPre]), &Silent)).unwrap();
        for layer in 0..model.architecture().layers {
            let hook = Hook { side: Side::Only, layer, point: Point::ResidPre };
            let state = there.captures.get_residual(hook).unwrap();
            let mut changes = Changes::default();
            changes.patch_residual(hook, Tensor::ones([1, 1, 1], &model.device()), state);
            let run =
                block_on(run::run_changed(model, subject.input.clone(), Capture::none(), changes, &Silent)).unwrap();
            let (ours, theirs) = (floats(run.hidden), floats(there.hidden.clone()));
            worst.hold("hidden", apart(&ours, &theirs, length(&theirs)), 1e-6, &subject.name);
        }
    }
    worst.print();
}

#[test]
fn batches_threads_and_single_runs_give_the_same() {
    let mut worst = Worst::default();
    for subject in subjects(6, 6) {
        let one = figures(&subject, &subject.case(1));
        let cases = [subject.case(16), Case { threads: 3, ..subject.case(7) }];
        for other in cases.map(|case| figures(&subject, &case)) {
            for ((what, a), (_, b)) in one.iter().zip(&other) {
                worst.hold(what, apart(a, b, length(b)), 1e-5, &subject.name);
            }
        }
    }
    worst.print();
}

#[test]
fn an_intervention_is_what_ablation_says_of_it() {
    for subject in subjects(7, 6) {
        let case = subject.case(8);
        let ablated = block_on(ablation(&case, 0.5)).unwrap();
        let read = |part| {
            let intervention = Intervention { scaled: vec![(part, 0.5)], hidden: Vec::new() };
            floats(block_on(intervention.read(&case)).unwrap().value)[0]
        };
        let heads = &ablated.heads[ablated.heads.len() - 1];
        let attends = heads.attends;
        let without = read(Part::Head { attends, layer: 1, head: 2 });
        assert!((ablated.value - without - heads.values[attends.heads + 2]).abs() < 1e-5, "{}", subject.name);
        let mlps = ablated.mlps.last().unwrap();
        let without = read(Part::Mlp { side: mlps.side, layer: 0 });
        assert!((ablated.value - without - mlps.values[0]).abs() < 1e-5, "{}", subject.name);
    }
}

/// Hidden tokens have no column, the others' rows sum to one, and a token that nobody sees was never there.
#[test]
fn a_hidden_token_is_seen_by_nobody() {
    for subject in subjects(8, 6) {
        let case = subject.case(8);
        let model = subject.model.as_ref();
        let hidden = vec![1];
        let intervention = Intervention { scaled: Vec::new(), hidden };
        let changes = intervention.changes(&case).unwrap();
        let input = subject.input.clone();
        let run = block_on(run::run_changed(model, input, Capture::patterns(), changes, &Silent)).unwrap();
        let place = Attends::of(model)[0];
        for (hook, pattern) in run.captures.all(Point::Pattern).filter(|(hook, _)| hook.side == place.side) {
            let [_, _, _, keys] = pattern.dims();
            for row in floats(pattern).chunks_exact(keys) {
                assert_eq!(row[1], 0.0, "{}: {hook}", subject.name);
                let sum: f64 = row.iter().sum();
                assert!(sum == 0.0 || (sum - 1.0).abs() < 1e-6, "{}: {hook}: {row:?}", subject.name);
            }
        }
    }
    // A causal model's later tokens are hidden from earlier ones as it is.
    let model = opened("llama", None);
    let input = Input::embed(model.as_ref(), &Batch::one(&[11, 48, 85, 26]), None);
    let target = Target::Token { position: 1, choice: Choice::Id(7), read: Read::Logit };
    let case = Case {
        model: model.as_ref(),
        input: &input,
        target: &target,
        most: 1,
        threads: 1,
        pulse: &Silent,
        estimates: None,
    };
    let value = |hidden: &[usize]| {
        let intervention = Intervention { scaled: Vec::new(), hidden: hidden.to_vec() };
        floats(block_on(intervention.read(&case)).unwrap().value)[0]
    };
    assert!((value(&[]) - value(&[2, 3])).abs() < 1e-6);
    assert!((value(&[]) - value(&[0])).abs() > 1e-3);
    assert!(value(&[0, 1, 2, 3]).is_finite());
}

#[test]
fn shares_are_shares_and_importance_has_length_one_in_a_layer() {
    for subject in subjects(9, 6) {
        let case = subject.case(8);
        let (ids, special) = any_tokens(&case);
        for one in block_on(profile(&case, Tokens { ids: &ids, special: &special })).unwrap() {
            for head in &one.heads {
                let shares = head.shares.iter().flatten();
                assert!(shares.clone().all(|share| (-1e-6..=1.0 + 1e-6).contains(share)), "{head:?}");
                assert!(head.entropy >= -1e-6 && head.share(Kind::First).is_some());
                assert_eq!(head.distance.is_none(), one.attends.is_cross);
            }
            for layer in one.heads.chunks(one.attends.heads) {
                let norm: f64 = layer.iter().map(|head| head.importance.powi(2)).sum();
                assert!((norm - 1.0).abs() < 1e-9, "{}: {norm}", subject.name);
            }
        }
    }
}

/// Gives up at the beat of this number.
struct Patience(Cell<usize>);

impl Pulse for Patience {
    fn beat(&self, stage: Stage, done: usize, total: usize) -> Beat<'_> {
        assert!(done <= total, "{stage:?}: {done} of {total}");
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        Box::pin(std::future::ready(if left == 0 { Err(Cancelled) } else { Ok(()) }))
    }
}

#[test]
fn everything_can_be_given_up() {
    let subject = subjects(10, 6).into_iter().find(|subject| subject.name == "llama").unwrap();
    let other = other(&subject);
    let cancelled = ExplainError::Run(RunError::Cancelled(Cancelled));
    for beats in [0, 1, 3] {
        let patience = Patience(Cell::new(beats));
        let case = Case { pulse: &patience, ..subject.case(1) };
        let again = || patience.0.set(beats);
        let (ids, special) = any_tokens(&case);
        assert_eq!(block_on(profile(&case, Tokens { ids: &ids, special: &special })).unwrap_err(), cancelled);
        again();
        assert_eq!(block_on(ablation(&case, 0.0)).unwrap_err(), cancelled);
        again();
        let found = match block_on(Patching::new(&case, &other)) {
            Ok(patching) => block_on(patching.heads(Taken::Z)).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(found, cancelled);
        if beats < 2 {
            again();
            assert_eq!(block_on(lens(&case)).unwrap_err(), cancelled);
            again();
            assert_eq!(block_on(direct(&case)).unwrap_err(), cancelled);
        }
        again();
        let repeated = Repeated { start: 6, end: 90, before: Some(1), length: 5, texts: 3, seed: 1 };
        assert_eq!(block_on(induction(case.model, repeated, 1, &patience)).unwrap_err(), cancelled);
    }
}

#[test]
fn what_cannot_be_is_said() {
    let subject = subjects(11, 6).into_iter().find(|subject| subject.name == "llama").unwrap();
    let case = subject.case(4);
    let model = subject.model.as_ref();
    let longer = Input::embed(model, &Batch::one(&[1, 2, 3, 4, 5, 6, 7]), None);
    let error = block_on(Patching::new(&case, &longer)).unwrap_err();
    assert_eq!(error, ExplainError::OtherLength { given: 7, tokens: 6 });
    let error = block_on(profile(&case, Tokens { ids: &[1, 2], special: &[false; 6] })).unwrap_err();
    assert_eq!(error, ExplainError::OtherTokens { given: 2, tokens: 6 });
    let attends = Attends::of(model)[0];
    let wrong = |part| Intervention { scaled: vec![(part, 0.0)], hidden: Vec::new() }.changes(&case).unwrap_err();
    assert_eq!(wrong(Part::Mlp { side: Side::Only, layer: 2 }), ExplainError::NoSuchLayer { layer: 2, layers: 2 });
    assert_eq!(wrong(Part::Mlp { side: Side::Encoder, layer: 0 }), ExplainError::NoSuchLayer { layer: 0, layers: 0 });
    let head = Part::Head { attends, layer: 0, head: 4 };
    assert_eq!(wrong(head), ExplainError::NoSuchHead { head: 4, heads: 4 });
    let far = Intervention { scaled: Vec::new(), hidden: vec![6] };
    assert_eq!(far.changes(&case).unwrap_err(), ExplainError::NoSuchPosition { position: 6, tokens: 6 });
    let repeated = Repeated { start: 6, end: 90, before: None, length: 5, texts: 1, seed: 1 };
    assert_eq!(block_on(induction(opened("t5", None).as_ref(), repeated, 1, &Silent)).unwrap(), None);
}
