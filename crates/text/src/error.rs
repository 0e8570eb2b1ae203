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
    /// A GGUF tokenizer that is not byte-level byte-pair encoding.
    #[error("The GGUF tokenizer model \"{model}\" is not supported: only \"gpt2\" is.")]
    UnsupportedModel {
        /// The value of `tokenizer.ggml.model`.
        model: String,
    },
    /// A GGUF pre-tokenizer whose splitting rule is not known here.
    #[error("The GGUF pre-tokenizer \"{pre}\" is not supported: only \"smollm\" and \"gpt-2\" are.")]
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
}
