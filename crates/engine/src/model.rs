//! A model, opened from its files: tokenizer, configuration and weights on a device.

use std::io::{Read, Seek};

use burn::tensor::Device;
use headlight_document::{ModelEntry, TargetSpec, Task};
use headlight_models::{Config, Transformer};
use headlight_text::{GgufVocabulary, Tokenizer};
use headlight_weights::{GgufFile, GgufMetadata, SafetensorsFile};

use crate::error::EngineError;
use crate::progress::{Progress, Relay};

/// The files of a model. Weights are read from `weights` one tensor at a time.
#[derive(Debug)]
pub struct Files<R> {
    /// safetensors or GGUF.
    pub weights: R,
    /// `config.json`; a GGUF file carries its own.
    pub config: Option<Vec<u8>>,
    /// `tokenizer.json`; a GGUF file carries its own.
    pub tokenizer: Option<Vec<u8>>,
}

/// A model that can be asked.
pub struct Model {
    /// What it is called and where it is from.
    pub entry: ModelEntry,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) transformer: Box<dyn Transformer>,
}

impl Model {
    /// Opens a model on `device`.
    ///
    /// # Errors
    /// [`EngineError`] says which file is missing or damaged, or why its architecture cannot be run.
    pub async fn open<R: Read + Seek>(
        entry: ModelEntry,
        mut files: Files<R>,
        device: &Device,
        progress: &dyn Progress,
    ) -> Result<Self, EngineError> {
        let relay = Relay(progress);
        let mut magic = [0; 4];
        let is_gguf = files.weights.read_exact(&mut magic).is_ok() && &magic == b"GGUF";
        files
            .weights
            .rewind()
            .map_err(|error| EngineError::Inconsistent(format!("its weights cannot be read ({error})")))?;
        let (tokenizer, transformer) = if is_gguf {
            let mut source = GgufFile::open(files.weights)?;
            let tokenizer = Tokenizer::from_gguf(vocabulary(source.metadata())?)?;
            let config = Config::from_gguf(source.metadata())?;
            (tokenizer, headlight_models::open(&config, &mut source, device, &relay).await?)
        } else {
            let tokenizer = files.tokenizer.ok_or(EngineError::MissingFile("tokenizer.json"))?;
            let config = files.config.ok_or(EngineError::MissingFile("config.json"))?;
            let mut source = SafetensorsFile::open(files.weights)?;
            let (tokenizer, config) = (Tokenizer::from_json(&tokenizer)?, Config::from_json(&config)?);
            (tokenizer, headlight_models::open(&config, &mut source, device, &relay).await?)
        };
        let (known, has) = (tokenizer.vocabulary_size(), transformer.architecture().vocabulary);
        if known > has {
            return Err(EngineError::Inconsistent(format!("its tokenizer knows {known} tokens and its weights {has}")));
        }
        Ok(Self { entry, tokenizer, transformer })
    }

    /// The tasks that the model itself can do, whatever its entry says.
    #[must_use]
    pub fn tasks(&self) -> &'static [Task] {
        crate::tasks::of(self)
    }

    /// The task that is meant where none is named: the first of the model's own that has `target` and takes as many
    /// texts as there are; else the first of its own, whose error then says what is missing.
    #[must_use]
    pub fn task(&self, target: Option<&TargetSpec>, second_text: bool) -> Task {
        let own = self.tasks();
        let fits =
            |task: &&Task| target.is_none_or(|target| task.has(target)) && task.second_text().is_some() == second_text;
        let has = |task: &&Task| target.is_none_or(|target| task.has(target));
        own.iter().find(fits).or_else(|| own.iter().find(has)).or(own.first()).copied().unwrap_or(Task::Continue)
    }
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
