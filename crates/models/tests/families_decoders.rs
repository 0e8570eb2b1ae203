//! Small checkpoints of the causal families against transformers (`tests/golden/families`), and what must hold of any.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

mod decoder_families;

use burn::tensor::{Tensor, activation};
use decoder_families::{
    ALL, config_with, floats, golden, greatest_difference, ids, model, model_from_gguf, numbers, open_with, renamed,
    weights,
};
use headlight_models::continuation::Continuation;
use headlight_models::run::{Run, extend, run};
use headlight_models::sampling::Sampling;
use headlight_models::{Batch, Capture, Config, Head, Hook, ModelError, Past, Point, Silent, Transformer, registry};
use pollster::block_on;
use serde_json::{Value, json};

fn run_all(model: &dyn Transformer, batch: &Batch) -> Run {
    block_on(run(model, model.embed(batch), Capture::of(Point::ALL), &Silent)).unwrap()
}

/// The scores of the last position: `[1, vocabulary or label]`.
fn scores(model: &dyn Transformer, hidden: Tensor<3>) -> Tensor<2> {
    let [_, tokens, width] = hidden.dims();
    let last = hidden.narrow(1, tokens - 1, 1).reshape([1, width]);
    match model.head() {
        Head::Vocabulary(head) => head.logits(head.prepare(last)),
        Head::Labels(head) => head.logits(last),
        Head::None => panic!("no head"),
    }
}

/// Compares all cases of a golden file and prints the worst errors.
fn compare(name: &str, model: &dyn Transformer) {
    let golden = golden(name);
    let sizes = model.architecture();
    for (key, found) in [
        ("layers", sizes.layers),
        ("heads", sizes.heads),
        ("key_value_heads", sizes.key_value_heads),
        ("width", sizes.width),
    ] {
        assert_eq!(golden[key].as_u64().unwrap() as usize, found, "{name}: {key}");
    }
    assert!(sizes.causal);
    let [mut hidden, mut attention, mut logits, mut log_probs, mut rows] = [0.0_f32; 5];
    let cases = golden["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let ids = ids(&case["ids"]);
        let run = run_all(model, &Batch::one(&ids));
        hidden = hidden.max(greatest_difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])));
        let patterns: Vec<f32> = run.captures.patterns().flat_map(floats).collect();
        attention = attention.max(greatest_difference(&patterns, &numbers(&case["attention"])));
        for row in patterns.chunks_exact(ids.len()) {
            rows = rows.max((row.iter().sum::<f32>() - 1.0).abs());
        }
        let found = scores(model, run.hidden);
        logits = logits.max(greatest_difference(&floats(found.clone()), &numbers(&case["logits"])));
        let found = activation::log_softmax(found, 1);
        log_probs = log_probs.max(greatest_difference(&floats(found), &numbers(&case["log_probs"])));
    }
    println!(
        "{name}: hidden {hidden:.1e}, attention {attention:.1e}, rows {rows:.1e}, logits {logits:.1e}, \
         log-probabilities {log_probs:.1e}"
    );
    assert!(hidden < 1e-4 && attention < 1e-4 && rows < 1e-5 && logits < 1e-3 && log_probs < 1e-3, "{name}");
}

#[test]
fn every_family_is_transformers() {
    for name in ALL {
        let model = model(name);
        assert_eq!(model.family(), golden(name)["family"].as_str().unwrap());
        compare(name, model.as_ref());
    }
}

#[test]
fn files_of_llama_cpp_give_the_same() {
    for name in ["gpt2", "llama", "qwen2", "qwen3"] {
        let model = model_from_gguf(name);
        assert_eq!(model.family(), name);
        compare(name, model.as_ref());
    }
}

