//! A decoder whose weights are packed, in each way that there is.

use burn::tensor::{Device, Tensor};

use headlight_models::run::run;
use headlight_models::{Batch, Capture, Config, Silent, Transformer, open};
use headlight_weights::{Codes, MemoryTensors, PACKED_GROUP, Packed, TensorInfo, TensorSource, WeightsError};

/// Wide enough for its products to be whole panels of packed columns.
const WIDTH: usize = 96;
const VOCABULARY: usize = 64;

/// How weights may be packed.
pub const WAYS: [Way; 4] = [Way::Four, Way::Eight, Way::F16, Way::Bf16];

#[derive(Clone, Copy, Debug)]
pub enum Way {
    Four,
    Eight,
    F16,
    Bf16,
}

/// The weights as plain numbers, and packed where `packed` says so.
struct Packing {
    plain: MemoryTensors,
    matrices: Vec<(String, Packed)>,
    packed: bool,
}

impl TensorSource for Packing {
    fn tensors(&self) -> &[TensorInfo] {
        self.plain.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.plain.info(name)
    }

    fn read(&mut self, name: &str) -> Result<headlight_weights::Tensor, WeightsError> {
        self.plain.read(name)
    }

    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        let mut matrices = self.matrices.iter();
        Ok(matrices.find(|(matrix, _)| self.packed && matrix == name).map(|(_, packed)| packed.clone()))
    }
}

/// Whole numbers that look random.
fn draw(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state >> 8
}

/// These bits of a magnitude with a random sign before them.
fn signed(magnitude: u32, state: &mut u32) -> u16 {
    (((draw(state) % 2) << 15) | magnitude) as u16
}

fn matrix(way: Way, shape: [usize; 2], state: &mut u32) -> Packed {
    let [rows, width] = shape;
    let count = rows * width;
    let codes = match way {
        Way::Four | Way::Eight => {
            let bits = if matches!(way, Way::Four) { 4 } else { 8 };
            let quants = (0..count).map(|_| (draw(state) % (1 << bits)) as u8).collect();
            let scales: Vec<f32> =
                (0..count / PACKED_GROUP).map(|_| (draw(state) % 100) as f32 / 250.0 / (1 << bits) as f32).collect();
            let offsets = scales.iter().map(|scale| -scale * (1 << (bits - 1)) as f32).collect();
            Codes::Affine { bits, quants, scales, offsets }
        }
        // All up to ±¼, of which some are subnormal.
        Way::F16 => Codes::F16((0..count).map(|_| signed(draw(state) % 0x3400, state)).collect()),
        Way::Bf16 => Codes::Bf16((0..count).map(|_| signed(0x3C00 + draw(state) % 0x0280, state)).collect()),
    };
    Packed { shape: shape.to_vec(), codes }
}

async fn llama(way: Way, packed: bool) -> Box<dyn Transformer> {
    let config = Config::from_json(
        br#"{"model_type":"llama","hidden_size":96,"intermediate_size":192,"num_hidden_layers":1,
        "num_attention_heads":2,"num_key_value_heads":1,"vocab_size":64,"rope_theta":10000.0,"rms_norm_eps":1e-5,
        "max_position_embeddings":64}"#,
    )
    .unwrap();
    let mut state = 1;
    let layer = |part: &str| format!("model.layers.0.{part}.weight");
    let shapes = [
        ("self_attn.q_proj", [WIDTH, WIDTH]),
        ("self_attn.k_proj", [WIDTH / 2, WIDTH]),
        ("self_attn.v_proj", [WIDTH / 2, WIDTH]),
        ("self_attn.o_proj", [WIDTH, WIDTH]),
        ("mlp.gate_proj", [2 * WIDTH, WIDTH]),
        ("mlp.up_proj", [2 * WIDTH, WIDTH]),
        ("mlp.down_proj", [WIDTH, 2 * WIDTH]),
    ];
    let matrices: Vec<_> = shapes.map(|(part, shape)| (layer(part), matrix(way, shape, &mut state))).into();
    let mut weights: Vec<_> =
        matrices.iter().map(|(name, packed)| (name.clone(), packed.shape.clone(), packed.values())).collect();
    let mut numbers =
        |count: usize| (0..count).map(|_| (draw(&mut state) % 1000) as f32 / 500.0 - 1.0).collect::<Vec<_>>();
    weights.push(("model.embed_tokens.weight".to_owned(), vec![VOCABULARY, WIDTH], numbers(VOCABULARY * WIDTH)));
    for norm in ["model.norm.weight", &layer("input_layernorm"), &layer("post_attention_layernorm")] {
        weights.push((norm.to_owned(), vec![WIDTH], numbers(WIDTH)));
    }
    let mut source = Packing { plain: MemoryTensors::new(weights).unwrap(), matrices, packed };
    open(&config, &mut source, &Device::flex(), &Silent).await.unwrap()
}

/// What the model computes, and the gradient of its sum by the embeddings.
async fn values(way: Way, packed: bool) -> [Vec<f32>; 2] {
    let model = llama(way, packed).await;
    let embeddings = model.embed(&Batch::one(&[3, 14, 15, 9, 26, 5, 35])).autodiff().require_grad();
    let hidden = run(model.as_ref(), embeddings.clone(), Capture::none(), &Silent).await.unwrap().hidden;
    let gradients = hidden.clone().powi_scalar(3).sum().backward();
    let floats = |tensor: Tensor<3>| tensor.into_data().try_into_vec::<f32>().unwrap();
    [floats(hidden.inner()), floats(embeddings.grad(&gradients).unwrap())]
}

/// The greatest of ‖a − b‖ / ‖b‖ of what the model computes and of its gradient, packed (a) against plain (b).
pub async fn off(way: Way) -> f32 {
    let (ours, plain) = (values(way, true).await, values(way, false).await);
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let pairs = ours.iter().zip(&plain);
    pairs
        .map(|(a, b)| norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()))
        .fold(0.0, |worst, off| if off <= worst { worst } else { off })
}
