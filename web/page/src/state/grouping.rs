//! Values of a word's tokens taken together, for display alone: what is exported keeps every token's own.

use headlight_document::InputToken;

use crate::locale::say;

/// How the tokens of a word are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Each with its own value.
    #[default]
    None,
    /// With their sum: what the word contributes, for methods whose values add up.
    Sum,
    /// With the value that is largest in size, its sign kept.
    Largest,
}

impl Grouping {
    /// Every choice.
    pub const ALL: &[Self] = &[Self::None, Self::Sum, Self::Largest];

    /// By which it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sum => "sum",
            Self::Largest => "largest",
        }
    }

    /// What people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::None => say("tokens.grouping.none"),
            Self::Sum => say("tokens.grouping.sum"),
            Self::Largest => say("tokens.grouping.largest"),
        }
    }

    /// The choice of that name; the first for any other.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::ALL.iter().copied().find(|one| one.name() == name).unwrap_or_default()
    }

    /// `values` with each token's in place of its word's; those behind the input's tokens stay.
    #[must_use]
    pub fn apply(self, tokens: &[InputToken], values: &[f64]) -> Vec<f64> {
        let mut shown = values.to_vec();
        if self == Self::None {
            return shown;
        }
        let mut from = 0;
        for word in tokens.chunk_by(|a, b| a.word.is_some() && a.word == b.word && a.source == b.source) {
            let to = from + word.len();
            if let (Some(own), Some(shown)) = (values.get(from..to), shown.get_mut(from..to)) {
                let together = if self == Self::Sum {
                    own.iter().sum()
                } else {
                    own.iter()
                        .copied()
                        .fold(0.0, |most: f64, value| if value.abs() > most.abs() { value } else { most })
                };
                shown.fill(together);
            }
            from = to;
        }
        shown
    }
}

/// Whether any word has several tokens, so that there is a choice.
#[must_use]
pub fn has_parts(tokens: &[InputToken]) -> bool {
    tokens.windows(2).any(|pair| pair[0].word.is_some() && pair[0].word == pair[1].word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(word: Option<usize>, source: u8) -> InputToken {
        InputToken { id: 0, text: String::new(), source, start: 0, end: 1, special: word.is_none(), word }
    }

    #[test]
    fn a_words_tokens_share_one_value() {
        let tokens = [token(None, 0), token(Some(0), 0), token(Some(0), 0), token(Some(1), 0), token(Some(1), 1)];
        let values = [9.0, 1.0, -3.0, 4.0, 5.0, 6.0];
        assert_eq!(Grouping::None.apply(&tokens, &values), values);
        assert_eq!(Grouping::Sum.apply(&tokens, &values), [9.0, -2.0, -2.0, 4.0, 5.0, 6.0]);
        assert_eq!(Grouping::Largest.apply(&tokens, &values), [9.0, -3.0, -3.0, 4.0, 5.0, 6.0]);
        assert!(has_parts(&tokens) && !has_parts(&tokens[..2]));
        assert_eq!(Grouping::of("sum"), Grouping::Sum);
        assert_eq!(Grouping::of("?"), Grouping::None);
        assert_eq!(Grouping::Sum.apply(&tokens, &[1.0]), [1.0], "a list that is too short is left alone");
    }
}