#[test]
fn every_hook_is_transformers() {
    for name in ALL {
        let model = model(name);
        let hooks = &golden(name)["hooks"];
        let run = run_all(model.as_ref(), &Batch::one(&ids(&hooks["ids"])));
        let stored = hooks["values"].as_array().unwrap();
        assert!(stored.len() >= 6);
        let mut worst = 0.0_f32;
        for stored in stored {
            let hook: Hook = stored["name"].as_str().unwrap().parse().unwrap();
            let residual = run.captures.get_residual(hook).map(floats);
            let found = residual.or_else(|| run.captures.get_by_head(hook).map(floats)).unwrap();
            let off = greatest_difference(&found, &numbers(&stored["values"]));
            assert!(off < 1e-4, "{name} {hook}: {off}");
            worst = worst.max(off);
        }
        println!("{name}: {} hooks off by {worst:.1e}", stored.len());
        // Attention and MLP side by side have no residual between them.
        let middle = stored.iter().any(|hook| hook["name"].as_str().unwrap().ends_with("hook_resid_mid"));
        let layer = model.architecture().layers - 1;
        let kept = run.captures.get_residual(format!("blocks.{layer}.hook_resid_mid").parse().unwrap()).is_some();
        assert_eq!((middle, kept), (name != "gpt_neox", name != "gpt_neox"));
    }
}

#[test]
fn a_batch_gives_what_each_of_it_gives_alone() {
    for name in ALL {
        let model = model(name);
        let first = ids(&golden(name)["cases"][0]["ids"]);
        let second: Vec<u32> = first.iter().rev().map(|id| (id + 5) % 96).collect();
        let together = run_all(model.as_ref(), &Batch::many(vec![first.clone(), second.clone()]));
        let mut worst = 0.0_f32;
        for (index, ids) in [first, second].iter().enumerate() {
            let alone = run_all(model.as_ref(), &Batch::one(ids));
            let part = floats(together.hidden.clone().narrow(0, index, 1));
            worst = worst.max(greatest_difference(&part, &floats(alone.hidden)));
            for (together, alone) in together.captures.patterns().zip(alone.captures.patterns()) {
                let part = floats(together.narrow(0, index, 1));
                worst = worst.max(greatest_difference(&part, &floats(alone)));
            }
        }
        println!("{name}: a batch is off by {worst:.1e}");
        assert!(worst < 1e-5, "{name}");
    }
}

#[test]
fn a_decoder_does_not_see_what_comes_after() {
    for name in ALL {
        let model = model(name);
        let (short, long) = ([5, 9, 77], [5, 9, 77, 90, 3]);
        let short = floats(run_all(model.as_ref(), &Batch::one(&short)).hidden);
        let long = floats(run_all(model.as_ref(), &Batch::one(&long)).hidden);
        assert!(greatest_difference(&short, &long[..short.len()]) < 1e-5, "{name}");
    }
}

#[test]
fn what_lies_before_the_window_is_not_seen() {
    let text = ids(&golden("mistral")["cases"][2]["ids"]);
    let tokens = text.len();
    for (name, layers) in
        [("mistral", [true, true]), ("mistral_full", [false, false]), ("qwen2_sliding", [false, true])]
    {
        let window = if name == "mistral" { 6 } else { 5 };
        let run = run_all(model(name).as_ref(), &Batch::one(&text));
        for (pattern, windowed) in run.captures.patterns().zip(layers) {
            let before = floats(pattern).chunks_exact(tokens).enumerate().fold(0.0, |sum: f32, (row, values)| {
                sum + values[..(row % tokens + 1).saturating_sub(window)].iter().sum::<f32>()
            });
            assert_eq!(before == 0.0, windowed, "{name}: {before}");
        }
    }
}

