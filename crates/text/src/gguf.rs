//! A tokenizer out of a GGUF file's vocabulary.

use std::collections::HashSet;

use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, PreTokenizerWrapper};

use crate::TextError;

/// What a GGUF file says of its tokenizer, as plain parts: this room reads no files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GgufVocabulary {
    /// `tokenizer.ggml.model`; only `gpt2` (byte-level byte-pair encoding) is supported.
    pub model: String,
    /// `tokenizer.ggml.pre`, the rule that splits a text before merging: `smollm` (each digit alone, then GPT-2's
    /// rule) or `gpt-2`.
    pub pre: String,
    /// `tokenizer.ggml.tokens`, in the byte-level alphabet, by id.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.merges`, two tokens with a space between them, the most important first.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.token_type`, one a token, or empty: 3 is a control token, 4 one that a user defined.
    pub token_types: Vec<i32>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos: Option<u32>,
    /// `tokenizer.ggml.unknown_token_id`.
    pub unk: Option<u32>,
    /// `tokenizer.ggml.padding_token_id`.
    pub pad: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`: whether a text begins with `bos`.
    pub add_bos: bool,
}

/// ggml's `LLAMA_TOKEN_TYPE_CONTROL` and `LLAMA_TOKEN_TYPE_USER_DEFINED`.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

pub(crate) fn build(vocabulary: GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> {
    let GgufVocabulary { model, pre, tokens, merges, token_types, bos, eos, unk, pad, add_bos } = vocabulary;
    if model != "gpt2" {
        return Err(TextError::UnsupportedModel { model });
    }
    let digits = match pre.as_str() {
        "smollm" => true,
        "gpt-2" => false,
        _ => return Err(TextError::UnsupportedPreTokenizer { pre }),
    };
    if !token_types.is_empty() && token_types.len() != tokens.len() {
        return Err(TextError::TypesLength { tokens: tokens.len(), types: token_types.len() });
    }
    for (role, id) in [("bos", bos), ("eos", eos), ("unk", unk), ("pad", pad)] {
        if id.is_some_and(|id| id as usize >= tokens.len()) {
            return Err(TextError::MissingSpecial { role });
        }
    }
    let first = match (add_bos, bos.and_then(|id| Some((id, tokens.get(id as usize)?.clone())))) {
        (true, None) => return Err(TextError::MissingSpecial { role: "bos" }),
        (true, first) => first,
        (false, _) => None,
    };

    let of_type = |wanted: i32, special: bool| -> Vec<AddedToken> {
        tokens
            .iter()
            .zip(&token_types)
            .filter(|(_, kind)| **kind == wanted)
            .map(|(token, _)| AddedToken::from(token.clone(), special).normalized(false))
            .collect()
    };
    let (control, user_defined) = (of_type(CONTROL, true), of_type(USER_DEFINED, false));

    let merges: Merges = merges
        .into_iter()
        .map(|merge| match merge.split_once(' ') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => {
                Ok((left.to_owned(), right.to_owned()))
            }
            _ => Err(TextError::InvalidMerge { merge }),
        })
        .collect::<Result<_, _>>()?;
    let mut seen = HashSet::with_capacity(tokens.len());
    if let Some(token) = tokens.iter().find(|token| !seen.insert(token.as_str())) {
        return Err(TextError::DuplicateToken { token: token.clone() });
    }
    let vocab: Vocab = tokens.into_iter().zip(0..).collect();

    let model = BPE::builder().vocab_and_merges(vocab, merges).build().map_err(invalid)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    // No space before the first word, and offsets that keep the spaces.
    let byte_level = ByteLevel::new(false, false, true);
    tokenizer.with_pre_tokenizer(Some(if digits {
        let steps = vec![Digits::new(true).into(), byte_level.into()];
        PreTokenizerWrapper::from(Sequence::new(steps))
    } else {
        PreTokenizerWrapper::from(byte_level)
    }));
    tokenizer.with_decoder(Some(byte_level));
    tokenizer.add_special_tokens(control).map_err(invalid)?;
    tokenizer.add_tokens(user_defined).map_err(invalid)?;
    if let Some((id, name)) = first {
        // Pieces by their numbers and not in one string, since a name could hold a space.
        let pieces = |sequences: &[&str]| -> Vec<String> {
            sequences.iter().flat_map(|sequence| [name.clone(), (*sequence).to_owned()]).collect()
        };
        let template = TemplateProcessing::builder()
            .try_single(pieces(&["$A:0"]))
            .and_then(|builder| builder.try_pair(pieces(&["$A:0", "$B:1"])))
            .map_err(invalid)?
            .special_tokens(vec![(name.clone(), id)])
            .build()
            .map_err(invalid)?;
        tokenizer.with_post_processor(Some(template));
    }
    Ok(tokenizer)
}

pub(crate) fn invalid(reason: impl std::fmt::Display) -> TextError {
    TextError::InvalidTokenizer { reason: reason.to_string() }
}
