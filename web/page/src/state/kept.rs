//! Explanations that a person keeps under a name: what the list says of each, as it is stored.

use std::borrow::Cow;

use headlight_document::Explanation;
use serde_json::{Value, json};

/// How many are kept.
pub const MOST: usize = 30;
/// How many attention weights of one are; of a longer text the maps are left out.
const WEIGHTS: usize = 1 << 21;
/// The longest name, in characters.
const NAME: usize = 80;

/// One that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it is found by.
    pub id: String,
    /// As the person calls it.
    pub name: String,
    /// When it was kept, in milliseconds since 1970.
    pub at: f64,
    /// The model's name.
    pub model: String,
    /// The link to it: what was asked and what of it was looked at.
    pub link: String,
}

impl Kept {
    /// As it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({ "id": self.id, "name": self.name, "at": self.at, "model": self.model, "link": self.link }).to_string()
    }

    fn of(stored: &Value) -> Option<Self> {
        let text = |key: &str| Some(stored.get(key)?.as_str()?.to_owned());
        Some(Self {
            id: text("id")?,
            name: text("name")?,
            at: stored.get("at")?.as_f64()?,
            model: text("model")?,
            link: text("link")?,
        })
    }
}

/// Reads a stored list, newest first. What an other version stored and this one can't read is left out.
#[must_use]
pub fn list(stored: &str) -> Vec<Kept> {
    let all: Vec<Value> = serde_json::from_str(stored).unwrap_or_default();
    let mut kept: Vec<Kept> = all.iter().filter_map(Kept::of).collect();
    kept.sort_by(|a, b| b.at.total_cmp(&a.at));
    kept
}

/// A name as it is kept: on one line, not too long, and something.
#[must_use]
pub fn name(given: &str, otherwise: &str) -> String {
    let tidy =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME).collect::<String>();
    let given = tidy(given);
    if given.is_empty() { tidy(otherwise) } else { given }
}

/// A document as it is kept.
#[must_use]
pub fn document(shown: &Explanation) -> Cow<'_, Explanation> {
    let weights: usize = shown.attention.iter().map(|one| one.values.as_ref().map_or(0, Vec::len)).sum();
    if weights <= WEIGHTS {
        return Cow::Borrowed(shown);
    }
    let mut without = shown.clone();
    without.attention.clear();
    Cow::Owned(without)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str, at: f64) -> Kept {
        Kept { id: id.into(), name: "A \"name\"".into(), at, model: "SmolLM2".into(), link: "1.abc".into() }
    }

    #[test]
    fn what_is_stored_is_read_newest_first_and_junk_is_left_out() {
        let stored = format!("[{}, {{\"id\": 3}}, {}, null]", kept("a", 1.0).to_json(), kept("b", 2.0).to_json());
        assert_eq!(list(&stored), [kept("b", 2.0), kept("a", 1.0)]);
        for junk in ["", "null", "{}", "[1]"] {
            assert!(list(junk).is_empty(), "{junk}");
        }
    }

    #[test]
    fn names_are_short_and_never_empty() {
        assert_eq!(name("  why\n Paris ", "text"), "why Paris");
        assert_eq!(name(" \n", "A  text"), "A text");
        assert_eq!(name(&"é".repeat(500), "").chars().count(), NAME);
    }

    #[test]
    fn a_document_is_kept_whole_unless_its_maps_are_too_large() {
        let mut shown: Explanation = serde_json::from_str(include_str!("../../assets/sample.json")).unwrap();
        assert_eq!(*document(&shown), shown);
        shown.attention[0].values = Some(vec![0.0; WEIGHTS + 1]);
        let kept = document(&shown);
        assert!(kept.attention.is_empty());
        assert_eq!(kept.attributions, shown.attributions);
    }
}
