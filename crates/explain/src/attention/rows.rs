//! Where some tokens look: rows of one head's map, or of the mean of a layer's, without the rest of what a run has.

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Input, Pulse, Transformer, run};

use super::Maps;
use super::heads::Attends;
use crate::ExplainError;
use crate::case::{lost, values};

/// The rows of `queries` in the map of a layer's head, or in the mean over its heads where none is named, each over the keys that
/// its query sees, so that it sums to one: one run forward of `input` (a batch of one) that keeps that layer alone.
///
/// # Errors
/// [`ExplainError::NoSuchLayer`], [`ExplainError::NoSuchHead`] and [`ExplainError::NoSuchPosition`]; others where the run fails or
/// was cancelled.
pub async fn rows(
    model: &dyn Transformer,
    input: Input,
    attends: Attends,
    (layer, head): (usize, Option<usize>),
    queries: std::ops::Range<usize>,
    pulse: &dyn Pulse,
) -> Result<Vec<Vec<f64>>, ExplainError> {
    let Attends { side, is_cross, layers, heads } = attends;
    if layer >= layers {
        return Err(ExplainError::NoSuchLayer { layer, layers });
    }
    if let Some(head) = head.filter(|head| *head >= heads) {
        return Err(ExplainError::NoSuchHead { head, heads });
    }
    let point = attends.pattern(layer).point;
    let run = run::run(model, input, Capture::of([point]).at_layer(layer), pulse).await?;
    // What was kept is that one layer.
    let maps = Maps::of(&run.captures, side, point).ok_or_else(lost)?;
    let [_, tokens, keys] = maps.size();
    if queries.end > tokens {
        return Err(ExplainError::NoSuchPosition { position: queries.end - 1, tokens });
    }
    let map: Tensor<3> = match head {
        Some(head) => maps.heads(0, &[head], tokens.max(keys), None)?,
        None => maps.mean(Some(0), None)?,
    };
    let wanted = map.narrow(1, queries.start, queries.len());
    let [found] =
        <[Vec<f64>; 1]>::try_from(values(Transaction::default().register(wanted)).await?).map_err(|_| lost())?;
    let looks_ahead = is_cross || !model.architecture().causal;
    let seen = |query: usize| if looks_ahead { keys } else { (query + 1).min(keys) };
    Ok(queries
        .zip(found.chunks(keys.max(1)))
        .map(|(query, row)| row.iter().take(seen(query)).copied().collect())
        .collect())
}
