//! What the configurations of Llama and its relatives say, and in what the relatives differ.

use serde_json::Value;

use crate::activation::Activation;
use crate::config::{Config, Format};
use crate::error::ModelError;
use crate::rotary::{self, MAX_CONTEXT, OldKeys};
use crate::transformer::Architecture;

const ROTARY: OldKeys = OldKeys { theta: "rope_theta", share: "partial_rotary_factor", default_share: 1.0 };

/// Which relative it is: transformers' `model_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relative {
    /// Llama 1 to 3, SmolLM2, TinyLlama (Touvron et al. 2023).
    Llama,
    /// Mistral: a window on every layer, where there is one (Jiang et al. 2023).
    Mistral,
    /// Qwen 2 and 2.5: biases of q, k and v; a window on the upper layers, where there is one.
    Qwen2,
    /// Qwen 3: norms of each head's query and key; heads whose width is not the model's share.
    Qwen3,
}

impl Relative {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }
}

/// Whether a product has a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bias {
    /// It has.
    Yes,
    /// It has none.
    No,
    /// Where the file has one: GGUF files say it nowhere else.
    AsInFile,
}

/// What one configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    pub relative: Relative,
    pub architecture: Architecture,
    /// Width between gate, up and down.
    pub inner: usize,
    pub epsilon: f64,
    pub activation: Activation,
    pub qkv_bias: Bias,
    pub out_bias: Bias,
    pub mlp_bias: Bias,
    /// Whether the rows of q and k lie as interleaved pairs (llama.cpp's order for Llama, not for its relatives).
    pub interleaved: bool,
    pub rotary: rotary::Settings,
    /// How many tokens a windowed layer sees, and which layers are windowed.
    pub window: Option<(usize, Windowed)>,
}

/// Which layers see only a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Windowed {
    /// Those from this one up.
    From(usize),
    /// Those that are marked.
    Marked(Vec<bool>),
}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a value is missing, makes no sense, or asks for what is not known.
    pub fn read(relative: Relative, config: &Config) -> Result<Self, ModelError> {
        let heads = config.size("num_attention_heads")?;
        let key_value_heads = config.size_or("num_key_value_heads", heads)?;
        let width = config.size("hidden_size")?;
        let head_width = match relative {
            Relative::Qwen3 => config.size_or("head_dim", 128)?,
            _ => config.size_or("head_dim", width / heads)?,
        };
        let fits = u32::try_from(heads.saturating_mul(head_width)).is_ok();
        if !heads.is_multiple_of(key_value_heads) || !fits {
            return Err(ModelError::Config(format!(
                "{heads} heads of width {head_width} with {key_value_heads} key-value heads make no attention"
            )));
        }
        let rotary = rotary::Settings::read(config, &ROTARY)?;
        if rotary.rotated(head_width)? != head_width {
            return Err(ModelError::Config("rotary positions on a part of each head are not known here".to_owned()));
        }
        let layers = config.size("num_hidden_layers")?;
        let context = config.size("max_position_embeddings")?.min(MAX_CONTEXT);
        let window = window(relative, config, layers)?;
        let gguf = config.format() == Format::Gguf;
        let bias = |wanted: bool| match (gguf, wanted) {
            (true, _) => Bias::AsInFile,
            (false, true) => Bias::Yes,
            (false, false) => Bias::No,
        };
        let attention_bias =
            matches!(relative, Relative::Llama | Relative::Qwen3) && config.flag("attention_bias", false);
        Ok(Self {
            relative,
            architecture: Architecture {
                layers,
                heads,
                key_value_heads,
                head_width,
                width,
                vocabulary: config.size("vocab_size")?,
                context,
                causal: true,
            },
            inner: config.size("intermediate_size")?,
            epsilon: config.real("rms_norm_eps", 1e-6)?,
            activation: Activation::of(config, "hidden_act", Activation::Silu)?,
            qkv_bias: bias(relative == Relative::Qwen2 || attention_bias),
            out_bias: bias(attention_bias),
            mlp_bias: bias(relative == Relative::Llama && config.flag("mlp_bias", false)),
            interleaved: gguf && relative == Relative::Llama,
            rotary,
            // A window that no text outgrows is none.
            window: window.filter(|(tokens, _)| *tokens < context),
        })
    }

    /// Whether this layer sees only a window.
    pub fn is_windowed(&self, layer: usize) -> bool {
        match &self.window {
            None => false,
            Some((_, Windowed::From(first))) => layer >= *first,
            Some((_, Windowed::Marked(layers))) => layers.get(layer).copied().unwrap_or(false),
        }
    }
}

/// The window, with transformers' defaults for keys that are missing; null is none.
fn window(relative: Relative, config: &Config, layers: usize) -> Result<Option<(usize, Windowed)>, ModelError> {
    let size = || match config.value("sliding_window") {
        Some(Value::Null) => Ok(None),
        None if config.format() == Format::Gguf => Ok(None),
        _ => config.size_or("sliding_window", 4096).map(Some),
    };
    let size = match relative {
        // What GGUF files call Llama may be a Mistral.
        Relative::Llama if config.format() == Format::HuggingFace => None,
        Relative::Llama | Relative::Mistral => size()?,
        Relative::Qwen2 | Relative::Qwen3 if config.flag("use_sliding_window", false) => size()?,
        Relative::Qwen2 | Relative::Qwen3 => None,
    };
    let Some(size) = size else { return Ok(None) };
    let windowed = match (config.value("layer_types").and_then(Value::as_array), relative) {
        (Some(kinds), _) => {
            let known = |kind: &Value| match kind.as_str() {
                Some("sliding_attention") => Ok(true),
                Some("full_attention") => Ok(false),
                _ => Err(ModelError::Config("layer_types names a kind of attention that is not known".to_owned())),
            };
            if kinds.len() != layers {
                return Err(ModelError::Config(format!("layer_types has {} entries for {layers} layers", kinds.len())));
            }
            Windowed::Marked(kinds.iter().map(known).collect::<Result<_, _>>()?)
        }
        (None, Relative::Llama | Relative::Mistral) => Windowed::From(0),
        (None, Relative::Qwen2 | Relative::Qwen3) => {
            Windowed::From(config.number("max_window_layers").map_or(28, |first| first as usize))
        }
    };
    Ok(Some((size, windowed)))
}
