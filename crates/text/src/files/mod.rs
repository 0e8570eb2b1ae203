//! A tokenizer out of a model's folder, with or without a `tokenizer.json`.

pub(crate) mod bert;
mod bytes;
mod special;

use std::collections::HashMap;

use serde_json::{Map, Value};

use self::special::Specials;
use crate::gguf::invalid;
use crate::json::{self, MAX_ID};
use crate::roles::Roles;
use crate::{TextError, tokenizer};

/// The files of a folder that have to do with its tokenizer, each as its bytes. Only what is there is given: a
/// `tokenizer.json`, or a `vocab.txt`, or a `vocab.json` with a `merges.txt`; the others say more about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenizerFiles<'a> {
    /// `tokenizer.json`: the whole tokenizer. Where it is there, the vocabulary files are not looked at.
    pub tokenizer_json: Option<&'a [u8]>,
    /// `vocab.txt`: BERT's words and pieces, one a line.
    pub vocab_txt: Option<&'a [u8]>,
    /// `vocab.json`: token to id, in the byte-level alphabet.
    pub vocab_json: Option<&'a [u8]>,
    /// `merges.txt`: two tokens with a space between them a line, the most important first.
    pub merges_txt: Option<&'a [u8]>,
    /// `tokenizer_config.json`: the class, its settings, special tokens.
    pub tokenizer_config: Option<&'a [u8]>,
    /// `special_tokens_map.json`: special tokens by what they are for.
    pub special_tokens_map: Option<&'a [u8]>,
    /// `added_tokens.json`: tokens beyond the vocabulary, with their ids.
    pub added_tokens: Option<&'a [u8]>,
}

/// The kinds that are built here, after the `transformers` library's classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bert,
    Gpt2,
    Roberta,
    Qwen2,
}

pub(crate) fn build(files: &TokenizerFiles<'_>) -> Result<(tokenizers::Tokenizer, Option<Roles>), TextError> {
    let config = object(files.tokenizer_config, "tokenizer_config.json")?;
    let map = object(files.special_tokens_map, "special_tokens_map.json")?;
    let mut specials = Specials::read(&config, &map)?;

    if let Some(json) = files.tokenizer_json {
        let inner = json::read(json)?;
        let by_name = Roles::by_name(&tokenizer::added(&inner));
        let roles = specials.roles(&inner).or(by_name);
        return Ok((inner, Some(roles)));
    }
    let kind = kind(files, &config)?;
    specials.fill(kind.defaults());
    let flag = |name: &str, default: bool| config.get(name).and_then(Value::as_bool).unwrap_or(default);
    let mut inner = match kind {
        Kind::Bert => {
            let vocab = bert::vocabulary(files.vocab_txt.ok_or(TextError::NoTokenizer)?)?;
            let named = |role| {
                let name = specials.name(role).unwrap_or_default();
                let id = vocab.get(name).copied();
                id.map(|id| (id, name.to_owned())).ok_or(TextError::MissingSpecial { role })
            };
            let (cls, sep, (_, unk)) = (named("cls")?, named("sep")?, named("unk")?);
            let casing = bert::Casing {
                lower: flag("do_lower_case", true),
                strip_accents: config.get("strip_accents").and_then(Value::as_bool),
                chinese: flag("tokenize_chinese_chars", true),
            };
            bert::build(vocab, &unk, casing, cls, sep)?
        }
        Kind::Gpt2 | Kind::Roberta | Kind::Qwen2 => {
            let vocab = vocab_json(files.vocab_json.ok_or(TextError::NoTokenizer)?)?;
            let merges = bytes::merges(files.merges_txt.ok_or(TextError::NoTokenizer)?)?;
            let inner = bytes::build(kind, vocab, merges, flag("add_prefix_space", false))?;
            bytes::ends(kind, inner, &specials, &config)?
        }
    };
    let beyond = special::beyond(&config, files.added_tokens, &specials)?;
    specials.add_to(&mut inner, beyond)?;
    let roles = specials.roles(&inner);
    Ok((inner, Some(roles)))
}

fn kind(files: &TokenizerFiles<'_>, config: &Map<String, Value>) -> Result<Kind, TextError> {
    let class = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
    match class.strip_suffix("Fast").unwrap_or(class) {
        "BertTokenizer" | "DistilBertTokenizer" | "ElectraTokenizer" | "MobileBertTokenizer" => Ok(Kind::Bert),
        "GPT2Tokenizer" => Ok(Kind::Gpt2),
        "RobertaTokenizer" | "LongformerTokenizer" | "BartTokenizer" => Ok(Kind::Roberta),
        "Qwen2Tokenizer" => Ok(Kind::Qwen2),
        // Classes that stand for any, or none.
        "" | "PreTrainedTokenizer" | "TokenizersBackend" => match files {
            TokenizerFiles { vocab_txt: Some(_), .. } => Ok(Kind::Bert),
            TokenizerFiles { vocab_json: Some(vocab), merges_txt: Some(_), .. } => {
                let vocab = vocab_json(vocab)?;
                let roberta = ["<s>", "</s>", "<mask>"].iter().all(|name| vocab.contains_key(*name));
                Ok(if roberta { Kind::Roberta } else { Kind::Gpt2 })
            }
            _ => Err(TextError::NoTokenizer),
        },
        _ => Err(TextError::UnsupportedClass { class: class.to_owned() }),
    }
}

impl Kind {
    /// The names that the class gives special tokens where no file does.
    fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bert => &[("unk", "[UNK]"), ("sep", "[SEP]"), ("pad", "[PAD]"), ("cls", "[CLS]"), ("mask", "[MASK]")],
            Self::Gpt2 => &[("unk", "<|endoftext|>"), ("bos", "<|endoftext|>"), ("eos", "<|endoftext|>")],
            Self::Roberta => &[
                ("bos", "<s>"),
                ("eos", "</s>"),
                ("sep", "</s>"),
                ("cls", "<s>"),
                ("unk", "<unk>"),
                ("pad", "<pad>"),
                ("mask", "<mask>"),
            ],
            Self::Qwen2 => &[("unk", "<|endoftext|>"), ("eos", "<|endoftext|>"), ("pad", "<|endoftext|>")],
        }
    }
}

/// A JSON object, empty where there is no file.
fn object(json: Option<&[u8]>, name: &str) -> Result<Map<String, Value>, TextError> {
    let Some(json) = json else { return Ok(Map::new()) };
    serde_json::from_slice(json).map_err(|error| invalid(format!("{name}: {error}")))
}

/// Token to id, each id once and none absurd.
fn vocab_json(json: &[u8]) -> Result<HashMap<String, u32>, TextError> {
    let vocab: HashMap<String, u32> =
        serde_json::from_slice(json).map_err(|error| invalid(format!("vocab.json: {error}")))?;
    if let Some((token, id)) = vocab.iter().find(|(_, id)| **id > MAX_ID) {
        return Err(invalid(format!("vocab.json gives the token {token:?} the id {id}")));
    }
    let mut ids: Vec<u32> = vocab.values().copied().collect();
    ids.sort_unstable();
    match ids.array_windows().find(|[a, b]| a == b) {
        Some([id, _]) => Err(invalid(format!("vocab.json gives two tokens the id {id}"))),
        None => Ok(vocab),
    }
}
