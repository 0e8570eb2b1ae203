//! The same question about a text in which something was changed: which tokens are the same, and how values differ there.

use headlight_document::{AttentionDetail, Explanation, InputToken, Method, Request, Task};
use headlight_report::csv;

use super::answer::current;
use super::colour::Scale;
use super::form::METHODS;
use super::heat::Heat;
use super::intervene::compared;
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

/// Gradient × input of both texts, and how it differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Of this text's tokens.
    pub this: Vec<f64>,
    /// Of the other's.
    pub that: Vec<f64>,
    /// Of the other's, how much more than in this one: no number where a token has no counterpart.
    pub change: Vec<f64>,
}

/// The rows of two answers.
#[must_use]
pub fn rows(before: &Explanation, after: &Explanation) -> Rows {
    let of = |document: &Explanation| {
        let found = document.attributions.iter().find(|one| one.method == Method::GradXInput);
        found.map(|one| one.values.clone()).unwrap_or_default()
    };
    let (this, that) = (of(before), of(after));
    let mut change = vec![f64::NAN; that.len()];
    for (at, place) in same(&before.input.tokens, &after.input.tokens).into_iter().enumerate() {
        if let (Some(place), Some(value)) = (place, this.get(at))
            && let (Some(slot), Some(other)) = (change.get_mut(place), that.get(place))
        {
            *slot = other - value;
        }
    }
    Rows { this, that, change }
}

impl Rows {
    /// One scale for both texts.
    #[must_use]
    pub fn scale(&self) -> Scale {
        Scale::of(self.this.iter().chain(&self.that).copied(), true)
    }
}

/// All numbers of two answers with comma-separated columns: the target's value, the candidates' probabilities, and each token's gradient ×
/// input, with its place in both texts.
#[must_use]
pub fn table(before: &Explanation, after: &Explanation) -> String {
    let rows = rows(before, after);
    let mut table = "what,text,this_token,that_token,this,that,change\r\n".to_owned();
    let mut line = |what: &str, text: &str, places: [Option<usize>; 2], [this, that]: [Option<f64>; 2]| {
        let change = this.zip(that).map(|(before, after)| after - before);
        let (what, text) = (what.to_owned(), csv::text(text));
        csv::line(&mut table, &[&what, &text, &places[0], &places[1], &this, &that, &change]);
    };
    let (one, other) = (&before.target, &after.target);
    line("target", &one.text, [None; 2], [Some(one.value), Some(other.value)]);
    for one in compared(&before.output.top, &after.output.top) {
        line("candidate", &one.text, [None; 2], [one.before, one.after]);
    }
    let value = |values: &[f64], at: Option<usize>| values.get(at?).copied();
    let places = same(&before.input.tokens, &after.input.tokens);
    for (at, token) in before.input.tokens.iter().enumerate() {
        let place = places.get(at).copied().flatten();
        line("token", &token.text, [Some(at), place], [value(&rows.this, Some(at)), value(&rows.that, place)]);
    }
    for (at, token) in after.input.tokens.iter().enumerate() {
        if !places.contains(&Some(at)) {
            line("token", &token.text, [None, Some(at)], [None, value(&rows.that, Some(at))]);
        }
    }
    table
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
    fn both_texts_and_their_difference_are_saved() {
        let mut before: Explanation = serde_json::from_str(include_str!("../../assets/sample.json")).unwrap();
        let own = rows(&before, &before);
        assert_eq!((&own.this, own.change.iter().all(|one| *one == 0.0)), (&own.that, true));
        let mut after = before.clone();
        let grad = |document: &mut Explanation, values: &[f64]| {
            let found = document.attributions.iter_mut().find(|one| one.method == Method::GradXInput).unwrap();
            found.values = values.to_vec();
        };
        (before.input.tokens, after.input.tokens) = (tokens(&[1, 2, 3]), tokens(&[1, 9, 8, 3]));
        grad(&mut before, &[1.0, 2.0, 3.0]);
        grad(&mut after, &[1.5, 4.0, 5.0, 2.0]);
        (before.target.value, after.target.value, before.target.text) = (4.0, 1.0, "=x".to_owned());
        after.output.top[0].prob = before.output.top[0].prob / 2.0;
        after.output.top.truncate(1);
        let Rows { this, that, change } = rows(&before, &after);
        assert_eq!((this.len(), that.len()), (3, 4));
        assert_eq!((change[0], change[3]), (0.5, -1.0));
        assert!(change[1].is_nan() && change[2].is_nan());
        let table = table(&before, &after);
        let lines: Vec<&str> = table.lines().collect();
        let count = before.output.top.len();
        assert_eq!(lines[..2], ["what,text,this_token,that_token,this,that,change", "target,\"'=x\",,,4,1,-3"]);
        let top = &before.output.top;
        assert!(
            lines[2].ends_with(&format!(",,,{},{},{}", top[0].prob, top[0].prob / 2.0, -top[0].prob / 2.0)),
            "{}",
            lines[2]
        );
        assert!(lines[3].ends_with(&format!(",,,{},,", top[1].prob)), "{}", lines[3]);
        let wanted = ["token,,0,0,1,1.5,0.5", "token,,1,,2,,", "token,,2,3,3,2,-1", "token,,,1,,4,", "token,,,2,,5,"];
        assert_eq!(lines[2 + count..], wanted);
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
