//! ONNX models: what is read, and that each wrong part has its own error.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::io::Cursor;

use headlight_weights::{Dtype, OnnxFile, TensorSource, WeightsError as E};
use support::onnx::{bytes, f32s, model, node, number, open, stored, varint, whole_onnx};

macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $result.err().expect("the file is refused");
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_string();
        assert!(message.ends_with('.') && !message.contains('\n'), "one sentence: {message}");
    };
}

/// A quantised product whose parts can be made wrong.
fn product(matrix: Vec<u8>, scales: Vec<u8>, zeros: Option<Vec<u8>>, attributes: &[(&str, i64)]) -> Vec<Vec<u8>> {
    let inputs: &[&str] = if zeros.is_some() { &["x", "q", "s", "z"] } else { &["x", "q", "s"] };
    let node = node("MatMulNBits", "/dense/MatMul_Q4", inputs, "y", attributes);
    [Some(matrix), Some(scales), zeros, Some(node)].into_iter().flatten().collect()
}

fn quants(bytes: usize) -> Vec<u8> {
    stored("q", 2, &[2, 1, 16], &vec![0x10; bytes])
}

fn scales(values: &[f32]) -> Vec<u8> {
    stored("s", 1, &[values.len() as u64], &f32s(values))
}

const SIZES: [(&str, i64); 4] = [("K", 32), ("N", 2), ("bits", 4), ("block_size", 32)];

#[test]
fn weights_get_their_names_back() {
    let mut file = open(&whole_onnx()).unwrap();
    let names: Vec<&str> = file.tensors().iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["layer.0.dense.weight", "words", "bias"]);
    let dense = file.read("layer.0.dense.weight").unwrap();
    assert_eq!(dense.shape, [2, 32]);
    // The low half of a byte is the first of its two values.
    assert_eq!(dense.values[..4], [-4.0, -4.0, -3.5, -4.0]);
    assert_eq!(dense.values[32..36], [-16.0, -14.0, -14.0, -14.0]);
    assert_eq!(file.read("words").unwrap().values, [-32.0, -31.75, -31.5, 31.25, 31.5, 31.75]);
    assert_eq!(file.info("words").unwrap().dtype, Dtype::Linear8);
    assert_eq!(file.read("bias").unwrap().values, [1.0, -1.0]);
    refused!(file.read("ids"), E::UnsupportedDtype { .. });
    refused!(file.read("m_scales"), E::UnknownTensor { .. });
}

#[test]
fn a_tied_matrix_is_used_twice() {
    let mut graph = whole_onnx();
    graph.push(node("MatMulNBits", "/tied/MatMul_Q4", &["x", "m_Q4", "m_scales"], "w", &SIZES));
    let mut file = open(&graph).unwrap();
    assert_eq!(file.read("tied.weight").unwrap(), file.read("layer.0.dense.weight").unwrap());
}

#[test]
fn no_model() {
    refused!(OnnxFile::open(Cursor::new(Vec::new())), E::InvalidOnnx { reason: "it has no graph" });
    refused!(OnnxFile::open(Cursor::new(number(1, 8))), E::InvalidOnnx { .. });
    refused!(OnnxFile::open(Cursor::new(b"GGUF\x03\0\0\0".to_vec())), E::InvalidOnnx { .. });
    refused!(OnnxFile::open(Cursor::new(vec![0x3B])), E::InvalidOnnx { reason: "it has a field of an unknown kind" });
}

#[test]
fn lengths_that_lie() {
    let cut = "a part of it is longer than what it is in";
    let whole = model(&whole_onnx());
    for length in 3..whole.len() {
        refused!(OnnxFile::open(Cursor::new(whole[..length].to_vec())), E::InvalidOnnx { .. });
    }
    let long = |length: u64| [varint(7 << 3 | 2), varint(length), vec![0; 8]].concat();
    refused!(OnnxFile::open(Cursor::new(long(9))), E::InvalidOnnx { reason } if *reason == cut);
    refused!(OnnxFile::open(Cursor::new(long(u64::MAX))), E::InvalidOnnx { reason } if *reason == cut);
    // A tensor that is longer than the graph that it is in.
    let inner = [varint(5 << 3 | 2), varint(100)].concat();
    let model = [bytes(7, inner), vec![0; 200]].concat();
    refused!(OnnxFile::open(Cursor::new(model)), E::InvalidOnnx { reason } if *reason == cut);
    let endless = [vec![0x08], vec![0xFF; 12]].concat();
    refused!(OnnxFile::open(Cursor::new(endless)), E::InvalidOnnx { reason: "it has a number of more than ten bytes" });
}

