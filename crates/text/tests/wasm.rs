//! The same tokenizing in wasm.
//!
//! Without the standard test harness: a wasm standard library built from source has none, and the tests' runner
//! doesn't need it.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

#[cfg(target_arch = "wasm32")]
mod support;

#[cfg(target_arch = "wasm32")]
mod tests {
    use crate::support::{tiny, tiny_bert};
    use headlight_text::{Tokenizer, TokenizerFiles};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn an_emoji_is_split_into_its_bytes() {
        let json = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
            "post_processor": null,
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
            "model": {"type": "BPE", "vocab": {"a": 0, "Ġ": 1, "ð": 2, "Ł": 3, "ĺ": 4, "Ģ": 5, "ðŁ": 6, "Ġa": 7},
                      "merges": ["ð Ł", "Ġ a"]}
        });
        let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).unwrap();
        let encoding = tokenizer.encode("a😀 a", None).unwrap();
        assert_eq!(encoding.ids, [0, 6, 4, 5, 7]);
        let spans: Vec<_> = encoding.tokens.iter().map(|token| (token.start, token.end)).collect();
        assert_eq!(spans, [(0, 1), (1, 3), (3, 4), (4, 5), (5, 7)]);
        assert_eq!(encoding.tokens[1].text, "⟨F0 9F⟩");
    }

    #[wasm_bindgen_test]
    fn a_gguf_vocabulary_works() {
        assert_eq!(tiny().encode("x😀 ab", None).unwrap().len(), 6);
        assert!(tiny().encode(&"a".repeat(100_001), None).is_err());
    }

    #[wasm_bindgen_test]
    fn bert_works() {
        let encoding = tiny_bert().encode("Café plays", Some("the")).unwrap();
        assert_eq!(encoding.ids, [2, 10, 7, 9, 3, 6, 3]);
    }

    #[wasm_bindgen_test]
    fn a_vocab_txt_works_and_decodes() {
        let words = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nlamp\n##s\n";
        let files = TokenizerFiles { vocab_txt: Some(words), ..TokenizerFiles::default() };
        let tokenizer = Tokenizer::from_files(&files).unwrap();
        let ids = tokenizer.encode("The lamps", None).unwrap().ids;
        assert_eq!(ids, [2, 5, 6, 7, 3]);
        assert_eq!(tokenizer.decode(&ids).unwrap(), "the lamps");
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
