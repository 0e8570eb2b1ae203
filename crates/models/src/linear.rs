//! Products with weights.

use burn::tensor::Tensor;

use crate::error::ModelError;
use crate::host;
use crate::loader::Loader;
use crate::low_rank::LowRank;

/// Several weights `[out, in]` as the one matrix `[in, all outs]` of a single product.
pub struct Fused {
    width: usize,
    values: Vec<f32>,
}

impl Fused {
    /// Nothing yet, of rows `width` long.
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

    /// Puts the product, with a bias of `[all outs]`, onto the device.
    pub fn linear(self, bias: Option<Vec<f32>>, loader: &Loader<'_>) -> Linear {
        let (width, rows) = (self.width, self.values.len() / self.width.max(1));
        let panel = if host::is(loader.device()) && rows.is_multiple_of(PANEL) { PANEL } else { rows.max(1) };
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
            adapter: None,
        }
    }
}

/// How many columns of a weight lie together on the CPU; see [`host::product`]. Measured there.
const PANEL: usize = 48;

/// x·W + b, and where there is an adapter, its low-rank addition to W.
#[derive(Debug)]
pub struct Linear {
    /// `[panel, in, columns of a panel]`: one panel with all columns, or several on the CPU.
    weight: Tensor<3>,
    /// `[1, out]`.
    bias: Option<Tensor<2>>,
    adapter: Option<LowRank>,
}

impl Linear {
    /// Reads `{name}.weight` (`[out, in]`) and, where the file has it, `{name}.bias` (`[out]`).
    ///
    /// # Errors
    /// [`ModelError`] where a weight is not as expected.
    pub async fn open(name: &str, out: usize, width: usize, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let mut weight = Fused::new(width);
        weight.push(loader.values(&format!("{name}.weight"), &[out, width]).await?);
        let bias = format!("{name}.bias");
        let bias = if loader.has(&bias) { Some(loader.values(&bias, &[out]).await?) } else { None };
        Ok(weight.linear(bias, loader))
    }

    /// `[batch, token, in]` to `[batch, token, out]`.
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = input.dims();
        let [panels, _, columns] = self.weight.dims();
        self.rows(input.reshape([batch * tokens, width])).reshape([batch, tokens, panels * columns])
    }

    /// Sets or takes away what is added to the product. Its sizes have to be those of [`Linear::sizes`].
    pub fn adapt(&mut self, adapter: Option<LowRank>) {
        self.adapter = adapter;
    }

    /// How many values go in and come out.
    #[must_use]
    pub fn sizes(&self) -> [usize; 2] {
        let [panels, width, columns] = self.weight.dims();
        [width, panels * columns]
    }

    /// `[row, in]` to `[row, out]`.
    pub fn rows(&self, input: Tensor<2>) -> Tensor<2> {
        let added = self.adapter.as_ref().map(|adapter| adapter.rows(input.clone()));
        let product = host::product(input, self.weight.clone(), self.bias.clone());
        match added {
            Some(added) => product + added,
            None => product,
        }
    }
}
