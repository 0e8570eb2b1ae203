//! Encoder-decoder families against the transformers library, and the SSRU decoder against a plain PyTorch one
//! (`tests/golden/families`, made by `tests/reference/families_seq2seq.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use std::fs::{self, File};

use burn::tensor::{Device, Tensor};
use headlight_models::decode::{DecodeError, beam, greedy};
use headlight_models::run::{extend, run};
use headlight_models::{
    Batch, Cancelled, Capture, Config, Head, Hook, Input, ModelError, Past, Point, Pulse, Run, RunError, Side, Silent,
    Stage, Transformer, tiny,
};
use headlight_weights::SafetensorsFile;
use pollster::block_on;
use serde_json::Value;

const NAMES: [&str; 5] = ["marian", "marian-separate", "t5", "t5-v1.1", "marian-ssru"];

fn folder(name: &str) -> String {
    format!("{}/../../tests/golden/families/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Value {
    serde_json::from_slice(&fs::read(format!("{}/golden.json", folder(name))).unwrap()).unwrap()
}

fn config(name: &str) -> Value {
    serde_json::from_slice(&fs::read(format!("{}/config.json", folder(name))).unwrap()).unwrap()
}

fn open_as(name: &str, config: &Value) -> Result<Box<dyn Transformer>, ModelError> {
    let config = Config::from_json(config.to_string().as_bytes())?;
    let mut source = SafetensorsFile::open(File::open(format!("{}/model.safetensors", folder(name))).unwrap())?;
    block_on(headlight_models::open(&config, &mut source, &Device::flex(), &Silent))
}

fn open(name: &str) -> Box<dyn Transformer> {
    open_as(name, &config(name)).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn greatest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn run_all(model: &dyn Transformer, source: &Batch, prefix: &Batch) -> Run {
    let input = Input::embed(model, prefix, Some(source));
    block_on(run(model, input, Capture::of(Point::ALL), &Silent)).unwrap()
}

fn memory(model: &dyn Transformer, source: &Batch) -> Tensor<3> {
    block_on(headlight_models::run::encode(model, model.encoder().unwrap().embed(source), &Silent)).unwrap()
}

/// All maps of one stack for one of the batch, layer by layer.
fn maps(run: &Run, side: Side, point: Point, index: usize) -> Vec<f32> {
    run.captures
        .all(point)
        .filter(|(hook, _)| hook.side == side)
        .flat_map(|(_, map)| floats(map.narrow(0, index, 1)))
        .collect()
}

const MAPS: [(&str, Side, Point); 3] = [
    ("encoder", Side::Encoder, Point::Pattern),
    ("decoder", Side::Decoder, Point::Pattern),
    ("cross", Side::Decoder, Point::CrossPattern),
];

/// The worst difference of the maps of one of a batch. A map that is not stored must not be there.
fn check_maps(run: &Run, case: &Value, index: usize) -> f32 {
    let mut worst = 0.0_f32;
    for (key, side, point) in MAPS {
        let found = maps(run, side, point, index);
        if case[key].is_null() {
            assert!(found.is_empty(), "{key}");
            continue;
        }
        let columns = case[key]["columns"].as_u64().unwrap() as usize;
        for row in found.chunks_exact(columns) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{key}");
        }
        worst = worst.max(greatest_difference(&found, &numbers(&case[key]["values"])));
    }
    worst
}

#[test]
fn hidden_states_attention_and_logits_are_those_of_the_reference() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let mut worst = [0.0_f32; 3];
        for case in golden["cases"].as_array().unwrap() {
            let (source, prefix) = (Batch::one(&ids(&case["source"])), Batch::one(&ids(&case["prefix"])));
            let run = run_all(model.as_ref(), &source, &prefix);
            let read = floats(memory(model.as_ref(), &source));
            worst[0] = worst[0].max(greatest_difference(&read, &numbers(&case["memory"])));
            worst[0] = worst[0].max(greatest_difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])));
            worst[1] = worst[1].max(check_maps(&run, case, 0));
            let Head::Vocabulary(head) = model.head() else { panic!("{name} has no vocabulary") };
            let [_, tokens, width] = run.hidden.dims();
            let last = run.hidden.narrow(1, tokens - 1, 1).reshape([1, width]);
            let logits = floats(head.logits(head.prepare(last)));
            worst[2] = worst[2].max(greatest_difference(&logits, &numbers(&case["logits"])));
        }
        let [hidden, attention, logits] = worst;
        println!("{name}: hidden off by {hidden:.1e}, attention {attention:.1e}, logits {logits:.1e}");
        assert!(hidden <= 1e-4 && attention <= 1e-4 && logits <= 1e-3, "{name}: {worst:?}");
    }
}

