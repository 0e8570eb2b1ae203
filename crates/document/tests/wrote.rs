//! What a model wrote, in documents and in frozen links: it opens, is rounded, gives way where there is no room, and nothing that no
//! model could have written gets through.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "support/dice.rs"]
mod dice;

use dice::Dice;
use headlight_document::frozen::{Amount, PREFIX, Told, VALUE_ERROR};
use headlight_document::generation::MAX_WRITTEN;
use headlight_document::link::{View, Written};
use headlight_document::{Aside, Chosen, Explanation, Frozen, Row, Sampling, Step, Way, Wrote};

/// A document of today's form, with what the model wrote.
const WRITTEN: &str = include_str!("documents/written.json");

fn sample() -> Explanation {
    serde_json::from_str(include_str!("../../../web/page/assets/sample.json")).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= VALUE_ERROR * a.abs()
}

fn fragment_of(bytes: &[u8]) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&miniz_oxide::deflate::compress_to_vec(bytes, 9)))
}

fn wrote() -> Wrote {
    *serde_json::from_str::<Explanation>(WRITTEN).unwrap().written.unwrap()
}

#[test]
fn documents_with_and_without_what_was_written_open() {
    let document: Explanation = serde_json::from_str(WRITTEN).unwrap();
    assert_eq!(document.validate(), Ok(()));
    let wrote = document.written.as_ref().unwrap();
    assert_eq!((wrote.way.ids(), wrote.others[0].steps.len(), wrote.open), (vec![7042, 282, 284, 28], 3, Some(1)));
    let taken = Sampling { temperature: 0.7, top_k: Some(40), top_p: 0.9, seed: 11 };
    assert_eq!(wrote.way.chosen[1], Chosen { from: 1, sampling: taken, taken: true });
    assert_eq!(wrote.way.steps[1].top[0].prob, 0.772);
    let triangle = wrote.triangle.as_ref().unwrap();
    assert_eq!((triangle.rows.len(), triangle.row(2).unwrap().grad_x_input.len()), (2, triangle.text + 2));
    // It is read back as it was written.
    assert_eq!(serde_json::from_str::<Explanation>(&serde_json::to_string(&document).unwrap()).unwrap(), document);
    // A document of before has none.
    assert_eq!(sample().written, None);
    // What was packed into frozen links so far: without, and with.
    for (name, has) in [("bare", false), ("whole", false), ("written", true)] {
        let path = format!("{}/../../fuzz/corpus/frozen/{name}", env!("CARGO_MANIFEST_DIR"));
        let frozen = Frozen::decode(&fragment_of(&std::fs::read(path).unwrap())).unwrap();
        assert_eq!((frozen.document.written.is_some(), frozen.told), (has, Told::All), "{name}");
    }
}

#[test]
fn what_was_written_is_frozen_rounded_and_with_its_triangle() {
    let document = Explanation { written: Some(Box::new(wrote())), ..sample() };
    let tokens = Written { tokens: wrote().way.ids(), open: Some(1), ..Written::default() };
    let view = View { written: Some(tokens), ..View::default() };
    let (fragment, amount, told) = Frozen::of(document, view, None).encode().unwrap();
    assert_eq!((amount, told), (Amount::All, Told::All));
    let frozen = Frozen::decode(&fragment).unwrap();
    assert_eq!(frozen.view.written, None, "its tokens stand in its steps");
    let (ours, theirs) = (*frozen.document.written.unwrap(), wrote());
    assert_eq!((ours.way.ids(), &ours.way.chosen, ours.open), (theirs.way.ids(), &theirs.way.chosen, theirs.open));
    let numbers = |of: &Wrote| -> Vec<f64> {
        let ways = std::iter::once(&of.way).chain(&of.others).flat_map(|way| &way.steps);
        let steps =
            ways.flat_map(|step| step.top.iter().flat_map(|one| [one.logit, one.prob]).chain([step.token.prob]));
        let rows = of.triangle.iter().chain(&of.gazed).flat_map(|triangle| &triangle.rows);
        let rows = rows.flat_map(|row| [&row.saliency, &row.grad_x_input, &row.attention]).flatten();
        steps.chain(rows.copied()).collect()
    };
    let (ours, theirs) = (numbers(&ours), numbers(&theirs));
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().zip(&theirs).all(|(a, b)| close(*b, *a)) && ours != theirs);
}

/// A way of so many tokens, as little alike as can be.
fn way(count: usize, seed: u64) -> Way {
    let mut dice = Dice(seed);
    let one = wrote().way.steps[0].clone();
    let mut step = || -> Step {
        let mut step = one.clone();
        step.top = (0..10).map(|_| step.top[0].clone()).collect();
        for candidate in &mut step.top {
            let id = dice.below(50_000);
            (candidate.id, candidate.text) = (u32::try_from(id).unwrap(), format!(" {id:x}"));
            (candidate.logit, candidate.prob) = (dice.below(9000) as f64 / 300.0, dice.below(9999) as f64 / 9999.0);
        }
        (step.token.id, step.token.text) = (step.top[0].id, step.top[0].text.clone());
        step.adds.clone_from(&step.token.text);
        step
    };
    Way { steps: (0..count).map(|_| step()).collect(), ended: false, chosen: Vec::new() }
}

