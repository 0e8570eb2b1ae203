//! Everything that can go wrong at the command line, one sentence each.

use std::io;
use std::path::PathBuf;

use headlight_document::{GenerationError, Method, RequestError, Task};
use headlight_engine::EngineError;
use headlight_hub::HubError;
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
    /// The text cannot be gone on with.
    #[error(transparent)]
    Generation(#[from] GenerationError),
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
    /// A file cannot be written.
    #[error("{} cannot be written ({error}).", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A drawing of what was not computed.
    #[error(
        "There is nothing to draw: --drawing attention needs --attention full, --drawing candidates a task that has any."
    )]
    NothingToDraw,
    /// A piece that is to be left out as one.
    #[error("The text has no {piece:?} that could be left out as one.")]
    NoSuchPiece {
        /// The piece.
        piece: String,
    },
    /// A beginning for what has none.
    #[error("--begun says what a translation begins with; the task {task} has no such thing.")]
    NothingBegun {
        /// What is done with the text.
        task: Task,
    },
    /// A method that the bench does not time.
    #[error("{method} is not timed; there are grad_x_input, integrated_gradients and lime.")]
    NotTimed {
        /// The method.
        method: Method,
    },
    /// A line of a batch is no text.
    #[error("Line {line} of the input is neither a JSON string nor an object with a text ({reason}).")]
    Line {
        /// Which, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The output of another batch.
    #[error(
        "{} has answers to another question, or about other texts; name another --output, or delete it.",
        path.display()
    )]
    OtherBatch {
        /// The output.
        path: PathBuf,
    },
    /// Neither a registered model nor a folder.
    #[error(
        "There is no model \"{given}\": it is neither a folder, nor owner/name of a repository, nor one of the models that are here ({known}). `headlight models fetch` gets the registered ones."
    )]
    NoModel {
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// A folder that holds no model.
    #[error("{} holds no model that can be opened. {reason}", folder.display())]
    NotAModel {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: HubError,
    },
    /// A repository's model cannot be had.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A download broke off, again and again.
    #[error("{name} could not be downloaded ({reason}); what came is kept, and the next try goes on from there.")]
    Broken {
        /// The file.
        name: String,
        /// How it broke.
        reason: String,
    },
    /// A file is not as long as it should be.
    #[error("{name} has another length than the {bytes} bytes that {host} lists; it was discarded.")]
    WrongLength {
        /// The file.
        name: String,
        /// Who listed it.
        host: String,
        /// The length that was listed.
        bytes: u64,
    },
    /// A file has other content than it should have.
    #[error("{name} is damaged or was altered: its content is not what {host} says; it was discarded.")]
    WrongHash {
        /// The file.
        name: String,
        /// Who listed it.
        host: String,
    },
    /// More than is fetched without asking.
    #[error("{model} needs a download of {} MB; add --yes to allow it.", bytes / 1_000_000)]
    Consent {
        /// The model.
        model: String,
        /// How much would be fetched.
        bytes: u64,
    },
    /// The person said no.
    #[error("{model} was not downloaded.")]
    Declined {
        /// The model.
        model: String,
    },
    /// Another process is at it.
    #[error("{name} is being downloaded by another headlight; wait for it to end.")]
    Locked {
        /// The file.
        name: String,
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