#[test]
fn a_batch_gives_what_each_of_it_gives_alone() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let cases = [&golden["cases"][0], &golden["cases"][2]];
        let batch = |key: &str| Batch::many(cases.iter().map(|case| ids(&case[key])).collect());
        let together = run_all(model.as_ref(), &batch("source"), &batch("prefix"));
        let hidden = floats(together.hidden.clone());
        let mut worst = 0.0_f32;
        for (index, case) in cases.into_iter().enumerate() {
            let (source, prefix) = (Batch::one(&ids(&case["source"])), Batch::one(&ids(&case["prefix"])));
            let alone = floats(run_all(model.as_ref(), &source, &prefix).hidden);
            let part = &hidden[index * alone.len()..(index + 1) * alone.len()];
            worst = worst.max(greatest_difference(part, &alone));
            assert!(check_maps(&together, case, index) <= 1e-4, "{name}");
        }
        println!("{name}: a batch is off by {worst:.1e}");
        assert!(worst < 1e-5, "{name}: {worst}");
    }
}

#[test]
fn what_is_written_is_what_the_reference_writes() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let size = |key: &str| golden[key].as_u64().unwrap() as usize;
        let (limit, beams) = (size("limit"), size("beams"));
        let mut worst = 0.0_f32;
        let mut ends = 0;
        for case in golden["decoded"].as_array().unwrap() {
            let source = ids(&case["source"]);
            let one = block_on(greedy(model.as_ref(), &source, limit, &Silent)).unwrap();
            assert_eq!(one.ids, ids(&case["greedy"]), "{name}");
            let best = block_on(beam(model.as_ref(), &source, beams, 1.0, limit, &Silent)).unwrap();
            assert_eq!(best.ids, ids(&case["beam"]), "{name}");
            worst = worst.max((best.score - case["beam_score"].as_f64().unwrap() as f32).abs());
            assert_eq!(best.ended, best.ids.len() < limit, "{name}");
            ends += usize::from(best.ended);
            // One beam is greedy, but for its score's share a token.
            let single = block_on(beam(model.as_ref(), &source, 1, 1.0, limit, &Silent)).unwrap();
            assert_eq!(single.ids, one.ids, "{name}");
            assert!((single.score * one.ids.len() as f32 - one.score).abs() < 1e-3, "{name}");
        }
        println!("{name}: scores off by {worst:.1e}, {ends} of 6 came to an end");
        assert!(worst < 1e-3, "{name}: {worst}");
    }
}

/// What the decoder has read is kept: some tokens at a time give what the whole prefix gives, attention to both sides included.
#[test]
fn going_on_is_reading_it_whole() {
    let mut worst = [0.0_f32; 2];
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        for case in golden["decoded"].as_array().unwrap() {
            let source = Batch::one(&ids(&case["source"]));
            let start = model.generation().unwrap().start;
            let prefix: Vec<u32> = std::iter::once(start).chain(ids(&case["greedy"])).collect();
            let whole = run_all(model.as_ref(), &source, &Batch::one(&prefix));
            let expected = floats(whole.hidden.clone());
            let count = prefix.len();
            for cuts in [vec![1], vec![count / 2], vec![1, 2, 3]] {
                let mut past = Past::beside(memory(model.as_ref(), &source));
                let (mut found, mut from) = (Vec::new(), 0);
                for to in cuts.into_iter().filter(|cut| (1..count).contains(cut)).chain([count]) {
                    let embeddings = model.embed(&Batch::one(&prefix[from..to]));
                    let capture = Capture::of([Point::CrossPattern]);
                    let run = block_on(extend(model.as_ref(), embeddings, &mut past, capture, &Silent)).unwrap();
                    found.extend(floats(run.hidden));
                    assert_eq!(past.tokens(), to);
                    for (hook, map) in run.captures.all(Point::CrossPattern) {
                        let all = whole.captures.get_by_head(hook).unwrap().narrow(2, from, to - from);
                        worst[1] = worst[1].max(greatest_difference(&floats(map), &floats(all)));
                    }
                    from = to;
                }
                worst[0] = worst[0].max(greatest_difference(&found, &expected));
            }
        }
    }
    println!("hidden {:.1e}, attention {:.1e}", worst[0], worst[1]);
    assert!(worst.iter().all(|worst| *worst < 1e-5), "{worst:?}");
    let model = open(NAMES[0]);
    let embeddings = model.embed(&Batch::one(&[1]));
    let error = block_on(extend(model.as_ref(), embeddings, &mut Past::default(), Capture::none(), &Silent));
    assert_eq!(error.unwrap_err(), RunError::NoSource);
}

