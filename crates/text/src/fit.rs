//! Cutting a text so that it fits a model, and saying so.

use crate::{Encoding, TextError, Tokenizer};

/// An encoding of at most so many tokens, and what was cut off for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// What fits, with the special tokens of the whole.
    pub encoding: Encoding,
    /// What was left out, if anything was.
    pub cut: Option<Cut>,
}

/// What was left out of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Which text was cut: 0 the first, 1 the second of a pair.
    pub sequence: usize,
    /// The first byte of that text that no token covers any more.
    pub at: usize,
    /// How many tokens were left out.
    pub tokens: usize,
}

impl Tokenizer {
    /// Tokenizes a text or a pair, and leaves out tokens at the end until at most `limit` are left: of the only text, or
    /// of the second of a pair (a question is kept, the text that is asked about is cut: the `transformers` library's
    /// `only_second`).
    ///
    /// # Errors
    /// What [`Tokenizer::encode`] gives; [`TextError::DoesNotFit`] if nothing of the text that is cut would be left.
    pub fn encode_within(&self, text: &str, second: Option<&str>, limit: usize) -> Result<Fitted, TextError> {
        let encoding = self.encode(text, second)?;
        let excess = encoding.len().saturating_sub(limit);
        if excess == 0 {
            return Ok(Fitted { encoding, cut: None });
        }
        let sequence = usize::from(second.is_some_and(|second| !second.is_empty()));
        // Tokens of the text itself, not those that the tokenizer put around it.
        let own: Vec<usize> = encoding
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.sequence == sequence && !(token.special && token.start == token.end))
            .map(|(index, _)| index)
            .collect();
        let kept = own.len().saturating_sub(excess);
        let (Some(from), Some(to), true) = (own.get(kept), own.last(), kept > 0) else {
            return Err(TextError::DoesNotFit { tokens: encoding.len(), limit });
        };
        let at = encoding.tokens.get(*from).map_or(0, |token| token.start);
        let left_out = *from..=*to;
        let keep = |index: usize| !left_out.contains(&index);
        let mut result = Encoding::default();
        for (index, mut token) in encoding.tokens.into_iter().enumerate() {
            if keep(index) {
                // What is added behind the text stands where it ends now.
                if token.special && token.start == token.end && token.sequence == sequence {
                    (token.start, token.end) = (token.start.min(at), token.end.min(at));
                }
                result.tokens.push(token);
            }
        }
        let each = |values: Vec<u32>| {
            values.into_iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, value)| value).collect()
        };
        result.ids = each(encoding.ids);
        result.type_ids = each(encoding.type_ids);
        Ok(Fitted { encoding: result, cut: Some(Cut { sequence, at, tokens: excess }) })
    }
}
