//! Why a tokenizer could not be made, or a text not be tokenized.

/// Why a tokenizer could not be made, or a text not be tokenized. Each message is one sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A `tokenizer.json` that is not one, or that the `tokenizers` crate can't build.
    #[error("The tokenizer file could not be used: {reason}.")]
    InvalidTokenizer {
        /// What the reader said.
        reason: String,
    },
    /// A folder with none of the files that make a tokenizer.
    #[error("There is no tokenizer: tokenizer.json, vocab.txt, or vocab.json with merges.txt is needed.")]
    NoTokenizer,
    /// A tokenizer class of the `transformers` library that is not built here without a `tokenizer.json`.
    #[error("The tokenizer class \"{class}\" is not supported without a tokenizer.json.")]
    UnsupportedClass {
        /// The value of `tokenizer_class`.
        class: String,
    },
    /// A GGUF tokenizer of a kind that is not known here.
    #[error("The GGUF tokenizer model \"{model}\" is not supported: only \"gpt2\", \"llama\" and \"bert\" are.")]
    UnsupportedModel {
        /// The value of `tokenizer.ggml.model`.
        model: String,
    },
    /// A GGUF pre-tokenizer whose splitting rule is not known here.
    #[error(
        "The GGUF pre-tokenizer \"{pre}\" is not supported: \"gpt-2\", \"smollm\", \"llama-bpe\" and \"qwen2\" are."
    )]
    UnsupportedPreTokenizer {
        /// The value of `tokenizer.ggml.pre`.
        pre: String,
    },
    /// Two entries of the vocabulary with the same text.
    #[error("The vocabulary has the token {token:?} twice.")]
    DuplicateToken {
        /// The token as the vocabulary spells it.
        token: String,
    },
    /// A merge that is not two tokens with a space between them.
    #[error("The vocabulary's merge {merge:?} is not two tokens with a space between them.")]
    InvalidMerge {
        /// The merge as the vocabulary spells it.
        merge: String,
    },
    /// A list of scores that has another length than the vocabulary.
    #[error("The vocabulary has {tokens} tokens and {scores} scores.")]
    ScoresLength {
        /// Tokens in the vocabulary.
        tokens: usize,
        /// Scores.
        scores: usize,
    },
    /// An added token whose id is not the one that it would get.
    #[error("The added token {token:?} should have the id {wanted}, and the vocabulary gives it {found}.")]
    AddedTokenId {
        /// The token.
        token: String,
        /// The id that the file gives it.
        wanted: u32,
        /// The id that it would get.
        found: u32,
    },
    /// A list of token types that has another length than the vocabulary.
    #[error("The vocabulary has {tokens} tokens and {types} token types.")]
    TypesLength {
        /// Tokens in the vocabulary.
        tokens: usize,
        /// Token types.
        types: usize,
    },
    /// A special token's id outside the vocabulary, or a first token that is wanted and not named.
    #[error("The vocabulary's {role} token is missing.")]
    MissingSpecial {
        /// Which special token, such as "bos".
        role: &'static str,
    },
    /// A text, or a pair of texts, over [`crate::MAX_TEXT_BYTES`].
    #[error("The text has {bytes} bytes, more than the limit of {limit}: shorten it.")]
    TooLong {
        /// Bytes of the text or of both texts.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The tokenizer itself failed on a text.
    #[error("The text could not be tokenized: {reason}.")]
    Encode {
        /// What the tokenizer said.
        reason: String,
    },
    /// A text that can't be cut so that it fits.
    #[error("The text needs {tokens} tokens where {limit} fit, and cutting it leaves nothing of it.")]
    DoesNotFit {
        /// Tokens that there are.
        tokens: usize,
        /// The most that fit.
        limit: usize,
    },
    /// The tokenizer itself failed to turn tokens into text.
    #[error("The tokens could not be turned into text: {reason}.")]
    Decode {
        /// What the tokenizer said.
        reason: String,
    },
}
