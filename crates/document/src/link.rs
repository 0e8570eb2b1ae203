//! The share link: what a page shows, in the fragment of its address (`#1.…`), so that it never reaches a server.
//!
//! It is JSON, compressed with raw DEFLATE, written in base64url, behind a version number. A link is untrusted input:
//! its length is bounded before it is decoded and its size while it is decompressed, it names a registered model and
//! never an address, and everything in it is shown as text.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::explanation::AttentionKind;
use crate::generation::{MAX_WRITTEN, Sampling};
use crate::heads::HeadFigure;
use crate::json;
use crate::marks::Mark;
use crate::request::{MAX_MARKS, MAX_TEXT_BYTES, Request, RequestError};
use crate::validate::DocumentError;
use crate::wrote::{Aside, Chosen, MAX_WAYS, are_possible};

/// The longest fragment that is looked at, in bytes, its leading `#` not counted.
pub const MAX_FRAGMENT_BYTES: usize = 32 * 1024;

/// The largest state that a fragment may decompress to, in bytes.
pub const MAX_STATE_BYTES: usize = 128 * 1024;

const VERSION: &str = "1";

/// What a link opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The question.
    pub request: Request,
    /// SHA-256 of the weights that gave the shared answer, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// What of the answer is looked at.
    #[serde(default)]
    pub view: View,
}

/// What of an answer is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Which attention is shown, of those that the answer has; the page's own choice where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<AttentionKind>,
    /// The layer and head whose map is open, both counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<(usize, usize)>,
    /// The token whose row is picked, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<usize>,
    /// Which of the request's methods colours the text, counted from 0.
    #[serde(default)]
    pub method: usize,
    /// As what the open head is drawn.
    #[serde(default, skip_serializing_if = "HeadPicture::is_map")]
    pub picture: HeadPicture,
    /// Whether tokens that stand for no text are left out of the pictures of attention.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_special: bool,
    /// Whether tokens that draw attention whatever the text says are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_sinks: bool,
    /// Whether the method that colours the text is not among those that are compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub method_is_apart: bool,
    /// How the tokens of a word are shown, by its name; each by itself where there is none, or one that is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub grouping: String,
    /// The words that the person marked, where the request does not have them ([`Request::selection`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// How the model chooses tokens where it writes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// What was made ready to be asked of heads and layers, where the request does not ask it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<Apart>,
    /// What the model wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// What a model wrote on its own. Its numbers are worked out again where it is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// The tokens, by number: drawn or most probable ones, and those that a person took instead.
    pub tokens: Vec<u32>,
    /// The one that is open, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<usize>,
    /// The text that they follow, or translate, where it is not the request's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How they were chosen, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Chosen>,
    /// The other ways that were taken, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Aside>,
}

impl Written {
    // As much as could have been written after a text.
    fn is_possible(&self) -> bool {
        let is_text = |text: &String| text.len() <= MAX_TEXT_BYTES && !text.trim().is_empty();
        let count = self.tokens.len();
        (1..=MAX_WRITTEN).contains(&count)
            && are_possible(&self.chosen, count)
            && self.others.len() <= MAX_WAYS
            && self.others.iter().all(|other| other.is_possible(count))
            && self.open.is_none_or(|open| open < count)
            && self.text.as_ref().is_none_or(is_text)
    }
}

/// What is ready to be asked of heads and layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// What is ticked.
    pub figures: Vec<HeadFigure>,
    /// The text whose activations would be put into this one's run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub patch: String,
    /// The texts that figures would be averaged over, one on each line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub texts: String,
}

impl View {
    // What a page can show of it is bounded as what a request asks is.
    pub(crate) fn validate(&self) -> Result<(), RequestError> {
        if self.marks.len() > MAX_MARKS {
            return Err(RequestError::TooManyMarks { count: self.marks.len() });
        }
        if !self.marks.iter().all(crate::request::is_piece) {
            return Err(RequestError::NoPiece);
        }
        let figures = self.apart.as_ref().map_or(0, |apart| apart.figures.len());
        if figures > HeadFigure::ALL.len() {
            return Err(RequestError::TooManyFigures { count: figures });
        }
        if self.sampling.is_some_and(|sampling| sampling.validate().is_err()) {
            return Err(RequestError::NoSampling);
        }
        if !self.written.as_ref().is_none_or(Written::is_possible) {
            return Err(RequestError::NoWriting);
        }
        Ok(())
    }
}

/// As what a head is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadPicture {
    /// A map of its weights.
    #[default]
    Map,
    /// Lines between tokens (BertViz's head view).
    Lines,
    /// Queries and keys, number by number (BertViz's neuron view).
    Neurons,
}

impl HeadPicture {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_map(&self) -> bool {
        *self == Self::Map
    }
}

/// Why a link cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Longer than [`MAX_FRAGMENT_BYTES`], or it unpacks to more than [`MAX_STATE_BYTES`].
    #[error("This link is too large to be one of Headlight's; it was not opened.")]
    TooLarge,
    /// Made by a later Headlight, or by something else.
    #[error("This link is of a kind that this version of Headlight does not know; reload the page to get the newest.")]
    UnknownVersion,
    /// Cut off or altered.
    #[error("This link is damaged, perhaps cut off when it was copied; ask for it again.")]
    Damaged,
    /// Well made, but what it asks for is refused.
    #[error("This link asks for something that cannot be done: {0}")]
    Refused(#[from] RequestError),
    /// A frozen explanation that is none.
    #[error("The explanation in this link cannot be shown: {0}.")]
    Faulty(#[from] DocumentError),
}

/// What was compressed, where it is no more than `most` bytes.
pub(crate) fn inflate(packed: &[u8], most: usize) -> Result<Vec<u8>, LinkError> {
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, most).map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => LinkError::TooLarge,
        _ => LinkError::Damaged,
    })
}

