//! The pieces that families share: reading weights onto the device, and the operations of a block.

use burn::tensor::{Device, Tensor, TensorData};
use headlight_weights::TensorSource;

use crate::error::ModelError;
use crate::hook::{Captures, Point};
use crate::host::{self, softmax};
use crate::pulse::{Pulse, Stage};
use crate::transformer::Frame;

/// Added to a score that a query may not see. Large enough that its softmax is exactly zero in `f32`, and finite, since
/// WGSL gives infinities no meaning.
pub const MASKED: f32 = -1e9;

/// Reads weights one at a time, checks each, and puts it onto the device.
pub struct Loader<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
    pulse: &'a dyn Pulse,
    done: usize,
    total: usize,
}

impl<'a> Loader<'a> {
    pub fn new(source: &'a mut dyn TensorSource, device: &'a Device, pulse: &'a dyn Pulse) -> Self {
        let total = source.tensors().len();
        Self { source, device, pulse, done: 0, total }
    }

    /// The values of one weight, row-major, after its shape has been found to be `expected`.
    pub async fn values(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, ModelError> {
        let tensor = self.source.read(name)?;
        if tensor.shape != expected {
            let (name, found, expected) = (name.to_owned(), tensor.shape, expected.to_vec());
            return Err(ModelError::Shape { name, found, expected });
        }
        if !tensor.values.iter().all(|value| value.is_finite()) {
            return Err(ModelError::NotFinite(name.to_owned()));
        }
        self.done += 1;
        self.pulse.beat(Stage::Unpack, self.done.min(self.total), self.total).await?;
        Ok(tensor.values)
    }

    pub fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    /// A weight of rank 2 as it is in the file.
    pub async fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Tensor<2>, ModelError> {
        let values = self.values(name, &[rows, columns]).await?;
        Ok(self.tensor(values, [rows, columns]))
    }

    /// A weight of rank 1.
    pub async fn vector(&mut self, name: &str, length: usize) -> Result<Tensor<1>, ModelError> {
        let values = self.values(name, &[length]).await?;
        Ok(self.tensor(values, [length]))
    }
}

/// Several weights `[out, in]` as the one matrix `[in, all outs]` of a single product.
pub struct Fused {
    width: usize,
    values: Vec<f32>,
}

impl Fused {
    pub fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    /// Appends the rows of `values`, each `width` long.
    pub fn push(&mut self, values: Vec<f32>) {
        if self.values.is_empty() {
            self.values = values;
        } else {
            self.values.extend(values);
        }
    }

    /// Multiplies column `i` by `scale[i]`: a norm's weight folded into the product that follows it.
    pub fn scale_columns(mut self, scale: &[f32]) -> Self {
        for row in self.values.chunks_exact_mut(self.width) {
            row.iter_mut().zip(scale).for_each(|(value, scale)| *value *= scale);
        }
        self
    }

    pub fn linear(self, bias: Option<Vec<f32>>, loader: &Loader<'_>) -> Linear {
        let (width, rows) = (self.width, self.values.len() / self.width.max(1));
        let panel = if host::is(loader.device) && rows.is_multiple_of(PANEL) { PANEL } else { rows.max(1) };
        let mut transposed = vec![0.0; self.values.len()];
        for (row, values) in self.values.chunks_exact(width).enumerate() {
            let start = row / panel * panel * width + row % panel;
            for (column, value) in values.iter().enumerate() {
                transposed[start + column * panel] = *value;
            }
        }
        Linear {
            weight: loader.tensor(transposed, [rows / panel, width, panel]),
            bias: bias.map(|bias| loader.tensor(bias, [1, rows])),
        }
    }
}

/// How many columns of a weight lie together on the CPU. A matrix product there goes through a few columns at a time;
/// in one large row-major matrix each step would be on another page of memory, in a panel it is the next cache line.
/// Narrow panels suit WebAssembly's narrow vectors; wide ones leave less to add up on the way back. Both were measured.
const PANEL: usize = if cfg!(target_arch = "wasm32") { 48 } else { 192 };

/// x·W + b.
#[derive(Debug)]
pub struct Linear {
    /// `[panel, in, columns of a panel]`: one panel with all columns, or several on the CPU.
    weight: Tensor<3>,
    /// `[1, out]`.
    bias: Option<Tensor<2>>,
}

impl Linear {
    /// `[batch, token, in]` to `[batch, token, out]`.
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = input.dims();
        let [panels, _, columns] = self.weight.dims();
        self.rows(input.reshape([batch * tokens, width])).reshape([batch, tokens, panels * columns])
    }

    /// `[row, in]` to `[row, out]`.
    pub fn rows(&self, input: Tensor<2>) -> Tensor<2> {
        let [rows, width] = input.dims();
        let [panels, _, columns] = self.weight.dims();
        let product = if panels == 1 {
            input.matmul(self.weight.clone().reshape([width, columns]))
        } else {
            let product = input.reshape([1, rows, width]).matmul(self.weight.clone());
            product.swap_dims(0, 1).reshape([rows, panels * columns])
        };
        match &self.bias {
            Some(bias) => product + bias.clone(),
            None => product,
        }
    }
}

/// x / √(mean(x²) + ε) over the last dimension. The weight is folded into what follows.
pub fn rms_norm<const D: usize>(input: Tensor<D>, epsilon: f64) -> Tensor<D> {
    let mean_square = input.clone().square().mean_dim(D - 1);
    input / (mean_square + epsilon).sqrt()
}

/// The frame's mask for a decoder: a token sees itself and those before it.
pub fn causal_mask(tokens: usize, device: &Device) -> Tensor<4> {
    let mut values = vec![0.0_f32; tokens * tokens];
    for (row, values) in values.chunks_exact_mut(tokens).enumerate() {
        values[row + 1..].fill(MASKED);
    }
    Tensor::from_data(TensorData::new(values, [1, 1, tokens, tokens]), device)
}

/// Attention written out: scores, pattern and z are ours to keep.
///
/// `q` is `[batch, token, head, head width]`, `k` and `v` are `[batch, token, key-value head, head width]`; the result is
/// `[batch, token, head · head width]`. Query head h reads key-value head h / (heads / key-value heads).
pub fn attention(
    layer: usize,
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    frame: &Frame,
    captures: &mut Captures,
) -> Tensor<3> {
    let [batch, tokens, heads, width] = q.dims();
    let [_, keys, groups, _] = k.dims();
    let shared = heads / groups;
    let scale = 1.0 / (width as f64).sqrt();
    // Heads that share a key head stand below each other as more rows of one product, so keys need no copy.
    let q = q.swap_dims(1, 2).reshape([batch, groups, shared * tokens, width]);
    let k = k.permute([0, 2, 3, 1]);
    let v = v.swap_dims(1, 2);
    let scores = (q * scale).matmul(k).reshape([batch, heads, tokens, keys]);
    let scores = match &frame.mask {
        Some(mask) => scores + mask.clone(),
        None => scores,
    };
    captures.by_head(layer, Point::AttnScores, || scores.clone());
    let pattern = softmax(scores);
    captures.by_head(layer, Point::Pattern, || pattern.clone());
    let z = pattern.reshape([batch, groups, shared * tokens, keys]).matmul(v);
    let z = z.reshape([batch, heads, tokens, width]).swap_dims(1, 2);
    captures.by_head(layer, Point::Z, || z.clone());
    z.reshape([batch, tokens, heads * width])
}
