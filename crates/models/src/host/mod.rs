//! Element-wise kernels for the CPU device.
//!
//! There burn computes GELU, SiLU and softmax one element at a time through C's mathematical library, which took a fifth
//! of a whole run in WebAssembly; these are loops that the compiler turns into vector instructions. Other devices take
//! burn's own operations.
//!
//! A tracked tensor gets the same values and exact gradients: y(x) is written as y(x₀) + y′(x₀)·(x − x₀), where x₀ is x
//! itself held constant. The second term is zero, and its gradient is y's.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{Device, Tensor, TensorData, activation};

use crate::exponential::exp_in_range;

/// GELU with the error function: x·Φ(x).
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if !is(&input.device()) {
        return activation::gelu(input);
    }
    if !input.is_autodiff() {
        return in_place(input, |values, _| values.iter_mut().for_each(|value| *value = gelu_of(*value)));
    }
    let at = input.clone().inner();
    let value = in_place(at.clone(), |values, _| values.iter_mut().for_each(|value| *value = gelu_of(*value)));
    let slope = in_place(at.clone(), |values, _| values.iter_mut().for_each(|value| *value = gelu_slope_of(*value)));
    (input - at) * slope + value
}

/// SwiGLU's product: silu(gate)·up, for `input` with the gates in the first half of its last dimension and the rest in
/// the second (Shazeer 2020).
pub fn swiglu(input: Tensor<3>) -> Tensor<3> {
    let inner = input.dims()[2] / 2;
    let halves = |input: Tensor<3>| (input.clone().narrow(2, 0, inner), input.narrow(2, inner, inner));
    if !is(&input.device()) {
        let (gate, up) = halves(input);
        return activation::silu(gate) * up;
    }
    let at = input.clone().inner();
    if !input.is_autodiff() {
        return narrowed(at, inner, |gate, up| gate * sigmoid_of(gate) * up);
    }
    let value = narrowed(at.clone(), inner, |gate, up| gate * sigmoid_of(gate) * up);
    // The slopes stand where their inputs do, so that the halves are taken apart once.
    let slope = in_place(at.clone(), |values, length| {
        for row in values.chunks_exact_mut(length.max(1)) {
            let (gates, ups) = row.split_at_mut(length / 2);
            for (gate, up) in gates.iter_mut().zip(ups) {
                let sigmoid = sigmoid_of(*gate);
                let silu = *gate * sigmoid;
                *gate = *up * (sigmoid + silu * (1.0 - sigmoid));
                *up = silu;
            }
        }
    });
    let (by_gate, by_up) = halves((input - at) * slope);
    by_gate + by_up + value
}

/// Softmax over the last dimension.
pub fn softmax(input: Tensor<4>) -> Tensor<4> {
    if !is(&input.device()) {
        return activation::softmax(input, 3);
    }
    let rows = |values: &mut [f32], length: usize| values.chunks_exact_mut(length.max(1)).for_each(softmax_of);
    if !input.is_autodiff() {
        return in_place(input, rows);
    }
    let at = input.clone().inner();
    let pattern = in_place(at.clone(), rows);
    // Here y′ is a matrix for each row: p ⊙ (dx − Σ p·dx).
    let step = (input - at) * pattern.clone();
    step.clone() - step.sum_dim(3) * pattern.clone() + pattern
}

/// Whether this is the CPU device.
pub fn is(device: &Device) -> bool {
    *device == Device::flex()
}

/// The values of a plain tensor on the CPU, or none where they do not come at once.
fn values<const D: usize>(input: Tensor<D>) -> Option<TensorData> {
    // Nothing has to be waited for on the CPU: the first poll is the last.
    let reading = pin!(input.into_data_async());
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(data) => data.ok(),
        Poll::Pending => None,
    }
}

/// `of` each entry of the first half of the last dimension with that of the second.
fn narrowed(input: Tensor<3>, inner: usize, of: impl Fn(f32, f32) -> f32) -> Tensor<3> {
    let device = input.device();
    let [batch, tokens, _] = input.dims();
    let shape = [batch, tokens, inner];
    let Some(data) = values(input) else { return Tensor::full(shape, f32::NAN, &device) };
    let Ok(values) = data.as_slice::<f32>() else { return Tensor::full(shape, f32::NAN, &device) };
    let mut result = Vec::with_capacity(batch * tokens * inner);
    for row in values.chunks_exact((2 * inner).max(1)) {
        let (gates, ups) = row.split_at(inner);
        result.extend(gates.iter().zip(ups).map(|(gate, up)| of(*gate, *up)));
    }
    Tensor::from_data(TensorData::new(result, shape), &device)
}

