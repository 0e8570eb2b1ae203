//! Pieces of protocol buffers, to make ONNX models of.

use std::io::Cursor;

use headlight_weights::{OnnxFile, WeightsError};

use super::Bytes;

pub fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// A field with bytes: a string, a message, or packed numbers.
pub fn bytes(field: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

/// A field with a number.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A stored tensor with its numbers as raw bytes.
pub fn stored(name: &str, kind: u64, shape: &[u64], raw: &[u8]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|size| number(1, *size)).collect();
    bytes(5, [shape, number(2, kind), bytes(8, name), bytes(9, raw)].concat())
}

/// An operation with attributes that are numbers.
pub fn node(operation: &str, name: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input)).collect();
    let attributes: Vec<u8> = attributes
        .iter()
        .flat_map(|(name, value)| bytes(5, [bytes(1, name), number(3, value.cast_unsigned())].concat()))
        .collect();
    bytes(1, [inputs, bytes(2, output), bytes(3, name), bytes(4, operation), attributes].concat())
}

/// A model with the parts of its graph.
pub fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    [number(1, 8), bytes(7, graph.concat())].concat()
}

pub fn open(graph: &[Vec<u8>]) -> Result<OnnxFile<Bytes>, WeightsError> {
    OnnxFile::open(Cursor::new(model(graph)))
}

pub fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A block of 32 in each of two rows, quantised rows that are gathered, and a plain tensor.
pub fn whole_onnx() -> Vec<Vec<u8>> {
    vec![
        stored("m_Q4", 2, &[2, 1, 16], &(0..32).collect::<Vec<u8>>()),
        stored("m_scales", 1, &[2, 1], &f32s(&[0.5, 2.0])),
        stored("words_quantized", 2, &[2, 3], &[0, 1, 2, 253, 254, 255]),
        stored("words_scale", 1, &[], &f32s(&[0.25])),
        stored("words_zero", 2, &[], &[128]),
        stored("bias", 1, &[2], &f32s(&[1.0, -1.0])),
        stored("ids", 7, &[1], &7_u64.to_le_bytes()),
        node(
            "MatMulNBits",
            "/layer.0/dense/MatMul_Q4",
            &["x", "m_Q4", "m_scales"],
            "y",
            &[("K", 32), ("N", 2), ("bits", 4), ("block_size", 32)],
        ),
        node("Gather", "/words/Gather", &["words_quantized", "ids"], "rows", &[]),
        node("DequantizeLinear", "/words/D", &["rows", "words_scale", "words_zero"], "z", &[]),
    ]
}
