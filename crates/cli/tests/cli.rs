//! The command as a person runs it: what it prints, and how it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use headlight_document::Explanation;

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
