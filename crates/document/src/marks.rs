//! Pieces of a person's own texts, as places that outlive another model's tokens.

use crate::explanation::{Input, InputToken};

/// A marked piece: of which text (0, or 1 for the second), its first byte, and the byte after its last.
pub type Mark = (usize, usize, usize);

/// Where the person's own texts stand in a prompt, each with its number; nowhere where there is no prompt, or where it is their
/// own text.
#[must_use]
pub fn own(prompt: Option<&str>, text: &str, second_text: Option<&str>) -> Vec<Mark> {
    let Some(prompt) = prompt else { return Vec::new() };
    // The last time: an example may say the same.
    let find = |(source, text): (usize, &str)| {
        let text = text.trim();
        prompt.rfind(text).filter(|_| !text.is_empty()).map(|from| (source, from, from + text.len()))
    };
    std::iter::once(text).chain(second_text).enumerate().filter_map(find).collect()
}

/// Where each token stands in the person's own texts; nowhere for special tokens and for the examples of a prompt. `own` is
/// [`own`]'s, and says nothing without a prompt.
#[must_use]
pub fn places(tokens: &[InputToken], is_prompted: bool, own: &[Mark]) -> Vec<Option<Mark>> {
    let place = |token: &InputToken| {
        if token.special || token.start >= token.end {
            return None;
        }
        if !is_prompted {
            return Some((usize::from(token.source), token.start, token.end));
        }
        let (source, from, to) = own.iter().copied().find(|&(_, from, to)| token.start < to && token.end > from)?;
        Some((source, token.start.saturating_sub(from), token.end.min(to) - from))
    };
    tokens.iter().map(place).collect()
}

/// Which tokens are marked.
#[must_use]
pub fn marked(places: &[Option<Mark>], marks: &[Mark]) -> Vec<bool> {
    places.iter().map(|place| place.is_some_and(|place| marks.iter().any(|&mark| overlap(place, mark)))).collect()
}

/// Whether two pieces share a byte.
#[must_use]
pub fn overlap(a: Mark, b: Mark) -> bool {
    a.0 == b.0 && a.1 < b.2 && b.1 < a.2
}

impl Input {
    /// Where the person's own texts stand in the prompt; see [`own`].
    #[must_use]
    pub fn own(&self) -> Vec<Mark> {
        own(self.prompt.as_deref(), &self.text, self.second_text.as_deref())
    }

    /// Where each token stands in them; see [`places`].
    #[must_use]
    pub fn places(&self) -> Vec<Option<Mark>> {
        places(&self.tokens, self.prompt.is_some(), &self.own())
    }
}
