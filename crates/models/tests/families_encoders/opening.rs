//! What is opened as what, and what is refused.

use burn::tensor::Device;
use headlight_models::run::run;
use headlight_models::{Batch, Capture, Head, Input, LabelKind, Problem, RunError, Silent, open};
use headlight_weights::{MemoryTensors, TensorSource};
use pollster::block_on;
use serde_json::{Value, json};

use crate::{ALL, batch, config, difference, file, floats, golden, logits, numbers, opened, refused, run_all};

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
