//! Writing on with SmolLM2 against transformers' `generate`, and what each written token rests on against Inseq
//! (`tests/golden/generate`, made by `tests/reference/generate.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "a test fails by panicking and shows its worst error; not each file uses all that tests share"
)]

mod common;

use std::cell::RefCell;
use std::fs;

use headlight_document::message::Stage;
use headlight_document::{
    AttentionDetail, AttentionKind, Gaze, Generation, Read, Request, Sampling, Step, Task, Trace, Triangle, Whose,
};
use headlight_engine::progress::Pause;
use headlight_engine::{Cancelled, Model, Progress, Quiet, answer, generate, trace};
use headlight_explain::attribution::{grad_x_input, saliency};
use headlight_explain::{Choice, Target, explain};
use headlight_models::decode::greedy;
use headlight_models::{Batch, Capture, Input, Silent};
use pollster::block_on;
use serde_json::Value;

use common::{numbers, open};

fn golden(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/generate/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn ids(values: &Value) -> Vec<u32> {
    values.as_array().unwrap().iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
}

fn ask(text: &str, most: usize) -> Generation {
    Generation {
        model: "smollm2".into(),
        text: text.into(),
        written: Vec::new(),
        replay: false,
        most,
        sampling: Sampling::default(),
    }
}

fn write(model: &Model, generation: &Generation) -> headlight_document::Generated {
    block_on(generate(model, generation, &Quiet, &|_: &Step| {})).unwrap()
}

#[test]
fn greedy_is_transformers() {
    let golden = golden("smollm2/greedy");
    let (model, _) = open("smollm2");
    let (mut worst, limit) = (0.0_f64, golden["limit"].as_u64().unwrap() as usize);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let told = RefCell::new(String::new());
        let tell = |step: &Step| told.borrow_mut().push_str(&step.adds);
        let generation = ask(case["text"].as_str().unwrap(), limit);
        let found = block_on(generate(&model, &generation, &Quiet, &tell)).unwrap();
        let written: Vec<u32> = found.steps.iter().map(|step| step.token.id).collect();
        assert_eq!(written, ids(&case["greedy"]), "{name}");
        assert_eq!(found.ended, case["ended"].as_bool().unwrap(), "{name}");
        assert_eq!(found.tokens, ids(&case["ids"]).len(), "{name}");
        // What was told piece by piece is the text, but for a character whose end is not written.
        assert_eq!(*told.borrow(), found.text.trim_end_matches('\u{fffd}'), "{name}");
        let theirs = numbers(&case["log_probs"]);
        let top = (ids(&case["top_ids"]), numbers(&case["top_log_probs"]));
        for (at, step) in found.steps.iter().enumerate() {
            worst = worst.max((step.token.prob.ln() - theirs[at]).abs());
            for (rank, candidate) in step.top.iter().take(5).enumerate() {
                let place = at * 5 + rank;
                worst = worst.max((candidate.prob.ln() - top.1[place]).abs());
                // Two that are as probable may change places.
                let is_there = top.0[at * 5..at * 5 + 5].contains(&candidate.id);
                let is_last = top.1[at * 5 + 4] - candidate.prob.ln() > -1e-3;
                assert!(is_there || is_last, "{name}: {} at step {at}", candidate.text);
            }
        }
    }
    println!("log-probabilities: {worst:.1e}");
    assert!(worst < 1e-3, "{worst}");
}

