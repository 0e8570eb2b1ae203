//! All attention of a model as steps over all tokens of a case.
//!
//! Where a model has one stack of blocks, a step is a layer and its matrix the layer's map. Where it has an encoder besides,
//! tokens are those of the encoder's text, then those that the decoder has read: a layer of the encoder touches the rows of
//! the former, and a layer of the decoder is two steps over those of the latter, to its own tokens and to the encoder's. So
//! what is defined on a chain of square matrices holds for all models.

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Captures, Hook, Point, Side, run};

use super::Square;
use crate::ExplainError;
use crate::case::{Case, values};

/// Where each side's tokens stand among those of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joint {
    /// Tokens that the encoder reads, where there is one.
    pub before: usize,
    /// All tokens.
    pub tokens: usize,
}

/// One map of attention, or of something of its shape, at its place among all tokens.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub hook: Hook,
    /// The map, with nought in all other rows and columns.
    pub map: Square,
    /// The rows that it touches.
    pub rows: std::ops::Range<usize>,
}

impl Joint {
    pub fn of(case: &Case<'_>) -> Self {
        let before = case.input.source.as_ref().map_or(0, |source| source.dims()[1]);
        Self { before, tokens: case.tokens() }
    }

    /// Puts a map (`[query, key]`, flat) of the place `hook` where it belongs.
    pub fn step(&self, hook: Hook, map: &[f64]) -> Step {
        let (source, own) = (0..self.before, self.before..self.tokens);
        let (rows, columns) = match (hook.side, hook.point) {
            (Side::Encoder, _) => (source.clone(), source),
            (_, Point::CrossPattern | Point::CrossV) => (own, source),
            _ => (own.clone(), own),
        };
        let mut square = Square::zero(self.tokens);
        for (row, from) in rows.clone().zip(map.chunks_exact(columns.len().max(1))) {
            let start = row * self.tokens;
            if let Some(into) = square.values.get_mut(start + columns.start..start + columns.end) {
                into.copy_from_slice(from);
            }
        }
        Step { hook, map: square, rows }
    }
}

impl Step {
    /// ½ of the map and ½ of where one is, in the rows that it touches; one stays where one is in all others. Rows sum to one
    /// where the map's do.
    pub fn with_residual(&self) -> Square {
        let mut square = self.map.clone();
        for (row, values) in square.values.chunks_exact_mut(square.size.max(1)).enumerate() {
            let is_touched = self.rows.contains(&row);
            if is_touched {
                values.iter_mut().for_each(|value| *value *= 0.5);
            }
            if let Some(own) = values.get_mut(row) {
                *own += if is_touched { 0.5 } else { 1.0 };
            }
        }
        square
    }
}

/// The attention of every layer, the mean over its heads, from the first step up.
pub(crate) async fn means(case: &Case<'_>) -> Result<Vec<Step>, ExplainError> {
    let run = run::run(case.model, case.input.clone(), Capture::patterns(), case.pulse).await?;
    let means = patterns(&run.captures).into_iter().map(|(hook, pattern)| (hook, pattern.mean_dim(1)));
    steps(case, means.collect()).await
}

/// Every pattern that was kept, from the first step up: each `[batch, head, query, key]`.
pub(crate) fn patterns(captures: &Captures) -> Vec<(Hook, Tensor<4>)> {
    let mut all: Vec<_> = captures.all(Point::Pattern).chain(captures.all(Point::CrossPattern)).collect();
    all.sort_by_key(|(hook, _)| *hook);
    all
}

/// Maps that are still on the device, each `[1, 1, query, key]`, as steps.
pub(crate) async fn steps(case: &Case<'_>, maps: Vec<(Hook, Tensor<4>)>) -> Result<Vec<Step>, ExplainError> {
    let joint = Joint::of(case);
    let (hooks, tensors): (Vec<Hook>, Vec<Tensor<4>>) = maps.into_iter().unzip();
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let found = values(transaction).await?;
    Ok(hooks.into_iter().zip(found).map(|(hook, map)| joint.step(hook, &map)).collect())
}
