//! ELECTRA (Clark et al. 2020; transformers' `modeling_electra.py`): BERT whose word embeddings may be narrower than
//! its blocks. The discriminator is what classifiers are made of; the generator is a small masked language model, which
//! goes back to the embeddings' width before it is multiplied with them.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::encoder_heads::HeadNames;
use crate::error::ModelError;
use crate::loader::Loader;
use crate::postnorm::{Plan, PostNormEncoder, base};
use crate::pulse::Pulse;

/// Opens a model of this family. Weight names may or may not begin with `electra.`.
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
    let base = base("electra.", &loader);
    let plan = Plan::of("electra", config, base)?;
    let plan = Plan { embedding_width: config.size_or("embedding_size", plan.width)?, ..plan };
    let heads = HeadNames {
        classes: &["Electra"],
        besides: &[],
        text_dense: "classifier.dense".to_owned(),
        text_activation: Activation::Gelu,
        text_out: "classifier.out_proj",
        word_dense: "generator_predictions.dense",
        word_activation: Activation::Gelu,
        word_norm: "generator_predictions.LayerNorm",
        word_out: "generator_lm_head",
        word_bias: None,
    };
    heads.encoder(config, &plan, &mut loader).await
}
