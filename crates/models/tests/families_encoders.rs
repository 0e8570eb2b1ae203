//! BERT, DistilBERT, RoBERTa and ELECTRA with every head against transformers, on the small random checkpoints of
//! `tests/golden/families` (made by `tests/reference/families_encoders.py`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

use std::fs::{File, read, read_to_string};

use burn::tensor::{Device, Tensor};
use headlight_models::run::{Run, run};
use headlight_models::{
    Batch, Capture, Config, Head, Hook, Input, LabelKind, ModelError, Point, Pooling, Problem, RunError, Side, Silent,
    Transformer, open,
};
use headlight_weights::{MemoryTensors, SafetensorsFile, TensorSource};
use pollster::block_on;
use serde_json::{Value, json};

fn path(name: &str, file: &str) -> String {
    format!("{}/../../tests/golden/families/{name}/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str) -> Value {
    serde_json::from_str(&read_to_string(path(name, "golden.json")).unwrap()).unwrap()
}

/// The configuration in the folder, with some values changed; null takes one away.
fn config(name: &str, changes: &Value) -> Config {
    let mut values: Value = serde_json::from_slice(&read(path(name, "config.json")).unwrap()).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        values[key] = value.clone();
    }
    Config::from_json(&serde_json::to_vec(&values).unwrap()).unwrap()
}

fn file(name: &str) -> SafetensorsFile<File> {
    SafetensorsFile::open(File::open(path(name, "model.safetensors")).unwrap()).unwrap()
}

fn opened(name: &str, changes: &Value) -> Result<Box<dyn Transformer>, ModelError> {
    block_on(open(&config(name, changes), &mut file(name), &Device::flex(), &Silent))
}

fn refused(name: &str, changes: &Value) -> String {
    match opened(name, changes) {
        Ok(_) => panic!("{name} with {changes} was opened"),
        Err(error) => error.to_string(),
    }
}

fn list(value: &Value) -> Vec<u32> {
    value.as_array().into_iter().flatten().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn batch(case: &Value) -> Batch {
    Batch::one(&list(&case["ids"])).with_types(list(&case["types"]))
}

fn numbers(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // A NaN is no small difference, and `max` would drop it.
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |worst, next| if next <= worst { worst } else { next })
}

fn run_all(model: &dyn Transformer, batch: &Batch) -> Run {
    block_on(run(model, Input::embed(model, batch, None), Capture::of(Point::ALL), &Silent)).unwrap()
}

fn attention(run: &Run, index: usize) -> Vec<f32> {
    run.captures.patterns().flat_map(|pattern| floats(pattern.narrow(0, index, 1))).collect()
}

/// The scores of one of a batch as the golden files have them; `kind` says what the head must be.
fn logits(model: &dyn Transformer, hidden: &Tensor<3>, index: usize, described: &Value) -> Option<Vec<f32>> {
    let [_, tokens, width] = hidden.dims();
    let all = hidden.clone().narrow(0, index, 1).reshape([tokens, width]);
    let row = |position: usize| all.clone().narrow(0, position, 1);
    Some(match (described["kind"].as_str().unwrap(), model.head()) {
        ("none", Head::None) => return None,
        ("word", Head::Vocabulary(head)) => {
            assert!(head.masked);
            floats(head.logits(head.prepare(row(described["position"].as_u64().unwrap() as usize))))
        }
        ("sequence", Head::Labels(head)) => {
            assert!(matches!(head.kind, LabelKind::Sequence(_)) && head.pooling == Pooling::First);
            floats(head.logits(row(0)))
        }
        ("mean", Head::Labels(head)) => {
            assert!(matches!(head.kind, LabelKind::Sequence(_)) && head.pooling == Pooling::Mean);
            floats(head.logits(all.clone().mean_dim(0)))
        }
        ("token", Head::Labels(head)) => {
            assert_eq!(head.kind, LabelKind::Token);
            floats(head.logits(all.clone()))
        }
        ("span", Head::Labels(head)) => {
            assert_eq!(head.kind, LabelKind::Span);
            floats(head.logits(all.clone()).transpose())
        }
        (kind, head) => panic!("{kind} was opened as {head:?}"),
    })
}

