//! The same question about a text in which something was changed: which tokens are the same, and how values differ there.

use headlight_document::{AttentionDetail, Explanation, InputToken, Request};

use super::answer::current;
use super::form::METHODS;
use super::heat::Heat;

/// The most tokens whose attention is brought for a second text, whole.
const WHOLE: usize = 64;

/// The question about another text: the same number as in `document`, whatever the model would answer there.
#[must_use]
pub fn request(document: &Explanation, asked: &Request, text: &str) -> Request {
    let attention = if document.input.tokens.len() <= WHOLE { AttentionDetail::Full } else { AttentionDetail::None };
    Request {
        text: text.to_owned(),
        target: current(document),
        methods: METHODS.to_vec(),
        measures: Vec::new(),
        // Another text's translation is its own.
        begun: Vec::new(),
        attention,
        ..asked.clone()
    }
}

/// Which token of the second list each of the first one's is: those before and after what was changed.
#[must_use]
pub fn same(before: &[InputToken], after: &[InputToken]) -> Vec<Option<usize>> {
    let is_same = |(a, b): &(&InputToken, &InputToken)| (a.id, a.source) == (b.id, b.source);
    let first = before.iter().zip(after).take_while(is_same).count();
    let room = before.len().min(after.len()) - first;
    let last = before.iter().rev().zip(after.iter().rev()).take(room).take_while(is_same).count();
    let moved = after.len() as isize - before.len() as isize;
    let place = |at: usize| match at {
        at if at < first => Some(at),
        at if at >= before.len() - last => at.checked_add_signed(moved),
        _ => None,
    };
    (0..before.len()).map(place).collect()
}

/// The byte at which the UTF-16 unit `at` lies: a browser counts those.
#[must_use]
pub fn byte(text: &str, at: usize) -> usize {
    let mut units = 0;
    let found = text.char_indices().find(|(_, one)| {
        units += one.len_utf16();
        units > at
    });
    found.map_or(text.len(), |(byte, _)| byte)
}

/// The bytes of the word in which the byte `at` lies; none between words.
#[must_use]
pub fn word(text: &str, at: usize) -> Option<(usize, usize)> {
    let words = text.split_whitespace().map(|word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (start, start + word.len())
    });
    words.into_iter().find(|&(start, end)| (start..end).contains(&at))
}

/// One head's map of a document, or how two differ (the second less the first) where they are of one size.
#[must_use]
pub fn map(
    before: &Explanation,
    after: Option<&Explanation>,
    at: usize,
    (layer, head): (usize, usize),
) -> Option<Heat> {
    let attention = before.attention.get(at)?;
    let values = attention.head(layer, head)?;
    let (rows, columns) = (attention.rows, attention.columns);
    let values: Vec<f64> = match after {
        None => values.iter().map(|value| f64::from(*value)).collect(),
        Some(after) => {
            let other = after.attention.get(at).filter(|one| (one.rows, one.columns) == (rows, columns))?;
            let pairs = values.iter().zip(other.head(layer, head)?);
            pairs.map(|(before, after)| f64::from(*after) - f64::from(*before)).collect()
        }
    };
    Some(Heat { rows, columns, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: &[u32]) -> Vec<InputToken> {
        let token = |id: &u32| InputToken {
            id: *id,
            text: String::new(),
            source: 0,
            start: 0,
            end: 0,
            special: false,
            word: None,
        };
        ids.iter().map(token).collect()
    }

    #[test]
    fn what_stands_before_and_after_a_change_is_the_same() {
        let of = |a: &[u32], b: &[u32]| same(&tokens(a), &tokens(b));
        assert_eq!(of(&[1, 2, 3, 4], &[1, 9, 3, 4]), [Some(0), None, Some(2), Some(3)]);
        // A word of two tokens in the place of one of one.
        assert_eq!(of(&[1, 2, 3], &[1, 8, 9, 3]), [Some(0), None, Some(3)]);
        assert_eq!(of(&[1, 8, 9, 3], &[1, 2, 3]), [Some(0), None, None, Some(2)]);
        // What is repeated is not counted twice.
        assert_eq!(of(&[1, 1, 1], &[1, 1]), [Some(0), Some(1), None]);
        assert_eq!(of(&[1], &[]), [None]);
    }

    #[test]
    fn words_are_found_by_their_bytes() {
        let text = "The  größte Stadt";
        assert_eq!(word(text, 0), Some((0, 3)));
        assert_eq!(word(text, 4), None);
        assert_eq!(word(text, 8).and_then(|(start, end)| text.get(start..end)), Some("größte"));
        assert_eq!(word(text, 99), None);
        assert_eq!([0, 5, 7, 8, 99].map(|at| byte(text, at)), [0, 5, 7, 9, text.len()]);
        assert_eq!([0, 1, 2].map(|at| byte("🙂b", at)), [0, 0, 4]);
    }
}
