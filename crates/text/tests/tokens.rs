//! Spans, display pieces, words, special tokens and refusals.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::time::{Duration, Instant};

use headlight_text::{GgufVocabulary, MAX_TEXT_BYTES, TextError as E, Token, Tokenizer};
use support::{minilm, smollm2, smollm2_vocabulary, tiny, tiny_bert, tiny_vocabulary};

/// Text, start and end of each token.
fn spans(tokens: &[Token]) -> Vec<(&str, usize, usize)> {
    tokens.iter().map(|token| (token.text.as_str(), token.start, token.end)).collect()
}

#[test]
fn a_character_split_over_tokens_keeps_its_bytes() {
    let encoding = tiny().encode("x😀 ab", None).unwrap();
    assert_eq!(
        spans(&encoding.tokens),
        [("x", 0, 1), ("⟨F0 9F⟩", 1, 3), ("⟨98⟩", 3, 4), ("⟨80⟩", 4, 5), (" a", 5, 7), ("b", 7, 8)]
    );
    let words: Vec<_> = encoding.tokens.iter().map(|token| token.word.unwrap()).collect();
    assert_eq!(words, [0, 1, 1, 1, 2, 2]);
}

#[test]
fn a_control_token_typed_in_the_text_is_special() {
    let encoding = tiny().encode("a<|end|>b", None).unwrap();
    assert_eq!(spans(&encoding.tokens), [("a", 0, 1), ("<|end|>", 1, 8), ("b", 8, 9)]);
    assert_eq!(encoding.ids[1], 0);
    assert_eq!(encoding.tokens.iter().map(|token| token.special).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(encoding.tokens.iter().map(|token| token.word).collect::<Vec<_>>(), [Some(0), None, Some(1)]);
}

#[test]
fn a_first_token_where_the_file_wants_one() {
    let tokenizer = Tokenizer::from_gguf(GgufVocabulary { add_bos: Some(true), ..tiny_vocabulary() }).unwrap();
    let encoding = tokenizer.encode("ab", None).unwrap();
    assert_eq!(spans(&encoding.tokens), [("<|start|>", 0, 0), ("ab", 0, 2)]);
    assert!(encoding.tokens[0].special);
    assert_eq!(tokenizer.encode("", None).unwrap().ids, [1]);
}

#[test]
fn a_token_that_a_user_defined_is_found_whole_and_is_no_special() {
    let mut vocabulary = tiny_vocabulary();
    vocabulary.tokens.push("hello".into());
    vocabulary.token_types.push(4);
    let tokenizer = Tokenizer::from_gguf(vocabulary).unwrap();
    let encoding = tokenizer.encode("😀hello!", None).unwrap();
    let token = encoding.tokens.iter().find(|token| token.text == "hello").unwrap();
    assert_eq!((token.start, token.end, token.special), (4, 9, false));
    assert_eq!(token.word, Some(1));
}

#[test]
fn bert_wraps_a_text_and_counts_bytes_of_the_original() {
    let tokenizer = tiny_bert();
    let encoding = tokenizer.encode("The PLAYings, Café", None).unwrap();
    assert_eq!(
        spans(&encoding.tokens),
        [
            ("[CLS]", 0, 0),
            ("The", 0, 3),
            ("PLAY", 4, 8),
            ("ing", 8, 11),
            ("s", 11, 12),
            (",", 12, 13),
            ("Café", 14, 19),
            ("[SEP]", 19, 19),
        ]
    );
    let words: Vec<_> = encoding.tokens.iter().map(|token| token.word).collect();
    assert_eq!(words, [None, Some(0), Some(1), Some(1), Some(1), Some(2), Some(3), None]);
    // The comma is unknown to this vocabulary: its id is [UNK]'s, but it is text and not a special token.
    assert_eq!((encoding.ids[5], encoding.tokens[5].special), (1, false));
}

#[test]
fn bert_s_declared_truncation_and_padding_are_not_obeyed() {
    let tokenizer = tiny_bert();
    assert_eq!(tokenizer.encode("the", None).unwrap().len(), 3);
    assert_eq!(tokenizer.encode(&"the ".repeat(50), None).unwrap().len(), 52);
    assert_eq!(minilm().encode(&"the ".repeat(600), None).unwrap().len(), 602);
}

#[test]
fn a_pair_counts_each_text_by_itself() {
    let encoding = tiny_bert().encode("the [SEP] play", Some("paris.")).unwrap();
    assert_eq!(
        spans(&encoding.tokens),
        [
            ("[CLS]", 0, 0),
            ("the", 0, 3),
            ("[SEP]", 4, 9),
            ("play", 10, 14),
            ("[SEP]", 14, 14),
            ("paris", 0, 5),
            (".", 5, 6),
            ("[SEP]", 6, 6),
        ]
    );
    assert_eq!(encoding.type_ids, [0, 0, 0, 0, 0, 1, 1, 1]);
    assert_eq!(encoding.tokens.iter().map(|token| token.sequence).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 1, 1]);
    assert_eq!(
        encoding.tokens.iter().map(|token| token.word).collect::<Vec<_>>(),
        [None, Some(0), None, Some(1), None, Some(2), Some(3), None]
    );
}

