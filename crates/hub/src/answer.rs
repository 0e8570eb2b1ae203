//! What a hub's answer means.

use std::fmt;

use crate::address::Base;
use crate::id::HubId;

/// Why a hub did not give what was asked for. Shown as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// 401 without a token. The hub says so of a private repository and of one that does not exist, too.
    NeedsToken {
        /// The repository.
        repository: String,
        /// The hub.
        host: String,
    },
    /// 401 with a token.
    TokenRefused {
        /// The hub.
        host: String,
    },
    /// 403: whoever asks has not been let in.
    Gated {
        /// The repository.
        repository: String,
        /// The hub.
        host: String,
    },
    /// 404 of a repository.
    NoRepository {
        /// The repository.
        repository: String,
        /// The hub.
        host: String,
    },
    /// 404 of a revision.
    NoRevision {
        /// The repository.
        repository: String,
        /// The revision.
        revision: String,
    },
    /// 404 of a file.
    NoFile {
        /// The repository.
        repository: String,
        /// The file.
        file: String,
    },
    /// 408, 429 and every 5xx: later, perhaps.
    Busy {
        /// The hub.
        host: String,
        /// What it answered.
        status: u16,
    },
    /// Anything else.
    Status {
        /// The hub.
        host: String,
        /// What it answered.
        status: u16,
    },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsToken { repository, host } => write!(
                formatter,
                "{host} does not give out {repository} without a token: it is private or gated, or its name is misspelt."
            ),
            Self::TokenRefused { host } => {
                write!(formatter, "{host} does not accept this token; make a new one there.")
            }
            Self::Gated { repository, host } => write!(
                formatter,
                "{host} does not let you have {repository} yet: accept its terms on its page there, and use a token that \
                 may read it."
            ),
            Self::NoRepository { repository, host } => {
                write!(formatter, "There is no model {repository} on {host}; check its name.")
            }
            Self::NoRevision { repository, revision } => {
                write!(formatter, "{repository} has no revision \"{revision}\"; check the branch, tag or commit.")
            }
            Self::NoFile { repository, file } => {
                write!(formatter, "{repository} has no file {file} any more; look at it again and retry.")
            }
            Self::Busy { host, status } => {
                write!(formatter, "{host} cannot answer now (it said {status}); try again in a moment.")
            }
            Self::Status { host, status } => {
                write!(formatter, "{host} gave an answer that makes no sense here ({status}).")
            }
        }
    }
}

impl Obstacle {
    /// What `status` means, with the hub's own `X-Error-Code` where it sent one. `file` is none for a listing.
    #[must_use]
    pub fn of(status: u16, code: Option<&str>, has_token: bool, base: &Base, id: &HubId, file: Option<&str>) -> Self {
        let (repository, host) = (id.repository(), base.host().to_owned());
        match (status, code) {
            (401, _) if has_token => Self::TokenRefused { host },
            (401, _) => Self::NeedsToken { repository, host },
            (403, _) => Self::Gated { repository, host },
            (404, Some("RevisionNotFound")) => Self::NoRevision { repository, revision: id.revision().to_owned() },
            (404, Some("RepoNotFound")) => Self::NoRepository { repository, host },
            (404, _) => match file {
                Some(file) => Self::NoFile { repository, file: file.to_owned() },
                // Not every mirror says which of the two it lacks.
                None if id.revision() != "main" => Self::NoRevision { repository, revision: id.revision().to_owned() },
                None => Self::NoRepository { repository, host },
            },
            (408 | 429 | 500.., _) => Self::Busy { host, status },
            _ => Self::Status { host, status },
        }
    }
}

/// Which part of a file an answer holds, out of its status and its `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// All of it, from the start.
    Whole,
    /// From what was asked for to the end.
    Rest,
    /// Another part, or one of a file of another length.
    Other,
}

impl Range {
    /// What an answer holds, where the rest from `from` of a file of `bytes` bytes was asked for.
    #[must_use]
    pub fn of(status: u16, content_range: Option<&str>, from: u64, bytes: u64) -> Self {
        if status != 206 {
            return Self::Whole;
        }
        // Across origins a browser hides the header unless the server allows it; then the hash alone tells.
        let Some(header) = content_range else { return Self::Rest };
        let parsed = header.strip_prefix("bytes ").and_then(|range| {
            let (span, total) = range.split_once('/')?;
            let (first, last) = span.split_once('-')?;
            let total = if total == "*" { bytes } else { total.parse().ok()? };
            Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?, total))
        });
        match parsed {
            Some((first, last, total)) if first == from && total == bytes && last.checked_add(1) == Some(bytes) => {
                Self::Rest
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_a_sentence_of_its_own() {
        let base = Base::default();
        let (plain, tagged): (HubId, HubId) = ("o/n".parse().unwrap(), "o/n@v1".parse().unwrap());
        let said =
            |status, code, token, id: &HubId, file| Obstacle::of(status, code, token, &base, id, file).to_string();
        let all = [
            said(401, None, false, &plain, None),
            said(401, None, true, &plain, None),
            said(403, Some("GatedRepo"), true, &plain, Some("config.json")),
            said(404, None, false, &plain, None),
            said(404, None, false, &tagged, None),
            said(404, Some("EntryNotFound"), false, &plain, Some("config.json")),
            said(429, None, false, &plain, None),
            said(418, None, false, &plain, None),
        ];
        for (at, sentence) in all.iter().enumerate() {
            assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
            assert!(!all.iter().take(at).any(|other| other == sentence), "{sentence}");
        }
        assert_eq!(said(404, Some("RepoNotFound"), false, &tagged, None), all[3]);
        assert_eq!(said(404, Some("RevisionNotFound"), false, &tagged, Some("x")), all[4]);
        assert!(matches!(Obstacle::of(503, None, true, &base, &plain, None), Obstacle::Busy { status: 503, .. }));
    }

    #[test]
    fn a_part_is_taken_only_where_it_fits() {
        assert_eq!(Range::of(200, None, 5, 10), Range::Whole);
        assert_eq!(Range::of(206, Some("bytes 5-9/10"), 5, 10), Range::Rest);
        assert_eq!(Range::of(206, Some("bytes 5-9/*"), 5, 10), Range::Rest);
        assert_eq!(Range::of(206, None, 5, 10), Range::Rest);
        let most = u64::MAX.to_string();
        for header in [
            "bytes 4-9/10",
            "bytes 5-8/10",
            "bytes 5-9/11",
            "bytes */10",
            "5-9/10",
            "bytes x-9/10",
            "",
            &format!("bytes 5-{most}/10"),
        ] {
            assert_eq!(Range::of(206, Some(header), 5, 10), Range::Other, "{header}");
        }
    }
}
