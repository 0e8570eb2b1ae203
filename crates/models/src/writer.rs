//! What blocks write into the residual, for methods that take a hidden state apart.

use burn::tensor::Tensor;

use crate::hook::Point;
use crate::linear::Linear;
use crate::norm::LayerNorm;

/// One thing that a block adds to the residual, and what becomes of the sum.
#[derive(Debug)]
pub struct Writer<'a> {
    /// Where what it adds is found: [`Point::AttnOut`], [`Point::CrossAttnOut`] or [`Point::MlpOut`].
    pub point: Point,
    /// Where its heads' z is found and the product that takes them together, if it has heads.
    pub heads: Option<(Point, &'a Linear)>,
    /// Where the sum is found and the norm that follows it, in families that normalise after adding.
    pub norm: Option<(Point, Norm<'a>)>,
}

impl<'a> Writer<'a> {
    /// Those of a block that normalises before attention and before the MLP, and adds both as they are; `out` takes the heads
    /// together.
    #[must_use]
    pub fn of_pre_norm(out: &'a Linear) -> [Self; 2] {
        [
            Self { point: Point::AttnOut, heads: Some((Point::Z, out)), norm: None },
            Self { point: Point::MlpOut, heads: None, norm: None },
        ]
    }
}

/// A norm. Where its statistics are given, it is a linear map and a bias.
#[derive(Debug)]
pub enum Norm<'a> {
    /// Mean nought and variance one, then weight and bias (Ba et al. 2016).
    Layer(&'a LayerNorm),
    /// Mean square one, then a weight (Zhang & Sennrich 2019).
    Rms {
        /// `[1, 1, width]`.
        weight: &'a Tensor<3>,
        /// Added to the mean square.
        epsilon: f64,
    },
}

impl Norm<'_> {
    /// Where the statistics are those of `input` (`[batch, token, width]`), the norm multiplies with a matrix: this is its
    /// transpose, times `direction` of the same shape. So for any part of the input the sum of the norm's part times
    /// `direction` is that of the part times what comes out here.
    #[must_use]
    pub fn down(&self, direction: Tensor<3>, input: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Layer(norm) => {
                let centred = input.clone() - input.mean_dim(2);
                let deviation = (centred.square().mean_dim(2) + norm.epsilon()).sqrt();
                let direction = direction * norm.weight().clone().reshape([1, 1, -1]);
                (direction.clone() - direction.mean_dim(2)) / deviation
            }
            Self::Rms { weight, epsilon } => {
                let size = (input.square().mean_dim(2) + *epsilon).sqrt();
                direction * (*weight).clone() / size
            }
        }
    }

    /// What is added to every token, `[1, 1, width]`.
    #[must_use]
    pub fn bias(&self) -> Option<Tensor<3>> {
        match self {
            Self::Layer(norm) => norm.bias().map(|bias| bias.clone().reshape([1, 1, -1])),
            Self::Rms { .. } => None,
        }
    }
}
