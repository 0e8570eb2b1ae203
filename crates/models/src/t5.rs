//! T5, with its later forms (v1.1, Flan): RMSNorm before each part, a learned bias for the distance of two tokens instead
//! of positions, dot products that are not scaled (Raffel et al. 2020; transformers' `modeling_t5.py`).

use burn::tensor::{Device, Tensor};
use headlight_host::rms_norm;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::batch::{Batch, Layout};
use crate::config::Config;
use crate::error::ModelError;
use crate::head::{Head, VocabularyHead};
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::pulse::Pulse;
use crate::relative::{Buckets, Distances};
use crate::seq2seq::{CrossAttention, EncoderDecoder, OwnAttention, Shape, Sizes, token_numbers};
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Generation, Stack};
use crate::writer::{Norm, Writer};

/// The most tokens that are run at once: the bias is a number for every head and pair of tokens.
const MAX_CONTEXT: usize = 1024;

/// The feed-forward half's form.
#[derive(Clone, Copy)]
struct Inner {
    activation: Activation,
    /// Whether a second product of the input multiplies what was activated.
    gated: bool,
}

impl Inner {
    /// `relu`, `gated-gelu` and the like; the latter means GELU by tanh.
    fn of(config: &Config) -> Result<Self, ModelError> {
        let name = config.text("feed_forward_proj").unwrap_or("relu");
        let (gated, activation) = match name.strip_prefix("gated-") {
            Some("gelu") => (true, Activation::GeluTanh),
            Some(name) => (true, Activation::named(name)?),
            None => (false, Activation::named(name)?),
        };
        Ok(Self { activation, gated })
    }
}

struct Block {
    attention: OwnAttention,
    cross: Option<CrossAttention>,
    up: Linear,
    down: Linear,
}

/// T5's encoder, or its decoder.
pub struct T5Stack {
    architecture: Architecture,
    device: Device,
    epsilon: f64,
    /// `[vocabulary, width]`.
    embedding: Table,
    distances: Distances,
    inner: Inner,
    blocks: Vec<Block>,
    /// `[1, 1, width]`.
    final_norm: Tensor<3>,
}

/// Opens a model of this family.
///
/// # Errors
/// [`ModelError`] where the configuration or a weight is not as the family needs it.
pub async fn open(
    config: &Config,
    source: &mut dyn TensorSource,
    device: &Device,
    pulse: &dyn Pulse,
) -> Result<EncoderDecoder<T5Stack>, ModelError> {
    let width = config.size("d_model")?;
    let layers = config.size("num_layers")?;
    let sizes = Sizes {
        layers,
        heads: config.size("num_heads")?,
        head_width: config.size("d_kv")?,
        width,
        inner: config.size("d_ff")?,
        vocabulary: config.size("vocab_size")?,
        // Distances have no end; this is what the checkpoints were trained on.
        context: config.size_or("n_positions", 512)?.min(MAX_CONTEXT),
    };
    // The product of the two need not be the width, so nothing else bounds it.
    if sizes.heads.checked_mul(sizes.head_width).is_none_or(|all| all > 1 << 20) {
        return Err(ModelError::Config(format!("num_heads is {} and d_kv {}", sizes.heads, sizes.head_width)));
    }
    let mut loader = Loader::new(source, device, pulse);
    let shared = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"].map(str::to_owned);
    let embedding = Table::read(&loader.first_of(&shared), sizes.vocabulary, width, &mut loader).await?;
    let encoder = T5Stack::open("encoder", config, sizes, embedding.clone(), &mut loader).await?;
    let sizes = Sizes { layers: config.size_or("num_decoder_layers", layers)?, ..sizes };
    let decoder = T5Stack::open("decoder", config, sizes, embedding.clone(), &mut loader).await?;
    let unembedding = match loader.has("lm_head.weight") {
        true => Table::read("lm_head.weight", sizes.vocabulary, width, &mut loader).await?,
        false => embedding,
    };
    // The library keeps the switch under either name.
    let scaled = config.flag("scale_decoder_outputs", config.flag("tie_word_embeddings", true));
    let scale = if scaled { 1.0 / (width as f64).sqrt() } else { 1.0 };
    let start = config.number("decoder_start_token_id").or(config.number("pad_token_id")).unwrap_or(0);
    let end = token_numbers(config, "eos_token_id");
    Ok(EncoderDecoder {
        family: "t5",
        encoder,
        decoder,
        head: Head::Vocabulary(VocabularyHead { scale, ..VocabularyHead::plain(unembedding) }),
        generation: Generation { start, end: if end.is_empty() { vec![1] } else { end }, never: Vec::new() },
    })
}