#[test]
fn a_byte_level_pair_stands_one_behind_the_other() {
    let encoding = tiny().encode("ab", Some("é")).unwrap();
    assert_eq!(spans(&encoding.tokens), [("ab", 0, 2), ("⟨C3⟩", 0, 1), ("⟨A9⟩", 1, 2)]);
    assert_eq!(encoding.tokens.iter().map(|token| token.sequence).collect::<Vec<_>>(), [0, 1, 1]);
}

#[test]
fn pieces_and_ids_of_smollm2() {
    let tokenizer = smollm2();
    let paris = tokenizer.id_of(" Paris").unwrap();
    assert_eq!(tokenizer.piece(paris), " Paris");
    assert_eq!(tokenizer.encode("The capital of France is Paris", None).unwrap().ids.last(), Some(&paris));
    assert_ne!(tokenizer.id_of("Paris"), Some(paris));
    assert_eq!(tokenizer.id_of(" positive"), Some(2731));
    assert_eq!(tokenizer.id_of(" negative"), Some(3524));
    assert_eq!((tokenizer.id_of("<|im_end|>"), tokenizer.piece(2)), (Some(2), "<|im_end|>".to_owned()));
    assert_eq!(tokenizer.id_of("\n").map(|id| tokenizer.piece(id)), Some("\n".to_owned()));
    assert_eq!((tokenizer.id_of("two words"), tokenizer.id_of("")), (None, None));
    assert_eq!(tokenizer.piece(49_152), "⟨id 49152⟩");
    assert_eq!(
        (tokenizer.bos(), tokenizer.eos(), tokenizer.pad(), tokenizer.unk()),
        (Some(1), Some(2), Some(2), Some(0))
    );
    assert_eq!((tokenizer.cls(), tokenizer.sep(), tokenizer.mask()), (None, None, None));
}

#[test]
fn every_piece_of_smollm2_is_found_again() {
    let tokenizer = smollm2();
    for id in 0..tokenizer.vocabulary_size() as u32 {
        let piece = tokenizer.piece(id);
        // Parts of a character have a display form that is not their spelling.
        if !piece.contains('⟨') {
            assert_eq!(tokenizer.id_of(&piece), Some(id), "{piece:?}");
        }
    }
}

#[test]
fn pieces_and_ids_of_minilm() {
    let tokenizer = minilm();
    assert_eq!((tokenizer.cls(), tokenizer.sep(), tokenizer.mask()), (Some(101), Some(102), Some(103)));
    assert_eq!((tokenizer.pad(), tokenizer.unk(), tokenizer.bos(), tokenizer.eos()), (Some(0), Some(100), None, None));
    assert_eq!((tokenizer.id_of("[MASK]"), tokenizer.piece(103)), (Some(103), "[MASK]".to_owned()));
    let paris = tokenizer.id_of("paris").unwrap();
    // What is no entry of the vocabulary is tokenized: the text is lower-cased first.
    assert_eq!((tokenizer.id_of("Paris"), tokenizer.piece(paris)), (Some(paris), "paris".to_owned()));
    assert_eq!(tokenizer.id_of("##ing").map(|id| tokenizer.piece(id)), Some("##ing".to_owned()));
}

