//! The command as a person runs it: what it prints, and how it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use headlight_document::Explanation;
use serde_json::Value;

fn headlight(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_headlight")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FRANCE: [&str; 7] = ["explain", "--model", "smollm2", "--device", "cpu", "--text", "The capital of France is"];

#[test]
fn explain_prints_the_document_and_nothing_else() {
    let mut arguments = FRANCE.to_vec();
    arguments.extend(["--method", "saliency", "--method", "grad_x_input", "--read", "log_prob", "--attention", "full"]);
    let output = headlight(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Explanation = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document.output.top[0].text, " Paris");
    assert!((document.output.top[0].prob - 0.7725).abs() < 1e-3);
    assert_eq!(document.attributions.len(), 2);
    assert!(document.attributions.iter().all(|attribution| attribution.values.len() == document.input.tokens.len()));
    let attention = &document.attention[0];
    assert_eq!(attention.values.as_ref().unwrap().len(), 30 * 9 * 5 * 5);
    // The document reads back as it was written.
    let again: Explanation = serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
    assert_eq!(again, document);
}

#[test]
fn the_page_and_the_terminal_show_the_same() {
    for (format, expected) in [("text", "\" Paris\""), ("html", "<code> Paris</code>")] {
        let mut arguments = FRANCE.to_vec();
        arguments.extend(["--format", format]);
        let output = headlight(&arguments);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains(expected), "{format}");
    }
}

