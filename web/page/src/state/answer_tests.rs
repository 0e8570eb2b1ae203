use headlight_document::{OutputToken, SpanCandidate, TokenLabel};
use serde_json::json;

use super::*;

fn document(kind: &str, task: &str, text: &str, pieces: &[(&str, bool)]) -> Explanation {
    let mut end = 0;
    let tokens: Vec<_> = pieces
        .iter()
        .enumerate()
        .map(|(id, (piece, special))| {
            let start = if *special { end } else { text[end..].find(piece).map_or(end, |at| end + at) };
            end = if *special { end } else { start + piece.len() };
            json!({ "id": id, "text": piece, "start": start, "end": end, "special": special, "word": (!special).then_some(id) })
        })
        .collect();
    serde_json::from_value(json!({
        "schema": "", "attributions": [], "attention": [], "warnings": [], "timing_ms": {},
        "model": { "id": "", "title": "", "sha256": "", "family": "", "layers": 1, "heads": 1, "key_value_heads": 1,
            "license": "", "device": "" },
        "input": { "task": task, "text": text, "tokens": tokens },
        "output": { "top": [] },
        "target": { "kind": kind, "position": null, "id": null, "text": "", "read": "logit", "value": 1.0 },
    }))
    .unwrap()
}

fn candidate(id: u32, text: &str, logit: f64, prob: f64) -> Candidate {
    Candidate { id, text: text.into(), logit, prob }
}

fn candidates(answer: &Answer) -> &List {
    answer.lists.iter().find(|list| list.name == "candidates").unwrap()
}

#[test]
fn a_candidate_that_is_explained_is_the_one_that_is_aimed_at() {
    let mut shown = document("next_token", "continue", "a", &[("a", false)]);
    shown.output.top = vec![candidate(7, " b", 2.0, 0.7), candidate(8, " c", 1.0, 0.2)];
    (shown.target.id, shown.target.position) = (Some(8), Some(0));
    let answer = answer(&shown);
    let list = candidates(&answer);
    assert_eq!(list.bars[1].aim, current(&shown));
    assert_ne!(list.bars[0].aim, current(&shown));
    assert!((list.rest.unwrap() - 0.1).abs() < 1e-12);
    assert_eq!(list.bars[0].label, "·b");
}

#[test]
fn labels_are_worded_by_what_their_probabilities_are() {
    let mut shown = document("class", "classify", "a", &[("a", false)]);
    let caption = |shown: &Explanation| candidates(&answer(shown)).caption.clone();
    shown.output.top = vec![candidate(1, "good", 2.0, 0.75), candidate(0, "bad", 1.0, 0.25)];
    shown.target.text = "good".into();
    assert!(caption(&shown).contains("exactly one"));
    assert_eq!(candidates(&answer(&shown)).bars[0].aim, current(&shown));
    assert_eq!(current(&shown).to_string(), "label:good");
    shown.output.top[0].prob = 0.9;
    assert!(caption(&shown).contains("on its own"));
    shown.target.position = Some(0);
    assert!(caption(&shown).contains("first token"));
    assert_eq!(current(&shown).to_string(), "label:good", "a prompt's token is no token of the text");
    shown.target.position = None;
    shown.output.top = vec![candidate(0, "stars", -2.5, -2.5)];
    let stars = answer(&shown);
    assert!(candidates(&stars).caption.contains("a number"));
    assert_eq!((candidates(&stars).bars[0].share, &*candidates(&stars).bars[0].figure), (1.0, "−2.500"));
}

