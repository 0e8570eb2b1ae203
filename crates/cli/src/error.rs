//! Everything that can go wrong at the command line, one sentence each.

use std::io;
use std::path::PathBuf;

use headlight_document::RequestError;
use headlight_engine::EngineError;
use headlight_weights::WeightsError;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum Error {
    /// The engine could not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The request makes no sense.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A weights' file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A file cannot be read.
    #[error("{} cannot be read ({error}).", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Neither a registered model nor a folder.
    #[error(
        "There is no model \"{given}\": it is neither a folder nor one of the models that are here ({known}). `headlight models fetch` gets the registered ones."
    )]
    NoModel {
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// A folder that holds no model.
    #[error("{} holds no model: {missing} is missing.", folder.display())]
    NotAModel {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// Models could not be fetched.
    #[error(transparent)]
    Fetch(#[from] headlight_catalogue::Error),
    /// Nowhere to keep models.
    #[error("Set HEADLIGHT_CACHE to a folder to keep models in: HOME is not set.")]
    NoCache,
    /// The answer cannot be written as JSON.
    #[error("The document could not be written as JSON ({0}).")]
    Json(#[from] serde_json::Error),
    /// Standard output is closed.
    #[error("The answer could not be written ({0}).")]
    Output(io::Error),
}
