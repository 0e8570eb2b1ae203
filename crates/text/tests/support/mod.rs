//! What the tests of this room share: the real models' tokenizers, golden files, and a tiny tokenizer.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

use headlight_text::{GgufVocabulary, Tokenizer};
use headlight_weights::GgufFile;
use serde_json::json;

/// Where a file of a model is or would be that `cargo xtask models` has fetched.
pub fn model_path(path: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("HEADLIGHT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("headlight")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/headlight")))
        .expect("one of HEADLIGHT_CACHE, XDG_CACHE_HOME and HOME is set");
    cache.join("models").join(path)
}

/// The path of a file of a model that `cargo xtask models` has fetched.
fn model_file(path: &str) -> PathBuf {
    let file = model_path(path);
    assert!(file.is_file(), "the model file {path} is not in the cache: run cargo xtask models");
    file
}

/// SmolLM2's vocabulary as its GGUF file has it.
pub fn smollm2_vocabulary() -> GgufVocabulary {
    let file = File::open(model_file("smollm2/model.gguf")).unwrap();
    let file = GgufFile::open(file).unwrap();
    let metadata = file.metadata();
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    GgufVocabulary {
        model: metadata.string(&key("model")).unwrap().to_owned(),
        pre: metadata.string(&key("pre")).unwrap().to_owned(),
        tokens: metadata.strings(&key("tokens")).unwrap().to_vec(),
        merges: metadata.strings(&key("merges")).unwrap().to_vec(),
        token_types: metadata.i32s(&key("token_type")).unwrap().to_vec(),
        bos: metadata.u32(&key("bos_token_id")),
        eos: metadata.u32(&key("eos_token_id")),
        unk: metadata.u32(&key("unknown_token_id")),
        pad: metadata.u32(&key("padding_token_id")),
        add_bos: metadata.bool(&key("add_bos_token")),
        ..GgufVocabulary::default()
    }
}

pub fn smollm2() -> Tokenizer {
    Tokenizer::from_gguf(smollm2_vocabulary()).unwrap()
}

pub fn minilm() -> Tokenizer {
    Tokenizer::from_json(&std::fs::read(model_file("minilm/tokenizer.json")).unwrap()).unwrap()
}

/// The parsed JSON of a committed golden file.
pub fn golden(name: &str) -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/text").join(name);
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// A byte-level vocabulary of all bytes, in the order of GPT-2's alphabet, two control tokens and a few merges.
pub fn tiny_vocabulary() -> GgufVocabulary {
    let mut tokens: Vec<String> = vec!["<|end|>".into(), "<|start|>".into()];
    let mut types = vec![3, 3];
    let plain = (0x21..=0x7E).chain(0xA1..=0xAC).chain(0xAE..=0xFF).chain(0x100..=0x143_u32);
    tokens.extend(plain.filter_map(char::from_u32).map(String::from).collect::<BTreeSet<_>>());
    // "Ġa", "ab", and the first two bytes of most emoji.
    let merges = ["Ġ a", "a b", "ð Ł"].map(String::from).to_vec();
    tokens.extend(merges.iter().map(|merge| merge.replace(' ', "")));
    types.resize(tokens.len(), 1);
    GgufVocabulary {
        model: "gpt2".into(),
        pre: "smollm".into(),
        tokens,
        merges,
        token_types: types,
        bos: Some(1),
        eos: Some(0),
        unk: None,
        pad: Some(0),
        ..GgufVocabulary::default()
    }
}

pub fn tiny() -> Tokenizer {
    Tokenizer::from_gguf(tiny_vocabulary()).unwrap()
}

/// A `tokenizer.json` of BERT's kind, with a truncation and a padding that must not be obeyed.
pub fn tiny_bert_json() -> Vec<u8> {
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "paris", "the", "play", "##ing", "##s", "cafe", "."];
    let vocab: serde_json::Map<String, serde_json::Value> =
        words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let added: Vec<serde_json::Value> = (0..5)
        .map(|id| {
            json!({"id": id, "special": true, "content": words[id], "single_word": false, "lstrip": false,
                   "rstrip": false, "normalized": false})
        })
        .collect();
    let special = |id: usize| json!({"id": words[id], "ids": [id], "tokens": [words[id]]});
    json!({
        "version": "1.0",
        "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                     {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
            "special_tokens": {"[CLS]": special(2), "[SEP]": special(3)}
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab}
    })
    .to_string()
    .into_bytes()
}

pub fn tiny_bert() -> Tokenizer {
    Tokenizer::from_json(&tiny_bert_json()).unwrap()
}
