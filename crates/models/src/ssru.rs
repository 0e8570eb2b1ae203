//! The "tiny" Marian translators with weights under Marian's own names: a post-norm encoder, and a decoder whose tokens
//! hear of each other through a simpler simple recurrent unit instead of attention (Kim et al. 2019, "From Research to
//! Production and Back: Ludicrously Fast Neural Machine Translation"; `src/rnn/cells.h` and `src/models/transformer.h` of
//! marian-dev).

use burn::tensor::{Device, Tensor, activation};
use headlight_weights::TensorSource;

use crate::activation::Activation;
use crate::config::Config;
use crate::error::ModelError;
use crate::head::{Head, VocabularyHead};
use crate::hook::Captures;
use crate::linear::Linear;
use crate::loader::Loader;
use crate::marian_stack::{Mixing, Positions, PostNormBlock, PostNormStack};
use crate::norm::LayerNorm;
use crate::pulse::Pulse;
use crate::seq2seq::{CrossAttention, EncoderDecoder, OwnAttention, Product, Sizes, fuse, head_width, token_numbers};
use crate::table::Table;
use crate::transformer::Generation;

/// What Marian adds to a variance.
const EPSILON: f64 = 1e-6;

/// A layer of simpler simple recurrent units: f = σ(x·W_f + b_f), c = f·c₋₁ + (1 − f)·(x·W), out = max(c, 0).
pub(crate) struct Ssru {
    /// x·W_f + b_f and x·W in one product, `[width, 2·width]`.
    gate_and_input: Linear,
}

impl Ssru {
    /// `[batch, token, width]` to the same. A token hears of itself and those before it, those that were read before included.
    ///
    /// The recurrence is linear in c, so all tokens are computed at once: two steps c → a·c + b after each other are a
    /// step again, and spans of steps are put together in doubling lengths (Hillis & Steele 1986).
    pub fn forward(&self, layer: usize, input: Tensor<3>, captures: &mut Captures) -> Tensor<3> {
        let [_, tokens, width] = input.dims();
        let both = self.gate_and_input.forward(input);
        let mut keep = activation::sigmoid(both.clone().narrow(2, 0, width));
        let mut state = both.narrow(2, width, width) * (-keep.clone() + 1.0);
        let mut span = 1;
        while span < tokens {
            let rest = tokens - span;
            let later = keep.clone().narrow(1, span, rest);
            let joined = later.clone() * state.clone().narrow(1, 0, rest) + state.clone().narrow(1, span, rest);
            state = Tensor::cat(vec![state.narrow(1, 0, span), joined], 1);
            keep = Tensor::cat(vec![keep.clone().narrow(1, 0, span), later * keep.narrow(1, 0, rest)], 1);
            span *= 2;
        }
        // `keep` is by now the product of all f up to each token.
        if let Some(before) = captures.state_before(layer) {
            state = state + keep * before;
        }
        captures.keep_state(layer, &state);
        activation::relu(state)
    }
}

/// Opens a model of this family. Matrices are `[in, out]` and vectors `[1, out]`, as Marian has them; the configuration
/// is [`Config::from_marian`]'s.
///
/// The decoder starts from nothing at all, for which stands a token one beyond the vocabulary.
///
/// # Errors
/// [`ModelError`] where the configuration or a weight is not as the family needs it.
pub async fn open(
    config: &Config,
    source: &mut dyn TensorSource,
    device: &Device,
    pulse: &dyn Pulse,
) -> Result<EncoderDecoder<PostNormStack>, ModelError> {
    let width = config.size("d_model")?;
    if width < 4 || !width.is_multiple_of(2) {
        return Err(ModelError::Config(format!("d_model is {width}")));
    }
    let heads = config.size("attention_heads")?;
    let vocabulary = config.size("vocab_size")?;
    let sizes = |layers: &str| -> Result<Sizes, ModelError> {
        Ok(Sizes {
            layers: config.size(layers)?,
            heads,
            head_width: head_width(width, heads)?,
            width,
            inner: config.size("ffn_dim")?,
            vocabulary,
            context: config.size_or("max_position_embeddings", 1024)?,
        })
    };
    let activation = Activation::of(config, "activation_function", Activation::Relu)?;
    let mut loader = Loader::new(source, device, pulse);
    let embedding = Table::read("Wemb", vocabulary, width, &mut loader).await?;
    let mut stacks = Vec::with_capacity(2);
    for (side, sizes) in [("encoder", sizes("encoder_layers")?), ("decoder", sizes("decoder_layers")?)] {
        let mut blocks = Vec::new();
        for layer in 1..=sizes.layers {
            blocks.push(block(side, layer, sizes, &mut loader).await?);
        }
        stacks.push(PostNormStack {
            architecture: sizes.architecture(side == "decoder"),
            device: device.clone(),
            embedding: embedding.clone(),
            scale: (width as f64).sqrt(),
            zero_beyond: side == "decoder",
            positions: Positions::Sinusoids { divisor: (width / 2 - 1) as f64 },
            activation,
            blocks,
        });
    }
    let bias = loader.matrix("decoder_ff_logit_out_b", 1, vocabulary).await?.reshape([vocabulary]);
    let (Some(decoder), Some(encoder)) = (stacks.pop(), stacks.pop()) else {
        return Err(ModelError::Config("there are not two stacks".to_owned()));
    };
    Ok(EncoderDecoder {
        family: "marian-ssru",
        encoder,
        decoder,
        head: Head::Vocabulary(VocabularyHead { bias: Some(bias), ..VocabularyHead::plain(embedding) }),
        generation: Generation {
            start: vocabulary as u32,
            end: token_numbers(config, "eos_token_id"),
            never: token_numbers(config, "unk_token_id"),
        },
    })
}

