//! Llama and its relatives: RMSNorm before each half, rotary positions, shared key-value heads, SwiGLU, tied or separate
//! unembedding (Touvron et al. 2023; transformers' `modeling_llama.py`).

use burn::tensor::{Device, Tensor, TensorData};
use headlight_weights::TensorSource;

use crate::attention::{Attention, Heads, causal_mask};
use crate::batch::{Batch, Layout};
use crate::config::{Config, Format};
use crate::error::ModelError;
use crate::head::{Head, VocabularyHead};
use crate::hook::{Captures, Point};
use crate::host::swiglu;
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::norm::rms_norm;
use crate::pulse::Pulse;
use crate::transformer::{Architecture, Frame, Stack, Transformer};

/// The most positions for which rotary angles are prepared: texts in a page are far shorter, and a long-context model's
/// table would only take memory.
const MAX_CONTEXT: usize = 4096;

struct Block {
    qkv: Linear,
    out: Linear,
    gate_up: Linear,
    down: Linear,
}

/// A decoder of the Llama family.
pub struct Llama {
    architecture: Architecture,
    device: Device,
    epsilon: f64,
    /// Rotary angles `[1, context, 1, half the head width]`, as cosine and sine.
    rotary: (Tensor<4>, Tensor<4>),
    /// `[vocabulary, width]`.
    embedding: Tensor<2>,
    head: Head,
    blocks: Vec<Block>,
    /// `[1, 1, width]`.
    final_norm: Tensor<3>,
}

