//! BERT encoders: learned positions and types, LayerNorm after each half, GELU (Devlin et al. 2019; transformers'
//! `modeling_bert.py`).

use burn::tensor::{Device, Tensor};
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::attention::{Attention, split};
use crate::batch::{Batch, Layout, positions_and_types};
use crate::config::Config;
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::pulse::Pulse;
use crate::transformer::{Architecture, Frame, Stack, Transformer};

struct Block {
    qkv: Linear,
    out: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    mlp_norm: LayerNorm,
}

/// An encoder of the BERT family, without a head.
pub struct Bert {
    architecture: Architecture,
    device: Device,
    activation: Activation,
    /// `[vocabulary, width]`.
    embedding: Tensor<2>,
    /// `[context, width]`.
    positions: Tensor<2>,
    /// `[type, width]`.
    types: Tensor<2>,
    embedding_norm: LayerNorm,
    blocks: Vec<Block>,
    head: Head,
}

impl Block {
    async fn open(
        name: &str,
        sizes: Architecture,
        inner: usize,
        epsilon: f64,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let width = sizes.width;
        let (mut qkv, mut bias) = (Fused::new(width), Vec::with_capacity(3 * width));
        for part in ["query", "key", "value"] {
            qkv.push(loader.values(&format!("{name}.attention.self.{part}.weight"), &[width, width]).await?);
            bias.extend(loader.values(&format!("{name}.attention.self.{part}.bias"), &[width]).await?);
        }
        Ok(Self {
            qkv: qkv.linear(Some(bias), loader),
            out: Linear::open(&format!("{name}.attention.output.dense"), width, width, loader).await?,
            attention_norm: LayerNorm::open(&format!("{name}.attention.output.LayerNorm"), width, epsilon, loader)
                .await?,
            up: Linear::open(&format!("{name}.intermediate.dense"), inner, width, loader).await?,
            down: Linear::open(&format!("{name}.output.dense"), width, inner, loader).await?,
            mlp_norm: LayerNorm::open(&format!("{name}.output.LayerNorm"), width, epsilon, loader).await?,
        })
    }
}

impl Bert {
    /// Opens a model of this family. Weight names may or may not begin with `bert.`.
    ///
    /// # Errors
    /// [`ModelError`] where the configuration or a weight is not as the family needs it.
    pub async fn open(
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        pulse: &dyn Pulse,
    ) -> Result<Self, ModelError> {
        let (heads, width) = (config.size("num_attention_heads")?, config.size("hidden_size")?);
        if !width.is_multiple_of(heads) {
            return Err(ModelError::Config(format!("{heads} heads do not divide a width of {width}")));
        }
        let architecture = Architecture {
            layers: config.size("num_hidden_layers")?,
            heads,
            key_value_heads: heads,
            head_width: width / heads,
            width,
            vocabulary: config.size("vocab_size")?,
            context: config.size("max_position_embeddings")?,
            causal: false,
        };
        let inner = config.size("intermediate_size")?;
        let epsilon = config.real("layer_norm_eps", 1e-12)?;
        let prefix = if source.info("bert.embeddings.word_embeddings.weight").is_some() { "bert." } else { "" };
        let mut loader = Loader::new(source, device, pulse);
        let name = |part: &str| format!("{prefix}{part}");
        let table = |part: &str| name(&format!("embeddings.{part}_embeddings.weight"));
        let embedding = loader.matrix(&table("word"), architecture.vocabulary, width).await?;
        let positions = loader.matrix(&table("position"), architecture.context, width).await?;
        let types = loader.matrix(&table("token_type"), config.size("type_vocab_size")?, width).await?;
        let embedding_norm = LayerNorm::open(&name("embeddings.LayerNorm"), width, epsilon, &mut loader).await?;
        let mut blocks = Vec::with_capacity(architecture.layers);
        for layer in 0..architecture.layers {
            let name = name(&format!("encoder.layer.{layer}"));
            blocks.push(Block::open(&name, architecture, inner, epsilon, &mut loader).await?);
        }
        let activation = Activation::of(config, "hidden_act", Activation::Gelu)?;
        let (device, head) = (device.clone(), Head::None);
        Ok(Self { architecture, device, activation, embedding, positions, types, embedding_norm, blocks, head })
    }
}

impl Stack for Bert {
    fn architecture(&self) -> Architecture {
        self.architecture
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        batch.embed(&self.embedding, &self.device)
    }

    fn frame(&self, layout: &Layout) -> Frame {
        Frame {
            added: Some(positions_and_types(self, &self.positions, 0, Some(&self.types), layout)),
            ..Frame::default()
        }
    }

    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3> {
        let sum = match &frame.added {
            Some(added) => embeddings + added.clone(),
            None => embeddings,
        };
        self.embedding_norm.forward(sum)
    }

    fn block(&self, layer: usize, residual: Tensor<3>, _: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        captures.residual(layer, Point::ResidPre, &residual);

        let qkv = split(block.qkv.forward(residual.clone()), heads, heads, head_width);
        qkv.keep(layer, captures);
        let z = Attention::own(layer, head_width, None).forward(qkv, captures);
        let sum = residual + block.out.forward(z);
        captures.residual(layer, Point::ResidMid, &sum);
        let residual = block.attention_norm.forward(sum);

        let inner = self.activation.forward(block.up.forward(residual.clone()));
        let sum = residual + block.down.forward(inner);
        captures.residual(layer, Point::ResidPost, &sum);
        let residual = block.mlp_norm.forward(sum);
        captures.residual(layer, Point::NormalizedResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        residual
    }
}

impl Transformer for Bert {
    fn family(&self) -> &'static str {
        "bert"
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
