//! The run: through all blocks, keeping what was asked for, and back down for gradients.
//!
//! Backpropagation goes block by block. Each block is its own small graph: its input is a fresh leaf, and on the way
//! down its output is multiplied with the gradient that came from above (a vector-Jacobian product). The numbers are
//! those of one large graph, but memory is freed as the gradient passes, the work can be shown and stopped between
//! blocks, and the gradient at every residual falls out on the way.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use thiserror::Error;

use crate::batch::{Input, Layout};
use crate::changes::Changes;
use crate::hook::{Capture, Captures, Hook, Side};
use crate::past::Past;
use crate::pulse::{Cancelled, Pulse, Stage};
use crate::transformer::{Frame, Stack, Transformer};

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
    /// A model with an encoder was given nothing to read there.
    #[error("This model reads one text and writes another; there is no text to read.")]
    NoSource,
    /// Only a causal model with one stack keeps what it has read.
    #[error("This model does not go on with a text, so there is nothing to keep of what it has read.")]
    NoPast,
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

fn frame(stack: &dyn Stack, layout: &Layout) -> Result<Frame, RunError> {
    let context = stack.architecture().context;
    match layout.tokens {
        0 => Err(RunError::Empty),
        tokens if layout.before + tokens > context => {
            Err(RunError::TooLong { tokens: layout.before + tokens, context })
        }
        _ => Ok(stack.frame(layout)),
    }
}

/// The encoder of `model` with what it is to read, where it has one.
fn encoder(
    model: &dyn Transformer,
    source: Option<Tensor<3>>,
) -> Result<Option<(&dyn Stack, Tensor<3>, Frame)>, RunError> {
    match (model.encoder(), source) {
        (None, _) => Ok(None),
        (Some(_), None) => Err(RunError::NoSource),
        (Some(encoder), Some(source)) => {
            let layout = Layout { tokens: source.dims()[1], ..Layout::default() };
            let frame = frame(encoder, &layout)?;
            Ok(Some((encoder, source, frame)))
        }
    }
}

/// Counts blocks over both stacks.
struct Steps<'a> {
    pulse: &'a dyn Pulse,
    stage: Stage,
    done: usize,
    total: usize,
}

impl<'a> Steps<'a> {
    fn new(model: &dyn Transformer, stage: Stage, pulse: &'a dyn Pulse) -> Self {
        let encoder = model.encoder().map_or(0, |encoder| encoder.architecture().layers);
        Self { pulse, stage, done: 0, total: encoder + model.architecture().layers }
    }

    async fn step(&mut self) -> Result<(), Cancelled> {
        self.done += 1;
        self.pulse.beat(self.stage, self.done, self.total).await
    }
}

