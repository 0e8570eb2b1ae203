//! Two element-wise kernels for the CPU device.
//!
//! There burn computes GELU and softmax one element at a time through C's mathematical library, which took a fifth of a
//! whole run in WebAssembly; these are loops that the compiler turns into vector instructions. They apply to plain
//! tensors on the CPU. Tracked tensors and other devices take burn's own operations, so that gradients are burn's.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{Device, Tensor, activation};

use crate::exponential::exp_in_range;

/// GELU with the error function: x·Φ(x).
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if !is_plain_on_host(&input) {
        return activation::gelu(input);
    }
    in_place(input, |values, _| values.iter_mut().for_each(|value| *value = gelu_of(*value)))
}

/// Softmax over the last dimension.
pub fn softmax(input: Tensor<4>) -> Tensor<4> {
    if !is_plain_on_host(&input) {
        return activation::softmax(input, 3);
    }
    in_place(input, |values, length| values.chunks_exact_mut(length.max(1)).for_each(softmax_of))
}

/// Whether this is the CPU device.
pub fn is(device: &Device) -> bool {
    *device == Device::flex()
}

/// Two devices are equal whether or not one tracks gradients, so that is asked first.
fn is_plain_on_host<const D: usize>(input: &Tensor<D>) -> bool {
    !input.is_autodiff() && is(&input.device())
}

/// Changes the values of a tensor where they lie, given the length of its last dimension.
fn in_place<const D: usize>(input: Tensor<D>, change: impl FnOnce(&mut [f32], usize)) -> Tensor<D> {
    let device = input.device();
    let shape = input.dims();
    let length = shape[D - 1];
    // Nothing has to be waited for on the CPU: the first poll is the last.
    let reading = pin!(input.into_data_async());
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(mut data)) => {
            if let Ok(values) = data.as_mut_slice::<f32>() {
                change(values, length);
            }
            Tensor::from_data(data, &device)
        }
        // A tensor of NaNs, which no caller takes for an answer.
        _ => Tensor::full(shape, f32::NAN, &device),
    }
}

/// erf(x) as a ratio of polynomials, to a few units in the last place (as Eigen and XLA compute it in single precision).
#[inline]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-3.832_507, 3.832_507);
    let s = x * x;
    let p = 2.290_506_6e-4;
    let p = p * s + 3.408_291e-3;
    let p = p * s + 5.095_569_5e-2;
    let p = p * s + 1.852_083_2e-1;
    let p = p * s + std::f32::consts::FRAC_2_SQRT_PI;
    let q = -1.179_160_3e-7;
    let q = q * s + 2.354_796_7e-5;
    let q = q * s + 1.017_962_5e-3;
    let q = q * s + 1.407_047_1e-2;
    let q = q * s + 1.109_850_5e-1;
    let q = q * s + 4.974_692_4e-1;
    let q = q * s + 1.0;
    x * p / q
}

#[inline]
fn gelu_of(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// One row. Sums and maxima go over eight lanes, since the order of additions is not the compiler's to change.
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
    use burn::tensor::TensorData;

    use super::*;

    fn grid() -> impl Iterator<Item = f32> {
        (-120_000..=120_000).map(|index| index as f32 / 10_000.0)
    }

    #[test]
    fn gelu_is_burns() {
        let values: Vec<f32> = grid().collect();
        let count = values.len();
        let input = Tensor::<3>::from_data(TensorData::new(values, [1, 1, count]), &Device::flex());
        let ours = gelu(input.clone()).into_data().try_into_vec::<f32>().unwrap();
        let theirs = activation::gelu(input).into_data().try_into_vec::<f32>().unwrap();
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn softmax_is_burns_and_what_is_masked_is_exactly_zero() {
        for length in [1, 7, 8, 13, 64, 129] {
            let values: Vec<f32> = (0..6 * length).map(|index| ((index * 37 % 101) as f32 - 50.0) / 7.0).collect();
            let mut masked = values.clone();
            masked.iter_mut().skip(1).step_by(length).for_each(|value| *value -= 1e9);
            for values in [values, masked] {
                let shape = [1, 2, 3, length];
                let input = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &Device::flex());
                let ours = softmax(input.clone()).into_data().try_into_vec::<f32>().unwrap();
                let theirs = activation::softmax(input, 3).into_data().try_into_vec::<f32>().unwrap();
                for ((a, b), value) in ours.iter().zip(&theirs).zip(values) {
                    assert!((a - b).abs() < 1e-6);
                    assert!(value > -1e8 || length == 1 || *a == 0.0);
                }
                assert!(ours.chunks_exact(length).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
            }
        }
    }

    #[test]
    fn a_tensor_that_is_shared_stays_as_it_was() {
        let input = Tensor::<3>::from_data(TensorData::new(vec![1.0_f32, 2.0], [1, 1, 2]), &Device::flex());
        let _ = gelu(input.clone());
        assert_eq!(input.into_data().try_into_vec::<f32>().unwrap(), [1.0, 2.0]);
    }
}
