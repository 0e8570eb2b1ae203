//! A tokenizer out of a GGUF file's vocabulary.

mod bert;
pub(crate) mod bpe;
mod spm;

use std::collections::HashSet;

use tokenizers::AddedToken;

use crate::ends::Named;
use crate::{TextError, ends};

/// What a GGUF file says of its tokenizer, as plain parts: this room reads no files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GgufVocabulary {
    /// `tokenizer.ggml.model`: `gpt2` (byte-level byte-pair encoding), `llama` (SentencePiece's byte-pair encoding) or
    /// `bert` (WordPiece).
    pub model: String,
    /// `tokenizer.ggml.pre`, the rule that splits a text before merging, for `gpt2` alone.
    pub pre: String,
    /// `tokenizer.ggml.tokens`, by id: for `gpt2` in the byte-level alphabet.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.merges`, two tokens with a space between them, the most important first; for `gpt2` alone.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.scores`, one a token; for `llama` alone.
    pub scores: Vec<f32>,
    /// `tokenizer.ggml.token_type`, one a token, or empty: 2 is the unknown token, 3 a control token, 4 one that a user
    /// defined, 6 a byte.
    pub token_types: Vec<i32>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos: Option<u32>,
    /// `tokenizer.ggml.unknown_token_id`.
    pub unk: Option<u32>,
    /// `tokenizer.ggml.padding_token_id`.
    pub pad: Option<u32>,
    /// `tokenizer.ggml.cls_token_id`.
    pub cls: Option<u32>,
    /// `tokenizer.ggml.seperator_token_id`, which ggml spells so.
    pub sep: Option<u32>,
    /// `tokenizer.ggml.mask_token_id`.
    pub mask: Option<u32>,
    /// `tokenizer.ggml.add_bos_token`: whether a text begins with `bos`. Where a file doesn't say, it does, as in
    /// llama.cpp, for `llama` and for Llama 3's splitting rule.
    pub add_bos: Option<bool>,
    /// `tokenizer.ggml.add_eos_token`: whether a text ends in `eos`.
    pub add_eos: bool,
    /// `tokenizer.ggml.add_space_prefix`: whether a text gets a space before it, for `llama` alone. Without it, it does.
    pub add_space_prefix: Option<bool>,
}

/// ggml's `LLAMA_TOKEN_TYPE_…`.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

pub(crate) fn build(vocabulary: GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> {
    let whole: fn(&GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> = match vocabulary.model.as_str() {
        "gpt2" => bpe::build,
        "llama" => spm::build,
        "bert" => bert::build,
        _ => return Err(TextError::UnsupportedModel { model: vocabulary.model }),
    };
    vocabulary.check()?;
    whole(&vocabulary)
}

impl GgufVocabulary {
    /// What holds for every kind.
    fn check(&self) -> Result<(), TextError> {
        let tokens = self.tokens.len();
        if !self.token_types.is_empty() && self.token_types.len() != tokens {
            return Err(TextError::TypesLength { tokens, types: self.token_types.len() });
        }
        let roles = [
            ("bos", self.bos),
            ("eos", self.eos),
            ("unk", self.unk),
            ("pad", self.pad),
            ("cls", self.cls),
            ("sep", self.sep),
            ("mask", self.mask),
        ];
        for (role, id) in roles {
            if id.is_some_and(|id| id as usize >= tokens) {
                return Err(TextError::MissingSpecial { role });
            }
        }
        distinct(&self.tokens)
    }

    /// The id and name of a special token that is needed.
    fn named(&self, id: Option<u32>, role: &'static str) -> Result<Named, TextError> {
        let named = id.and_then(|id| Some((id, self.tokens.get(id as usize)?.clone())));
        named.ok_or(TextError::MissingSpecial { role })
    }

    /// Control tokens, and tokens that a user defined: what is found in a text before anything else.
    fn add_tokens(&self, tokenizer: &mut tokenizers::Tokenizer) -> Result<(), TextError> {
        let of_type = |wanted: i32, special: bool| {
            let each = self.tokens.iter().zip(&self.token_types);
            each.filter(move |(_, kind)| **kind == wanted)
                .map(move |(token, _)| AddedToken::from(token.clone(), special).normalized(false))
        };
        tokenizer.add_special_tokens(of_type(CONTROL, true)).map_err(invalid)?;
        tokenizer.add_tokens(of_type(USER_DEFINED, false)).map_err(invalid)?;
        Ok(())
    }

    /// The first and last token of each text, where the file wants them.
    fn add_ends(&self, tokenizer: &mut tokenizers::Tokenizer) -> Result<(), TextError> {
        let begins = self.add_bos.unwrap_or(self.model == "llama" || bpe::Rule::begins(&self.pre));
        let first = begins.then(|| self.named(self.bos, "bos")).transpose()?;
        let last = self.add_eos.then(|| self.named(self.eos, "eos")).transpose()?;
        if first.is_some() || last.is_some() {
            tokenizer.with_post_processor(Some(ends::template(first, last)?));
        }
        Ok(())
    }
}

/// Refuses a vocabulary in which one token comes twice.
fn distinct(tokens: &[String]) -> Result<(), TextError> {
    let mut seen = HashSet::with_capacity(tokens.len());
    match tokens.iter().find(|token| !seen.insert(token.as_str())) {
        Some(token) => Err(TextError::DuplicateToken { token: token.clone() }),
        None => Ok(()),
    }
}

pub(crate) fn invalid(reason: impl std::fmt::Display) -> TextError {
    TextError::InvalidTokenizer { reason: reason.to_string() }
}
