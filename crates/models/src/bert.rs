//! BERT (Devlin et al. 2019; transformers' `modeling_bert.py`): learned positions and types, LayerNorm after each half.
//! A text's labels are read from its first token through the pooler.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::encoder_heads::{HeadNames, Task};
use crate::error::ModelError;
use crate::loader::Loader;
use crate::postnorm::{Plan, PostNormEncoder, base};
use crate::pulse::Pulse;

/// Opens a model of this family. Weight names may or may not begin with `bert.`.
///
/// # Errors
/// [`ModelError`] where the configuration or a weight is not as the family needs it.
pub async fn open(
    config: &Config,
    source: &mut dyn TensorSource,
    device: &Device,
    pulse: &dyn Pulse,
) -> Result<PostNormEncoder, ModelError> {
    let mut loader = Loader::new(source, device, pulse);
    let base = base("bert.", &loader);
    let plan = Plan::of("bert", config, base)?;
    let heads = HeadNames {
        classes: &["Bert"],
        // Saved with both heads of its training; the other one tells whether two sentences follow each other.
        besides: &[("BertForPreTraining", Task::Words)],
        text_dense: format!("{base}pooler.dense"),
        text_activation: Activation::Tanh,
        text_out: "classifier",
        word_dense: "cls.predictions.transform.dense",
        word_activation: plan.activation,
        word_norm: "cls.predictions.transform.LayerNorm",
        word_out: "cls.predictions.decoder",
        word_bias: Some("cls.predictions.bias"),
    };
    heads.encoder(config, &plan, &mut loader).await
}