#[test]
fn stored_tensors_that_do_not_add_up() {
    refused!(open(&[stored("b", 1, &[3], &f32s(&[1.0]))]), E::ByteLength { expected: 12, found: 4, .. });
    refused!(open(&[stored("b", 1, &[1 << 40, 1 << 40], &[])]), E::SizeOverflow { .. });
    refused!(open(&[stored("b", 1, &[u64::MAX], &[])]), E::SizeOverflow { .. });
    refused!(open(&[stored("b", 1, &[1; 5], &[0; 4])]), E::TooManyDimensions { .. });
    refused!(open(&[stored("b", 1, &[0], &[]), stored("b", 1, &[0], &[])]), E::DuplicateTensor { .. });
    let name = bytes(5, [number(2, 1), bytes(8, [0xFF])].concat());
    refused!(open(&[name]), E::InvalidUtf8 { .. });
    let elsewhere = [number(1, 1), number(2, 1), bytes(8, "b"), bytes(13, "x"), number(14, 1)].concat();
    refused!(open(&[bytes(5, elsewhere)]), E::UnsupportedOnnx { .. });
    let twice = [number(1, 2), number(2, 1), bytes(8, "b"), bytes(4, [0; 4]), bytes(4, [0; 4])].concat();
    refused!(open(&[bytes(5, twice)]), E::UnsupportedOnnx { .. });
}

#[test]
fn products_that_do_not_add_up() {
    let fine = || (quants(32), scales(&[1.0, 2.0]));
    let with = |attributes: &[(&str, i64)]| open(&product(fine().0, fine().1, None, attributes));
    with(&SIZES).unwrap();
    refused!(open(&product(quants(31), fine().1, None, &SIZES)), E::ByteLength { expected: 32, found: 31, .. });
    refused!(open(&product(fine().0, scales(&[1.0]), None, &SIZES)), E::ByteLength { expected: 8, found: 4, .. });
    refused!(with(&[("K", 32), ("N", 2), ("bits", 8), ("block_size", 32)]), E::UnsupportedOnnx { .. });
    refused!(with(&[("K", 32), ("N", 2), ("bits", 4), ("block_size", 24)]), E::UnsupportedOnnx { .. });
    refused!(with(&[("K", 32), ("N", 2), ("bits", 4), ("block_size", 1 << 40)]), E::UnsupportedOnnx { .. });
    refused!(with(&[("K", 32), ("bits", 4), ("block_size", 32)]), E::UnsupportedOnnx { .. });
    refused!(with(&[("K", -32), ("N", 2), ("bits", 4), ("block_size", 32)]), E::UnsupportedOnnx { .. });
    refused!(with(&[("K", i64::MAX), ("N", i64::MAX), ("bits", 4), ("block_size", 32)]), E::SizeOverflow { .. });
    refused!(with(&[("K", 64), ("N", 2), ("bits", 4), ("block_size", 32)]), E::ByteLength { .. });
    // One byte for each row, since a row's blocks are an odd number.
    let zeros = |bytes: &[u8]| Some(stored("z", 2, &[bytes.len() as u64], bytes));
    let mut file = open(&product(fine().0, fine().1, zeros(&[0x03, 0x05]), &SIZES)).unwrap();
    let values = file.read("dense.weight").unwrap().values;
    assert_eq!((values[..2].to_vec(), values[32..34].to_vec()), (vec![-3.0, -2.0], vec![-10.0, -8.0]));
    refused!(open(&product(fine().0, fine().1, zeros(&[0x03]), &SIZES)), E::ByteLength { .. });
    let floats = Some(stored("z", 1, &[2], &f32s(&[1.0, 1.0])));
    refused!(open(&product(fine().0, fine().1, floats, &SIZES)), E::UnsupportedOnnx { .. });
    let missing = node("MatMulNBits", "/dense/MatMul_Q4", &["x", "q", "elsewhere"], "y", &SIZES);
    refused!(open(&[fine().0, missing]), E::UnsupportedOnnx { .. });
    let ordered = node("MatMulNBits", "/dense/MatMul_Q4", &["x", "q", "s", "", "g"], "y", &SIZES);
    refused!(open(&[fine().0, fine().1, ordered]), E::UnsupportedOnnx { .. });
}

