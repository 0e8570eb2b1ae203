//! Tiny random models of each family, the same on every machine: for the self-test at start and for parity tests.
//!
//! Weights are drawn from a linear congruential generator seeded with the weight's name, so that the Python script that
//! makes reference values draws the same ones (`tests/reference`) and no weights need to be stored.

use burn::tensor::Device;
use headlight_weights::MemoryTensors;

use crate::config::Config;
use crate::error::ModelError;
use crate::pulse::Silent;
use crate::transformer::Transformer;

/// Entries of a tiny model's vocabulary.
pub const VOCABULARY: usize = 256;

const WIDTH: usize = 64;
const INNER: usize = 128;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KEY_VALUE_HEADS: usize = 2;
const POSITIONS: usize = 64;

/// The values of the weight `name`: uniform in ±¼, around one for the weights of norms.
fn draw(name: &str, count: usize) -> Vec<f32> {
    let mut state =
        name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let norm = ["layernorm.weight", "norm.weight", "LayerNorm.weight"].iter().any(|end| name.ends_with(end));
    let around = if norm { 1.0 } else { 0.0 };
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            around + ((state >> 8) as f32 / 16_777_216.0 - 0.5) * 0.5
        })
        .collect()
}

fn source(weights: Vec<(String, Vec<usize>)>) -> Result<MemoryTensors, ModelError> {
    let drawn = weights.into_iter().map(|(name, shape)| {
        let values = draw(&name, shape.iter().product());
        (name, shape, values)
    });
    Ok(MemoryTensors::new(drawn)?)
}

/// A decoder of the Llama family: 2 layers, 4 heads over 2 key-value heads, width 64.
///
/// # Errors
/// None that a correct build can show; typed all the same, since it goes the way of every model.
pub async fn llama(device: &Device) -> Result<Box<dyn Transformer>, ModelError> {
    let config = Config::from_json(
        br#"{"model_type":"llama","hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,
        "num_attention_heads":4,"num_key_value_heads":2,"vocab_size":256,"rope_theta":10000.0,"rms_norm_eps":1e-5,
        "max_position_embeddings":64}"#,
    )?;
    let shared = WIDTH / HEADS * KEY_VALUE_HEADS;
    let mut weights = vec![
        ("model.embed_tokens.weight".to_owned(), vec![VOCABULARY, WIDTH]),
        ("model.norm.weight".to_owned(), vec![WIDTH]),
    ];
    for layer in 0..LAYERS {
        for (part, shape) in [
            ("self_attn.q_proj.weight", vec![WIDTH, WIDTH]),
            ("self_attn.k_proj.weight", vec![shared, WIDTH]),
            ("self_attn.v_proj.weight", vec![shared, WIDTH]),
            ("self_attn.o_proj.weight", vec![WIDTH, WIDTH]),
            ("mlp.gate_proj.weight", vec![INNER, WIDTH]),
            ("mlp.up_proj.weight", vec![INNER, WIDTH]),
            ("mlp.down_proj.weight", vec![WIDTH, INNER]),
            ("input_layernorm.weight", vec![WIDTH]),
            ("post_attention_layernorm.weight", vec![WIDTH]),
        ] {
            weights.push((format!("model.layers.{layer}.{part}"), shape));
        }
    }
    crate::registry::open(&config, &mut source(weights)?, device, &Silent).await
}

/// An encoder of the BERT family: 2 layers, 4 heads, width 64.
///
/// # Errors
/// As [`llama`].
pub async fn bert(device: &Device) -> Result<Box<dyn Transformer>, ModelError> {
    let config = Config::from_json(
        br#"{"model_type":"bert","hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,
        "num_attention_heads":4,"vocab_size":256,"type_vocab_size":2,"layer_norm_eps":1e-12,
        "max_position_embeddings":64,"hidden_act":"gelu"}"#,
    )?;
    let mut weights = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![VOCABULARY, WIDTH]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![POSITIONS, WIDTH]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, WIDTH]),
        ("embeddings.LayerNorm.weight".to_owned(), vec![WIDTH]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![WIDTH]),
    ];
    for layer in 0..LAYERS {
        for (part, out, width) in [
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ] {
            weights.push((format!("encoder.layer.{layer}.{part}.weight"), vec![out, width]));
            weights.push((format!("encoder.layer.{layer}.{part}.bias"), vec![out]));
        }
        for part in ["attention.output.LayerNorm", "output.LayerNorm"] {
            weights.push((format!("encoder.layer.{layer}.{part}.weight"), vec![WIDTH]));
            weights.push((format!("encoder.layer.{layer}.{part}.bias"), vec![WIDTH]));
        }
    }
    crate::registry::open(&config, &mut source(weights)?, device, &Silent).await
}