impl T5Stack {
    async fn open(
        side: &str,
        config: &Config,
        sizes: Sizes,
        embedding: Table,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let decoder = side == "decoder";
        let inner = Inner::of(config)?;
        let (count, farthest) = (
            config.size_or("relative_attention_num_buckets", 32)?,
            config.size_or("relative_attention_max_distance", 128)?,
        );
        if !(4..=65_536).contains(&count) || farthest <= count / 2 {
            return Err(ModelError::Config(format!("{count} buckets do not reach to a distance of {farthest}")));
        }
        let bias = format!("{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        let bias = loader.values(&bias, &[count, sizes.heads]).await?;
        let mut blocks = Vec::new();
        for layer in 0..sizes.layers {
            blocks.push(Block::open(&format!("{side}.block.{layer}.layer"), decoder, sizes, inner, loader).await?);
        }
        let final_norm = loader.vector(&format!("{side}.final_layer_norm.weight"), sizes.width).await?;
        Ok(Self {
            architecture: sizes.architecture(decoder),
            device: loader.device().clone(),
            epsilon: config.real("layer_norm_epsilon", 1e-6)?,
            embedding,
            distances: Distances {
                buckets: Buckets { count, farthest, both_ways: !decoder },
                heads: sizes.heads,
                bias,
            },
            inner,
            blocks,
            final_norm: final_norm.reshape([1, 1, sizes.width]),
        })
    }
}

impl Block {
    async fn open(
        name: &str,
        decoder: bool,
        sizes: Sizes,
        inner: Inner,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let (width, heads) = (sizes.width, sizes.heads * sizes.head_width);
        let own = format!("{name}.0.SelfAttention");
        let norm = loader.values(&format!("{name}.0.layer_norm.weight"), &[width]).await?;
        let qkv = fused(&own, &["q", "k", "v"], heads, width, loader).await?.scale_columns(&norm);
        let attention = OwnAttention {
            qkv: qkv.linear(None, loader),
            out: Linear::open(&format!("{own}.o"), width, heads, loader).await?,
        };
        let cross = if decoder {
            let there = format!("{name}.1.EncDecAttention");
            let norm = loader.values(&format!("{name}.1.layer_norm.weight"), &[width]).await?;
            let q = fused(&there, &["q"], heads, width, loader).await?.scale_columns(&norm);
            let kv = fused(&there, &["k", "v"], heads, width, loader).await?;
            Some(CrossAttention {
                q: q.linear(None, loader),
                kv: kv.linear(None, loader),
                out: Linear::open(&format!("{there}.o"), width, heads, loader).await?,
            })
        } else {
            None
        };
        let name = format!("{name}.{}", if decoder { 2 } else { 1 });
        let norm = loader.values(&format!("{name}.layer_norm.weight"), &[width]).await?;
        let dense = format!("{name}.DenseReluDense");
        let parts: &[&str] = if inner.gated { &["wi_0", "wi_1"] } else { &["wi"] };
        let up = fused(&dense, parts, sizes.inner, width, loader).await?.scale_columns(&norm);
        Ok(Self {
            attention,
            cross,
            up: up.linear(None, loader),
            down: Linear::open(&format!("{dense}.wo"), width, sizes.inner, loader).await?,
        })
    }
}

/// The weights `{name}.{part}.weight`, each `[out, width]`, as one.
async fn fused(
    name: &str,
    parts: &[&str],
    out: usize,
    width: usize,
    loader: &mut Loader<'_>,
) -> Result<Fused, ModelError> {
    let mut weight = Fused::new(width);
    for part in parts {
        weight.read(&format!("{name}.{part}.weight"), out, loader).await?;
    }
    Ok(weight)
}

impl Stack for T5Stack {
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
        Frame { mask: Some(self.distances.mask(layout.before, layout.tokens, &self.device)), ..Frame::default() }
    }

    fn enter(&self, embeddings: Tensor<3>, _: &Frame) -> Tensor<3> {
        embeddings
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        let shape = Shape { layer, heads, head_width, scale: 1.0 };
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);

        let normed = rms_norm(residual.clone(), self.epsilon);
        let attended = block.attention.forward(shape, normed, frame.mask.as_ref(), captures);
        let mut residual = residual + captures.pass_residual(layer, Point::AttnOut, attended);
        captures.residual(layer, Point::ResidMid, &residual);

        if let (Some(attention), Some(memory)) = (&block.cross, &frame.memory) {
            let normed = rms_norm(residual.clone(), self.epsilon);
            let attended = attention.forward(shape, normed, memory, captures);
            residual = residual + captures.pass_residual(layer, Point::CrossAttnOut, attended);
            captures.residual(layer, Point::ResidMidCross, &residual);
        }

        let up = block.up.forward(rms_norm(residual.clone(), self.epsilon));
        let inner = if self.inner.gated {
            let width = up.dims()[2] / 2;
            self.inner.activation.forward(up.clone().narrow(2, 0, width)) * up.narrow(2, width, width)
        } else {
            self.inner.activation.forward(up)
        };
        let residual = residual + captures.pass_residual(layer, Point::MlpOut, block.down.forward(inner));
        captures.residual(layer, Point::ResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        rms_norm(residual, self.epsilon) * self.final_norm.clone()
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        let Some(block) = self.blocks.get(layer) else { return Vec::new() };
        let mut writers =
            vec![Writer { point: Point::AttnOut, heads: Some((Point::Z, &block.attention.out)), norm: None }];
        writers.extend(block.cross.as_ref().map(|attention| Writer {
            point: Point::CrossAttnOut,
            heads: Some((Point::CrossZ, &attention.out)),
            norm: None,
        }));
        writers.push(Writer { point: Point::MlpOut, heads: None, norm: None });
        writers
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        Some(Norm::Rms { weight: &self.final_norm, epsilon: self.epsilon })
    }
}
