//! BERT's tokenizer: words taken apart by a list of pieces.

use std::collections::HashMap;

use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use crate::TextError;
use crate::ends::{self, Named};
use crate::gguf::invalid;

/// What is done to letters first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Casing {
    pub(crate) lower: bool,
    /// Whether accents are left out; where nobody says, they are if letters are lower-cased.
    pub(crate) strip_accents: Option<bool>,
    /// Whether each Chinese character is a word.
    pub(crate) chinese: bool,
}

impl Default for Casing {
    fn default() -> Self {
        Self { lower: true, strip_accents: None, chinese: true }
    }
}

/// The lines of a `vocab.txt`, by their number. As in Python's text files, a line ends in a line feed, a carriage return
/// or both; a word that comes twice has its last number.
pub(super) fn vocabulary(text: &[u8]) -> Result<HashMap<String, u32>, TextError> {
    let text = std::str::from_utf8(text).map_err(|_| invalid("vocab.txt is not UTF-8"))?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.strip_suffix('\n').unwrap_or(&text);
    Ok(lines.split('\n').map(str::to_owned).zip(0..).collect())
}

pub(crate) fn build(
    vocab: HashMap<String, u32>,
    unk: &str,
    casing: Casing,
    cls: Named,
    sep: Named,
) -> Result<tokenizers::Tokenizer, TextError> {
    let model = WordPiece::builder()
        .vocab(vocab.into_iter().collect::<Vocab>())
        .unk_token(unk.to_owned())
        .build()
        .map_err(invalid)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let Casing { lower, strip_accents, chinese } = casing;
    tokenizer.with_normalizer(Some(BertNormalizer::new(true, chinese, strip_accents, lower))).map_err(invalid)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_decoder(Some(WordPieceDecoder::default()));
    tokenizer.with_post_processor(Some(ends::bert(cls, sep)?));
    Ok(tokenizer)
}
