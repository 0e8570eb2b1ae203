//! What measures of faithfulness do where no library has values: two texts, groups of tokens, nothing to divide by, a stop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod checkpoints;

use checkpoints::opened;
use headlight_explain::faithfulness::{Perturbation, curves, erasure_by_removal, sensitivity_max};
use headlight_explain::{Case, Choice, ExplainError, Game, Read, Removal, Target};
use headlight_models::{Batch, Input, Silent};
use pollster::block_on;

/// Where there are two texts, both are taken from: as asking about the shortened texts afresh.
#[test]
fn two_texts_are_shortened_each() {
    let model = opened("t5", None);
    let model = model.as_ref();
    let (source, prefix) = ([7, 9, 11, 13], [0, 21, 23]);
    let embed = |source: &[u32], prefix: &[u32]| Input::embed(model, &Batch::one(prefix), Some(&Batch::one(source)));
    let input = embed(&source, &prefix);
    let target = Target::Token { position: 2, choice: Choice::Id(5), read: Read::Prob };
    let case = Case { model, input: &input, target: &target, most: 3, threads: 1, pulse: &Silent, estimates: None };
    let units: Vec<Vec<usize>> = [0, 1, 2, 3, 5, 6].map(|token| vec![token]).to_vec();
    let mut texts = Removal::new(&case, &units);
    let coalitions: Vec<Vec<bool>> =
        (0..1_usize << 6).map(|bits| (0..6).map(|unit| bits >> unit & 1 == 1).collect()).collect();
    let found = block_on(texts.values(&coalitions)).unwrap();
    for (coalition, found) in coalitions.iter().zip(&found) {
        let source: Vec<u32> = (0..4).filter(|at| coalition[*at]).map(|at| source[at]).collect();
        let prefix: Vec<u32> = (0..3).filter(|at| *at == 0 || coalition[3 + at]).map(|at| prefix[at]).collect();
        if source.is_empty() {
            assert_eq!(*found, None);
            continue;
        }
        // What follows is read at the prefix's last token.
        let target = target.clone().at(prefix.len() - 1, prefix.len() - 1);
        let input = embed(&source, &prefix);
        let case = Case { input: &input, target: &target, ..case };
        let alone = block_on(Game::new(&case, &[], 0).values(&[vec![]])).unwrap();
        assert!((found.unwrap() - alone[0]).abs() < 1e-6, "{coalition:?}: {found:?}, {alone:?}");
    }
    assert_eq!(texts.asked(), 60);
}

/// The probability is asked for, whatever is read, and a foil is left aside.
#[test]
fn the_probability_is_measured_whatever_is_read() {
    let label = |id, read| Target::Label { position: None, choice: Choice::Id(id), read };
    let contrast = Target::Contrast {
        target: Box::new(label(1, Read::Logit)),
        foil: Box::new(Target::Label { position: None, choice: Choice::Id(0), read: Read::Logit }),
    };
    for target in [contrast, label(1, Read::Logit), label(1, Read::LogProb)] {
        let Target::Label { position: None, choice, read } = target.as_probability() else { panic!("{target:?}") };
        assert_eq!((choice, read), (Choice::Id(1), Read::Prob));
    }
    let span = Target::Span { start: 1, end: 2, read: Read::Logit }.as_probability();
    assert!(matches!(span, Target::Span { start: 1, end: 2, read: Read::Prob }));
}

/// What cannot be divided by is none, and another number of values is an error.
#[test]
fn sensitivity_of_nothing_is_none() {
    let model = opened("gpt2", None);
    let input = Input::embed(model.as_ref(), &Batch::one(&[3, 4, 5]), None);
    let target = Target::Token { position: 2, choice: Choice::Id(5), read: Read::Logit };
    let case = Case {
        model: model.as_ref(),
        input: &input,
        target: &target,
        most: 4,
        threads: 1,
        pulse: &Silent,
        estimates: None,
    };
    let nothing = async |_, _: &dyn headlight_models::Pulse| Ok(vec![0.0; 3]);
    let ask = |explained: &[f64]| block_on(sensitivity_max(&case, explained, Perturbation::default(), nothing));
    assert_eq!(ask(&[0.0; 3]), Ok(None));
    assert_eq!(ask(&[1.0, 0.0, 0.0]), Ok(Some(1.0)));
    assert_eq!(ask(&[0.0; 2]), Err(ExplainError::OtherUnits { scores: 3, units: 2 }));
}

