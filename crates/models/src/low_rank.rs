//! Low-rank adapters (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): a frozen product gets a
//! trained addition of small rank, x·W + scale·(x·A)·B. As in the PEFT library, scale is `lora_alpha / r`.

use burn::tensor::Tensor;

use crate::linear::Linear;

/// What is added to one product. Tracked while it is trained, plain otherwise.
#[derive(Clone, Debug)]
pub struct LowRank {
    /// A, `[in, part · rank]`. A product that stands for several weights beside each other (query, key and value) has a
    /// part for each, so that each has an A and a B of its own; any other has one.
    pub down: Tensor<2>,
    /// B, `[part, rank, out of one part]`.
    pub up: Tensor<3>,
    /// What the addition is multiplied with.
    pub scale: f64,
}

impl LowRank {
    /// `[row, in]` to `[row, out]`.
    #[must_use]
    pub fn rows(&self, input: Tensor<2>) -> Tensor<2> {
        let [rows, _] = input.dims();
        let [parts, rank, width] = self.up.dims();
        // Scaled where it is narrowest.
        let narrow = input.matmul(self.down.clone()) * self.scale;
        if parts == 1 {
            return narrow.matmul(self.up.clone().reshape([rank, width]));
        }
        let wide = narrow.reshape([rows, parts, rank]).swap_dims(0, 1).matmul(self.up.clone());
        wide.swap_dims(0, 1).reshape([rows, parts * width])
    }
}

/// A product of a model that can be adapted.
#[derive(Debug)]
pub struct Product<'a> {
    /// The modules that it stands for, as the checkpoint names them, in the order of their outputs, each with as many
    /// outputs as the others.
    pub modules: Vec<String>,
    /// The product.
    pub linear: &'a mut Linear,
}
