//! The text as it is shown: pieces in the order of the tokens, with nothing of the text lost between them.

use headlight_document::Input;

/// One token as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Text before this token that isn't coloured: what belongs to no token, like the spaces of a BERT model, the end of
    /// the line between two texts, and the one space that a decoder's tokens begin with, so that a colour doesn't hang
    /// over the end of a line.
    pub gap: String,
    /// What the token shows.
    pub text: String,
    /// Whether it stands for no text.
    pub special: bool,
    /// Whether it belongs to the examples of a prompt, and not to what the person wrote.
    pub aside: bool,
}

/// The pieces of an input, one for every token.
#[must_use]
pub fn pieces(input: &Input) -> Vec<Piece> {
    let first = input.prompt.as_deref().unwrap_or(&input.text);
    let own = input.own();
    let (mut ends, mut source) = ([0, 0], None);
    input
        .tokens
        .iter()
        .map(|token| {
            let (text, at) =
                if token.source == 0 { (first, 0) } else { (input.second_text.as_deref().unwrap_or(""), 1) };
            let end = ends.get(at).copied().unwrap_or_default();
            // A special token that the person wrote, such as a mask, stands for it; the model's own stand for nothing.
            let stands = !token.special || token.start < token.end;
            let gap = if stands { text.get(end..token.start).unwrap_or_default() } else { "" };
            if let (true, Some(end)) = (stands, ends.get_mut(at)) {
                *end = token.end.max(*end);
            }
            let line =
                if source.replace(token.source).is_some_and(|before| before != token.source) { "\n" } else { "" };
            let (space, text) = split(&token.text, token.special);
            let aside = !own.is_empty() && !own.iter().any(|&(_, from, to)| token.start < to && token.end > from);
            Piece { gap: format!("{line}{gap}{space}"), text: text.to_owned(), special: token.special, aside }
        })
        .collect()
}

/// Takes the one space that a token begins with off it.
#[must_use]
pub fn split(text: &str, special: bool) -> (&'static str, &str) {
    match text.strip_prefix(' ') {
        Some(rest) if !rest.trim().is_empty() && !special => (" ", rest),
        _ => ("", text),
    }
}

/// A token's piece where white space must show and room is short, as on an axis: at most `most` characters.
#[must_use]
pub fn label(text: &str, most: usize) -> String {
    let shown = plain(text);
    if shown.chars().count() <= most {
        return isolated(shown);
    }
    isolated(shown.chars().take(most.saturating_sub(1)).chain(['…']).collect())
}

/// The name of a token among those of an axis, with its white space to be seen; empty where there is none.
#[must_use]
pub fn named(all: &[String], at: usize) -> String {
    all.get(at).map_or_else(String::new, |text| visible(text))
}

/// A piece whose white space can be seen, for places outside running text.
#[must_use]
pub fn visible(text: &str) -> String {
    isolated(plain(text))
}

// What is written from right to left is set apart, so that the numbers and signs around it keep their places.
fn isolated(text: String) -> String {
    if text.chars().any(is_from_right) { format!("\u{2068}{text}\u{2069}") } else { text }
}

// Hebrew, Arabic and their like, with their presentation forms.
fn is_from_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

fn plain(text: &str) -> String {
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
        InputToken { id: 0, text: text.into(), source: 0, start, end, special, word: None }
    }

    fn input(text: &str, tokens: Vec<InputToken>) -> Input {
        Input { task: Task::Continue, text: text.into(), second_text: None, prompt: None, tokens }
    }

    #[test]
    fn two_texts_stand_on_lines_of_their_own() {
        let of = |source: u8, token: InputToken| InputToken { source, ..token };
        let mut input = input(
            "A  dog",
            vec![
                of(1, token("[CLS]", 0, 0, true)),
                of(1, token("who", 0, 3, false)),
                of(1, token("?", 4, 5, false)),
                of(1, token("[SEP]", 0, 0, true)),
                token("a", 0, 1, false),
                token("dog", 3, 6, false),
                token("[SEP]", 0, 0, true),
            ],
        );
        input.second_text = Some("Who ?".into());
        let gaps: Vec<String> = pieces(&input).into_iter().map(|piece| piece.gap).collect();
        assert_eq!(gaps, ["", "", " ", "", "\n", "  ", ""]);
    }

    #[test]
    fn what_is_written_from_right_to_left_is_set_apart() {
        assert_eq!(visible(" שלום"), "\u{2068}·שלום\u{2069}");
        assert_eq!(label("مرحبا", 3), "\u{2068}مر…\u{2069}");
        assert_eq!((visible("汉字"), visible("👩‍👩‍👧")), ("汉字".to_owned(), "👩‍👩‍👧".to_owned()));
    }

    #[test]
    fn the_examples_of_a_prompt_are_told_from_the_text() {
        let mut input = input("good", vec![]);
        input.prompt = Some("good: 1 good: 2 \n good:".into());
        input.tokens = vec![token("good", 0, 4, false), token(" good", 17, 22, false), token(":", 22, 23, false)];
        let asides: Vec<bool> = pieces(&input).iter().map(|piece| piece.aside).collect();
        assert_eq!(asides, [true, false, true]);
        // A mask that was written in the model's own way is the person's text all the same.
        input.prompt = Some("<mask>:".into());
        assert!(pieces(&input).iter().all(|piece| !piece.aside));
    }

    #[test]
    fn a_decoders_pieces_carry_their_spaces() {
        let input = input("The end", vec![token("The", 0, 3, false), token(" end", 3, 7, false)]);
        let all: String = pieces(&input).iter().map(|piece| format!("{}{}", piece.gap, piece.text)).collect();
        assert_eq!(all, input.text);
        assert_eq!(pieces(&input)[1], Piece { gap: " ".into(), text: "end".into(), special: false, aside: false });
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
    fn a_mask_that_was_written_is_shown_once() {
        let input = input(
            "A [MASK] barks.",
            vec![
                token("[CLS]", 0, 0, true),
                token("a", 0, 1, false),
                token("[MASK]", 2, 8, true),
                token("barks", 9, 14, false),
                token(".", 14, 15, false),
                token("[SEP]", 0, 0, true),
            ],
        );
        let shown = pieces(&input);
        let all: String = shown[1..5].iter().map(|piece| format!("{}{}", piece.gap, piece.text)).collect();
        assert_eq!(all, "a [MASK] barks.");
        assert!(shown[2].special);
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