impl Link {
    /// The fragment for this state, without its leading `#`.
    ///
    /// # Errors
    /// [`LinkError::TooLarge`] where the text is too long for a link.
    pub fn encode(&self) -> Result<String, LinkError> {
        let state = json::bytes(self).map_err(|_| LinkError::Damaged)?;
        let packed = miniz_oxide::deflate::compress_to_vec(&state, 9);
        let fragment = format!("{VERSION}.{}", Base64UrlUnpadded::encode_string(&packed));
        if state.len() > MAX_STATE_BYTES || fragment.len() > MAX_FRAGMENT_BYTES {
            return Err(LinkError::TooLarge);
        }
        Ok(fragment)
    }

    /// Reads a fragment, with or without its leading `#`.
    ///
    /// # Errors
    /// Every fragment that [`Link::encode`] did not make is answered with one of [`LinkError`]'s.
    pub fn decode(fragment: &str) -> Result<Self, LinkError> {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        if fragment.len() > MAX_FRAGMENT_BYTES {
            return Err(LinkError::TooLarge);
        }
        let (version, packed) = fragment.split_once('.').ok_or(LinkError::UnknownVersion)?;
        if version != VERSION {
            return Err(LinkError::UnknownVersion);
        }
        let packed = Base64UrlUnpadded::decode_vec(packed).map_err(|_| LinkError::Damaged)?;
        let state = inflate(&packed, MAX_STATE_BYTES)?;
        let link: Self = json::read(&state).map_err(|_| LinkError::Damaged)?;
        link.request.validate()?;
        link.view.validate()?;
        Ok(link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

    fn sample() -> Link {
        Link {
            request: Request::new("smollm2", Task::Continue, "Das ist 好 <b>x</b> 🙂"),
            model_sha256: Some("ab".repeat(32)),
            view: View {
                attention: Some(AttentionKind::Cross),
                head: Some((3, 4)),
                token: Some(2),
                without_sinks: true,
                ..View::default()
            },
        }
    }

    fn fragment_of(state: &[u8]) -> String {
        let packed = miniz_oxide::deflate::compress_to_vec(state, 9);
        format!("1.{}", Base64UrlUnpadded::encode_string(&packed))
    }

    #[test]
    fn a_link_opens_as_it_was_made() {
        let fragment = sample().encode().unwrap();
        assert!(fragment.len() < 400, "a link of one sentence should stay short: {}", fragment.len());
        assert_eq!(Link::decode(&fragment), Ok(sample()));
        assert_eq!(Link::decode(&format!("#{fragment}")), Ok(sample()));
    }

    #[test]
    fn every_cut_and_every_flip_is_an_error_or_a_valid_link() {
        let fragment = sample().encode().unwrap();
        for end in 0..fragment.len() {
            assert!(Link::decode(&fragment[..end]).is_err());
        }
        for at in 0..fragment.len() {
            let mut bytes = fragment.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            if let Ok(link) = Link::decode(&String::from_utf8(bytes).unwrap()) {
                assert_eq!(link.request.validate(), Ok(()));
            }
        }
    }

    #[test]
    fn bombs_and_strangers_are_refused() {
        assert_eq!(Link::decode(&fragment_of(&vec![b' '; MAX_STATE_BYTES + 1])), Err(LinkError::TooLarge));
        assert_eq!(Link::decode(&"A".repeat(MAX_FRAGMENT_BYTES + 1)), Err(LinkError::TooLarge));
        assert_eq!(Link::decode("2.AAAA"), Err(LinkError::UnknownVersion));
        assert_eq!(Link::decode("javascript:alert(1)"), Err(LinkError::UnknownVersion));
        assert_eq!(Link::decode("1.<script>"), Err(LinkError::Damaged));
        let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(Link::decode(&fragment_of(deep.as_bytes())), Err(LinkError::Damaged));
        let written = |written| View { written: Some(written), ..View::default() };
        for view in [
            View { marks: vec![(0, 3, 3)], ..View::default() },
            View { marks: vec![(0, 0, 1); MAX_MARKS + 1], ..View::default() },
            View { sampling: Some(Sampling { top_p: 0.0, ..Sampling::default() }), ..View::default() },
            View { apart: Some(Apart { figures: vec![HeadFigure::Lens; 6], ..Apart::default() }), ..View::default() },
            written(Written::default()),
            written(Written { tokens: vec![7; MAX_WRITTEN + 1], ..Written::default() }),
            written(Written { tokens: vec![7], open: Some(1), ..Written::default() }),
            written(Written { tokens: vec![7], others: vec![Aside::default()], ..Written::default() }),
            written(Written {
                tokens: vec![7],
                others: vec![Aside { after: 1, ..Aside::default() }; MAX_WAYS + 1],
                ..Written::default()
            }),
            written(Written {
                tokens: vec![7],
                chosen: vec![Chosen { from: 1, sampling: Sampling::default(), taken: false }],
                ..Written::default()
            }),
            written(Written { tokens: vec![7], text: Some(" ".into()), ..Written::default() }),
            written(Written { tokens: vec![7], text: Some("a".repeat(MAX_TEXT_BYTES + 1)), ..Written::default() }),
        ] {
            let link = Link { view, ..sample() };
            assert!(matches!(Link::decode(&link.encode().unwrap()), Err(LinkError::Refused(_))));
        }
        let mut empty = sample();
        empty.request.text.clear();
        assert!(matches!(Link::decode(&empty.encode().unwrap()), Err(LinkError::Refused(_))));
    }
}
