//! What the target loses when a part of the model is taken out.

use crate::ExplainError;
use crate::attention::{Attends, ByHead, ByLayer, stacks};
use crate::case::Case;
use crate::intervention::{Part, each_alone};
use crate::sweep::Sweep;

/// The effect of every head and every MLP.
#[derive(Clone, Debug, PartialEq)]
pub struct Ablation {
    /// The target for the model as it is, f(x).
    pub value: f64,
    /// f(x) − f(x with the head's z scaled), signed, in units of the target.
    pub heads: Vec<ByHead>,
    /// The same of what each MLP adds to the residual.
    pub mlps: Vec<ByLayer>,
}

/// The mean of several texts' effects, all of one model. None where there are none.
#[must_use]
pub fn mean(all: &[Ablation]) -> Option<Ablation> {
    let (first, others) = all.split_first()?;
    let count = all.len() as f64;
    let mut found = first.clone();
    for other in others {
        found.value += other.value;
        for (one, other) in found.heads.iter_mut().zip(&other.heads) {
            one.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        }
        for (one, other) in found.mlps.iter_mut().zip(&other.mlps) {
            one.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        }
    }
    let values = found.heads.iter_mut().flat_map(|one| &mut one.values);
    values.chain(found.mlps.iter_mut().flat_map(|one| &mut one.values)).for_each(|sum| *sum /= count);
    found.value /= count;
    Some(found)
}

/// Multiplies the z of every head, and what every MLP adds (its bias included), with `factor`, one at a time and at all tokens,
/// and says what the target loses by it. Nought is zero-ablation, one changes nothing (Michel et al. 2019; TransformerLens'
/// hooks `hook_z` and `hook_mlp_out`). One run for each part, and one for the text as it is.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn ablation(case: &Case<'_>, factor: f64) -> Result<Ablation, ExplainError> {
    let attends = Attends::of(case.model);
    let heads = attends.iter().flat_map(|attends| {
        let place = |index: usize| (index / attends.heads.max(1), index % attends.heads.max(1));
        (0..attends.count()).map(place).map(|(layer, head)| Part::Head { attends: *attends, layer, head })
    });
    let stacks: Vec<_> =
        stacks(case.model).into_iter().map(|(side, stack)| (side, stack.architecture().layers)).collect();
    let mlps = stacks.iter().flat_map(|(side, layers)| (0..*layers).map(|layer| Part::Mlp { side: *side, layer }));
    let parts: Vec<Part> = heads.chain(mlps).collect();
    let sweep = Sweep::new(case).await?;
    let value = sweep.value;
    let mut losses = Vec::with_capacity(parts.len());
    for (range, pulse) in case.batches(parts.len(), 1) {
        let some = parts.get(range).unwrap_or_default();
        let changed = sweep.values(some.len(), each_alone(case, some, factor), &pulse).await?;
        losses.extend(changed.into_iter().map(|changed| value - changed));
    }
    let mut losses = losses.into_iter();
    let heads = attends
        .into_iter()
        .map(|attends| ByHead { attends, values: losses.by_ref().take(attends.count()).collect() })
        .collect();
    let mlps = stacks
        .into_iter()
        .map(|(side, layers)| ByLayer { side, values: losses.by_ref().take(layers).collect() })
        .collect();
    Ok(Ablation { value, heads, mlps })
}
