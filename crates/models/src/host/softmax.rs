//! Softmax.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use super::kernel::{Kernel, apply, contiguous, dims, tensor, values};
use super::{is, sum, wide};
use crate::exponential::exp_in_range;

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
                let inner = sum(gradient, pattern, |gradient, p| gradient * p);
                gradient.iter_mut().zip(pattern).for_each(|(gradient, p)| *gradient = p * (*gradient - inner));
            }
        });
        tensor(gradient, shape)
    }
}

/// One row. Sums and maxima go over eight lanes, since the order of additions is not the compiler's to change.
#[inline(always)]
fn softmax_of(row: &mut [f32]) {
    const LANES: usize = 8;
    let mut greatest = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let mut top = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for (greatest, value) in greatest.iter_mut().zip(chunk) {
            *greatest = if *value > *greatest { *value } else { *greatest };
        }
    }
    top = greatest.into_iter().fold(top, f32::max);
    row.iter_mut().for_each(|value| *value = exp_in_range(*value - top));
    // What was masked is nothing at all, not merely little.
    row.iter_mut().for_each(|value| *value = if *value < 1e-37 { 0.0 } else { *value });
    let mut sums = [0.0_f32; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += *value;
        }
    }
    let scale = 1.0 / (sums.iter().sum::<f32>() + rest);
    row.iter_mut().for_each(|value| *value *= scale);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{floats, gradients, relative};
    use super::*;
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