/// Every head of a family on every text: hidden states, attention and scores.
fn compare(name: &str, family: &str) {
    let golden = golden(name);
    for (head, described) in golden["heads"].as_object().unwrap() {
        let model = opened(name, &described["config"]).unwrap();
        assert_eq!(model.family(), family);
        let (mut worst_hidden, mut worst_attention, mut worst_sum, mut worst_logits) = (0.0_f32, 0.0, 0.0, 0.0);
        for case in golden["cases"].as_array().unwrap() {
            let run = run_all(model.as_ref(), &batch(case));
            let tokens = run.hidden.dims()[1];
            worst_hidden = difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])).max(worst_hidden);
            let found = attention(&run, 0);
            worst_attention = difference(&found, &numbers(&case["attention"]["values"])).max(worst_attention);
            let sums: Vec<f32> = found.chunks_exact(tokens).map(|row| row.iter().sum()).collect();
            worst_sum = difference(&sums, &vec![1.0; sums.len()]).max(worst_sum);
            if let Some(found) = logits(model.as_ref(), &run.hidden, 0, described) {
                worst_logits = difference(&found, &numbers(&case["heads"][head]["logits"])).max(worst_logits);
            }
        }
        println!(
            "{name} {head}: hidden off by {worst_hidden:.1e}, attention {worst_attention:.1e}, rows' sums \
             {worst_sum:.1e}, logits {worst_logits:.1e}"
        );
        assert!(worst_hidden <= 1e-4 && worst_attention <= 1e-4 && worst_sum <= 1e-5 && worst_logits <= 1e-3, "{name}");
    }
}

#[test]
fn bert_is_transformers() {
    compare("bert", "bert");
}

#[test]
fn bert_with_a_decoder_of_its_own_a_regression_and_a_mean_is_transformers() {
    compare("bert-other", "bert");
}

#[test]
fn distilbert_is_transformers() {
    compare("distilbert", "distilbert");
}

#[test]
fn roberta_is_transformers() {
    compare("roberta", "roberta");
}

#[test]
fn electra_is_transformers() {
    compare("electra", "electra");
}

const ALL: [&str; 5] = ["bert", "bert-other", "distilbert", "roberta", "electra"];

#[test]
fn a_batch_gives_what_each_of_it_gives_alone() {
    for name in ALL {
        let golden = golden(name);
        let cases = golden["cases"].as_array().unwrap();
        let both = Batch::many(vec![list(&cases[0]["ids"]), list(&cases[1]["ids"])]);
        let both = both.with_types(list(&cases[0]["types"]));
        assert_eq!(cases[0]["types"], cases[1]["types"]);
        for (head, described) in golden["heads"].as_object().unwrap() {
            let model = opened(name, &described["config"]).unwrap();
            let together = run_all(model.as_ref(), &both);
            let mut worst = 0.0_f32;
            for (index, case) in cases[..2].iter().enumerate() {
                let alone = run_all(model.as_ref(), &batch(case));
                let hidden = floats(together.hidden.clone().narrow(0, index, 1));
                worst = difference(&hidden, &floats(alone.hidden.clone())).max(worst);
                worst = difference(&attention(&together, index), &attention(&alone, 0)).max(worst);
                let found = logits(model.as_ref(), &together.hidden, index, described);
                if let Some(found) = found {
                    let alone = logits(model.as_ref(), &alone.hidden, 0, described).unwrap();
                    worst = difference(&found, &alone).max(worst);
                }
            }
            println!("{name} {head}: a batch is off from each alone by {worst:.1e}");
            assert!(worst < 1e-5, "{name} {head}");
        }
    }
}

#[test]
fn every_block_captures_under_the_same_names() {
    let by_head = [Point::Q, Point::K, Point::V, Point::AttnScores, Point::Pattern, Point::Z];
    let residual = [Point::ResidPre, Point::ResidMid, Point::ResidPost, Point::NormalizedResidPost];
    for name in ALL {
        let golden = golden(name);
        let model = opened(name, &json!({})).unwrap();
        let run = run_all(model.as_ref(), &batch(&golden["cases"][0]));
        let at = |layer, point| Hook { side: Side::Only, layer, point };
        for layer in 0..2 {
            for point in by_head {
                let hook = at(layer, point);
                let dims = run.captures.get_by_head(hook).unwrap_or_else(|| panic!("{name} lacks {hook}")).dims();
                let maps = matches!(point, Point::AttnScores | Point::Pattern);
                assert_eq!(dims, if maps { [1, 4, 10, 10] } else { [1, 10, 4, 6] }, "{name} {hook}");
            }
            for point in residual {
                let hook = at(layer, point);
                let dims = run.captures.get_residual(hook).unwrap_or_else(|| panic!("{name} lacks {hook}")).dims();
                assert_eq!(dims, [1, 10, 24], "{name} {hook}");
            }
        }
        let get = |layer, point| floats(run.captures.get_residual(at(layer, point)).unwrap());
        assert_eq!(get(0, Point::NormalizedResidPost), get(1, Point::ResidPre), "{name}");
        assert_eq!(get(1, Point::NormalizedResidPost), floats(run.hidden.clone()), "{name}");
    }
}

