//! Tokenizers behind one small type, with byte-exact spans, display pieces and word groups.
//!
//! The work is done by the `tokenizers` crate; what this room adds is what a picture of a text needs: where in the
//! UTF-8 input each token stands, also when it is a part of one character, what to write for it, and which tokens make
//! up one word. Truncation and padding that a `tokenizer.json` declares are switched off: how long a text may be is
//! the model's business, and [`MAX_TEXT_BYTES`] alone bounds it here.

mod byte_level;
mod encoding;
mod ends;
mod error;
mod files;
mod fit;
mod gguf;
mod json;
mod pieces;
mod roles;
mod spans;
mod tokenizer;

pub use encoding::{Encoding, Token};
pub use error::TextError;
pub use files::TokenizerFiles;
pub use fit::{Cut, Fitted};
pub use gguf::GgufVocabulary;
pub use tokenizer::Tokenizer;

/// The most bytes of text, both texts of a pair together, that [`Tokenizer::encode`] accepts.
pub const MAX_TEXT_BYTES: usize = 100_000;
