//! Marian translators in transformers' layout, such as opus-mt: an encoder and a decoder that normalise after adding,
//! sinusoidal positions, one bias for the logits (Junczys-Dowmunt et al. 2018; transformers' `modeling_marian.py`).

use burn::tensor::Device;
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::error::ModelError;
use crate::head::{Head, VocabularyHead};
use crate::linear::Linear;
use crate::loader::Loader;
use crate::marian_stack::{Mixing, Positions, PostNormBlock, PostNormStack};
use crate::norm::LayerNorm;
use crate::pulse::Pulse;
use crate::seq2seq::{CrossAttention, EncoderDecoder, OwnAttention, Product, Sizes, fuse, head_width, token_numbers};
use crate::table::Table;
use crate::transformer::Generation;

/// PyTorch's own, which the library leaves as it is.
const EPSILON: f64 = 1e-5;

/// Opens a model of this family.
///
/// The pad token, from which the decoder starts, is never written: every checkpoint's `bad_words_ids` say so.
///
/// # Errors
/// [`ModelError`] where the configuration or a weight is not as the family needs it.
pub async fn open(
    config: &Config,
    source: &mut dyn TensorSource,
    device: &Device,
    pulse: &dyn Pulse,
) -> Result<EncoderDecoder<PostNormStack>, ModelError> {
    let mut loader = Loader::new(source, device, pulse);
    let width = config.size("d_model")?;
    let vocabulary = config.size("vocab_size")?;
    let sizes = |side: &str, vocabulary| -> Result<Sizes, ModelError> {
        let heads = config.size(&format!("{side}_attention_heads"))?;
        Ok(Sizes {
            layers: config.size(&format!("{side}_layers"))?,
            heads,
            head_width: head_width(width, heads)?,
            width,
            inner: config.size(&format!("{side}_ffn_dim"))?,
            vocabulary,
            context: config.size_or("max_position_embeddings", 1024)?,
        })
    };
    let shared = config.flag("share_encoder_decoder_embeddings", true);
    let written = config.size_or("decoder_vocab_size", vocabulary)?;
    let written = if shared { vocabulary } else { written };

    let encoder = stack("encoder", config, sizes("encoder", vocabulary)?, &mut loader).await?;
    let decoder = stack("decoder", config, sizes("decoder", written)?, &mut loader).await?;
    let unembedding = if config.flag("tie_word_embeddings", true) || !loader.has("lm_head.weight") {
        decoder.embedding.clone()
    } else {
        Table::read("lm_head.weight", written, width, &mut loader).await?
    };
    let bias = "final_logits_bias";
    let bias = match loader.has(bias) {
        true => Some(loader.matrix(bias, 1, written).await?.reshape([written])),
        false => None,
    };
    let pad = config.number("pad_token_id");
    let start = config.number("decoder_start_token_id").or(pad);
    let start = start.ok_or_else(|| ModelError::Config("decoder_start_token_id is missing".to_owned()))?;
    let end = token_numbers(config, "eos_token_id");
    Ok(EncoderDecoder {
        family: "marian",
        encoder,
        decoder,
        head: Head::Vocabulary(VocabularyHead { bias, ..VocabularyHead::plain(unembedding) }),
        generation: Generation { start, end, never: pad.into_iter().collect() },
    })
}

async fn stack(
    side: &str,
    config: &Config,
    sizes: Sizes,
    loader: &mut Loader<'_>,
) -> Result<PostNormStack, ModelError> {
    let Sizes { width, vocabulary, .. } = sizes;
    let architecture = sizes.architecture(side == "decoder");
    let name = |part: &str| format!("model.{side}.{part}");
    let embedding = loader.first_of(&[name("embed_tokens.weight"), "model.shared.weight".to_owned()]);
    let embedding = Table::read(&embedding, vocabulary, width, loader).await?;
    // Checkpoints need not hold positions, since they are a formula; those that do are believed, as the library does.
    let table = name("embed_positions.weight");
    let positions = match loader.has(&table) {
        true => Positions::Table(loader.matrix(&table, sizes.context, width).await?),
        false => Positions::Sinusoids { divisor: width as f64 / 2.0 },
    };
    let mut blocks = Vec::new();
    for layer in 0..sizes.layers {
        blocks.push(block(&name(&format!("layers.{layer}")), side == "decoder", sizes, loader).await?);
    }
    Ok(PostNormStack {
        architecture,
        device: loader.device().clone(),
        embedding,
        scale: if config.flag("scale_embedding", false) { (width as f64).sqrt() } else { 1.0 },
        zero_beyond: false,
        positions,
        activation: Activation::of(config, "activation_function", Activation::Gelu)?,
        blocks,
    })
}

async fn product(name: &str, width: usize, loader: &mut Loader<'_>) -> Result<Product, ModelError> {
    let weight = loader.values(&format!("{name}.weight"), &[width, width]).await?;
    Ok((weight, Some(loader.values(&format!("{name}.bias"), &[width]).await?)))
}

async fn block(name: &str, decoder: bool, sizes: Sizes, loader: &mut Loader<'_>) -> Result<PostNormBlock, ModelError> {
    let Sizes { width, inner, .. } = sizes;
    let own = format!("{name}.self_attn");
    let mut qkv = Vec::new();
    for part in ["q_proj", "k_proj", "v_proj"] {
        qkv.push(product(&format!("{own}.{part}"), width, loader).await?);
    }
    let attention = OwnAttention {
        qkv: fuse(width, qkv, loader),
        out: Linear::open(&format!("{own}.out_proj"), width, width, loader).await?,
    };
    let cross = if decoder {
        let there = format!("{name}.encoder_attn");
        let mut kv = Vec::new();
        for part in ["k_proj", "v_proj"] {
            kv.push(product(&format!("{there}.{part}"), width, loader).await?);
        }
        let attention = CrossAttention {
            q: Linear::open(&format!("{there}.q_proj"), width, width, loader).await?,
            kv: fuse(width, kv, loader),
            out: Linear::open(&format!("{there}.out_proj"), width, width, loader).await?,
        };
        Some((attention, LayerNorm::open(&format!("{there}_layer_norm"), width, EPSILON, loader).await?))
    } else {
        None
    };
    Ok(PostNormBlock {
        mixing: Mixing::Attention(attention),
        mixing_norm: LayerNorm::open(&format!("{own}_layer_norm"), width, EPSILON, loader).await?,
        cross,
        up: Linear::open(&format!("{name}.fc1"), inner, width, loader).await?,
        down: Linear::open(&format!("{name}.fc2"), width, inner, loader).await?,
        last_norm: LayerNorm::open(&format!("{name}.final_layer_norm"), width, EPSILON, loader).await?,
    })
}
