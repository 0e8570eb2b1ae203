//! Kernels for the CPU device, and how a kernel gets between burn's tensors on any.
//!
//! There burn computes GELU, SiLU and softmax one element at a time through C's mathematical library, which took a fifth
//! of a whole run in WebAssembly; these are loops that the compiler turns into vector instructions. It takes tracked norms
//! apart into many operations, and multiplies with a large weight column by column of far memory; these do neither. Each
//! has its own way back, as burn's own operations have. Other devices take burn's operations.

mod activation;
pub mod exponential;
pub mod kernel;
mod lanes;
mod memory;
mod multiply;
mod norm;
mod packed;
mod product;
mod softmax;
mod summing;
mod unpack;

use burn::tensor::Device;

pub use activation::{gelu, swiglu};
pub use lanes::Lanes;
pub use norm::{layer_norm, rms_norm};
pub use packed::{COLUMNS, PackedPanels};
pub use product::{Weight, back, product, rows};
pub use softmax::softmax;
pub use summing::Summing;

/// Whether this is the CPU device.
pub fn is(device: &Device) -> bool {
    *device == Device::flex()
}

/// Runs a loop with the widest vector instructions that this processor has. A browser has one width.
#[inline(always)]
fn wide<T>(run: impl FnOnce() -> T) -> T {
    #[cfg(not(target_arch = "wasm32"))]
    return pulp::Arch::new().dispatch(run);
    #[cfg(target_arch = "wasm32")]
    run()
}

#[cfg(test)]
mod testing {
    //! What the kernels' tests share: values, burn's own gradients, and how far apart two lists of numbers are.

    use burn::tensor::{Device, Tensor, TensorData};

    /// Values of both signs, all over a range of ten.
    pub fn spread<const D: usize>(shape: [usize; D]) -> TensorData {
        let count = shape.iter().product::<usize>();
        TensorData::new((0..count).map(|index| ((index * 37 % 101) as f32 - 50.0) / 9.0).collect::<Vec<_>>(), shape)
    }

    /// The values of a tensor.
    pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// The gradients of Σ w·f(x) for both functions.
    pub fn gradients<const D: usize>(
        shape: [usize; D],
        ours: impl Fn(Tensor<D>) -> Tensor<D>,
        theirs: impl Fn(Tensor<D>) -> Tensor<D>,
    ) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex();
        let gradient = |f: &dyn Fn(Tensor<D>) -> Tensor<D>| {
            let x = Tensor::<D>::from_data(spread(shape), &device).autodiff().require_grad();
            let y = f(x.clone());
            let count = y.dims().iter().product::<usize>();
            let weights: Vec<f32> = (0..count).map(|index| ((index * 29 % 83) as f32 - 41.0) / 40.0).collect();
            let w = Tensor::<D>::from_data(TensorData::new(weights, y.dims()), &device);
            let grads = (y * w).sum().backward();
            floats(x.grad(&grads).unwrap())
        };
        (gradient(&ours), gradient(&theirs))
    }

    /// ‖a − b‖ / ‖b‖.
    pub fn relative(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        let off: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
        (off / b.iter().map(|b| b * b).sum::<f32>()).sqrt()
    }
}
