//! Attention maps, kept where they were computed, and what of them is brought back.
//!
//! All maps of a long text are more than a screen shows: 270 heads of 512 tokens are 283 MB. So they stay on the device, which
//! makes them as small as the picture before anything is read.

use burn::tensor::{Device, Tensor, TensorData};
use headlight_models::{Captures, Point, Side};

use crate::ExplainError;

/// The maps of heads that attend alike: each row is a query and sums to one.
#[derive(Clone, Debug)]
pub struct Maps {
    /// One a layer, `[head, query, key]`.
    layers: Vec<Tensor<3>>,
    /// Heads of a layer, queries, keys.
    size: [usize; 3],
    device: Device,
}

impl Maps {
    /// The maps that were kept at a point of a stack, of the first text of the batch. None where there are none.
    #[must_use]
    pub fn of(captures: &Captures, side: Side, point: Point) -> Option<Self> {
        let kept = captures.all(point).filter(|(hook, _)| hook.side == side).map(|(_, tensor)| tensor);
        let layers: Vec<Tensor<3>> = kept
            .map(|tensor| {
                let [batch, heads, rows, columns] = tensor.dims();
                // A part of a tensor is a copy on some devices, and there is one text most times.
                let first = if batch > 1 { tensor.narrow(0, 0, 1) } else { tensor };
                first.reshape([heads, rows, columns])
            })
            .collect();
        let first = layers.first()?;
        Some(Self { size: first.dims(), device: first.device(), layers })
    }

    /// Maps of one's own, given flat as `[layer, head, query, key]`.
    #[must_use]
    pub fn from_values(values: &[f32], [layers, heads, rows, columns]: [usize; 4], device: &Device) -> Self {
        let size = heads * rows * columns;
        let layer = |at: usize| values.get(at * size..(at + 1) * size).unwrap_or_default().to_vec();
        let layers = (0..layers)
            .map(|at| Tensor::from_data(TensorData::new(layer(at), [heads, rows, columns]), device))
            .collect();
        Self { layers, size: [heads, rows, columns], device: device.clone() }
    }

    /// One tensor a layer, `[head, query, key]`.
    #[must_use]
    pub fn layers(&self) -> &[Tensor<3>] {
        &self.layers
    }

    /// How many heads a layer has, how many queries and how many keys.
    #[must_use]
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    /// The device that they are on.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Every weight: `[layer · head, query, key]`.
    #[must_use]
    pub fn whole(&self) -> Tensor<3> {
        Tensor::cat(self.layers.clone(), 0)
    }

    /// All maps, none with more than `side` rows and `side` columns: `[layer · head, row, column]`. Rows and columns are
    /// taken together in squares, and of each square the largest weight stays, so that a thin line does.
    #[must_use]
    pub fn reduced(&self, side: usize) -> Tensor<3> {
        let small = self.layers.iter().map(|map| smaller(map.clone(), side));
        Tensor::cat(small.collect(), 0)
    }

    /// The maps of some heads of a layer, made as small in the same way: `[head, row, column]`, in the order of `heads`.
    ///
    /// # Errors
    /// [`ExplainError::NoSuchLayer`] and [`ExplainError::NoSuchHead`].
    pub fn heads(
        &self,
        layer: usize,
        heads: &[usize],
        side: usize,
        left_out: Option<&LeftOut>,
    ) -> Result<Tensor<3>, ExplainError> {
        let layers = self.layers.len();
        let map = self.layers.get(layer).ok_or(ExplainError::NoSuchLayer { layer, layers })?;
        let [count, _, _] = self.size;
        if let Some(&head) = heads.iter().find(|head| **head >= count) {
            return Err(ExplainError::NoSuchHead { head, heads: count });
        }
        let chosen = heads.iter().map(|head| map.clone().narrow(0, *head, 1)).collect();
        Ok(smaller(without(Tensor::cat(chosen, 0), left_out), side))
    }

    /// The mean of a layer's heads, or of all, `[1, query, key]`.
    ///
    /// # Errors
    /// [`ExplainError::NoSuchLayer`].
    pub fn mean(&self, layer: Option<usize>, left_out: Option<&LeftOut>) -> Result<Tensor<3>, ExplainError> {
        let layers = match layer {
            None => self.layers.as_slice(),
            Some(layer) => {
                let layers = self.layers.len();
                self.layers.get(layer..=layer).ok_or(ExplainError::NoSuchLayer { layer, layers })?
            }
        };
        let means = layers.iter().map(|map| without(map.clone(), left_out).mean_dim(0)).collect();
        Ok(Tensor::cat(means, 0).mean_dim(0))
    }

    /// Attention rollout (Abnar & Zuidema 2020) of these maps alone, `[1, query, key]`: Ã = A_L···A_1 with A_l = ½·(the mean over
    /// heads of layer l) + ½·I. None where queries and keys are not the same tokens.
    #[must_use]
    pub fn rollout(&self, left_out: Option<&LeftOut>) -> Option<Tensor<3>> {
        let [_, rows, columns] = self.size;
        if rows != columns {
            return None;
        }
        let own = Tensor::<2>::eye(rows, &self.device).unsqueeze::<3>();
        let steps = self.layers.iter().map(|map| (without(map.clone(), left_out).mean_dim(0) + own.clone()) * 0.5);
        steps.reduce(|below, step| step.matmul(below))
    }
}

