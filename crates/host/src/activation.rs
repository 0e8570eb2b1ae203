//! GELU and SwiGLU.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, activation};

use crate::exponential::{exp_in_range, polynomial};
use crate::kernel::{Kernel, apply};
use crate::lanes::{Function, Lanes, zip};
use crate::memory::{contiguous, dims, tensor, values};
use crate::{is, wide};

/// GELU with the error function: x·Φ(x).
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if !is(&input.device()) {
        return written_out(input);
    }
    let shape = input.dims();
    apply(Gelu, input, shape)
}

/// GELU out of operations whose gradients are exact. Where a backend has no GELU of its own, as WebGPU's, burn's goes back
/// through the approximation by tanh (`burn-backend`'s `gelu_backward`): a gradient was off by 3e-3 after two layers.
fn written_out<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    let twice_phi = (input.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0;
    input * twice_phi * 0.5
}

/// SwiGLU's product: silu(gate)·up, for `input` with the gates in the first half of its last dimension and the rest in
/// the second (Shazeer 2020).
pub fn swiglu(input: Tensor<3>) -> Tensor<3> {
    let [batch, tokens, width] = input.dims();
    let inner = width / 2;
    if !is(&input.device()) {
        let (gate, up) = (input.clone().narrow(2, 0, inner), input.narrow(2, inner, inner));
        return activation::silu(gate) * up;
    }
    apply(SwiGlu, input, [batch, tokens, inner])
}

#[derive(Clone, Debug)]
struct Gelu;

impl Kernel for Gelu {
    type On = Flex;
    type Saved = FlexTensor;

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let shape = dims(&input);
        let mut values = values(input);
        wide(|| zip(&mut values, [], &GeluOf));
        tensor(values, shape)
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        (self.value(input.clone()), input)
    }

    fn back(&self, input: Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let shape = dims(&gradient);
        let input = contiguous(&input);
        let mut gradient = values(gradient);
        wide(|| zip(&mut gradient, [&input], &GeluBack));
        tensor(gradient, shape)
    }
}

#[derive(Clone, Debug)]
struct SwiGlu;

impl Kernel for SwiGlu {
    type On = Flex;
    type Saved = FlexTensor;

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let mut shape = dims(&input);
        let inner = (shape.last().copied().unwrap_or(0) / 2).max(1);
        if let Some(last) = shape.last_mut() {
            *last /= 2;
        }
        let input = contiguous(&input);
        let mut result = vec![0.0; input.len() / 2];
        wide(|| {
            for (row, into) in input.chunks_exact(2 * inner).zip(result.chunks_exact_mut(inner)) {
                let (gates, ups) = row.split_at(inner);
                into.copy_from_slice(gates);
                zip(into, [ups], &SiluTimes);
            }
        });
        tensor(result, shape)
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        (self.value(input.clone()), input)
    }

    fn back(&self, input: Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let shape = dims(&input);
        let inner = (shape.last().copied().unwrap_or(0) / 2).max(1);
        let (input, gradient) = (contiguous(&input), contiguous(&gradient));
        // The gradients of the gates and ups stand where these stood.
        let mut result = input.to_vec();
        wide(|| {
            let rows = result.chunks_exact_mut(2 * inner).zip(input.chunks_exact(2 * inner));
            for ((into, row), gradients) in rows.zip(gradient.chunks_exact(inner)) {
                let (gates, ups) = row.split_at(inner);
                let (to_gates, to_ups) = into.split_at_mut(inner);
                zip(to_gates, [ups, gradients], &SiluBack);
                to_ups.copy_from_slice(gates);
                zip(to_ups, [gradients], &SiluTimes);
            }
        });
        tensor(result, shape)
    }
}

/// σ(x) = 1/(1 + e⁻ˣ), without overflow.
#[inline(always)]
fn sigmoid<L: Lanes>(x: L) -> L {
    let one = L::splat(1.0);
    let bounded = L::splat(0.0).sub(x).at_least(L::splat(-87.0)).at_most(L::splat(87.0));
    one.div(one.add(exp_in_range(bounded)))
}

/// erf(x) as a ratio of polynomials, to a few units in the last place (as Eigen and XLA compute it in single precision).
#[inline(always)]
fn erf<L: Lanes>(x: L) -> L {
    let x = x.at_least(L::splat(-3.832_507)).at_most(L::splat(3.832_507));
    let s = x.mul(x);
    let above = [3.408_291e-3, 5.095_569_5e-2, 1.852_083_2e-1, std::f32::consts::FRAC_2_SQRT_PI];
    let below = [2.354_796_7e-5, 1.017_962_5e-3, 1.407_047_1e-2, 1.109_850_5e-1, 4.974_692_4e-1, 1.0];
    x.mul(polynomial(s, 2.290_506_6e-4, above)).div(polynomial(s, -1.179_160_3e-7, below))
}

