//! The part of an ONNX model that says where weights are: stored tensors, and the operations that dequantise them.
//!
//! Field numbers are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::wire::{self, Span, Wire};
use crate::stream::Stream;
use crate::{WeightsError, limits};

/// A model's stored tensors (initializers) by name, and its nodes that have to do with weights, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) stored: Vec<Stored>,
    pub(super) nodes: Vec<Node>,
}

/// A stored tensor. Its numbers are still in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) shape: Vec<u64>,
    /// ONNX's `TensorProto.DataType`.
    pub(super) kind: u64,
    pub(super) numbers: Numbers,
}

/// Where a tensor's numbers are, and how they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Numbers {
    /// Nowhere: a tensor without elements.
    #[default]
    None,
    /// `raw_data` or packed `float_data`: little-endian, one behind the other.
    Raw(Span),
    /// Packed `int32_data` or `int64_data`: one varint each.
    Varints(Span),
    /// In another file, or in pieces.
    Elsewhere,
}

/// One operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operation: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    /// Attributes that are whole numbers.
    pub(super) numbers: HashMap<String, i64>,
}

impl Node {
    /// An input that is there: ONNX spells a missing one as an empty name.
    pub(super) fn input(&self, index: usize) -> Option<&str> {
        self.inputs.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }
}

impl Graph {
    /// Reads the whole model but its numbers.
    pub(super) fn read<R: Read + Seek>(stream: &mut Stream<'_, R>) -> Result<Self, WeightsError> {
        let mut found = None;
        let length = stream.length();
        while let Some((number, value)) = wire::field(stream, length)? {
            match (number, value) {
                // A field that comes twice is one message in two parts.
                (7, Wire::Bytes(span)) => {
                    let graph = found.get_or_insert_with(Self::default);
                    graph.read_part(stream, span)?;
                }
                _ => wire::skip(stream, value)?,
            }
        }
        found.ok_or(WeightsError::InvalidOnnx { reason: "it has no graph" })
    }

    fn read_part<R: Read + Seek>(&mut self, stream: &mut Stream<'_, R>, span: Span) -> Result<(), WeightsError> {
        while let Some((number, value)) = wire::field(stream, span.end)? {
            match (number, value) {
                (1, Wire::Bytes(span)) => {
                    let node = node(stream, span)?;
                    let wanted = ["MatMulNBits", "MatMulInteger", "DequantizeLinear", "Gather", "MatMul"];
                    if wanted.contains(&node.operation.as_str()) {
                        self.nodes.push(node);
                        let count = self.nodes.len() as u64;
                        stream.expect_count(count, 0, limits::TENSORS, "operations")?;
                    }
                }
                (5, Wire::Bytes(span)) => {
                    self.stored.push(stored(stream, span)?);
                    let count = self.stored.len() as u64;
                    stream.expect_count(count, 0, limits::TENSORS, "tensors")?;
                }
                _ => wire::skip(stream, value)?,
            }
        }
        Ok(())
    }
}

fn node<R: Read + Seek>(stream: &mut Stream<'_, R>, span: Span) -> Result<Node, WeightsError> {
    let mut node = Node::default();
    while let Some((number, value)) = wire::field(stream, span.end)? {
        match (number, value) {
            (1, Wire::Bytes(span)) => node.inputs.push(wire::string(stream, span, "an operation's input")?),
            (2, Wire::Bytes(span)) => node.outputs.push(wire::string(stream, span, "an operation's output")?),
            (3, Wire::Bytes(span)) => node.name = wire::string(stream, span, "an operation's name")?,
            (4, Wire::Bytes(span)) => node.operation = wire::string(stream, span, "an operation's type")?,
            (5, Wire::Bytes(span)) => {
                if let Some((name, number)) = attribute(stream, span)? {
                    node.numbers.insert(name, number);
                }
            }
            _ => wire::skip(stream, value)?,
        }
    }
    Ok(node)
}

/// An attribute that is a whole number.
fn attribute<R: Read + Seek>(stream: &mut Stream<'_, R>, span: Span) -> Result<Option<(String, i64)>, WeightsError> {
    let (mut name, mut found) = (String::new(), None);
    while let Some((number, value)) = wire::field(stream, span.end)? {
        match (number, value) {
            (1, Wire::Bytes(span)) => name = wire::string(stream, span, "an attribute's name")?,
            (3, Wire::Number(number)) => found = Some(number.cast_signed()),
            _ => wire::skip(stream, value)?,
        }
    }
    Ok(found.map(|number| (name, number)))
}

fn stored<R: Read + Seek>(stream: &mut Stream<'_, R>, span: Span) -> Result<Stored, WeightsError> {
    let mut tensor = Stored::default();
    while let Some((number, value)) = wire::field(stream, span.end)? {
        match (number, value) {
            (1, Wire::Number(size)) => tensor.push_size(size)?,
            (1, Wire::Bytes(span)) => {
                while stream.position() < span.end {
                    let size = wire::varint(stream, span.end)?;
                    tensor.push_size(size)?;
                }
            }
            (2, Wire::Number(kind)) => tensor.kind = kind,
            (4 | 9, Wire::Bytes(span)) => tensor.put(Numbers::Raw(span)),
            (5 | 7, Wire::Bytes(span)) => tensor.put(Numbers::Varints(span)),
            // Numbers one by one, of kinds that no weight has, or in another file.
            (4..=7 | 10 | 11 | 13, _) => tensor.put(Numbers::Elsewhere),
            (14, Wire::Number(1)) => tensor.put(Numbers::Elsewhere),
            (8, Wire::Bytes(span)) => tensor.name = wire::string(stream, span, "a tensor's name")?,
            _ => {}
        }
        // Numbers stay in the file, and what was read leaves nothing to pass over.
        if let Wire::Bytes(span) = value {
            let rest = Span { begin: stream.position(), end: span.end };
            wire::skip(stream, Wire::Bytes(rest))?;
        }
    }
    Ok(tensor)
}

impl Stored {
    fn push_size(&mut self, size: u64) -> Result<(), WeightsError> {
        // A negative size becomes one so large that it is refused as that.
        self.shape.push(size);
        let dimensions = self.shape.len();
        if dimensions > limits::DIMENSIONS {
            return Err(WeightsError::TooManyDimensions { name: self.name.clone(), dimensions: dimensions as u64 });
        }
        Ok(())
    }

    fn put(&mut self, numbers: Numbers) {
        let empty = |numbers: Numbers| match numbers {
            Numbers::None => true,
            Numbers::Raw(span) | Numbers::Varints(span) => span.len() == 0,
            Numbers::Elsewhere => false,
        };
        if empty(self.numbers) {
            self.numbers = numbers;
        } else if !empty(numbers) {
            self.numbers = Numbers::Elsewhere;
        }
    }
}
