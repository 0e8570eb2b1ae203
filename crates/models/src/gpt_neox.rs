//! GPT-NeoX and Pythia: rotary positions on a part of each head, attention and MLP beside each other, LayerNorm with
//! bias, a head of its own (Black et al. 2022; transformers' `modeling_gpt_neox.py`).

use burn::tensor::{Device, Tensor};
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::attention::{Attention, Heads, causal_mask, split};
use crate::batch::{Batch, Layout};
use crate::causal;
use crate::config::Config;
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::pulse::Pulse;
use crate::rotary::{MAX_CONTEXT, OldKeys, Rotary, Settings, rotate};
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Stack, Transformer};
use crate::writer::{Norm, Writer};

const ROTARY: OldKeys = OldKeys { theta: "rotary_emb_base", share: "rotary_pct", default_share: 0.25 };

struct Block {
    attention_norm: LayerNorm,
    qkv: Linear,
    out: Linear,
    mlp_norm: LayerNorm,
    up: Linear,
    down: Linear,
}

/// A decoder of the GPT-NeoX family.
pub struct GptNeox {
    architecture: Architecture,
    device: Device,
    activation: Activation,
    /// Whether attention and MLP both read what enters the block.
    parallel: bool,
    rotary: Rotary,
    /// `[vocabulary, width]`.
    embedding: Table,
    blocks: Vec<Block>,
    final_norm: LayerNorm,
    head: Head,
}

/// Puts the rows of all heads' q first, then k, then v. In the file each head's q, k and v lie together:
/// `[head, 3, head width]` rows of `width` values.
fn by_part(values: &[f32], heads: usize, head_width: usize, width: usize) -> Vec<f32> {
    let size = head_width * width;
    let parts = (0..3).flat_map(|part| (0..heads).map(move |head| head * 3 + part));
    parts.flat_map(|at| values.iter().skip(at * size).take(size).copied()).collect()
}

impl Block {
    async fn open(
        name: &str,
        sizes: Architecture,
        inner: usize,
        epsilon: f64,
        biased: bool,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let Architecture { heads, head_width, width, .. } = sizes;
        let name = |part: &str| format!("{name}.{part}");
        let weight = loader.values(&name("attention.query_key_value.weight"), &[3 * width, width]).await?;
        let mut qkv = Fused::new(width);
        qkv.push(by_part(&weight, heads, head_width, width));
        let bias = match biased {
            true => {
                let bias = loader.values(&name("attention.query_key_value.bias"), &[3 * width]).await?;
                Some(by_part(&bias, heads, head_width, 1))
            }
            false => None,
        };
        let mut out = Fused::new(width);
        out.read(&name("attention.dense.weight"), width, loader).await?;
        let out_bias = match biased {
            true => Some(loader.values(&name("attention.dense.bias"), &[width]).await?),
            false => None,
        };
        Ok(Self {
            attention_norm: LayerNorm::open(&name("input_layernorm"), width, epsilon, loader).await?,
            qkv: qkv.linear(bias, loader),
            out: out.linear(out_bias, loader),
            mlp_norm: LayerNorm::open(&name("post_attention_layernorm"), width, epsilon, loader).await?,
            up: Linear::open(&name("mlp.dense_h_to_4h"), inner, width, loader).await?,
            down: Linear::open(&name("mlp.dense_4h_to_h"), width, inner, loader).await?,
        })
    }
}

impl GptNeox {
    /// Opens a model of this family. Weight names may or may not begin with `gpt_neox.`.
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
            context: config.size("max_position_embeddings")?.min(MAX_CONTEXT),
            causal: true,
        };
        let inner = config.size("intermediate_size")?;
        let epsilon = config.real("layer_norm_eps", 1e-5)?;
        let biased = config.flag("attention_bias", true);
        let activation = Activation::of(config, "hidden_act", Activation::Gelu)?;
        let settings = Settings::read(config, &ROTARY)?;
        let rotated = settings.rotated(architecture.head_width)?;
        let prefix = if source.info("gpt_neox.embed_in.weight").is_some() { "gpt_neox." } else { "" };
        let mut loader = Loader::new(source, device, pulse);
        let name = |part: &str| format!("{prefix}{part}");
        let embedding = Table::read(&name("embed_in.weight"), architecture.vocabulary, width, &mut loader).await?;
        let mut blocks = Vec::new();
        for layer in 0..architecture.layers {
            let name = name(&format!("layers.{layer}"));
            blocks.push(Block::open(&name, architecture, inner, epsilon, biased, &mut loader).await?);
        }
        let final_norm = LayerNorm::open(&name("final_layer_norm"), width, epsilon, &mut loader).await?;
        let head = causal::head(config, "embed_out.weight", &embedding, false, &mut loader).await?;
        Ok(Self {
            architecture,
            device: device.clone(),
            activation,
            parallel: config.flag("use_parallel_residual", true),
            rotary: Rotary::new(&settings, &settings.frequencies(rotated), architecture.context, device)?,
            embedding,
            blocks,
            final_norm,
            head,
        })
    }

    fn attention(
        &self,
        layer: usize,
        block: &Block,
        residual: Tensor<3>,
        frame: &Frame,
        captures: &mut Captures,
    ) -> Tensor<3> {
        let Architecture { heads, head_width, .. } = self.architecture;
        let qkv = block.qkv.forward(block.attention_norm.forward(residual));
        let Heads { mut q, mut k, v } = split(qkv, heads, heads, head_width);
        captures.by_head(layer, Point::Q, || q.clone());
        captures.by_head(layer, Point::K, || k.clone());
        captures.by_head(layer, Point::V, || v.clone());
        if let Some(rotary) = &frame.rotary {
            (q, k) = (rotate(q, rotary), rotate(k, rotary));
        }
        captures.by_head(layer, Point::RotQ, || q.clone());
        captures.by_head(layer, Point::RotK, || k.clone());
        let z = Attention::own(layer, head_width, frame.mask.as_ref()).forward(Heads { q, k, v }, captures);
        captures.pass_residual(layer, Point::AttnOut, block.out.forward(z))
    }

    fn mlp(&self, layer: usize, block: &Block, residual: Tensor<3>, captures: &mut Captures) -> Tensor<3> {
        let inner = block.up.forward(block.mlp_norm.forward(residual));
        captures.pass_residual(layer, Point::MlpOut, block.down.forward(self.activation.forward(inner)))
    }
}

impl Stack for GptNeox {
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
            mask: Some(causal_mask(layout.before, layout.tokens, &self.device)),
            rotary: Some(self.rotary.range(layout.before, layout.tokens)),
            ..Frame::default()
        }
    }

    fn enter(&self, embeddings: Tensor<3>, _: &Frame) -> Tensor<3> {
        embeddings
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);
        let attention = self.attention(layer, block, residual.clone(), frame, captures);
        // Side by side there is no residual between the halves, so nothing is kept there, as in TransformerLens.
        let residual = if self.parallel {
            let mlp = self.mlp(layer, block, residual.clone(), captures);
            residual + attention + mlp
        } else {
            let residual = residual + attention;
            captures.residual(layer, Point::ResidMid, &residual);
            let mlp = self.mlp(layer, block, residual.clone(), captures);
            residual + mlp
        };
        captures.residual(layer, Point::ResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        self.final_norm.forward(residual)
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        self.blocks.get(layer).map(|block| Writer::of_pre_norm(&block.out).into()).unwrap_or_default()
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        Some(Norm::Layer(&self.final_norm))
    }
}

impl Transformer for GptNeox {
    fn family(&self) -> &'static str {
        "gpt_neox"
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
