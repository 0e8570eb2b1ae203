//! Everything that can go wrong, each as one sentence that a person can act on.

use headlight_document::message::Failure;
use headlight_document::{GenerationError, RequestError};
use headlight_explain::ExplainError;
use headlight_models::decode::DecodeError;
use headlight_models::{ModelError, RunError};
use headlight_text::TextError;
use headlight_weights::WeightsError;
use thiserror::Error;

use crate::progress::Cancelled;

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The text's attention maps would take more memory than there is.
    #[error(
        "This text has {tokens} tokens, too many to keep all attention between them. Shorten it to {most} tokens or fewer."
    )]
    TooManyMaps {
        /// The text's tokens.
        tokens: usize,
        /// How many there may be.
        most: usize,
    },

    /// A map is asked for that the answer does not have.
    #[error("There is no such attention in this answer; ask again and choose one that is shown.")]
    NoSuchMap,
    /// More of the maps is asked for than a screen could show.
    #[error("That is more attention than can be brought back at once; look at fewer heads, or at smaller pictures.")]
    TooMuchToSee,

    /// The work was given up, as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The request makes no sense by itself.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The text cannot be gone on with by any model.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The request names a token that the vocabulary lacks.
    #[error("\"{given}\" is not a single token of this model; mind the leading space, as in \" Paris\".")]
    NotOneToken {
        /// What was asked for.
        given: String,
    },
    /// The model has no such label.
    #[error("\"{given}\" is no label of this model; it has: {known}.")]
    NoSuchLabel {
        /// What was asked for.
        given: String,
        /// The labels that there are.
        known: String,
    },
    /// Two labels begin with the same token, so that a causal model cannot choose between them.
    #[error(
        "The labels \"{a}\" and \"{b}\" begin with the same token for this model; use another word for one of them."
    )]
    LabelsAlike {
        /// One.
        a: String,
        /// The other.
        b: String,
    },
    /// The answer lies outside the text, or ends before it starts.
    #[error("Tokens {start} to {end} are no answer in the text, which has the tokens {first} to {last}.")]
    NoSuchSpan {
        /// First token asked for.
        start: usize,
        /// Last token asked for.
        end: usize,
        /// First token of the text.
        first: usize,
        /// Last token of the text.
        last: usize,
    },
    /// The model writes fewer tokens.
    #[error("The model writes {steps} tokens; there is no step {step}.")]
    NoSuchStep {
        /// What was asked for, counted from 0.
        step: usize,
        /// How many there are.
        steps: usize,
    },
    /// The tokenizer has no mask.
    #[error("This model's tokenizer has no mask token, so there is no word to fill in.")]
    NoMask,
    /// The text has no mask.
    #[error("Write {mask} where the missing word is.")]
    NothingMasked {
        /// How the model writes a mask.
        mask: String,
    },
    /// The token asked for is not a mask.
    #[error("Token {position} is no mask.")]
    NotMasked {
        /// What was asked for, counted from 0.
        position: usize,
    },
    /// The model was not made for the task.
    #[error("{title} cannot do the task \"{task}\"; it can: {known}.")]
    TaskOfAnotherModel {
        /// The task.
        task: headlight_document::Task,
        /// The model.
        title: String,
        /// What it can do.
        known: String,
    },
    /// One of several texts cannot be answered.
    #[error("Text {number} of those to average over: {error}")]
    OfText {
        /// Which, counted from 1.
        number: usize,
        /// Why.
        #[source]
        error: Box<EngineError>,
    },
    /// The model does not go on with texts.
    #[error("{0}")]
    NoWriter(String),
    /// The text cannot be cut into tokens.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The weights' file is damaged or of an unknown kind.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The model cannot be opened.
    #[error(transparent)]
    Model(ModelError),
    /// The question cannot be answered by this model.
    #[error(transparent)]
    Explain(ExplainError),
    /// Results did not come back from the device.
    #[error("The device failed while computing ({0}); starting again on the CPU usually helps.")]
    Device(String),
    /// WebGPU was asked for and is not to be had.
    #[error("WebGPU cannot be used here: {0}.")]
    NoGpu(String),
    /// The device computes wrong numbers.
    #[error("The self-test on this device failed: {0}.")]
    SelfTest(String),
    /// A file of the model is missing.
    #[error("The model lacks its {0}.")]
    MissingFile(&'static str),
    /// Two parts of one model contradict each other.
    #[error("The model is inconsistent: {0}.")]
    Inconsistent(String),
}

impl EngineError {
    /// Whether the work was given up rather than failed.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// As the page is told of it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure { message: self.to_string(), retry: matches!(self, Self::Device(_)) }
    }
}

impl From<ModelError> for EngineError {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled(_) => Self::Cancelled(Cancelled),
            error => Self::Model(error),
        }
    }
}

impl From<ExplainError> for EngineError {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Run(RunError::Cancelled(_)) => Self::Cancelled(Cancelled),
            ExplainError::Run(RunError::Device(message)) | ExplainError::Device(message) => Self::Device(message),
            error => Self::Explain(error),
        }
    }
}

impl From<RunError> for EngineError {
    fn from(error: RunError) -> Self {
        ExplainError::Run(error).into()
    }
}

impl From<DecodeError> for EngineError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Run(error) => error.into(),
            DecodeError::NoWriter => Self::NoWriter(error.to_string()),
            error => Self::Inconsistent(error.to_string()),
        }
    }
}
