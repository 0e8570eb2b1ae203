//! What is done with tokenizer files that nobody vouches for: built, and a text encoded and decoded. The fuzz targets
//! (`fuzz/`) and the replay of their corpus (`corpus.rs`) share this.
#![allow(dead_code, reason = "each fuzz target uses one of these")]

use headlight_text::{GgufVocabulary, TextError, Tokenizer, TokenizerFiles};

/// ASCII's separators of records and of units, which no file has otherwise.
const RECORD: u8 = 0x1E;
const UNIT: char = '\x1F';

/// Everything that a tokenizer is asked, with the spans' promises.
fn ask(tokenizer: Result<Tokenizer, TextError>, text: &str) {
    let Ok(tokenizer) = tokenizer else { return };
    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (first, second) = text.split_at(half);
    for (text, second) in [(text, None), (first, Some(second))] {
        let Ok(encoding) = tokenizer.encode(text, second) else { continue };
        assert_eq!((encoding.ids.len(), encoding.type_ids.len()), (encoding.tokens.len(), encoding.tokens.len()));
        for token in &encoding.tokens {
            let length = if token.sequence == 0 { text.len() } else { second.unwrap_or_default().len() };
            assert!(token.start <= token.end && token.end <= length, "{token:?}");
        }
        if let Ok(fitted) = tokenizer.encode_within(text, second, 6) {
            assert!(fitted.encoding.len() <= 6);
            assert_eq!(fitted.cut.is_some(), encoding.len() > 6);
        }
        let _ = tokenizer.decode(&encoding.ids);
        for id in encoding.ids.iter().take(8) {
            let _ = tokenizer.id_of(&tokenizer.piece(*id));
        }
    }
    let _ = tokenizer.decode(&[0, 1, 2, 3, u32::MAX]);
    if let Ok(ending) = tokenizer.ending_in("</s>") {
        let _ = ending.encode(text, None);
    }
}

fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == RECORD)
}

/// A text, then the files in the order of [`TokenizerFiles`] but for `tokenizer.json`, all of them records; an empty
/// one is not there.
pub fn tokenizer_files(bytes: &[u8]) {
    let mut records = records(bytes);
    let text = records.next().unwrap_or_default();
    let mut next = || records.next().filter(|record| !record.is_empty());
    let files = TokenizerFiles {
        tokenizer_json: None,
        vocab_txt: next(),
        vocab_json: next(),
        merges_txt: next(),
        tokenizer_config: next(),
        special_tokens_map: next(),
        added_tokens: next(),
    };
    ask(Tokenizer::from_files(&files), &String::from_utf8_lossy(text));
}

/// A text, then `tokenizer.json`.
pub fn tokenizer_json(bytes: &[u8]) {
    let mut records = records(bytes);
    let text = records.next().unwrap_or_default();
    ask(Tokenizer::from_json(records.next().unwrap_or_default()), &String::from_utf8_lossy(text));
}

/// A text, then a vocabulary as records: kind, rule, tokens, merges, scores, types, ids of special tokens in the order
/// of [`GgufVocabulary`], and a letter for each switch that is on. Lists are made of units.
pub fn tokenizer_gguf(bytes: &[u8]) {
    let mut records = records(bytes).map(String::from_utf8_lossy);
    let mut next = || records.next().unwrap_or_default().into_owned();
    let text = next();
    let list = |record: String| -> Vec<String> {
        if record.is_empty() { Vec::new() } else { record.split(UNIT).map(str::to_owned).collect() }
    };
    let (model, pre, tokens, merges) = (next(), next(), list(next()), list(next()));
    let scores = list(next()).iter().map(|score| score.parse().unwrap_or_default()).collect();
    let token_types = list(next()).iter().map(|kind| kind.parse().unwrap_or_default()).collect();
    let mut ids = list(next()).into_iter().map(|id| id.parse::<u32>().ok());
    let mut id = || ids.next().flatten();
    let (bos, eos, unk, pad, cls, sep, mask) = (id(), id(), id(), id(), id(), id(), id());
    let switches = next();
    let vocabulary = GgufVocabulary {
        model,
        pre,
        tokens,
        merges,
        scores,
        token_types,
        bos,
        eos,
        unk,
        pad,
        cls,
        sep,
        mask,
        add_bos: Some(switches.contains('b')),
        add_eos: switches.contains('e'),
        add_space_prefix: Some(switches.contains('s')),
    };
    ask(Tokenizer::from_gguf(vocabulary), &text);
}
