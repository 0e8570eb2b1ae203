//! What a report says, in the language that is wanted. The texts lie beside the crate in `locales`, a flat object of keys and texts
//! for each language. English is a part of the crate. Of another language the command line holds the files and the page fetches
//! them; with them come the names that the page has for methods, and what it tells of the engine's sentences, so that a report
//! says the same words as the page.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::LazyLock;

use headlight_document::Method;
use serde_json::Value;

/// A file of texts. The type of a text is one that the page reads already.
pub type File = BTreeMap<String, Value>;

/// Chinese, to be read with [`Files::read`].
pub const CHINESE: [&str; 3] = [
    include_str!("../locales/zh/report.json"),
    include_str!("../../../web/page/locales/zh/names.json"),
    include_str!("../../../web/page/locales/zh/engine.json"),
];

// A test reads the same file, so that it is one.
static ENGLISH: LazyLock<File> =
    LazyLock::new(|| serde_json::from_str(include_str!("../locales/en/report.json")).unwrap_or_default());

/// The files of a language other than English.
#[derive(Clone, Debug)]
pub struct Files([File; 3]);

impl Files {
    /// Reads them: the reports' own texts, the names of methods, and the engine's sentences.
    ///
    /// # Errors
    /// Where one is not a flat object of texts.
    pub fn read([own, names, heard]: [&str; 3]) -> serde_json::Result<Self> {
        Ok(Self([serde_json::from_str(own)?, serde_json::from_str(names)?, serde_json::from_str(heard)?]))
    }

    /// Their texts. `tag` is the language as a document's `lang` says it.
    #[must_use]
    pub fn texts<'a>(&'a self, tag: &'a str) -> Texts<'a> {
        let [own, names, heard] = &self.0;
        Texts::new(tag, own, names, heard)
    }
}

/// The texts of a language.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    tag: &'a str,
    own: &'a File,
    /// Names and the engine's sentences, which are English by themselves.
    others: Option<(&'a File, &'a File)>,
}

impl Texts<'static> {
    /// English.
    #[must_use]
    pub fn english() -> Self {
        Self { tag: "en", own: &ENGLISH, others: None }
    }
}

impl<'a> Texts<'a> {
    /// Another language: the reports' own texts, what methods and their parameters are called, and what is told for the engine's
    /// sentences.
    #[must_use]
    pub fn new(tag: &'a str, own: &'a File, names: &'a File, heard: &'a File) -> Self {
        Self { tag, own, others: Some((names, heard)) }
    }

    /// The language as a document's `lang` says it.
    #[must_use]
    pub fn tag(self) -> &'a str {
        self.tag
    }

    /// The text of a key, else that in English, else the key itself.
    #[must_use]
    pub fn say(self, key: &'a str) -> &'a str {
        let of = |texts: &'a File| texts.get(key)?.as_str();
        of(self.own).or_else(|| of(&ENGLISH)).unwrap_or(key)
    }

    /// The text of a key with `{0}`, `{1}` and so on replaced.
    #[must_use]
    pub fn fill(self, key: &str, values: &[&dyn Display]) -> String {
        put(self.say(key), values)
    }

    /// A method's name.
    #[must_use]
    pub fn method(self, method: Method) -> &'a str {
        self.named(method.name()).unwrap_or(method.title())
    }

    /// What a method's parameter is called.
    #[must_use]
    pub fn parameter(self, name: &'a str) -> &'a str {
        self.named(&format!("parameter.{name}")).unwrap_or(name)
    }

    /// What a parameter's value is called, where it is one of several.
    #[must_use]
    pub fn option(self, name: &'a str) -> &'a str {
        self.named(&format!("option.{name}")).unwrap_or(name)
    }

    fn named(self, name: &str) -> Option<&'a str> {
        self.others?.0.get(&format!("names.{name}"))?.as_str()
    }

    /// A sentence of the engine's; as it is where this language does not know it.
    #[must_use]
    pub fn heard(self, sentence: &str) -> String {
        self.others.and_then(|(_, heard)| told(heard, sentence)).unwrap_or_else(|| sentence.to_owned())
    }
}

/// A text with `{0}`, `{1}` and so on replaced.
#[must_use]
pub fn put(mut rest: &str, values: &[&dyn Display]) -> String {
    let mut filled = String::with_capacity(rest.len() + 16);
    while let Some(at) = rest.find('{') {
        let value = rest[at + 1..].find('}').and_then(|end| {
            let place: usize = rest[at + 1..at + 1 + end].parse().ok()?;
            Some((values.get(place)?, at + end + 2))
        });
        filled.push_str(&rest[..at]);
        match value {
            Some((value, end)) => {
                // Writing to a string does not fail.
                let _ = write!(filled, "{value}");
                rest = &rest[end..];
            }
            None => {
                filled.push('{');
                rest = &rest[at + 1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// What stands in the places of `{0}`, `{1}` and so on, which a pattern has in this order.
#[must_use]
pub fn parts<'a>(pattern: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut fixed = pattern.split(['{', '}']).step_by(2);
    let mut rest = sentence.strip_prefix(fixed.next()?)?;
    let mut fixed = fixed.peekable();
    let mut found = Vec::new();
    while let Some(next) = fixed.next() {
        let at = match fixed.peek() {
            None => rest.len().checked_sub(next.len()).filter(|_| rest.ends_with(next))?,
            Some(_) => rest.find(next)?,
        };
        found.push(rest.get(..at)?);
        rest = rest.get(at + next.len()..)?;
    }
    (rest.is_empty() && !found.is_empty()).then_some(found)
}

/// A sentence in the words of a file whose keys are sentences, some with `{0}`, `{1}` and so on in them.
#[must_use]
pub fn told(known: &File, sentence: &str) -> Option<String> {
    if let Some(text) = known.get(sentence) {
        return text.as_str().map(str::to_owned);
    }
    let fits = known.iter().filter_map(|(pattern, text)| Some((parts(pattern, sentence)?, text)));
    // Where several fit, the one of which most stands there as it is.
    let (values, text) = fits.min_by_key(|(values, _)| values.iter().map(|value| value.len()).sum::<usize>())?;
    // What stands in a place may be something that was heard itself; it is shorter than the whole.
    let values = values.into_iter().map(|part| match part.len() < sentence.len() {
        true => told(known, part).unwrap_or_else(|| part.to_owned()),
        false => part.to_owned(),
    });
    let values: Vec<String> = values.collect();
    let values: Vec<&dyn Display> = values.iter().map(|value| value as &dyn Display).collect();
    Some(put(text.as_str()?, &values))
}
