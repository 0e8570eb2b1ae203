//! Why a model could not be trained, in one sentence that a person can act on.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a model could not be trained.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("Could not {action} {path}: {source}.", path = path.display())]
    Io {
        /// What was tried, as a verb: `read`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The model or the data could not be fetched.
    #[error(transparent)]
    Fetch(#[from] headlight_catalogue::Error),
    /// A line of the data is not what it has to be.
    #[error("Line {line} of the snippets {reason}.")]
    Snippet {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The tokenizer could not be read, or could not read a text.
    #[error(transparent)]
    Text(#[from] headlight_text::TextError),
    /// The model could not be opened.
    #[error(transparent)]
    Model(#[from] headlight_models::ModelError),
    /// Its weights could not be read.
    #[error(transparent)]
    Weights(#[from] headlight_weights::WeightsError),
    /// The device could not give a result back.
    #[error("The device failed while computing: {0}.")]
    Device(String),
    /// The loss is no longer a number.
    #[error("The loss became {loss} at step {step}: lower --rate.")]
    Diverged {
        /// Counted from 1.
        step: usize,
        /// What it became.
        loss: f32,
    },
    /// The learning curve could not be drawn.
    #[error("The learning curve could not be drawn: {0}.")]
    Curve(String),
    /// The command line makes no sense.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// Wraps an [`io::Error`] with what was tried and where.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
