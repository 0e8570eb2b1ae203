//! Where models are fetched from: the addresses below one base, and which others an answer may lead to.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use crate::error::{HubError, shortened};
use crate::id::HubId;

/// The hub that is asked where a person names no other.
pub const DEFAULT_BASE: &str = "https://huggingface.co";

/// The address of a hub: `https`, or plain `http` on this very machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Without a `/` at its end.
    address: String,
    origin: String,
}

impl Base {
    /// `https://host:port`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host, for a sentence.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.split_once("://").map_or(&self.origin, |(_, host)| host)
    }

    /// Where a repository's listing is, with the sizes of its files.
    #[must_use]
    pub fn listing(&self, id: &HubId) -> String {
        format!("{}/api/models/{}/revision/{}?blobs=true", self.address, id.repository(), segment(id.revision()))
    }

    /// Where a file is, at a commit.
    #[must_use]
    pub fn file(&self, id: &HubId, commit: &str, path: &str) -> String {
        let path: Vec<String> = path.split('/').map(segment).collect();
        format!("{}/{}/resolve/{}/{}", self.address, id.repository(), segment(commit), path.join("/"))
    }

    /// Whether an answer may lead to `address`: to `https`, to this hub's own origin, and on to this machine where the
    /// hub itself is on it.
    #[must_use]
    pub fn may_lead_to(&self, address: &str) -> bool {
        match Parts::of(address) {
            Some(parts) => {
                parts.is_https() || parts.origin() == self.origin || (parts.is_loopback() && self.is_local())
            }
            None => false,
        }
    }

    /// Whether a token for this hub may go to `address`.
    #[must_use]
    pub fn is_own(&self, address: &str) -> bool {
        Parts::of(address).is_some_and(|parts| parts.origin() == self.origin)
    }

    /// Where an answer from `from` leads that names `location`. None where it may not lead there.
    #[must_use]
    pub fn follow(&self, from: &str, location: &str) -> Option<String> {
        let parts = Parts::of(from)?;
        let address = if location.starts_with("//") {
            format!("{}:{location}", parts.scheme)
        } else if location.starts_with('/') {
            format!("{}{location}", parts.origin())
        } else {
            location.to_owned()
        };
        self.may_lead_to(&address).then_some(address)
    }

    /// Whether this hub is on this very machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        Parts::of(&self.origin).is_some_and(|parts| parts.is_loopback())
    }
}

impl Default for Base {
    fn default() -> Self {
        Self { address: DEFAULT_BASE.to_owned(), origin: DEFAULT_BASE.to_owned() }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.address)
    }
}

impl FromStr for Base {
    type Err = HubError;

    fn from_str(given: &str) -> Result<Self, HubError> {
        let refused = || HubError::Base { given: shortened(given) };
        let text = given.trim().trim_end_matches('/');
        let parts = Parts::of(text).filter(|parts| parts.is_https() || parts.is_loopback()).ok_or_else(refused)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/');
        if !parts.path.bytes().all(plain) || parts.path.split('/').any(|part| part == "." || part == "..") {
            return Err(refused());
        }
        let origin = parts.origin();
        Ok(Self { address: format!("{origin}{}", parts.path), origin })
    }
}

/// An address, taken apart as far as it matters here.
struct Parts<'a> {
    scheme: &'a str,
    host: String,
    port: Option<u16>,
    /// With its `/`, query and fragment; empty where there is none.
    path: &'a str,
}

impl<'a> Parts<'a> {
    /// None for what is no `http` or `https` address, or what readers of addresses might disagree about.
    fn of(address: &'a str) -> Option<Self> {
        if address.len() > 16 * 1024 || address.bytes().any(|byte| byte <= b' ' || byte == b'\\' || byte == 0x7f) {
            return None;
        }
        let (scheme, rest) = address.split_once("://")?;
        let scheme = ["https", "http"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let end = if authority.starts_with('[') {
            authority.find(']')? + 1
        } else {
            authority.find(':').unwrap_or(authority.len())
        };
        let (host, port) = authority.split_at_checked(end)?;
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']');
        if host.is_empty() || !host.bytes().all(known) {
            return None;
        }
        let standard = if scheme == "https" { 443 } else { 80 };
        Some(Self { scheme, host: host.to_ascii_lowercase(), port: port.filter(|port| *port != standard), path })
    }