#[test]
fn every_place_has_its_shape() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let case = &golden["cases"][1];
        let (source, prefix) = (ids(&case["source"]), ids(&case["prefix"]));
        let run = run_all(model.as_ref(), &Batch::one(&source), &Batch::one(&prefix));
        let (s, t) = (source.len(), prefix.len());
        let sizes = model.architecture();
        let by_head = |hook: &str| run.captures.get_by_head(hook.parse().unwrap()).map(|tensor| tensor.dims());
        let (h, w) = (sizes.heads, sizes.head_width);
        let own = if name == "marian-ssru" { None } else { Some([1, h, t, t]) };
        assert_eq!(by_head("encoder.blocks.1.attn.hook_pattern"), Some([1, h, s, s]), "{name}");
        assert_eq!(by_head("decoder.blocks.1.attn.hook_pattern"), own, "{name}");
        assert_eq!(by_head("decoder.blocks.1.cross_attn.hook_pattern"), Some([1, h, t, s]), "{name}");
        assert_eq!(by_head("decoder.blocks.0.cross_attn.hook_attn_scores"), Some([1, h, t, s]), "{name}");
        assert_eq!(by_head("decoder.blocks.0.cross_attn.hook_q"), Some([1, t, h, w]), "{name}");
        assert_eq!(by_head("decoder.blocks.0.cross_attn.hook_k"), Some([1, s, h, w]), "{name}");
        assert_eq!(by_head("decoder.blocks.0.cross_attn.hook_v"), Some([1, s, h, w]), "{name}");
        assert_eq!(by_head("decoder.blocks.0.cross_attn.hook_z"), Some([1, t, h, w]), "{name}");
        assert_eq!(by_head("encoder.blocks.0.cross_attn.hook_pattern"), None, "{name}");
        for (stack, point, tokens) in [
            ("encoder", "hook_resid_pre", s),
            ("encoder", "hook_resid_mid", s),
            ("encoder", "hook_resid_post", s),
            ("decoder", "hook_resid_pre", t),
            ("decoder", "hook_resid_mid", t),
            ("decoder", "hook_resid_mid_cross", t),
            ("decoder", "hook_resid_post", t),
        ] {
            let hook: Hook = format!("{stack}.blocks.1.{point}").parse().unwrap();
            let found = run.captures.get_residual(hook).map(|tensor| tensor.dims());
            assert_eq!(found, Some([1, tokens, sizes.width]), "{name} {hook}");
        }
    }
}

#[test]
fn a_decoder_does_not_see_what_comes_after_and_the_encoder_does() {
    for name in NAMES {
        let (model, golden) = (open(name), golden(name));
        let case = &golden["cases"][0];
        let (source, prefix) = (ids(&case["source"]), ids(&case["prefix"]));
        let short = floats(run_all(model.as_ref(), &Batch::one(&source), &Batch::one(&prefix[..3])).hidden);
        let long = floats(run_all(model.as_ref(), &Batch::one(&source), &Batch::one(&prefix)).hidden);
        assert!(greatest_difference(&short, &long[..short.len()]) < 1e-5, "{name}");
        let read = floats(memory(model.as_ref(), &Batch::one(&source)));
        let fewer = floats(memory(model.as_ref(), &Batch::one(&source[..4])));
        assert!(greatest_difference(&fewer, &read[..fewer.len()]) > 1e-2, "{name}");
    }
}

struct StopAfter(usize);

