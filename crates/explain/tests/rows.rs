//! Where written tokens look: rows of attention by themselves, against the maps of a run that keeps everything.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its worst error")]

mod checkpoints;

use headlight_explain::ExplainError;
use headlight_explain::attention::{Attends, rows};
use headlight_models::{Batch, Capture, Input, Silent, Transformer, run};
use pollster::block_on;

/// Causal families, with their ways of masking, and translators.
const FAMILIES: [&str; 8] = ["gpt2", "gpt_neox", "llama", "mistral", "qwen3", "t5", "marian", "marian-ssru"];

const QUERIES: std::ops::Range<usize> = 2..6;

fn input(model: &dyn Transformer) -> Input {
    let source = model.encoder().is_some().then(|| Batch::one(&[5, 9, 3, 12, 7]));
    Input::embed(model, &Batch::one(&[4, 11, 6, 2, 8, 13]), source.as_ref())
}

/// Each row is that of the map, or the mean over heads, cut where its query can't see, and sums to one.
#[test]
fn rows_are_those_of_the_maps_and_sum_to_one() {
    let mut kinds = 0;
    for folder in FAMILIES {
        let model = checkpoints::opened(folder, None);
        let model = model.as_ref();
        let run = block_on(run::run(model, input(model), Capture::patterns(), &Silent)).unwrap();
        let (mut off, mut sums) = (0.0_f64, 0.0_f64);
        // An encoder's tokens are read and not written.
        let side = |attends: &Attends| attends.side != headlight_models::Side::Encoder;
        for attends in Attends::of(model).into_iter().filter(side) {
            kinds += 1;
            for layer in 0..attends.layers {
                let kept = run.captures.get_by_head(attends.pattern(layer)).unwrap();
                let [_, heads, queries, keys] = kept.dims();
                let maps = kept.into_data().try_into_vec::<f32>().unwrap();
                let weight =
                    |head: usize, query: usize, key: usize| f64::from(maps[(head * queries + query) * keys + key]);
                for head in (0..heads).map(Some).chain([None]) {
                    let found = block_on(rows(model, input(model), attends, (layer, head), QUERIES, &Silent)).unwrap();
                    assert_eq!(found.len(), QUERIES.len());
                    for (query, row) in QUERIES.zip(&found) {
                        assert_eq!(row.len(), if attends.is_cross { keys } else { query + 1 }, "{folder}");
                        sums = sums.max((row.iter().sum::<f64>() - 1.0).abs());
                        for (key, ours) in row.iter().enumerate() {
                            let theirs = match head {
                                Some(head) => weight(head, query, key),
                                None => (0..heads).map(|head| weight(head, query, key)).sum::<f64>() / heads as f64,
                            };
                            off = off.max((ours - theirs).abs());
                        }
                    }
                }
            }
        }
        println!("{folder:12} rows off by {off:.1e}, sums by {sums:.1e}");
        assert!(off < 1e-6 && sums < 1e-5, "{folder}: {off} {sums}");
    }
    // Translators have two kinds, but for the one whose decoder has a recurrent unit.
    assert_eq!(kinds, 5 + 2 + 2 + 1);
}

#[test]
fn what_there_is_not_is_refused() {
    let model = checkpoints::opened("gpt2", None);
    let attends = Attends::of(model.as_ref())[0];
    let of = |place, queries| block_on(rows(model.as_ref(), input(model.as_ref()), attends, place, queries, &Silent));
    assert!(matches!(of((attends.layers, None), 0..1), Err(ExplainError::NoSuchLayer { .. })));
    assert!(matches!(of((0, Some(attends.heads)), 0..1), Err(ExplainError::NoSuchHead { .. })));
    assert!(matches!(of((0, None), 4..7), Err(ExplainError::NoSuchPosition { position: 6, tokens: 6 })));
}
