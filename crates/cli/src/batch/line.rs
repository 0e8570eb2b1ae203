//! One line of input: a text, and what is asked of it alone.

use headlight_document::{Request, Token};
use serde::Deserialize;

use crate::error::Error;

/// A line: a JSON string, or an object with at least a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The text.
    pub text: String,
    /// What it is compared with, or the question about it.
    #[serde(default)]
    pub second_text: Option<String>,
    /// What is explained of it, instead of what the command line says.
    #[serde(default)]
    pub target: Option<String>,
    /// What that is held against.
    #[serde(default)]
    pub foil: Option<String>,
    /// What a person holds to be the reasons, as pieces of the text: first byte and the byte after the last one.
    #[serde(default)]
    pub rationale: Vec<(usize, usize)>,
    /// What a person says of the text. Not used.
    #[serde(default)]
    pub label: Option<serde_json::Value>,
    /// The line's name. Not used.
    #[serde(default)]
    pub id: Option<serde_json::Value>,
}

impl Line {
    /// Reads a line; the reason is a clause of a sentence.
    pub fn parse(line: &str) -> Result<Self, String> {
        if line.trim_start().starts_with('"') {
            let text = serde_json::from_str(line).map_err(|error| error.to_string())?;
            return Ok(Self { text, ..Self::default() });
        }
        serde_json::from_str(line).map_err(|error| error.to_string())
    }

    /// Reads a line that may also be a text as it is.
    pub fn plain(line: &str) -> Result<Self, String> {
        if line.trim_start().starts_with(['"', '{']) {
            return Self::parse(line);
        }
        Ok(Self { text: line.trim().to_owned(), ..Self::default() })
    }

    /// Puts what is asked of this line into a request.
    pub fn put_into(&self, request: &mut Request) -> Result<(), Error> {
        request.second_text.clone_from(&self.second_text);
        if let Some(target) = &self.target {
            request.target = target.parse()?;
        }
        if let Some(foil) = &self.foil {
            request.foil = Some(Token::from(foil.as_str()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_text_or_more() {
        assert_eq!(Line::parse("\"A film.\"").unwrap().text, "A film.");
        let full = Line::parse(r#"{"text": "A film.", "rationale": [[2, 6]], "label": "positive"}"#).unwrap();
        assert_eq!(full.rationale, [(2, 6)]);
        for bad in ["A film.", r#"{"texts": "a"}"#, "{}", "\"", "[1]"] {
            assert!(Line::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Line::plain(" A film. ").unwrap().text, "A film.");
        assert_eq!(Line::plain("\"A film.\"").unwrap().text, "A film.");
        assert!(Line::plain("{}").is_err());
    }
}
