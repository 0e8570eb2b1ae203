//! Occlusion: what the target loses when a token is replaced, or taken out.

use super::baseline::{replaced, token};
use crate::ExplainError;
use crate::case::Case;
use crate::removal::Removal;

/// f(x) − f(x with the token replaced by the token `by`) for every token of the case, special ones too: signed, in units of
/// the target (Zeiler & Fergus 2014; Captum's `Occlusion` with a window of one token).
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn occlusion(case: &Case<'_>, by: u32) -> Result<Vec<f64>, ExplainError> {
    let instead = token(case, by);
    let tokens = case.tokens();
    // The text as it is comes first.
    let mask = |gone: usize| -> Vec<bool> { (0..tokens).map(|token| token + 1 != gone).collect() };
    let mut values = Vec::with_capacity(tokens + 1);
    for (range, part) in case.batches(tokens + 1, 1) {
        let masks: Vec<Vec<bool>> = range.map(mask).collect();
        values.extend(case.values(replaced(case.input, &instead, &masks), &part).await?);
    }
    let full = values.first().copied().unwrap_or(f64::NAN);
    Ok(values.into_iter().skip(1).map(|value| full - value).collect())
}

/// f(x) − f(x with the token taken out, the others closing up) for every token of the case: leave-one-out. None where the
/// target cannot be read without the token, or nothing would be left to read.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn removal(case: &Case<'_>) -> Result<Vec<Option<f64>>, ExplainError> {
    let tokens = case.tokens();
    let units: Vec<Vec<usize>> = (0..tokens).map(|token| vec![token]).collect();
    // The text as it is comes first.
    let without = |gone: usize| (0..tokens).map(|token| token + 1 != gone).collect();
    let coalitions: Vec<Vec<bool>> = (0..=tokens).map(without).collect();
    let mut values = Removal::new(case, &units).values(&coalitions).await?.into_iter();
    let full = values.next().flatten();
    Ok(values.map(|value| Some(full? - value?)).collect())
}
