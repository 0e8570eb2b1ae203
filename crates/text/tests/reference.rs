//! Token ids and spans against the transformers library's, from the real models' files
//! (`tests/reference/text_ids.py` made the values).
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use serde_json::Value;
use support::{golden, minilm, smollm2};

fn numbers(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn smollm2_ids_equal_transformers() {
    let tokenizer = smollm2();
    let golden = golden("smollm2.json");
    assert_eq!(tokenizer.vocabulary_size() as u64, golden["vocabulary_size"].as_u64().unwrap());
    for case in golden["cases"].as_array().unwrap() {
        let encoding = tokenizer.encode(case["text"].as_str().unwrap(), None).unwrap();
        assert_eq!(encoding.ids, numbers(&case["ids"]), "{}", case["name"]);
        assert!(encoding.type_ids.iter().all(|kind| *kind == 0));
    }
}

#[test]
fn minilm_ids_and_spans_equal_transformers() {
    let tokenizer = minilm();
    let golden = golden("minilm.json");
    assert_eq!(tokenizer.vocabulary_size() as u64, golden["vocabulary_size"].as_u64().unwrap());
    for case in golden["cases"].as_array().unwrap() {
        let name = &case["name"];
        let encoding = tokenizer.encode(case["text"].as_str().unwrap(), case["second"].as_str()).unwrap();
        assert_eq!(encoding.ids, numbers(&case["ids"]), "{name}");
        if let Some(type_ids) = case.get("type_ids") {
            assert_eq!(encoding.type_ids, numbers(type_ids), "{name}");
        }
        let Some(spans) = case.get("spans") else { continue };
        for (token, span) in encoding.tokens.iter().zip(spans.as_array().unwrap()) {
            match span.as_array() {
                Some(span) => {
                    let expected = (span[0].as_u64().unwrap() as usize, span[1].as_u64().unwrap() as usize);
                    assert_eq!((token.start, token.end), expected, "{name}: {token:?}");
                }
                None => assert!(token.special && token.start == token.end, "{name}: {token:?}"),
            }
        }
    }
}

/// Every text of the golden files, and every one of them through both tokenizers.
fn texts() -> Vec<(String, String)> {
    golden("smollm2.json")["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["name"].as_str().unwrap().to_owned(), case["text"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn smollm2_spans_cover_the_text_exactly() {
    let tokenizer = smollm2();
    for (name, text) in texts() {
        let encoding = tokenizer.encode(&text, None).unwrap();
        assert_eq!(encoding.len(), encoding.ids.len());
        let mut at = 0;
        for token in &encoding.tokens {
            // The vocabulary has no token for some control characters, and for the first byte of some planes.
            if !matches!(name.as_str(), "control characters" | "rare planes") {
                assert_eq!(token.start, at, "{name}: {token:?}");
            }
            assert!(at <= token.start && token.start < token.end && token.end <= text.len(), "{name}: {token:?}");
            at = token.end;
            if let Some(covered) = text.get(token.start..token.end) {
                assert_eq!(token.text, covered, "{name}");
            } else {
                assert!(token.text.contains('⟨') && token.text.contains('⟩'), "{name}: {token:?}");
            }
        }
        if name != "control characters" {
            assert_eq!(at, text.len(), "{name}");
        }
    }
}

#[test]
fn smollm2_spans_are_the_bytes_of_the_pieces() {
    // Independent of the walk: what a token covers is what its vocabulary entry decodes to.
    let tokenizer = smollm2();
    for (name, text) in texts() {
        for token in tokenizer.encode(&text, None).unwrap().tokens {
            if name != "control characters" {
                assert_eq!(tokenizer.piece(token.id), token.text, "{name}");
            }
        }
    }
}

#[test]
fn minilm_spans_are_monotone_characters() {
    let tokenizer = minilm();
    for (name, text) in texts() {
        let mut last = (0, 0);
        for token in tokenizer.encode(&text, None).unwrap().tokens {
            assert!(last.0 <= token.start && last.1 <= token.end && token.start <= token.end, "{name}: {token:?}");
            let covered = text.get(token.start..token.end).expect("spans are whole characters");
            // Only a character that was taken apart is covered twice.
            let shared = token.start < last.1;
            assert!(!shared || (token.start, token.end) == last, "{name}: {token:?}");
            assert!(shared || token.special || token.text == covered, "{name}: {token:?}");
            last = (token.start, token.end);
        }
    }
}

#[test]
fn a_syllable_taken_apart_is_covered_by_each_of_its_letters() {
    let tokens = minilm().encode("안", None).unwrap().tokens;
    let found: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.start, token.end, token.word)).collect();
    assert_eq!(
        found,
        [
            ("[CLS]", 0, 0, None),
            ("안", 0, 3, Some(0)),
            ("##\u{1161}", 0, 3, Some(0)),
            ("##\u{11ab}", 0, 3, Some(0)),
            ("[SEP]", 3, 3, None),
        ]
    );
}