/// Marian writes what transformers has it write, both ways.
#[test]
fn translations_are_transformers() {
    let mut worst = 0.0_f64;
    for name in ["marian-enpt", "marian-pten"] {
        let golden = golden(&format!("{name}/greedy"));
        let (model, _) = open(name);
        let cases = golden["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 10);
        for case in cases {
            let theirs = ids(&case["greedy"]);
            let text = case["text"].as_str().unwrap();
            let written = write(&model, &Generation { model: name.into(), ..ask(text, theirs.len()) });
            assert_eq!(written.steps.iter().map(|step| step.token.id).collect::<Vec<_>>(), theirs, "{name}");
            assert_eq!(written.text.trim(), case["greedy_text"].as_str().unwrap().trim(), "{name}");
            assert_eq!(written.ended, case["ended"].as_bool().unwrap(), "{name}");
            let found = block_on(greedy(model.transformer(), &ids(&case["source"]), theirs.len(), &Silent)).unwrap();
            assert_eq!(found.ids, theirs, "{name}");
            assert_eq!(found.ended, case["ended"].as_bool().unwrap());
            let log_probs = numbers(&case["log_probs"]);
            let all = found.log_probs.iter().zip(&log_probs);
            worst = all.map(|(ours, theirs)| (f64::from(*ours) - theirs).abs()).fold(worst, f64::max);
        }
    }
    println!("log-probabilities: {worst:.1e}");
    assert!(worst < 1e-3, "{worst}");
}

/// A seed writes the same text again, and what was written before is gone on from as if it had been written now.
#[test]
fn a_seed_names_a_text_and_another_choice_goes_its_own_way() {
    let (model, _) = open("smollm2");
    let sampling = Sampling { temperature: 0.8, top_k: Some(40), top_p: 0.9, seed: 7 };
    let whole = Generation { sampling, ..ask("Once upon a time", 12) };
    let one = write(&model, &whole);
    assert_eq!(one, write(&model, &whole));
    let other = write(&model, &Generation { sampling: Sampling { seed: 8, ..sampling }, ..whole.clone() });
    assert_ne!(one.text, other.text);
    let written: Vec<u32> = one.steps.iter().map(|step| step.token.id).collect();
    let rest = write(&model, &Generation { written: written[..5].to_vec(), most: 7, ..whole.clone() });
    assert_eq!(rest.text, one.text);
    let rest: Vec<u32> = rest.steps.iter().map(|step| step.token.id).collect();
    assert_eq!(rest, written[5..]);
    // Told again, it is the same, candidates included, whatever the sampling says now.
    let again = Generation { written: written.clone(), replay: true, most: 1, ..ask("Once upon a time", 1) };
    let again = write(&model, &again);
    assert_eq!(again.steps.len(), written.len() + 1);
    for (ours, theirs) in again.steps.iter().zip(&one.steps) {
        assert_eq!((ours.token.id, &ours.adds), (theirs.token.id, &theirs.adds));
        assert!((ours.token.prob - theirs.token.prob).abs() < 1e-5);
    }
    // The second best at the first step.
    let forced = Generation { written: vec![one.steps[0].top[1].id], most: 3, ..ask("Once upon a time", 3) };
    let found = write(&model, &forced);
    assert!(found.text.starts_with(one.steps[0].top[1].text.as_str()) || found.steps.len() == 3);
}

/// Gives up after some tokens.
struct Patience(RefCell<usize>);

impl Progress for Patience {
    fn report(&self, stage: Stage, _: u64, _: Option<u64>) -> Pause<'_> {
        let mut left = self.0.borrow_mut();
        if stage == Stage::Generate {
            *left = left.saturating_sub(1);
        }
        let said = if *left == 0 { Err(Cancelled) } else { Ok(()) };
        Box::pin(std::future::ready(said))
    }
}

#[test]
fn what_is_written_stays_when_it_is_stopped() {
    let (model, _) = open("smollm2");
    let generation = ask("The capital of France is", 24);
    let found = block_on(generate(&model, &generation, &Patience(RefCell::new(4)), &|_: &Step| {})).unwrap();
    assert_eq!(found.steps.len(), 4);
    assert!(!found.ended);
    let error = block_on(generate(&model, &ask(" ", 3), &Quiet, &|_: &Step| {})).unwrap_err();
    assert_eq!(error.to_string(), "Type some text first.");
    let (encoder, _) = open("sentiment");
    let error = block_on(generate(&encoder, &generation, &Quiet, &|_: &Step| {})).unwrap_err();
    assert!(error.to_string().contains("does not go on with a text"), "{error}");
}

