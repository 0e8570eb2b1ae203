//! Everything computed *about* a run of a model: [`attribution`] of a [`Target`] to the tokens of a text, how far that can be
//! trusted ([`faithfulness`]), and figures of its [`attention`].
//!
//! The room knows the surface that every family shares and nothing of families, files or the browser.

pub mod ablation;
pub mod attention;
pub mod attribution;
mod beside;
mod case;
pub mod direct;
pub mod faithfulness;
mod game;
mod gradient;
mod intervention;
pub mod lens;
pub mod patching;
mod random;
mod removal;
mod solve;
mod sweep;
mod target;
pub mod triangle;

pub use case::{Case, Estimates};
pub use game::Game;
pub use gradient::{Explained, explain, observe};
pub use intervention::{Intervention, Part};
pub use random::Random;
pub use removal::Removal;
pub use target::{Choice, Place, Read, Reading, Target, pooled};

use headlight_models::RunError;
use thiserror::Error;

/// Why something cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The run failed or was given up.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The device could not give its results back.
    #[error("The device failed while computing: {0}.")]
    Device(String),
    /// The model has no language-model head.
    #[error("This model does not predict tokens, so there is no next token to explain.")]
    NoUnembedding,
    /// The model has no classifier's head, or one for something else.
    #[error("This model has no labels of that kind, so there is none to explain.")]
    NoLabels,
    /// The vocabulary, or the list of labels, has no such entry.
    #[error("There are {vocabulary} entries to choose from; there is no number {id}.")]
    NoSuchToken {
        /// What was asked for.
        id: u32,
        /// How many entries there are.
        vocabulary: usize,
    },
    /// The text has no such token.
    #[error("The text has {tokens} tokens; there is none at position {position}.")]
    NoSuchPosition {
        /// What was asked for, counted from 0.
        position: usize,
        /// How many tokens there are.
        tokens: usize,
    },
    /// A ranking is of other things than the game.
    #[error("There are {scores} values for {units} units.")]
    OtherUnits {
        /// Values that were given.
        scores: usize,
        /// Units of the text.
        units: usize,
    },
    /// What is said of a text's tokens is of another number of tokens.
    #[error("There is something said of {given} tokens where the text has {tokens}.")]
    OtherTokens {
        /// How many were given.
        given: usize,
        /// How many there are.
        tokens: usize,
    },
    /// Two texts that have to be of one length are not.
    #[error("The second text has to have as many tokens as the first: {tokens}; it has {given}.")]
    OtherLength {
        /// Tokens of the second text.
        given: usize,
        /// Tokens of the first.
        tokens: usize,
    },
    /// The model has no such layer.
    #[error("The model has {layers} layers, counted from 0; there is no layer {layer}.")]
    NoSuchLayer {
        /// What was asked for.
        layer: usize,
        /// How many there are.
        layers: usize,
    },
    /// A layer has no such head.
    #[error("A layer has {heads} heads, counted from 0; there is no head {head}.")]
    NoSuchHead {
        /// What was asked for.
        head: usize,
        /// How many there are.
        heads: usize,
    },
    /// There are more paths through the attention than there is time for.
    #[error("Attention flow over {tokens} tokens would take too long; it is for texts of up to about {most} tokens.")]
    TooMuchFlow {
        /// Tokens in the text.
        tokens: usize,
        /// About as many as are taken.
        most: usize,
    },
}
