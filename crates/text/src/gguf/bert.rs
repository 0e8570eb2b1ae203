//! `bert`: WordPiece, which llama.cpp spells the other way round: what begins a word has a `▁` before it, and what goes
//! on with one lost its `##`.

use tokenizers::AddedToken;

use super::{GgufVocabulary, distinct, invalid};
use crate::TextError;
use crate::files::bert::{self, Casing};

pub(super) fn build(vocabulary: &GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> {
    let spelled: Vec<String> = vocabulary.tokens.iter().map(|token| spelling(token)).collect();
    distinct(&spelled)?;
    let spelled = GgufVocabulary { tokens: spelled, ..vocabulary.clone() };
    let unk = spelled.named(vocabulary.unk, "unk")?;
    let cls = spelled.named(vocabulary.cls.or(vocabulary.bos), "cls")?;
    let sep = spelled.named(vocabulary.sep.or(vocabulary.eos), "sep")?;
    // llama.cpp lower-cases and strips accents whatever the model: files don't say.
    let vocab = spelled.tokens.iter().cloned().zip(0..).collect();
    let mut tokenizer = bert::build(vocab, &unk.1, Casing::default(), cls, sep)?;
    spelled.add_tokens(&mut tokenizer)?;
    // Its type is one of its own, but it is found in a text as the others are.
    tokenizer.add_special_tokens([AddedToken::from(unk.1, true).normalized(false)]).map_err(invalid)?;
    Ok(tokenizer)
}

fn spelling(token: &str) -> String {
    if token.starts_with('[') && token.ends_with(']') && token.len() > 1 {
        return token.to_owned();
    }
    match token.strip_prefix('▁') {
        Some(word) => word.to_owned(),
        None => format!("##{token}"),
    }
}
