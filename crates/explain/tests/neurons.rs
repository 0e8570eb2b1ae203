//! Queries, keys and scores of a head, number by number, against the head's own map.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its worst error")]

mod checkpoints;

use headlight_explain::ExplainError;
use headlight_explain::attention::{Attends, neurons};
use headlight_models::{Batch, Capture, Input, Silent, Transformer, run};
use pollster::block_on;

/// Folder, what its heads are described with, and whether it adds something to its own tokens' scores for their places.
const FAMILIES: [(&str, Option<&str>, bool); 10] = [
    ("bert-other", Some("mean"), false),
    ("distilbert", Some("span"), false),
    ("gpt2", None, false),
    ("gpt_neox", None, false),
    ("llama", None, false),
    ("mistral", None, false),
    ("qwen3", None, false),
    ("t5", None, true),
    ("marian", None, false),
    ("marian-ssru", None, false),
];

fn input(model: &dyn Transformer) -> Input {
    let source = model.encoder().is_some().then(|| Batch::one(&[5, 9, 3, 12, 7]));
    Input::embed(model, &Batch::one(&[4, 11, 6, 2, 8, 13]), source.as_ref())
}

/// The softmax of a head's scores is its map. Its scores are products of queries and keys times one factor, and whatever a
/// family adds for places.
#[test]
fn scores_are_products_of_queries_and_keys_and_their_softmax_is_the_map() {
    let mut heads = 0;
    for (folder, head, has_bias) in FAMILIES {
        let model = checkpoints::opened(folder, head);
        let model = model.as_ref();
        let run = block_on(run::run(model, input(model), Capture::patterns(), &Silent)).unwrap();
        let (mut off, mut spread) = (0.0_f64, 0.0_f64);
        for attends in Attends::of(model) {
            for (layer, head) in [(0, 0), (attends.layers - 1, attends.heads - 1)] {
                let found = block_on(neurons(model, input(model), attends, (layer, head), &Silent)).unwrap();
                let [queries, keys, width] = found.shape;
                let map = run.captures.get_by_head(attends.pattern(layer)).unwrap().narrow(1, head, 1);
                let map = map.into_data().try_into_vec::<f32>().unwrap();
                assert_eq!((map.len(), found.scores.len()), (queries * keys, queries * keys), "{folder}");
                let mut factors = Vec::new();
                for (row, scores) in found.scores.chunks_exact(keys).enumerate() {
                    let sum: f64 = scores.iter().map(|score| score.exp()).sum();
                    for (column, score) in scores.iter().enumerate() {
                        off = off.max((score.exp() / sum - f64::from(map[row * keys + column])).abs());
                        let query = &found.queries[row * width..(row + 1) * width];
                        let key = &found.keys[column * width..(column + 1) * width];
                        let product: f64 = query.iter().zip(key).map(|(a, b)| a * b).sum();
                        // One that a query may not see says nothing of the factor, nor does a product of almost nought.
                        if *score > -1e8 && product.abs() > 1e-3 {
                            factors.push(score / product);
                        }
                    }
                }
                if !has_bias || attends.is_cross {
                    let mean = factors.iter().sum::<f64>() / factors.len() as f64;
                    let widest = factors.iter().map(|factor| (factor / mean - 1.0).abs()).fold(0.0, f64::max);
                    spread = spread.max(widest);
                }
                heads += 1;
            }
        }
        println!("{folder:12} maps off by {off:.1e}, factors spread by {spread:.1e}");
        assert!(off < 1e-6 && spread < 1e-3, "{folder}: {off} {spread}");
    }
    assert_eq!(heads, 2 * (7 + 3 + 3 + 2));
}

#[test]
fn a_head_that_there_is_not_is_refused() {
    let model = checkpoints::opened("gpt2", None);
    let attends = Attends::of(model.as_ref())[0];
    let of = |layer, head| block_on(neurons(model.as_ref(), input(model.as_ref()), attends, (layer, head), &Silent));
    assert!(matches!(of(attends.layers, 0), Err(ExplainError::NoSuchLayer { .. })));
    assert!(matches!(of(0, attends.heads), Err(ExplainError::NoSuchHead { .. })));
}
