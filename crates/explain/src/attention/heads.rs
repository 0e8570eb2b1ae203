//! Which heads a model has, and numbers of each.

use headlight_models::{Hook, Point, Side, Stack, Transformer};

/// Heads that attend alike: those of a stack to its own tokens, or those of a decoder to its encoder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attends {
    /// The stack that they are in.
    pub side: Side,
    /// Whether they attend to an encoder's tokens.
    pub is_cross: bool,
    /// Layers.
    pub layers: usize,
    /// Heads in each.
    pub heads: usize,
}

impl Attends {
    /// All of a model: its encoder's where it has one, its own, and those to the encoder. A decoder whose tokens hear of each
    /// other in another way than by attention has none of its own.
    #[must_use]
    pub fn of(model: &dyn Transformer) -> Vec<Self> {
        let mut found = Vec::with_capacity(3);
        for (side, stack) in stacks(model) {
            let sizes = stack.architecture();
            let writers = stack.writers(0);
            for (point, is_cross) in [(Point::Z, false), (Point::CrossZ, true)] {
                let is_there = writers.iter().any(|writer| writer.heads.as_ref().is_some_and(|(at, _)| *at == point));
                if is_there {
                    found.push(Self { side, is_cross, layers: sizes.layers, heads: sizes.heads });
                }
            }
        }
        found
    }

    /// How many heads there are in all layers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.layers * self.heads
    }

    /// The place of a layer's patterns.
    #[must_use]
    pub fn pattern(&self, layer: usize) -> Hook {
        let point = if self.is_cross { Point::CrossPattern } else { Point::Pattern };
        Hook { side: self.side, layer, point }
    }

    /// The place of a layer's z.
    #[must_use]
    pub fn z(&self, layer: usize) -> Hook {
        let point = if self.is_cross { Point::CrossZ } else { Point::Z };
        Hook { side: self.side, layer, point }
    }
}

/// The stacks of a model, its encoder first where it has one.
pub(crate) fn stacks(model: &dyn Transformer) -> Vec<(Side, &dyn Stack)> {
    match model.encoder() {
        Some(encoder) => vec![(Side::Encoder, encoder), (Side::Decoder, model)],
        None => vec![(Side::Only, model)],
    }
}

/// A number for every head.
#[derive(Clone, Debug, PartialEq)]
pub struct ByHead {
    /// Which heads.
    pub attends: Attends,
    /// `[layer · head]`.
    pub values: Vec<f64>,
}

/// A number for every layer of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct ByLayer {
    /// Which stack.
    pub side: Side,
    /// `[layer]`.
    pub values: Vec<f64>,
}

/// A number for every token before every layer of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct ByToken {
    /// Which stack.
    pub side: Side,
    /// Layers.
    pub layers: usize,
    /// Tokens.
    pub tokens: usize,
    /// `[layer, token]`.
    pub values: Vec<f64>,
}
