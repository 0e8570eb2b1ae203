//! GPT-2's alphabet: one printable character for each byte, so that a vocabulary of strings can hold any bytes.
//!
//! Source: `bytes_to_unicode` in <https://github.com/openai/gpt-2/blob/master/src/encoder.py>.

/// The character that stands for `byte`: itself where it is printable Latin-1, else the next of those from U+0100.
pub(crate) fn character(byte: u8) -> char {
    let code = u32::from(byte);
    let code = match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => code,
        0x00..=0x20 => 0x100 + code,
        0x7F..=0xA0 => 0x121 + code - 0x7F,
        0xAD => 0x143,
    };
    // Every code above is far below the surrogates, so there is a character.
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that `character` stands for.
fn byte(character: char) -> Option<u8> {
    let code = u32::from(character);
    let code = match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => code,
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7F,
        0x143 => 0xAD,
        _ => return None,
    };
    u8::try_from(code).ok()
}

/// The bytes that a piece of the vocabulary stands for, or `None` if it is not spelled in the alphabet.
pub(crate) fn decode(piece: &str) -> Option<Vec<u8>> {
    piece.chars().map(byte).collect()
}

/// How the vocabulary spells `text`.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(character).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokenizers::pre_tokenizers::byte_level::ByteLevel;

    use super::{byte, character};

    #[test]
    fn the_alphabet_is_gpt2_s() {
        let ours: BTreeSet<char> = (0..=255).map(character).collect();
        assert_eq!(ours, ByteLevel::alphabet().into_iter().collect());
        assert_eq!((character(b' '), character(b'\n'), character(0xF0)), ('Ġ', 'Ċ', 'ð'));
        for value in 0..=255 {
            assert_eq!(byte(character(value)), Some(value));
        }
        assert_eq!(byte('€'), None);
    }
}
