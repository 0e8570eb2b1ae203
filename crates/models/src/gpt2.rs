//! GPT-2 and DistilGPT-2: learned positions, LayerNorm before each half, weights stored as `[in, out]`, a tied head
//! (Radford et al. 2019; transformers' `modeling_gpt2.py`).

use burn::tensor::{Device, Tensor};
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::attention::{Attention, causal_mask, split};
use crate::batch::{Batch, Layout, positions_and_types};
use crate::causal;
use crate::config::{Config, Format};
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::pulse::Pulse;
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Stack, Transformer};
use crate::writer::{Norm, Writer};

struct Block {
    attention_norm: LayerNorm,
    qkv: Linear,
    out: Linear,
    mlp_norm: LayerNorm,
    up: Linear,
    down: Linear,
    /// What scores are multiplied with.
    scale: f64,
}

/// A decoder of the GPT-2 family.
pub struct Gpt2 {
    architecture: Architecture,
    device: Device,
    activation: Activation,
    /// `[vocabulary, width]`.
    embedding: Table,
    /// `[context, width]`.
    positions: Tensor<2>,
    blocks: Vec<Block>,
    final_norm: LayerNorm,
    head: Head,
}

/// What the weights are called, without `.weight` and `.bias`.
struct Names {
    embedding: &'static str,
    positions: &'static str,
    final_norm: &'static str,
    unembedding: &'static str,
    block: &'static str,
    attention_norm: &'static str,
    qkv: &'static str,
    out: &'static str,
    mlp_norm: &'static str,
    up: &'static str,
    down: &'static str,
}

/// Behind `transformer.` or nothing.
const HUGGING_FACE: Names = Names {
    embedding: "wte.weight",
    positions: "wpe.weight",
    final_norm: "ln_f",
    unembedding: "lm_head.weight",
    block: "h",
    attention_norm: "ln_1",
    qkv: "attn.c_attn",
    out: "attn.c_proj",
    mlp_norm: "ln_2",
    up: "mlp.c_fc",
    down: "mlp.c_proj",
};

const GGUF: Names = Names {
    embedding: "token_embd.weight",
    positions: "position_embd.weight",
    final_norm: "output_norm",
    unembedding: "output.weight",
    block: "blk",
    attention_norm: "attn_norm",
    qkv: "attn_qkv",
    out: "attn_output",
    mlp_norm: "ffn_norm",
    up: "ffn_up",
    down: "ffn_down",
};

/// Reads a product: transformers' `Conv1D` has its weight as `[in, out]`, llama.cpp turns it to `[out, in]`.
async fn product(
    name: &str,
    out: usize,
    width: usize,
    format: Format,
    loader: &mut Loader<'_>,
) -> Result<Linear, ModelError> {
    let weight = format!("{name}.weight");
    let values = match format {
        Format::HuggingFace => transposed(&loader.values(&weight, &[width, out]).await?, out),
        Format::Gguf => loader.values(&weight, &[out, width]).await?,
    };
    let bias = loader.values(&format!("{name}.bias"), &[out]).await?;
    let mut fused = Fused::new(width);
    fused.push(values);
    Ok(fused.linear(Some(bias), loader))
}

/// The rows of a matrix with `columns` columns as its columns.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

impl Block {
    async fn open(
        name: &str,
        names: &Names,
        sizes: Architecture,
        config: &Config,
        scale: f64,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let (width, format) = (sizes.width, config.format());
        let inner = config.size_or("n_inner", 4 * width)?;
        let epsilon = config.real("layer_norm_epsilon", 1e-5)?;
        let name = |part: &str| format!("{name}.{part}");
        Ok(Self {
            attention_norm: LayerNorm::open(&name(names.attention_norm), width, epsilon, loader).await?,
            qkv: product(&name(names.qkv), 3 * width, width, format, loader).await?,
            out: product(&name(names.out), width, width, format, loader).await?,
            mlp_norm: LayerNorm::open(&name(names.mlp_norm), width, epsilon, loader).await?,
            up: product(&name(names.up), inner, width, format, loader).await?,
            down: product(&name(names.down), width, inner, format, loader).await?,
            scale,
        })
    }
}

