//! Direct logit attribution: the target's logit as a sum of what was written into the residual.

use burn::tensor::{Tensor, Transaction};
use headlight_models::{Capture, Captures, Head, Hook, LabelHead, Point, Side, Transformer, Writer, run};

use crate::ExplainError;
use crate::attention::{Attends, ByHead};
use crate::case::{Case, lost, values};
use crate::target::{Read, Target};

/// The shares of a target's logit. Their sum is the logit, but for rounding.
#[derive(Clone, Debug, PartialEq)]
pub struct Direct {
    /// The target's logit, less the foil's where there is one; a similarity as it is.
    pub logit: f64,
    /// Of what enters the first block: word embeddings, and positions and types where a family adds them.
    pub embedding: f64,
    /// Of each head of the model's own stack, and of each of its heads that attend to an encoder.
    pub heads: Vec<ByHead>,
    /// Of what stands in attention's place in each layer, where something does; else empty.
    pub recurrence: Vec<f64>,
    /// Of each layer's MLP, its bias included.
    pub mlps: Vec<f64>,
    /// Of the biases of the products behind the heads and of the norms, and of a linear head's.
    pub biases: f64,
    /// What is left where the model's head is not linear: the logit less its first-order part.
    pub rest: f64,
}

impl Direct {
    /// The sum of all shares.
    #[must_use]
    pub fn sum(&self) -> f64 {
        let heads = self.heads.iter().flat_map(|heads| &heads.values);
        let all = heads.chain(&self.recurrence).chain(&self.mlps);
        all.sum::<f64>() + self.embedding + self.biases + self.rest
    }
}

/// Takes the target's logit apart: each part that was written into the model's own residual goes through the norms behind it as
/// if their statistics were constants (TransformerLens' `logit_attrs`, whose final norm's scale is what it was; in families that
/// normalise after adding all norms on the way, as Kobayashi et al. 2021 do), and is multiplied with the target's direction.
/// That is the gradient of the logit at the final hidden state: of a linear head its weights, of another its first order.
/// A similarity's direction is the other's embedding over the length of the text's own. Whatever reached a part by way of other
/// parts is that part's share. One run.
///
/// # Errors
/// [`ExplainError`] where the run fails or was cancelled.
pub async fn direct(case: &Case<'_>) -> Result<Direct, ExplainError> {
    let model = case.model;
    let side = if model.encoder().is_some() { Side::Decoder } else { Side::Only };
    let run = run::run(model, case.input.clone(), wanted(model), case.pulse).await?;
    let target = case.target.clone().read_as(Read::Logit);
    let End { direction, logit, bias, rest } = End::of(model, &target, run.hidden)?;
    let layers = model.architecture().layers;
    let mut down = Down { captures: &run.captures, side, direction, shares: Vec::new() };

    if let Some(norm) = model.last_norm() {
        let hook = Hook { side, layer: layers.saturating_sub(1), point: Point::ResidPost };
        down.through(&norm, hook)?;
    }
    for layer in (0..layers).rev() {
        for writer in model.writers(layer).into_iter().rev() {
            down.take(layer, &writer)?;
        }
    }
    let first = run.captures.get_residual(Hook { side, layer: 0, point: Point::ResidPre });
    if let Some(entered) = first {
        let share = (entered * down.direction.clone()).sum().reshape([1]);
        down.shares.push((Share::Embedding, share));
    }

    let mut transaction = Transaction::default().register(logit).register(bias).register(rest);
    let mut kinds = Vec::with_capacity(down.shares.len());
    for (kind, share) in down.shares {
        kinds.push(kind);
        transaction = transaction.register(share);
    }
    let mut read = values(transaction).await?.into_iter();
    let mut one = || read.next().and_then(|values| values.first().copied()).ok_or_else(lost);
    let (logit, biases, rest) = (one()?, one()?, one()?);
    let mut found = Direct {
        logit,
        embedding: 0.0,
        heads: Attends::of(model)
            .into_iter()
            .filter(|attends| attends.side == side)
            .map(|attends| ByHead { attends, values: vec![0.0; attends.count()] })
            .collect(),
        recurrence: Vec::new(),
        mlps: vec![0.0; layers],
        biases,
        rest,
    };
    for (kind, values) in kinds.into_iter().zip(read) {
        found.put(kind, &values);
    }
    Ok(found)
}

/// What a share is of.
#[derive(Clone, Copy, Debug)]
enum Share {
    Embedding,
    Heads { layer: usize, is_cross: bool },
    Recurrence { layer: usize },
    Mlp { layer: usize },
    Bias,
}

impl Direct {
    fn put(&mut self, kind: Share, values: &[f64]) {
        let sum: f64 = values.iter().sum();
        match kind {
            Share::Embedding => self.embedding = sum,
            Share::Bias => self.biases += sum,
            Share::Mlp { layer } => {
                if let Some(share) = self.mlps.get_mut(layer) {
                    *share = sum;
                }
            }
            Share::Recurrence { layer } => {
                self.recurrence.resize(self.recurrence.len().max(layer + 1), 0.0);
                if let Some(share) = self.recurrence.get_mut(layer) {
                    *share = sum;
                }
            }
            Share::Heads { layer, is_cross } => {
                let heads = self.heads.iter_mut().find(|heads| heads.attends.is_cross == is_cross);
                if let Some(heads) = heads {
                    let from = layer * heads.attends.heads;
                    let into = heads.values.iter_mut().skip(from);
                    into.zip(values).for_each(|(share, value)| *share = *value);
                }
            }
        }
    }
}

