//! Writing on, token by token: what is asked, and what each step says.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::explanation::{Candidate, OutputToken};
use crate::request::MAX_TEXT_BYTES;
use crate::triangle::Triangle;

/// The most tokens that are written after one text.
pub const MAX_WRITTEN: usize = 1000;

/// The highest temperature.
pub const MAX_TEMPERATURE: f64 = 10.0;

/// A text that is to be gone on with, or translated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The registered name of the model.
    pub model: String,
    /// The text.
    pub text: String,
    /// What follows it for certain, token by token: what was written before, with another choice at its end, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<u32>,
    /// Whether it is told again, step by step, before anything is written after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replay: bool,
    /// How many tokens are written after that at most.
    pub most: usize,
    /// How each is chosen.
    #[serde(default)]
    pub sampling: Sampling,
}

/// How a token is chosen among those that may come next, as transformers' `generate` does it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// What scores are divided by. 0 takes the most probable token.
    pub temperature: f64,
    /// How many tokens may be drawn at most, the most probable ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// How much of the probability the tokens have together that may be drawn.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub top_p: f64,
    /// What random numbers begin with: the same seed writes the same text.
    #[serde(default)]
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: all(), seed: 0 }
    }
}

fn all() -> f64 {
    1.0
}

// A number is larger than a reference on wasm.
#[cfg_attr(not(target_arch = "wasm32"), expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference"))]
fn is_all(share: &f64) -> bool {
    *share >= 1.0
}

impl Generation {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// Says what is out of bounds.
    pub fn validate(&self) -> Result<(), GenerationError> {
        if self.text.trim().is_empty() {
            return Err(GenerationError::EmptyText);
        }
        if self.text.len() > MAX_TEXT_BYTES {
            return Err(GenerationError::TextTooLong { bytes: self.text.len() });
        }
        let is_idle = self.most == 0 && (!self.replay || self.written.is_empty());
        if is_idle || self.most > MAX_WRITTEN || self.written.len() > MAX_WRITTEN {
            return Err(GenerationError::TooMuch);
        }
        self.sampling.validate()
    }
}

impl Sampling {
    /// Checks that tokens can be drawn so.
    ///
    /// # Errors
    /// Says what is out of bounds.
    pub fn validate(&self) -> Result<(), GenerationError> {
        let Self { temperature, top_k, top_p, .. } = *self;
        if !(0.0..=MAX_TEMPERATURE).contains(&temperature) {
            return Err(GenerationError::Temperature);
        }
        if !(top_p > 0.0 && top_p <= 1.0) || top_k == Some(0) {
            return Err(GenerationError::Nothing);
        }
        Ok(())
    }
}

/// Why a text cannot be gone on with by any model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// No text, or only white space.
    #[error("Type some text first.")]
    EmptyText,
    /// The text is over [`MAX_TEXT_BYTES`].
    #[error("The text has {bytes} bytes; the most that can be gone on with is {MAX_TEXT_BYTES}.")]
    TextTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Nothing, or more than [`MAX_WRITTEN`].
    #[error("Between 1 and {MAX_WRITTEN} tokens can be written.")]
    TooMuch,
    /// Below nought, above [`MAX_TEMPERATURE`], or no number.
    #[error("A temperature is a number between 0 and {MAX_TEMPERATURE}.")]
    Temperature,
    /// No token could be drawn.
    #[error("That leaves no token to draw: top_k is at least 1, and top_p above 0 and at most 1.")]
    Nothing,
}

/// One token that was written, and what else might have been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The token, with its probability as the model says it, whatever the sampling made of it.
    pub token: OutputToken,
    /// What it adds to the text: nothing where a character is not whole with it, or where it stands for no text.
    pub adds: String,
    /// The most probable tokens here, best first.
    pub top: Vec<Candidate>,
}

/// A text that was gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generated {
    /// The question.
    pub generation: Generation,
    /// How many tokens the text has.
    pub tokens: usize,
    /// What was written, after what was certain.
    pub steps: Vec<Step>,
    /// All that follows the text, as text.
    pub text: String,
    /// Whether the model ended it, rather than the limit.
    pub ended: bool,
    /// What each written token rests on, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triangle: Option<Triangle>,
    /// Where the model looked as it wrote each, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gazed: Option<Triangle>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_model_could_do_is_refused() {
        let plain = Generation {
            model: "smollm2".into(),
            text: "Hello".into(),
            written: Vec::new(),
            replay: false,
            most: 8,
            sampling: Sampling::default(),
        };
        assert_eq!(plain.validate(), Ok(()));
        let sampled = |sampling| Generation { sampling, ..plain.clone() }.validate();
        let of = Sampling { temperature: 0.7, ..Sampling::default() };
        assert_eq!(sampled(of), Ok(()));
        for temperature in [-0.1, f64::NAN, f64::INFINITY, 11.0] {
            assert_eq!(sampled(Sampling { temperature, ..of }), Err(GenerationError::Temperature));
        }
        assert_eq!(sampled(Sampling { top_k: Some(0), ..of }), Err(GenerationError::Nothing));
        for top_p in [0.0, 1.5, f64::NAN] {
            assert_eq!(sampled(Sampling { top_p, ..of }), Err(GenerationError::Nothing));
        }
        let replay = Generation { most: 0, written: vec![3], replay: true, ..plain.clone() };
        assert_eq!(replay.validate(), Ok(()));
        assert_eq!(Generation { replay: false, ..replay }.validate(), Err(GenerationError::TooMuch));
        let blank = Generation { text: " ".into(), ..plain.clone() };
        assert_eq!(blank.validate(), Err(GenerationError::EmptyText));
        for most in [0, MAX_WRITTEN + 1] {
            assert_eq!(Generation { most, ..plain.clone() }.validate(), Err(GenerationError::TooMuch));
        }
    }
}
