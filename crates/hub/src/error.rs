//! Why a model cannot be had, in one sentence that a person can act on.

use thiserror::Error;

use crate::answer::Obstacle;

/// Why a model cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HubError {
    /// Not an id of a repository.
    #[error(
        "\"{given}\" names no repository: write owner/name, owner/name@revision, or the address of its page on \
         huggingface.co."
    )]
    Id {
        /// What was given, shortened.
        given: String,
    },
    /// Not an address to fetch from.
    #[error("\"{given}\" is no address to fetch models from: it has to begin with https:// and to name a host alone.")]
    Base {
        /// What was given, shortened.
        given: String,
    },
    /// The server did not give what was asked for.
    #[error("{0}")]
    Obstacle(Obstacle),
    /// The server led elsewhere.
    #[error("{host} leads {what} to an address that is not secure, so it was not followed.")]
    Redirect {
        /// Whose answer it was.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// An answer that is not a listing of a repository.
    #[error("The answer of {host} is no listing of a model ({reason}); the address of the hub may be wrong.")]
    Listing {
        /// Whose answer it was.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that would leave the model's folder.
    #[error("The model has a file with a name that is not safe ({name:?}), so nothing of it was taken.")]
    UnsafeName {
        /// The name, shortened.
        name: String,
    },
    /// The same name twice.
    #[error("The model lists {name} twice, so nothing of it was taken.")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Far more files than a model has.
    #[error("The model has more than {limit} {what}, which is more than is looked at.")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A file, or all together, larger than anything of its kind.
    #[error("{name} is said to have {bytes} bytes, more than the limit of {limit}.")]
    TooLarge {
        /// Which.
        name: String,
        /// How large it is said to be.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A file with nothing in it.
    #[error("{name} is empty.")]
    Empty {
        /// Which.
        name: String,
    },
    /// No `config.json` beside weights that need one.
    #[error("The model has no config.json, which says what kind of model it is.")]
    NoConfig,
    /// No tokenizer that can be read beside weights that need one.
    #[error(
        "The model has no tokenizer that can be read: neither tokenizer.json, nor vocab.txt, nor vocab.json with \
         merges.txt."
    )]
    NoTokenizer,
    /// Weights in Python's pickle format alone.
    #[error(
        "The model has its weights only as {name}, a format that can run code when it is opened; look for a version in \
         safetensors or GGUF."
    )]
    OnlyPickles {
        /// One of them.
        name: String,
    },
    /// No weights at all.
    #[error(
        "The model has no weights that can be read: neither safetensors, nor GGUF, nor a whole model as ONNX, nor a \
         Marian .bin."
    )]
    NoWeights,
    /// An adapter to another model.
    #[error("{name} changes another model and is none by itself; take the model with it merged in.")]
    Adapter {
        /// The adapter's file.
        name: String,
    },
    /// Quantisations of which none can be read.
    #[error(
        "None of the model's GGUF files has a quantisation that can be read ({found}); Q4_0 to Q8_0, Q4_K to Q6_K, F16 and F32 can."
    )]
    NoKnownQuantisation {
        /// Those that there are.
        found: String,
    },
    /// Several weights, and no rule that picks one.
    #[error("The model has several weights ({found}); say which.")]
    Ambiguous {
        /// Those that there are.
        found: String,
    },
    /// A weights' file that was asked for by name.
    #[error("The model has no weights named \"{given}\"; it has {found}.")]
    NotThere {
        /// What was asked for.
        given: String,
        /// Those that there are.
        found: String,
    },
    /// Weights in several files, of which one is missing.
    #[error("{name} is missing, one of the {count} files that the weights are cut into.")]
    MissingShard {
        /// Which.
        name: String,
        /// How many there are.
        count: usize,
    },
}

impl HubError {
    /// Whether trying the same again may help.
    #[must_use]
    pub fn retry(&self) -> bool {
        matches!(self, Self::Obstacle(Obstacle::Busy { .. }))
    }
}

/// The beginning of what somebody gave, to be shown in a sentence.
pub(crate) fn shortened(given: &str) -> String {
    const LENGTH: usize = 80;
    let mut text: String = given.chars().filter(|c| !c.is_control()).take(LENGTH).collect();
    if given.chars().count() > LENGTH {
        text.push('…');
    }
    text
}

/// A few names as one list in words.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = names.into_iter().map(shortened).collect();
    let count = names.len();
    names.truncate(SHOWN);
    if count > SHOWN {
        names.push(format!("{} more", count - SHOWN));
    }
    names.join(", ")
}
