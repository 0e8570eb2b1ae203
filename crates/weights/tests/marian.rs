//! Marian models: what is read, and that each wrong header has its own error.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use headlight_weights::{Dtype, TensorSource, WeightsError as E, limits};
use support::marian::{FLOAT32, INTGEMM8, Marian, int8, whole_marian};

macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $result.err().expect("the file is refused");
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_string();
        assert!(message.ends_with('.') && !message.contains('\n'), "one sentence: {message}");
    };
}

fn one() -> Marian {
    Marian::default().item("b", FLOAT32, &[1, 2], [0; 8])
}

#[test]
fn matrices_are_turned_and_embeddings_are_not() {
    let mut file = whole_marian().open().unwrap();
    assert_eq!(file.tensors().len(), 4);
    let words = file.read("Wemb").unwrap();
    assert_eq!((words.shape, words.values), (vec![3, 2], vec![0.5, 1.0, 1.5, 2.0, 2.5, -64.0]));
    // Stored as three columns of two.
    let query = file.read("encoder_l1_self_Wq").unwrap();
    assert_eq!((query.shape, query.values), (vec![2, 3], vec![2.0, 6.0, 10.0, 4.0, 8.0, 12.0]));
    assert_eq!(file.info("encoder_l1_self_Wq").unwrap().dtype, Dtype::Intgemm8);
    assert_eq!(file.read("encoder_l1_self_bq").unwrap().values, [0.5, -1.5, 2.5, 3.5, 4.5, 5.5]);
    assert_eq!(file.read("half").unwrap().values, [1.0, -2.0]);
    assert_eq!(file.config(), Some("transformer-heads"));
    refused!(file.read("ids"), E::UnsupportedDtype { dtype, .. } if dtype == "the Marian type 0x104");
    refused!(file.read("special:model.yml"), E::UnknownTensor { .. });
    assert_eq!(one().open().unwrap().config(), None);
}

#[test]
fn large_matrices_are_turned_across_pieces() {
    // More than is read at a time, and no multiple of it.
    let (rows, columns) = (700, 601);
    let quants: Vec<i8> = (0..rows * columns).map(|index| (index % 251) as u8 as i8).collect();
    let mut file =
        Marian::default().item("W", INTGEMM8, &[rows as i32, columns as i32], int8(&quants, 1.0)).open().unwrap();
    let values = file.read("W").unwrap().values;
    for row in 0..rows {
        for column in 0..columns {
            assert_eq!(values[row * columns + column], f32::from(quants[column * rows + row]));
        }
    }
}

#[test]
fn other_versions() {
    for version in [0, 2, u64::from_le_bytes(*b"GGUF\x03\0\0\0")] {
        refused!(Marian { version, ..one() }.open(), E::NotMarian { .. });
    }
}

#[test]
fn absurd_counts_and_lengths() {
    refused!(Marian { count: Some(u64::MAX), ..one() }.open(), E::TooMany { what: "tensors", .. });
    refused!(Marian { count: Some(60_000), ..one() }.open(), E::Truncated { .. });
    refused!(Marian { padding: Some(u64::MAX), ..one() }.open(), E::Truncated { what: "the padding", .. });
    refused!(
        one().last(|item| item.name_bytes = Some(u64::MAX)).open(),
        E::TooMany { limit: limits::STRING_BYTES, .. }
    );
    refused!(one().last(|item| item.name_bytes = Some(9_000)).open(), E::Truncated { .. });
    refused!(one().last(|item| item.dimensions = Some(5)).open(), E::TooManyDimensions { dimensions: 5, .. });
    refused!(one().last(|item| item.dimensions = Some(u64::MAX)).open(), E::TooManyDimensions { .. });
    refused!(one().last(|item| item.data_bytes = Some(u64::MAX)).open(), E::Truncated { what: "a tensor", .. });
    refused!(one().last(|item| item.data_bytes = Some(7)).open(), E::ByteLength { expected: 8, found: 7, .. });
}

#[test]
fn sizes_that_are_none() {
    for shape in [vec![-1, 2], vec![i32::MIN], vec![i32::MAX, i32::MAX, i32::MAX, 2], vec![0, -1]] {
        refused!(one().last(|item| item.shape = shape.clone()).open(), E::SizeOverflow { .. });
    }
}

#[test]
fn an_int8_tensor_needs_room_for_its_scale() {
    let exact = |bytes: usize| Marian::default().item("W", INTGEMM8, &[2, 2], vec![1; bytes]).open();
    refused!(exact(7), E::ByteLength { expected: 8, found: 7, .. });
    exact(8).unwrap();
}

#[test]
fn scales_that_are_none() {
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-40] {
        for name in ["W", "Wemb"] {
            let mut file = Marian::default().item(name, INTGEMM8, &[1, 2], int8(&[1, 2], scale)).open().unwrap();
            refused!(file.read(name), E::InvalidScale { .. });
        }
    }
}

#[test]
fn types_packed_for_a_processor_are_not_read() {
    let mut file = Marian::default().item("W", 0x5101, &[1, 2], int8(&[1, 2], 1.0)).open().unwrap();
    assert!(file.tensors().is_empty());
    refused!(file.read("W"), E::UnsupportedDtype { dtype, .. } if dtype == "the Marian type 0x5101");
}

#[test]
fn names() {
    refused!(one().item("b", FLOAT32, &[1], [0; 4]).open(), E::DuplicateTensor { name } if name == "b");
    refused!(one().item("b", 0x104, &[1], [0; 4]).open(), E::DuplicateTensor { .. });
    refused!(one().last(|item| item.name = vec![0xFF, 0]).open(), E::InvalidUtf8 { .. });
    let cut = one().last(|item| item.name = b"a\0b\0".to_vec()).open().unwrap();
    assert!(cut.info("a").is_some());
    let settings = |bytes: &[u8]| one().item("special:model.yml", 0x101, &[bytes.len() as i32], bytes);
    refused!(settings(&[0xC3, 0x28]).open(), E::InvalidUtf8 { what: "settings" });
    refused!(settings(b"a").item("special:model.yml", 0x101, &[1], [0]).open(), E::DuplicateTensor { .. });
}
