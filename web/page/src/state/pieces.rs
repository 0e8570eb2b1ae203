//! The text as it is shown: pieces in the order of the tokens, with nothing of the text lost between them.

use headlight_document::Input;

/// One token as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Text before this token that isn't coloured: what belongs to no token, like the spaces of a BERT model, and the
    /// one space that a decoder's tokens begin with, so that a colour doesn't hang over the end of a line.
    pub gap: String,
    /// What the token shows.
    pub text: String,
    /// Whether it stands for no text.
    pub special: bool,
}

/// The pieces of an input, one for every token.
#[must_use]
pub fn pieces(input: &Input) -> Vec<Piece> {
    let mut end = 0;
    input
        .tokens
        .iter()
        .map(|token| {
            let gap = if token.special { "" } else { input.text.get(end..token.start).unwrap_or_default() };
            if !token.special {
                end = end.max(token.end);
            }
            let (space, text) = match token.text.strip_prefix(' ') {
                Some(rest) if !rest.trim().is_empty() && !token.special => (" ", rest),
                _ => ("", token.text.as_str()),
            };
            Piece { gap: format!("{gap}{space}"), text: text.to_owned(), special: token.special }
        })
        .collect()
}

/// A token's piece where white space must show and room is short, as on an axis: at most `most` characters.
#[must_use]
pub fn label(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// A piece whose white space can be seen, for places outside running text.
#[must_use]
pub fn visible(text: &str) -> String {
    if text.is_empty() {
        return "∅".to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    for (at, c) in text.chars().enumerate() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push('⇥'),
            '\r' => out.push('␍'),
            ' ' if at == 0 => out.push('·'),
            c if is_hidden(c) => out.push_str(&format!("⟨{:x}⟩", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

// Characters that draw nothing or turn the writing direction around: a hostile text must not rearrange the page.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use headlight_document::{InputToken, Task};

    use super::*;

    fn token(text: &str, start: usize, end: usize, special: bool) -> InputToken {
        InputToken { id: 0, text: text.into(), start, end, special, word: None }
    }

    fn input(text: &str, tokens: Vec<InputToken>) -> Input {
        Input { task: Task::Continue, text: text.into(), second_text: None, tokens }
    }

    #[test]
    fn a_decoders_pieces_carry_their_spaces() {
        let input = input("The end", vec![token("The", 0, 3, false), token(" end", 3, 7, false)]);
        let all: String = pieces(&input).iter().map(|piece| format!("{}{}", piece.gap, piece.text)).collect();
        assert_eq!(all, input.text);
        assert_eq!(pieces(&input)[1], Piece { gap: " ".into(), text: "end".into(), special: false });
    }

    #[test]
    fn spaces_between_an_encoders_pieces_are_kept() {
        let input = input(
            "A  dog",
            vec![
                token("[CLS]", 0, 0, true),
                token("A", 0, 1, false),
                token("dog", 3, 6, false),
                token("[SEP]", 6, 6, true),
            ],
        );
        let shown = pieces(&input);
        assert_eq!(shown[2].gap, "  ");
        assert!(shown[0].special && shown[3].gap.is_empty());
    }

    #[test]
    fn a_character_cut_into_several_tokens_breaks_nothing() {
        let input = input("🙂", vec![token("�", 0, 2, false), token("�", 2, 4, false), token("x", 9, 99, false)]);
        assert_eq!(pieces(&input).len(), 3);
    }

    #[test]
    fn labels_show_white_space_and_are_cut() {
        assert_eq!(label(" capital", 20), "·capital");
        assert_eq!(label("\n", 20), "⏎");
        assert_eq!(label("internationalisation", 8), "interna…");
        assert_eq!(label("", 8), "∅");
        assert_eq!(visible("a\u{202e}b"), "a⟨202e⟩b");
        assert_eq!(label("🙂🙂🙂", 2), "🙂…");
    }
}
