//! What a person asks of the engine, and how it is written on the command line and in a link.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest text that a request may carry, in bytes. Far beyond any registered model's context; it exists so that a
/// hostile link cannot make a tokenizer run for minutes.
pub const MAX_TEXT_BYTES: usize = 20_000;

/// The most methods in one request.
pub const MAX_METHODS: usize = 16;

/// One question to a model: a text, a number to explain, and the methods to explain it with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The registered name of the model.
    pub model: String,
    /// What to do with the text.
    pub task: Task,
    /// The text.
    pub text: String,
    /// The second text, for [`Task::Compare`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_text: Option<String>,
    /// What is explained.
    pub target: TargetSpec,
    /// As what the target is read.
    pub read: Read,
    /// The attribution methods, each run on the same target.
    pub methods: Vec<Method>,
    /// How much of the attention comes back.
    pub attention: AttentionDetail,
}

impl Request {
    /// The plain question about `text`: the most probable next token as a logit, or the similarity to `second_text`.
    #[must_use]
    pub fn new(model: impl Into<String>, task: Task, text: impl Into<String>) -> Self {
        let (target, read) = match task {
            Task::Continue => (TargetSpec::Next(None), Read::Logit),
            Task::Compare => (TargetSpec::Similarity, Read::Logit),
        };
        Self {
            model: model.into(),
            task,
            text: text.into(),
            second_text: None,
            target,
            read,
            methods: vec![Method::GradXInput],
            attention: AttentionDetail::Full,
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// Says which field is out of bounds, or which two do not go together.
    pub fn validate(&self) -> Result<(), RequestError> {
        for text in std::iter::once(&self.text).chain(&self.second_text) {
            if text.trim().is_empty() {
                return Err(RequestError::EmptyText);
            }
            if text.len() > MAX_TEXT_BYTES {
                return Err(RequestError::TextTooLong { bytes: text.len() });
            }
        }
        if self.methods.len() > MAX_METHODS {
            return Err(RequestError::TooManyMethods { count: self.methods.len() });
        }
        match (self.task, &self.target) {
            (Task::Continue, TargetSpec::Next(_)) => Ok(()),
            (Task::Compare, TargetSpec::Similarity) if self.second_text.is_none() => Err(RequestError::NoSecondText),
            (Task::Compare, TargetSpec::Similarity) => Ok(()),
            (task, target) => Err(RequestError::TargetOfAnotherTask { task, target: target.to_string() }),
        }
    }
}

/// Why a request cannot be answered by any model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No text, or only white space.
    #[error("Type some text first.")]
    EmptyText,
    /// The text is over [`MAX_TEXT_BYTES`].
    #[error("The text has {bytes} bytes; the most that can be explained at once is {MAX_TEXT_BYTES}.")]
    TextTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The task compares two texts.
    #[error("Comparing needs a second text.")]
    NoSecondText,
    /// More than [`MAX_METHODS`].
    #[error("{count} methods were asked for; the most at once is {MAX_METHODS}.")]
    TooManyMethods {
        /// How many.
        count: usize,
    },
    /// The target belongs to another task.
    #[error("The target \"{target}\" does not belong to the task \"{task}\".")]
    TargetOfAnotherTask {
        /// The task.
        task: Task,
        /// The target as it is written.
        target: String,
    },
    /// A name that is not one of the listed ones.
    #[error("\"{given}\" is no {what}; there are: {known}.")]
    UnknownName {
        /// What was looked for: "method", "read", ….
        what: &'static str,
        /// What was given.
        given: String,
        /// The known names.
        known: String,
    },
}

macro_rules! names {
    ($type:ty, $what:literal, { $($variant:path => $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which it is offered.
            pub const ALL: &[Self] = &[$($variant),+];

            /// The name used in documents, in links and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($variant => $name),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
        impl FromStr for $type {
            type Err = RequestError;
            fn from_str(given: &str) -> Result<Self, RequestError> {
                Self::ALL.iter().copied().find(|value| value.name() == given).ok_or_else(|| RequestError::UnknownName {
                    what: $what,
                    given: given.chars().take(60).collect(),
                    known: [$($name),+].join(", "),
                })
            }
        }
    };
}

/// What is done with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Which token comes next.
    Continue,
    /// How similar two texts are.
    Compare,
}
names!(Task, "task", { Task::Continue => "continue", Task::Compare => "compare" });

/// An attribution method, by the name that the literature uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The length of the gradient: ‖∂f/∂x‖₂ (Simonyan et al. 2014; the L2 norm as in LIT and Inseq). Never negative.
    Saliency,
    /// Gradient times input: Σ x·∂f/∂x (Captum's `InputXGradient`). Signed.
    GradXInput,
}
names!(Method, "method", { Method::Saliency => "saliency", Method::GradXInput => "grad_x_input" });

impl Method {
    /// Whether values can be negative, and so want a diverging colour scale.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Self::GradXInput)
    }

