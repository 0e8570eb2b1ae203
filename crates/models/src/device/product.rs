//! The product with a weight of words.

use std::sync::Arc;

use burn::tensor::{DType, Int, IntDType, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{Cube, cubecl};
use cubecl::prelude::{BufferArg, CubeCount, CubeDim};
use cubecl::server::Handle;
use headlight_host::kernel::{Kernel, apply};

use super::packed::Words;
use super::shader::{self, Form, STEP};

/// Units of a cube: columns, or steps, and blocks of rows.
const UNITS: [u32; 2] = [32, 2];
/// Rows that a unit computes on the way there and on the way back.
const ROWS: [usize; 2] = [8, 4];

/// `[row, in]` times a weight, and a bias `[1, out]` added: `[row, out]`.
pub fn product(input: Tensor<2>, weight: &Arc<Words>, bias: Option<Tensor<2>>) -> Tensor<2> {
    let [rows, _] = input.dims();
    let [_, out] = weight.sizes;
    let device = input.device();
    match bias.map(|bias| bias.try_into_primitive::<Cube>()).transpose() {
        Ok(bias) => apply(Product { weight: Arc::clone(weight), bias: bias.map(into_contiguous) }, input, [rows, out]),
        Err(_) => Tensor::full([rows, out], f32::NAN, &device),
    }
}

/// Σ w_j·column_j of a weight, for w `[row, out]` that are not tracked: `[row, in]`. It is summed in pieces of so many
/// columns.
pub fn weighted(weights: Tensor<2>, weight: &Arc<Words>, piece: usize) -> Tensor<2> {
    let [rows, _] = weights.dims();
    let [width, _] = weight.sizes;
    let device = weights.device();
    match weights.try_into_primitive::<Cube>() {
        Ok(weights) => {
            let pieces = Product { weight: Arc::clone(weight), bias: None }.pieces(weights, piece);
            Tensor::<3>::from_primitive::<Cube>(pieces).sum_dim(0).reshape([rows, width])
        }
        Err(_) => Tensor::full([rows, width], f32::NAN, &device),
    }
}

/// The columns `ids` of a weight as rows, `[id, in]`. An id beyond the last column stands for it.
pub fn rows(weight: &Arc<Words>, ids: Tensor<1, Int>) -> Tensor<2> {
    let [count] = ids.dims();
    let [width, out] = weight.sizes;
    let device = ids.device();
    let Ok(ids) = ids.cast(IntDType::I32).try_into_primitive::<Cube>() else {
        return Tensor::full([count, width], f32::NAN, &device);
    };
    let ids = into_contiguous(ids);
    let shape = [count, width].into();
    let output = empty_device_contiguous_dtype(ids.client.clone(), ids.device.clone(), shape, DType::F32);
    let Words { coding, words, scales, .. } = weight.as_ref();
    let groups = width / headlight_weights::PACKED_GROUP * out;
    // What a weight has not is stood for by its words, which the kernel then does not read.
    let [scales, offsets] = match scales {
        Some([scales, offsets]) => [buffer(scales, groups), buffer(offsets, groups)],
        None => [buffer(words, 1), buffer(words, 1)],
    };
    // SAFETY: units outside the result end at once, and all others read and write within the sizes given here, which are
    // those of the buffers; ids are bounded.
    unsafe {
        shader::gather::launch_unchecked(
            &ids.client,
            cubes([width / STEP, count, 1]),
            units(),
            buffer(&ids.handle, count),
            buffer(words, width / coding.per_word() * out),
            scales,
            offsets,
            buffer(&output.handle, count * width),
            count,
            width,
            out,
            *coding,
        );
    }
    Tensor::from_primitive::<Cube>(output)
}

#[derive(Clone, Debug)]
struct Product {
    weight: Arc<Words>,
    /// `[1, out]`.
    bias: Option<CubeTensor>,
}

/// A buffer of so many items.
fn buffer(handle: &Handle, items: usize) -> BufferArg {
    // SAFETY: callers know how many items their buffers hold; see each.
    unsafe { BufferArg::from_raw_parts(handle.clone(), items) }
}

impl Product {
    /// Room for a result on the device of `like`.
    fn room<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
        empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), like.dtype)
    }

    fn form(&self, rows: usize, most: usize, biased: bool) -> Form {
        let rows = most.min(rows.next_power_of_two());
        Form { coding: self.weight.coding, rows, folded: self.weight.fold.is_some(), biased }
    }

    /// A gradient `[row, out]` back to the input, by pieces of `piece` columns, a multiple of four, to be summed:
    /// `[piece, row, in]`.
    fn pieces(&self, gradient: CubeTensor, piece: usize) -> CubeTensor {
        let [width, out] = self.weight.sizes;
        let gradient = into_contiguous(gradient);
        let rows = gradient.meta.num_elements() / out;
        let pieces = out.div_ceil(piece);
        let output = Self::room(&gradient, [pieces, rows, width]);
        let form = self.form(rows, ROWS[1], false);
        let [words, scales, offsets, fold] = self.buffers();
        // SAFETY: as in `value`.
        unsafe {
            shader::back::launch_unchecked(
                &gradient.client,
                cubes([width / STEP, rows.div_ceil(form.rows), pieces]),
                units(),
                buffer(&gradient.handle, rows * out / 4),
                words,
                scales,
                offsets,
                fold,
                buffer(&output.handle, pieces * rows * width),
                rows,
                width,
                out / 4,
                piece / 4,
                form,
            );
        }
        output
    }

    /// Words, scales, offsets and fold; what a weight has not is stood for by its words, which no kernel then reads.
    fn buffers(&self) -> [BufferArg; 4] {
        let Words { sizes: [width, out], coding, words, scales, fold } = self.weight.as_ref();
        let groups = width / headlight_weights::PACKED_GROUP * out / 4;
        // Every buffer holds what `Packing` put there, in fours but for the fold.
        let [scales, offsets] = match scales {
            Some([scales, offsets]) => [buffer(scales, groups), buffer(offsets, groups)],
            None => [buffer(words, 1), buffer(words, 1)],
        };
        let fold = fold.as_ref().map_or_else(|| buffer(words, 1), |fold| buffer(fold, *width));
        [buffer(words, width / coding.per_word() * out / 4), scales, offsets, fold]
    }
}

