//! Gradient × input: a first-order estimate of what each token contributes.

use burn::tensor::Tensor;

/// Σ_d x·∂f/∂x for every token, signed (Shrikumar et al. 2016; Captum's `InputXGradient`, summed over the width).
///
/// `embeddings` and `gradient` are `[batch, token, width]`; the result `[batch, token]`, in units of the target.
#[must_use]
pub fn grad_x_input(embeddings: Tensor<3>, gradient: Tensor<3>) -> Tensor<2> {
    (embeddings * gradient).sum_dim(2).squeeze_dim(2)
}