/// What the weights are called.
struct Names {
    embedding: &'static str,
    final_norm: &'static str,
    unembedding: &'static str,
    block: &'static str,
    attention_norm: &'static str,
    qkv: [&'static str; 3],
    out: &'static str,
    mlp_norm: &'static str,
    gate_up: [&'static str; 2],
    down: &'static str,
}

const HUGGING_FACE: Names = Names {
    embedding: "model.embed_tokens.weight",
    final_norm: "model.norm.weight",
    unembedding: "lm_head.weight",
    block: "model.layers",
    attention_norm: "input_layernorm.weight",
    qkv: ["self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"],
    out: "self_attn.o_proj.weight",
    mlp_norm: "post_attention_layernorm.weight",
    gate_up: ["mlp.gate_proj.weight", "mlp.up_proj.weight"],
    down: "mlp.down_proj.weight",
};

const GGUF: Names = Names {
    embedding: "token_embd.weight",
    final_norm: "output_norm.weight",
    unembedding: "output.weight",
    block: "blk",
    attention_norm: "attn_norm.weight",
    qkv: ["attn_q.weight", "attn_k.weight", "attn_v.weight"],
    out: "attn_output.weight",
    mlp_norm: "ffn_norm.weight",
    gate_up: ["ffn_gate.weight", "ffn_up.weight"],
    down: "ffn_down.weight",
};

/// Undoes llama.cpp's order of a head's rows, which are interleaved pairs there and two halves here.
fn split_pairs(values: &[f32], heads: usize, head_width: usize, width: usize) -> Vec<f32> {
    let half = head_width / 2;
    let mut rows = Vec::with_capacity(values.len());
    for head in 0..heads {
        for row in 0..head_width {
            let from = head * head_width + (row % half) * 2 + row / half;
            rows.extend_from_slice(&values[from * width..(from + 1) * width]);
        }
    }
    rows
}

impl Llama {
    /// Opens a model of this family.
    ///
    /// # Errors
    /// [`ModelError`] where the configuration or a weight is not as the family needs it.
    pub async fn open(
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        pulse: &dyn Pulse,
    ) -> Result<Self, ModelError> {
        let heads = config.size("num_attention_heads")?;
        let key_value_heads = config.size("num_key_value_heads").unwrap_or(heads);
        let width = config.size("hidden_size")?;
        let head_width = config.size("head_dim").unwrap_or(width / heads);
        let inner = config.size("intermediate_size")?;
        if !heads.is_multiple_of(key_value_heads) || head_width * heads != width || !head_width.is_multiple_of(2) {
            return Err(ModelError::Config(format!(
                "{heads} heads with {key_value_heads} key-value heads of width {head_width} do not make {width}"
            )));
        }
        let architecture = Architecture {
            layers: config.size("num_hidden_layers")?,
            heads,
            key_value_heads,
            head_width,
            width,
            vocabulary: config.size("vocab_size")?,
            context: config.size("max_position_embeddings")?.min(MAX_CONTEXT),
            causal: true,
        };
        let names = match config.format() {
            Format::HuggingFace => &HUGGING_FACE,
            Format::Gguf => &GGUF,
        };
        let tied = source.info(names.unembedding).is_none();
        let mut loader = Loader::new(source, device, pulse);
        let embedding = loader.matrix(names.embedding, architecture.vocabulary, width).await?;
        let mut blocks = Vec::with_capacity(architecture.layers);
        for layer in 0..architecture.layers {
            blocks.push(Block::open(layer, names, config.format(), architecture, inner, &mut loader).await?);
        }
        let final_norm = loader.vector(names.final_norm, width).await?.reshape([1, 1, width]);
        let unembedding = match tied {
            true => embedding.clone(),
            false => loader.matrix(names.unembedding, architecture.vocabulary, width).await?,
        };
        let theta = config.real("rope_theta", 10_000.0)?;
        Ok(Self {
            architecture,
            device: device.clone(),
            epsilon: config.real("rms_norm_eps", 1e-6)?,
            rotary: rotary(architecture.context, head_width, theta, device),
            embedding,
            head: Head::Vocabulary(VocabularyHead::plain(unembedding)),
            blocks,
            final_norm,
        })
    }

    /// Turns each pair (i, i + half) of a head by its position's angle.
    fn rotate(input: Tensor<4>, (cos, sin): &(Tensor<4>, Tensor<4>)) -> Tensor<4> {
        let half = input.dims()[3] / 2;
        let (first, second) = (input.clone().narrow(3, 0, half), input.narrow(3, half, half));
        let turned_first = first.clone() * cos.clone() - second.clone() * sin.clone();
        let turned_second = second * cos.clone() + first * sin.clone();
        Tensor::cat(vec![turned_first, turned_second], 3)
    }
}

/// Angles are computed in f64, as position · θ^(−2i/width).
fn rotary(context: usize, head_width: usize, theta: f64, device: &Device) -> (Tensor<4>, Tensor<4>) {
    let half = head_width / 2;
    let table = |of: fn(f64) -> f64| {
        let values: Vec<f32> = (0..context)
            .flat_map(|position| {
                (0..half).map(move |pair| {
                    // transformers rounds the frequency to f32 before it multiplies; so do we.
                    let frequency = (1.0 / theta.powf(2.0 * pair as f64 / head_width as f64)) as f32;
                    of(f64::from(position as f32 * frequency)) as f32
                })
            })
            .collect();
        Tensor::from_data(TensorData::new(values, [1, context, 1, half]), device)
    };
    (table(f64::cos), table(f64::sin))
}

impl Block {
    async fn open(
        layer: usize,
        names: &Names,
        format: Format,
        sizes: Architecture,
        inner: usize,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let width = sizes.width;
        let name = |part: &str| format!("{}.{layer}.{part}", names.block);
        let attention_norm = loader.values(&name(names.attention_norm), &[width]).await?;
        let mut qkv = Fused::new(width);
        for (index, part) in names.qkv.iter().enumerate() {
            let heads = if index == 0 { sizes.heads } else { sizes.key_value_heads };
            let values = loader.values(&name(part), &[heads * sizes.head_width, width]).await?;
            qkv.push(match format {
                Format::Gguf if index < 2 => split_pairs(&values, heads, sizes.head_width, width),
                _ => values,
            });
        }
        let mut out = Fused::new(sizes.heads * sizes.head_width);
        out.push(loader.values(&name(names.out), &[width, sizes.heads * sizes.head_width]).await?);
        let mlp_norm = loader.values(&name(names.mlp_norm), &[width]).await?;
        let mut gate_up = Fused::new(width);
        for part in names.gate_up {
            gate_up.push(loader.values(&name(part), &[inner, width]).await?);
        }
        let mut down = Fused::new(inner);
        down.push(loader.values(&name(names.down), &[width, inner]).await?);
        Ok(Self {
            qkv: qkv.scale_columns(&attention_norm).linear(None, loader),
            out: out.linear(None, loader),
            gate_up: gate_up.scale_columns(&mlp_norm).linear(None, loader),
            down: down.linear(None, loader),
        })
    }
}

impl Stack for Llama {
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
        let (cos, sin) = &self.rotary;
        Frame {
            mask: Some(causal_mask(layout.tokens, &self.device)),
            rotary: Some((cos.clone().narrow(1, 0, layout.tokens), sin.clone().narrow(1, 0, layout.tokens))),
            ..Frame::default()
        }
    }

    fn enter(&self, embeddings: Tensor<3>, _: &Frame) -> Tensor<3> {
        embeddings
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, key_value_heads: groups, head_width, .. } = self.architecture;
        let [batch, tokens, _] = residual.dims();
        captures.residual(layer, Point::ResidPre, &residual);

        let qkv = block.qkv.forward(rms_norm(residual.clone(), self.epsilon));
        let qkv = qkv.reshape([batch, tokens, heads + 2 * groups, head_width]);
        let v = qkv.clone().narrow(2, heads + groups, groups);
        captures.by_head(layer, Point::Q, || qkv.clone().narrow(2, 0, heads));
        captures.by_head(layer, Point::K, || qkv.clone().narrow(2, heads, groups));
        captures.by_head(layer, Point::V, || v.clone());
        // Queries and keys turn together, before they are taken apart.
        let mut qk = qkv.narrow(2, 0, heads + groups);
        if let Some(rotary) = &frame.rotary {
            qk = Self::rotate(qk, rotary);
        }
        let (q, k) = (qk.clone().narrow(2, 0, heads), qk.narrow(2, heads, groups));
        captures.by_head(layer, Point::RotQ, || q.clone());
        captures.by_head(layer, Point::RotK, || k.clone());
        let attention = Attention::own(layer, head_width, frame.mask.as_ref());
        let residual = residual + block.out.forward(attention.forward(Heads { q, k, v }, captures));
        captures.residual(layer, Point::ResidMid, &residual);

        let gate_up = block.gate_up.forward(rms_norm(residual.clone(), self.epsilon));
        let residual = residual + block.down.forward(swiglu(gate_up));
        captures.residual(layer, Point::ResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        rms_norm(residual, self.epsilon) * self.final_norm.clone()
    }
}

impl Transformer for Llama {
    fn family(&self) -> &'static str {
        "llama"
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
