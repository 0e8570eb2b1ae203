//! BERT encoders: learned positions and types, LayerNorm after each half, GELU (Devlin et al. 2019; transformers'
//! `modeling_bert.py`).

use burn::tensor::module::layer_norm;
use burn::tensor::{Device, Tensor};
use headlight_weights::TensorSource;

use crate::config::Config;
use crate::error::ModelError;
use crate::hook::{Captures, Point};
use crate::host::gelu;
use crate::layers::{Fused, Linear, Loader, attention};
use crate::pulse::Pulse;
use crate::transformer::{Architecture, Batch, Frame, Transformer};

struct Norm {
    weight: Tensor<1>,
    bias: Tensor<1>,
}

struct Block {
    qkv: Linear,
    out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    mlp_norm: Norm,
}

/// An encoder of the BERT family, without a head.
pub struct Bert {
    architecture: Architecture,
    device: Device,
    epsilon: f64,
    /// `[vocabulary, width]`.
    embedding: Tensor<2>,
    /// Position and type-0 embeddings together, `[context, width]`: a single text has only type 0.
    positions: Tensor<2>,
    embedding_norm: Norm,
    blocks: Vec<Block>,
}

impl Norm {
    async fn open(name: &str, width: usize, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        Ok(Self {
            weight: loader.vector(&format!("{name}.weight"), width).await?,
            bias: loader.vector(&format!("{name}.bias"), width).await?,
        })
    }

    fn forward(&self, input: Tensor<3>, epsilon: f64) -> Tensor<3> {
        layer_norm(input, self.weight.clone(), Some(self.bias.clone()), epsilon)
    }
}

impl Block {
    async fn open(name: &str, sizes: Architecture, inner: usize, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let width = sizes.width;
        let (mut qkv, mut bias) = (Fused::new(width), Vec::with_capacity(3 * width));
        for part in ["query", "key", "value"] {
            qkv.push(loader.values(&format!("{name}.attention.self.{part}.weight"), &[width, width]).await?);
            bias.extend(loader.values(&format!("{name}.attention.self.{part}.bias"), &[width]).await?);
        }
        let qkv = qkv.linear(Some(bias), loader);
        let out = linear(&format!("{name}.attention.output.dense"), width, width, loader).await?;
        let attention_norm = Norm::open(&format!("{name}.attention.output.LayerNorm"), width, loader).await?;
        let up = linear(&format!("{name}.intermediate.dense"), inner, width, loader).await?;
        let down = linear(&format!("{name}.output.dense"), width, inner, loader).await?;
        let mlp_norm = Norm::open(&format!("{name}.output.LayerNorm"), width, loader).await?;
        Ok(Self { qkv, out, attention_norm, up, down, mlp_norm })
    }
}

async fn linear(name: &str, out: usize, width: usize, loader: &mut Loader<'_>) -> Result<Linear, ModelError> {
    let mut weight = Fused::new(width);
    weight.push(loader.values(&format!("{name}.weight"), &[out, width]).await?);
    let bias = loader.values(&format!("{name}.bias"), &[out]).await?;
    Ok(weight.linear(Some(bias), loader))
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
        if let Some(activation) = config.text("hidden_act").filter(|activation| *activation != "gelu") {
            return Err(ModelError::Config(format!("hidden_act is {activation}; only gelu is known")));
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
        let (inner, types) = (config.size("intermediate_size")?, config.size("type_vocab_size")?);
        let prefix = if source.info("bert.embeddings.word_embeddings.weight").is_some() { "bert." } else { "" };
        let mut loader = Loader::new(source, device, pulse);
        let name = |part: &str| format!("{prefix}{part}");
        let embedding =
            loader.matrix(&name("embeddings.word_embeddings.weight"), architecture.vocabulary, width).await?;
        let mut positions =
            loader.values(&name("embeddings.position_embeddings.weight"), &[architecture.context, width]).await?;
        let kinds = loader.values(&name("embeddings.token_type_embeddings.weight"), &[types, width]).await?;
        for position in positions.chunks_exact_mut(width) {
            position.iter_mut().zip(&kinds).for_each(|(position, kind)| *position += kind);
        }
        let positions = loader.tensor(positions, [architecture.context, width]);
        let embedding_norm = Norm::open(&name("embeddings.LayerNorm"), width, &mut loader).await?;
        let mut blocks = Vec::with_capacity(architecture.layers);
        for layer in 0..architecture.layers {
            blocks.push(Block::open(&name(&format!("encoder.layer.{layer}")), architecture, inner, &mut loader).await?);
        }
        let epsilon = config.real("layer_norm_eps", 1e-12)?;
        Ok(Self { architecture, device: device.clone(), epsilon, embedding, positions, embedding_norm, blocks })
    }
}

impl Transformer for Bert {
    fn family(&self) -> &'static str {
        "bert"
    }

    fn architecture(&self) -> Architecture {
        self.architecture
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        batch.embed(&self.embedding, &self.device)
    }

    fn frame(&self, _: usize) -> Frame {
        Frame { mask: None, rotary: None }
    }

    fn enter(&self, embeddings: Tensor<3>) -> Tensor<3> {
        let [_, tokens, width] = embeddings.dims();
        let positions = self.positions.clone().narrow(0, 0, tokens).reshape([1, tokens, width]);
        self.embedding_norm.forward(embeddings + positions, self.epsilon)
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        let [batch, tokens, _] = residual.dims();
        captures.residual(layer, Point::ResidPre, &residual);

        let qkv = block.qkv.forward(residual.clone()).reshape([batch, tokens, 3 * heads, head_width]);
        let q = qkv.clone().narrow(2, 0, heads);
        let k = qkv.clone().narrow(2, heads, heads);
        let v = qkv.narrow(2, 2 * heads, heads);
        captures.by_head(layer, Point::Q, || q.clone());
        captures.by_head(layer, Point::K, || k.clone());
        captures.by_head(layer, Point::V, || v.clone());
        let sum = residual + block.out.forward(attention(layer, q, k, v, frame, captures));
        captures.residual(layer, Point::ResidMid, &sum);
        let residual = block.attention_norm.forward(sum, self.epsilon);

        let inner = gelu(block.up.forward(residual.clone()));
        let sum = residual + block.down.forward(inner);
        captures.residual(layer, Point::ResidPost, &sum);
        let residual = block.mlp_norm.forward(sum, self.epsilon);
        captures.residual(layer, Point::NormalizedResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        residual
    }

    fn unembed(&self, _: Tensor<2>) -> Option<Tensor<2>> {
        None
    }

    fn unembedding(&self) -> Option<Tensor<2>> {
        None
    }
}
