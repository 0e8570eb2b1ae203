//! What all encoder-decoder families share: two stacks as one model, and the attention between them.

use burn::tensor::{Device, Tensor};

use crate::attention::{Attention, Heads, split};
use crate::batch::{Batch, Layout};
use crate::config::Config;
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::transformer::{Architecture, Frame, Generation, Stack, Transformer};
use crate::writer::{Norm, Writer};

/// The most positions that are run at once: a mask and a position bias grow with their square.
const MAX_CONTEXT: usize = 4096;

/// An encoder and a decoder that looks at it. As a [`Stack`] it is the decoder.
pub struct EncoderDecoder<S> {
    pub(crate) family: &'static str,
    pub(crate) encoder: S,
    pub(crate) decoder: S,
    pub(crate) head: Head,
    pub(crate) generation: Generation,
}

impl<S: Stack> Stack for EncoderDecoder<S> {
    fn architecture(&self) -> Architecture {
        self.decoder.architecture()
    }

    fn device(&self) -> Device {
        self.decoder.device()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        self.decoder.embed(batch)
    }

    fn frame(&self, layout: &Layout) -> Frame {
        self.decoder.frame(layout)
    }

    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3> {
        self.decoder.enter(embeddings, frame)
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        self.decoder.block(layer, residual, frame, captures)
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        self.decoder.finish(residual)
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        self.decoder.writers(layer)
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        self.decoder.last_norm()
    }
}

impl<S: Stack> Transformer for EncoderDecoder<S> {
    fn family(&self) -> &'static str {
        self.family
    }

    fn head(&self) -> &Head {
        &self.head
    }

    fn encoder(&self) -> Option<&dyn Stack> {
        Some(&self.encoder)
    }

    fn generation(&self) -> Option<Generation> {
        Some(self.generation.clone())
    }
}

/// Sizes that both stacks of a model are made of.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub layers: usize,
    pub heads: usize,
    pub head_width: usize,
    pub width: usize,
    pub inner: usize,
    pub vocabulary: usize,
    pub context: usize,
}

impl Sizes {
    pub fn architecture(self, causal: bool) -> Architecture {
        Architecture {
            layers: self.layers,
            heads: self.heads,
            key_value_heads: self.heads,
            head_width: self.head_width,
            width: self.width,
            vocabulary: self.vocabulary,
            context: self.context.min(MAX_CONTEXT),
            causal,
        }
    }
}

/// The width of a head where the configuration has none.
pub(crate) fn head_width(width: usize, heads: usize) -> Result<usize, ModelError> {
    match width.is_multiple_of(heads) {
        true => Ok(width / heads),
        false => Err(ModelError::Config(format!("{heads} heads do not divide a width of {width}"))),
    }
}

/// The numbers of tokens under `key`: one, or several.
pub(crate) fn token_numbers(config: &Config, key: &str) -> Vec<u32> {
    let number = |value: &serde_json::Value| value.as_u64().and_then(|value| u32::try_from(value).ok());
    match config.value(key) {
        Some(serde_json::Value::Array(values)) => values.iter().take(64).filter_map(number).collect(),
        Some(value) => number(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Where each of q, k, v and out comes from: a weight `[out, in]` and its bias.
pub(crate) type Product = (Vec<f32>, Option<Vec<f32>>);

/// Several products of one input as one.
pub(crate) fn fuse(width: usize, products: Vec<Product>, loader: &Loader<'_>) -> Linear {
    let mut weight = Fused::new(width);
    let mut bias = Vec::new();
    for (values, own) in products {
        weight.push(values);
        bias.extend(own.unwrap_or_default());
    }
    weight.linear((!bias.is_empty()).then_some(bias), loader)
}

/// A block's attention to its own tokens.
pub(crate) struct OwnAttention {
    pub qkv: Linear,
    pub out: Linear,
}

/// A block's attention to what the encoder read.
pub(crate) struct CrossAttention {
    pub q: Linear,
    pub kv: Linear,
    pub out: Linear,
}

/// How an attention is divided and scaled.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub layer: usize,
    pub heads: usize,
    pub head_width: usize,
    /// What a dot product is multiplied with.
    pub scale: f64,
}

impl OwnAttention {
    /// `[batch, token, width]` to the same.
    pub fn forward(
        &self,
        shape: Shape,
        input: Tensor<3>,
        bias: Option<&Tensor<4>>,
        captures: &mut Captures,
    ) -> Tensor<3> {
        let Shape { layer, heads, head_width, scale } = shape;
        let qkv = split(self.qkv.forward(input), heads, heads, head_width);
        qkv.keep(layer, captures);
        self.out.forward(Attention { layer, scale, bias, cross: false }.forward(qkv, captures))
    }
}

impl CrossAttention {
    /// From the decoder's tokens `[batch, token, width]` and the encoder's output `[batch, source token, width]` to
    /// `[batch, token, width]`.
    pub fn forward(&self, shape: Shape, input: Tensor<3>, memory: &Tensor<3>, captures: &mut Captures) -> Tensor<3> {
        let Shape { layer, heads, head_width, scale } = shape;
        let ([batch, tokens, _], [_, source, _]) = (input.dims(), memory.dims());
        let q = self.q.forward(input).reshape([batch, tokens, heads, head_width]);
        let (k, v) = captures.cross_past(layer, || {
            let kv = self.kv.forward(memory.clone()).reshape([batch, source, 2 * heads, head_width]);
            (kv.clone().narrow(2, 0, heads), kv.narrow(2, heads, heads))
        });
        captures.by_head(layer, Point::CrossQ, || q.clone());
        captures.by_head(layer, Point::CrossK, || k.clone());
        captures.by_head(layer, Point::CrossV, || v.clone());
        self.out.forward(Attention { layer, scale, bias: None, cross: true }.forward(Heads { q, k, v }, captures))
    }
}