/// Runs `model` on `input`, without gradients.
///
/// # Errors
/// [`RunError::Cancelled`] where `pulse` says so; [`RunError::TooLong`], [`RunError::Empty`] and [`RunError::NoSource`]
/// for texts that cannot be run.
pub async fn run(
    model: &dyn Transformer,
    input: impl Into<Input>,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Run, RunError> {
    run_changed(model, input, capture, Changes::default(), pulse).await
}

/// As [`run`], with `changes` on the way, whose tensors have to fit the input.
///
/// # Errors
/// As [`run`].
pub async fn run_changed(
    model: &dyn Transformer,
    input: impl Into<Input>,
    capture: Capture,
    changes: Changes,
    pulse: &dyn Pulse,
) -> Result<Run, RunError> {
    let input = input.into();
    let mut frame = frame(model, &input.layout())?;
    let mut captures = Captures::new(capture).with_changes(changes);
    let mut steps = Steps::new(model, Stage::Forward, pulse);
    if let Some((encoder, source, frame_there)) = encoder(model, input.source)? {
        captures.enter(Side::Encoder);
        let memory = pass(encoder, source, &frame_there, &mut captures, &mut steps).await?;
        frame.memory = Some(memory);
        captures.enter(Side::Decoder);
    }
    let hidden = pass(model, input.embeddings, &frame, &mut captures, &mut steps).await?;
    Ok(Run { hidden, captures })
}

/// Runs the blocks of the model's own stack from `layer` on, without gradients: `entering` (`[batch, token, width]`) is what
/// enters that block, as [`Point::ResidPre`](crate::Point::ResidPre) has it of another run, and `memory` what [`encode`] gave,
/// where there is an encoder. So what lies below a change is computed once. Blocks below count as done.
///
/// # Errors
/// As [`run`].
pub async fn resume(
    model: &dyn Transformer,
    layer: usize,
    entering: Tensor<3>,
    memory: Option<Tensor<3>>,
    changes: Changes,
    pulse: &dyn Pulse,
) -> Result<Run, RunError> {
    let layout = Layout { tokens: entering.dims()[1], ..Layout::default() };
    let frame = Frame { memory, ..frame(model, &layout)? };
    if frame.memory.is_none() && model.encoder().is_some() {
        return Err(RunError::NoSource);
    }
    let mut captures = Captures::new(Capture::none()).with_changes(changes);
    if frame.memory.is_some() {
        captures.enter(Side::Decoder);
    }
    let layers = model.architecture().layers;
    let mut steps = Steps::new(model, Stage::Forward, pulse);
    steps.done = (steps.total + layer).saturating_sub(layers).min(steps.total);
    let hidden = blocks(model, layer, entering, &frame, &mut captures, &mut steps).await?;
    Ok(Run { hidden, captures })
}

/// Runs a causal `model`, or the decoder of one with an encoder, on the tokens that follow those of `past`, without gradients:
/// `embeddings` are theirs, `[batch, token, width]`, and so is what is kept. Their queries see all tokens, so that a pattern is
/// `[batch, head, new token, token]`. `past` then has them too; where the run fails it is as it was. Of a decoder it begins as
/// [`Past::beside`].
///
/// # Errors
/// As [`run`]; [`RunError::NoPast`] where the model sees both ways, [`RunError::NoSource`] where its encoder has read nothing.
pub async fn extend(
    model: &dyn Transformer,
    embeddings: Tensor<3>,
    past: &mut Past,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Run, RunError> {
    if !model.architecture().causal {
        return Err(RunError::NoPast);
    }
    let layout = Layout { tokens: embeddings.dims()[1], before: past.tokens(), ..Layout::default() };
    let frame = Frame { memory: past.memory(), ..frame(model, &layout)? };
    let mut captures = Captures::new(capture).with_past(past.clone());
    match (model.encoder().is_some(), frame.memory.is_some()) {
        (true, false) => return Err(RunError::NoSource),
        (true, true) => captures.enter(Side::Decoder),
        _ => {}
    }
    let mut steps = Steps { pulse, stage: Stage::Forward, done: 0, total: model.architecture().layers };
    let hidden = pass(model, embeddings, &frame, &mut captures, &mut steps).await?;
    *past = captures.take_past();
    past.count(layout.tokens);
    Ok(Run { hidden, captures })
}

/// Runs only the encoder of `model` on a text's embeddings `[batch, source token, width]`, without gradients: what a
/// decoder looks at, of the same shape.
///
/// # Errors
/// As [`run`]; [`RunError::NoSource`] too where the model has no encoder.
pub async fn encode(model: &dyn Transformer, source: Tensor<3>, pulse: &dyn Pulse) -> Result<Tensor<3>, RunError> {
    let Some((encoder, source, frame)) = encoder(model, Some(source))? else { return Err(RunError::NoSource) };
    let total = encoder.architecture().layers;
    let mut steps = Steps { pulse, stage: Stage::Forward, done: 0, total };
    pass(encoder, source, &frame, &mut Captures::default(), &mut steps).await
}

/// Runs only the decoder of `model` on a prefix's embeddings `[batch, token, width]`, without gradients, beside what
/// [`encode`] gave for as many texts: the final hidden state `[batch, token, width]`.
///
/// # Errors
/// As [`run`].
pub async fn decode(
    model: &dyn Transformer,
    embeddings: Tensor<3>,
    memory: Tensor<3>,
    pulse: &dyn Pulse,
) -> Result<Tensor<3>, RunError> {
    let layout = Layout { tokens: embeddings.dims()[1], ..Layout::default() };
    let frame = Frame { memory: Some(memory), ..frame(model, &layout)? };
    let total = model.architecture().layers;
    let mut steps = Steps { pulse, stage: Stage::Forward, done: 0, total };
    pass(model, embeddings, &frame, &mut Captures::default(), &mut steps).await
}

async fn pass(
    stack: &dyn Stack,
    embeddings: Tensor<3>,
    frame: &Frame,
    captures: &mut Captures,
    steps: &mut Steps<'_>,
) -> Result<Tensor<3>, RunError> {
    let entering = stack.enter(embeddings, frame);
    blocks(stack, 0, entering, frame, captures, steps).await
}

/// The blocks from `first` on, and the last norm.
async fn blocks(
    stack: &dyn Stack,
    first: usize,
    mut residual: Tensor<3>,
    frame: &Frame,
    captures: &mut Captures,
    steps: &mut Steps<'_>,
) -> Result<Tensor<3>, RunError> {
    for layer in first..stack.architecture().layers {
        residual = stack.block(layer, residual, frame, captures);
        steps.step().await?;
    }
    Ok(stack.finish(residual))
}

/// One block as a graph of its own.
#[derive(Debug)]
struct Link {
    /// What went in.
    leaf: Tensor<3>,
    /// The encoder's output as the block saw it, where it did.
    memory: Option<Tensor<3>>,
    /// What came out.
    output: Tensor<3>,
    /// Leaves at the places whose gradient is wanted.
    probes: Vec<(Hook, Tensor<4>)>,
}

/// All blocks of one stack, each a graph of its own.
#[derive(Debug)]
struct Chain {
    /// From the first block to the last.
    links: Vec<Link>,
    /// What left the last block, as a fresh leaf `[batch, token, width]`.
    top: Tensor<3>,
}

impl Chain {
    async fn up(
        stack: &dyn Stack,
        embeddings: Tensor<3>,
        mut frame: Frame,
        captures: &mut Captures,
        steps: &mut Steps<'_>,
    ) -> Result<Self, RunError> {
        let memory = frame.memory.take();
        let mut links = Vec::with_capacity(stack.architecture().layers);
        let mut next = embeddings.inner();
        for layer in 0..stack.architecture().layers {
            let leaf = next.autodiff().require_grad();
            frame.memory = memory.clone().map(|memory| memory.inner().autodiff().require_grad());
            let entered = if layer == 0 { stack.enter(leaf.clone(), &frame) } else { leaf.clone() };
            let output = stack.block(layer, entered, &frame, captures);
            next = output.clone().inner();
            links.push(Link { leaf, memory: frame.memory.take(), output, probes: captures.take_probes() });
            steps.step().await?;
        }
        Ok(Self { links, top: next.autodiff().require_grad() })
    }

    /// Takes the gradient at what left the last block down to the embeddings, and adds up what goes to the memory. What is
    /// found on the way is put into `inside`, where there is one, as that of the stack `side`.
    async fn down(
        self,
        mut gradient: Tensor<3>,
        mut inside: Option<(Side, &mut Inside)>,
        steps: &mut Steps<'_>,
    ) -> Result<(Tensor<3>, Option<Tensor<3>>), RunError> {
        let mut to_memory: Option<Tensor<3>> = None;
        for (layer, Link { leaf, memory, output, probes }) in self.links.into_iter().enumerate().rev() {
            if let Some((side, inside)) = &mut inside {
                inside.outputs.insert((*side, layer), [output.clone().inner(), gradient.clone()]);
            }
            let grads = (output * gradient).sum().backward();
            if let Some((_, inside)) = &mut inside {
                for (hook, probe) in probes {
                    inside.by_head.insert(hook, probe.grad(&grads).ok_or(RunError::NoGradient)?);
                }
            }
            gradient = leaf.grad(&grads).ok_or(RunError::NoGradient)?;
            if let Some(memory) = memory {
                let here = memory.grad(&grads).ok_or(RunError::NoGradient)?;
                to_memory = Some(match to_memory {
                    Some(sum) => sum + here,
                    None => here,
                });
            }
            steps.step().await?;
        }
        Ok((gradient, to_memory))
    }
}

/// A run that can be taken back down.
#[derive(Debug)]
pub struct Tracked {
    /// What was kept on the way up.
    pub captures: Captures,
    own: Chain,
    /// The encoder's blocks and its final hidden state, tracked from its own `top`.
    encoder: Option<(Chain, Tensor<3>)>,
    /// Whether gradients between both ends are wanted.
    wants_inside: bool,
}

/// What was found between a run's end and its start, where [`Capture::with_gradients`] asked for it.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// The gradient at each place that was asked for; [`Point`](crate::Point) says which dimensions.
    pub by_head: BTreeMap<Hook, Tensor<4>>,
    /// What each block gave on (`hook_resid_post`, or `hook_normalized_resid_post` where a family normalises after adding),
    /// and the gradient there, by stack and layer: both `[batch, token, width]`.
    pub outputs: BTreeMap<(Side, usize), [Tensor<3>; 2]>,
}

/// The gradient at what a run started from.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// At the model's own embeddings: `[batch, token, width]`.
    pub embeddings: Tensor<3>,
    /// At the embeddings of the text that the encoder read: `[batch, source token, width]`.
    pub source: Option<Tensor<3>>,
    /// Gradients further up; nothing where none were asked for.
    pub inside: Inside,
}

