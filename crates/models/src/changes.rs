//! What is changed of a run, place by place.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::hook::{Hook, Point};

/// What stands for a sum of nought, so that a row of which nothing is left is not divided by it.
const NOTHING: f64 = 1e-30;

/// What is changed of a run, by the names of the places. Tensors have the dimensions that [`Point`] says, or 1 in their place,
/// the batch included. What is asked for at one place after the other happens there in that order.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    by_head: BTreeMap<Hook, Change<4>>,
    residual: BTreeMap<Hook, Change<3>>,
    /// 1 for keys that may be seen, 0 for others: `[batch, 1, 1, key]`.
    seen: BTreeMap<Hook, Tensor<4>>,
}

/// x becomes x · factor + added.
#[derive(Clone, Debug)]
struct Change<const D: usize> {
    factor: Tensor<D>,
    added: Option<Tensor<D>>,
}

impl<const D: usize> Change<D> {
    /// First this, then `next`.
    fn then(self, next: Self) -> Self {
        let before = self.added.map(|added| added * next.factor.clone());
        let added = match (before, next.added) {
            (Some(before), Some(added)) => Some(before + added),
            (before, added) => before.or(added),
        };
        Self { factor: self.factor * next.factor, added }
    }

    /// There the numbers of `other` stand, everywhere else what is found: `there` is 1 or 0.
    fn patch(there: Tensor<D>, other: Tensor<D>) -> Self {
        Self { factor: -there.clone() + 1.0, added: Some(there * other) }
    }

    fn apply(&self, found: Tensor<D>) -> Tensor<D> {
        let scaled = found * self.factor.clone();
        match &self.added {
            Some(added) => scaled + added.clone(),
            None => scaled,
        }
    }

    fn part(&self, from: usize, size: usize) -> Self {
        Self { factor: part(&self.factor, from, size), added: self.added.as_ref().map(|added| part(added, from, size)) }
    }
}

/// Some of a batch, or all where one stands for all.
fn part<const D: usize>(tensor: &Tensor<D>, from: usize, size: usize) -> Tensor<D> {
    if tensor.dims()[0] == 1 { tensor.clone() } else { tensor.clone().narrow(0, from, size) }
}

/// Adds a change at a place.
fn put<const D: usize>(changes: &mut BTreeMap<Hook, Change<D>>, hook: Hook, change: Change<D>) {
    let change = match changes.remove(&hook) {
        Some(before) => before.then(change),
        None => change,
    };
    changes.insert(hook, change);
}

