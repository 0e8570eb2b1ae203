//! A model's configuration, from `config.json` or from the metadata of a GGUF file, under the names of `config.json`.

use headlight_weights::GgufMetadata;
use serde_json::{Map, Value, json};

use crate::error::ModelError;

/// How a checkpoint names and lays out its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As the transformers library does.
    HuggingFace,
    /// As llama.cpp does: short names, and each head's rows of q and k interleaved for its rotary kernel.
    Gguf,
}

/// A model's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    values: Map<String, Value>,
    layout: Layout,
}

impl Config {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`ModelError::Config`] where it is not a JSON object.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        let values = serde_json::from_slice(bytes)
            .map_err(|error| ModelError::Config(format!("config.json is not a JSON object ({error})")))?;
        Ok(Self { values, layout: Layout::HuggingFace })
    }

    /// Takes what a GGUF file says of its model. The vocabulary's size comes with the tokens.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a needed key is missing, [`ModelError::UnknownArchitecture`] for another family.
    pub fn from_gguf(metadata: &GgufMetadata) -> Result<Self, ModelError> {
        let missing = |key: &str| ModelError::Config(format!("the GGUF file lacks {key}"));
        let family = metadata.string("general.architecture").ok_or_else(|| missing("general.architecture"))?;
        if family != "llama" {
            return Err(ModelError::UnknownArchitecture {
                given: family.to_owned(),
                known: crate::registry::known().to_owned(),
            });
        }
        let number = |key: &str| metadata.u32(&format!("{family}.{key}")).ok_or_else(|| missing(key));
        let real = |key: &str| metadata.f32(&format!("{family}.{key}")).ok_or_else(|| missing(key));
        let tokens = metadata.strings("tokenizer.ggml.tokens").ok_or_else(|| missing("tokenizer.ggml.tokens"))?;
        let heads = number("attention.head_count")?;
        let values = json!({
            "model_type": family,
            "num_hidden_layers": number("block_count")?,
            "hidden_size": number("embedding_length")?,
            "intermediate_size": number("feed_forward_length")?,
            "num_attention_heads": heads,
            "num_key_value_heads": number("attention.head_count_kv").unwrap_or(heads),
            "rms_norm_eps": real("attention.layer_norm_rms_epsilon")?,
            "rope_theta": real("rope.freq_base").unwrap_or(10_000.0),
            "max_position_embeddings": number("context_length")?,
            "vocab_size": tokens.len(),
        });
        match values {
            Value::Object(values) => Ok(Self { values, layout: Layout::Gguf }),
            _ => Err(ModelError::Config("the GGUF file has no metadata".to_owned())),
        }
    }

    /// How the weights are named and laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// A piece of text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(Value::as_str)
    }

    /// A size: at least 1, and no larger than any real model's, so that products of sizes cannot overflow.
    ///
    /// # Errors
    /// [`ModelError::Config`] where it is missing or out of that range.
    pub fn size(&self, key: &str) -> Result<usize, ModelError> {
        let value = self.values.get(key).and_then(Value::as_u64);
        match value.and_then(|value| usize::try_from(value).ok()) {
            Some(value) if (1..=4_194_304).contains(&value) => Ok(value),
            Some(value) => Err(ModelError::Config(format!("{key} is {value}"))),
            None => Err(ModelError::Config(format!("{key} is missing"))),
        }
    }

    /// A real number, or `default` where it is missing.
    ///
    /// # Errors
    /// [`ModelError::Config`] where it is negative, zero or not finite.
    pub fn real(&self, key: &str, default: f64) -> Result<f64, ModelError> {
        let value = self.values.get(key).and_then(Value::as_f64).unwrap_or(default);
        if value.is_finite() && value > 0.0 { Ok(value) } else { Err(ModelError::Config(format!("{key} is {value}"))) }
    }
}