impl Pulse for StopAfter {
    fn beat(&self, _: Stage, done: usize, total: usize) -> headlight_models::pulse::Beat<'_> {
        assert!(done <= total);
        let answer = if done >= self.0 { Err(Cancelled) } else { Ok(()) };
        Box::pin(std::future::ready(answer))
    }
}

#[test]
fn what_cannot_be_run_or_written_is_an_error() {
    for name in NAMES {
        let model = open(name);
        let model = model.as_ref();
        let prefix = Batch::one(&[model.generation().unwrap().start]);
        let plain = |prefix: &Batch, source: Option<&Batch>| {
            let input = Input::embed(model, prefix, source);
            block_on(run(model, input, Capture::none(), &Silent)).map(|_| ()).unwrap_err()
        };
        assert_eq!(plain(&prefix, None), RunError::NoSource, "{name}");
        let context = model.architecture().context;
        let long = Batch::one(&vec![5; context + 1]);
        let too_long = RunError::TooLong { tokens: context + 1, context };
        assert_eq!(plain(&long, Some(&prefix)), too_long, "{name}");
        assert_eq!(plain(&prefix, Some(&long)), too_long, "{name}");

        let error = block_on(greedy(model, &long.ids[0], 4, &Silent)).unwrap_err();
        assert_eq!(error, DecodeError::Run(too_long), "{name}");
        assert_eq!(block_on(greedy(model, &[], 4, &Silent)).unwrap_err(), DecodeError::Run(RunError::Empty));
        let stopped = DecodeError::Run(RunError::Cancelled(Cancelled));
        assert_eq!(block_on(greedy(model, &[4, 5, 0], 4, &StopAfter(1))).unwrap_err(), stopped, "{name}");
        assert_eq!(block_on(beam(model, &[4, 5, 0], 3, 1.0, 9, &StopAfter(3))).unwrap_err(), stopped, "{name}");
        // A limit of nothing writes nothing.
        assert!(block_on(greedy(model, &[4, 5], 0, &Silent)).unwrap().ids.is_empty());
        assert!(block_on(beam(model, &[4, 5], 2, 1.0, 0, &Silent)).unwrap().ids.is_empty());
    }
    let llama = block_on(tiny::llama(&Device::flex())).unwrap();
    let error = block_on(greedy(llama.as_ref(), &[1, 2], 4, &Silent)).unwrap_err();
    assert_eq!(error, DecodeError::NoTranslator);
}

#[test]
fn a_configuration_that_fits_no_weights_is_an_error() {
    for (name, key, value) in [
        ("marian", "encoder_attention_heads", Value::from(5)),
        ("marian", "d_model", Value::from(64)),
        ("marian", "decoder_layers", Value::from(3)),
        ("marian", "activation_function", Value::from("unheard-of")),
        ("t5", "relative_attention_num_buckets", Value::from(1)),
        ("t5", "relative_attention_max_distance", Value::from(3)),
        ("t5", "d_kv", Value::from(16)),
        ("t5", "d_kv", Value::from(4_194_304)),
        ("t5", "feed_forward_proj", Value::from("gated-gelu")),
        ("marian-ssru", "d_model", Value::from(31)),
        ("marian-ssru", "attention_heads", Value::from(0)),
        ("marian-ssru", "vocab_size", Value::from(4_194_304)),
    ] {
        let mut config = config(name);
        config[key] = value;
        let error = open_as(name, &config).map(|_| ()).unwrap_err();
        assert!(
            matches!(error, ModelError::Config(_) | ModelError::Shape { .. } | ModelError::Weights(_)),
            "{name} {key}: {error}"
        );
    }
}

/// Checkpoints of before transformers 5 say with `tie_word_embeddings` whether T5's output is scaled.
#[test]
fn t5_is_scaled_as_either_generation_of_configurations_says() {
    for name in ["t5", "t5-v1.1"] {
        let mut config = config(name);
        let object = config.as_object_mut().unwrap();
        let scaled = object.remove("scale_decoder_outputs").unwrap();
        assert_eq!(scaled, name == "t5");
        object.insert("tie_word_embeddings".to_owned(), scaled);
        let scale = |model: Box<dyn Transformer>| match model.head() {
            Head::Vocabulary(head) => head.scale,
            _ => panic!("{name} has no vocabulary"),
        };
        assert_eq!(scale(open_as(name, &config).unwrap()), scale(open(name)), "{name}");
    }
}
