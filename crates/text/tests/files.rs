//! Tokenizers without a `tokenizer.json`, of GGUF files, and of the Unigram kind: ids, types and decoded text against the
//! reference libraries' (`tests/reference/text_files.py` made the tokenizers and the values).
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::path::PathBuf;

use headlight_text::{Encoding, GgufVocabulary, TextError as E, Tokenizer, TokenizerFiles};
use serde_json::Value;
use support::{golden, model_path};

fn file(folder: &str, name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/text/files").join(folder);
    std::fs::read(folder.join(name)).ok()
}

/// A tokenizer out of one golden folder's files.
fn from_folder(folder: &str) -> Tokenizer {
    let names = ["tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json"];
    let [json, words, vocab, merges, config] = names.map(|name| file(folder, name));
    let (map, added) = (file(folder, "special_tokens_map.json"), file(folder, "added_tokens.json"));
    let files = TokenizerFiles {
        tokenizer_json: json.as_deref(),
        vocab_txt: words.as_deref(),
        vocab_json: vocab.as_deref(),
        merges_txt: merges.as_deref(),
        tokenizer_config: config.as_deref(),
        special_tokens_map: map.as_deref(),
        added_tokens: added.as_deref(),
    };
    Tokenizer::from_files(&files).unwrap_or_else(|error| panic!("{folder}: {error}"))
}

fn gguf(vocabulary: &Value) -> GgufVocabulary {
    fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
        if value.is_null() { Vec::new() } else { serde_json::from_value(value.clone()).unwrap() }
    }
    let id = |key: &str| vocabulary[key].as_u64().map(|id| id as u32);
    GgufVocabulary {
        model: vocabulary["model"].as_str().unwrap().to_owned(),
        pre: vocabulary["pre"].as_str().unwrap_or_default().to_owned(),
        tokens: list(&vocabulary["tokens"]),
        merges: list(&vocabulary["merges"]),
        scores: list(&vocabulary["scores"]),
        token_types: list(&vocabulary["token_types"]),
        bos: id("bos"),
        eos: id("eos"),
        unk: id("unk"),
        pad: id("pad"),
        cls: id("cls"),
        sep: id("sep"),
        mask: id("mask"),
        add_bos: vocabulary["add_bos"].as_bool(),
        add_eos: false,
        add_space_prefix: vocabulary["add_space_prefix"].as_bool(),
    }
}

fn numbers(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

/// What holds for spans whatever the tokenizer: they are in the text and never go back.
fn check_spans(encoding: &Encoding, texts: [&str; 2], name: &str) {
    let mut last = [0, 0];
    for token in &encoding.tokens {
        let text = texts[token.sequence];
        assert!(token.start <= token.end && token.end <= text.len(), "{name}: {token:?}");
        assert!(last[token.sequence] <= token.start, "{name}: {token:?}");
        last[token.sequence] = token.start;
        assert!(!token.text.is_empty(), "{name}: {token:?}");
    }
}

fn equal(tokenizer: &Tokenizer, golden: &Value, kind: &str) {
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 24, "{kind}: {} cases", cases.len());
    for case in cases {
        let name = format!("{kind}, {}", case["name"]);
        let (text, second) = (case["text"].as_str().unwrap(), case["second"].as_str());
        let encoding = match case["limit"].as_u64() {
            None => tokenizer.encode(text, second).unwrap(),
            Some(limit) => {
                let fitted = tokenizer.encode_within(text, second, limit as usize).unwrap();
                let cut = fitted.cut.unwrap();
                let whole = tokenizer.encode(text, second).unwrap();
                assert_eq!(cut.tokens, whole.len() - fitted.encoding.len(), "{name}");
                let left_out = &[text, second.unwrap_or_default()][cut.sequence][cut.at..];
                assert!(!left_out.is_empty() && text.len() + second.map_or(0, str::len) > left_out.len(), "{name}");
                fitted.encoding
            }
        };
        let ids = numbers(&case["ids"]);
        assert_eq!(encoding.ids, ids, "{name}: {text:?}");
        assert_eq!((encoding.tokens.len(), encoding.type_ids.len()), (ids.len(), ids.len()), "{name}");
        check_spans(&encoding, [text, second.unwrap_or_default()], &name);
        if let Some(types) = case.get("type_ids") {
            assert_eq!(encoding.type_ids, numbers(types), "{name}");
        }
        if let Some(decoded) = case["decoded"].as_str() {
            assert_eq!(tokenizer.decode(&ids).unwrap(), decoded, "{name}");
        }
    }
}

