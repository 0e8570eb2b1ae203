//! That how work is cut up changes nothing: batches, threads and their order, and tokens that a target does not see.

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

use headlight_explain::{Case, Choice, Game, Random, Target, explain};
use headlight_models::{Batch, Capture, Input, Silent};
use pollster::block_on;

use checkpoints::opened;
use subjects::*;

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

/// Who hears of estimates hears of a growing share of the work, of values that come nearer, and changes nothing.
#[test]
fn estimates_are_of_a_growing_share_and_change_nothing() {
    use std::cell::RefCell;

    use headlight_explain::attribution::{
        Base, Baseline, Noise, balanced, integrated_gradients, kernel_shap, lime, partition_shap, smoothgrad,
    };

    for (folder, head) in [("gpt2", None), ("bert-other", Some("mean"))] {
        let model = opened(folder, head);
        let ids = text(&mut Random::new(3, 106), 14);
        let input = Input::embed(model.as_ref(), &Batch::one(&ids), None);
        let target = match head {
            Some(_) => Target::Label { position: None, choice: Choice::Id(0), read: reading(0) },
            None => Target::Token { position: 13, choice: Choice::Id(7), read: reading(0) },
        };
        let subject = Subject { name: folder.to_owned(), model, input, target, foil: None };
        let units = subject.units();
        let quiet = subject.case(5);
        let zero = block_on(Baseline::Zero.embed(&quiet, &[false; 14])).unwrap();
        let run = |what: &str, case: &Case<'_>| {
            let mut game = Game::new(case, &units, MASK);
            block_on(async {
                match what {
                    "integrated gradients" => integrated_gradients(case, &zero, 50).await.unwrap().values,
                    "smoothgrad" => {
                        let noise = Noise { samples: 40, ..Noise::default() };
                        smoothgrad(case, &Base::GradXInput, noise).await.unwrap().values
                    }
                    "lime" => lime(&mut game, 1000, 0).await.unwrap().values,
                    "kernel shap" => kernel_shap(&mut game, 0).await.unwrap().values,
                    _ => partition_shap(&mut game, &balanced(14), 500, 10).await.unwrap().values,
                }
            })
        };
        for what in ["integrated gradients", "smoothgrad", "lime", "kernel shap", "partition shap"] {
            let alone = run(what, &quiet);
            let heard: RefCell<Vec<(f64, Vec<f64>)>> = RefCell::default();
            let hear = |values: &[f64], share: f64| heard.borrow_mut().push((share, values.to_vec()));
            let found = run(what, &Case { estimates: Some(&hear), ..quiet });
            assert!(apart(&found, &alone, length(&alone)) < 1e-5, "{folder}: {what}");
            let heard = heard.into_inner();
            assert!(heard.len() >= 2, "{folder}: {what} told {} estimates", heard.len());
            assert!(heard.is_sorted_by(|a, b| a.0 < b.0) && heard.iter().all(|(share, _)| (0.0..1.0).contains(share)));
            let off: Vec<f64> = heard.iter().map(|(_, values)| apart(values, &found, length(&found))).collect();
            println!("{folder:12} {what:22} {off:.3?}");
            // The last one comes from at least half of the work.
            assert!(off.last() < Some(&0.1) || off.last() < off.first(), "{folder}: {what} {off:?}");
            assert!(off.iter().all(|off| *off < 1.0), "{folder}: {what} {off:?}");
        }
    }
}
