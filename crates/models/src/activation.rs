//! The activation functions that configurations name.

use burn::tensor::{Tensor, activation};
use headlight_host as host;

use crate::config::Config;
use crate::error::ModelError;

/// An activation function, by the names of transformers' `ACT2FN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x·Φ(x), with the error function: `gelu`.
    Gelu,
    /// GELU's approximation by tanh: `gelu_new`, `gelu_pytorch_tanh`, `gelu_fast`.
    GeluTanh,
    /// x·σ(1.702·x): `quick_gelu`.
    QuickGelu,
    /// max(x, 0): `relu`.
    Relu,
    /// x·σ(x): `silu`, `swish`.
    Silu,
    /// `tanh`.
    Tanh,
}

impl Activation {
    /// The activation that `name` means.
    ///
    /// # Errors
    /// [`ModelError::Config`] names one that is not known.
    pub fn named(name: &str) -> Result<Self, ModelError> {
        Ok(match name {
            "gelu" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "quick_gelu" => Self::QuickGelu,
            "relu" => Self::Relu,
            "silu" | "swish" => Self::Silu,
            "tanh" => Self::Tanh,
            other => {
                let other: String = other.chars().take(60).collect();
                return Err(ModelError::Config(format!("the activation \"{other}\" is not known")));
            }
        })
    }

    /// The one under `key`, or `default` where the key is missing.
    ///
    /// # Errors
    /// As [`Activation::named`].
    pub fn of(config: &Config, key: &str, default: Self) -> Result<Self, ModelError> {
        config.text(key).map_or(Ok(default), Self::named)
    }

    /// Applies it to each element.
    pub fn forward<const D: usize>(self, input: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => host::gelu(input),
            Self::GeluTanh => {
                let inner =
                    (input.clone() + input.clone().powi_scalar(3) * 0.044_715) * (2.0 / std::f64::consts::PI).sqrt();
                input * 0.5 * (inner.tanh() + 1.0)
            }
            Self::QuickGelu => input.clone() * activation::sigmoid(input * 1.702),
            Self::Relu => activation::relu(input),
            Self::Silu => activation::silu(input),
            Self::Tanh => input.tanh(),
        }
    }
}