/// Cubes for so many units in each dimension.
fn cubes([across, down, deep]: [usize; 3]) -> CubeCount {
    let [x, y] = UNITS;
    let count = |units: usize, size: u32| u32::try_from(units).unwrap_or(u32::MAX).div_ceil(size);
    CubeCount::Static(count(across, x), count(down, y), count(deep, 1))
}

fn units() -> CubeDim {
    let [x, y] = UNITS;
    CubeDim::new_2d(x, y)
}

impl Kernel for Product {
    type On = Cube;
    type Saved = ();

    fn value(&self, input: CubeTensor) -> CubeTensor {
        let [width, out] = self.weight.sizes;
        let input = into_contiguous(input);
        let rows = input.meta.num_elements() / width;
        let output = Self::room(&input, [rows, out]);
        let form = self.form(rows, ROWS[0], self.bias.is_some());
        let [words, scales, offsets, fold] = self.buffers();
        let bias = match &self.bias {
            Some(bias) => buffer(&bias.handle, out / 4),
            None => buffer(&self.weight.words, 1),
        };
        // SAFETY: units outside the result end at once, and all others read and write within the sizes given here, which are
        // those of the buffers.
        unsafe {
            shader::forward::launch_unchecked(
                &input.client,
                cubes([out / 4, rows.div_ceil(form.rows), 1]),
                units(),
                buffer(&input.handle, rows * width / 4),
                words,
                scales,
                offsets,
                fold,
                bias,
                buffer(&output.handle, rows * out / 4),
                rows,
                width,
                out / 4,
                form,
            );
        }
        output
    }

    fn tracked(&self, input: CubeTensor) -> (CubeTensor, Self::Saved) {
        (self.value(input), ())
    }

    fn back(&self, (): Self::Saved, gradient: CubeTensor) -> CubeTensor {
        let [width, out] = self.weight.sizes;
        let rows = gradient.meta.num_elements() / out;
        let whole = self.pieces(gradient, out);
        CubeTensor::new_contiguous(whole.client, whole.device, [rows, width].into(), whole.handle, whole.dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::super::packed::Packing;
    use super::*;
    use burn::tensor::{Device, TensorData};
    use headlight_weights::{Codes, PACKED_GROUP, Packed};

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| (((index * 37 + seed * 11) % 101) as f32 - 50.0) / 60.0).collect()
    }

