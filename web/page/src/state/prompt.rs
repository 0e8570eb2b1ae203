//! The labels and worked examples in a causal model's prompt, and the mask in a text, as a person changes them.

use std::ops::Range;

use headlight_document::{Shot, Task, json as parsed, prompt};
use serde_json::{Value, json};

/// What stands for a missing word, whatever the model's own mask is.
pub const MASK: &str = "[MASK]";

/// Labels and worked examples; both empty where the model's own default is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The labels.
    pub labels: Vec<String>,
    /// The worked examples.
    pub shots: Vec<Shot>,
}

impl Prompt {
    /// What stands in where nothing is said.
    #[must_use]
    pub fn of_task(task: Task) -> Self {
        let labels = if task == Task::Classify { prompt::labels() } else { Vec::new() };
        Self { labels, shots: prompt::shots(task) }
    }

    /// Whether the default is meant.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What the model will be shown.
    #[must_use]
    pub fn shown(&self, task: Task) -> Self {
        if self.is_default() { Self::of_task(task) } else { self.clone() }
    }

    /// As it is kept in a draft.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "labels": self.labels, "shots": self.shots })
    }

    /// Out of a draft; the default where it says nothing that can be read.
    #[must_use]
    pub fn of_json(value: Option<&Value>) -> Self {
        let field = |name: &str| value.and_then(|value| value.get(name)).map(Value::to_string).unwrap_or_default();
        Self {
            labels: parsed::read(field("labels").as_bytes()).unwrap_or_default(),
            shots: parsed::read(field("shots").as_bytes()).unwrap_or_default(),
        }
    }

    /// Changes what is shown; back to nothing where that is the default again.
    #[must_use]
    pub fn edited(self, task: Task, change: impl FnOnce(&mut Self)) -> Self {
        let mut shown = self.shown(task);
        change(&mut shown);
        if shown == Self::of_task(task) { Self::default() } else { shown }
    }
}

/// Labels out of a line, with commas between them.
#[must_use]
pub fn labels(line: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for label in line.split([',', '，', '、']).map(str::trim).filter(|label| !label.is_empty()) {
        if !all.iter().any(|known| known == label) {
            all.push(label.to_owned());
        }
    }
    all
}

/// Puts a mask in place of what is selected, or of the word at the caret, or at the end; `selection` counts UTF-16 units,
/// as browsers do.
#[must_use]
pub fn mask(text: &str, selection: Option<Range<usize>>) -> String {
    let byte = |units: usize| {
        let mut seen = 0;
        let found = text.char_indices().find(|(_, c)| {
            let here = seen >= units;
            seen += c.len_utf16();
            here
        });
        found.map_or(text.len(), |(at, _)| at)
    };
    let (start, end) = match selection {
        None => (text.len(), text.len()),
        Some(Range { start, end }) if start < end => (byte(start), byte(end)),
        Some(Range { start, .. }) => word(text, byte(start)),
    };
    let (before, after) = (text.get(..start).unwrap_or(text), text.get(end..).unwrap_or_default());
    let space = if start == end && before.chars().next_back().is_some_and(char::is_alphanumeric) { " " } else { "" };
    format!("{before}{space}{MASK}{after}")
}

/// The word that a byte lies in or at the end of.
fn word(text: &str, at: usize) -> (usize, usize) {
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    let is_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let start = before.char_indices().rev().take_while(|(_, c)| is_word(*c)).last().map_or(at, |(start, _)| start);
    let end = after.char_indices().find(|(_, c)| !is_word(*c)).map_or(text.len(), |(end, _)| at + end);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_starts_from_the_default_and_finds_back_to_it() {
        let edited = Prompt::default().edited(Task::Classify, |prompt| prompt.labels.push("neutral".into()));
        assert_eq!((edited.labels.len(), edited.shots.len()), (3, 4));
        assert!(!edited.is_default());
        assert!(edited.edited(Task::Classify, |prompt| _ = prompt.labels.pop()).is_default());
        // Without examples the labels still are said.
        let bare = Prompt::default().edited(Task::Classify, |prompt| prompt.shots.clear());
        assert_eq!((bare.labels.len(), bare.shots.len()), (2, 0));
        assert_eq!(Prompt::default().shown(Task::Answer).shots.len(), 2);
        assert!(Prompt::default().shown(Task::Fill).is_default());
    }

    #[test]
    fn labels_are_parted_by_commas_and_come_once() {
        assert_eq!(labels(" sports, politics ,,sports，天气"), ["sports", "politics", "天气"]);
        assert!(labels(" , ").is_empty());
    }

    #[test]
    fn a_mask_takes_the_place_of_the_selection_or_of_the_word_at_the_caret() {
        let text = "The dog’s 🙂 bone";
        assert_eq!(mask(text, Some(4..7)), "The [MASK]’s 🙂 bone");
        assert_eq!(mask(text, Some(5..5)), "The [MASK] 🙂 bone");
        assert_eq!(mask(text, Some(3..3)), "[MASK] dog’s 🙂 bone");
        // The smiley is two units.
        assert_eq!(mask(text, Some(13..13)), "The dog’s 🙂 [MASK]");
        assert_eq!(mask(text, Some(900..900)), "The dog’s 🙂 [MASK]");
        assert_eq!(mask("The ", None), "The [MASK]");
        assert_eq!(mask("The", None), "The [MASK]");
        assert_eq!(mask("", Some(0..0)), "[MASK]");
    }
}