/// Saliency and gradient × input of each written token over all that stands before it, with Inseq's shares.
#[test]
fn each_step_rests_on_what_inseq_says() {
    let golden = golden("smollm2/steps");
    let (model, _) = open("smollm2");
    let transformer = model.transformer();
    let mut worst = [0.0_f64; 3];
    for case in golden["cases"].as_array().unwrap() {
        let (ids, start) = (ids(&case["ids"]), case["start"].as_u64().unwrap() as usize);
        for (name, read) in [("logit", Read::Logit), ("log_prob", Read::LogProb), ("prob", Read::Prob)] {
            let theirs = &case["reads"][name];
            for (step, written) in ids[start..].iter().enumerate() {
                let before = &ids[..start + step];
                let target = Target::Token { position: before.len() - 1, choice: Choice::Id(*written), read: of(read) };
                let input = Input::embed(transformer, &Batch::one(before), None);
                let found = block_on(explain(transformer, input, &target, Capture::none(), &Silent)).unwrap();
                let gradient = found.gradient.unwrap().embeddings;
                let norms = floats(saliency(gradient.clone()));
                let sum: f64 = norms.iter().sum();
                let shares: Vec<f64> = norms.iter().map(|norm| norm / sum).collect();
                worst[0] = worst[0].max(distance(&norms, &numbers(&theirs["saliency"]["norm"][step])));
                worst[1] = worst[1].max(distance(&shares, &numbers(&theirs["saliency"]["share"][step])));
                let products = floats(grad_x_input(found.embeddings, gradient));
                worst[2] = worst[2].max(distance(&products, &numbers(&theirs["input_x_gradient"]["sum"][step])));
            }
        }
    }
    println!("saliency {:.1e}, its shares {:.1e}, gradient times input {:.1e}", worst[0], worst[1], worst[2]);
    assert!(worst.iter().all(|worst| *worst < 1e-3), "{worst:?}");
}

/// The triangle is the same, all steps in batches: cut at each token's place, however many rows run at once.
#[test]
fn the_triangle_is_inseqs() {
    let golden = golden("smollm2/steps");
    let (model, chosen) = open("smollm2");
    let mut worst = [0.0_f64; 2];
    for case in golden["cases"].as_array().unwrap() {
        let (ids, start) = (ids(&case["ids"]), case["start"].as_u64().unwrap() as usize);
        let text = case["prompt"].as_str().unwrap();
        for (name, read) in [("logit", Read::Logit), ("log_prob", Read::LogProb), ("prob", Read::Prob)] {
            let theirs = &case["reads"][name];
            let asked = Trace {
                model: "smollm2".into(),
                text: text.into(),
                written: ids[start..].to_vec(),
                steps: Vec::new(),
                read,
                gaze: None,
            };
            let told = RefCell::new(Vec::new());
            let tell = |new: &Triangle| told.borrow_mut().extend(new.rows.clone());
            let found = block_on(trace(&model, &chosen.info, &asked, &Quiet, &tell)).unwrap();
            assert!(found.is_whole() && *told.borrow() == found.rows);
            let last = found.rows.len() - 1;
            let one = Trace { steps: vec![last], ..asked };
            let one = block_on(trace(&model, &chosen.info, &one, &Quiet, &|_: &Triangle| {})).unwrap();
            assert!(distance(&one.rows[0].grad_x_input, &found.rows[last].grad_x_input) < 1e-5 && one.rows.len() == 1);
            assert_eq!(found.text, start);
            assert_eq!(found.columns.iter().map(|one| one.id).collect::<Vec<_>>(), ids[..ids.len() - 1]);
            for (step, row) in found.rows.iter().enumerate() {
                assert_eq!(row.saliency.len(), start + step);
                worst[0] = worst[0].max(distance(&row.saliency, &numbers(&theirs["saliency"]["norm"][step])));
                let sums = numbers(&theirs["input_x_gradient"]["sum"][step]);
                worst[1] = worst[1].max(distance(&row.grad_x_input, &sums));
            }
        }
    }
    println!("saliency {:.1e}, gradient times input {:.1e}", worst[0], worst[1]);
    assert!(worst.iter().all(|worst| *worst < 1e-3), "{worst:?}");
}

