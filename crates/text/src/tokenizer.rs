//! The one type that a text goes through.

use std::collections::HashMap;

use tokenizers::AddedToken;

use crate::encoding::{Encoding, Token};
use crate::ends;
use crate::gguf::invalid;
use crate::roles::Roles;
use crate::spans::Walk;
use crate::{GgufVocabulary, MAX_TEXT_BYTES, TextError, TokenizerFiles, byte_level, files, gguf, json, pieces};

/// A tokenizer, whatever its kind.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// Whether the vocabulary is spelled in the byte-level alphabet.
    byte_level: bool,
    /// Bytes that a byte-level vocabulary can't spell.
    missing: Box<[bool; 256]>,
    /// Tokens that are found in the text by their name before anything else, and whether they are special.
    added: HashMap<u32, Added>,
    roles: Roles,
}

pub(crate) struct Added {
    pub(crate) name: String,
    pub(crate) special: bool,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokenizer")
            .field("byte_level", &self.byte_level)
            .field("vocabulary_size", &self.vocabulary_size())
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// A tokenizer out of a Hugging Face `tokenizer.json`. Its truncation and padding are switched off.
    ///
    /// # Errors
    /// [`TextError::InvalidTokenizer`] if it is not such a file.
    pub fn from_json(json: &[u8]) -> Result<Self, TextError> {
        Self::new(json::read(json)?, None)
    }

    /// A tokenizer out of what a GGUF file says.
    ///
    /// # Errors
    /// A [`TextError`] that names what of it is not supported or doesn't fit together.
    pub fn from_gguf(vocabulary: GgufVocabulary) -> Result<Self, TextError> {
        let GgufVocabulary { bos, eos, unk, pad, cls, sep, mask, .. } = vocabulary;
        let inner = gguf::build(vocabulary)?;
        Self::new(inner, Some(Roles { bos, eos, unk, pad, cls, sep, mask }))
    }

    /// A tokenizer out of the files of a model's folder, which need not have a `tokenizer.json`.
    ///
    /// # Errors
    /// A [`TextError`] that names what is missing, is not supported or doesn't fit together.
    pub fn from_files(files: &TokenizerFiles<'_>) -> Result<Self, TextError> {
        let (inner, roles) = files::build(files)?;
        Self::new(inner, roles)
    }

    /// The same tokenizer, but each text ends in the token called `name`, which becomes special.
    ///
    /// For vocabularies whose file leaves that to the model: Marian's texts end in `</s>`.
    ///
    /// # Errors
    /// [`TextError::MissingSpecial`] if the vocabulary has no such token.
    pub fn ending_in(self, name: &str) -> Result<Self, TextError> {
        let Self { mut inner, mut roles, .. } = self;
        let id = inner.token_to_id(name).ok_or(TextError::MissingSpecial { role: "eos" })?;
        let last = (id, name.to_owned());
        inner.add_special_tokens([AddedToken::from(name, true).normalized(false)]).map_err(invalid)?;
        inner.with_post_processor(Some(ends::template(None, Some(last))?));
        roles.eos = Some(id);
        Self::new(inner, Some(roles))
    }

    fn new(mut inner: tokenizers::Tokenizer, known: Option<Roles>) -> Result<Self, TextError> {
        inner.with_truncation(None).map_err(invalid)?;
        inner.with_padding(None);
        let steps = serde_json::to_value(inner.get_pre_tokenizer()).map_err(invalid)?;
        let byte_level = names_byte_level(&steps);
        let mut missing = Box::new([false; 256]);
        if byte_level {
            for (byte, missing) in (0..=u8::MAX).zip(missing.iter_mut()) {
                let mut buffer = [0; 4];
                let spelled: &str = byte_level::character(byte).encode_utf8(&mut buffer);
                *missing = inner.token_to_id(spelled).is_none();
            }
        }
        let added = added(&inner);
        let roles = known.unwrap_or_else(|| Roles::by_name(&added));
        Ok(Self { inner, byte_level, missing, added, roles })
    }

