//! A model's configuration, from `config.json` or from the metadata of a GGUF file, under the names of `config.json`.

mod gguf;

use serde_json::{Map, Value};

use crate::error::ModelError;

/// How a checkpoint names and lays out its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As the transformers library does.
    HuggingFace,
    /// As llama.cpp does: short names, and for Llama each head's rows of q and k interleaved for its rotary kernel.
    Gguf,
}

/// A model's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    values: Map<String, Value>,
    format: Format,
}

impl Config {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// [`ModelError::Config`] where it is not a JSON object.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        let values = serde_json::from_slice(bytes)
            .map_err(|error| ModelError::Config(format!("config.json is not a JSON object ({error})")))?;
        Ok(Self { values, format: Format::HuggingFace })
    }

    /// Takes the settings that a Marian model carries as YAML, `special:model.yml`.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a needed one is missing, [`ModelError::UnknownArchitecture`] for another architecture
    /// than the one that [`crate::ssru`] runs.
    pub fn from_marian(yaml: &str) -> Result<Self, ModelError> {
        match crate::marian_config::values(yaml)? {
            Value::Object(values) => Ok(Self { values, format: Format::HuggingFace }),
            _ => Err(ModelError::Config("the model has no settings".to_owned())),
        }
    }

    /// How the weights are named and laid out.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
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

    /// A size that may be missing.
    ///
    /// # Errors
    /// [`ModelError::Config`] where it is there and out of range.
    pub fn size_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        if self.has(key) { self.size(key) } else { Ok(default) }
    }

    /// Whether there is a value under `key` that is not null.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|value| !value.is_null())
    }

    /// A switch.
    #[must_use]
    pub fn flag(&self, key: &str, default: bool) -> bool {
        self.values.get(key).and_then(Value::as_bool).unwrap_or(default)
    }

    /// A count that may be zero, such as the number of a token.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u32> {
        self.values.get(key).and_then(Value::as_u64).and_then(|value| u32::try_from(value).ok())
    }

    /// A configuration within this one.
    #[must_use]
    pub fn part(&self, key: &str) -> Option<Self> {
        let values = self.values.get(key)?.as_object()?.clone();
        Some(Self { values, format: self.format })
    }

    /// Anything under `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// The class that the checkpoint was saved from: the first of `architectures`, as `BertForTokenClassification`.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.values.get("architectures")?.as_array()?.first()?.as_str()
    }

    /// The names of `count` labels: `id2label`, or `LABEL_0` and so on.
    #[must_use]
    pub fn labels(&self, count: usize) -> Vec<String> {
        let names = self.values.get("id2label").and_then(Value::as_object);
        (0..count)
            .map(|index| {
                let name = names.and_then(|names| names.get(&index.to_string())).and_then(Value::as_str);
                name.map_or_else(|| format!("LABEL_{index}"), |name| name.chars().take(200).collect())
            })
            .collect()
    }

    /// How many labels the configuration speaks of: `id2label`'s entries, or `num_labels`, or transformers' default of 2.
    #[must_use]
    pub fn label_count(&self) -> usize {
        let named = self.values.get("id2label").and_then(Value::as_object).map(Map::len);
        let count = named.or_else(|| self.size("num_labels").ok()).unwrap_or(2);
        count.clamp(1, 65_536)
    }
}
