//! Whether a method ranks tokens as leaving them out one by one does.

use headlight_statistics::kendall_tau_b;

use super::{check, coalition};
use crate::ExplainError;
use crate::game::Game;
use crate::removal::Removal;

/// Kendall's τ-b between `scores`, signed, one a unit, and p(x) − p(x without the unit), by mask (ferret's τ-LOO, Attanasio et
/// al. 2023). In [−1, 1], greater is better. None where either has one value throughout, or there are fewer than two units.
///
/// # Errors
/// [`ExplainError::OtherUnits`] where there is not one score for each unit; [`ExplainError`] where a run fails or was
/// cancelled.
pub async fn tau_loo(game: &mut Game<'_>, scores: &[f64]) -> Result<Option<f64>, ExplainError> {
    check(scores, game.units())?;
    let values = game.values(&coalitions(scores.len())).await?;
    Ok(compared(scores, values.into_iter().map(Some)))
}

/// The same by removal, over the units without which something is left to read.
///
/// # Errors
/// As [`tau_loo`].
pub async fn tau_loo_by_removal(texts: &mut Removal<'_>, scores: &[f64]) -> Result<Option<f64>, ExplainError> {
    check(scores, texts.units())?;
    let values = texts.values(&coalitions(scores.len())).await?;
    Ok(compared(scores, values.into_iter()))
}

/// The whole text, then it without each unit.
fn coalitions(units: usize) -> Vec<Vec<bool>> {
    std::iter::once(vec![true; units]).chain((0..units).map(|unit| coalition(units, &[unit], false))).collect()
}

fn compared(scores: &[f64], mut values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let full = values.next()??;
    let (mut ours, mut lost) = (Vec::with_capacity(scores.len()), Vec::with_capacity(scores.len()));
    for (score, value) in scores.iter().zip(values) {
        if let Some(value) = value {
            ours.push(*score);
            lost.push(full - value);
        }
    }
    kendall_tau_b(&ours, &lost)
}