    /// The name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Saliency => "Saliency",
            Self::GradXInput => "Gradient × input",
        }
    }
}

/// As what a target is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The raw score. For a similarity: the cosine itself, the only reading it has.
    Logit,
    /// The natural logarithm of the probability.
    LogProb,
    /// The probability, over the whole vocabulary.
    Prob,
}
names!(Read, "read", { Read::Logit => "logit", Read::LogProb => "log_prob", Read::Prob => "prob" });

/// How much of the attention a document carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionDetail {
    /// Nothing.
    None,
    /// Figures of each head.
    Summary,
    /// Every weight.
    Full,
}
names!(AttentionDetail, "attention detail", {
    AttentionDetail::None => "none", AttentionDetail::Summary => "summary", AttentionDetail::Full => "full",
});

/// One entry of a vocabulary, as a person or a link names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// By its number.
    Id(u32),
    /// By its text, a leading space included: `" Paris"`.
    Text(String),
}

/// The number to explain, written `next`, `next: Paris`, `next:#7042` or `similarity`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetSpec {
    /// The token after the text's last one: the most probable (`None`) or a chosen one.
    Next(Option<Token>),
    /// The cosine of two texts' embeddings.
    Similarity,
}

impl fmt::Display for TargetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Next(None) => f.write_str("next"),
            Self::Next(Some(Token::Id(id))) => write!(f, "next:#{id}"),
            Self::Next(Some(Token::Text(text))) => write!(f, "next:{text}"),
            Self::Similarity => f.write_str("similarity"),
        }
    }
}

impl FromStr for TargetSpec {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        match given.split_once(':') {
            None if given == "next" => Ok(Self::Next(None)),
            None if given == "similarity" => Ok(Self::Similarity),
            Some(("next", token)) if !token.is_empty() => {
                let id = token.strip_prefix('#').and_then(|digits| digits.parse().ok());
                Ok(Self::Next(Some(id.map_or_else(|| Token::Text(token.to_owned()), Token::Id))))
            }
            _ => Err(RequestError::UnknownName {
                what: "target",
                given: given.chars().take(60).collect(),
                known: "next, next:TOKEN, next:#ID, similarity".to_owned(),
            }),
        }
    }
}

impl Serialize for TargetSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TargetSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What kind of number a finished document explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A next token.
    NextToken,
    /// The cosine of two texts' embeddings.
    Similarity,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_round_trip_through_text() {
        for text in ["next", "next: Paris", "next:#7042", "similarity"] {
            assert_eq!(text.parse::<TargetSpec>().unwrap().to_string(), text);
        }
        assert_eq!("next:#7042".parse(), Ok(TargetSpec::Next(Some(Token::Id(7042)))));
        assert_eq!("next:#x".parse(), Ok(TargetSpec::Next(Some(Token::Text("#x".into())))));
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let error = "salience".parse::<Method>().unwrap_err();
        assert_eq!(error.to_string(), "\"salience\" is no method; there are: saliency, grad_x_input.");
        assert!("nxt".parse::<TargetSpec>().is_err());
        assert!("next:".parse::<TargetSpec>().is_err());
    }

    #[test]
    fn requests_are_bounded() {
        let mut request = Request::new("smollm2", Task::Continue, "Hello");
        assert_eq!(request.validate(), Ok(()));
        request.text = " \n".into();
        assert_eq!(request.validate(), Err(RequestError::EmptyText));
        request.text = "a".repeat(MAX_TEXT_BYTES + 1);
        assert!(matches!(request.validate(), Err(RequestError::TextTooLong { .. })));
        let mut pair = Request::new("minilm", Task::Compare, "Hello");
        assert_eq!(pair.validate(), Err(RequestError::NoSecondText));
        pair.second_text = Some("Hi".into());
        assert_eq!(pair.validate(), Ok(()));
        pair.target = TargetSpec::Next(None);
        assert!(matches!(pair.validate(), Err(RequestError::TargetOfAnotherTask { .. })));
    }
}