/// Runs `model` on `input` so that a gradient can be taken at its embeddings.
///
/// # Errors
/// As [`run`].
pub async fn track(
    model: &dyn Transformer,
    input: impl Into<Input>,
    capture: Capture,
    pulse: &dyn Pulse,
) -> Result<Tracked, RunError> {
    let input = input.into();
    let mut frame = frame(model, &input.layout())?;
    let wants_inside = capture.wants_gradients();
    let mut captures = Captures::new(capture);
    captures.track();
    let mut steps = Steps::new(model, Stage::Forward, pulse);
    let encoder = match encoder(model, input.source)? {
        Some((encoder, source, frame_there)) => {
            captures.enter(Side::Encoder);
            let chain = Chain::up(encoder, source, frame_there, &mut captures, &mut steps).await?;
            captures.enter(Side::Decoder);
            let memory = encoder.finish(chain.top.clone());
            frame.memory = Some(memory.clone());
            Some((chain, memory))
        }
        None => None,
    };
    let own = Chain::up(model, input.embeddings, frame, &mut captures, &mut steps).await?;
    Ok(Tracked { captures, own, encoder, wants_inside })
}

impl Tracked {
    /// The final hidden state `[batch, token, width]`, tracked: a target is computed from it.
    #[must_use]
    pub fn hidden(&self, model: &dyn Transformer) -> Tensor<3> {
        model.finish(self.own.top.clone())
    }

