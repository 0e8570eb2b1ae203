//! Saliency: how much the target would move if a token's embedding moved a little.

use burn::tensor::Tensor;

/// ‖∂f/∂x_i‖₂ for every token, never negative (Simonyan et al. 2014, "Deep inside convolutional networks"; the L2 norm as
/// in LIT and Inseq, where Captum's `Saliency` gives the absolute gradient without a norm).
///
/// `gradient` is `[batch, token, width]`; the result `[batch, token]`, in units of the target per unit of embedding
/// length.
#[must_use]
pub fn saliency(gradient: Tensor<3>) -> Tensor<2> {
    gradient.square().sum_dim(2).sqrt().squeeze_dim(2)
}
