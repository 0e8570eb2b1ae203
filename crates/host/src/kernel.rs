//! How a kernel of ours gets between burn's tensors: on a backend's own tensors, and, tracked, with its own way back.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::{Autodiff, Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::Tensor;

/// A tensor of a kernel's backend.
pub type Primitive<K> = <<K as Kernel>::On as burn::backend::BackendTypes>::FloatTensorPrimitive;

/// A function of one tensor on one backend, and the vector-Jacobian product that goes back through it.
pub trait Kernel: Clone + Debug + Send + 'static {
    /// Where it runs.
    type On: Backend;

    /// What the way back needs to know of the way there.
    type Saved: Clone + Debug + Send + 'static;

    /// The value alone.
    fn value(&self, input: Primitive<Self>) -> Primitive<Self>;

    /// The value, and what the way back needs.
    fn tracked(&self, input: Primitive<Self>) -> (Primitive<Self>, Self::Saved);

    /// The gradient at the input, from the one at the value.
    fn back(&self, saved: Self::Saved, gradient: Primitive<Self>) -> Primitive<Self>;
}

/// The step back through a [`Kernel`].
#[derive(Debug)]
struct Back<K>(PhantomData<K>);

impl<K: Kernel> Backward<K::On, 1> for Back<K> {
    type State = (K, K::Saved);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (kernel, saved) = ops.state;
        unary::<K::On, _>(ops.parents, ops.node, grads, |gradient| kernel.back(saved, gradient));
    }
}

/// Applies `kernel` to a tensor of its backend; `shape` is the result's, of which nothing but a tensor that is of another
/// backend makes use: it becomes NaNs, which no caller takes for an answer.
pub fn apply<K: Kernel, const I: usize, const O: usize>(kernel: K, input: Tensor<I>, shape: [usize; O]) -> Tensor<O>
where
    DispatchTensor: DispatchKindConversion<K::On> + DispatchKindConversion<Autodiff<K::On>>,
{
    let device = input.device();
    let result = if input.is_autodiff() {
        input.try_into_primitive::<Autodiff<K::On>>().map(|input| {
            let node = Back::<K>(PhantomData).prepare::<NoCheckpointing>([input.node()]).compute_bound().stateful();
            let output = match node {
                OpsKind::Tracked(ops) => {
                    let (value, saved) = kernel.tracked(input.into_primitive());
                    ops.finish((kernel, saved), value)
                }
                OpsKind::UnTracked(ops) => ops.finish(kernel.value(input.into_primitive())),
            };
            Tensor::from_primitive::<Autodiff<K::On>>(output)
        })
    } else {
        let value = input.try_into_primitive::<K::On>().map(|input| kernel.value(input));
        value.map(Tensor::from_primitive::<K::On>)
    };
    result.unwrap_or_else(|_| Tensor::full(shape, f32::NAN, &device))
}
