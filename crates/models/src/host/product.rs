//! The product with a weight that lies in panels of columns.
//!
//! A matrix product goes through a few columns at a time. In one large row-major matrix each step would be on another
//! page of memory; in a panel it is the next cache line. The `gemm` crate multiplies, as it does for burn's own products
//! on the CPU; here each panel's product is written where it belongs, and on the way back the panels' parts are added up
//! where they lie, without a tensor for each.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Device, Tensor};
use gemm::{Parallelism, gemm};

use super::is;
use super::kernel::{Kernel, apply, dims, tensor, values};

/// `[row, in]` times a plain weight `[panel, in, columns of a panel]`, and a plain bias `[1, out]` added:
/// `[row, panel · columns]`. Other devices than the CPU have one panel.
pub fn product(input: Tensor<2>, weight: Tensor<3>, bias: Option<Tensor<2>>) -> Tensor<2> {
    let [rows, _] = input.dims();
    let [panels, width, columns] = weight.dims();
    if is(&input.device()) {
        let weight = weight.try_into_primitive::<Flex>();
        let bias = bias.map(|bias| bias.try_into_primitive::<Flex>()).transpose();
        if let (Ok(weight), Ok(bias)) = (weight, bias) {
            return apply(Panels { weight, columns, bias }, input, [rows, panels * columns]);
        }
        return Tensor::full([rows, panels * columns], f32::NAN, &Device::flex());
    }
    let product = input.matmul(weight.reshape([width, panels * columns]));
    match bias {
        Some(bias) => product + bias,
        None => product,
    }
}

#[derive(Clone, Debug)]
struct Panels {
    /// Contiguous, as it was made.
    weight: FlexTensor,
    columns: usize,
    /// `[1, out]`.
    bias: Option<FlexTensor>,
}

/// A matrix in memory, by how far apart its neighbours are.
struct View<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

impl View<'_> {
    /// Whether every entry of a matrix of this size lies within.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = rows.saturating_sub(1) * self.row + columns.saturating_sub(1) * self.column;
        rows == 0 || columns == 0 || last < self.values.len()
    }
}

/// Writes, or where `add` is set adds, a·b to `into`, whose neighbours are `row` and `column` apart. `[m, k]·[k, n]`.
fn multiply([m, k, n]: [usize; 3], a: &View<'_>, b: &View<'_>, into: &mut [f32], [row, column]: [usize; 2], add: bool) {
    let target = View { values: &*into, row, column };
    if !(a.holds(m, k) && b.holds(k, n) && target.holds(m, n)) {
        return;
    }
    // SAFETY: `holds` has found every entry of the three matrices to lie in its slice; strides are not negative; `into` is
    // borrowed alone, so it overlaps with neither of the others.
    unsafe {
        gemm(
            m,
            n,
            k,
            into.as_mut_ptr(),
            column.cast_signed(),
            row.cast_signed(),
            add,
            a.values.as_ptr(),
            a.column.cast_signed(),
            a.row.cast_signed(),
            b.values.as_ptr(),
            b.column.cast_signed(),
            b.row.cast_signed(),
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

impl Panels {
    /// How many values go in and come out.
    fn sizes(&self) -> [usize; 2] {
        let sizes = dims(&self.weight);
        [sizes.get(1).copied().unwrap_or(0), sizes.first().copied().unwrap_or(0) * self.columns]
    }
}

impl Kernel for Panels {
    type Saved = ();

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let [width, out] = self.sizes();
        let rows = dims(&input).first().copied().unwrap_or(0);
        let input = input.to_contiguous();
        let (Some(input), Some(weight)) = (input.as_slice::<f32>(), self.weight.as_slice::<f32>()) else {
            return tensor(vec![f32::NAN; rows * out], [rows, out]);
        };
        let mut result = match &self.bias {
            Some(bias) => values(bias.clone()).repeat(rows),
            None => vec![0.0; rows * out],
        };
        let a = View { values: input, row: width, column: 1 };
        for (panel, values) in weight.chunks_exact((width * self.columns).max(1)).enumerate() {
            let b = View { values, row: self.columns, column: 1 };
            let Some(into) = result.get_mut(panel * self.columns..) else { break };
            multiply([rows, width, self.columns], &a, &b, into, [out, 1], self.bias.is_some());
        }
        tensor(result, [rows, out])
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        (self.value(input), ())
    }

    fn back(&self, (): Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let [width, out] = self.sizes();
        let rows = dims(&gradient).first().copied().unwrap_or(0);
        let gradient = values(gradient);
        let Some(weight) = self.weight.as_slice::<f32>() else {
            return tensor(vec![f32::NAN; rows * width], [rows, width]);
        };
        // Column-major, as gemm likes its result where the right matrix is read along its rows; turned once at the end.
        let mut sum = vec![0.0; rows * width];
        for (panel, values) in weight.chunks_exact((width * self.columns).max(1)).enumerate() {
            let a = View { values: gradient.get(panel * self.columns..).unwrap_or_default(), row: out, column: 1 };
            let b = View { values, row: 1, column: self.columns };
            multiply([rows, self.columns, width], &a, &b, &mut sum, [1, rows], panel > 0);
        }
        tensor(sum, [width, rows]).transpose(0, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{floats, gradients, relative, spread};
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_product_in_panels_is_burns_with_its_gradient() {
        for (rows, width, panels, columns) in [(1, 5, 1, 7), (3, 40, 4, 16), (17, 33, 3, 48), (64, 96, 2, 48)] {
            let weight = Tensor::<3>::from_data(spread([panels, width, columns]), &Device::flex());
            let whole = weight.clone().swap_dims(0, 1).reshape([width, panels * columns]);
            let bias = Tensor::<2>::from_data(spread([1, panels * columns]), &Device::flex());
            let bias = Some(bias).filter(|_| rows != 3);
            let ours = |x: Tensor<2>| product(x, weight.clone(), bias.clone());
            let theirs = |x: Tensor<2>| match &bias {
                Some(bias) => x.matmul(whole.clone()) + bias.clone(),
                None => x.matmul(whole.clone()),
            };
            let (a, b) = gradients([rows, width], ours, theirs);
            assert!(relative(&a, &b) < 1e-6, "{}", relative(&a, &b));
            let x = Tensor::<2>::from_data(spread([rows, width]), &Device::flex());
            assert!(relative(&floats(ours(x.clone())), &floats(theirs(x.clone()))) < 1e-6);
            let turned = Tensor::<2>::from_data(spread([width, rows]), &Device::flex()).transpose();
            assert!(relative(&floats(ours(turned.clone())), &floats(theirs(turned))) < 1e-6);
        }
    }
}