#[test]
fn a_setting_that_was_misread_would_show() {
    let rope = |kind: &str, key: &str, value: f64| json!({"type": kind, "factor": 4.0, key: value});
    for (name, changes) in [
        ("gpt2", json!({"scale_attn_by_inverse_layer_idx": true})),
        ("gpt2", json!({"activation_function": "gelu"})),
        ("gpt_neox", json!({"use_parallel_residual": false})),
        ("gpt_neox", json!({"rope_parameters": null, "rotary_emb_base": 100.0})),
        ("llama", json!({"rope_parameters": null, "rope_theta": 100.0})),
        ("llama_linear", json!({"rope_scaling": {"type": "linear", "factor": 2.4}})),
        ("mistral", json!({"sliding_window": 7})),
        ("qwen2_sliding", json!({"max_window_layers": 2})),
        ("qwen2_yarn", json!({"rope_scaling": rope("yarn", "original_max_position_embeddings", 128.0)})),
        ("qwen2_yarn", json!({"rope_scaling": rope("yarn", "attention_factor", 1.0)})),
    ] {
        let golden = golden(name);
        let case = golden["cases"].as_array().unwrap().last().unwrap();
        let wrong = open_with(&config_with(name, &changes), &mut weights(name)).unwrap();
        let run = run_all(wrong.as_ref(), &Batch::one(&ids(&case["ids"])));
        let patterns: Vec<f32> = run.captures.patterns().flat_map(floats).collect();
        let attention = greatest_difference(&patterns, &numbers(&case["attention"]));
        let hidden = greatest_difference(&floats(run.hidden), &numbers(&case["hidden"]));
        println!("{name} with {changes}: hidden {hidden:.1e}, attention {attention:.1e}");
        assert!(hidden > 1e-4 && attention > 1e-4, "{name} with {changes}: {hidden} {attention}");
    }
}

#[test]
fn names_may_lack_the_prefix() {
    for (name, prefix, head) in [
        ("gpt2", "transformer.", None),
        ("gpt_neox", "gpt_neox.", Some("embed_out")),
        ("llama", "model.", Some("lm_head")),
    ] {
        let mut source = renamed(name, |name| Some(name.strip_prefix(prefix).unwrap_or(name).to_owned()));
        compare(name, open_with(&config_with(name, &json!({})), &mut source).unwrap().as_ref());
        // Without its head, and saved from the class that has none, a model still gives hidden states.
        let Some(head) = head else { continue };
        let mut source =
            renamed(name, |name| (!name.starts_with(head)).then(|| name.trim_start_matches(prefix).to_owned()));
        let bare = open_with(&config_with(name, &json!({"architectures": ["SomeModel"]})), &mut source).unwrap();
        assert!(matches!(bare.head(), Head::None), "{name}");
        let sentence = open_with(&config_with(name, &json!({})), &mut source).err().unwrap().to_string();
        assert!(sentence.contains(head), "{sentence}");
    }
}

#[test]
fn labels_have_their_names() {
    let model = model("gpt2_classifier");
    let Head::Labels(head) = model.head() else { panic!("no labels") };
    assert_eq!(head.names, ["bad", "fair", "good"]);
}

fn refusal(name: &str, changes: &Value) -> String {
    let error = open_with(&config_with(name, changes), &mut weights(name)).err();
    let sentence = error.unwrap_or_else(|| panic!("{name} opened with {changes}")).to_string();
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "one sentence: {sentence}");
    sentence
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let layers = json!({"use_sliding_window": true, "sliding_window": 5, "layer_types": ["full_attention", "linear"]});
    let nested = json!({"rope_parameters": {"full_attention": {"rope_type": "default"}}});
    for (name, changes, expected) in [
        ("llama", json!({"rope_parameters": null, "rope_scaling": {"type": "longrope", "factor": 4.0}}), "longrope"),
        ("llama", json!({"rope_parameters": {"rope_type": "linear"}}), "factor"),
        ("llama", json!({"rope_parameters": {"rope_theta": 1e-300}}), "not numbers"),
        ("llama", json!({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}), "low_freq_factor"),
        ("llama", nested, "between layers"),
        ("llama", json!({"partial_rotary_factor": 0.5, "rope_parameters": null}), "part of each head"),
        ("llama", json!({"hidden_act": "swishy"}), "swishy"),
        ("llama", json!({"num_key_value_heads": 3}), "key-value heads"),
        ("llama", json!({"num_attention_heads": 4096, "head_dim": 4_194_304}), "heads of width"),
        ("llama_tied", json!({"attention_bias": true}), "q_proj.bias"),
        ("qwen2", layers, "kind of attention"),
        ("qwen3", json!({"head_dim": null}), "q_proj"),
        ("gpt2", json!({"add_cross_attention": true}), "encoder"),
        ("gpt2", json!({"activation_function": "gelu_11"}), "gelu_11"),
        ("gpt2", json!({"n_head": 5}), "5 heads"),
        ("gpt_neox", json!({"rope_parameters": null, "rotary_pct": 0.4}), "pairs"),
        ("gpt_neox", json!({"rope_parameters": null, "rotary_pct": 1.5}), "pairs"),
        ("gpt2_classifier", json!({"id2label": {"0": "one", "1": "two"}}), "score.weight"),
    ] {
        let sentence = refusal(name, &changes);
        assert!(sentence.contains(expected), "{name} {changes}: {sentence}");
    }
}

