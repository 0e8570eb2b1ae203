//! Where a model comes from, what it is made of, and what the browser keeps.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FileRole, ModelEntry};

/// How much may be fetched before a person is asked, in bytes.
pub const CONSENT_BYTES: u64 = 300_000_000;

/// The most tags of a repository that are shown.
pub const MAX_TAGS: usize = 16;

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A model of the list beside the page.
    Registered {
        /// The model.
        model: Box<ModelEntry>,
        /// The address of the folder that holds the model's files, ending in `/`.
        base: String,
    },
    /// A repository of a hub that speaks Hugging Face's paths.
    Hub {
        /// What a person calls it: `owner/name`, `owner/name@revision`, or the address of its page.
        id: String,
        /// The branch, tag or commit, where `id` does not say; `main` where neither does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
        /// The hub's address; none for `https://huggingface.co`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
        /// The weights' file, or the GGUF quantisation, where it is not the usual one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weights: Option<String>,
        /// What lets a person read a repository that is not for everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Secret>,
    },
    /// Files of a person's own, which travel beside the message.
    Files {
        /// What the model is called, such as the folder's name; from the files where it is empty.
        #[serde(default)]
        title: String,
        /// The path of each file, in the files' order: `folder/config.json`.
        names: Vec<String>,
        /// The weights' file, where it is not the usual one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weights: Option<String>,
    },
    /// A model that the browser keeps, without asking anybody whether there is a newer one.
    Cached {
        /// Its id.
        model: String,
    },
}

/// What must not be shown: it is left out of every debugging output. It lives in memory alone; nothing that holds one is
/// stored, linked or exported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown. None where there is nothing to keep.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// What a model is made of, before any of it is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The id that the model will have, by which requests name it.
    pub model: String,
    /// What people call it.
    pub title: String,
    /// The commit, for a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The files that will be used.
    pub files: Vec<InspectedFile>,
    /// The size of all of them, in bytes.
    pub bytes: u64,
    /// How much of that is in the browser's cache already, in bytes.
    pub cached: u64,
    /// The licence that its owner names, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// What its owner says it is, in a few words: at most [`MAX_TAGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Other weights that could be named instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Inspection {
    /// How much loading it would fetch, in bytes.
    #[must_use]
    pub fn to_fetch(&self) -> u64 {
        self.bytes.saturating_sub(self.cached)
    }

    /// Whether a person has to agree before it is fetched.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        self.to_fetch() > CONSENT_BYTES
    }
}

/// One file that will be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedFile {
    /// What it is for.
    pub role: FileRole,
    /// Its path in the repository or folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether it is in the browser's cache.
    pub cached: bool,
}

/// One model that the browser keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached {
    /// Its id; empty for files that no known model needs.
    pub model: String,
    /// What people call it.
    pub title: String,
    /// Where it came from, in words.
    pub source: String,
    /// How much of it is there, in bytes. A file of two models counts for both.
    pub bytes: u64,
    /// Whether all of it is there.
    pub whole: bool,
    /// When it was last used, in milliseconds since 1970; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Command, Event};

    fn hub(token: Option<&str>) -> Command {
        let source = Source::Hub {
            id: "owner/name".to_owned(),
            revision: None,
            base: None,
            weights: None,
            token: token.and_then(Secret::new),
        };
        Command::Load { id: 7, source }
    }

    #[test]
    fn a_token_travels_and_is_never_shown() {
        let command = hub(Some(" hf_secret\n"));
        assert!(!format!("{command:?}").contains("hf_secret"));
        let json = serde_json::to_string(&command).unwrap();
        assert!(json.contains(r#""token":"hf_secret""#));
        assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), command);
        assert_eq!(hub(Some("  ")), hub(None));
        assert!(!serde_json::to_string(&hub(None)).unwrap().contains("token"));
    }

    #[test]
    fn commands_without_what_is_optional_are_read() {
        let command: Command =
            serde_json::from_str(r#"{"load":{"id":7,"source":{"kind":"hub","id":"owner/name"}}}"#).unwrap();
        assert_eq!(command, hub(None));
        let json = r#"{"inspect":{"id":1,"source":{"kind":"files","names":["m/config.json"]}}}"#;
        let Command::Inspect { source: Source::Files { title, names, weights }, .. } =
            serde_json::from_str(json).unwrap()
        else {
            panic!("another command");
        };
        assert_eq!((title.as_str(), names.len(), weights), ("", 1, None));
        let event: Event =
            serde_json::from_str(r#"{"loaded":{"id":1,"model":"m","cached":true,"kept":true,"milliseconds":1.0}}"#)
                .unwrap();
        assert!(matches!(event, Event::Loaded { entry: None, .. }));
    }

    #[test]
    fn consent_is_for_what_is_fetched() {
        let mut inspection = Inspection {
            model: "o/n".to_owned(),
            title: "o/n".to_owned(),
            commit: None,
            files: Vec::new(),
            bytes: CONSENT_BYTES + 2,
            cached: 1,
            license: None,
            tags: Vec::new(),
            others: Vec::new(),
        };
        assert!(inspection.needs_consent());
        inspection.cached = 2;
        assert!(!inspection.needs_consent());
    }
}