#[test]
fn tokens_of_one_entity_stand_together() {
    let pieces = [("[CLS]", true), ("Ma", false), ("ria", false), ("met", false), ("Bob", false), ("Al", false)];
    let mut shown = document("token_label", "label", "Maria met Bob Al", &pieces);
    shown.input.tokens[2].word = shown.input.tokens[1].word;
    let labels = ["O", "B-NAME", "B-NAME", "O", "B-NAME", "B-NAME"];
    let label = |label: &&str| TokenLabel { label: (*label).into(), prob: 0.9 };
    shown.output.labels = labels.iter().map(label).collect();
    shown.output.labels[2].prob = 0.5;
    (shown.target.position, shown.target.text) = (Some(4), "B-NAME".into());
    shown.output.top = vec![candidate(3, "B-NAME", 5.0, 0.9)];
    let found = answer(&shown);
    let spans = &found.lists[0];
    let shown_spans: Vec<&str> = spans.bars.iter().map(|bar| bar.label.as_str()).collect();
    // Two pieces of one word are one name; two names side by side are two.
    assert_eq!(shown_spans, ["Maria · NAME", "Bob · NAME", "Al · NAME"]);
    assert_eq!(spans.bars[0].prob, 0.5);
    assert_eq!(spans.bars[1].aim, current(&shown));
    let text: String = found.parts.iter().map(|part| format!("{}{}", part.gap, part.text)).collect();
    assert_eq!(text, "Maria met Bob Al");
    let behind: Vec<bool> = found.parts.iter().map(|part| part.label.is_some()).collect();
    assert_eq!(behind, [false, true, false, true, true]);
    assert_eq!(found.parts[2].hue, None);
    assert_eq!(found.parts[0].aim.as_ref().unwrap().to_string(), "label:B-NAME@1");
    assert_eq!(entity("I-GIVEN-NAME"), ("GIVEN-NAME", false));
    assert_eq!(entity("NOUN"), ("NOUN", false));
}

#[test]
fn an_answer_is_marked_in_its_passage_and_others_can_be_chosen() {
    let mut shown =
        document("answer_span", "answer", "Zoë lives here", &[("[CLS]", true), ("Zoë", false), ("lives", false)]);
    let span = |start, end, text: &str| SpanCandidate { start, end, text: text.into(), logit: 3.0, prob: 0.4 };
    shown.output.spans = vec![span(1, 1, "Zoë"), span(1, 2, "Zoë lives")];
    (shown.target.position, shown.target.end, shown.target.text) = (Some(1), Some(2), "Zoë lives".into());
    let found = answer(&shown);
    let texts: Vec<(&str, bool)> = found.parts.iter().map(|part| (&*part.text, part.marked)).collect();
    assert_eq!(texts, [("", false), ("Zoë lives", true), (" here", false)]);
    assert_eq!(candidates(&found).bars[1].aim, current(&shown));
    assert!(sentence(&shown).0.contains("both logits"));
    // A document that says nonsense of its tokens is shown without the mark.
    shown.target.end = Some(99);
    assert!(answer(&shown).parts.is_empty());
}

#[test]
fn every_written_word_can_be_chosen() {
    let mut shown = document("output_token", "translate", "cat", &[("cat", false), ("</s>", true)]);
    let token = |id, text: &str, special| OutputToken { id, text: text.into(), special, prob: 0.5 };
    shown.output.tokens = vec![token(4, " gato", false), token(0, "</s>", true)];
    shown.output.top = vec![candidate(4, " gato", 2.0, 0.5)];
    (shown.target.position, shown.target.id, shown.target.text) = (Some(0), Some(4), " gato".into());
    let translated = answer(&shown);
    assert_eq!(translated.parts[0].aim.as_ref().unwrap().to_string(), "output@0");
    assert_eq!((&*translated.parts[0].gap, &*translated.parts[0].text), ("", "gato"));
    assert_eq!(candidates(&translated).bars[0].aim, current(&shown));
    assert_eq!(current(&shown).to_string(), "output:#4@0");
    assert!(sentence(&shown).2.contains("token 1 of the translation"));
}

#[test]
fn a_mask_is_filled_and_the_others_wait() {
    let pieces = [("A", false), ("[MASK]", false), ("and", false), ("[MASK]", false)];
    let mut shown = document("masked_word", "fill", "A [MASK] and [MASK].", &pieces);
    for at in [1, 3] {
        shown.input.tokens[at].id = 103;
    }
    (shown.target.position, shown.target.id, shown.target.text) = (Some(3), Some(9), "dog".into());
    let text: String = answer(&shown).parts.iter().map(|part| format!("{}{}", part.gap, part.text)).collect();
    assert_eq!(text, "A [MASK] and dog.");
    let other = &answer(&shown).parts[0];
    assert_eq!(other.aim.as_ref().unwrap().to_string(), "mask@1");
    assert!(answer(&shown).parts[1].marked);
}
