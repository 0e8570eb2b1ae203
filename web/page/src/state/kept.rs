//! Explanations that a person keeps under a name: what the list says of each, as it is stored.

use headlight_document::link::View;
use headlight_document::{Explanation, Request};
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
    /// What was asked.
    pub request: Request,
    /// What of it was looked at.
    pub view: View,
}

impl Kept {
    /// As it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({
            "id": self.id, "name": self.name, "at": self.at, "model": self.model, "request": self.request, "view": self.view,
        })
        .to_string()
    }

    fn of(stored: &Value) -> Option<Self> {
        let text = |key: &str| Some(stored.get(key)?.as_str()?.to_owned());
        let request: Request = serde_json::from_value(stored.get("request")?.clone()).ok()?;
        let view = serde_json::from_value(stored.get("view")?.clone()).unwrap_or_default();
        Some(Self {
            id: text("id")?,
            name: text("name")?,
            at: stored.get("at")?.as_f64()?,
            model: text("model")?,
            request,
            view,
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
pub fn document(shown: &Explanation) -> Option<String> {
    let weights: usize = shown.attention.iter().map(|one| one.values.as_ref().map_or(0, Vec::len)).sum();
    if weights <= WEIGHTS {
        return serde_json::to_string(shown).ok();
    }
    let mut without = shown.clone();
    without.attention.clear();
    serde_json::to_string(&without).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::form::Form;
    use headlight_document::Task;

    fn kept(id: &str, at: f64) -> Kept {
        let request = Form::new("smollm2", Task::Continue, "A text").request();
        Kept {
            id: id.into(),
            name: "A \"name\"".into(),
            at,
            model: "SmolLM2".into(),
            request,
            view: View { token: Some(2), ..View::default() },
        }
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
        let read = |text: Option<String>| serde_json::from_str::<Explanation>(&text.unwrap()).unwrap();
        assert_eq!(read(document(&shown)), shown);
        shown.attention[0].values = Some(vec![0.0; WEIGHTS + 1]);
        let kept = read(document(&shown));
        assert!(kept.attention.is_empty());
        assert_eq!(kept.attributions, shown.attributions);
    }
}
