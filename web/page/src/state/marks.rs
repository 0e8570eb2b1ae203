//! The words that a person marked as what the answer should rest on: places in the text, so that they outlive another
//! model's tokens, and an edit beside them.

use headlight_document::Input;
use headlight_document::InputToken;
use headlight_document::marks::overlap;
pub use headlight_document::marks::{Mark, marked};
use serde_json::{Value, json};

/// Marks the tokens from one to another, or takes their marks away. A word is marked as a whole.
pub fn paint(input: &Input, marks: &mut Vec<Mark>, from: usize, to: usize, on: bool) {
    let (from, to) = (from.min(to), from.max(to));
    let picked = input.tokens.get(from..=to.min(input.tokens.len().saturating_sub(1))).unwrap_or_default();
    let is_picked = |at: usize, token: &InputToken| {
        let is_same = |one: &InputToken| one.word.is_some() && one.word == token.word && one.source == token.source;
        (from..=to).contains(&at) || picked.iter().any(is_same)
    };
    for ((at, token), place) in input.tokens.iter().enumerate().zip(input.places()) {
        let Some(place) = place.filter(|_| is_picked(at, token)) else { continue };
        if !on {
            marks.retain(|&mark| !overlap(mark, place));
        } else if !marks.contains(&place) {
            marks.push(place);
        }
    }
    marks.sort_unstable();
}

/// Takes marks along when a text changes: those before the edit stay, those behind it move, those within it go.
pub fn carry(marks: &mut Vec<Mark>, source: usize, old: &str, new: &str) {
    let same = |(a, b): &(u8, u8)| a == b;
    let most = old.len().min(new.len());
    let before = old.bytes().zip(new.bytes()).take_while(same).count();
    let behind = old.bytes().rev().zip(new.bytes().rev()).take_while(same).count().min(most - before);
    marks.retain_mut(|(of, start, end)| {
        if *of != source || *end <= before {
            return true;
        }
        if *start < old.len() - behind {
            return false;
        }
        // Counted from the end nothing has moved.
        (*start, *end) = (*start + new.len() - old.len(), *end + new.len() - old.len());
        true
    });
}

/// As they are kept for the next visit.
#[must_use]
pub fn to_json(marks: &[Mark]) -> Value {
    json!(marks.iter().map(|&(source, start, end)| json!([source, start, end])).collect::<Vec<_>>())
}

/// Reads what was kept; what is no mark is left out.
#[must_use]
pub fn of_json(kept: Option<&Value>) -> Vec<Mark> {
    let number = |mark: &Value, at: usize| mark.get(at)?.as_u64().map(|number| number as usize);
    let mark = |mark: &Value| Some((number(mark, 0)?, number(mark, 1)?, number(mark, 2)?));
    let all = kept.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(mark).filter(|(_, start, end)| start < end).collect()
}

#[cfg(test)]
mod tests {
    use headlight_document::Task;

    use super::*;

    fn token(start: usize, end: usize, word: Option<usize>) -> InputToken {
        InputToken { id: 0, text: String::new(), source: 0, start, end, special: word.is_none(), word }
    }

    fn input() -> Input {
        // [CLS] a quiet|ly film [SEP]
        let tokens = vec![
            token(0, 0, None),
            token(0, 1, Some(0)),
            token(2, 7, Some(1)),
            token(7, 9, Some(1)),
            token(10, 14, Some(2)),
            token(14, 14, None),
        ];
        Input { task: Task::Classify, text: "a quietly film".into(), second_text: None, prompt: None, tokens }
    }

    #[test]
    fn a_word_is_marked_as_a_whole_and_special_tokens_never() {
        let (input, mut marks) = (input(), Vec::new());
        paint(&input, &mut marks, 2, 2, true);
        assert_eq!(marks, [(0, 2, 7), (0, 7, 9)]);
        paint(&input, &mut marks, 5, 3, true);
        assert_eq!(marked(&input.places(), &marks), [false, false, true, true, true, false]);
        paint(&input, &mut marks, 3, 3, false);
        assert_eq!(marks, [(0, 10, 14)]);
        paint(&input, &mut marks, 0, 99, false);
        assert_eq!(marks, []);
    }

    #[test]
    fn marks_move_with_their_text() {
        let old = "a quietly film";
        let all = vec![(0, 2, 9), (0, 10, 14), (1, 0, 3)];
        let carried = |new: &str| {
            let mut marks = all.clone();
            carry(&mut marks, 0, old, new);
            marks
        };
        assert_eq!(carried("a quietly moving film"), [(0, 2, 9), (0, 17, 21), (1, 0, 3)]);
        assert_eq!(carried("quietly film"), [(0, 0, 7), (0, 8, 12), (1, 0, 3)]);
        assert_eq!(carried("a quiet film"), [(0, 8, 12), (1, 0, 3)]);
        assert_eq!(carried("a quietly film."), all);
        assert_eq!(carried(""), [(1, 0, 3)]);
    }

    #[test]
    fn in_a_prompt_only_the_persons_own_words_can_be_marked() {
        let mut input = input();
        input.text = "good".into();
        input.prompt = Some("bad: 0\ngood:".into());
        input.tokens = vec![token(0, 3, Some(0)), token(6, 11, Some(1)), token(11, 12, Some(2))];
        assert_eq!(input.places(), [None, Some((0, 0, 4)), None]);
    }

    #[test]
    fn what_is_kept_is_read_and_nonsense_is_not() {
        let marks = vec![(0, 2, 9), (1, 0, 3)];
        assert_eq!(of_json(Some(&to_json(&marks))), marks);
        assert_eq!(of_json(Some(&json!([[0, 5, 5], [1], "x", [0, 1, 2]]))), [(0, 1, 2)]);
        assert_eq!(of_json(None), []);
    }
}
