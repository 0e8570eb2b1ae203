//! From a model's files to its tokenizer and its weights, whatever their formats.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use burn::tensor::Device;
use headlight_document::{FileRole, ModelEntry};
use headlight_models::{Config, Transformer};
use headlight_text::{GgufVocabulary, Tokenizer, TokenizerFiles};
use headlight_weights::{
    Format, GgufFile, GgufMetadata, MarianFile, Merged, OnnxFile, SafetensorsFile, ShardedTensors, TensorSource,
    adapter_scale,
};

use crate::error::EngineError;
use crate::progress::Relay;
use crate::untrained::Blueprint;

/// The largest file that is read into memory whole: a tokenizer of a quarter of a million entries has 20 MB.
const LARGEST: u64 = 64 << 20;

/// What is in a model's files.
pub(crate) struct Opened {
    pub tokenizer: Tokenizer,
    pub blueprint: Blueprint,
    pub transformer: Box<dyn Transformer>,
}

impl Opened {
    async fn from(
        tokenizer: Tokenizer,
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        relay: &Relay<'_>,
    ) -> Result<Self, EngineError> {
        let blueprint = Blueprint::of(config, source);
        Ok(Self { tokenizer, blueprint, transformer: headlight_models::open(config, source, device, relay).await? })
    }
}

/// Opens tokenizer and model.
pub(crate) async fn open<R: Read + Seek>(
    entry: &ModelEntry,
    files: BTreeMap<String, R>,
    device: &Device,
    relay: &Relay<'_>,
) -> Result<Opened, EngineError> {
    let mut files = Files { entry, files };
    if let Some(index) = files.whole(FileRole::Index)? {
        let (tokenizer, config) = (files.tokenizer()?, files.config()?);
        let mut source = ShardedTensors::open(&index, |name| files.files.remove(name))?;
        return Opened::from(tokenizer, &config, &mut source, device, relay).await;
    }
    let mut weights = files.take(FileRole::Weights).ok_or(EngineError::MissingFile("weights"))?;
    let name = entry.file(FileRole::Weights).map_or("", |file| file.name.as_str());
    match Format::of_file(&mut weights, name).map_err(unreadable)? {
        Format::Gguf => {
            let mut source = GgufFile::open(weights)?;
            let tokenizer = Tokenizer::from_gguf(vocabulary(source.metadata())?)?;
            let config = Config::from_gguf(source.metadata())?;
            Opened::from(tokenizer, &config, &mut source, device, relay).await
        }
        Format::Marian => {
            let mut source = MarianFile::open(weights)?;
            let settings = source.config().ok_or(EngineError::MissingFile("settings, special:model.yml"))?;
            let config = Config::from_marian(settings)?;
            // Its tokenizer leaves the token that ends a text to the model.
            let tokenizer = files.tokenizer()?.ending_in("</s>")?;
            Opened::from(tokenizer, &config, &mut source, device, relay).await
        }
        Format::Onnx => {
            let (tokenizer, config) = (files.tokenizer()?, files.config()?);
            let mut source = OnnxFile::open(weights)?;
            Opened::from(tokenizer, &config, &mut source, device, relay).await
        }
        _ => {
            let (tokenizer, config) = (files.tokenizer()?, files.config()?);
            let mut source = SafetensorsFile::open(weights)?;
            match files.whole(FileRole::Adapter)? {
                None => Opened::from(tokenizer, &config, &mut source, device, relay).await,
                Some(adapter) => {
                    let adapter = SafetensorsFile::open(Cursor::new(adapter))?;
                    let scale = adapter_scale(adapter.metadata())?;
                    let mut merged = Merged::new(source, adapter, scale)?;
                    Opened::from(tokenizer, &config, &mut merged, device, relay).await
                }
            }
        }
    }
}

struct Files<'a, R> {
    entry: &'a ModelEntry,
    files: BTreeMap<String, R>,
}