#[test]
fn a_text_over_the_bound_is_refused() {
    let tokenizer = tiny();
    let text = "a".repeat(MAX_TEXT_BYTES);
    assert_eq!(tokenizer.encode(&text, None).unwrap().len(), MAX_TEXT_BYTES);
    let refused = E::TooLong { bytes: MAX_TEXT_BYTES + 1, limit: MAX_TEXT_BYTES };
    assert_eq!(tokenizer.encode(&text, Some("b")), Err(refused.clone()));
    assert_eq!(tokenizer.encode(&(text + "b"), None), Err(refused));
}

#[test]
fn long_texts_of_few_characters_stay_fast() {
    // A loose bound for a busy machine and a development build; what it guards against is quadratic or worse, which
    // takes minutes.
    for (name, tokenizer) in [("smollm2", smollm2()), ("minilm", minilm())] {
        for unit in ["a", " ", "\n", "1", "!", "😀", "好", "\u{301}", "a ", "\u{4}", "[SEP]", "<|im_end|>", " \n1"] {
            let text = unit.repeat(MAX_TEXT_BYTES / unit.len());
            let started = Instant::now();
            let encoding = tokenizer.encode(&text, None).unwrap();
            assert!(started.elapsed() < Duration::from_secs(20), "{name}, {unit:?}: {:?}", started.elapsed());
            assert!(encoding.tokens.is_sorted_by_key(|token| (token.start, token.end)), "{name}, {unit:?}");
        }
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let refused = |change: fn(&mut GgufVocabulary)| {
        let mut vocabulary = tiny_vocabulary();
        change(&mut vocabulary);
        let error = Tokenizer::from_gguf(vocabulary).unwrap_err();
        assert!(error.to_string().ends_with('.'), "one sentence: {error}");
        error
    };
    assert!(matches!(refused(|it| it.model = "rwkv".into()), E::UnsupportedModel { .. }));
    assert!(matches!(refused(|it| it.pre = "tekken".into()), E::UnsupportedPreTokenizer { .. }));
    assert!(matches!(refused(|it| it.token_types.truncate(3)), E::TypesLength { types: 3, .. }));
    assert!(matches!(refused(|it| it.tokens[9] = "ab".into()), E::DuplicateToken { token } if token == "ab"));
    assert!(matches!(refused(|it| it.merges[0] = "ab".into()), E::InvalidMerge { .. }));
    assert!(matches!(refused(|it| it.merges[0] = "a b c".into()), E::InvalidMerge { .. }));
    assert!(matches!(refused(|it| it.merges[0] = "zz yy".into()), E::InvalidTokenizer { .. }));
    assert!(matches!(refused(|it| it.eos = Some(99_999)), E::MissingSpecial { role: "eos" }));
    assert!(matches!(
        refused(|it| {
            it.add_bos = Some(true);
            it.bos = None;
        }),
        E::MissingSpecial { role: "bos" }
    ));
}

#[test]
fn a_file_that_is_no_tokenizer_is_refused() {
    for json in [&b""[..], b"{}", b"[]", b"{\"version\":\"1.0\"}", b"\xFF", b"{\"model\":{\"type\":\"BPE\"}}"] {
        assert!(matches!(Tokenizer::from_json(json), Err(E::InvalidTokenizer { .. })), "{json:?}");
    }
}

#[test]
fn one_gguf_array_cut_short_is_refused_and_does_not_panic() {
    let mut vocabulary = smollm2_vocabulary();
    vocabulary.tokens.truncate(1_000);
    vocabulary.token_types.truncate(1_000);
    assert!(matches!(Tokenizer::from_gguf(vocabulary), Err(E::InvalidTokenizer { .. })));
}
