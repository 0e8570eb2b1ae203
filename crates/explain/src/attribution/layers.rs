//! Gradient times activation at every layer and head: what backpropagation shows on its way down (Captum's
//! `LayerGradientXActivation`; at the embeddings it is gradient times input).

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Point, Side};

use crate::ExplainError;
use crate::case::{Case, values};

/// One stack of blocks. All numbers are signed, and in units of the target.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerValues {
    /// Which stack.
    pub side: Side,
    /// Layers.
    pub layers: usize,
    /// Heads a layer; none where a stack has no attention to its own tokens.
    pub heads: usize,
    /// Tokens.
    pub tokens: usize,
    /// Σ_width a·∂f/∂a at what each layer gives on (`hook_resid_post`, or `hook_normalized_resid_post` where a family normalises
    /// after adding): `[layer, token]`.
    pub outputs: Vec<f64>,
    /// The same at each head's `hook_z`: `[layer, head, token]`.
    pub z: Vec<f64>,
}

/// Gradient times activation of the case's target at every layer's output and every head's z, for each stack, the encoder
/// first. Where each block begins with a norm, an output's numbers all but vanish at tokens that are only read through norms:
/// a norm does not see its input's length.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn layers(case: &Case<'_>) -> Result<Vec<LayerValues>, ExplainError> {
    let (captures, gradients) = case.inside(Capture::of([Point::Z]).with_gradients([Point::Z])).await?;
    let mut found = Vec::with_capacity(2);
    for side in [Side::Only, Side::Encoder, Side::Decoder] {
        let outputs = gradients.inside.outputs.iter().filter(|((of, _), _)| *of == side);
        let outputs: Vec<Tensor<3>> =
            outputs.map(|(_, [activation, gradient])| (activation.clone() * gradient.clone()).sum_dim(2)).collect();
        let Some([_, tokens, _]) = outputs.first().map(Tensor::dims) else { continue };
        let z: Vec<Tensor<4>> = captures
            .all(Point::Z)
            .filter(|(hook, _)| hook.side == side)
            .filter_map(|(hook, z)| Some((z * gradients.inside.by_head.get(&hook)?.clone()).sum_dim(3).swap_dims(1, 2)))
            .collect();
        let heads = z.first().map_or(0, |z| z.dims()[1]);
        let layers = outputs.len();
        let mut transaction = Transaction::default().register(Tensor::cat(outputs, 0));
        if heads > 0 {
            transaction = transaction.register(Tensor::cat(z, 0));
        }
        let mut read = values(transaction).await?.into_iter();
        let (outputs, z) = (read.next().unwrap_or_default(), read.next().unwrap_or_default());
        found.push(LayerValues { side, layers, heads, tokens, outputs, z });
    }
    Ok(found)
}