#[test]
fn a_folder_is_a_model_too() {
    let cache = headlight_catalogue::cache().unwrap();
    let folder = cache.join("models").join("minilm");
    let folder = folder.to_str().unwrap();
    let output = headlight(&[
        "explain",
        "--model",
        folder,
        "--device",
        "cpu",
        "--text",
        "A cat sat on the mat.",
        "--second-text",
        "A kitten was resting on a rug.",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let document: Explanation = serde_json::from_slice(&output.stdout).unwrap();
    assert!((document.target.value - 0.6356).abs() < 1e-3);
    assert_eq!(document.model.sha256.len(), 64);
}

/// A folder of a test's own with files of registered models in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("headlight-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for (from, to) in files {
            let to = path.join(to);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let from = headlight_catalogue::cache().unwrap().join("models").join(from);
            fs::copy(&from, &to).expect("the models are missing: run `cargo xtask models`");
        }
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn explained(model: &str, more: &[&str]) -> Explanation {
    let mut arguments = vec!["explain", "--device", "cpu", "--attention", "full", "--model", model];
    arguments.extend(more);
    let output = headlight(&arguments);
    assert!(output.status.success(), "{model}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Holds a folder's answer against that of the same model as it is registered.
fn alike(folder: &Explanation, registered: &Explanation) {
    assert_eq!(folder.model.sha256, registered.model.sha256);
    assert_eq!(folder.model.family, registered.model.family);
    assert_eq!((&folder.input, &folder.output), (&registered.input, &registered.output));
    assert_eq!((&folder.target, &folder.attributions), (&registered.target, &registered.attributions));
    assert_eq!(folder.attention, registered.attention);
}

#[test]
fn a_folder_with_an_onnx_model_labels_tokens() {
    let asked = ["--text", "My name is Maria Lopez and I live in Boston.", "--target", "label:B-GIVEN_NAME"];
    let registered = explained("rampart", &asked);
    let at = |piece: &str| registered.input.tokens.iter().position(|token| token.text.eq_ignore_ascii_case(piece));
    let label = |piece: &str| registered.output.labels[at(piece).unwrap()].label.as_str();
    assert_eq!((label("maria"), label("live")), ("B-GIVEN_NAME", "O"));

    let cache = headlight_catalogue::cache().unwrap().join("models/rampart");
    alike(&explained(cache.to_str().unwrap(), &asked), &registered);
    // As its repository has it.
    let small = [("rampart/config.json", "config.json"), ("rampart/tokenizer.json", "tokenizer.json")];
    let weights = "rampart/model_q4.onnx";
    let files = [small[0], small[1], (weights, "onnx/model_quantized.onnx"), (weights, "onnx/model_q4.onnx")];
    let folder = Folder::new("onnx", &files);
    alike(&explained(folder.path(), &asked), &registered);
    let mut named = asked.to_vec();
    named.extend(["--weights", "onnx/model_q4.onnx"]);
    alike(&explained(folder.path(), &named), &registered);
    let inspected = text(&headlight(&["models", "inspect", folder.path()]).stdout);
    assert!(inspected.contains("bert.encoder.layer.0.attention.self.query.weight"), "{inspected}");
}

#[test]
fn a_folder_with_a_marian_model_translates() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/marian-enpt/translations.json");
    let golden: Value = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let first = &golden["sentences"][0];
    let asked = ["--task", "translate", "--text", first["text"].as_str().unwrap()];
    let registered = explained("marian-enpt", &asked);
    assert_eq!(registered.output.text.as_deref(), first["native"].as_str());

    let cache = headlight_catalogue::cache().unwrap().join("models/marian-enpt");
    let folder = explained(cache.to_str().unwrap(), &asked);
    alike(&folder, &registered);
    assert_eq!(folder.attention.len(), 2, "within the text, and from one text to the other");
}

#[test]
fn what_is_no_model_by_its_first_bytes_is_told_so() {
    let small = [("rampart/config.json", "config.json"), ("rampart/tokenizer.json", "tokenizer.json")];
    let folder = Folder::new("none", &small);
    for (name, content, expected) in [
        ("pytorch_model.bin", &b"PK\x03\x04 and so on"[..], "only as pytorch_model.bin, a format that can run code"),
        ("model.bin", b"PK\x03\x04 and so on", "is not a Marian model"),
        ("model.bin", b"\x80\x02}q\x00(X\x05\x00\x00\x00", "is not a Marian model"),
        ("model.bin", b"\x80", "is truncated"),
        ("model.bin", &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0], "is truncated"),
        ("model.onnx", b"PK\x03\x04 and so on", "is not a whole ONNX model"),
        ("model.gguf", b"PK\x03\x04 and so on", "is not a GGUF file"),
    ] {
        fs::write(folder.0.join(name), content).unwrap();
        let output = headlight(&["explain", "--device", "cpu", "--model", folder.path(), "--text", "x"]);
        let message = text(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}");
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        fs::remove_file(folder.0.join(name)).unwrap();
    }
}

#[test]
fn an_unknown_architecture_is_named_beside_the_known_ones() {
    let small = [("rampart/tokenizer.json", "tokenizer.json"), ("rampart/model_q4.onnx", "model.onnx")];
    let folder = Folder::new("unknown", &small);
    fs::write(folder.0.join("config.json"), br#"{"architectures":["MambaForCausalLM"],"model_type":"mamba"}"#).unwrap();
    let message = text(&headlight(&["explain", "--device", "cpu", "--model", folder.path(), "--text", "x"]).stderr);
    assert!(message.contains("\"mamba\" is not one that Headlight can run"), "{message}");
    let known = [
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "gpt2",
        "gpt_neox",
        "bert",
        "distilbert",
        "roberta",
        "electra",
        "marian",
        "t5",
    ];
    assert!(known.iter().all(|known| message.contains(known)), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
}

#[test]
fn what_goes_wrong_is_one_plain_sentence_and_a_failure() {
    let cases: [(&[&str], &str); 5] = [
        (&["explain", "--model", "nothing", "--text", "x"], "There is no model \"nothing\""),
        (&["explain", "--model", "smollm2", "--text", " "], "Type some text first."),
        (&["explain", "--model", "smollm2", "--text", "x", "--target", "next:two words"], "is not a single token"),
        (
            &["explain", "--model", "smollm2", "--text", "x", "--task", "compare", "--second-text", "y"],
            "cannot do the task",
        ),
        (&["explain", "--model", env!("CARGO_MANIFEST_DIR"), "--text", "x"], "holds no model"),
    ];
    for (arguments, expected) in cases {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--device", "cpu"]);
        let output = headlight(&arguments);
        assert!(!output.status.success());
        let message = text(&output.stderr);
        assert!(message.contains(expected), "{message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn models_are_listed_and_inspected() {
    let list = text(&headlight(&["models"]).stdout);
    assert!(list.contains("smollm2") && list.contains("minilm"), "{list}");
    let inspected = text(&headlight(&["models", "inspect", "minilm"]).stdout);
    assert!(
        inspected.contains("embeddings.word_embeddings.weight") && inspected.contains("[30522, 384]"),
        "{inspected}"
    );
}
