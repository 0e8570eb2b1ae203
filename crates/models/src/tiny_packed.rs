//! A tiny random decoder whose weights are packed, every product's in another way: the plain numbers of the same weights
//! say what it has to compute.

use burn::tensor::Device;
use headlight_weights::{Codes, MemoryTensors, PACKED_GROUP, Packed, Tensor, TensorInfo, TensorSource, WeightsError};

use crate::config::Config;
use crate::error::ModelError;
use crate::pulse::Silent;
use crate::transformer::Transformer;

/// Entries of the model's vocabulary.
pub const VOCABULARY: usize = 96;

/// Wide enough for the products to be whole panels on the CPU.
const WIDTH: usize = 96;

/// How weights are packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Quants of four bits.
    Four,
    /// Quants of eight bits.
    Eight,
    /// Half precision.
    F16,
    /// The upper halves of singles.
    Bf16,
}

/// The model: one layer of width 96, two heads over one key-value head. Devices that compute with packed weights get them
/// so, where `packed` is set; else, and on others, they are plain.
///
/// # Errors
/// None that a correct build can show; typed all the same, since it goes the way of every model.
pub async fn llama(packed: bool, device: &Device) -> Result<Box<dyn Transformer>, ModelError> {
    let config = Config::from_json(
        br#"{"model_type":"llama","hidden_size":96,"intermediate_size":192,"num_hidden_layers":1,
        "num_attention_heads":2,"num_key_value_heads":1,"vocab_size":96,"rope_theta":10000.0,"rms_norm_eps":1e-5,
        "max_position_embeddings":64}"#,
    )?;
    let mut state = 1;
    let layer = |part: &str| format!("model.layers.0.{part}.weight");
    let shapes = [
        ("model.embed_tokens.weight".to_owned(), Way::Eight, [VOCABULARY, WIDTH]),
        (layer("self_attn.q_proj"), Way::Four, [WIDTH, WIDTH]),
        (layer("self_attn.k_proj"), Way::Four, [WIDTH / 2, WIDTH]),
        (layer("self_attn.v_proj"), Way::Four, [WIDTH / 2, WIDTH]),
        (layer("self_attn.o_proj"), Way::Eight, [WIDTH, WIDTH]),
        (layer("mlp.gate_proj"), Way::F16, [2 * WIDTH, WIDTH]),
        (layer("mlp.up_proj"), Way::F16, [2 * WIDTH, WIDTH]),
        (layer("mlp.down_proj"), Way::Bf16, [WIDTH, 2 * WIDTH]),
    ];
    let matrices: Vec<_> = shapes.map(|(name, way, shape)| (name, matrix(way, shape, &mut state))).into();
    let mut weights: Vec<_> =
        matrices.iter().map(|(name, packed)| (name.clone(), packed.shape.clone(), packed.values())).collect();
    let mut numbers = |count: usize| -> Vec<f32> { (0..count).map(|_| signed_unit(&mut state)).collect() };
    for norm in ["model.norm.weight", &layer("input_layernorm"), &layer("post_attention_layernorm")] {
        weights.push((norm.to_owned(), vec![WIDTH], numbers(WIDTH)));
    }
    let matrices = if packed { matrices } else { Vec::new() };
    let mut source = Packing { plain: MemoryTensors::new(weights)?, matrices };
    crate::registry::open(&config, &mut source, device, &Silent).await
}

/// Weights as plain numbers, and some packed too.
struct Packing {
    plain: MemoryTensors,
    matrices: Vec<(String, Packed)>,
}

impl TensorSource for Packing {
    fn tensors(&self) -> &[TensorInfo] {
        self.plain.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.plain.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        self.plain.read(name)
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        Ok(self.matrices.iter().find(|(matrix, _)| matrix == name).map(|(_, packed)| packed.clone()))
    }
}

/// A whole number below 2²⁴.
fn draw(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state >> 8
}

/// A number from −1 to 1.
fn signed_unit(state: &mut u32) -> f32 {
    (draw(state) % 1000) as f32 / 500.0 - 1.0
}

/// These bits of a magnitude with a random sign before them.
fn signed(magnitude: u32, state: &mut u32) -> u16 {
    (((draw(state) % 2) << 15) | magnitude) as u16
}

/// Numbers up to about ±¼.
fn matrix(way: Way, shape: [usize; 2], state: &mut u32) -> Packed {
    let [rows, width] = shape;
    let count = rows * width;
    let codes = match way {
        Way::Four | Way::Eight => {
            let (bits, quants) = if way == Way::Four { (4, 16) } else { (8, 256) };
            let scale = |state: &mut u32| (draw(state) % 100) as f32 / 250.0 / quants as f32;
            let scales: Vec<f32> = (0..count / PACKED_GROUP).map(|_| scale(state)).collect();
            let offsets = scales.iter().map(|scale| -scale * (quants / 2) as f32).collect();
            let quants = (0..count).map(|_| (draw(state) % quants) as u8).collect();
            Codes::Affine { bits, quants, scales, offsets }
        }
        // Some of these are subnormal.
        Way::F16 => Codes::F16((0..count).map(|_| signed(draw(state) % 0x3400, state)).collect()),
        Way::Bf16 => Codes::Bf16((0..count).map(|_| signed(0x3C00 + draw(state) % 0x0280, state)).collect()),
    };
    Packed { shape: shape.to_vec(), codes }
}