/// A translation's triangle has for each written token what its own explanation says, source and prefix together.
#[test]
fn a_translations_triangle_is_the_sum_of_its_explanations() {
    let (model, chosen) = open("marian-enpt");
    let golden = golden("marian-enpt/greedy");
    let case = &golden["cases"][0];
    let (text, source, written) = (case["text"].as_str().unwrap(), ids(&case["source"]), ids(&case["greedy"]));
    let transformer = model.transformer();
    let asked = Trace {
        model: "marian-enpt".into(),
        text: text.into(),
        written: written.clone(),
        steps: Vec::new(),
        read: Read::Logit,
        gaze: None,
    };
    let found = block_on(trace(&model, &chosen.info, &asked, &Quiet, &|_: &Triangle| {})).unwrap();
    let start = transformer.generation().unwrap().start;
    let prefix: Vec<u32> = std::iter::once(start).chain(written.iter().copied()).take(written.len()).collect();
    assert_eq!(found.columns.len(), source.len() + prefix.len());
    for (step, (row, id)) in found.rows.iter().zip(&written).enumerate() {
        let target = Target::Token { position: step, choice: Choice::Id(*id), read: of(Read::Logit) };
        let input = Input::embed(transformer, &Batch::one(&prefix), Some(&Batch::one(&source)));
        let one = block_on(explain(transformer, input, &target, Capture::none(), &Silent)).unwrap();
        let (gradient, from) = (one.gradient.unwrap(), one.source.unwrap());
        let mut all = floats(grad_x_input(from, gradient.source.unwrap()));
        all.extend(floats(grad_x_input(one.embeddings, gradient.embeddings)));
        all.truncate(source.len() + step + 1);
        assert!(distance(&row.grad_x_input, &all) < 1e-5, "step {step}");
        assert!((row.value - floats(one.value.unsqueeze())[0]).abs() < 1e-4);
    }
}

/// Where each written token looks is what an answer about the same text has: the mean of the last layer where nothing else is
/// asked, a layer's, a head's; of a translator over the source. Rows sum to one.
#[test]
fn where_it_looks_is_what_an_answer_has() {
    // So few that the tokenizer cuts the text as it was written.
    let (text, most) = ("The capital of France is", 3);
    for (name, kind, task) in [
        ("smollm2", AttentionKind::SelfAttention, Task::Continue),
        ("marian-enpt", AttentionKind::Cross, Task::Translate),
    ] {
        let (model, chosen) = open(name);
        let found = write(&model, &Generation { model: name.into(), ..ask(text, most) });
        let written: Vec<u32> = found.steps.iter().map(|step| step.token.id).collect();
        // A translator's answer has its whole translation, another model's the text up to the last written token.
        let before: String = found.steps[..found.steps.len() - 1].iter().map(|step| step.adds.as_str()).collect();
        let whole = if task == Task::Translate { text.to_owned() } else { format!("{text}{before}") };
        let request = Request { attention: AttentionDetail::Full, ..Request::new(name, task, whole) };
        let answered = block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock)).unwrap();
        let maps = answered.attention.iter().find(|one| one.kind == kind).unwrap();
        let (heads, last) = (maps.heads, maps.layers - 1);
        for (whose, layer, of) in [
            (None, last, 0..heads),
            (Some(Whose::Layer(0)), 0, 0..heads),
            (Some(Whose::Head(1, heads - 1)), 1, heads - 1..heads),
        ] {
            let asked = Trace {
                model: name.into(),
                text: text.into(),
                written: written.clone(),
                steps: Vec::new(),
                read: Read::Logit,
                gaze: Some(Gaze { kind, whose }),
            };
            let seen = block_on(trace(&model, &chosen.info, &asked, &Quiet, &|_: &Triangle| {})).unwrap();
            let gazed = seen.gazed.unwrap();
            assert_eq!((gazed.kind, gazed.layers, gazed.heads), (kind, maps.layers, heads));
            assert_eq!(gazed.whose, whose.unwrap_or(Whose::Layer(last)));
            assert!(seen.is_whole());
            if kind == AttentionKind::Cross {
                assert_eq!((seen.columns.len(), seen.text), (maps.columns, maps.columns));
            } else {
                let tokens: Vec<u32> = answered.input.tokens.iter().map(|token| token.id).collect();
                assert_eq!(seen.columns.iter().map(|piece| piece.id).collect::<Vec<_>>(), tokens);
            }
            let first = if kind == AttentionKind::Cross { 0 } else { found.tokens - 1 };
            let (mut off, count) = (0.0_f64, of.len() as f64);
            for row in &seen.rows {
                assert!((row.attention.iter().sum::<f64>() - 1.0).abs() < 1e-5 && row.saliency.is_empty());
                let query = first + row.step;
                assert_eq!(row.attention.len(), if kind == AttentionKind::Cross { maps.columns } else { query + 1 });
                for (key, ours) in row.attention.iter().enumerate() {
                    let weight = |head| f64::from(maps.head(layer, head).unwrap()[query * maps.columns + key]);
                    off = off.max((ours - of.clone().map(weight).sum::<f64>() / count).abs());
                }
            }
            println!("{name} {:?}: {off:.1e}", gazed.whose);
            assert!(off < 1e-5, "{name}: {off}");
        }
        let nowhere = |gaze| {
            let asked = Trace {
                model: name.into(),
                text: text.into(),
                written: written.clone(),
                steps: vec![0],
                read: Read::Logit,
                gaze: Some(gaze),
            };
            block_on(trace(&model, &chosen.info, &asked, &Quiet, &|_: &Triangle| {})).is_err()
        };
        for whose in [Whose::Layer(maps.layers), Whose::Head(0, heads), Whose::Mean, Whose::Rollout] {
            assert!(nowhere(Gaze { kind, whose: Some(whose) }), "{whose:?}");
        }
        assert!(nowhere(Gaze { kind: AttentionKind::Encoder, whose: None }));
    }
}