macro_rules! folders {
    ($($test:ident: $folder:literal,)*) => {$(
        #[test]
        fn $test() {
            let golden = serde_json::from_slice(&file($folder, "ids.json").unwrap()).unwrap();
            equal(&from_folder($folder), &golden, $folder);
        }
    )*};
}

folders! {
    bert_of_a_vocab_txt: "bert",
    bert_with_settings: "bert-cased",
    gpt2_of_a_vocab_json: "gpt2",
    gpt2_with_settings_and_added_tokens: "gpt2-added",
    roberta_of_a_vocab_json: "roberta",
    roberta_with_a_mask_that_takes_the_space_before_it: "roberta-mask",
    qwen2_of_a_vocab_json: "qwen2",
    t5_of_a_tokenizer_json: "t5",
}

macro_rules! ggufs {
    ($($test:ident: $folder:literal,)*) => {$(
        #[test]
        fn $test() {
            let golden: Value = serde_json::from_slice(&file($folder, "ids.json").unwrap()).unwrap();
            equal(&Tokenizer::from_gguf(gguf(&golden["vocabulary"])).unwrap(), &golden, $folder);
        }
    )*};
}

ggufs! {
    gguf_with_llama3_s_rule: "gguf-llama-bpe",
    gguf_with_qwen2_s_rule: "gguf-qwen2",
    gguf_of_sentencepiece: "gguf-llama",
    gguf_of_sentencepiece_without_a_space_before: "gguf-llama-plain",
    gguf_of_wordpiece: "gguf-bert",
}

#[test]
fn marian_s_tokenizers_end_in_their_last_token() {
    for pair in ["enpt", "pten"] {
        let Ok(json) = std::fs::read(model_path(&format!("marian-{pair}/tokenizer.json"))) else { continue };
        let tokenizer = Tokenizer::from_json(&json).unwrap().ending_in("</s>").unwrap();
        equal(&tokenizer, &golden(&format!("files/marian-{pair}.json")), pair);
        assert_eq!(tokenizer.eos(), Some(0));
    }
}

/// Two words, and the tokens that BERT needs.
const WORDS: &[u8] = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nlamp\n##s\n";

fn refused(files: TokenizerFiles<'_>) -> E {
    let error = Tokenizer::from_files(&files).unwrap_err();
    assert!(error.to_string().ends_with('.') && !error.to_string().contains('\n'), "one sentence: {error}");
    error
}

fn words(text: &[u8]) -> TokenizerFiles<'_> {
    TokenizerFiles { vocab_txt: Some(text), ..TokenizerFiles::default() }
}

fn bytes<'a>(vocab: &'a [u8], merges: &'a [u8]) -> TokenizerFiles<'a> {
    TokenizerFiles { vocab_json: Some(vocab), merges_txt: Some(merges), ..TokenizerFiles::default() }
}

