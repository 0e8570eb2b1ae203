//! What to write for bytes and for entries of a vocabulary.

use std::fmt::Write as _;

/// `bytes` as text; what is not UTF-8 is written in hexadecimal between angle brackets, as in `⟨F0 9F⟩`.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut open = false;
    for chunk in bytes.utf8_chunks() {
        if open && !chunk.valid().is_empty() {
            text.push('⟩');
            open = false;
        }
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string can't fail.
            let _ = write!(text, "{}{byte:02X}", if open { ' ' } else { '⟨' });
            open = true;
        }
    }
    if open {
        text.push('⟩');
    }
    text
}

/// A piece that is not spelled in the byte-level alphabet: SentencePiece's `▁` is a space and its `<0x0A>` a byte;
/// WordPiece's `##` stays, since without it one could not tell an ending from a word.
pub(crate) fn plain(piece: &str) -> String {
    match byte(piece) {
        Some(byte) => visible(&[byte]),
        None => piece.replace('▁', " "),
    }
}

/// The byte that SentencePiece spells as `<0x0A>`.
pub(crate) fn byte(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{plain, visible};

    #[test]
    fn halves_of_characters_are_visible() {
        assert_eq!(visible("é 好".as_bytes()), "é 好");
        assert_eq!(visible(&[0xF0, 0x9F]), "⟨F0 9F⟩");
        assert_eq!(visible(&[b' ', 0xF0, 0x9F]), " ⟨F0 9F⟩");
        assert_eq!(visible(&[0x98, 0x80, b'a', 0xE5]), "⟨98 80⟩a⟨E5⟩");
        assert_eq!(visible(&[]), "");
    }

    #[test]
    fn other_vocabularies() {
        assert_eq!(plain("▁Paris"), " Paris");
        assert_eq!(plain("<0x0A>"), "\n");
        assert_eq!(plain("<0xE5>"), "⟨E5⟩");
        assert_eq!(plain("<0xé>"), "<0xé>");
        assert_eq!(plain("##ing"), "##ing");
    }
}
