//! Documents as what is published: drawings ([`svg`]), a report in one file ([`html`]), every number ([`csv`]), and how to say
//! and cite what was done ([`cite`]).
//!
//! Pure functions from plain data to text, for the command line and the page alike. Nothing here reads a clock, a file or a
//! network, so that the same document gives the same bytes wherever it is published.

pub mod cite;
pub mod colour;
pub mod csv;
pub mod drawings;
pub mod format;
pub mod html;
pub mod ink;
pub mod lines;
pub mod pieces;
pub mod plot;
mod png;
mod references;
pub mod svg;
pub mod texts;
pub mod words;

use headlight_document::Explanation;
use std::io::{self, Write};

pub use texts::Texts;

/// The version that reports and citations name.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the document as JSON.
///
/// # Errors
/// Those of `out`.
pub fn json(document: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    headlight_document::json::write(document, out)
}

/// Text that is text wherever it is put into HTML or XML, attributes included. What XML cannot hold becomes U+FFFD.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<img src=\"x\" onerror='1'>&"), "&lt;img src=&quot;x&quot; onerror=&#39;1&#39;&gt;&amp;");
        assert_eq!(escape("a\0\u{1b}\u{ffff}\nb"), "a\u{fffd}\u{fffd}\u{fffd}\nb");
    }
}