    fn origin(&self) -> String {
        match self.port {
            Some(port) => format!("{}://{}:{port}", self.scheme, self.host),
            None => format!("{}://{}", self.scheme, self.host),
        }
    }

    fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    fn is_loopback(&self) -> bool {
        let is_v4 = self.host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        is_v4 || self.host == "localhost" || self.host == "[::1]"
    }
}

/// One part of a path, with everything but unreserved characters (RFC 3986) in percent-encoding.
fn segment(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(given: &str) -> Base {
        given.parse().unwrap()
    }

    #[test]
    fn addresses_are_built_below_the_base() {
        let id: HubId = "owner/name@refs/pr/3".parse().unwrap();
        let hub = base("https://huggingface.co/");
        assert_eq!(hub, Base::default());
        assert_eq!(hub.listing(&id), "https://huggingface.co/api/models/owner/name/revision/refs%2Fpr%2F3?blobs=true");
        assert_eq!(
            hub.file(&id, "abc", "a folder/ü?#%.json"),
            "https://huggingface.co/owner/name/resolve/abc/a%20folder/%C3%BC%3F%23%25.json"
        );
        let mirror = base("https://Mirror.example:8443/hub/");
        assert_eq!((mirror.origin(), mirror.host()), ("https://mirror.example:8443", "mirror.example:8443"));
        assert!(mirror.listing(&id).starts_with("https://mirror.example:8443/hub/api/models/owner/name/"));
        assert_eq!(base("http://127.0.0.1:80").to_string(), "http://127.0.0.1");
        assert_eq!(base("http://[::1]:8080").origin(), "http://[::1]:8080");
    }

    #[test]
    fn other_bases_are_refused() {
        for given in [
            "",
            "huggingface.co",
            "http://huggingface.co",
            "ftp://huggingface.co",
            "https://",
            "https:///x",
            "https://a b",
            "https://user@host",
            "https://user:pass@host",
            "https://host:99999",
            "https://host:x",
            "https://host/?q",
            "https://host/#f",
            "https://host/../x",
            "https://host\\x",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil",
            "javascript:alert(1)",
            "file:///etc",
            "https://[::1",
            "https://ho%73t",
            "https://host/%2e%2e",
        ] {
            assert!(given.parse::<Base>().is_err(), "{given}");
        }
    }

    #[test]
    fn an_answer_leads_only_where_it_may() {
        let hub = Base::default();
        assert!(hub.may_lead_to("https://cdn.example/x?y#z"));
        for address in ["http://cdn.example/x", "http://127.0.0.1/x", "file:///x", "https://a@b/", "//x", "", "data:,x"]
        {
            assert!(!hub.may_lead_to(address), "{address}");
        }
        assert!(hub.is_own("https://huggingface.co:443/x") && !hub.is_own("https://huggingface.co.evil.example/x"));
        assert!(!hub.is_own("http://huggingface.co/x") && !hub.is_own("https://cdn.example/x"));
        let local = base("http://127.0.0.1:9000");
        assert!(local.may_lead_to("http://127.0.0.1:9001/x") && local.may_lead_to("https://cdn.example/x"));
        let leads = |location| hub.follow("https://huggingface.co/a/b?c", location);
        assert_eq!(leads("/x?y").as_deref(), Some("https://huggingface.co/x?y"));
        assert_eq!(leads("//cdn.example/x").as_deref(), Some("https://cdn.example/x"));
        assert_eq!(leads("https://cdn.example/x").as_deref(), Some("https://cdn.example/x"));
        assert_eq!(
            (leads("http://cdn.example/x"), leads("x"), leads("file:///x"), leads("/\n")),
            (None, None, None, None)
        );
        assert!(!local.may_lead_to("http://cdn.example/x") && !local.is_own("http://127.0.0.1:9001/x"));
    }
}