/// Stops at its n-th beat.
struct Stopping(std::cell::Cell<usize>);

impl headlight_models::Pulse for Stopping {
    fn beat(&self, _: headlight_models::Stage, _: usize, _: usize) -> headlight_models::pulse::Beat<'_> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        Box::pin(std::future::ready(if left == 0 { Err(headlight_models::Cancelled) } else { Ok(()) }))
    }
}

/// Words of several tokens go as one, and work that was given up in between is taken up where it stopped.
#[test]
fn groups_go_together_and_a_stop_loses_nothing() {
    let model = opened("gpt2", None);
    let model = model.as_ref();
    let ids = [11, 12, 13, 14, 15, 16];
    let input = Input::embed(model, &Batch::one(&ids), None);
    let target = Target::Token { position: 5, choice: Choice::Id(7), read: Read::Prob };
    let case = Case { model, input: &input, target: &target, most: 2, threads: 1, pulse: &Silent, estimates: None };
    let units = [vec![0, 1], vec![2], vec![3, 4, 5]];
    let scores = [0.5, -1.0, 2.0];

    let mut game = Game::new(&case, &units, 5);
    let found = block_on(curves(&mut game, &scores)).unwrap();
    assert_eq!(found.order, [2, 0, 1]);
    let plain = |ids: &[u32]| {
        let input = Input::embed(model, &Batch::one(ids), None);
        let target = target.clone().at(ids.len() - 1, ids.len() - 1);
        let case = Case { input: &input, target: &target, ..case };
        block_on(Game::new(&case, &[], 0).values(&[vec![]])).unwrap()[0]
    };
    let texts = [ids, [11, 12, 13, 5, 5, 5], [5, 5, 13, 5, 5, 5], [5; 6]];
    for (value, text) in found.deletion.values.iter().zip(&texts) {
        assert!((value - plain(text)).abs() < 1e-6);
    }

    let mut texts = Removal::new(&case, &units);
    let found = block_on(erasure_by_removal(&mut texts, &scores)).unwrap();
    // ⌊3t/10⌋ is 1 from the fourth tenth on, 2 from the seventh, and two scores are positive. Without the last word, what
    // follows the one before is read.
    assert_eq!((&found.tenths, &found.sizes), (&vec![4, 7], &vec![1, 2]));
    let full = plain(&ids);
    let expected = [full - plain(&[11, 12, 13]), full - plain(&[13])];
    for (found, expected) in found.comprehensiveness.iter().zip(expected) {
        assert!((found.unwrap() - expected).abs() < 1e-6);
    }
    let alone = [full - plain(&[14, 15, 16]), full - plain(&[11, 12, 14, 15, 16])];
    for (found, expected) in found.sufficiency.iter().zip(alone) {
        assert!((found.unwrap() - expected).abs() < 1e-6);
    }

    for beats in 0..40 {
        let stopping = Stopping(std::cell::Cell::new(beats));
        let case = Case { pulse: &stopping, ..case };
        let mut texts = Removal::new(&case, &units);
        if let Err(error) = block_on(erasure_by_removal(&mut texts, &scores)) {
            assert_eq!(error, ExplainError::Run(headlight_models::RunError::Cancelled(headlight_models::Cancelled)));
            let before = texts.asked();
            stopping.0.set(usize::MAX);
            assert_eq!(block_on(erasure_by_removal(&mut texts, &scores)).unwrap(), found, "after {beats} beats");
            assert!(texts.asked() > before);
        }
    }
}