#[test]
fn what_was_written_gives_way_by_and_by_and_that_is_said() {
    let mut met = Vec::new();
    for (steps, others, has_triangle) in
        [(8, 1, true), (20, 1, true), (100, 3, false), (400, 0, false), (1000, 12, false)]
    {
        let mut wrote =
            Wrote { way: way(steps, 1), others: (0..others).map(|at| way(steps, at + 2)).collect(), ..wrote() };
        if let Some(triangle) = wrote.triangle.as_mut().filter(|_| has_triangle) {
            let row = triangle.rows[0].clone();
            let mut dice = Dice(9);
            let wide = triangle.columns[0].clone();
            triangle.columns = vec![wide; 400];
            triangle.written = vec![triangle.written[0].clone(); steps];
            triangle.rows = (0..steps.min(60))
                .map(|step| {
                    let values: Vec<f64> = (0..400).map(|_| dice.below(99_999) as f64 / 777.0).collect();
                    Row { step, saliency: values.clone(), grad_x_input: values, ..row.clone() }
                })
                .collect();
        } else {
            wrote.triangle = None;
        }
        wrote.gazed = None;
        let tokens = Written {
            tokens: wrote.way.ids(),
            others: wrote.others.iter().map(|way| Aside::of(&wrote.way.ids(), &way.ids(), &[])).collect(),
            ..Written::default()
        };
        let (others, is_plain) = (wrote.others.len(), wrote.triangle.is_none());
        let document = Explanation { written: Some(Box::new(wrote)), ..sample() };
        assert_eq!(document.validate(), Ok(()));
        let view = View { written: Some(tokens), ..View::default() };
        let (fragment, amount, told) = Frozen::of(document, view, None).encode().unwrap();
        println!("{steps} tokens, {others} others: {} bytes, {amount:?}, {told:?}", fragment.len());
        let frozen = Frozen::decode(&fragment).unwrap();
        assert_eq!((frozen.amount, frozen.told), (amount, told));
        let found = frozen.document.written.as_deref();
        assert_eq!(found.is_some(), told < Told::Tokens);
        assert_eq!(frozen.view.written.is_some(), told == Told::Tokens);
        if let Some(found) = found {
            assert_eq!(found.triangle.is_none(), is_plain || told > Told::All);
            assert_eq!(found.others.len(), if told < Told::Way { others } else { 0 });
        }
        // What was left out is still said where it is shared again.
        let again =
            Frozen { told, amount, ..Frozen::of(frozen.document.clone(), frozen.view.clone(), frozen.open.clone()) };
        assert_eq!(again.encode().unwrap().2, told);
        met.push(told);
    }
    assert_eq!(met, [Told::All, Told::Steps, Told::Way, Told::Tokens, Told::Nothing]);
}

#[test]
fn what_no_model_could_have_written_is_refused() {
    let refused = |change: &dyn Fn(&mut Wrote)| {
        let mut wrote = wrote();
        change(&mut wrote);
        Explanation { written: Some(Box::new(wrote)), ..sample() }.validate().is_err()
    };
    assert!(!refused(&|_| {}));
    let wrongs: [&dyn Fn(&mut Wrote); 17] = [
        &|one| one.text = " ".into(),
        &|one| one.way.steps.clear(),
        &|one| one.way = way(MAX_WRITTEN + 1, 1),
        &|one| one.others = vec![one.way.clone(); 17],
        &|one| one.others[0].steps.clear(),
        &|one| one.open = Some(4),
        &|one| one.way.steps[0].token.prob = f64::NAN,
        &|one| one.way.steps[0].top = vec![one.way.steps[0].top[0].clone(); 101],
        &|one| one.way.steps[0].top[0].text = "a".repeat(2_000_000),
        &|one| one.way.chosen[0].from = 4,
        &|one| one.way.chosen[1].sampling.temperature = -1.0,
        &|one| one.gazed = one.triangle.clone(),
        &|one| one.triangle.as_mut().unwrap().rows[1].step = 0,
        &|one| one.triangle.as_mut().unwrap().rows[1].step = 4,
        &|one| one.triangle.as_mut().unwrap().rows[0].saliency = vec![1.0; 90],
        &|one| one.triangle.as_mut().unwrap().text = 99,
        &|one| one.gazed.as_mut().unwrap().gazed.as_mut().unwrap().layers = 3,
    ];
    for (at, wrong) in wrongs.iter().enumerate() {
        assert!(refused(wrong), "{at}");
    }
}
