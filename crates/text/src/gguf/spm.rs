//! `llama`: SentencePiece's byte-pair encoding, whose merges are not listed but follow from scores.
//!
//! Of all neighbours whose join is an entry of the vocabulary, the one with the highest score is joined first
//! (`bpe_model.cc` in <https://github.com/google/sentencepiece>). As in the `transformers` library's conversion, the
//! list of merges is made of that: every way to split an entry into two others, by the entry's score.

use std::collections::HashMap;

use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::prepend::Prepend;
use tokenizers::normalizers::replace::Replace;
use tokenizers::normalizers::utils::Sequence as Normalizers;

use super::{GgufVocabulary, NORMAL, UNKNOWN, USER_DEFINED, invalid};
use crate::TextError;

/// Entries longer than this are never made by merging. SentencePiece's own are 16 characters at most unless asked
/// otherwise; the bound keeps a made-up vocabulary from costing the square of its length.
const LONGEST_MERGED: usize = 256;

pub(super) fn build(vocabulary: &GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> {
    let (tokens, scores) = (vocabulary.tokens.len(), vocabulary.scores.len());
    if scores != tokens {
        return Err(TextError::ScoresLength { tokens, scores });
    }
    if vocabulary.scores.iter().any(|score| score.is_nan()) {
        return Err(invalid("one of its scores is not a number"));
    }
    let unk = vocabulary.unk.or_else(|| {
        vocabulary.token_types.iter().position(|kind| *kind == UNKNOWN).and_then(|index| u32::try_from(index).ok())
    });
    let (_, unk) = vocabulary.named(unk, "unk")?;
    let vocab: Vocab = vocabulary.tokens.iter().cloned().zip(0..).collect();
    let model = BPE::builder()
        .vocab_and_merges(vocab, merges(vocabulary))
        .unk_token(unk)
        .fuse_unk(true)
        .byte_fallback(true)
        .build()
        .map_err(invalid)?;

    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let prefix = vocabulary.add_space_prefix.unwrap_or(true);
    let spaces = || Replace::new(" ", "▁").map_err(invalid);
    let normalizer = if prefix {
        Normalizers::new(vec![Prepend::new("▁".to_owned()).into(), spaces()?.into()])
    } else {
        Normalizers::new(vec![spaces()?.into()])
    };
    tokenizer.with_normalizer(Some(normalizer)).map_err(invalid)?;
    let back = Replace::new("▁", " ").map_err(invalid)?;
    let mut steps = vec![back.into(), ByteFallback::new().into(), Fuse::new().into()];
    if prefix {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    tokenizer.with_decoder(Some(Decoders::new(steps)));
    vocabulary.add_tokens(&mut tokenizer)?;
    vocabulary.add_ends(&mut tokenizer)?;
    Ok(tokenizer)
}

/// Every way to split an entry into two, those of the highest score first.
fn merges(vocabulary: &GgufVocabulary) -> Merges {
    let kind = |id: usize| vocabulary.token_types.get(id).copied().unwrap_or(NORMAL);
    // Control tokens, the unknown token and bytes are never made of characters.
    let pieces: HashMap<&str, (usize, f32)> = vocabulary
        .tokens
        .iter()
        .zip(&vocabulary.scores)
        .enumerate()
        .filter(|(id, (token, _))| [NORMAL, USER_DEFINED].contains(&kind(*id)) && token.len() <= LONGEST_MERGED)
        .map(|(id, (token, score))| (token.as_str(), (id, *score)))
        .collect();
    let mut found: Vec<(f32, usize, usize, &str, &str)> = Vec::new();
    for (token, (_, score)) in &pieces {
        for (at, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(at);
            if let (Some((left_id, _)), Some((right_id, _))) = (pieces.get(left), pieces.get(right)) {
                found.push((*score, *left_id, *right_id, left, right));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    found.into_iter().map(|(_, _, _, left, right)| (left.to_owned(), right.to_owned())).collect()
}
