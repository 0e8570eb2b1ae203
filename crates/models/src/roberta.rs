//! RoBERTa (Liu et al. 2019; transformers' `modeling_roberta.py`), and XLM-R and CamemBERT, which are the same with
//! other tokenizers: BERT whose positions start behind the padding token's number.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::encoder_heads::HeadNames;
use crate::error::ModelError;
use crate::loader::Loader;
use crate::postnorm::{Plan, PostNormEncoder, base};
use crate::pulse::Pulse;

/// Opens a model of this family. Weight names may or may not begin with `roberta.`.
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
    let base = base("roberta.", &loader);
    let padding = config.number("pad_token_id").unwrap_or(1) as usize;
    let plan = Plan { first_position: padding.saturating_add(1), ..Plan::of("roberta", config, base)? };
    let heads = HeadNames {
        classes: &["Roberta", "XLMRoberta", "Camembert"],
        besides: &[],
        text_dense: "classifier.dense".to_owned(),
        text_activation: Activation::Tanh,
        text_out: "classifier.out_proj",
        word_dense: "lm_head.dense",
        word_activation: Activation::Gelu,
        word_norm: "lm_head.layer_norm",
        word_out: "lm_head.decoder",
        word_bias: Some("lm_head.bias"),
    };
    heads.encoder(config, &plan, &mut loader).await
}