    /// Tokenizes a text, or a pair of texts for models that compare two. An empty second text is no second text, as
    /// in the `transformers` library.
    ///
    /// A byte that a byte-level vocabulary can't spell (SmolLM2's lacks a few control characters) is left out of the
    /// tokens, as in the `transformers` library; all other bytes are covered by exactly one token.
    ///
    /// # Errors
    /// [`TextError::TooLong`] over [`MAX_TEXT_BYTES`], [`TextError::Encode`] if the tokenizer fails.
    pub fn encode(&self, text: &str, second: Option<&str>) -> Result<Encoding, TextError> {
        let second = second.filter(|second| !second.is_empty());
        let bytes = text.len().saturating_add(second.map_or(0, str::len));
        if bytes > MAX_TEXT_BYTES {
            return Err(TextError::TooLong { bytes, limit: MAX_TEXT_BYTES });
        }
        let encoded = match second {
            Some(second) => self.inner.encode((text, second), true),
            None => self.inner.encode(text, true),
        }
        .map_err(|error| TextError::Encode { reason: error.to_string() })?;

        let mut result = Encoding {
            tokens: Vec::with_capacity(encoded.len()),
            ids: encoded.get_ids().to_vec(),
            type_ids: encoded.get_type_ids().to_vec(),
        };
        let sequences = sequences(&encoded);
        let mut walks = [Walk::new(text, &self.missing), Walk::new(second.unwrap_or_default(), &self.missing)];
        let mut sequence = 0;
        let mut words = Words::default();
        let each = encoded.get_ids().iter().zip(encoded.get_tokens()).zip(encoded.get_offsets());
        let rest = encoded.get_word_ids().iter().zip(encoded.get_special_tokens_mask()).zip(sequences);
        for (((&id, piece), &(start, end)), ((&word, &mask), of)) in each.zip(rest) {
            let inserted = mask == 1;
            if !inserted && let Some(of) = of {
                sequence = of;
            }
            let Some(walk) = walks.get_mut(sequence) else { continue };
            let added = self.added.get(&id);
            let before = walk.at();
            let (span, special) =
                if inserted { ((walk.at(), walk.at()), true) } else { self.span(walk, piece, added, (start, end)) };
            let covered = walk.slice(span);
            let text = match added {
                Some(added) if special => added.name.clone(),
                _ if special => piece.clone(),
                // Nothing of the text is its own: a word's beginning that is not written, a part of a character.
                _ if span.0 < before || covered.is_empty() => pieces::plain(piece),
                _ => pieces::visible(covered),
            };
            let word = (!special).then(|| words.of(sequence, word, covered.first() == Some(&b' ')));
            result.tokens.push(Token { id, text, start: span.0, end: span.1, special, word, sequence });
        }
        Ok(result)
    }

    /// The bytes that a token of the text covers, and whether it is a special token's name typed in the text.
    fn span(
        &self,
        walk: &mut Walk<'_>,
        piece: &str,
        added: Option<&Added>,
        (start, end): (usize, usize),
    ) -> ((usize, usize), bool) {
        // The model itself can produce `[UNK]` for a word that it doesn't know: that is text, not a special token.
        if let Some(added) = added
            && walk.slice((start, end)).trim_ascii() == added.name.as_bytes()
        {
            return (walk.known(start, end), added.special);
        }
        let walked = if self.byte_level {
            byte_level::decode(piece).and_then(|bytes| walk.bytes(&bytes))
        } else {
            pieces::byte(piece).and_then(|byte| walk.bytes(&[byte]))
        };
        (walked.unwrap_or_else(|| walk.known(start, end)), false)
    }

