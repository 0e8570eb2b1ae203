//! A list of words with what people feel at them: a *proxy* for what a person would mark as the reasons of a text's sentiment,
//! where nobody has.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use headlight_document::{Explanation, Units};

use crate::error::Error;

/// A word counts from this valence on, on a scale of −4 to 4.
const STRONG: f64 = 1.0;

/// Words and their valences.
pub struct Lexicon {
    valences: HashMap<String, f64>,
}

impl Lexicon {
    /// Reads lines of word, tab, valence; what follows another tab is left alone (as in VADER's lexicon).
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = fs::read_to_string(path).map_err(|error| Error::Read { path: path.to_owned(), error })?;
        let entry = |line: &str| {
            let mut fields = line.split('\t');
            Some((fields.next()?.to_lowercase(), fields.next()?.trim().parse().ok()?))
        };
        Ok(Self { valences: file.lines().filter_map(entry).collect() })
    }

    /// The tokens of words that have the sign of the explained label: those above for `positive`, those below for
    /// `negative`, strong ones of either sign for any other.
    pub fn rationale(&self, document: &Explanation) -> Vec<bool> {
        let tokens = &document.input.tokens;
        let label = document.target.text.to_lowercase();
        let counts = |valence: f64| match label.as_str() {
            "positive" => valence >= STRONG,
            "negative" => valence <= -STRONG,
            _ => valence.abs() >= STRONG,
        };
        let mut marked = vec![false; tokens.len()];
        for unit in Units::Word.of(tokens, &[]) {
            let ends =
                unit.first().zip(unit.last()).and_then(|(first, last)| tokens.get(*first).zip(tokens.get(*last)));
            let piece = ends.filter(|(first, _)| first.source == 0);
            let piece = piece.and_then(|(first, last)| document.input.text.get(first.start..last.end));
            let word = piece.map(|piece| piece.trim().to_lowercase()).unwrap_or_default();
            if self.valences.get(&word).is_some_and(|valence| counts(*valence)) {
                for token in unit {
                    if let Some(mark) = marked.get_mut(token) {
                        *mark = true;
                    }
                }
            }
        }
        marked
    }
}