#[test]
fn an_unknown_architecture_is_named_with_those_that_are_known() {
    let sentence = refusal("llama", &json!({"model_type": "mamba"}));
    assert!(sentence.contains("\"mamba\""), "{sentence}");
    for name in ["llama", "mistral", "qwen2", "qwen3", "gpt2", "gpt_neox", "bert"] {
        assert!(sentence.contains(name), "{sentence}");
    }
    let class = refusal("llama", &json!({"model_type": null, "architectures": ["RwkvForCausalLM"]}));
    assert!(class.contains("RwkvForCausalLM"), "{class}");
}

#[test]
fn every_architecture_that_is_listed_is_known() {
    for name in registry::known().split(", ") {
        let config = Config::from_json(json!({"model_type": name}).to_string().as_bytes()).unwrap();
        let error = open_with(&config, &mut weights("llama")).err().unwrap();
        assert!(!matches!(error, ModelError::UnknownArchitecture { .. }), "{name}: {error}");
    }
}

/// What was read is kept: going on with a text, some tokens at a time, gives what reading it whole gives.
#[test]
fn going_on_is_reading_it_whole() {
    let mut worst = [0.0_f32; 2];
    for name in ALL {
        let model = model(name);
        for case in golden(name)["cases"].as_array().unwrap() {
            let ids = ids(&case["ids"]);
            let whole = run_all(model.as_ref(), &Batch::one(&ids));
            let expected = floats(whole.hidden);
            let rows: Vec<Vec<f32>> = whole.captures.patterns().map(floats).collect();
            for cuts in [vec![1], vec![ids.len() / 2], vec![1, 2, 3]] {
                let mut past = Past::default();
                let mut found = Vec::new();
                let mut from = 0;
                for to in cuts.into_iter().filter(|cut| (1..ids.len()).contains(cut)).chain([ids.len()]) {
                    let embeddings = model.embed(&Batch::one(&ids[from..to]));
                    let run =
                        block_on(extend(model.as_ref(), embeddings, &mut past, Capture::patterns(), &Silent)).unwrap();
                    found.extend(floats(run.hidden));
                    assert_eq!(past.tokens(), to);
                    // The last token's row of every head's pattern, over all tokens.
                    if to == ids.len() {
                        for (all, new) in rows.iter().zip(run.captures.patterns().map(floats)) {
                            let heads = all.len() / (to * to);
                            for head in 0..heads {
                                let theirs = &all[(head * to + to - 1) * to..(head + 1) * to * to];
                                let ours = &new[((head + 1) * (to - from) - 1) * to..(head + 1) * (to - from) * to];
                                worst[1] = worst[1].max(greatest_difference(ours, theirs));
                            }
                        }
                    }
                    from = to;
                }
                worst[0] = worst[0].max(greatest_difference(&found, &expected));
            }
        }
    }
    println!("hidden {:.1e}, patterns {:.1e}", worst[0], worst[1]);
    assert!(worst.iter().all(|worst| *worst < 1e-5), "{worst:?}");
}