/// Queries and keys that are left out of a picture: what they give and get is nought, and the rest of each row is scaled to
/// sum to one again. A row that gave all to them is nought.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// `[1, query, 1]`, nought for those that are left out.
    rows: Tensor<3>,
    /// `[1, 1, key]`, the same.
    columns: Tensor<3>,
}

impl LeftOut {
    /// These queries and these keys of `maps`. Places that they do not have are passed over.
    #[must_use]
    pub fn of(maps: &Maps, rows: &[usize], columns: &[usize]) -> Self {
        let [_, queries, keys] = maps.size;
        let marks = |count: usize, out: &[usize]| {
            let mut marks = vec![1.0_f32; count];
            for &at in out {
                if let Some(mark) = marks.get_mut(at) {
                    *mark = 0.0;
                }
            }
            marks
        };
        let rows = TensorData::new(marks(queries, rows), [1, queries, 1]);
        let columns = TensorData::new(marks(keys, columns), [1, 1, keys]);
        Self { rows: Tensor::from_data(rows, &maps.device), columns: Tensor::from_data(columns, &maps.device) }
    }
}

/// Below this a row has nothing left to scale.
const NOTHING: f64 = 1e-12;

fn without(map: Tensor<3>, left_out: Option<&LeftOut>) -> Tensor<3> {
    let Some(LeftOut { rows, columns }) = left_out else { return map };
    let rest = map * columns.clone();
    let sums = rest.clone().sum_dim(2).clamp_min(NOTHING);
    rest / sums * rows.clone()
}

/// Maps made small: `[map, row, column]` with at most `side` rows and columns, the largest of each square of weights, the squares
/// as small as that allows.
#[must_use]
pub fn smaller(map: Tensor<3>, side: usize) -> Tensor<3> {
    let [heads, rows, columns] = map.dims();
    let step = |count: usize| count.div_ceil(side.max(1)).max(1);
    let (down, across) = (step(rows), step(columns));
    if down == 1 && across == 1 {
        return map;
    }
    let (high, wide) = (rows.div_ceil(down), columns.div_ceil(across));
    // Weights are not negative, so noughts beyond the edge are never the largest.
    let padded = Tensor::zeros([heads, high * down, wide * across], &map.device());
    let padded = padded.slice_assign([0..heads, 0..rows, 0..columns], map);
    let tall: Tensor<4> = padded.reshape([heads * high, down, wide, across]);
    tall.max_dim(3).max_dim(1).reshape([heads, high, wide])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    fn maps(values: &[f32], shape: [usize; 4]) -> Maps {
        Maps::from_values(values, shape, &Device::flex())
    }

    #[test]
    fn shrinking_keeps_the_largest_weight_of_each_square() {
        let mut map = vec![0.0; 2 * 100 * 75];
        map[75 * 57 + 31] = 0.9;
        map[7500 + 75 * 99 + 74] = 0.4;
        let small = maps(&map, [1, 2, 100, 75]).reduced(10);
        // Squares of 10 rows and 8 columns.
        assert_eq!(small.dims(), [2, 10, 10]);
        let small = values(small);
        assert_eq!((small[5 * 10 + 3], small[100 + 99]), (0.9, 0.4));
        assert_eq!(small.iter().filter(|&&weight| weight > 0.0).count(), 2);
    }

    #[test]
    fn what_is_small_enough_stays_as_it_is() {
        let all = [0.5, 0.5, 1.0, 0.0, 0.25, 0.75, 0.0, 1.0];
        let maps = maps(&all, [2, 1, 2, 2]);
        assert_eq!(values(maps.reduced(2)), all);
        assert_eq!(values(maps.whole()), all);
        assert_eq!(values(maps.heads(1, &[0], 2, None).unwrap()), all[4..]);
        assert_eq!(values(maps.heads(1, &[0], 1, None).unwrap()), [1.0]);
        assert!(maps.heads(2, &[0], 2, None).is_err() && maps.heads(0, &[0, 1], 2, None).is_err());
    }

    #[test]
    fn rollout_is_the_product_of_means_and_residuals() {
        let maps = maps(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.5], [3, 1, 2, 2]);
        // [[1, 0], [½, ½]], then where one is, then [[1, 0], [¼, ¾]].
        assert_eq!(values(maps.rollout(None).unwrap()), [1.0, 0.0, 0.625, 0.375]);
        let mean = values(maps.mean(None, None).unwrap());
        assert!((mean[2] - 0.5).abs() < 1e-6 && (mean[3] - 0.5).abs() < 1e-6);
        assert_eq!(values(maps.mean(Some(2), None).unwrap()), [1.0, 0.0, 0.5, 0.5]);
        assert!(maps.mean(Some(3), None).is_err());
        assert!(Maps::from_values(&[0.5; 6], [1, 1, 3, 2], &Device::flex()).rollout(None).is_none());
    }

    #[test]
    fn the_rest_of_a_row_sums_to_one_again() {
        let maps = maps(&[0.8, 0.15, 0.05, 1.0, 0.0, 0.0, 0.5, 0.25, 0.25], [1, 1, 3, 3]);
        let left_out = LeftOut::of(&maps, &[2, 99], &[0]);
        let rest = values(maps.heads(0, &[0], 3, Some(&left_out)).unwrap());
        for (found, right) in rest.iter().zip([0.0, 0.75, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]) {
            assert!((found - right).abs() < 1e-6, "{rest:?}");
        }
    }
}
