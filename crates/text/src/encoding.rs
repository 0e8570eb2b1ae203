//! What tokenizing a text gives.

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The vocabulary's number for it.
    pub id: u32,
    /// What to write for it: the source text that it covers, or a special token's name. A token that covers a part of
    /// a character writes the bytes it covers in hexadecimal between angle brackets, as in `⟨F0 9F⟩`.
    pub text: String,
    /// Its first byte in the UTF-8 input (see [`Token::sequence`]).
    ///
    /// Byte-level tokens never share a byte. BERT's normalizer can take one character apart (a Hangul syllable into
    /// its letters): each token of it then covers the whole character, and those behind the first have the
    /// vocabulary's spelling as their `text`.
    pub start: usize,
    /// One past its last byte. Equal to `start` for a token that the tokenizer added.
    pub end: usize,
    /// Whether it is a control token such as `[CLS]`, added by the tokenizer or typed in the text by its name.
    pub special: bool,
    /// The word that it belongs to, counted from 0 through both texts; `None` for special tokens.
    ///
    /// A word begins where the tokenizer's own splitting into words begins a piece, and at a token that begins with a
    /// space.
    pub word: Option<usize>,
    /// Which text `start` and `end` count in: 0 the first, 1 the second of a pair. A token that the tokenizer added
    /// counts to the text before it.
    pub sequence: usize,
}

/// All tokens of a text or of a pair of texts, in the model's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The tokens, special ones included.
    pub tokens: Vec<Token>,
    /// `tokens`' ids, ready for a model.
    pub ids: Vec<u32>,
    /// What BERT calls segments, one a token: 0, or 1 in the second text of a pair.
    pub type_ids: Vec<u32>,
}

impl Encoding {
    /// How many tokens there are, special ones included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}
