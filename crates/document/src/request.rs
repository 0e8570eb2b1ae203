//! What a person asks of the engine, and how it is written on the command line and in a link.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::faithfulness::Measure;
use crate::generation::MAX_WRITTEN;
use crate::heads::HeadFigure;
use crate::intervention::Intervention;
use crate::marks::Mark;
use crate::method::{Method, Parameters};
use crate::names::names;
use crate::target_spec::{TargetSpec, Token};

/// The longest text that a request may carry, in bytes. Far beyond any registered model's context; it exists so that a
/// hostile link cannot make a tokenizer run for minutes.
pub const MAX_TEXT_BYTES: usize = 20_000;

/// The most labels, and the most examples, in a causal model's prompt.
pub const MAX_LABELS: usize = 64;

/// The most pieces of a text that may be picked.
pub const MAX_MARKS: usize = 1000;

/// The most methods in one request.
pub const MAX_METHODS: usize = 16;

/// The most texts over which figures of heads are averaged.
pub const MAX_TEXTS: usize = 500;

/// The most bytes that these have together.
pub const MAX_TEXTS_BYTES: usize = 100_000;

/// One question to a model: a text, a number to explain, and the methods to explain it with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The registered name of the model.
    pub model: String,
    /// What to do with the text.
    pub task: Task,
    /// The text.
    pub text: String,
    /// The second text, for tasks that take two: what the first is compared with, or the question about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_text: Option<String>,
    /// The labels among which a causal model chooses, for [`Task::Classify`]; its own default where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The examples before the text in a causal model's prompt, for [`Task::Classify`] and [`Task::Answer`]; its own
    /// default where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shots: Vec<Shot>,
    /// What is explained.
    pub target: TargetSpec,
    /// As what the target is read.
    pub read: Read,
    /// What the target is held against: a token or a label that it is explained as rather than. None where the target is
    /// explained by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foil: Option<Token>,
    /// The attribution methods, each run on the same target.
    pub methods: Vec<Method>,
    /// What the methods leave to be chosen.
    #[serde(default, skip_serializing_if = "Parameters::is_default")]
    pub parameters: Parameters,
    /// What a person picked, to be left out together: for [`Units::Selection`](crate::Units::Selection).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<Mark>,
    /// What is measured of the methods' values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// Whether gradient times activation of every layer and head comes back too.
    #[serde(default, skip_serializing_if = "is_not")]
    pub layers: bool,
    /// Which figures of heads and layers come back too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<HeadFigure>,
    /// Another text, of as many tokens, whose activations are put into this one's run, one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// Other texts, over which the profile and the ablation are averaged too ([`Request::over`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// What a translation begins with for certain, token by token: what was written before, with other choices in it. The model goes
    /// on from there by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<u32>,
    /// What is changed of the model, to see what it answers then. All else is of the model as it is.
    #[serde(default, skip_serializing_if = "Intervention::is_empty")]
    pub intervention: Intervention,
    /// How much of the attention comes back.
    pub attention: AttentionDetail,
}