/// What has to be kept of a run.
fn wanted(model: &dyn Transformer) -> Capture {
    let writers = model.writers(0);
    let norms = writers.iter().filter_map(|writer| writer.norm.as_ref().map(|(point, _)| *point));
    let outputs = writers.iter().map(|writer| writer.heads.as_ref().map_or(writer.point, |(point, _)| *point));
    let last = model.last_norm().map(|_| Point::ResidPost);
    Capture::of(norms.chain(outputs).chain(last).chain([Point::ResidPre]))
}

/// The way down from the final hidden state.
struct Down<'a> {
    captures: &'a Captures,
    side: Side,
    /// What a part that is written here is multiplied with, and summed: `[1, token, width]`.
    direction: Tensor<3>,
    shares: Vec<(Share, Tensor<1>)>,
}

impl Down<'_> {
    /// Below a norm of what is found at `hook`.
    fn through(&mut self, norm: &headlight_models::Norm<'_>, hook: Hook) -> Result<(), ExplainError> {
        let input = self.captures.get_residual(hook).ok_or_else(lost)?;
        if let Some(bias) = norm.bias() {
            self.shares.push((Share::Bias, (self.direction.clone() * bias).sum().reshape([1])));
        }
        self.direction = norm.down(self.direction.clone(), input);
        Ok(())
    }

    /// The shares of what one part of a layer writes, below the norm that follows it.
    fn take(&mut self, layer: usize, writer: &Writer<'_>) -> Result<(), ExplainError> {
        let hook = |point| Hook { side: self.side, layer, point };
        if let Some((point, norm)) = &writer.norm {
            let hook = hook(*point);
            self.through(norm, hook)?;
        }
        let hook = |point| Hook { side: self.side, layer, point };
        let direction = self.direction.clone();
        let Some((point, product)) = &writer.heads else {
            let written = self.captures.get_residual(hook(writer.point)).ok_or_else(lost)?;
            let kind = if writer.point == Point::MlpOut { Share::Mlp { layer } } else { Share::Recurrence { layer } };
            self.shares.push((kind, (written * direction).sum().reshape([1])));
            return Ok(());
        };
        let z = self.captures.get_by_head(hook(*point)).ok_or_else(lost)?;
        let [_, tokens, heads, width] = z.dims();
        // The product the other way round is what its gradient is.
        let leaf = z.clone().zeros_like().reshape([1, tokens, heads * width]).autodiff().require_grad();
        let written = product.forward(leaf.clone()) * direction.clone().autodiff();
        let back = leaf.grad(&written.sum().backward()).ok_or(headlight_models::RunError::NoGradient)?;
        let shares = (z * back.reshape([1, tokens, heads, width])).sum_dim(3).sum_dim(1).reshape([heads]);
        self.shares.push((Share::Heads { layer, is_cross: *point == Point::CrossZ }, shares));
        if let Some(bias) = product.bias() {
            let [_, width] = bias.dims();
            let share = (direction * bias.clone().reshape([1, 1, width])).sum().reshape([1]);
            self.shares.push((Share::Bias, share));
        }
        Ok(())
    }
}

/// What is read at the end.
struct End {
    /// The logit's gradient at the final hidden state, `[1, token, width]`.
    direction: Tensor<3>,
    /// `[1]`.
    logit: Tensor<1>,
    /// What a linear head adds: `[1]`.
    bias: Tensor<1>,
    /// What another has beyond its first order: `[1]`.
    rest: Tensor<1>,
}

impl End {
    fn of(model: &dyn Transformer, target: &Target, hidden: Tensor<3>) -> Result<Self, ExplainError> {
        let [_, tokens, width] = hidden.dims();
        let nothing = Tensor::<1>::zeros([1], &hidden.device());
        if let Target::Similarity { other } = target {
            let logit = target.read(model, hidden.clone())?.value;
            let length = hidden.mean_dim(1).square().sum_dim(2).sqrt();
            let direction = other.clone().reshape([1, 1, width]) / (length * tokens as f64);
            let direction = direction.expand([1, tokens, width]);
            return Ok(Self { direction, logit, bias: nothing.clone(), rest: nothing });
        }
        let leaf = hidden.clone().autodiff().require_grad();
        let reading = target.read(model, leaf.clone())?;
        let gradients = reading.seed.sum().backward();
        let direction = leaf.grad(&gradients).ok_or(headlight_models::RunError::NoGradient)?;
        if is_linear(model.head()) {
            let bias = target.read(model, hidden.zeros_like())?.value;
            return Ok(Self { direction, logit: reading.value, bias, rest: nothing });
        }
        let first_order = (hidden * direction.clone()).sum().reshape([1]);
        let rest = reading.value.clone() - first_order;
        Ok(Self { direction, logit: reading.value, bias: nothing, rest })
    }
}

/// Whether the head is one product of a hidden state.
fn is_linear(head: &Head) -> bool {
    match head {
        Head::None => true,
        Head::Vocabulary(head) => head.transform.is_none(),
        Head::Labels(LabelHead { steps, .. }) => {
            steps.len() == 1 && steps.iter().all(|step| step.activation.is_none() && step.norm.is_none())
        }
    }
}
