//! What is left out of a text together.

use crate::explanation::InputToken;
use crate::method::Units;

/// What ends a sentence.
const ENDS: [char; 8] = ['.', '!', '?', '…', '。', '！', '？', '\n'];

impl Units {
    /// The units of a text, as lists of its tokens in their order. Special tokens are in none. `selected` says which tokens a
    /// person picked, for [`Units::Selection`].
    #[must_use]
    pub fn of(self, tokens: &[InputToken], selected: &[bool]) -> Vec<Vec<usize>> {
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        let mut sentence = 0;
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| !token.special) {
            let source = usize::from(token.source);
            let word = token.word.map_or((1, at), |word| (2 + source, word));
            let is_selected = self == Self::Selection && selected.get(at) == Some(&true);
            let group = match self {
                Self::Token => (0, at),
                // A stretch that was picked is one, as long as nothing else comes between.
                _ if is_selected => (4 + source, 0),
                Self::Word | Self::Selection => word,
                Self::Sentence => (source, sentence),
            };
            match units.last_mut() {
                Some(unit) if last == Some(group) => unit.push(at),
                _ => units.push(vec![at]),
            }
            last = Some(group);
            if token.text.trim_end_matches(' ').ends_with(ENDS) {
                sentence += 1;
            }
        }
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_tokens_words_or_sentences() {
        let token = |text: &str, word: Option<usize>, source| InputToken {
            id: 0,
            text: text.into(),
            source,
            start: 0,
            end: 1,
            special: word.is_none(),
            word,
        };
        let tokens = [
            token("[CLS]", None, 0),
            token("quiet", Some(0), 0),
            token("ly", Some(0), 0),
            token(".", Some(1), 0),
            token("a", Some(2), 0),
            token("b", Some(2), 1),
        ];
        assert_eq!(Units::Token.of(&tokens, &[]).len(), 5);
        assert_eq!(Units::Word.of(&tokens, &[]), [vec![1, 2], vec![3], vec![4], vec![5]]);
        assert_eq!(Units::Sentence.of(&tokens, &[]), [vec![1, 2, 3], vec![4], vec![5]]);
        assert_eq!(Units::Selection.of(&tokens, &[]), Units::Word.of(&tokens, &[]));
        let selected = [false, false, false, true, true, true];
        assert_eq!(Units::Selection.of(&tokens, &selected), [vec![1, 2], vec![3, 4], vec![5]]);
        let lines = [token("a", Some(0), 0), token("\n", Some(1), 0), token("b", Some(2), 0)];
        assert_eq!(Units::Sentence.of(&lines, &[]), [vec![0, 1], vec![2]]);
        assert!(Units::Word.of(&[], &[]).is_empty());
    }
}