/// Whether a text can have this piece.
pub(crate) fn is_piece(&(source, start, end): &Mark) -> bool {
    source < 2 && start < end && end <= MAX_TEXT_BYTES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_not(value: &bool) -> bool {
    !*value
}

impl Request {
    /// The plain question about `text`: what the model itself answers, read as a logit.
    #[must_use]
    pub fn new(model: impl Into<String>, task: Task, text: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            task,
            text: text.into(),
            second_text: None,
            labels: Vec::new(),
            shots: Vec::new(),
            target: task.target(),
            read: Read::Logit,
            foil: None,
            methods: vec![Method::GradXInput],
            parameters: Parameters::default(),
            selection: Vec::new(),
            measures: Vec::new(),
            layers: false,
            heads: Vec::new(),
            patch: None,
            texts: Vec::new(),
            begun: Vec::new(),
            intervention: Intervention::default(),
            attention: AttentionDetail::Full,
        }
    }

    /// The question about one of [`Request::texts`]. A text's label that is named stays the same for all; whatever else is
    /// explained of this text gives way to what the model itself answers to that one.
    #[must_use]
    pub fn over(&self, text: &str) -> Self {
        let is_kept =
            self.task == Task::Classify && matches!(self.target, TargetSpec::Label { name: Some(_), position: None });
        Self {
            text: text.to_owned(),
            second_text: self.second_text.clone(),
            labels: self.labels.clone(),
            shots: self.shots.clone(),
            target: if is_kept { self.target.clone() } else { self.task.target() },
            read: self.read,
            foil: self.foil.clone().filter(|_| is_kept),
            methods: Vec::new(),
            parameters: self.parameters,
            heads: self.heads.clone(),
            ..Self::new(self.model.clone(), self.task, "")
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// Says which field is out of bounds, or which two do not go together.
    pub fn validate(&self) -> Result<(), RequestError> {
        let texts = std::iter::once(&self.text).chain(&self.second_text).chain(&self.patch);
        for text in texts.chain(&self.texts) {
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
        if self.selection.len() > MAX_MARKS {
            return Err(RequestError::TooManyMarks { count: self.selection.len() });
        }
        if !self.selection.iter().all(is_piece) {
            return Err(RequestError::NoPiece);
        }
        if self.measures.len() > Measure::ALL.len() {
            return Err(RequestError::TooManyMeasures { count: self.measures.len() });
        }
        if self.heads.len() > HeadFigure::ALL.len() {
            return Err(RequestError::TooManyFigures { count: self.heads.len() });
        }
        if self.texts.len() > MAX_TEXTS || self.texts.iter().map(String::len).sum::<usize>() > MAX_TEXTS_BYTES {
            return Err(RequestError::TooManyTexts);
        }
        let is_averaged = [HeadFigure::Profile, HeadFigure::Ablation].iter().any(|one| self.heads.contains(one));
        if !self.texts.is_empty() && !is_averaged {
            return Err(RequestError::NothingOverTexts);
        }
        if self.begun.len() > MAX_WRITTEN {
            return Err(RequestError::NoWriting);
        }
        if !self.intervention.is_bounded() {
            return Err(RequestError::TooMuchChanged);
        }
        self.parameters.validate()?;
        if self.foil.is_some() && matches!(self.target, TargetSpec::Span(_) | TargetSpec::Similarity) {
            return Err(RequestError::NoFoil { target: self.target.to_string() });
        }
        let shots = self.shots.iter().flat_map(|shot| [&shot.text, &shot.answer].into_iter().chain(&shot.question));
        let prompt: usize = self.labels.iter().chain(shots).map(String::len).sum();
        if prompt > MAX_TEXT_BYTES || self.labels.len() > MAX_LABELS || self.shots.len() > MAX_LABELS {
            return Err(RequestError::PromptTooLong);
        }
        if self.labels.iter().any(|label| label.trim().is_empty()) {
            return Err(RequestError::EmptyLabel);
        }
        match self.task.second_text() {
            Some(SecondText::Other) if self.second_text.is_none() => return Err(RequestError::NoSecondText),
            Some(SecondText::Question) if self.second_text.is_none() => return Err(RequestError::NoQuestion),
            _ => {}
        }
        if self.task.has(&self.target) {
            Ok(())
        } else {
            Err(RequestError::TargetOfAnotherTask { task: self.task, target: self.target.to_string() })
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
    /// The task asks about the text.
    #[error("Type a question about the text first.")]
    NoQuestion,
    /// A label without letters.
    #[error("One of the labels is empty.")]
    EmptyLabel,
    /// More labels or examples than [`MAX_LABELS`], or longer ones than [`MAX_TEXT_BYTES`] together.
    #[error(
        "The labels and examples are too many or too long; the most are {MAX_LABELS} of each, and {MAX_TEXT_BYTES} bytes."
    )]
    PromptTooLong,
    /// More than [`MAX_METHODS`].
    #[error("{count} methods were asked for; the most at once is {MAX_METHODS}.")]
    TooManyMethods {
        /// How many.
        count: usize,
    },
    /// More than [`MAX_MARKS`].
    #[error("{count} pieces of the text were picked; the most at once is {MAX_MARKS}.")]
    TooManyMarks {
        /// How many.
        count: usize,
    },
    /// More measures than there are.
    #[error("{count} measures were asked for; there are not that many.")]
    TooManyMeasures {
        /// How many.
        count: usize,
    },
    /// A picked piece that no text can have.
    #[error("A piece that was picked lies in no text.")]
    NoPiece,
    /// Tokens would be drawn from nothing, or at a temperature out of bounds.
    #[error("Its way of choosing tokens is none: temperature, top-k or top-p are out of bounds.")]
    NoSampling,
    /// More was written than a model writes here, or something of it that is not there is open.
    #[error("What the model is said to have written is no text that it could have: too much, or nothing.")]
    NoWriting,
    /// More of the model is changed than there is, or by too much.
    #[error("That changes more of the model than there is, or by more than ten times; take something back.")]
    TooMuchChanged,
    /// More figures of heads than there are.
    #[error("{count} figures of heads were asked for; there are not that many.")]
    TooManyFigures {
        /// How many.
        count: usize,
    },
    /// More than [`MAX_TEXTS`], or than [`MAX_TEXTS_BYTES`].
    #[error("That is too much to average over: at most {MAX_TEXTS} texts, of {MAX_TEXTS_BYTES} bytes together.")]
    TooManyTexts,
    /// Texts, and no figure that is averaged over them.
    #[error("The profile and the ablation are what is averaged over texts; ask for one of them.")]
    NothingOverTexts,
    /// A parameter of a method is out of its bounds.
    #[error("{what} is {given}; it must be between {least} and {most}.")]
    OutOfBounds {
        /// Which parameter.
        what: &'static str,
        /// What was asked for.
        given: u32,
        /// The least that is taken.
        least: u32,
        /// The most that is taken.
        most: u32,
    },
    /// The target cannot be held against another.
    #[error("The target \"{target}\" has no other of its kind that it could be held against.")]
    NoFoil {
        /// The target as it is written.
        target: String,
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

/// What is done with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Which token comes next.
    Continue,
    /// Which label the text has: by a classifier, or by a causal model that compares the labels' tokens after a few
    /// examples.
    Classify,
    /// Which label each token has.
    Label,
    /// The answer to a question: a span of the text, or what a causal model says after a few examples.
    Answer,
    /// The text in another language.
    Translate,
    /// Which word stands in the place of a mask.
    Fill,
    /// How similar two texts are.
    Compare,
}
names!(Task, "task", {
    Task::Continue => "continue", Task::Classify => "classify", Task::Label => "label", Task::Answer => "answer",
    Task::Translate => "translate", Task::Fill => "fill", Task::Compare => "compare",
});

impl Task {
    /// What [`Request::second_text`] is, for tasks that take two.
    #[must_use]
    pub fn second_text(self) -> Option<SecondText> {
        match self {
            Self::Answer => Some(SecondText::Question),
            Self::Compare => Some(SecondText::Other),
            _ => None,
        }
    }

    /// The target that a task has where none is chosen.
    #[must_use]
    pub fn target(self) -> TargetSpec {
        match self {
            Self::Continue => TargetSpec::Next(None),
            Self::Classify | Self::Label => TargetSpec::Label { name: None, position: None },
            Self::Answer => TargetSpec::Span(None),
            Self::Translate => TargetSpec::Output { token: None, step: None },
            Self::Fill => TargetSpec::Mask { token: None, position: None },
            Self::Compare => TargetSpec::Similarity,
        }
    }

    /// Whether a target is one of this task's.
    #[must_use]
    pub fn has(self, target: &TargetSpec) -> bool {
        match self {
            Self::Continue => matches!(target, TargetSpec::Next(_)),
            Self::Classify => matches!(target, TargetSpec::Label { position: None, .. }),
            Self::Label => matches!(target, TargetSpec::Label { .. }),
            // A causal model answers with the token that comes next.
            Self::Answer => matches!(target, TargetSpec::Span(_) | TargetSpec::Next(_)),
            Self::Translate => matches!(target, TargetSpec::Output { .. }),
            Self::Fill => matches!(target, TargetSpec::Mask { .. }),
            Self::Compare => matches!(target, TargetSpec::Similarity),
        }
    }
}

/// What a second text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondText {
    /// A question about the first.
    Question,
    /// What the first is compared with.
    Other,
}

/// One worked example in the prompt of a causal model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    /// The text.
    pub text: String,
    /// The question about it, for [`Task::Answer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Its label, or the answer.
    pub answer: String,
}

/// As what a target is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// The raw score. For a similarity the cosine, for a regression the number: the only reading they have.
    Logit,
    /// The natural logarithm of the probability.
    LogProb,
    /// The probability, over the whole vocabulary or all labels.
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
    /// Figures of each head, and every map made small. The maps themselves stay where they were computed, to be looked at
    /// ([`crate::Look`]). Of a short text, whose maps are small as they are, every weight.
    Overview,
    /// Every weight.
    Full,
}
names!(AttentionDetail, "attention detail", {
    AttentionDetail::None => "none", AttentionDetail::Summary => "summary",
    AttentionDetail::Overview => "overview", AttentionDetail::Full => "full",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let error = "salience".parse::<Method>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"salience\" is no method; there are: saliency, grad_x_input, integrated_gradients, smoothgrad, occlusion, lime, \
             kernel_shap, partition_shap, attention, attention_rollout, attention_flow, attention_gradient, value_zeroing."
        );
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
        let mut taken = Request::new("smollm2", Task::Continue, "Hello");
        taken.heads = vec![HeadFigure::Lens; 6];
        assert_eq!(taken.validate(), Err(RequestError::TooManyFigures { count: 6 }));
        taken.heads.truncate(1);
        for wrong in [(2, 0, 1), (0, 3, 3), (0, 0, MAX_TEXT_BYTES + 1), (1, usize::MAX, 2)] {
            let picked = Request { selection: vec![(0, 0, 5), wrong], ..taken.clone() };
            assert_eq!(picked.validate(), Err(RequestError::NoPiece));
        }
        taken.patch = Some(" ".into());
        assert_eq!(taken.validate(), Err(RequestError::EmptyText));
        taken.patch = None;
        taken.texts = vec!["One".into(), "Two".into()];
        assert_eq!(taken.validate(), Err(RequestError::NothingOverTexts));
        taken.heads = vec![HeadFigure::Profile];
        assert_eq!(taken.validate(), Ok(()));
        taken.texts.push(String::new());
        assert_eq!(taken.validate(), Err(RequestError::EmptyText));
        taken.texts = vec!["a".into(); MAX_TEXTS + 1];
        assert_eq!(taken.validate(), Err(RequestError::TooManyTexts));
    }

    #[test]
    fn other_texts_have_answers_of_their_own_but_the_same_label() {
        let mut request = Request::new("smollm2", Task::Continue, "Hello");
        request.target = TargetSpec::Next(Some("you".into()));
        request.foil = Some("me".into());
        let other = request.over("Bye");
        assert_eq!((other.text.as_str(), other.target, other.foil), ("Bye", TargetSpec::Next(None), None));
        request = Request::new("sentiment", Task::Classify, "Fine");
        request.target = TargetSpec::Label { name: Some("positive".into()), position: None };
        request.foil = Some("negative".into());
        let other = request.over("Bad");
        assert_eq!((other.target, other.foil), (request.target, request.foil));
    }
}
