//! What a person calls a repository.

use std::fmt;
use std::str::FromStr;

use crate::error::{HubError, shortened};

/// The longest owner, name or revision, in bytes: the hub's own limit for the first two.
const PART: usize = 96;
const GIVEN: usize = 1024;

/// A repository of models, and which state of it: `owner/name@revision`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HubId {
    owner: String,
    name: String,
    revision: Option<String>,
}

impl HubId {
    /// `owner/name`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The branch, tag or commit; `main` where none was named.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// Whether the revision is a whole commit, which never changes.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.revision.as_deref().is_some_and(|revision| {
            revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    }

    /// The id of the model that these weights of the repository make; none for the usual ones.
    #[must_use]
    pub fn model(&self, weights: Option<&str>) -> String {
        match weights.map(str::trim).filter(|weights| !weights.is_empty()) {
            Some(weights) => format!("{self}:{weights}"),
            None => self.to_string(),
        }
    }

    /// The same repository at another revision; none leaves it as it is.
    ///
    /// # Errors
    /// [`HubError::Id`] where `revision` is none that a repository can have.
    pub fn at(self, revision: Option<&str>) -> Result<Self, HubError> {
        match revision.map(str::trim).filter(|revision| !revision.is_empty()) {
            None => Ok(self),
            Some(revision) if is_revision(revision) => {
                // `main` is what no revision means: one model, one id.
                let revision = (revision != "main").then(|| revision.to_owned());
                Ok(Self { revision, ..self })
            }
            Some(revision) => Err(HubError::Id { given: shortened(&format!("{self}@{revision}")) }),
        }
    }
}

impl fmt::Display for HubId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)?;
        match &self.revision {
            Some(revision) => write!(formatter, "@{revision}"),
            None => Ok(()),
        }
    }
}

impl FromStr for HubId {
    type Err = HubError;

    /// Reads `owner/name`, `owner/name@revision`, or the address of a repository's page on huggingface.co, at a
    /// revision too (`…/tree/revision`). Of an address only the id is taken, never the host.
    fn from_str(given: &str) -> Result<Self, HubError> {
        let refused = || HubError::Id { given: shortened(given) };
        if given.len() > GIVEN {
            return Err(refused());
        }
        let text = given.trim();
        let page = ["https://huggingface.co/", "https://www.huggingface.co/", "https://hf.co/"]
            .iter()
            .find_map(|page| text.strip_prefix(page));
        let (path, revision) = match page {
            Some(path) => {
                let path = path.strip_suffix('/').unwrap_or(path);
                match path.split_once("/tree/") {
                    Some((path, revision)) => (path, Some(revision)),
                    None => (path, None),
                }
            }
            None => match text.split_once('@') {
                Some((path, revision)) => (path, Some(revision)),
                None => (text, None),
            },
        };
        let (owner, name) = path.split_once('/').ok_or_else(refused)?;
        if !is_part(owner) || !is_part(name) || revision.is_some_and(|revision| !is_revision(revision)) {
            return Err(refused());
        }
        Self { owner: owner.to_owned(), name: name.to_owned(), revision: None }.at(revision).map_err(|_| refused())
    }
}

/// The hub's rule for an owner and a name.
fn is_part(part: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    part.len() <= PART
        && edge(part.chars().next())
        && edge(part.chars().next_back())
        && !part.contains("..")
        && !part.contains("--")
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A part of git's rule for the names of branches and tags: enough for every one that the hub has.
fn is_revision(revision: &str) -> bool {
    !revision.is_empty()
        && revision.len() <= PART
        && revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+'))
        && revision.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'))
        && !revision.contains("..")
        && !revision.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read() {
        for (given, expected) in [
            ("owner/name", "owner/name"),
            (" owner/name ", "owner/name"),
            ("owner/name@main", "owner/name"),
            ("o-w_n.er/Name-1.5B", "o-w_n.er/Name-1.5B"),
            ("owner/name@v1.0", "owner/name@v1.0"),
            ("owner/name@refs/pr/3", "owner/name@refs/pr/3"),
            ("https://huggingface.co/owner/name", "owner/name"),
            ("https://huggingface.co/owner/name/", "owner/name"),
            ("https://huggingface.co/owner/name/tree/main", "owner/name"),
            ("https://hf.co/owner/name/tree/refs/pr/3", "owner/name@refs/pr/3"),
        ] {
            assert_eq!(given.parse::<HubId>().map(|id| id.to_string()), Ok(expected.to_owned()), "{given}");
        }
        let id: HubId = "a/b".parse().unwrap();
        assert_eq!((id.repository().as_str(), id.revision(), id.is_pinned()), ("a/b", "main", false));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let id = id.at(Some(commit)).unwrap();
        assert!(id.is_pinned() && id.revision() == commit && id.to_string() == format!("a/b@{commit}"));
        assert!(id.clone().at(Some("../x")).is_err());
        assert_eq!(id.clone().at(Some(" ")).unwrap(), id);
        let plain: HubId = "a/b".parse().unwrap();
        assert_eq!((plain.model(None), plain.model(Some("Q8_0"))), ("a/b".to_owned(), "a/b:Q8_0".to_owned()));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("a/{}", "b".repeat(97));
        for given in [
            "",
            "name",
            "owner/",
            "/name",
            "a/b/c",
            "../etc",
            "a/..",
            "a/.b",
            "a/b@",
            "a/b@..",
            "a/b@x//y",
            "a/b@-x",
            "a/b@x y",
            "a/b@x@y",
            "a b/c",
            "a\\b/c",
            "a/b?x=1",
            "a/b#x",
            "a/b%2e%2e",
            "a/ü",
            "a/b\n",
            "http://huggingface.co/a/b",
            "https://huggingface.co.evil.example/a/b",
            "https://evil.example/a/b",
            "https://huggingface.co@evil.example/a/b",
            "https://huggingface.co/datasets/a/b",
            "https://huggingface.co/a/b/blob/main/config.json",
            "https://huggingface.co/a/b/tree/",
            "https://huggingface.co/a/b?x",
            "javascript:alert(1)//a/b",
            "file:///a/b",
            &long,
            &"x/".repeat(10_000),
        ] {
            // A trailing newline is white space, which is taken away.
            if given == "a/b\n" {
                assert!(given.parse::<HubId>().is_ok());
                continue;
            }
            let error = given.parse::<HubId>().unwrap_err();
            assert!(matches!(error, HubError::Id { .. }), "{given}");
            assert!(error.to_string().len() < 300, "{error}");
        }
    }
}