/// A translation that was led elsewhere is asked about whole: it is the one that stands there, and goes on as it was written.
#[test]
fn a_translation_that_was_led_elsewhere_is_explained_as_it_stands() {
    let (name, text) = ("marian-enpt", "The cat sleeps on the old chair.");
    let (model, chosen) = open(name);
    let own = write(&model, &Generation { model: name.into(), ..ask(text, 40) });
    let second = own.steps[1].top[1].id;
    let begun = vec![own.steps[0].token.id, second];
    let led = write(&model, &Generation { model: name.into(), written: begun.clone(), ..ask(text, 40) });
    let theirs: Vec<u32> = begun.iter().copied().chain(led.steps.iter().map(|step| step.token.id)).collect();
    let of = |begun: Vec<u32>, target: &str| {
        let target = target.parse().unwrap();
        let request = Request { begun, target, ..Request::new(name, Task::Translate, text) };
        block_on(answer(&model, &chosen.info, &request, &Quiet, common::clock))
    };
    let found = of(begun.clone(), "output@1").unwrap();
    let ids =
        |found: &headlight_document::Explanation| found.output.tokens.iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(ids(&found), theirs);
    assert_eq!((found.target.id, found.target.position), (Some(second), Some(1)));
    assert!((found.output.tokens[1].prob - own.steps[1].top[1].prob).abs() < 1e-5);
    // The whole of it, its end too, is the same; the model by itself says something else.
    assert_eq!(ids(&of(theirs.clone(), "output@1").unwrap()), theirs);
    assert_ne!(ids(&of(Vec::new(), "output@1").unwrap()), theirs);
    assert!(of(vec![u32::MAX], "output").is_err());
}

/// How far one list is from another, over the other's length.
fn distance(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let norm = theirs.iter().map(|value| value * value).sum::<f64>().sqrt();
    ours.iter().zip(theirs).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() / norm
}

fn floats(tensor: burn::tensor::Tensor<2>) -> Vec<f64> {
    let values = tensor.into_data().try_into_vec::<f32>().unwrap();
    values.into_iter().map(f64::from).collect()
}

fn of(read: Read) -> headlight_explain::Read {
    match read {
        Read::Logit => headlight_explain::Read::Logit,
        Read::LogProb => headlight_explain::Read::LogProb,
        Read::Prob => headlight_explain::Read::Prob,
    }
}