/// Changes the values of a plain tensor where they lie, given the length of its last dimension.
fn in_place<const D: usize>(input: Tensor<D>, change: impl FnOnce(&mut [f32], usize)) -> Tensor<D> {
    let device = input.device();
    let shape = input.dims();
    let length = shape[D - 1];
    match values(input) {
        Some(mut data) => {
            if let Ok(values) = data.as_mut_slice::<f32>() {
                change(values, length);
            }
            Tensor::from_data(data, &device)
        }
        // A tensor of NaNs, which no caller takes for an answer.
        None => Tensor::full(shape, f32::NAN, &device),
    }
}

/// σ(x) = 1/(1 + e⁻ˣ), without overflow.
#[inline]
fn sigmoid_of(x: f32) -> f32 {
    1.0 / (1.0 + exp_in_range((-x).clamp(-87.0, 87.0)))
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

/// Φ(x) + x·φ(x), the slope of GELU.
#[inline]
fn gelu_slope_of(x: f32) -> f32 {
    /// 1/√(2π).
    const DENSITY: f32 = 0.398_942_3;
    let density = DENSITY * exp_in_range((-0.5 * x * x).max(-87.0));
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * density
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

    /// burn's own gradient of Σ w·f(x), and ours.
    fn gradients<const D: usize>(
        values: Vec<f32>,
        shape: [usize; D],
        ours: impl Fn(Tensor<D>) -> Tensor<D>,
        theirs: impl Fn(Tensor<D>) -> Tensor<D>,
    ) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex();
        let weights: Vec<f32> = (0..values.len()).map(|index| ((index * 29 % 83) as f32 - 41.0) / 40.0).collect();
        let gradient = |f: &dyn Fn(Tensor<D>) -> Tensor<D>| {
            let x = Tensor::<D>::from_data(TensorData::new(values.clone(), shape), &device).autodiff().require_grad();
            let y = f(x.clone());
            let count = y.dims().iter().product::<usize>();
            let w = TensorData::new(weights[..count].to_vec(), y.dims());
            let grads = (y * Tensor::<D>::from_data(w, &device)).sum().backward();
            x.grad(&grads).unwrap().into_data().try_into_vec::<f32>().unwrap()
        };
        (gradient(&ours), gradient(&theirs))
    }

    fn relative(a: &[f32], b: &[f32]) -> f32 {
        let off: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
        (off / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
    }

    #[test]
    fn tracked_tensors_get_burns_gradients() {
        let values: Vec<f32> = (0..6 * 40).map(|index| ((index * 37 % 101) as f32 - 50.0) / 9.0).collect();
        let (ours, theirs) = gradients(values.clone(), [2, 3, 40], gelu, activation::gelu);
        assert!(relative(&ours, &theirs) < 1e-6, "gelu: {}", relative(&ours, &theirs));
        let (ours, theirs) = gradients(values.clone(), [1, 2, 3, 40], softmax, |x| activation::softmax(x, 3));
        assert!(relative(&ours, &theirs) < 1e-5, "softmax: {}", relative(&ours, &theirs));
        let split = |x: Tensor<3>| activation::silu(x.clone().narrow(2, 0, 20)) * x.narrow(2, 20, 20);
        let (ours, theirs) = gradients(values.clone(), [2, 3, 40], swiglu, split);
        assert!(relative(&ours, &theirs) < 1e-6, "swiglu: {}", relative(&ours, &theirs));
        let x = Tensor::<3>::from_data(TensorData::new(values, [2, 3, 40]), &Device::flex());
        let floats = |x: Tensor<3>| x.into_data().try_into_vec::<f32>().unwrap();
        assert!(relative(&floats(swiglu(x.clone())), &floats(split(x.clone()))) < 1e-6);
        assert_eq!(floats(swiglu(x.clone())), floats(swiglu(x.autodiff()).inner()));
    }
}