#[test]
fn folders_that_have_no_tokenizer() {
    assert_eq!(refused(TokenizerFiles::default()), E::NoTokenizer);
    let only = TokenizerFiles { vocab_json: Some(b"{}"), ..TokenizerFiles::default() };
    assert_eq!(refused(only), E::NoTokenizer);
    let gpt2 = TokenizerFiles { tokenizer_config: Some(br#"{"tokenizer_class":"GPT2Tokenizer"}"#), ..words(WORDS) };
    assert_eq!(refused(gpt2), E::NoTokenizer);
    let class = TokenizerFiles { tokenizer_config: Some(br#"{"tokenizer_class":"XLMTokenizer"}"#), ..words(WORDS) };
    assert!(matches!(refused(class), E::UnsupportedClass { class } if class == "XLMTokenizer"));
}

#[test]
fn files_that_are_not_what_they_should_be() {
    assert!(matches!(refused(words(b"")), E::MissingSpecial { role: "cls" }));
    assert!(matches!(refused(words(b"[CLS]\n[SEP]")), E::MissingSpecial { role: "unk" }));
    assert!(matches!(refused(words(b"\xFF")), E::InvalidTokenizer { .. }));
    for json in [&b"["[..], b"[]", b"{\"a\":-1}", b"{\"a\":\"b\"}", b"{\"a\":4294967295}", b"{\"a\":1,\"b\":1}"] {
        assert!(matches!(refused(bytes(json, b"")), E::InvalidTokenizer { .. }), "{}", String::from_utf8_lossy(json));
    }
    assert!(matches!(refused(bytes(b"{\"a\":0}", b"a")), E::InvalidMerge { .. }));
    assert!(matches!(refused(bytes(b"{\"a\":0}", b"a b c")), E::InvalidMerge { .. }));
    assert!(matches!(refused(bytes(b"{\"a\":0}", b"a b")), E::InvalidTokenizer { .. }));
    assert!(matches!(refused(bytes(b"{\"a\":0}", b"\xFF")), E::InvalidTokenizer { .. }));
    for config in
        [&b"x"[..], b"[]", br#"{"cls_token":7}"#, br#"{"cls_token":""}"#, br#"{"mask_token":{"lstrip":true}}"#]
    {
        let files = TokenizerFiles { tokenizer_config: Some(config), ..words(WORDS) };
        assert!(matches!(refused(files), E::InvalidTokenizer { .. }), "{}", String::from_utf8_lossy(config));
    }
    let named = TokenizerFiles { special_tokens_map: Some(br#"{"cls_token":"<s>"}"#), ..words(WORDS) };
    assert!(matches!(refused(named), E::MissingSpecial { role: "cls" }));
}

#[test]
fn added_tokens_get_the_ids_that_they_should() {
    let added = |json: &'static [u8]| TokenizerFiles { added_tokens: Some(json), ..words(WORDS) };
    let tokenizer = Tokenizer::from_files(&added(br#"{"<b>": 9, "<a>": 8}"#)).unwrap();
    assert_eq!(tokenizer.encode("<b> lamps <a>", None).unwrap().ids, [2, 9, 6, 7, 8, 3]);
    assert_eq!(refused(added(br#"{"<a>": 10}"#)), E::AddedTokenId { token: "<a>".into(), wanted: 10, found: 8 });
    // A token that the vocabulary has elsewhere.
    assert!(matches!(refused(added(br#"{"lamp": 8}"#)), E::AddedTokenId { found: 6, .. }));
    for json in [&br#"{"<a>": -1}"#[..], br#"{"<a>": 1e9}"#, br#"{"<a>": "8"}"#, br#"{"<a>": 4294967295}"#] {
        let files = TokenizerFiles { added_tokens: Some(json), ..words(WORDS) };
        assert!(matches!(refused(files), E::InvalidTokenizer { .. }));
    }
    let config = br#"{"added_tokens_decoder":{"x":{"content":"<a>"}}}"#;
    let files = TokenizerFiles { tokenizer_config: Some(config), ..words(WORDS) };
    assert!(matches!(refused(files), E::InvalidTokenizer { .. }));
}

#[test]
fn settings_say_what_special_tokens_are_for() {
    let config = br#"{"cls_token":"[SEP]","sep_token":{"content":"[CLS]"},"pad_token":null}"#;
    let map = br#"{"cls_token":"[MASK]","pad_token":"[MASK]"}"#;
    let files = TokenizerFiles { tokenizer_config: Some(config), special_tokens_map: Some(map), ..words(WORDS) };
    let tokenizer = Tokenizer::from_files(&files).unwrap();
    assert_eq!(tokenizer.encode("the", None).unwrap().ids, [3, 5, 2]);
    assert_eq!((tokenizer.cls(), tokenizer.sep(), tokenizer.pad()), (Some(3), Some(2), Some(4)));
    // A tokenizer.json has no names for its roles, and the settings have.
    let json = support::tiny_bert_json();
    let files = TokenizerFiles { tokenizer_json: Some(&json), tokenizer_config: Some(config), ..words(WORDS) };
    let tokenizer = Tokenizer::from_files(&files).unwrap();
    assert_eq!((tokenizer.cls(), tokenizer.mask()), (Some(3), Some(4)));
    assert_eq!(tokenizer.encode("the", None).unwrap().ids, [2, 6, 3]);
}

#[test]
fn lines_end_as_in_python_s_text_files() {
    let windows = String::from_utf8(WORDS.to_vec()).unwrap().replace('\n', "\r\n");
    let tokenizer = Tokenizer::from_files(&words(windows.as_bytes())).unwrap();
    assert_eq!(tokenizer.encode("the lamps", None).unwrap().ids, [2, 5, 6, 7, 3]);
    assert_eq!(tokenizer.vocabulary_size(), 8);
}

#[test]
fn a_question_is_kept_and_its_text_is_cut() {
    let tokenizer = Tokenizer::from_files(&words(WORDS)).unwrap();
    let fit = |limit: usize| tokenizer.encode_within("the lamp", Some("lamps the lamps"), limit);
    let whole = fit(10).unwrap();
    assert_eq!((whole.encoding.len(), whole.cut), (10, None));
    let cut = fit(8).unwrap();
    assert_eq!(cut.encoding.ids, [2, 5, 6, 3, 6, 7, 5, 3]);
    assert_eq!(cut.encoding.type_ids, [0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(cut.cut, Some(headlight_text::Cut { sequence: 1, at: 10, tokens: 2 }));
    let last = cut.encoding.tokens.last().unwrap();
    assert_eq!((last.start, last.end, last.special), (10, 10, true));
    assert_eq!(fit(6).unwrap().encoding.ids, [2, 5, 6, 3, 6, 3]);
    assert_eq!(fit(5), Err(E::DoesNotFit { tokens: 10, limit: 5 }));
    let alone = tokenizer.encode_within("the lamps", None, 4).unwrap();
    assert_eq!((alone.encoding.ids, alone.cut.unwrap().at), (vec![2, 5, 6, 3], 8));
    assert!(matches!(tokenizer.encode_within("the", None, 2), Err(E::DoesNotFit { .. })));
    assert!(matches!(tokenizer.encode_within("", None, 1), Err(E::DoesNotFit { .. })));
}

#[test]
fn bytes_of_a_character_stand_by_themselves() {
    let golden: Value = serde_json::from_slice(&file("gguf-llama", "ids.json").unwrap()).unwrap();
    let tokenizer = Tokenizer::from_gguf(gguf(&golden["vocabulary"])).unwrap();
    let tokens = tokenizer.encode("a🧭b", None).unwrap().tokens;
    let found: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.start, token.end)).collect();
    assert_eq!(
        found,
        [("<s>", 0, 0), ("a", 0, 1), ("⟨F0⟩", 1, 2), ("⟨9F⟩", 2, 3), ("⟨A7⟩", 3, 4), ("⟨AD⟩", 4, 5), ("b", 5, 6)]
    );
}

#[test]
fn gguf_vocabularies_that_do_not_fit_together() {
    let golden: Value = serde_json::from_slice(&file("gguf-llama", "ids.json").unwrap()).unwrap();
    let spm = |change: fn(&mut GgufVocabulary)| {
        let mut vocabulary = gguf(&golden["vocabulary"]);
        change(&mut vocabulary);
        Tokenizer::from_gguf(vocabulary)
    };
    assert!(matches!(spm(|it| it.scores.truncate(3)), Err(E::ScoresLength { scores: 3, .. })));
    assert!(matches!(spm(|it| it.scores[9] = f32::NAN), Err(E::InvalidTokenizer { .. })));
    assert!(matches!(spm(|it| it.token_types.truncate(3)), Err(E::TypesLength { types: 3, .. })));
    assert!(matches!(spm(|it| it.tokens[9] = it.tokens[8].clone()), Err(E::DuplicateToken { .. })));
    assert!(matches!(spm(|it| it.bos = None), Err(E::MissingSpecial { role: "bos" })));
    assert!(matches!(spm(|it| it.mask = Some(1 << 20)), Err(E::MissingSpecial { role: "mask" })));
    // The unknown token's type says which it is, where its id doesn't.
    assert!(spm(|it| it.unk = None).is_ok());
    assert!(matches!(
        spm(|it| {
            it.unk = None;
            it.token_types.clear();
        }),
        Err(E::MissingSpecial { role: "unk" })
    ));
    assert!(matches!(
        spm(|it| {
            it.bos = None;
            it.add_bos = None;
        }),
        Err(E::MissingSpecial { role: "bos" })
    ));
    let ends = spm(|it| it.add_eos = true).unwrap().encode("", None).unwrap();
    assert_eq!(ends.ids, [1, 2]);
    let bert =
        GgufVocabulary { model: "bert".into(), tokens: vec!["[UNK]".into()], unk: Some(0), ..Default::default() };
    assert!(matches!(Tokenizer::from_gguf(bert), Err(E::MissingSpecial { role: "cls" })));
}

#[test]
fn long_texts_of_few_characters_stay_fast() {
    let folders = ["qwen2", "roberta", "t5"].map(|folder| (folder, from_folder(folder)));
    let ggufs = ["gguf-llama", "gguf-llama-bpe"].map(|folder| {
        let golden: Value = serde_json::from_slice(&file(folder, "ids.json").unwrap()).unwrap();
        (folder, Tokenizer::from_gguf(gguf(&golden["vocabulary"])).unwrap())
    });
    for (name, tokenizer) in folders.iter().chain(&ggufs) {
        for unit in ["a", " ", "\n", "1", "!", "好", "a ", " \n", "<s>", "'s", "\u{4}", "▁"] {
            let text = unit.repeat(headlight_text::MAX_TEXT_BYTES / unit.len());
            let started = std::time::Instant::now();
            tokenizer.encode(&text, None).unwrap();
            let seconds = started.elapsed().as_secs_f64();
            assert!(seconds < 20.0, "{name}, {unit:?}: {seconds} s");
        }
    }
}