/// 2·Φ(x).
#[inline(always)]
fn twice_phi<L: Lanes>(x: L) -> L {
    L::splat(1.0).add(erf(x.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2))))
}

struct GeluOf;

impl Function<0> for GeluOf {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, _: [L; 0]) -> L {
        L::splat(0.5).mul(x).mul(twice_phi(x))
    }
}

/// A gradient times Φ(x) + x·φ(x), the slope of GELU.
struct GeluBack;

impl Function<1> for GeluBack {
    #[inline(always)]
    fn of<L: Lanes>(&self, gradient: L, [x]: [L; 1]) -> L {
        /// 1/√(2π).
        const DENSITY: f32 = 0.398_942_3;
        let power = L::splat(-0.5).mul(x).mul(x).at_least(L::splat(-87.0));
        let density = L::splat(DENSITY).mul(exp_in_range(power));
        gradient.mul(L::splat(0.5).mul(twice_phi(x)).add(x.mul(density)))
    }
}

/// silu(gate) times the other: a value with the up, a gradient with the gradient from above.
struct SiluTimes;

impl Function<1> for SiluTimes {
    #[inline(always)]
    fn of<L: Lanes>(&self, gate: L, [other]: [L; 1]) -> L {
        gate.mul(sigmoid(gate)).mul(other)
    }
}

/// The gradient at a gate, from its up and the gradient from above.
struct SiluBack;

impl Function<2> for SiluBack {
    #[inline(always)]
    fn of<L: Lanes>(&self, gate: L, [up, gradient]: [L; 2]) -> L {
        let sigmoid = sigmoid(gate);
        let silu = gate.mul(sigmoid);
        gradient.mul(up).mul(sigmoid.add(silu.mul(L::splat(1.0).sub(sigmoid))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{floats, gradients, relative, spread};
    use burn::tensor::{Device, TensorData};

    #[test]
    fn gelu_is_burns() {
        let values: Vec<f32> = (-120_000..=120_000).map(|index| index as f32 / 10_000.0).collect();
        let count = values.len();
        let input = Tensor::<3>::from_data(TensorData::new(values, [1, 1, count]), &Device::flex());
        let (ours, theirs) = (floats(gelu(input.clone())), floats(activation::gelu(input)));
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f32::max);
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn gelu_written_out_for_other_devices_is_the_same() {
        let x = Tensor::<3>::from_data(spread([2, 3, 40]), &Device::flex());
        assert!(relative(&floats(written_out(x.clone())), &floats(gelu(x))) < 1e-6);
        let (ours, theirs) = gradients([2, 3, 40], written_out, gelu);
        assert!(relative(&ours, &theirs) < 1e-6, "{}", relative(&ours, &theirs));
    }

    #[test]
    fn a_tensor_that_is_shared_stays_as_it_was() {
        let input = Tensor::<3>::from_data(TensorData::new(vec![1.0_f32, 2.0], [1, 1, 2]), &Device::flex());
        let _ = gelu(input.clone());
        assert_eq!(floats(input), [1.0, 2.0]);
    }

    #[test]
    fn tracked_tensors_get_burns_gradients() {
        let (ours, theirs) = gradients([2, 3, 40], gelu, activation::gelu);
        assert!(relative(&ours, &theirs) < 1e-6, "gelu: {}", relative(&ours, &theirs));
        let split = |x: Tensor<3>| activation::silu(x.clone().narrow(2, 0, 20)) * x.narrow(2, 20, 20);
        let (ours, theirs) = gradients([2, 3, 40], swiglu, split);
        assert!(relative(&ours, &theirs) < 1e-6, "swiglu: {}", relative(&ours, &theirs));
        let x = Tensor::<3>::from_data(spread([2, 3, 40]), &Device::flex());
        assert!(relative(&floats(swiglu(x.clone())), &floats(split(x.clone()))) < 1e-6);
        assert_eq!(floats(swiglu(x.clone())), floats(swiglu(x.autodiff()).inner()));
    }

    #[test]
    fn a_tensor_in_another_order_is_read_in_its_own() {
        let x = Tensor::<3>::from_data(spread([2, 3, 40]), &Device::flex());
        let turned = x.clone().swap_dims(0, 1);
        assert_eq!(floats(gelu(turned)), floats(gelu(x).swap_dims(0, 1)));
    }
}
