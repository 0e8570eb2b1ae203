//! DistilBERT (Sanh et al. 2019; transformers' `modeling_distilbert.py`): BERT with half the blocks, without types and
//! without a pooler, under names of its own in configuration and weights.

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::encoder_heads::HeadNames;
use crate::error::ModelError;
use crate::loader::Loader;
use crate::postnorm::{BlockNames, Plan, PostNormEncoder, base};
use crate::pulse::Pulse;

const BLOCK: BlockNames = BlockNames {
    qkv: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    mlp_norm: "output_layer_norm",
};

/// Opens a model of this family. Weight names may or may not begin with `distilbert.`.
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
    let base = base("distilbert.", &loader);
    let width = config.size("dim")?;
    let plan = Plan {
        family: "distilbert",
        layers: config.size("n_layers")?,
        heads: config.size("n_heads")?,
        width,
        embedding_width: width,
        inner: config.size("hidden_dim")?,
        vocabulary: config.size("vocab_size")?,
        positions: config.size("max_position_embeddings")?,
        first_position: 0,
        types: None,
        // Not the configuration's to say.
        epsilon: 1e-12,
        activation: Activation::of(config, "activation", Activation::Gelu)?,
        base,
        blocks: "transformer.layer",
        names: &BLOCK,
    };
    let heads = HeadNames {
        classes: &["DistilBert"],
        besides: &[],
        text_dense: "pre_classifier".to_owned(),
        text_activation: Activation::Relu,
        text_out: "classifier",
        word_dense: "vocab_transform",
        word_activation: plan.activation,
        word_norm: "vocab_layer_norm",
        word_out: "vocab_projector",
        word_bias: None,
    };
    heads.encoder(config, &plan, &mut loader).await
}
