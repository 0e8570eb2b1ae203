//! Attention times its gradient, multiplied through all layers (Chefer, Gur & Wolf 2021, "Generic Attention-model
//! Explainability", the rule for self-attention).

use headlight_models::{Capture, Point};

use crate::ExplainError;
use crate::attention::{Square, joint};
use crate::case::Case;

/// R − I, where R starts as I and becomes R + Ā_l·R from the first layer up, with Ā_l = the mean over heads of max(0, ∂f/∂A ⊙
/// A), A being the attention after its softmax. `[token, token]`, in units of the target's change.
///
/// A decoder's attention to an encoder has the same rule: rows of its tokens, columns of the encoder's. (The paper's rule
/// for that multiplies with the decoder's own relevance from the left besides; here it comes in by the layers that follow.)
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn attention_gradient_map(case: &Case<'_>) -> Result<Square, ExplainError> {
    let capture = Capture::patterns().with_gradients([Point::Pattern, Point::CrossPattern]);
    let (captures, gradients) = case.inside(capture).await?;
    let products = joint::patterns(&captures).into_iter().filter_map(|(hook, pattern)| {
        let gradient = gradients.inside.by_head.get(&hook)?.clone();
        Some((hook, (gradient * pattern).clamp_min(0.0).mean_dim(1)))
    });
    let steps = joint::steps(case, products.collect()).await?;
    let identity = Square::identity(case.tokens());
    let mut relevance = identity.clone();
    for step in &steps {
        let more = step.map.multiply(&relevance);
        relevance = relevance.plus(&more);
    }
    relevance.values.iter_mut().zip(&identity.values).for_each(|(value, own)| *value -= own);
    Ok(relevance)
}

/// The mean of [`attention_gradient_map`]'s columns over the rows that the target is read from: one number for each token of
/// the case, never negative.
///
/// # Errors
/// As [`attention_gradient_map`].
pub async fn attention_gradient(case: &Case<'_>) -> Result<Vec<f64>, ExplainError> {
    Ok(attention_gradient_map(case).await?.column_means(&case.target_rows()))
}
