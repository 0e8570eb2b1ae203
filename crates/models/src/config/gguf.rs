//! A configuration out of the metadata of a GGUF file, under the names of `config.json`.

use headlight_weights::GgufMetadata;
use serde_json::{Map, Value, json};

use super::{Config, Format};
use crate::error::ModelError;

/// llama.cpp's names of the architectures that are known.
const KNOWN: [&str; 4] = ["llama", "qwen2", "qwen3", "gpt2"];

impl Config {
    /// Takes what a GGUF file says of its model. The vocabulary's size comes with the tokens.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a needed key is missing, [`ModelError::UnknownArchitecture`] for another family.
    pub fn from_gguf(metadata: &GgufMetadata) -> Result<Self, ModelError> {
        let family = metadata.string("general.architecture").ok_or_else(|| missing("general.architecture"))?;
        if !KNOWN.contains(&family) {
            let given = family.chars().take(60).collect();
            return Err(ModelError::UnknownArchitecture {
                given,
                known: format!("{} in GGUF files", KNOWN.join(", ")),
            });
        }
        let tokens = metadata.strings("tokenizer.ggml.tokens").ok_or_else(|| missing("tokenizer.ggml.tokens"))?;
        let file = File { metadata, family };
        let mut values = if family == "gpt2" { file.gpt2()? } else { file.llama()? };
        values.insert("model_type".to_owned(), json!(family));
        values.insert("vocab_size".to_owned(), json!(tokens.len()));
        Ok(Self { values, format: Format::Gguf })
    }
}

fn missing(key: &str) -> ModelError {
    ModelError::Config(format!("the GGUF file lacks {key}"))
}

/// Metadata, with the keys of one family at hand.
struct File<'a> {
    metadata: &'a GgufMetadata,
    family: &'a str,
}

impl File<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.family)
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.metadata.u32(&self.key(key))
    }

    fn real(&self, key: &str) -> Option<f32> {
        self.metadata.f32(&self.key(key))
    }

    fn needed(&self, key: &str) -> Result<u32, ModelError> {
        self.number(key).ok_or_else(|| missing(&self.key(key)))
    }

    fn gpt2(&self) -> Result<Map<String, Value>, ModelError> {
        let key = "attention.layer_norm_epsilon";
        Ok(object([
            ("n_layer", json!(self.needed("block_count")?)),
            ("n_embd", json!(self.needed("embedding_length")?)),
            ("n_inner", json!(self.needed("feed_forward_length")?)),
            ("n_head", json!(self.needed("attention.head_count")?)),
            ("n_positions", json!(self.needed("context_length")?)),
            ("layer_norm_epsilon", json!(self.real(key).ok_or_else(|| missing(&self.key(key)))?)),
        ]))
    }

    /// Llama, and with the same keys Qwen.
    fn llama(&self) -> Result<Map<String, Value>, ModelError> {
        if self.number("expert_count").is_some_and(|experts| experts > 0) {
            return Err(ModelError::Config("a mixture of experts is not known".to_owned()));
        }
        let (heads, width) = (self.needed("attention.head_count")?, self.needed("embedding_length")?);
        let head_width = self.number("attention.key_length").unwrap_or(width.checked_div(heads).unwrap_or(0));
        let turned = self.number("rope.dimension_count").unwrap_or(head_width);
        if self.number("attention.value_length").is_some_and(|values| values != head_width) || turned != head_width {
            return Err(ModelError::Config("keys of another width than values or rotation are not known".to_owned()));
        }
        let key = "attention.layer_norm_rms_epsilon";
        let mut values = object([
            ("num_hidden_layers", json!(self.needed("block_count")?)),
            ("hidden_size", json!(width)),
            ("intermediate_size", json!(self.needed("feed_forward_length")?)),
            ("num_attention_heads", json!(heads)),
            ("num_key_value_heads", json!(self.number("attention.head_count_kv").unwrap_or(heads))),
            ("head_dim", json!(head_width)),
            ("rms_norm_eps", json!(self.real(key).ok_or_else(|| missing(&self.key(key)))?)),
            ("rope_theta", json!(self.real("rope.freq_base").unwrap_or(10_000.0))),
            ("max_position_embeddings", json!(self.needed("context_length")?)),
        ]);
        if let Some(window) = self.number("attention.sliding_window").filter(|window| *window > 0) {
            values.insert("sliding_window".to_owned(), json!(window));
        }
        if let Some(scaling) = self.scaling()? {
            values.insert("rope_scaling".to_owned(), scaling);
        }
        Ok(values)
    }

    /// How rotary frequencies are scaled, read as llama.cpp reads it: linear where the kind is not named. Llama 3's way
    /// comes as a tensor instead.
    fn scaling(&self) -> Result<Option<Value>, ModelError> {
        let factor = self.real("rope.scaling.factor").or(self.real("rope.scale_linear"));
        match (self.metadata.string(&self.key("rope.scaling.type")), factor.filter(|factor| *factor != 0.0)) {
            (Some("none"), _) | (None | Some("linear"), None) => Ok(None),
            (None | Some("linear"), Some(factor)) => Ok(Some(json!({"rope_type": "linear", "factor": factor}))),
            (Some(kind), _) => {
                let kind: String = kind.chars().take(60).collect();
                Err(ModelError::Config(format!("the rotary scaling \"{kind}\" is not known in GGUF files")))
            }
        }
    }
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