#[test]
fn types_of_a_pair_reach_the_run() {
    for name in ["bert", "electra"] {
        let model = opened(name, &json!({})).unwrap();
        let case = &golden(name)["cases"][0];
        let typed = floats(run_all(model.as_ref(), &batch(case)).hidden);
        let untyped = floats(run_all(model.as_ref(), &Batch::one(&list(&case["ids"]))).hidden);
        assert!(difference(&typed, &untyped) > 0.1, "{name}");
    }
    // DistilBERT has no types: given some all the same, it does not look at them.
    let model = opened("distilbert", &json!({})).unwrap();
    let ids = [2, 17, 4, 3];
    let typed = floats(run_all(model.as_ref(), &Batch::one(&ids).with_types(vec![0, 0, 1, 1])).hidden);
    assert_eq!(typed, floats(run_all(model.as_ref(), &Batch::one(&ids)).hidden));
}

#[test]
fn robertas_relatives_are_robertas() {
    let golden = golden("roberta");
    let case = &golden["cases"][0];
    let heads = golden["heads"].as_object().unwrap();
    for (kind, family) in [("xlm-roberta", "XLMRoberta"), ("camembert", "Camembert")] {
        for (head, described) in heads {
            let class = described["config"]["architectures"][0].as_str().unwrap().replace("Roberta", family);
            let mut changes = described["config"].clone();
            changes["model_type"] = kind.into();
            changes["architectures"] = json!([class]);
            let model = opened("roberta", &changes).unwrap();
            let run = run_all(model.as_ref(), &batch(case));
            assert!(difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])) <= 1e-4, "{class}");
            if let Some(found) = logits(model.as_ref(), &run.hidden, 0, described) {
                assert!(difference(&found, &numbers(&case["heads"][head]["logits"])) <= 1e-3, "{class}");
            }
        }
    }
}

/// All weights of a file, with changed names.
fn renamed(name: &str, change: impl Fn(&str) -> String) -> MemoryTensors {
    let mut file = file(name);
    let names: Vec<String> = file.tensors().iter().map(|info| info.name.clone()).collect();
    let tensors = names.iter().map(|old| {
        let tensor = file.read(old).unwrap();
        (change(old), tensor.shape, tensor.values)
    });
    MemoryTensors::new(tensors).unwrap()
}

#[test]
fn names_may_lack_their_prefix() {
    for name in ALL {
        let golden = golden(name);
        let case = &golden["cases"][0];
        for (head, described) in golden["heads"].as_object().unwrap() {
            let prefix = ["bert.", "distilbert.", "roberta.", "electra."];
            let mut source = renamed(name, |old| {
                prefix.iter().find_map(|prefix| old.strip_prefix(prefix)).unwrap_or(old).to_owned()
            });
            let config = config(name, &described["config"]);
            let model = block_on(open(&config, &mut source, &Device::flex(), &Silent)).unwrap();
            let run = run_all(model.as_ref(), &batch(case));
            assert!(difference(&floats(run.hidden.clone()), &numbers(&case["hidden"])) <= 1e-4, "{name} {head}");
            if let Some(found) = logits(model.as_ref(), &run.hidden, 0, described) {
                let off = difference(&found, &numbers(&case["heads"][head]["logits"]));
                assert!(off <= 1e-3, "{name} {head}: {off}");
            }
        }
    }
}

#[test]
fn without_a_class_the_weights_say_which_head() {
    let without = |gone: &'static [&'static str]| {
        let mut source = renamed("bert", |old| {
            let gone = gone.iter().any(|gone| old.starts_with(gone));
            if gone { format!("gone.{old}") } else { old.to_owned() }
        });
        let config = config("bert", &json!({ "architectures": null }));
        block_on(open(&config, &mut source, &Device::flex(), &Silent)).unwrap()
    };
    assert!(matches!(without(&[]).head(), Head::Vocabulary(head) if head.masked));
    assert!(matches!(without(&["cls."]).head(), Head::Labels(head) if head.kind == LabelKind::Span));
    // A `classifier` may be one of texts or of tokens, so it is not guessed at.
    assert!(matches!(without(&["cls.", "qa_outputs."]).head(), Head::None));
    let training = json!({ "architectures": ["BertForPreTraining"] });
    assert!(matches!(opened("bert", &training).unwrap().head(), Head::Vocabulary(head) if head.masked));
}