impl Changes {
    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_head.is_empty() && self.residual.is_empty() && self.seen.is_empty()
    }

    /// The first place that is changed: an encoder's before a decoder's, then by layer.
    #[must_use]
    pub fn first(&self) -> Option<Hook> {
        let by_head = self.by_head.keys().chain(self.seen.keys()).copied();
        by_head.chain(self.residual.keys().copied()).min()
    }

    /// What is found at `hook` is multiplied with `factor` before anything else sees it; nought at a head's z takes the head
    /// out. There is something to change at [`Point::V`], [`Point::Pattern`], [`Point::Z`] and their likes for attention to an
    /// encoder.
    pub fn scale(&mut self, hook: Hook, factor: Tensor<4>) {
        put(&mut self.by_head, hook, Change { factor, added: None });
    }

    /// What is found at `hook` is what another run has there (`other`), where `there` is 1; it stays where that is 0. The
    /// places are those of [`Changes::scale`].
    pub fn patch(&mut self, hook: Hook, there: Tensor<4>, other: Tensor<4>) {
        put(&mut self.by_head, hook, Change::patch(there, other));
    }

    /// As [`Changes::scale`], at [`Point::ResidPre`], [`Point::AttnOut`], [`Point::CrossAttnOut`] and [`Point::MlpOut`].
    pub fn scale_residual(&mut self, hook: Hook, factor: Tensor<3>) {
        put(&mut self.residual, hook, Change { factor, added: None });
    }

    /// As [`Changes::patch`], at the places of [`Changes::scale_residual`].
    pub fn patch_residual(&mut self, hook: Hook, there: Tensor<3>, other: Tensor<3>) {
        put(&mut self.residual, hook, Change::patch(there, other));
    }

    /// No query sees the keys for which `seen` (`[batch, 1, 1, key]`, or [`Point::Pattern`]'s dimensions) is 0, and the rest of
    /// its row is divided by what is left; a query of which nothing is left looks nowhere. `hook` is at [`Point::Pattern`] or
    /// [`Point::CrossPattern`]; what else is asked for there happens after this.
    ///
    /// That is the softmax without those keys, but for weights that are nought in single precision beside theirs.
    pub fn hide(&mut self, hook: Hook, seen: Tensor<4>) {
        let seen = match self.seen.remove(&hook) {
            Some(before) => before * seen,
            None => seen,
        };
        self.seen.insert(hook, seen);
    }

    /// The changes of `size` of a batch, from the sequence `from` on.
    #[must_use]
    pub fn part(&self, from: usize, size: usize) -> Self {
        Self {
            by_head: self.by_head.iter().map(|(hook, change)| (*hook, change.part(from, size))).collect(),
            residual: self.residual.iter().map(|(hook, change)| (*hook, change.part(from, size))).collect(),
            seen: self.seen.iter().map(|(hook, seen)| (*hook, part(seen, from, size))).collect(),
        }
    }

    /// What goes on from a place of rank 4.
    pub(crate) fn by_head(&self, hook: Hook, found: Tensor<4>) -> Tensor<4> {
        let found = match self.seen.get(&hook).filter(|_| matches!(hook.point, Point::Pattern | Point::CrossPattern)) {
            Some(seen) => {
                let left = found * seen.clone();
                let sum = left.clone().sum_dim(3).clamp_min(NOTHING);
                left / sum
            }
            None => found,
        };
        match self.by_head.get(&hook) {
            Some(change) => change.apply(found),
            None => found,
        }
    }

    /// What goes on from a place of rank 3.
    pub(crate) fn residual(&self, hook: Hook, found: Tensor<3>) -> Tensor<3> {
        match self.residual.get(&hook) {
            Some(change) => change.apply(found),
            None => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::hook::Side;

    fn tensor(values: &[f32], shape: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_into_vec::<f32>().unwrap()
    }

    const HOOK: Hook = Hook { side: Side::Only, layer: 0, point: Point::Pattern };

    #[test]
    fn what_is_asked_for_later_happens_after_what_was_asked_for_before() {
        let mut changes = Changes::default();
        let found = tensor(&[0.25, 0.75], [1, 1, 1, 2]);
        assert_eq!(numbers(changes.by_head(HOOK, found.clone())), [0.25, 0.75]);
        changes.patch(HOOK, tensor(&[1.0, 0.0], [1, 1, 1, 2]), tensor(&[3.0, 5.0], [1, 1, 1, 2]));
        assert_eq!(numbers(changes.by_head(HOOK, found.clone())), [3.0, 0.75]);
        changes.scale(HOOK, tensor(&[2.0], [1, 1, 1, 1]));
        assert_eq!(numbers(changes.by_head(HOOK, found.clone())), [6.0, 1.5]);
        changes.patch(HOOK, tensor(&[0.0, 1.0], [1, 1, 1, 2]), tensor(&[3.0, 5.0], [1, 1, 1, 2]));
        assert_eq!(numbers(changes.by_head(HOOK, found)), [6.0, 5.0]);
    }

    #[test]
    fn rows_without_hidden_keys_still_sum_to_one_or_are_nought() {
        let mut changes = Changes::default();
        changes.hide(HOOK, tensor(&[0.0, 1.0, 1.0], [1, 1, 1, 3]));
        let found = tensor(&[1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.5, 0.125, 0.375], [1, 1, 3, 3]);
        let left = numbers(changes.by_head(HOOK, found));
        assert_eq!(left, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.25, 0.75]);
    }

    #[test]
    fn a_part_has_its_own_sequences_and_what_stands_for_all() {
        let mut changes = Changes::default();
        changes.scale(HOOK, tensor(&[2.0, 3.0, 4.0], [3, 1, 1, 1]));
        changes.scale(HOOK, tensor(&[10.0], [1, 1, 1, 1]));
        let ones = tensor(&[1.0, 1.0], [2, 1, 1, 1]);
        assert_eq!(numbers(changes.part(1, 2).by_head(HOOK, ones)), [30.0, 40.0]);
        assert!(!changes.is_empty() && Changes::default().is_empty());
        assert_eq!((changes.first(), Changes::default().first()), (Some(HOOK), None));
    }
}
