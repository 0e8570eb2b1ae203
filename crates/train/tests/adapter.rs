//! Training on a handful of snippets, merging, and the adapter that is committed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::io::Cursor;
use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use burn_optim::AdamWConfig;
use headlight_catalogue::MOVIE_SNIPPETS;
use headlight_explain::Random;
use headlight_models::{Head, PostNormEncoder, Transformer};
use headlight_train::adapter::{Adapter, Place, places};
use headlight_train::batches::{Example, encode, in_order};
use headlight_train::sentiment::{self, Recipe, TARGET};
use headlight_train::snippets::Snippet;
use headlight_train::step::{Workers, pooled};
use headlight_weights::SafetensorsFile;

fn cache() -> PathBuf {
    headlight_catalogue::cache().expect("HOME is not set, so there is nowhere to look for models")
}

fn model() -> PostNormEncoder {
    sentiment::base_model(&cache()).expect("the models are missing: run `cargo xtask models`")
}

fn examples() -> Vec<Example> {
    let tokenizer = std::fs::read(cache().join("models/minilm/tokenizer.json")).unwrap();
    let tokenizer = headlight_text::Tokenizer::from_json(&tokenizer).unwrap();
    let snippets = [
        ("A warm, funny and moving film.", true),
        ("A dull, stupid and endless film.", false),
        ("One of the best films of the year.", true),
        ("One of the worst films of the year.", false),
        ("I laughed until I cried.", true),
        ("I looked at my watch all evening.", false),
    ];
    let snippets = snippets.map(|(text, positive)| Snippet { text: text.to_owned(), positive });
    encode(&tokenizer, &snippets, 64).unwrap()
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A file beside the adapter that ships.
fn committed(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/sentiment").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn two_steps(recipe: &Recipe, places: &[Place], workers: &mut Workers, batches: &[Vec<Example>]) -> Adapter {
    let device = Device::flex().autodiff();
    let mut adapter = Adapter::new(places, 384, recipe.rank, &mut Random::new(1, 1), &device);
    let before = workers.score(&adapter, batches).unwrap().loss;
    let mut optimizer = AdamWConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..2 {
        let slices: Vec<&[Example]> = batches.iter().map(Vec::as_slice).collect();
        let (gradients, loss) = workers.gradients(&adapter, &slices).unwrap();
        // A and B of every product, and the head's weight and bias.
        assert_eq!(gradients.len(), 2 * places.len() + 2);
        adapter = optimizer.step(2e-3, adapter, gradients);
        losses.push(f64::from(loss));
    }
    assert!((losses[0] - before).abs() < 1e-4, "{losses:?} {before}");
    let after = workers.score(&adapter, batches).unwrap().loss;
    println!("loss {before:.4}, {:.4}, {after:.4}", losses[1]);
    assert!(losses[1] < losses[0] && after < losses[1]);
    adapter
}

#[test]
fn two_steps_lower_the_loss_and_the_merged_model_is_the_adapted_one() {
    let recipe = Recipe { rank: 4, alpha: 8.0, ..Recipe::default() };
    let mut bert = model();
    let places = places(&mut bert);
    let batches = in_order(&examples(), 16);
    let mut workers = Workers::new((0..batches.len()).map(|_| model()).collect(), Some(recipe.scale()));
    let adapter = two_steps(&recipe, &places, &mut workers, &batches);
    let again = two_steps(&recipe, &places, &mut workers, &batches);
    let file = |adapter: &Adapter| sentiment::adapter_file(adapter, &places, &recipe).unwrap();
    assert!(file(&adapter) == file(&again), "the same seed gives another adapter");

    let file = file(&adapter);
    let mut source = SafetensorsFile::open(Cursor::new(file.as_slice())).unwrap();
    let rounded = Adapter::read(&places, recipe.rank, &mut source, &Device::flex()).unwrap();
    let merged = sentiment::merged_model(&cache(), &file).unwrap();
    let plain = model();
    rounded.apply(&mut bert, recipe.scale());
    let Head::Labels(head) = merged.head() else { panic!("the merged model has no labels") };
    assert_eq!(head.names, ["negative", "positive"]);
    let (mut worst, mut changed) = (0.0_f32, 0.0_f32);
    for batch in &batches {
        let hidden = [&bert, &merged, &plain].map(|model| pooled(model, batch));
        let scores = values(rounded.scores(hidden[0].clone()));
        worst = worst.max(farthest(&scores, &values(head.logits(hidden[1].clone()))));
        let [adapted, merged, plain] = hidden.map(values);
        worst = worst.max(farthest(&adapted, &merged));
        changed = changed.max(farthest(&adapted, &plain));
    }
    println!("merged and adapted differ by {worst:.1e} at most, adapted and plain by {changed:.1e}");
    assert!(worst < 1e-5, "{worst}");
    assert!(changed > 1e-3, "the adapter changes nothing: {changed}");
}

#[test]
fn the_committed_adapter_is_small_and_is_what_its_metrics_say() {
    let adapter = committed(sentiment::ADAPTER_FILE);
    assert!(adapter.len() < 2_000_000, "{} bytes", adapter.len());
    let metrics: serde_json::Value = serde_json::from_slice(&committed(sentiment::METRICS)).unwrap();
    let (bytes, sha256) = headlight_catalogue::hash::of_reader(adapter.as_slice()).unwrap();
    assert_eq!(metrics["adapter"]["sha256"], sha256);
    assert_eq!(metrics["adapter"]["bytes"], bytes);
}

/// Half a minute of computing on one core, and two megabytes to download the first time.
#[test]
fn the_committed_adapter_is_right_about_what_was_held_out() {
    let began = Instant::now();
    headlight_catalogue::fetch_dataset(&cache(), &MOVIE_SNIPPETS, &|text| println!("{text}")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&committed(sentiment::METRICS)).unwrap();
    let recipe: Recipe = serde_json::from_value(metrics["recipe"].clone()).unwrap();
    let score = sentiment::score_merged(&cache(), &committed(sentiment::ADAPTER_FILE), &recipe).unwrap();
    println!("{} of {} right, {:.0} s", score.right(), score.texts(), began.elapsed().as_secs_f64());
    assert_eq!(metrics["held_out"]["texts"], score.texts());
    assert!(score.accuracy() >= TARGET, "{}", score.accuracy());
    // The same but for texts on the edge, where other machines may round otherwise.
    let stated = metrics["held_out"]["accuracy"].as_f64().unwrap();
    assert!((score.accuracy() - stated).abs() < 0.003, "{} and {stated}", score.accuracy());
}
