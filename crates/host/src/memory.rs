//! The memory behind the CPU's tensors.

use std::borrow::Cow;

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// The values of a tensor, row-major, where they lie if nothing else looks at them, else copied.
pub fn values(tensor: FlexTensor) -> Vec<f32> {
    // What is of another type has no values here; models are loaded in single precision alone.
    tensor.into_data().try_into_vec().unwrap_or_default()
}

/// A tensor of row-major values.
pub fn tensor(values: Vec<f32>, shape: impl Into<burn::tensor::Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// The sizes of a tensor.
pub fn dims(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().iter().copied().collect()
}

/// The values of a tensor, row-major: where they lie, or copied.
pub fn contiguous(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice::<f32>() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(values(tensor.clone())),
    }
}
