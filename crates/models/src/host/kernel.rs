//! How a kernel of ours gets between burn's tensors: on burn's own CPU tensors, and, tracked, with its own way back.

use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::flex::FlexTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Tensor, TensorData};

/// A function of one tensor on the CPU, and the vector-Jacobian product that goes back through it.
pub trait Kernel: Clone + Debug + Send + 'static {
    /// What the way back needs to know of the way there.
    type Saved: Clone + Debug + Send + 'static;

    /// The value alone.
    fn value(&self, input: FlexTensor) -> FlexTensor;

    /// The value, and what the way back needs.
    fn tracked(&self, input: FlexTensor) -> (FlexTensor, Self::Saved);

    /// The gradient at the input, from the one at the value.
    fn back(&self, saved: Self::Saved, gradient: FlexTensor) -> FlexTensor;
}

/// The step back through a [`Kernel`].
#[derive(Debug)]
struct Back<K>(PhantomData<K>);

impl<K: Kernel> Backward<Flex, 1> for Back<K> {
    type State = (K, K::Saved);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (kernel, saved) = ops.state;
        unary::<Flex, _>(ops.parents, ops.node, grads, |gradient| kernel.back(saved, gradient));
    }
}

/// Applies `kernel` to a tensor on the CPU device; `shape` is the result's, of which nothing but a tensor that is not on
/// that device makes use: it becomes NaNs, which no caller takes for an answer.
pub fn apply<K: Kernel, const I: usize, const O: usize>(kernel: K, input: Tensor<I>, shape: [usize; O]) -> Tensor<O> {
    let device = input.device();
    let result = if input.is_autodiff() {
        input.try_into_primitive::<Autodiff<Flex>>().map(|input| {
            let node = Back::<K>(PhantomData).prepare::<NoCheckpointing>([input.node()]).compute_bound().stateful();
            let output = match node {
                OpsKind::Tracked(ops) => {
                    let (value, saved) = kernel.tracked(input.into_primitive());
                    ops.finish((kernel, saved), value)
                }
                OpsKind::UnTracked(ops) => ops.finish(kernel.value(input.into_primitive())),
            };
            Tensor::from_primitive::<Autodiff<Flex>>(output)
        })
    } else {
        let value = input.try_into_primitive::<Flex>().map(|input| kernel.value(input));
        value.map(Tensor::from_primitive::<Flex>)
    };
    result.unwrap_or_else(|_| Tensor::full(shape, f32::NAN, &device))
}

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