    /// The text that tokens stand for, special ones and ids that the vocabulary lacks left out. Bytes that are no UTF-8
    /// become replacement characters.
    ///
    /// # Errors
    /// [`TextError::Decode`] if the tokenizer fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TextError> {
        self.inner.decode(ids, true).map_err(|error| TextError::Decode { reason: error.to_string() })
    }

    /// What to write for one entry of the vocabulary, such as `" Paris"`. A part of a character is written in
    /// hexadecimal (`"⟨F0 9F⟩"`), and so is an id that the vocabulary doesn't have (`"⟨id 99999⟩"`).
    pub fn piece(&self, id: u32) -> String {
        if let Some(added) = self.added.get(&id) {
            return added.name.clone();
        }
        let Some(piece) = self.inner.id_to_token(id) else { return format!("⟨id {id}⟩") };
        if self.byte_level
            && let Some(bytes) = byte_level::decode(&piece)
        {
            return pieces::visible(&bytes);
        }
        pieces::plain(&piece)
    }

    /// Whether this entry of the vocabulary stands for no text, like `</s>`.
    pub fn is_special(&self, id: u32) -> bool {
        self.added.get(&id).is_some_and(|added| added.special)
    }

    /// The id of the single token that `text` is: the entry of the vocabulary that decodes to exactly this, a special
    /// token of this name, or else the one token that tokenizing `text` gives, if it gives one.
    pub fn id_of(&self, text: &str) -> Option<u32> {
        let exact = if self.byte_level {
            self.inner.token_to_id(&byte_level::encode(text))
        } else {
            self.inner.token_to_id(text).or_else(|| {
                let spelled = text.replace(' ', "▁");
                (spelled != text).then(|| self.inner.token_to_id(&spelled)).flatten()
            })
        };
        let named = || self.added.iter().find(|(_, added)| added.name == text).map(|(id, _)| *id);
        exact.or_else(named).or_else(|| {
            if text.len() > MAX_TEXT_BYTES {
                return None;
            }
            match self.inner.encode(text, false).ok()?.get_ids() {
                [id] => Some(*id),
                _ => None,
            }
        })
    }

    /// How many entries the vocabulary has, added tokens included.
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The token that stands for the whole text in BERT's family, such as `[CLS]`.
    pub fn cls(&self) -> Option<u32> {
        self.roles.cls
    }

    /// The token between and behind texts, such as `[SEP]`.
    pub fn sep(&self) -> Option<u32> {
        self.roles.sep
    }

    /// The token to guess, such as `[MASK]`.
    pub fn mask(&self) -> Option<u32> {
        self.roles.mask
    }

    /// The token that fills up a batch, such as `[PAD]`.
    pub fn pad(&self) -> Option<u32> {
        self.roles.pad
    }

    /// The token for what the vocabulary lacks, such as `[UNK]`.
    pub fn unk(&self) -> Option<u32> {
        self.roles.unk
    }

    /// The token that begins a text, such as `<|im_start|>`.
    pub fn bos(&self) -> Option<u32> {
        self.roles.bos
    }

    /// The token that ends a text, such as `<|im_end|>`.
    pub fn eos(&self) -> Option<u32> {
        self.roles.eos
    }
}

/// The tokens that are found by their name.
pub(crate) fn added(inner: &tokenizers::Tokenizer) -> HashMap<u32, Added> {
    let tokens = inner.get_added_tokens_decoder().into_iter();
    tokens.map(|(id, token)| (id, Added { name: token.content, special: token.special })).collect()
}

/// Whether a pre-tokenizer, or one of its steps, is `ByteLevel`.
fn names_byte_level(steps: &serde_json::Value) -> bool {
    match steps {
        serde_json::Value::Object(fields) => {
            fields.get("type").is_some_and(|kind| kind == "ByteLevel") || fields.values().any(names_byte_level)
        }
        serde_json::Value::Array(values) => values.iter().any(names_byte_level),
        _ => false,
    }
}

/// Which text each token comes from; `None` for those that the tokenizer inserted.
fn sequences(encoded: &tokenizers::Encoding) -> Vec<Option<usize>> {
    (0..encoded.len()).map(|token| encoded.token_to_sequence(token)).collect()
}

/// Numbers words through both texts.
#[derive(Default)]
struct Words {
    /// The last token's text, its word as the tokenizer counts, and our number for it.
    last: Option<(usize, Option<u32>, usize)>,
}

impl Words {
    fn of(&mut self, sequence: usize, word: Option<u32>, begins_with_space: bool) -> usize {
        let number = match self.last {
            None => 0,
            Some((last_sequence, last_word, number)) => {
                let new = last_sequence != sequence || last_word != word || begins_with_space;
                number + usize::from(new)
            }
        };
        self.last = Some((sequence, word, number));
        number
    }
}