/// A matrix `[rows, columns]` the other way round.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| (0..rows).filter_map(move |row| values.get(row * columns + column).copied()))
        .collect()
}

/// `{prefix}W{part}` and, where the file has it, `{prefix}b{part}`.
async fn product(
    prefix: &str,
    part: &str,
    [width, out]: [usize; 2],
    loader: &mut Loader<'_>,
) -> Result<Product, ModelError> {
    let weight = loader.values(&format!("{prefix}W{part}"), &[width, out]).await?;
    let bias = format!("{prefix}b{part}");
    let bias = if loader.has(&bias) { Some(loader.values(&bias, &[1, out]).await?) } else { None };
    Ok((turned(&weight, width, out), bias))
}

async fn linear(
    prefix: &str,
    part: &str,
    [width, out]: [usize; 2],
    loader: &mut Loader<'_>,
) -> Result<Linear, ModelError> {
    let product = product(prefix, part, [width, out], loader).await?;
    Ok(fuse(width, vec![product], loader))
}

async fn norm(name: &str, width: usize, loader: &mut Loader<'_>) -> Result<LayerNorm, ModelError> {
    let weight = loader.matrix(&format!("{name}_ln_scale"), 1, width).await?.reshape([width]);
    let bias = loader.matrix(&format!("{name}_ln_bias"), 1, width).await?.reshape([width]);
    Ok(LayerNorm::new(weight, Some(bias), EPSILON))
}

async fn block(side: &str, layer: usize, sizes: Sizes, loader: &mut Loader<'_>) -> Result<PostNormBlock, ModelError> {
    let Sizes { width, inner, .. } = sizes;
    let square = [width, width];
    let name = |part: &str| format!("{side}_l{layer}_{part}");
    let (mixing, mixing_norm, cross) = if side == "encoder" {
        let prefix = name("self_");
        let mut qkv = Vec::new();
        for part in ["q", "k", "v"] {
            qkv.push(product(&prefix, part, square, loader).await?);
        }
        let attention =
            OwnAttention { qkv: fuse(width, qkv, loader), out: linear(&prefix, "o", square, loader).await? };
        (Mixing::Attention(attention), norm(&name("self_Wo"), width, loader).await?, None)
    } else {
        let prefix = name("rnn_");
        let gate = product(&prefix, "f", square, loader).await?;
        let (input, own) = product(&prefix, "", square, loader).await?;
        let bias = |own: Option<Vec<f32>>| Some(own.unwrap_or_else(|| vec![0.0; width]));
        let parts = vec![(gate.0, bias(gate.1)), (input, bias(own))];
        let unit = Ssru { gate_and_input: fuse(width, parts, loader) };
        let there = name("context_");
        let mut kv = Vec::new();
        for part in ["k", "v"] {
            kv.push(product(&there, part, square, loader).await?);
        }
        let attention = CrossAttention {
            q: linear(&there, "q", square, loader).await?,
            kv: fuse(width, kv, loader),
            out: linear(&there, "o", square, loader).await?,
        };
        let cross = Some((attention, norm(&name("context_Wo"), width, loader).await?));
        (Mixing::Ssru(unit), norm(&name("rnn_ffn"), width, loader).await?, cross)
    };
    let ffn = name("ffn_");
    Ok(PostNormBlock {
        mixing,
        mixing_norm,
        cross,
        up: linear(&ffn, "1", [width, inner], loader).await?,
        down: linear(&ffn, "2", [inner, width], loader).await?,
        last_norm: norm(&name("ffn_ffn"), width, loader).await?,
    })
}