impl Gpt2 {
    /// Opens a model of this family. Weight names may or may not begin with `transformer.`.
    ///
    /// # Errors
    /// [`ModelError`] where the configuration or a weight is not as the family needs it.
    pub async fn open(
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        pulse: &dyn Pulse,
    ) -> Result<Self, ModelError> {
        // transformers takes either name of each.
        let size = |own: &str, general: &str| config.size(if config.has(own) { own } else { general });
        let (heads, width) = (size("n_head", "num_attention_heads")?, size("n_embd", "hidden_size")?);
        if !width.is_multiple_of(heads) {
            return Err(ModelError::Config(format!("{heads} heads do not divide a width of {width}")));
        }
        if config.flag("add_cross_attention", false) {
            return Err(ModelError::Config("a GPT-2 with attention to an encoder is not known".to_owned()));
        }
        let architecture = Architecture {
            layers: size("n_layer", "num_hidden_layers")?,
            heads,
            key_value_heads: heads,
            head_width: width / heads,
            width,
            vocabulary: config.size("vocab_size")?,
            context: size("n_positions", "max_position_embeddings")?,
            causal: true,
        };
        let activation = Activation::of(config, "activation_function", Activation::GeluTanh)?;
        let names = match config.format() {
            Format::HuggingFace => &HUGGING_FACE,
            Format::Gguf => &GGUF,
        };
        let prefix = if source.info("transformer.wte.weight").is_some() { "transformer." } else { "" };
        let mut loader = Loader::new(source, device, pulse);
        let name = |part: &str| format!("{prefix}{part}");
        let embedding = Table::read(&name(names.embedding), architecture.vocabulary, width, &mut loader).await?;
        let positions = loader.matrix(&name(names.positions), architecture.context, width).await?;
        let mut blocks = Vec::new();
        for layer in 0..architecture.layers {
            let name = name(&format!("{}.{layer}", names.block));
            let scale = scale(config, architecture.head_width, layer);
            blocks.push(Block::open(&name, names, architecture, config, scale, &mut loader).await?);
        }
        let epsilon = config.real("layer_norm_epsilon", 1e-5)?;
        let final_norm = LayerNorm::open(&name(names.final_norm), width, epsilon, &mut loader).await?;
        let head = causal::head(config, names.unembedding, &embedding, true, &mut loader).await?;
        let device = device.clone();
        Ok(Self { architecture, device, activation, embedding, positions, blocks, final_norm, head })
    }
}

/// What a layer's scores are multiplied with. `reorder_and_upcast_attn` changes the order of rounding alone, in half
/// precision, and so nothing here.
fn scale(config: &Config, head_width: usize, layer: usize) -> f64 {
    let scale = if config.flag("scale_attn_weights", true) { 1.0 / (head_width as f64).sqrt() } else { 1.0 };
    if config.flag("scale_attn_by_inverse_layer_idx", false) { scale / (layer + 1) as f64 } else { scale }
}

impl Stack for Gpt2 {
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
            added: Some(positions_and_types(self, &self.positions, 0, None, layout)),
            ..Frame::default()
        }
    }

    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3> {
        match &frame.added {
            Some(added) => embeddings + added.clone(),
            None => embeddings,
        }
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);

        let qkv = block.qkv.forward(block.attention_norm.forward(residual.clone()));
        let qkv = split(qkv, heads, heads, head_width);
        qkv.keep(layer, captures);
        let attention = Attention { scale: block.scale, ..Attention::own(layer, head_width, frame.mask.as_ref()) };
        let attended = block.out.forward(attention.forward(qkv, captures));
        let residual = residual + captures.pass_residual(layer, Point::AttnOut, attended);
        captures.residual(layer, Point::ResidMid, &residual);

        let inner = block.up.forward(block.mlp_norm.forward(residual.clone()));
        let written = block.down.forward(self.activation.forward(inner));
        let residual = residual + captures.pass_residual(layer, Point::MlpOut, written);
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

impl Transformer for Gpt2 {
    fn family(&self) -> &'static str {
        "gpt2"
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
