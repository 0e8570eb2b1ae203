//! The queries and keys of one head, number by number: what BertViz's neuron view shows (Vig 2019).

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Hook, Input, Point, Pulse, Transformer, run};

use super::heads::Attends;
use crate::ExplainError;
use crate::case::{lost, values};

/// One head's queries and keys, as they are multiplied: after rotation where a family rotates them.
#[derive(Clone, Debug, PartialEq)]
pub struct Neurons {
    /// How many queries, how many keys, and of how many numbers each is.
    pub shape: [usize; 3],
    /// `[query, number]`.
    pub queries: Vec<f64>,
    /// `[key, number]`. Where query heads share a key head, the one that this head reads.
    pub keys: Vec<f64>,
    /// `[query, key]`: the scores, whose softmax is the head's map. A score is the sum of the products of a query's and a key's
    /// numbers, times the family's factor (1/√(head width) most times), plus what the family adds for their places. One that a
    /// query may not see is about −10⁹.
    pub scores: Vec<f64>,
}

/// Queries, keys and scores of head `head` of layer `layer` among `attends`: one run forward that keeps that layer alone.
///
/// # Errors
/// [`ExplainError::NoSuchLayer`] and [`ExplainError::NoSuchHead`]; others where the run fails or was cancelled.
pub async fn neurons(
    model: &dyn Transformer,
    input: Input,
    attends: Attends,
    (layer, head): (usize, usize),
    pulse: &dyn Pulse,
) -> Result<Neurons, ExplainError> {
    let Attends { side, is_cross, layers, heads } = attends;
    if layer >= layers {
        return Err(ExplainError::NoSuchLayer { layer, layers });
    }
    if head >= heads {
        return Err(ExplainError::NoSuchHead { head, heads });
    }
    let (queries, keys, scores) = match is_cross {
        true => ([Point::CrossQ; 2], [Point::CrossK; 2], Point::CrossAttnScores),
        false => ([Point::RotQ, Point::Q], [Point::RotK, Point::K], Point::AttnScores),
    };
    let capture = Capture::of(queries.into_iter().chain(keys).chain([scores])).at_layer(layer);
    let run = run::run(model, input, capture, pulse).await?;
    let found = |points: &[Point]| {
        let of = |point: &Point| run.captures.get_by_head(Hook { side, layer, point: *point });
        points.iter().find_map(of).ok_or_else(lost)
    };
    let [queries, keys, scores] = [found(&queries)?, found(&keys)?, found(&[scores])?];
    let [_, _, groups, _] = keys.dims();
    // Query head h of H reads key head ⌊h·K/H⌋ of K.
    let queries = one(queries, 2, head);
    let keys = one(keys, 2, head * groups / heads.max(1));
    let scores = one(scores, 1, head);
    let shape = [queries.0[0], keys.0[0], queries.0[1]];
    let transaction = Transaction::default().register(queries.1).register(keys.1).register(scores.1);
    let [queries, keys, scores] = values(transaction).await?.try_into().map_err(|_| lost())?;
    Ok(Neurons { shape, queries, keys, scores })
}

/// One head of the first text, of a tensor whose heads are dimension `dimension`; with its two sizes.
fn one(tensor: Tensor<4>, dimension: usize, head: usize) -> ([usize; 2], Tensor<2>) {
    let tensor = tensor.narrow(0, 0, 1).narrow(dimension, head, 1);
    let [_, a, b, c] = tensor.dims();
    let sizes = if dimension == 1 { [b, c] } else { [a, c] };
    (sizes, tensor.reshape(sizes))
}
