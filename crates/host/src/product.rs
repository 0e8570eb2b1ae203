//! The product with a weight that lies in panels of columns.
//!
//! A matrix product goes through a few columns at a time. In one large row-major matrix each step would be on another
//! page of memory; in a panel it is the next cache line. Each panel's product is written where it belongs, and on the way
//! back the panels' parts are added up where they lie, without a tensor for each. A panel of a packed weight is unpacked
//! just before.

use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::is;
use crate::kernel::{Kernel, apply};
use crate::memory::{contiguous, dims, tensor, values};
use crate::multiply::{View, multiply};
use crate::packed::{COLUMNS, PackedPanels};
use crate::summing::Summing;

/// The weight of a product.
#[expect(clippy::large_enum_variant, reason = "there is one a product")]
#[derive(Clone, Debug)]
pub enum Weight {
    /// `[panel, in, columns of a panel]`, plain; devices other than the CPU have one panel.
    Plain(Tensor<3>),
    /// On the CPU alone.
    Packed(Arc<PackedPanels>),
}

impl Weight {
    /// How many values go in and come out.
    pub fn sizes(&self) -> [usize; 2] {
        match self {
            Self::Plain(weight) => {
                let [panels, width, columns] = weight.dims();
                [width, panels * columns]
            }
            Self::Packed(panels) => panels.sizes(),
        }
    }
}

/// `[row, in]` times a weight, and a plain bias `[1, out]` added: `[row, out]`.
pub fn product(input: Tensor<2>, weight: &Weight, bias: Option<Tensor<2>>) -> Tensor<2> {
    let [rows, _] = input.dims();
    let [width, out] = weight.sizes();
    if !is(&input.device()) {
        let Weight::Plain(weight) = weight else {
            return Tensor::full([rows, out], f32::NAN, &input.device());
        };
        let product = input.matmul(weight.clone().reshape([width, out]));
        return match bias {
            Some(bias) => product + bias,
            None => product,
        };
    }
    let bias = bias.map(|bias| bias.try_into_primitive::<Flex>()).transpose();
    match (Values::of(weight), bias) {
        (Some(values), Ok(bias)) => {
            apply(Panels { values, sizes: [width, out], bias, summing: Summing::chosen() }, input, [rows, out])
        }
        _ => Tensor::full([rows, out], f32::NAN, &Device::flex()),
    }
}

/// `[row, out]` times a weight turned: `[row, in]`, on the CPU and not tracked. It is added up panel by panel.
pub fn back(gradient: Tensor<2>, weight: &Weight) -> Tensor<2> {
    let [rows, _] = gradient.dims();
    let sizes = weight.sizes();
    match (Values::of(weight), gradient.try_into_primitive::<Flex>()) {
        (Some(values), Ok(gradient)) => {
            let panels = Panels { values, sizes, bias: None, summing: Summing::Whole };
            Tensor::from_primitive::<Flex>(panels.back((), gradient))
        }
        _ => Tensor::full([rows, sizes[0]], f32::NAN, &Device::flex()),
    }
}

/// The columns `ids` of a weight as rows, `[id, in]`, on the CPU. NaNs for an id that is none of a column.
pub fn rows(weight: &PackedPanels, ids: Tensor<1, Int>) -> Tensor<2> {
    let [width, _] = weight.sizes();
    let ids: Vec<usize> = ids.into_data().iter::<i64>().map(|id| usize::try_from(id).unwrap_or(usize::MAX)).collect();
    let rows = TensorData::new(weight.columns(&ids), [ids.len(), width]);
    Tensor::from_data(rows, &Device::flex())
}

#[derive(Clone, Debug)]
enum Values {
    /// Contiguous, as it was made.
    Plain {
        weight: FlexTensor,
        columns: usize,
    },
    Packed(Arc<PackedPanels>),
}

impl Values {
    /// Those of a weight on the CPU.
    fn of(weight: &Weight) -> Option<Self> {
        match weight {
            Weight::Plain(weight) => {
                let columns = weight.dims()[2];
                let weight = weight.clone().try_into_primitive::<Flex>().ok()?;
                Some(Self::Plain { weight, columns })
            }
            Weight::Packed(panels) => Some(Self::Packed(Arc::clone(panels))),
        }
    }

    fn columns(&self) -> usize {
        match self {
            Self::Plain { columns, .. } => *columns,
            Self::Packed(_) => COLUMNS,
        }
    }

