//! Softmax.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::exponential::exp_in_range;
use crate::kernel::{Kernel, apply};
use crate::lanes::{Function, Lanes, Times, dot, greatest, total, zip};
use crate::memory::{contiguous, dims, tensor, values};
use crate::{is, wide};

/// Softmax over the last dimension.
pub fn softmax(input: Tensor<4>) -> Tensor<4> {
    if !is(&input.device()) {
        return activation::softmax(input, 3);
    }
    let shape = input.dims();
    apply(Softmax, input, shape)
}

#[derive(Clone, Debug)]
struct Softmax;

impl Kernel for Softmax {
    type On = Flex;
    /// The pattern.
    type Saved = FlexTensor;

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let shape = dims(&input);
        let length = shape.last().copied().unwrap_or(0).max(1);
        let mut values = values(input);
        wide(|| values.chunks_exact_mut(length).for_each(softmax_of));
        tensor(values, shape)
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        let pattern = self.value(input);
        (pattern.clone(), pattern)
    }

    /// p ⊙ (g − Σ p·g).
    fn back(&self, pattern: Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let shape = dims(&gradient);
        let length = shape.last().copied().unwrap_or(0).max(1);
        let pattern = contiguous(&pattern);
        let mut gradient = values(gradient);
        wide(|| {
            for (gradient, pattern) in gradient.chunks_exact_mut(length).zip(pattern.chunks_exact(length)) {
                let inner = dot(gradient, Some(pattern));
                zip(gradient, [pattern], &Less { mean: inner });
            }
        });
        tensor(gradient, shape)
    }
}

/// One row.
#[inline(always)]
fn softmax_of(row: &mut [f32]) {
    let top = greatest(row);
    zip(row, [], &ExpBelow { top });
    let scale = 1.0 / total(row);
    zip(row, [], &Times { scale });
}

/// e to the power of a number less the greatest.
struct ExpBelow {
    top: f32,
}

impl Function<0> for ExpBelow {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, _: [L; 0]) -> L {
        // What was masked is nothing at all, not merely little.
        exp_in_range(x.sub(L::splat(self.top))).or_nought(L::splat(1e-37))
    }
}

/// p·(g − mean), for a gradient g beside its p.
struct Less {
    mean: f32,
}

impl Function<1> for Less {
    #[inline(always)]
    fn of<L: Lanes>(&self, gradient: L, [p]: [L; 1]) -> L {
        p.mul(gradient.sub(L::splat(self.mean)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{floats, gradients, relative};
    use burn::tensor::{Device, TensorData};

    #[test]
    fn softmax_is_burns_and_what_is_masked_is_exactly_zero() {
        for length in [1, 7, 8, 13, 64, 129] {
            let values: Vec<f32> = (0..6 * length).map(|index| ((index * 37 % 101) as f32 - 50.0) / 7.0).collect();
            let mut masked = values.clone();
            masked.iter_mut().skip(1).step_by(length).for_each(|value| *value -= 1e9);
            for values in [values, masked] {
                let shape = [1, 2, 3, length];
                let input = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &Device::flex());
                let (ours, theirs) = (floats(softmax(input.clone())), floats(activation::softmax(input, 3)));
                for ((a, b), value) in ours.iter().zip(&theirs).zip(values) {
                    assert!((a - b).abs() < 1e-6);
                    assert!(value > -1e8 || length == 1 || *a == 0.0);
                }
                assert!(ours.chunks_exact(length).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
            }
        }
    }

    #[test]
    fn a_tracked_tensor_gets_burns_gradient() {
        let (ours, theirs) = gradients([1, 2, 3, 40], softmax, |x| activation::softmax(x, 3));
        assert!(relative(&ours, &theirs) < 1e-5, "{}", relative(&ours, &theirs));
    }
}
