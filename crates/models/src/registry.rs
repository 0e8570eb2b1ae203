//! From a configuration to a model. To add a family, add its file and a line here.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::config::Config;
use crate::error::ModelError;
use crate::llama::Llama;
use crate::pulse::Pulse;
use crate::transformer::Transformer;
use crate::{bert, distilbert, electra, roberta};

/// The `model_type`s that are known, as a list in words.
pub(crate) fn known() -> &'static str {
    "llama, bert, distilbert, roberta, xlm-roberta, camembert, electra"
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
        "bert" => Ok(Box::new(bert::open(config, source, device, pulse).await?)),
        "distilbert" => Ok(Box::new(distilbert::open(config, source, device, pulse).await?)),
        "roberta" | "xlm-roberta" | "camembert" => Ok(Box::new(roberta::open(config, source, device, pulse).await?)),
        "electra" => Ok(Box::new(electra::open(config, source, device, pulse).await?)),
        given => {
            Err(ModelError::UnknownArchitecture { given: given.chars().take(60).collect(), known: known().to_owned() })
        }
    }
}