#[test]
fn unknown_classes_are_named() {
    for (name, class, known) in [
        ("bert", "BertForMultipleChoice", "BertForTokenClassification"),
        ("bert", "BertForNextSentencePrediction", "BertForPreTraining"),
        ("bert", "BertLMHeadModel", "BertForMaskedLM"),
        ("bert", "BertCrfForTokenClassification", "BertModel"),
        ("distilbert", "DistilBertForMultipleChoice", "DistilBertForQuestionAnswering"),
        ("roberta", "RobertaForCausalLM", "XLMRobertaForSequenceClassification"),
        ("electra", "ElectraForPreTraining", "ElectraForMaskedLM"),
        // Another family's class is not this one's.
        ("electra", "BertForMaskedLM", "ElectraModel"),
    ] {
        let said = refused(name, &json!({ "architectures": [class] }));
        assert!(said.contains(&format!("\"{class}\"")) && said.contains(known), "{said}");
    }
    let said = refused("bert", &json!({ "model_type": "mpnet" }));
    for known in ["\"mpnet\"", "bert", "distilbert", "roberta", "xlm-roberta", "camembert", "electra"] {
        assert!(said.contains(known), "{said}");
    }
    // A class that is known and whose weights are not there.
    let said = refused("bert-other", &json!({ "architectures": ["BertForQuestionAnswering"] }));
    assert!(said.contains("qa_outputs.weight"), "{said}");
}

#[test]
fn the_configuration_says_how_labels_exclude_each_other() {
    let kind = |name: &str, changes: Value| match opened(name, &changes).unwrap().head() {
        Head::Labels(head) => (head.kind, head.names.clone()),
        head => panic!("{head:?}"),
    };
    let class = json!(["BertForSequenceClassification"]);
    let three = ["GOOD", "BAD", "O"].map(str::to_owned).to_vec();
    let with = |problem: &str| json!({ "architectures": class, "problem_type": problem });
    for (changes, problem) in [
        (json!({ "architectures": class }), Problem::SingleLabel),
        (with("single_label_classification"), Problem::SingleLabel),
        (with("multi_label_classification"), Problem::MultiLabel),
        (with("regression"), Problem::Regression),
    ] {
        assert_eq!(kind("bert", changes), (LabelKind::Sequence(problem), three.clone()));
    }
    let one = (LabelKind::Sequence(Problem::Regression), vec!["SCORE".to_owned()]);
    assert_eq!(kind("bert-other", json!({ "architectures": class })), one);
    let number = json!({ "architectures": class, "id2label": null, "num_labels": 1 });
    let unnamed = (LabelKind::Sequence(Problem::Regression), vec!["LABEL_0".to_owned()]);
    assert_eq!(kind("bert-other", number), unnamed);
    assert!(refused("bert", &with("ordinal")).contains("ordinal"));
}

#[test]
fn unusable_configurations_are_errors() {
    for (name, changes) in [
        ("bert", json!({ "num_attention_heads": 5 })),
        ("bert", json!({ "num_hidden_layers": 4_000_000 })),
        ("bert", json!({ "num_hidden_layers": 0 })),
        ("bert", json!({ "hidden_size": 4_194_304 })),
        ("bert", json!({ "type_vocab_size": 3 })),
        ("bert", json!({ "hidden_act": "nothing" })),
        ("bert", json!({ "layer_norm_eps": -1.0 })),
        ("bert", json!({ "position_embedding_type": "relative_key" })),
        ("bert", json!({ "is_decoder": true })),
        ("bert", json!({ "architectures": ["BertForTokenClassification"], "id2label": {"0": "A"} })),
        ("bert", json!({ "architectures": ["BertForSequenceClassification"], "headlight_pooling": "max" })),
        ("bert", json!({ "architectures": ["BertForMaskedLM"], "tie_word_embeddings": false })),
        ("distilbert", json!({ "dim": null })),
        ("roberta", json!({ "pad_token_id": 21 })),
        ("roberta", json!({ "pad_token_id": 4_294_967_295_u32 })),
        ("electra", json!({ "embedding_size": 24 })),
        ("electra", json!({ "embedding_size": 0 })),
    ] {
        println!("{name} with {changes}: {}", refused(name, &changes));
    }
}

#[test]
fn as_many_tokens_are_read_as_there_are_positions() {
    for (name, context) in [("bert", 24), ("distilbert", 24), ("roberta", 20), ("electra", 24)] {
        let model = opened(name, &json!({})).unwrap();
        assert_eq!(model.architecture().context, context, "{name}");
        run_all(model.as_ref(), &Batch::one(&vec![5; context]));
        let long = Input::embed(model.as_ref(), &Batch::one(&vec![5; context + 1]), None);
        let error = block_on(run(model.as_ref(), long, Capture::none(), &Silent)).unwrap_err();
        assert_eq!(error, RunError::TooLong { tokens: context + 1, context }, "{name}");
    }
}
