//! Why a model cannot be opened.

use headlight_weights::WeightsError;
use thiserror::Error;

use crate::pulse::Cancelled;

/// Why a model cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The architecture is none of the registered families.
    #[error("The architecture \"{given}\" is not one that Headlight can run; it knows: {known}.")]
    UnknownArchitecture {
        /// What the configuration names.
        given: String,
        /// The known ones.
        known: String,
    },
    /// The configuration lacks a value, or has one that makes no sense.
    #[error("The model's configuration is unusable: {0}.")]
    Config(String),
    /// A weight has another shape than the configuration says.
    #[error("The weight \"{name}\" has the shape {found:?} where the configuration asks for {expected:?}.")]
    Shape {
        /// The weight's name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
    },
    /// A weight holds a NaN or an infinity.
    #[error("The weight \"{0}\" holds a value that is not a number; the file is damaged.")]
    NotFinite(String),
    /// The file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The reader changed their mind.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
