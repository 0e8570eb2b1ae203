//! From a configuration to a model. To add a family, add its file and a line here.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::bert::Bert;
use crate::config::Config;
use crate::error::ModelError;
use crate::llama::Llama;
use crate::pulse::Pulse;
use crate::transformer::Transformer;
use crate::{marian, ssru, t5};

/// The `model_type`s that are known, as a list in words.
pub(crate) fn known() -> &'static str {
    "llama, bert, marian, marian-ssru, t5"
}

/// Opens the model that `config` describes with the weights of `source`, on `device`.
///
/// # Errors
/// [`ModelError::UnknownArchitecture`] names a family that is not known and lists those that are; the others say what is
/// wrong with the configuration or the weights.
pub async fn open(
    config: &Config,
    source: &mut dyn TensorSource,
    device: &Device,
    pulse: &dyn Pulse,
) -> Result<Box<dyn Transformer>, ModelError> {
    match config.text("model_type").unwrap_or_default() {
        "llama" => Ok(Box::new(Llama::open(config, source, device, pulse).await?)),
        "bert" => Ok(Box::new(Bert::open(config, source, device, pulse).await?)),
        "marian" => Ok(Box::new(marian::open(config, source, device, pulse).await?)),
        "marian-ssru" => Ok(Box::new(ssru::open(config, source, device, pulse).await?)),
        "t5" => Ok(Box::new(t5::open(config, source, device, pulse).await?)),
        given => {
            Err(ModelError::UnknownArchitecture { given: given.chars().take(60).collect(), known: known().to_owned() })
        }
    }
}