#[test]
fn dequantising_that_does_not_add_up() {
    let graph = |kind: u64, scale: Vec<u8>, zero: Vec<u8>, input: &str, attributes: &[(&str, i64)]| {
        open(&[
            stored("q", kind, &[2, 3], &[1, 2, 3, 4, 5, 6]),
            scale,
            zero,
            node("Gather", "/g", &["q", "ids"], "rows", &[]),
            node("DequantizeLinear", "/d", &[input, "s", "z"], "y", attributes),
        ])
    };
    let one = || stored("s", 1, &[], &f32s(&[2.0]));
    let three = || stored("s", 1, &[3], &f32s(&[1.0, 2.0, 3.0]));
    let zero = |count: u64| stored("z", 3, &[count], &vec![1; count as usize]);
    assert_eq!(
        graph(3, one(), zero(1), "rows", &[]).unwrap().read("q").unwrap().values,
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    );
    let columns = [0.0, 2.0, 6.0, 3.0, 8.0, 15.0];
    assert_eq!(graph(3, three(), zero(3), "q", &[]).unwrap().read("q").unwrap().values, columns);
    assert_eq!(graph(3, three(), zero(3), "q", &[("axis", -1)]).unwrap().read("q").unwrap().values, columns);
    refused!(graph(3, three(), zero(3), "rows", &[]), E::UnsupportedOnnx { .. });
    refused!(graph(3, three(), zero(3), "q", &[("axis", 0)]), E::ByteLength { .. });
    refused!(graph(3, three(), zero(3), "q", &[("axis", 2)]), E::UnsupportedOnnx { .. });
    refused!(graph(3, three(), zero(3), "q", &[("axis", i64::MIN)]), E::UnsupportedOnnx { .. });
    refused!(graph(3, three(), zero(2), "q", &[]), E::ByteLength { .. });
    refused!(graph(2, one(), zero(1), "rows", &[]), E::UnsupportedOnnx { .. });
    refused!(graph(6, one(), zero(1), "rows", &[]), E::UnsupportedOnnx { .. });
    refused!(graph(3, one(), zero(1), "rows", &[("block_size", 2)]), E::UnsupportedOnnx { .. });
}

#[test]
fn whole_number_products_that_do_not_add_up() {
    let graph = |name: &str, kind: u64, shape: &[u64], scale: Vec<u8>, zero: Vec<u8>| {
        open(&[
            stored("m_quantized", kind, shape, &[1, 2, 3, 4, 5, 6]),
            scale,
            zero,
            node("MatMulInteger", name, &["x", "m_quantized", "x_zero", "m_zero_point"], "y", &[]),
        ])
    };
    const NAME: &str = "/dense/MatMul_quant";
    let one = || stored("m_scale", 1, &[1], &f32s(&[2.0]));
    let three = || stored("m_scale", 1, &[3], &f32s(&[1.0, 2.0, 3.0]));
    let zero = |kind: u64, count: u64| stored("m_zero_point", kind, &[count], &vec![1; count as usize]);
    // Stored as two inputs for each of three outputs.
    let mut file = graph(NAME, 3, &[2, 3], one(), zero(3, 1)).unwrap();
    assert_eq!(file.tensors().len(), 1);
    let dense = file.read("dense.weight").unwrap();
    assert_eq!((dense.shape, dense.values), (vec![3, 2], vec![0.0, 6.0, 2.0, 8.0, 4.0, 10.0]));
    let mut file = graph(NAME, 2, &[2, 3], three(), zero(2, 3)).unwrap();
    assert_eq!(file.read("dense.weight").unwrap().values, [0.0, 3.0, 2.0, 8.0, 6.0, 15.0]);
    refused!(graph("MatMul", 3, &[2, 3], one(), zero(3, 1)), E::UnsupportedOnnx { .. });
    refused!(graph(NAME, 6, &[2, 3], one(), zero(6, 1)), E::UnsupportedOnnx { .. });
    refused!(graph(NAME, 3, &[6], one(), zero(3, 1)), E::UnsupportedOnnx { .. });
    refused!(graph(NAME, 3, &[2, 4], one(), zero(3, 1)), E::ByteLength { .. });
    refused!(graph(NAME, 3, &[2, 3], one(), zero(2, 1)), E::UnsupportedOnnx { .. });
    refused!(graph(NAME, 3, &[2, 3], three(), zero(3, 1)), E::ByteLength { .. });
    refused!(graph(NAME, 3, &[2, 3], stored("m_scale", 1, &[2], &f32s(&[1.0, 2.0])), zero(3, 1)), E::ByteLength { .. });
    refused!(
        graph(NAME, 3, &[2, 3], stored("elsewhere", 1, &[1], &f32s(&[2.0])), zero(3, 1)),
        E::UnsupportedOnnx { .. }
    );
    refused!(graph(NAME, 3, &[2, u64::MAX], one(), zero(3, 1)), E::SizeOverflow { .. });
    refused!(graph(NAME, 3, &[0, 3], one(), zero(3, 1)), E::ByteLength { .. });
}
