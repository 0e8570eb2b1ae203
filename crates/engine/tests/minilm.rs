//! MiniLM against the transformers library, text by text (`tests/golden/minilm`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its worst error"
)]

#[allow(dead_code, reason = "what tests share is not all used by each")]
mod common;

use headlight_document::{Method, Request, Task};
use headlight_engine::{EngineError, Quiet, answer};
use pollster::block_on;

use common::{attributions_off, check_attention, check_ids, clock, golden, open};

#[test]
fn answers_are_those_of_the_transformers_library() {
    let (model, chosen) = open("minilm");
    for (name, golden) in golden("minilm") {
        let mut request = Request::new("minilm", Task::Compare, golden["text"].as_str().unwrap());
        request.second_text = Some(golden["second_text"].as_str().unwrap().to_owned());
        request.methods = vec![Method::Saliency, Method::GradXInput];
        let found = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap();

        check_ids(&found, &golden);
        let attention = check_attention(&found.attention[0], &golden["attention"]);
        assert!(attention < 1e-4, "{name}: attention off by {attention}");
        let value = (found.target.value - golden["target"]["value"].as_f64().unwrap()).abs();
        assert!(value < 1e-3, "{name}: value off by {value}");
        let off = attributions_off(&found, &golden["target"]);
        println!(
            "{name:12} {:3} tokens: attention off by {attention:.1e}, cosine {value:.1e}, saliency {:.1e}, grad_x_input {:.1e} relative",
            found.input.tokens.len(),
            off[0],
            off[1]
        );
        assert!(off.iter().all(|off| *off < 1e-3), "{name}: {off:?}");
    }
}

#[test]
fn a_text_beyond_the_context_is_refused_in_a_sentence() {
    let (model, chosen) = open("minilm");
    let mut request = Request::new("minilm", Task::Compare, "word ".repeat(600));
    request.second_text = Some("word".to_owned());
    let error = block_on(answer(&model, &chosen.info, &request, &Quiet, clock)).unwrap_err();
    assert!(matches!(error, EngineError::Explain(_)));
    assert_eq!(error.to_string(), "The text has 602 tokens; this model reads at most 512 at once.");
}
