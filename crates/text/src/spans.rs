//! Which bytes of a text a token covers.

/// Walks through one text as its byte-level tokens come, and says which bytes each of them covers.
///
/// The `tokenizers` crate gives a token that is a part of a character the whole character. The byte-level alphabet
/// knows better: a token's spelling says how many bytes it has, and they stand one behind the other.
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    /// Bytes that the vocabulary can't spell. They are left out of the ids, as in the reference, and so out of spans,
    /// unless a token was made of what stands before and behind them.
    missing: &'a [bool; 256],
    /// Where the last span began, and the furthest that one has ended.
    last: usize,
    at: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(text: &'a str, missing: &'a [bool; 256]) -> Self {
        Self { text: text.as_bytes(), missing, last: 0, at: 0 }
    }

    /// Where the last span ended.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The span of a token whose bytes are `piece`, or `None` if the text doesn't go on with them.
    pub(crate) fn bytes(&mut self, piece: &[u8]) -> Option<(usize, usize)> {
        let (mut start, mut end) = (None, self.at);
        for wanted in piece {
            let mut found = *self.text.get(end)?;
            while found != *wanted && self.missing[usize::from(found)] {
                end += 1;
                found = *self.text.get(end)?;
            }
            if found != *wanted {
                return None;
            }
            start.get_or_insert(end);
            end += 1;
        }
        let start = start.unwrap_or(end);
        (self.last, self.at) = (start, end);
        Some((start, end))
    }

    /// A span that is known from elsewhere: kept inside the text, and never going back. It may begin where the last
    /// one did, since a normalizer can make several tokens of one character.
    pub(crate) fn known(&mut self, start: usize, end: usize) -> (usize, usize) {
        let start = start.max(self.last).min(self.text.len());
        let end = end.max(start).min(self.text.len());
        (self.last, self.at) = (start, end.max(self.at));
        (start, end)
    }

    /// The bytes of a span.
    pub(crate) fn slice(&self, (start, end): (usize, usize)) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Walk;

    #[test]
    fn parts_of_a_character() {
        let missing = [false; 256];
        let mut walk = Walk::new("a😀b", &missing);
        assert_eq!(walk.bytes(b"a"), Some((0, 1)));
        assert_eq!(walk.bytes(&[0xF0, 0x9F]), Some((1, 3)));
        assert_eq!(walk.bytes(&[0x98]), Some((3, 4)));
        assert_eq!(walk.bytes(b"x"), None);
        assert_eq!(walk.bytes(&[0x80, b'b']), Some((4, 6)));
        assert_eq!(walk.bytes(b"c"), None);
    }

    #[test]
    fn bytes_that_the_vocabulary_lacks() {
        let mut missing = [false; 256];
        missing[4] = true;
        let mut walk = Walk::new("\u{4}!\u{4}?\u{4}", &missing);
        assert_eq!(walk.bytes(b"!?"), Some((1, 4)));
        assert_eq!(walk.known(0, 4), (1, 4));
        assert_eq!(walk.known(4, 99), (4, 5));
    }
}