    /// The gradient at the embeddings of `target` (one number for each of the batch), which must have been computed from
    /// [`Tracked::hidden`].
    ///
    /// # Errors
    /// [`RunError::Cancelled`] where `pulse` says so.
    pub async fn backward(self, target: Tensor<1>, pulse: &dyn Pulse) -> Result<Gradients, RunError> {
        let total = self.own.links.len() + self.encoder.as_ref().map_or(0, |(chain, _)| chain.links.len());
        let mut steps = Steps { pulse, stage: Stage::Backward, done: 0, total };
        // The samples of a batch do not touch each other, so the gradient of their sum holds each one's own.
        let grads = target.sum().backward();
        let gradient = self.own.top.grad(&grads).ok_or(RunError::NoGradient)?;
        drop(grads);
        let mut inside = Inside::default();
        let is_wanted = self.wants_inside;
        let side = if self.encoder.is_some() { Side::Decoder } else { Side::Only };
        let into = is_wanted.then_some((side, &mut inside));
        let (embeddings, to_memory) = self.own.down(gradient, into, &mut steps).await?;
        let source = match (self.encoder, to_memory) {
            (Some((chain, memory)), Some(to_memory)) => {
                let grads = (memory * to_memory).sum().backward();
                let gradient = chain.top.grad(&grads).ok_or(RunError::NoGradient)?;
                drop(grads);
                let into = is_wanted.then_some((Side::Encoder, &mut inside));
                Some(chain.down(gradient, into, &mut steps).await?.0)
            }
            (Some(_), None) => return Err(RunError::NoGradient),
            (None, _) => None,
        };
        Ok(Gradients { embeddings, source, inside })
    }
}
