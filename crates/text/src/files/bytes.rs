//! Byte-level byte-pair encoding: GPT-2's, RoBERTa's and Qwen 2's.

use std::collections::HashMap;

use serde_json::{Map, Value};
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;

use super::Kind;
use super::special::Specials;
use crate::gguf::bpe::{Rule, merge};
use crate::gguf::invalid;
use crate::{TextError, ends as around, json};

/// The lines of a `merges.txt`, without the one that says the version.
pub(super) fn merges(text: &[u8]) -> Result<Merges, TextError> {
    let text = std::str::from_utf8(text).map_err(|_| invalid("merges.txt is not UTF-8"))?;
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("#version")).map(merge).collect()
}

pub(super) fn build(
    kind: Kind,
    vocab: HashMap<String, u32>,
    merges: Merges,
    add_prefix_space: bool,
) -> Result<tokenizers::Tokenizer, TextError> {
    for (left, right) in &merges {
        json::merges(left, right, "", |token| vocab.contains_key(token))?;
    }
    let vocab: Vocab = vocab.into_iter().collect();
    let model = BPE::builder().vocab_and_merges(vocab, merges).build().map_err(invalid)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let rule = if kind == Kind::Qwen2 { Rule::Qwen2 } else { Rule::Gpt2 };
    tokenizer.with_pre_tokenizer(Some(rule.pre_tokenizer(add_prefix_space)?));
    if kind == Kind::Qwen2 {
        tokenizer.with_normalizer(Some(NFC)).map_err(invalid)?;
    }
    tokenizer.with_decoder(Some(ByteLevel::new(add_prefix_space, false, true)));
    Ok(tokenizer)
}

/// The tokens around each text: RoBERTa's `<s> A </s></s> B </s>`, and for the others what the settings ask for.
pub(super) fn ends(
    kind: Kind,
    mut tokenizer: tokenizers::Tokenizer,
    specials: &Specials,
    config: &Map<String, Value>,
) -> Result<tokenizers::Tokenizer, TextError> {
    let named = |role: &'static str| {
        let name = specials.name(role).unwrap_or_default();
        let id = tokenizer.token_to_id(name).ok_or(TextError::MissingSpecial { role })?;
        Ok((id, name.to_owned()))
    };
    let wanted = |key: &str, role| {
        let wanted = config.get(key).and_then(Value::as_bool).unwrap_or(false);
        wanted.then(|| named(role)).transpose()
    };
    if kind == Kind::Roberta {
        let ((cls_id, cls), (sep_id, sep)) = (named("cls")?, named("sep")?);
        let processing = RobertaProcessing::new((sep, sep_id), (cls, cls_id)).trim_offsets(false);
        tokenizer.with_post_processor(Some(processing));
    } else {
        let (first, last) = (wanted("add_bos_token", "bos")?, wanted("add_eos_token", "eos")?);
        if first.is_some() || last.is_some() {
            tokenizer.with_post_processor(Some(around::template(first, last)?));
        }
    }
    Ok(tokenizer)
}