    fn affine(bits: u32, [out, width]: [usize; 2]) -> Packed {
        let quants = (0..out * width).map(|index| (index * 37 % (1 << bits)) as u8).collect();
        let groups = out * width / PACKED_GROUP;
        let scales = numbers(groups, 1).iter().map(|number| number / (1 << bits) as f32).collect();
        Packed { shape: vec![out, width], codes: Codes::Affine { bits, quants, scales, offsets: numbers(groups, 2) } }
    }

    /// Halves of both signs, subnormal ones too.
    fn halves([out, width]: [usize; 2], from: u32, to: u32) -> Vec<u16> {
        (0..out * width)
            .map(|index| ((from + index as u32 * 37 % (to - from)) | (index as u32 % 2) << 15) as u16)
            .collect()
    }

    fn relative(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
        norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
    }

    /// Where there is a graphics processor or a simulation of one: `cargo test -p headlight-models --features gpu`.
    #[test]
    fn products_and_gradients_are_those_with_the_plain_numbers() {
        let device = pollster::block_on(Device::wgpu_options().init_async()).unwrap();
        let client = super::super::client(&device).unwrap();
        for (rows, out, width) in [(1, 4, 32), (3, 36, 64), (17, 192, 96), (9, 96, 576)] {
            let sizes = [out, width];
            let fold = numbers(width, 5);
            let packed = |codes| Packed { shape: sizes.to_vec(), codes };
            for (name, part) in [
                ("four", affine(4, sizes)),
                ("eight", affine(8, sizes)),
                ("f16", packed(Codes::F16(halves(sizes, 0, 0x3400)))),
                ("bf16", packed(Codes::Bf16(halves(sizes, 0x3C00, 0x3E80)))),
                ("single", affine(8, sizes)),
            ] {
                let values = part.values();
                let (packing, fold) = match name {
                    "single" => (Packing::of_singles(width, &values), None),
                    _ => (Packing::new(width, &[&part]), Some(fold.as_slice())),
                };
                let words = Arc::new(packing.unwrap().upload(fold, &client));
                let folds = |at: usize| fold.map_or(1.0, |fold| fold[at % width]);
                let plain: Vec<f32> = values.iter().enumerate().map(|(at, value)| value * folds(at)).collect();
                let run = |device: &Device, ours: bool| {
                    let tensor = |values: Vec<f32>, shape: [usize; 2]| {
                        Tensor::<2>::from_data(TensorData::new(values, shape), device)
                    };
                    let bias = Some(tensor(numbers(out, 3), [1, out])).filter(|_| rows != 3);
                    let input = tensor(numbers(rows * width, 4), [rows, width]).autodiff().require_grad();
                    let output = if ours {
                        product(input.clone(), &words, bias)
                    } else {
                        let product = input.clone().matmul(tensor(plain.clone(), sizes).transpose());
                        bias.into_iter().fold(product, |product, bias| product + bias)
                    };
                    let gradients = output.clone().powi_scalar(2).sum().backward();
                    let floats = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
                    [floats(output.inner()), floats(input.grad(&gradients).unwrap())]
                };
                let (found, expected) = (run(&device, true), run(&Device::flex(), false));
                let ids: Vec<usize> = vec![out - 1, 0, out / 2];
                let wanted: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
                let wanted = Tensor::<1, Int>::from_data(TensorData::new(wanted, [3]), &device);
                let found_rows = super::rows(&words, wanted).into_data().try_into_vec::<f32>().unwrap();
                assert!(
                    relative(
                        &found_rows,
                        &ids.iter().flat_map(|id| &values[id * width..][..width]).copied().collect::<Vec<_>>()
                    ) < 2e-6
                );
                if fold.is_none() {
                    let weights = |device: &Device| {
                        Tensor::<2>::from_data(TensorData::new(numbers(rows * out, 7), [rows, out]), device)
                    };
                    let whole = Tensor::<2>::from_data(TensorData::new(values.clone(), sizes), &Device::flex());
                    let expected = weights(&Device::flex()).matmul(whole).into_data().try_into_vec::<f32>().unwrap();
                    let found = weighted(weights(&device), &words, 8).into_data().try_into_vec::<f32>().unwrap();
                    assert!(relative(&found, &expected) < 2e-6);
                }
                for (what, (a, b)) in ["value", "gradient"].iter().zip(found.iter().zip(&expected)) {
                    let off = relative(a, b);
                    assert!(off < 2e-6, "{name} {rows} × {sizes:?} {what}: {off}");
                }
            }
        }
    }
}
