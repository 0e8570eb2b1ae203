//! Layer normalisation and its cheaper relative.
//!
//! burn takes a tracked norm apart into a dozen operations, each with a way back of its own.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, module};

use crate::kernel::{Kernel, apply};
use crate::lanes::{Function, Lanes, Times, dot, total, zip};
use crate::memory::{contiguous, dims, tensor, values};
use crate::{is, wide};

/// (x − μ) / √(σ² + ε) · weight + bias over the last dimension (Ba et al. 2016). `weight` and `bias` are plain and as long
/// as that dimension.
pub fn layer_norm<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<1>,
    bias: Option<Tensor<1>>,
    epsilon: f64,
) -> Tensor<D> {
    // Untracked, burn has one operation for it.
    if !is(&input.device()) || !input.is_autodiff() {
        return module::layer_norm(input, weight, bias, epsilon);
    }
    let shape = input.dims();
    let weight = weight.try_into_primitive::<Flex>();
    let bias = bias.map(|bias| bias.try_into_primitive::<Flex>()).transpose();
    match (weight, bias) {
        (Ok(weight), Ok(bias)) => apply(LayerNorm { weight, bias, epsilon }, input, shape),
        _ => Tensor::full(shape, f32::NAN, &input.device()),
    }
}

/// x / √(mean(x²) + ε) over the last dimension (Zhang & Sennrich 2019).
pub fn rms_norm<const D: usize>(input: Tensor<D>, epsilon: f64) -> Tensor<D> {
    if !is(&input.device()) {
        let mean_square = input.clone().square().mean_dim(D - 1);
        return input / (mean_square + epsilon).sqrt();
    }
    let shape = input.dims();
    apply(RmsNorm { epsilon }, input, shape)
}

#[derive(Clone, Debug)]
struct LayerNorm {
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    epsilon: f64,
}

impl LayerNorm {
    /// Rows less their mean, over their standard deviation; and one over each standard deviation.
    fn normalised(&self, input: FlexTensor) -> (Vec<f32>, Vec<f32>) {
        let length = dims(&input).last().copied().unwrap_or(0).max(1);
        let mut rows = values(input);
        let mut scales = Vec::with_capacity(rows.len() / length);
        wide(|| {
            for row in rows.chunks_exact_mut(length) {
                let mean = total(row) / length as f32;
                zip(row, [], &Plus { added: -mean });
                let variance = dot(row, Some(row)) / length as f32;
                let scale = 1.0 / (variance + self.epsilon as f32).sqrt();
                zip(row, [], &Times { scale });
                scales.push(scale);
            }
        });
        (rows, scales)
    }

    fn weighted(&self, mut rows: Vec<f32>) -> Vec<f32> {
        let weight = contiguous(&self.weight);
        let bias = self.bias.clone().map_or_else(|| vec![0.0; weight.len()], values);
        wide(|| {
            for row in rows.chunks_exact_mut(weight.len().max(1)) {
                zip(row, [&weight, &bias], &Affine);
            }
        });
        rows
    }
}

impl Kernel for LayerNorm {
    type On = Flex;
    /// What [`LayerNorm::normalised`] gives.
    type Saved = (Vec<f32>, Vec<f32>);

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let shape = dims(&input);
        tensor(self.weighted(self.normalised(input).0), shape)
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        let shape = dims(&input);
        let saved = self.normalised(input);
        (tensor(self.weighted(saved.0.clone()), shape), saved)
    }

    /// With n the normalised row, s its scale and h = g ⊙ weight: s·(h − mean(h) − n·mean(h·n)).
    fn back(&self, (rows, scales): Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let shape = dims(&gradient);
        let weight = contiguous(&self.weight);
        let length = weight.len().max(1);
        let mut gradient = values(gradient);
        let rows = gradient.chunks_exact_mut(length).zip(rows.chunks_exact(length)).zip(scales);
        wide(|| {
            for ((gradient, row), scale) in rows {
                zip(gradient, [&weight], &Product);
                let mean = total(gradient) / length as f32;
                let along = dot(gradient, Some(row)) / length as f32;
                zip(gradient, [row], &Across { scale, mean, along });
            }
        });
        tensor(gradient, shape)
    }
}

#[derive(Clone, Debug)]
struct RmsNorm {
    epsilon: f64,
}