    /// The panel of this number, `[in, columns]`, in `scratch` where it has to be unpacked.
    fn panel<'a>(&'a self, number: usize, width: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        match self {
            Self::Plain { weight, columns } => {
                let length = width * columns;
                let values = weight.as_slice::<f32>().unwrap_or_default();
                values.get(number * length..(number + 1) * length).unwrap_or_default()
            }
            Self::Packed(panels) => {
                scratch.resize(width * COLUMNS, 0.0);
                panels.unpack(number, scratch);
                scratch
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Panels {
    values: Values,
    /// How many values go in and come out.
    sizes: [usize; 2],
    /// `[1, out]`.
    bias: Option<FlexTensor>,
    /// On the way there. The way back is a sum over panels, whose own sums are parts already.
    summing: Summing,
}

impl Kernel for Panels {
    type On = Flex;
    type Saved = ();

    fn value(&self, input: FlexTensor) -> FlexTensor {
        let [width, out] = self.sizes;
        let columns = self.values.columns();
        let rows = dims(&input).first().copied().unwrap_or(0);
        let input = contiguous(&input);
        let mut result = match &self.bias {
            Some(bias) => values(bias.clone()).repeat(rows),
            None => vec![0.0; rows * out],
        };
        let a = View { values: &input, row: width, column: 1 };
        let mut scratch = Vec::new();
        for panel in 0..out / columns.max(1) {
            let b = View { values: self.values.panel(panel, width, &mut scratch), row: columns, column: 1 };
            let Some(into) = result.get_mut(panel * columns..) else { break };
            multiply([rows, width, columns], a, b, into, [out, 1], self.bias.is_some(), self.summing);
        }
        tensor(result, [rows, out])
    }

    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved) {
        (self.value(input), ())
    }

    fn back(&self, (): Self::Saved, gradient: FlexTensor) -> FlexTensor {
        let [width, out] = self.sizes;
        let columns = self.values.columns();
        let rows = dims(&gradient).first().copied().unwrap_or(0);
        let gradient = contiguous(&gradient);
        // Column-major, as gemm likes its result where the right matrix is read along its rows; turned once at the end.
        let mut sum = vec![0.0; rows * width];
        let mut scratch = Vec::new();
        for panel in 0..out / columns.max(1) {
            let a = View { values: gradient.get(panel * columns..).unwrap_or_default(), row: out, column: 1 };
            let b = View { values: self.values.panel(panel, width, &mut scratch), row: 1, column: columns };
            multiply([rows, columns, width], a, b, &mut sum, [1, rows], panel > 0, Summing::Whole);
        }
        tensor(sum, [width, rows]).transpose(0, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{floats, gradients, relative, spread};
    use headlight_weights::{Codes, Packed};

    #[test]
    fn a_product_in_panels_is_burns_with_its_gradient() {
        for (rows, width, panels, columns) in [(1, 5, 1, 7), (3, 40, 4, 16), (17, 33, 3, 48), (64, 96, 2, 48)] {
            let weight = Tensor::<3>::from_data(spread([panels, width, columns]), &Device::flex());
            let whole = weight.clone().swap_dims(0, 1).reshape([width, panels * columns]);
            let bias = Tensor::<2>::from_data(spread([1, panels * columns]), &Device::flex());
            let bias = Some(bias).filter(|_| rows != 3);
            let plain = Weight::Plain(weight.clone());
            let ours = |x: Tensor<2>| product(x, &plain, bias.clone());
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

    #[test]
    fn a_product_with_a_packed_weight_is_that_with_its_numbers() {
        let (rows, width, out) = (7, 64, 96);
        let quants = (0..out * width).map(|index| (index * 37 % 16) as u8).collect();
        let numbers = |step: f32| (0..out * width / 32).map(|index| (index % 11) as f32 * step - 0.5).collect();
        let codes = Codes::Affine { bits: 4, quants, scales: numbers(0.01), offsets: numbers(0.1) };
        let packed = Packed { shape: vec![out, width], codes };
        let whole = Tensor::<2>::from_data(TensorData::new(packed.values(), [out, width]), &Device::flex()).transpose();
        let weight = Weight::Packed(Arc::new(PackedPanels::new(width, &[&packed], None).unwrap()));
        let (a, b) = gradients([rows, width], |x| product(x, &weight, None), |x: Tensor<2>| x.matmul(whole.clone()));
        assert!(relative(&a, &b) < 1e-6, "{}", relative(&a, &b));
        let x = Tensor::<2>::from_data(spread([rows, width]), &Device::flex());
        let (a, b) = (floats(product(x.clone(), &weight, None)), floats(x.matmul(whole)));
        assert!(relative(&a, &b) < 1e-6, "{}", relative(&a, &b));
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn a_sum_in_parts_loses_fewer_digits() {
        use pollster::block_on;

        let [rows, width, out] = [16, 1536, 48];
        let mut state = 1_u64;
        let mut drawn = |count: usize| -> Vec<f32> {
            let draw = |_| {
                // Knuth's generator: what lies evenly cancels too well.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            };
            (0..count).map(draw).collect()
        };
        let (x, w) = (drawn(rows * width), drawn(width * out));
        let sum = |row: usize, column: usize| -> f64 {
            (0..width).map(|i| f64::from(x[row * width + i]) * f64::from(w[i * out + column])).sum()
        };
        let exact: Vec<f64> = (0..rows * out).map(|at| sum(at / out, at % out)).collect();
        let input = Tensor::<2>::from_data(TensorData::new(x.clone(), [rows, width]), &Device::flex());
        let weight = Weight::Plain(Tensor::from_data(TensorData::new(w.clone(), [1, width, out]), &Device::flex()));
        let off = |summing: Summing| {
            let found = floats(block_on(summing.within(async { product(input.clone(), &weight, None) })));
            let off = found.iter().zip(&exact).map(|(found, exact)| (f64::from(*found) - exact).powi(2));
            (off.sum::<f64>() / exact.iter().map(|exact| exact.powi(2)).sum::<f64>()).sqrt()
        };
        let (whole, parts) = (off(Summing::Whole), off(Summing::InParts));
        assert!(parts < 0.6 * whole, "{parts} in parts, {whole} whole");
    }
}
