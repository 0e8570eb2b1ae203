//! What can go wrong, each in one sentence that a person can act on.

use std::io;
use std::path::{Path, PathBuf};

/// The result of a step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a step could not be done.
#[derive(Debug, thiserror::Error)]
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
    /// A program is not there, and could not be installed.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to do about it, as a sentence.
        remedy: String,
    },
    /// A program ended with an error.
    #[error("`{command}` {how}.")]
    Command {
        /// The command line, shortened.
        command: String,
        /// How it ended: `ended with exit code 1`.
        how: String,
    },
    /// A model could not be fetched, or is not what was pinned.
    #[error(transparent)]
    Model(#[from] headlight_catalogue::Error),
    /// A check of what was built did not hold.
    #[error("{0}")]
    Check(String),
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

    /// A program that is missing, and what to do.
    pub fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), remedy: remedy.into() }
    }
}
