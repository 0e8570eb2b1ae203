//! `gpt2`: byte-level byte-pair encoding, with one of several rules that split a text first.

use tokenizers::PreTokenizerWrapper;
use tokenizers::SplitDelimiterBehavior;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};

use super::{GgufVocabulary, invalid};
use crate::{TextError, json};

/// Llama 3's rule, out of its `tokenizer.json`.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// Qwen 2's rule, out of its `tokenizer.json`: Llama 3's, but each digit alone.
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a text is split before merging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// GPT-2's, which `ByteLevel` has built in.
    Gpt2,
    /// Each digit alone, then GPT-2's.
    Digits,
    Llama3,
    Qwen2,
}

impl Rule {
    /// The rule by llama.cpp's name for it, and whether a word that is an entry of the vocabulary is taken whole,
    /// whatever the merges say.
    fn named(pre: &str) -> Option<(Self, bool)> {
        Some(match pre {
            "gpt-2" | "phi-2" | "mpt" | "olmo" | "roberta-bpe" => (Self::Gpt2, false),
            "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" => (Self::Digits, false),
            "llama-bpe" | "llama3" | "llama-v3" => (Self::Llama3, true),
            "smaug-bpe" | "dbrx" => (Self::Llama3, false),
            "qwen2" | "deepseek-r1-qwen" | "stablelm2" => (Self::Qwen2, false),
            _ => return None,
        })
    }

    /// Whether texts begin with the first token where the file doesn't say.
    pub(super) fn begins(pre: &str) -> bool {
        Self::named(pre) == Some((Self::Llama3, true))
    }

    pub(crate) fn pre_tokenizer(self, add_prefix_space: bool) -> Result<PreTokenizerWrapper, TextError> {
        // Offsets keep the spaces.
        let built_in = ByteLevel::new(add_prefix_space, false, true);
        let pattern = match self {
            Self::Gpt2 => return Ok(built_in.into()),
            Self::Digits => return Ok(Sequence::new(vec![Digits::new(true).into(), built_in.into()]).into()),
            Self::Llama3 => LLAMA3,
            Self::Qwen2 => QWEN2,
        };
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(invalid)?;
        let bytes = ByteLevel::new(add_prefix_space, false, false);
        Ok(Sequence::new(vec![split.into(), bytes.into()]).into())
    }
}

/// Two tokens with a space between them.
pub(crate) fn merge(merge: &str) -> Result<(String, String), TextError> {
    match merge.split_once(' ') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err(TextError::InvalidMerge { merge: merge.to_owned() }),
    }
}

pub(super) fn build(vocabulary: &GgufVocabulary) -> Result<tokenizers::Tokenizer, TextError> {
    let (rule, whole_words) = Rule::named(&vocabulary.pre)
        .ok_or_else(|| TextError::UnsupportedPreTokenizer { pre: vocabulary.pre.clone() })?;
    let merges: Merges = vocabulary.merges.iter().map(|pair| merge(pair)).collect::<Result<_, _>>()?;
    let vocab: Vocab = vocabulary.tokens.iter().cloned().zip(0..).collect();
    for (left, right) in &merges {
        json::merges(left, right, "", |token| vocab.contains_key(token))?;
    }
    let model = BPE::builder().vocab_and_merges(vocab, merges).ignore_merges(whole_words).build().map_err(invalid)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(rule.pre_tokenizer(false)?));
    tokenizer.with_decoder(Some(ByteLevel::new(false, false, true)));
    vocabulary.add_tokens(&mut tokenizer)?;
    vocabulary.add_ends(&mut tokenizer)?;
    Ok(tokenizer)
}