/// A text has more than one end, and no more tokens than the model can read.
#[test]
fn a_continuation_is_greedy_forks_and_ends_with_the_context() {
    let name = ALL[0];
    let model = model(name);
    let ids = ids(&golden(name)["cases"][0]["ids"]);
    let read = |ids: &[u32]| block_on(Continuation::read(model.as_ref(), ids, &Silent));
    let mut one = read(&ids).unwrap();
    let mut two = one.clone();
    let greedy = Sampling::default().candidates(one.scores());
    assert_eq!(greedy.len(), 1);
    assert_eq!(one.best(3)[0].0, greedy[0].0);
    let sum: f64 = (0..one.scores().len() as u32).map(|id| one.log_prob(id).exp()).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    block_on(one.push(&[greedy[0].0], &Silent)).unwrap();
    block_on(two.push(&[0], &Silent)).unwrap();
    assert_ne!(one.scores(), two.scores());
    let again = read(&[&ids[..], &[0]].concat()).unwrap();
    assert!(greatest_difference(again.scores(), two.scores()) < 1e-4);
    let context = model.architecture().context;
    let before = two.clone();
    let error = block_on(two.push(&vec![0; context], &Silent)).unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
    assert_eq!((before.tokens(), before.scores()), (two.tokens(), two.scores()), "it stays as it was");
    assert!(read(&[]).is_err());
}

fn generated(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/generate/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The small GPT-2 writes what transformers' `generate` has it write.
#[test]
fn greedy_is_transformers() {
    let model = model("gpt2");
    let golden = generated("gpt2/greedy");
    let mut worst = 0.0_f64;
    for case in golden["cases"].as_array().unwrap() {
        let (theirs, end) = (ids(&case["greedy"]), ids(&case["end"]));
        let log_probs = numbers(&case["log_probs"]);
        let mut reading = block_on(Continuation::read(model.as_ref(), &ids(&case["ids"]), &Silent)).unwrap();
        for (at, id) in theirs.iter().enumerate() {
            let found = Sampling::default().candidates(reading.scores())[0].0;
            assert_eq!(found, *id, "{} at step {at}", case["name"]);
            worst = worst.max((reading.log_prob(found) - f64::from(log_probs[at])).abs());
            if at + 1 < theirs.len() {
                assert!(!end.contains(id));
                block_on(reading.push(&[found], &Silent)).unwrap();
            }
        }
        assert_eq!(end.contains(theirs.last().unwrap()), case["ended"].as_bool().unwrap());
    }
    println!("log-probabilities: {worst:.1e}");
    assert!(worst < 1e-3);
}

/// What temperature, top-k and top-p leave is what transformers' warpers leave, alone and one after the other.
#[test]
fn samplers_are_transformers() {
    let golden = generated("gpt2/samplers");
    let [temperature, top_k, top_p] = ["temperature", "top_k", "top_p"].map(|key| golden[key].as_f64().unwrap());
    let mut worst = 0.0_f64;
    for case in golden["cases"].as_array().unwrap() {
        let mut scores = vec![f32::NEG_INFINITY; golden["vocabulary"].as_u64().unwrap() as usize];
        for (id, value) in ids(&case["logits"]["ids"]).into_iter().zip(numbers(&case["logits"]["values"])) {
            scores[id as usize] = value;
        }
        let left = case["left"].as_array().unwrap();
        assert_eq!(left.len(), 4);
        for left in left {
            let has = |name: &str| left["warpers"].as_array().unwrap().iter().any(|warper| warper == name);
            let sampling = Sampling {
                temperature: if has("temperature") { temperature } else { 1.0 },
                top_k: has("top_k").then_some(top_k as usize),
                top_p: if has("top_p") { top_p } else { 1.0 },
            };
            let found = sampling.candidates(&scores);
            assert_eq!(found.len(), left["kept"].as_u64().unwrap() as usize, "{}", left["warpers"]);
            let (theirs, probs) = (ids(&left["ids"]), numbers(&left["probs"]));
            for (id, prob) in theirs.into_iter().zip(probs) {
                let ours = found.iter().find(|(other, _)| *other == id).unwrap().1;
                worst = worst.max((ours - f64::from(prob)).abs());
            }
        }
    }
    println!("probabilities: {worst:.1e}");
    assert!(worst < 1e-5);
}
