//! Attention itself, as it is often shown: how much the token that the target is read from looks at each other one.
//!
//! It says where a model looks, not what that does to the target (Jain & Wallace 2019, "Attention is not Explanation";
//! Wiegreffe & Pinter 2019 answer).

use headlight_models::{Capture, Side, run};

use crate::ExplainError;
use crate::attention::{Square, joint};
use crate::case::Case;

/// The attention of one head of the layer `layer`, or the mean over all its heads, in the rows that the target is read from:
/// one number for each token of the case, of 0 to 1. In an encoder-decoder model it is the decoder's layer, to its own tokens
/// and to those of the encoder; each sums to one.
///
/// # Errors
/// [`ExplainError::NoSuchLayer`] and [`ExplainError::NoSuchHead`]; others where a run fails or was cancelled.
pub async fn attention(case: &Case<'_>, layer: Option<usize>, head: Option<usize>) -> Result<Vec<f64>, ExplainError> {
    let (layer, head) = case.place(layer, head)?;
    let layer = layer.unwrap_or_else(|| case.model.architecture().layers.saturating_sub(1));
    let run = run::run(case.model, case.input.clone(), Capture::patterns(), case.pulse).await?;
    let maps = joint::patterns(&run.captures)
        .into_iter()
        .filter(|(hook, _)| hook.layer == layer && hook.side != Side::Encoder)
        .map(|(hook, pattern)| {
            let map = match head {
                Some(head) => pattern.narrow(1, head, 1),
                None => pattern.mean_dim(1),
            };
            (hook, map)
        });
    let steps = joint::steps(case, maps.collect()).await?;
    let all = steps.iter().fold(Square::zero(case.tokens()), |all, step| all.plus(&step.map));
    Ok(all.column_means(&case.target_rows()))
}
