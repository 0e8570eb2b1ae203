//! The number to explain, as a person, a link or a command line names it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::request::RequestError;

/// One entry of a vocabulary, as a person or a link names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// By its number.
    Id(u32),
    /// By its text, a leading space included: `" Paris"`.
    Text(String),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "#{id}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Token {
    fn from(given: &str) -> Self {
        let id = given.strip_prefix('#').and_then(|digits| digits.parse().ok());
        id.map_or_else(|| Self::Text(given.to_owned()), Self::Id)
    }
}

/// The number to explain. Positions count the tokens of the text from 0, special tokens included. Where a choice is left
/// out, the model's own is taken: the most probable one, at the place where it says most.
///
/// | written | meaning |
/// | --- | --- |
/// | `next`, `next: Paris`, `next:#7042` | the token after the text's last one |
/// | `label`, `label:positive` | a classifier's label |
/// | `label@3`, `label:B-GIVEN_NAME@3` | the label of token 3 |
/// | `mask`, `mask@4`, `mask:dog@4` | the word in the place of a mask |
/// | `span`, `span:12-14` | an answer from token 12 to token 14 |
/// | `output`, `output@2`, `output:gato@2` | the token that is written at step 2 |
/// | `similarity` | the cosine of two texts' embeddings |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetSpec {
    /// The token after the text's last one: the most probable (`None`) or a chosen one.
    Next(Option<Token>),
    /// A label of the text, or of the token at `position`.
    Label {
        /// Its name; the most probable where there is none.
        name: Option<String>,
        /// The token, for models that label tokens.
        position: Option<usize>,
    },
    /// The word in the place of a mask.
    Mask {
        /// Which word; the most probable where there is none.
        token: Option<Token>,
        /// Which mask; the first where there is none.
        position: Option<usize>,
    },
    /// The answer between two tokens, both included; the most probable where there is none.
    Span(Option<(usize, usize)>),
    /// A token that the model writes.
    Output {
        /// Which token; the one that is written where there is none.
        token: Option<Token>,
        /// At which step, counted from 0; the first where there is none.
        step: Option<usize>,
    },
    /// The cosine of two texts' embeddings.
    Similarity,
}

/// Ends in `@3`, where there is a position.
struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(position) => write!(f, "@{position}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TargetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen =
            |f: &mut fmt::Formatter<'_>, kind: &str, choice: Option<&dyn fmt::Display>, at: Option<usize>| match choice
            {
                Some(choice) => write!(f, "{kind}:{choice}{}", At(at)),
                None => write!(f, "{kind}{}", At(at)),
            };
        match self {
            Self::Next(token) => chosen(f, "next", token.as_ref().map(|token| token as &dyn fmt::Display), None),
            Self::Label { name, position } => {
                chosen(f, "label", name.as_ref().map(|name| name as &dyn fmt::Display), *position)
            }
            Self::Mask { token, position } => {
                chosen(f, "mask", token.as_ref().map(|token| token as &dyn fmt::Display), *position)
            }
            Self::Output { token, step } => {
                chosen(f, "output", token.as_ref().map(|token| token as &dyn fmt::Display), *step)
            }
            Self::Span(None) => f.write_str("span"),
            Self::Span(Some((start, end))) => write!(f, "span:{start}-{end}"),
            Self::Similarity => f.write_str("similarity"),
        }
    }
}

/// Takes a position off the end: `label:X@3` is `label:X` and 3.
fn at(given: &str) -> (&str, Option<usize>) {
    match given.rsplit_once('@') {
        Some((rest, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            match digits.parse() {
                Ok(position) => (rest, Some(position)),
                Err(_) => (given, None),
            }
        }
        _ => (given, None),
    }
}

impl FromStr for TargetSpec {
    type Err = RequestError;

    fn from_str(given: &str) -> Result<Self, RequestError> {
        let unknown = || RequestError::UnknownName {
            what: "target",
            given: given.chars().take(60).collect(),
            known:
                "next, next:TOKEN, next:#ID, label, label:NAME, label:NAME@POSITION, mask, mask:TOKEN@POSITION, span, \
                    span:START-END, output, output:TOKEN@STEP, similarity"
                    .to_owned(),
        };
        // The token after `next:` may hold anything, an @ too.
        match given.split_once(':') {
            Some(("next", token)) if !token.is_empty() => return Ok(Self::Next(Some(Token::from(token)))),
            None if given == "next" => return Ok(Self::Next(None)),
            None if given == "similarity" => return Ok(Self::Similarity),
            _ => {}
        }
        let (rest, position) = at(given);
        let (kind, choice) = match rest.split_once(':') {
            Some((_, "")) => return Err(unknown()),
            Some((kind, choice)) => (kind, Some(choice)),
            None => (rest, None),
        };
        match kind {
            "label" => Ok(Self::Label { name: choice.map(str::to_owned), position }),
            "mask" => Ok(Self::Mask { token: choice.map(Token::from), position }),
            "output" => Ok(Self::Output { token: choice.map(Token::from), step: position }),
            "span" if position.is_none() => match choice {
                None => Ok(Self::Span(None)),
                Some(range) => {
                    let (start, end) = range.split_once('-').ok_or_else(unknown)?;
                    let number = |digits: &str| digits.parse::<usize>().map_err(|_| unknown());
                    Ok(Self::Span(Some((number(start)?, number(end)?))))
                }
            },
            _ => Err(unknown()),
        }
    }
}

impl TargetSpec {
    /// The entry of the vocabulary, or the label, that it names.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        match self {
            Self::Next(token) | Self::Mask { token, .. } | Self::Output { token, .. } => token.clone(),
            Self::Label { name, .. } => name.clone().map(Token::Text),
            Self::Span(_) | Self::Similarity => None,
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
    /// A label of the text.
    Class,
    /// A label of one token.
    TokenLabel,
    /// The word in the place of a mask.
    MaskedWord,
    /// An answer's first and last token.
    AnswerSpan,
    /// A token that the model writes.
    OutputToken,
    /// The cosine of two texts' embeddings.
    Similarity,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_round_trip_through_text() {
        for text in [
            "next",
            "next: Paris",
            "next:#7042",
            "next:a@3",
            "similarity",
            "label",
            "label:positive",
            "label@3",
            "label:B-GIVEN_NAME@3",
            "mask",
            "mask@4",
            "mask:dog",
            "mask:#12@4",
            "span",
            "span:12-14",
            "output",
            "output@2",
            "output:ga:to@2",
        ] {
            assert_eq!(text.parse::<TargetSpec>().unwrap().to_string(), text);
        }
        assert_eq!("next:#7042".parse(), Ok(TargetSpec::Next(Some(Token::Id(7042)))));
        assert_eq!("next:#x".parse(), Ok(TargetSpec::Next(Some(Token::Text("#x".into())))));
        let label = TargetSpec::Label { name: Some("B-GIVEN_NAME".into()), position: Some(3) };
        assert_eq!("label:B-GIVEN_NAME@3".parse(), Ok(label));
        assert_eq!("span:12-14".parse(), Ok(TargetSpec::Span(Some((12, 14)))));
    }

    #[test]
    fn what_is_no_target_is_answered_with_what_is() {
        for text in
            ["nxt", "next:", "label:", "label:@3", "span:3", "span:a-b", "span:1-2@3", "mask:@1", "", "@3", ":x"]
        {
            assert!(text.parse::<TargetSpec>().is_err(), "{text}");
        }
        assert!("label:x@99999999999999999999999".parse::<TargetSpec>().is_ok());
    }
}