impl<R: Read + Seek> Files<'_, R> {
    /// The first file of this role, if there is one.
    fn take(&mut self, role: FileRole) -> Option<R> {
        let name = &self.entry.file(role)?.name;
        self.files.remove(name)
    }

    /// The content of the first file of this role, if there is one.
    fn whole(&mut self, role: FileRole) -> Result<Option<Vec<u8>>, EngineError> {
        let Some(file) = self.take(role) else { return Ok(None) };
        let mut content = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut content).map_err(unreadable)?;
        if content.len() as u64 > LARGEST {
            return Err(EngineError::Inconsistent(format!("one of its small files has over {LARGEST} bytes")));
        }
        Ok(Some(content))
    }

    fn config(&mut self) -> Result<Config, EngineError> {
        let config = self.whole(FileRole::Config)?.ok_or(EngineError::MissingFile("config.json"))?;
        Ok(Config::from_json(&config)?)
    }

    fn tokenizer(&mut self) -> Result<Tokenizer, EngineError> {
        let json = self.whole(FileRole::Tokenizer)?;
        let vocabulary = self.whole(FileRole::Vocabulary)?;
        if json.is_none() && vocabulary.is_none() {
            return Err(EngineError::MissingFile("tokenizer.json"));
        }
        // A JSON object maps tokens to ids; anything else has a token a line.
        let is_json = vocabulary.as_ref().is_some_and(|content| content.trim_ascii_start().first() == Some(&b'{'));
        let (vocab_json, vocab_txt) = if is_json { (vocabulary, None) } else { (None, vocabulary) };
        let merges = self.whole(FileRole::Merges)?;
        let settings = self.whole(FileRole::TokenizerConfig)?;
        let special = self.whole(FileRole::SpecialTokens)?;
        let added = self.whole(FileRole::AddedTokens)?;
        Ok(Tokenizer::from_files(&TokenizerFiles {
            tokenizer_json: json.as_deref(),
            vocab_txt: vocab_txt.as_deref(),
            vocab_json: vocab_json.as_deref(),
            merges_txt: merges.as_deref(),
            tokenizer_config: settings.as_deref(),
            special_tokens_map: special.as_deref(),
            added_tokens: added.as_deref(),
        })?)
    }
}

fn unreadable(error: std::io::Error) -> EngineError {
    EngineError::Inconsistent(format!("its files cannot be read ({error})"))
}

/// The tokenizer's parts, out of a GGUF file's metadata.
fn vocabulary(metadata: &GgufMetadata) -> Result<GgufVocabulary, EngineError> {
    let missing = |key: &str| EngineError::Inconsistent(format!("its GGUF file lacks tokenizer.ggml.{key}"));
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let strings = |name: &str| metadata.strings(&key(name)).map(<[String]>::to_vec).ok_or_else(|| missing(name));
    let model = metadata.string(&key("model")).ok_or_else(|| missing("model"))?;
    Ok(GgufVocabulary {
        model: model.to_owned(),
        pre: metadata.string(&key("pre")).unwrap_or_default().to_owned(),
        tokens: strings("tokens")?,
        // SentencePiece's vocabularies have scores, and WordPiece's have neither.
        merges: if model == "gpt2" { strings("merges")? } else { Vec::new() },
        scores: metadata.f32s(&key("scores")).map(<[f32]>::to_vec).unwrap_or_default(),
        token_types: metadata.i32s(&key("token_type")).map(<[i32]>::to_vec).unwrap_or_default(),
        bos: metadata.u32(&key("bos_token_id")),
        eos: metadata.u32(&key("eos_token_id")),
        unk: metadata.u32(&key("unknown_token_id")),
        pad: metadata.u32(&key("padding_token_id")),
        cls: metadata.u32(&key("cls_token_id")),
        sep: metadata.u32(&key("seperator_token_id")),
        mask: metadata.u32(&key("mask_token_id")),
        add_bos: metadata.bool(&key("add_bos_token")),
        add_eos: metadata.bool(&key("add_eos_token")).unwrap_or(false),
        add_space_prefix: metadata.bool(&key("add_space_prefix")),
    })
}
