//! Stacks in which each part is added and then normalised: Marian's, in transformers' layout and in its own.

use burn::tensor::{Device, Tensor, TensorData};

use crate::activation::Activation;
use crate::attention::causal_mask;
use crate::batch::{Batch, Layout};
use crate::hook::{Captures, Point};
use crate::linear::Linear;
use crate::norm::LayerNorm;
use crate::seq2seq::{CrossAttention, OwnAttention, Shape};
use crate::ssru::Ssru;
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Stack};
use crate::writer::{Norm, Writer};

/// How a block's tokens hear of each other.
#[expect(clippy::large_enum_variant, reason = "there is one a block")]
pub(crate) enum Mixing {
    Attention(OwnAttention),
    Ssru(Ssru),
}

pub(crate) struct PostNormBlock {
    pub mixing: Mixing,
    pub mixing_norm: LayerNorm,
    pub cross: Option<(CrossAttention, LayerNorm)>,
    pub up: Linear,
    pub down: Linear,
    pub last_norm: LayerNorm,
}

/// What stands for the place of a token.
#[expect(clippy::large_enum_variant, reason = "there is one a stack")]
pub(crate) enum Positions {
    /// `[context, width]`, out of the file.
    Table(Tensor<2>),
    /// Sines, then cosines, of position / 10000^(i / `divisor`).
    Sinusoids { divisor: f64 },
}

/// An encoder, or a decoder where its blocks look at an encoder.
pub struct PostNormStack {
    pub(crate) architecture: Architecture,
    pub(crate) device: Device,
    /// `[vocabulary, width]`.
    pub(crate) embedding: Table,
    /// What a row of it is multiplied with. A run starts from the product: that is what positions are added to.
    pub(crate) scale: f64,
    /// Whether tokens beyond the vocabulary are zero: Marian's own decoder starts from nothing.
    pub(crate) zero_beyond: bool,
    pub(crate) positions: Positions,
    pub(crate) activation: Activation,
    pub(crate) blocks: Vec<PostNormBlock>,
}

/// Positions `[token, width]` from `before` on: the sines of all frequencies, then their cosines.
fn sinusoids(before: usize, tokens: usize, width: usize, divisor: f64) -> Vec<f32> {
    let sines = width.div_ceil(2);
    let mut values = Vec::with_capacity(tokens * width);
    for position in before..before + tokens {
        let angle = |index: usize| position as f64 / 10_000_f64.powf(index as f64 / divisor);
        values.extend((0..sines).map(|index| angle(index).sin() as f32));
        values.extend((0..width - sines).map(|index| angle(index).cos() as f32));
    }
    values
}

impl Stack for PostNormStack {
    fn architecture(&self) -> Architecture {
        self.architecture
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        let embedded = batch.embed(&self.embedding, &self.device);
        let embedded = if self.scale == 1.0 { embedded } else { embedded * self.scale };
        if !self.zero_beyond {
            return embedded;
        }
        let [sequences, tokens, _] = embedded.dims();
        let known = |id: &u32| usize::try_from(*id).is_ok_and(|id| id < self.architecture.vocabulary);
        let kept: Vec<f32> = batch.ids.iter().flatten().map(|id| f32::from(u8::from(known(id)))).collect();
        embedded * Tensor::from_data(TensorData::new(kept, [sequences, tokens, 1]), &self.device)
    }

    fn frame(&self, layout: &Layout) -> Frame {
        let Layout { tokens, before, .. } = *layout;
        let width = self.architecture.width;
        let positions = match &self.positions {
            Positions::Table(table) => table.clone().narrow(0, before, tokens).reshape([1, tokens, width]),
            Positions::Sinusoids { divisor } => {
                let values = sinusoids(before, tokens, width, *divisor);
                Tensor::from_data(TensorData::new(values, [1, tokens, width]), &self.device)
            }
        };
        let mask = self.architecture.causal.then(|| causal_mask(before, tokens, &self.device));
        Frame { mask, added: Some(positions), ..Frame::default() }
    }

    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3> {
        match &frame.added {
            Some(added) => embeddings + added.clone(),
            None => embeddings,
        }
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        let shape = Shape { layer, heads, head_width, scale: 1.0 / (head_width as f64).sqrt() };
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);

        let mixed = match &block.mixing {
            Mixing::Attention(attention) => attention.forward(shape, residual.clone(), frame.mask.as_ref(), captures),
            Mixing::Ssru(unit) => unit.forward(layer, residual.clone(), captures),
        };
        let sum = residual + captures.pass_residual(layer, Point::AttnOut, mixed);
        captures.residual(layer, Point::ResidMid, &sum);
        let mut residual = block.mixing_norm.forward(sum);

        if let (Some((attention, norm)), Some(memory)) = (&block.cross, &frame.memory) {
            let attended = attention.forward(shape, residual.clone(), memory, captures);
            let sum = residual + captures.pass_residual(layer, Point::CrossAttnOut, attended);
            captures.residual(layer, Point::ResidMidCross, &sum);
            residual = norm.forward(sum);
        }

        let inner = self.activation.forward(block.up.forward(residual.clone()));
        let sum = residual + captures.pass_residual(layer, Point::MlpOut, block.down.forward(inner));
        captures.residual(layer, Point::ResidPost, &sum);
        let residual = block.last_norm.forward(sum);
        captures.residual(layer, Point::NormalizedResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        residual
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        let Some(block) = self.blocks.get(layer) else { return Vec::new() };
        let heads = match &block.mixing {
            Mixing::Attention(attention) => Some((Point::Z, &attention.out)),
            Mixing::Ssru(_) => None,
        };
        let norm = |point, norm| Some((point, Norm::Layer(norm)));
        let mut writers =
            vec![Writer { point: Point::AttnOut, heads, norm: norm(Point::ResidMid, &block.mixing_norm) }];
        writers.extend(block.cross.as_ref().map(|(attention, cross_norm)| Writer {
            point: Point::CrossAttnOut,
            heads: Some((Point::CrossZ, &attention.out)),
            norm: norm(Point::ResidMidCross, cross_norm),
        }));
        writers.push(Writer { point: Point::MlpOut, heads: None, norm: norm(Point::ResidPost, &block.last_norm) });
        writers
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_sines_then_cosines() {
        let values = sinusoids(0, 3, 4, 2.0);
        let expected = [
            [0.0, 0.0, 1.0, 1.0],
            [1.0_f64.sin(), 0.01_f64.sin(), 1.0_f64.cos(), 0.01_f64.cos()],
            [2.0_f64.sin(), 0.02_f64.sin(), 2.0_f64.cos(), 0.02_f64.cos()],
        ];
        for (found, expected) in values.iter().zip(expected.iter().flatten()) {
            assert!((f64::from(*found) - expected).abs() < 1e-7);
        }
        assert_eq!(sinusoids(0, 2, 5, 2.5).len(), 10);
        assert_eq!(sinusoids(2, 1, 4, 2.0), values[8..]);
    }
}
