//! From a configuration to a model. To add a family, add its file and a line to each of the two lists here.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::config::Config;
use crate::error::ModelError;
use crate::gpt_neox::GptNeox;
use crate::gpt2::Gpt2;
use crate::llama::{Llama, Relative};
use crate::pulse::Pulse;
use crate::transformer::Transformer;
use crate::{bert, distilbert, electra, marian, roberta, ssru, t5};

/// The families, and whose file runs each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Llama(Relative),
    Gpt2,
    GptNeox,
    Bert,
    DistilBert,
    Roberta,
    Electra,
    Marian,
    MarianSsru,
    T5,
}

/// The `model_type`s that are known.
const FAMILIES: &[(&str, Family)] = &[
    ("llama", Family::Llama(Relative::Llama)),
    ("mistral", Family::Llama(Relative::Mistral)),
    ("qwen2", Family::Llama(Relative::Qwen2)),
    ("qwen3", Family::Llama(Relative::Qwen3)),
    ("gpt2", Family::Gpt2),
    ("gpt_neox", Family::GptNeox),
    ("bert", Family::Bert),
    ("distilbert", Family::DistilBert),
    ("roberta", Family::Roberta),
    ("xlm-roberta", Family::Roberta),
    ("camembert", Family::Roberta),
    ("electra", Family::Electra),
    ("marian", Family::Marian),
    ("marian-ssru", Family::MarianSsru),
    ("t5", Family::T5),
];

/// The `model_type`s that are known, as a list in words.
#[must_use]
pub fn known() -> String {
    FAMILIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
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
    let given = config.text("model_type").or(config.class()).unwrap_or("none");
    let Some((_, family)) = FAMILIES.iter().find(|(name, _)| *name == given) else {
        return Err(ModelError::UnknownArchitecture { given: given.chars().take(60).collect(), known: known() });
    };
    Ok(match *family {
        Family::Llama(relative) => Box::new(Llama::open(relative, config, source, device, pulse).await?),
        Family::Gpt2 => Box::new(Gpt2::open(config, source, device, pulse).await?),
        Family::GptNeox => Box::new(GptNeox::open(config, source, device, pulse).await?),
        Family::Bert => Box::new(bert::open(config, source, device, pulse).await?),
        Family::DistilBert => Box::new(distilbert::open(config, source, device, pulse).await?),
        Family::Roberta => Box::new(roberta::open(config, source, device, pulse).await?),
        Family::Electra => Box::new(electra::open(config, source, device, pulse).await?),
        Family::Marian => Box::new(marian::open(config, source, device, pulse).await?),
        Family::MarianSsru => Box::new(ssru::open(config, source, device, pulse).await?),
        Family::T5 => Box::new(t5::open(config, source, device, pulse).await?),
    })
}
