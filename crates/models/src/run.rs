//! The run: through all blocks, keeping what was asked for, and back down for gradients.
//!
//! Backpropagation goes block by block. Each block is its own small graph: its input is a fresh leaf, and on the way
//! down its output is multiplied with the gradient that came from above (a vector-Jacobian product). The numbers are
//! those of one large graph, but memory is freed as the gradient passes, the work can be shown and stopped between
//! blocks, and the gradient at every residual falls out on the way.

use burn::tensor::Tensor;
use thiserror::Error;

use crate::hook::{Capture, Captures};
use crate::pulse::{Cancelled, Pulse, Stage};
use crate::transformer::{Frame, Transformer};

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The run was given up, as asked.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The text has more tokens than the model can read.
    #[error("The text has {tokens} tokens; this model reads at most {context} at once.")]
    TooLong {
        /// Tokens in the text.
        tokens: usize,
        /// What the model can read.
        context: usize,
    },
    /// No tokens at all.
    #[error("There is nothing to run: the text has no tokens.")]
    Empty,
    /// The device could not give its results back.
    #[error("The device failed while computing: {0}.")]
    Device(String),
    /// The gradient did not reach the embeddings.
    #[error("The gradient was lost on its way down; this is a fault in Headlight, please report it.")]
    NoGradient,
}

/// What a plain run gives.
#[derive(Debug)]
pub struct Run {
    /// The final hidden state `[batch, token, width]`.
    pub hidden: Tensor<3>,
    /// What was kept on the way.
    pub captures: Captures,
}

fn frame(model: &dyn Transformer, embeddings: &Tensor<3>) -> Result<Frame, RunError> {
    let [_, tokens, _] = embeddings.dims();
    let context = model.architecture().context;
    match tokens {
        0 => Err(RunError::Empty),
        _ if tokens > context => Err(RunError::TooLong { tokens, context }),
        _ => Ok(model.frame(tokens)),
    }
}

/// Runs `model` on `embeddings` (`[batch, token, width]`), without gradients.
///
/// # Errors
/// [`RunError::Cancelled`] where `pulse` says so; [`RunError::TooLong`] and [`RunError::Empty`] for texts that cannot be
/// run.
pub async fn run(
    model: &dyn Transformer,
    embeddings: Tensor<3>,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Run, RunError> {
    let frame = frame(model, &embeddings)?;
    let layers = model.architecture().layers;
    let mut captures = Captures::new(capture);
    let mut residual = model.enter(embeddings);
    for layer in 0..layers {
        residual = model.block(layer, residual, &frame, &mut captures);
        pulse.beat(Stage::Forward, layer + 1, layers).await?;
    }
    Ok(Run { hidden: model.finish(residual), captures })
}

/// A run that can be taken back down.
#[derive(Debug)]
pub struct Tracked {
    /// What was kept on the way up.
    pub captures: Captures,
    /// What left the last block, as a fresh leaf `[batch, token, width]`.
    top: Tensor<3>,
    /// Each block's leaf and output, from the first block to the last.
    blocks: Vec<(Tensor<3>, Tensor<3>)>,
}

/// Runs `model` on `embeddings` (`[batch, token, width]`) so that a gradient can be taken at them.
///
/// # Errors
/// As [`run`].
pub async fn track(
    model: &dyn Transformer,
    embeddings: Tensor<3>,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Tracked, RunError> {
    let frame = frame(model, &embeddings)?;
    let layers = model.architecture().layers;
    let mut captures = Captures::new(capture);
    let mut blocks = Vec::with_capacity(layers);
    let mut next = embeddings.inner();
    for layer in 0..layers {
        let leaf = next.autodiff().require_grad();
        let entered = if layer == 0 { model.enter(leaf.clone()) } else { leaf.clone() };
        let output = model.block(layer, entered, &frame, &mut captures);
        next = output.clone().inner();
        blocks.push((leaf, output));
        pulse.beat(Stage::Forward, layer + 1, layers).await?;
    }
    Ok(Tracked { captures, top: next.autodiff().require_grad(), blocks })
}

impl Tracked {
    /// The final hidden state `[batch, token, width]`, tracked: a target is computed from it.
    #[must_use]
    pub fn hidden(&self, model: &dyn Transformer) -> Tensor<3> {
        model.finish(self.top.clone())
    }

    /// The gradient at the embeddings (`[batch, token, width]`) of `target` (one number for each of the batch), which
    /// must have been computed from [`Tracked::hidden`].
    ///
    /// # Errors
    /// [`RunError::Cancelled`] where `pulse` says so.
    pub async fn backward(self, target: Tensor<1>, pulse: &dyn Pulse) -> Result<Tensor<3>, RunError> {
        // The samples of a batch do not touch each other, so the gradient of their sum holds each one's own.
        let grads = target.sum().backward();
        let mut gradient = self.top.grad(&grads).ok_or(RunError::NoGradient)?;
        drop(grads);
        let total = self.blocks.len();
        for (done, (leaf, output)) in self.blocks.into_iter().rev().enumerate() {
            let grads = (output * gradient).sum().backward();
            gradient = leaf.grad(&grads).ok_or(RunError::NoGradient)?;
            pulse.beat(Stage::Backward, done + 1, total).await?;
        }
        Ok(gradient)
    }
}
