//! The same question about a text in which something was changed: which tokens are the same, and how values differ there.

use headlight_document::{AttentionDetail, Explanation, InputToken, Request, Task};

use super::answer::current;
use super::form::METHODS;
use super::heat::Heat;
use super::prompt::MASK;

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

/// How a model is asked for words in the place of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// What it would say after this.
    After(String),
    /// What it would fill in for the mask of this request's text.
    Filled(Box<Request>),
}

/// How the model of `document` is asked for other words in the place of the bytes from `start` to `end` of `text`; none where it can't
/// say any. `fills` says whether it fills in what is missing.
#[must_use]
pub fn suggestion(document: &Explanation, fills: bool, text: &str, (start, end): (usize, usize)) -> Option<Asked> {
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    if document.input.task == Task::Continue {
        let before = before.trim_end();
        return (!before.is_empty()).then(|| Asked::After(before.to_owned()));
    }
    if !fills {
        return None;
    }
    // What is missing elsewhere is taken for the word that is explained.
    let [before, after] = [before, after].map(|part| part.replace(MASK, document.target.text.trim()));
    let mut request = Request::new(&document.model.id, Task::Fill, format!("{before}{MASK}{after}"));
    (request.methods, request.attention) = (Vec::new(), AttentionDetail::None);
    Some(Asked::Filled(Box::new(request)))
}

/// Whether a candidate is a word of its own, and not `word` again.
#[must_use]
pub fn is_other_word(asked: &Asked, candidate: &str, word: &str) -> bool {
    let begins = match asked {
        Asked::After(_) => candidate.starts_with(' '),
        // WordPiece marks what goes on with a word.
        Asked::Filled(_) => !candidate.starts_with("##"),
    };
    begins && candidate.trim() != word && candidate.trim().chars().any(char::is_alphanumeric)
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

    #[test]
    fn a_word_is_asked_for_as_the_model_can() {
        let of = |task| {
            let mut document: Explanation = serde_json::from_str(include_str!("../../assets/sample.json")).unwrap();
            (document.input.task, document.target.text) = (task, " dog".to_owned());
            document
        };
        let text = "A [MASK] barks loudly";
        let ask = |task, fills, place| suggestion(&of(task), fills, text, place);
        assert_eq!(ask(Task::Continue, false, (9, 14)), Some(Asked::After("A [MASK]".to_owned())));
        assert_eq!(ask(Task::Continue, true, (0, 1)), None, "nothing stands before it");
        assert_eq!(ask(Task::Label, false, (9, 14)), None);
        let Some(Asked::Filled(request)) = ask(Task::Fill, true, (9, 14)) else { panic!("it is filled in") };
        assert_eq!((&*request.text, request.task), ("A dog [MASK] loudly", Task::Fill));
        assert_eq!(request.validate(), Ok(()));
        let filled = Asked::Filled(request);
        assert!(is_other_word(&filled, "sings", "barks") && !is_other_word(&filled, "barks", "barks"));
        assert!(!is_other_word(&filled, "##s", "barks") && !is_other_word(&filled, "!", "barks"));
        let after = Asked::After(String::new());
        assert!(is_other_word(&after, " sings", "barks") && !is_other_word(&after, "s", "barks"));
    }
}
