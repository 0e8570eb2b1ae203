//! Attention rollout (Abnar & Zuidema 2020): attention multiplied through all layers.

use crate::ExplainError;
use crate::attention::{Square, joint};
use crate::case::Case;

/// Ã = A_L···A_1 with A_l = ½·(the mean over heads of layer l's attention) + ½·I: how much of each token each last hidden state
/// would have if tokens only mixed. Rows sum to one. `[token, token]`.
///
/// An encoder's output is what a decoder looks at, so there a row goes on through the encoder's layers.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn rollout_map(case: &Case<'_>) -> Result<Square, ExplainError> {
    let steps = joint::means(case).await?;
    Ok(steps.iter().fold(Square::identity(case.tokens()), |below, step| step.with_residual().multiply(&below)))
}

/// The mean of [`rollout_map`]'s columns over the rows that the target is read from: one number for each token of the case, of
/// 0 to 1, which sum to one.
///
/// # Errors
/// As [`rollout_map`].
pub async fn attention_rollout(case: &Case<'_>) -> Result<Vec<f64>, ExplainError> {
    Ok(rollout_map(case).await?.column_means(&case.target_rows()))
}