impl Kernel for RmsNorm {
    type On = Flex;
    /// The normalised rows, and one over each root of a mean square.
    type Saved = (FlexTensor, Vec<f32>);

    fn value(&self, input: FlexTensor) -> FlexTensor {
        self.tracked(input).0
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        let shape = dims(&input);
        let length = shape.last().copied().unwrap_or(0).max(1);
        let mut rows = values(input);
        let mut scales = Vec::with_capacity(rows.len() / length);
        wide(|| {
            for row in rows.chunks_exact_mut(length) {
                let square = dot(row, Some(row)) / length as f32;
                let scale = 1.0 / (square + self.epsilon as f32).sqrt();
                zip(row, [], &Times { scale });
                scales.push(scale);
            }
        });
        let rows = tensor(rows, shape);
        (rows.clone(), (rows, scales))
    }

    /// With n the normalised row and s its scale: s·(g − n·mean(g·n)).
    fn back(&self, (rows, scales): Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let shape = dims(&gradient);
        let length = shape.last().copied().unwrap_or(0).max(1);
        let rows = contiguous(&rows);
        let mut gradient = values(gradient);
        let rows = gradient.chunks_exact_mut(length).zip(rows.chunks_exact(length)).zip(scales);
        wide(|| {
            for ((gradient, row), scale) in rows {
                let along = dot(gradient, Some(row)) / length as f32;
                zip(gradient, [row], &Across { scale, mean: 0.0, along });
            }
        });
        tensor(gradient, shape)
    }
}

/// x + added.
struct Plus {
    added: f32,
}

impl Function<0> for Plus {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, _: [L; 0]) -> L {
        x.add(L::splat(self.added))
    }
}

/// x·y.
struct Product;

impl Function<1> for Product {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, [y]: [L; 1]) -> L {
        x.mul(y)
    }
}

/// x·weight + bias.
struct Affine;

impl Function<2> for Affine {
    #[inline(always)]
    fn of<L: Lanes>(&self, x: L, [weight, bias]: [L; 2]) -> L {
        x.mul(weight).add(bias)
    }
}

/// scale·(g − mean − n·along), for a gradient g beside its n.
struct Across {
    scale: f32,
    mean: f32,
    along: f32,
}

impl Function<1> for Across {
    #[inline(always)]
    fn of<L: Lanes>(&self, gradient: L, [n]: [L; 1]) -> L {
        L::splat(self.scale).mul(gradient.sub(L::splat(self.mean)).sub(n.mul(L::splat(self.along))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{floats, gradients, relative, spread};
    use burn::tensor::{Device, TensorData};

    fn vector(of: impl Fn(usize) -> f32) -> Tensor<1> {
        Tensor::from_data(TensorData::new((0..40).map(of).collect::<Vec<f32>>(), [40]), &Device::flex())
    }

    #[test]
    fn a_tracked_layer_norm_is_burns_with_its_gradient() {
        let weight = vector(|index| 0.5 + (index % 7) as f32 / 5.0);
        for bias in [None, Some(vector(|index| (index % 5) as f32 / 4.0 - 0.5))] {
            let ours = |x: Tensor<3>| layer_norm(x, weight.clone(), bias.clone(), 1e-5);
            let theirs = |x: Tensor<3>| module::layer_norm(x, weight.clone(), bias.clone(), 1e-5);
            let (a, b) = gradients([2, 3, 40], ours, theirs);
            assert!(relative(&a, &b) < 1e-5, "{}", relative(&a, &b));
            let x = Tensor::<3>::from_data(spread([2, 3, 40]), &Device::flex());
            let tracked = floats(ours(x.clone().autodiff()).inner());
            assert!(relative(&tracked, &floats(theirs(x))) < 1e-6);
        }
    }

    #[test]
    fn a_tracked_root_mean_square_norm_is_burns_with_its_gradient() {
        let theirs = |x: Tensor<3>| x.clone() / (x.square().mean_dim(2) + 1e-5).sqrt();
        let ours = |x: Tensor<3>| rms_norm(x, 1e-5);
        let (a, b) = gradients([2, 3, 40], ours, theirs);
        assert!(relative(&a, &b) < 1e-5, "{}", relative(&a, &b));
        let x = Tensor::<3>::from_data(spread([2, 3, 40]), &Device::flex());
        assert!(relative(&floats(ours(x.clone())), &floats(theirs(x))) < 1e-6);
    }
}
