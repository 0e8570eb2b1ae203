//! GGUF: what is read, and that each wrong header has its own error.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::io::Cursor;

use headlight_weights::{Dtype, GgufArray, GgufFile, GgufValue, TensorSource, WeightsError as E, limits};
use support::{Gguf, array, string, whole_gguf};

macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $result.err().expect("the file is refused");
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_string();
        assert!(message.ends_with('.') && !message.contains('\n'), "one sentence: {message}");
    };
}

fn two_values() -> Gguf {
    Gguf::default().tensor("w", &[2], 0, 0).data([0; 8])
}

#[test]
fn reads_every_kind_of_value() {
    for version in [2, 3] {
        let file = Gguf { version, ..whole_gguf() }.open().unwrap();
        let metadata = file.metadata();
        assert_eq!(metadata.string("general.architecture"), Some("llama"));
        assert_eq!(metadata.u32("llama.block_count"), Some(30));
        assert_eq!(metadata.u64("llama.block_count"), Some(30));
        assert_eq!(metadata.f32("llama.rope.freq_base"), Some(100_000.0));
        assert_eq!(metadata.bool("tokenizer.ggml.add_bos_token"), Some(false));
        assert_eq!(metadata.strings("tokenizer.ggml.tokens").unwrap(), ["a", "Ġb", "<|im_end|>"]);
        assert_eq!(metadata.i32s("tokenizer.ggml.token_type").unwrap(), [1, 1, 3]);
        assert_eq!(metadata.f32s("tokenizer.ggml.scores").unwrap(), [0.5]);
        assert_eq!(
            metadata.get("nested"),
            Some(&GgufValue::Array(GgufArray::Array(vec![GgufArray::Bool(vec![false, true])])))
        );
        assert_eq!((metadata.get("small"), metadata.u32("small")), (Some(&GgufValue::I8(-1)), None));
        assert_eq!((metadata.string("llama.block_count"), metadata.u32("absent")), (None, None));
        assert_eq!(metadata.iter().count(), 9);
    }
}

#[test]
fn reads_every_format_outermost_dimension_first() {
    let mut file = whole_gguf().open().unwrap();
    let f32 = file.read("f32").unwrap();
    assert_eq!((f32.shape, f32.values), (vec![2, 3], vec![1.0, -2.5, 3.0e-3, 0.0, 5.0, 6.0]));
    assert_eq!(file.read("f16").unwrap().values, [1.0, -2.0]);
    assert_eq!(file.read("bf16").unwrap().values, [1.0]);
    assert_eq!(
        file.info("q4_0").map(|info| (info.dtype, info.bytes, info.shape.clone())),
        Some((Dtype::Q4_0, 36, vec![2, 32]))
    );
    assert_eq!(file.read("q4_0").unwrap().values.len(), 64);
    assert_eq!(file.read("q4_1").unwrap().values.len(), 32);
    let scale = half::f16::from_bits(0x0100).to_f32();
    assert_eq!(file.read("q8").unwrap().values, (2..34).map(|quant| quant as f32 * scale).collect::<Vec<_>>());
    refused!(file.read("absent"), E::UnknownTensor { .. });
}

#[test]
fn its_own_alignment() {
    let file =
        Gguf { alignment: 256, ..two_values() }.pair("general.alignment", 4, 256_u32.to_le_bytes()).open().unwrap();
    assert_eq!(file.info("w").unwrap().offset, 256);
}

#[test]
fn other_magic_and_version() {
    refused!(Gguf { magic: *b"GGML", ..two_values() }.open(), E::NotGguf { found } if found == b"GGML");
    for version in [0, 1, 4, 3_u32.swap_bytes()] {
        refused!(Gguf { version, ..two_values() }.open(), E::UnsupportedVersion { .. });
    }
}

#[test]
fn truncated_at_every_byte() {
    let bytes = whole_gguf().build();
    for length in 0..bytes.len() {
        let error = GgufFile::open(Cursor::new(bytes[..length].to_vec())).unwrap_err();
        assert!(matches!(error, E::Truncated { .. } | E::OutOfRange { .. }), "{length}: {error:?}");
    }
}

#[test]
fn absurd_counts() {
    refused!(Gguf { tensor_count: Some(u64::MAX), ..two_values() }.open(), E::TooMany { what: "tensors", .. });
    refused!(Gguf { tensor_count: Some(60_000), ..two_values() }.open(), E::Truncated { .. });
    refused!(Gguf { pair_count: Some(1 << 40), ..two_values() }.open(), E::TooMany { what: "metadata pairs", .. });
    refused!(Gguf { pair_count: Some(60_000), ..two_values() }.open(), E::Truncated { .. });
}

#[test]
fn absurd_string_length() {
    let long = |bytes: u64| Gguf::default().pair("k", 8, bytes.to_le_bytes());
    refused!(long(u64::MAX).open(), E::TooMany { limit: limits::STRING_BYTES, .. });
    refused!(long(limits::STRING_BYTES).open(), E::Truncated { .. });
}

#[test]
fn absurd_array_length() {
    for kind in 0..=12 {
        refused!(
            two_values().pair("k", 9, array(kind, u64::MAX, &[])).open(),
            E::TooMany { limit: limits::ARRAY_ENTRIES, .. }
        );
        refused!(two_values().pair("k", 9, array(kind, limits::ARRAY_ENTRIES, &[])).open(), E::Truncated { .. });
    }
}

#[test]
fn arrays_nested_too_deep() {
    let nested = |depth: usize| {
        let value = (1..depth).fold(array(0, 0, &[]), |inner, _| array(9, 1, &inner));
        two_values().pair("k", 9, value).open()
    };
    assert!(nested(limits::ARRAY_DEPTH).is_ok());
    refused!(nested(limits::ARRAY_DEPTH + 1), E::NestedTooDeep { key } if key == "k");
    refused!(nested(10_000), E::NestedTooDeep { .. });
}

#[test]
fn five_dimensions() {
    refused!(
        Gguf::default().tensor("w", &[1, 1, 1, 1, 2], 0, 0).data([0; 8]).open(),
        E::TooManyDimensions { dimensions: 5, .. }
    );
}

#[test]
fn sizes_that_overflow() {
    for shape in [[1 << 32, 1 << 32], [u64::MAX, 1], [1 << 62, 1], [0, u64::MAX]] {
        refused!(Gguf::default().tensor("w", &shape, 0, 0).data([0; 8]).open(), E::SizeOverflow { .. });
    }
}

#[test]
fn unknown_and_unread_types() {
    refused!(
        Gguf::default().tensor("w", &[256], 10, 0).data([0; 256]).open(),
        E::UnsupportedDtype { dtype, .. } if dtype == "Q2_K"
    );
    refused!(
        Gguf::default().tensor("w", &[2], 4_000, 0).data([0; 8]).open(),
        E::UnsupportedDtype { dtype, .. } if dtype == "the ggml type 4000"
    );
    refused!(two_values().pair("k", 13, []).open(), E::UnknownValueType { kind: 13, .. });
    refused!(two_values().pair("k", 9, array(77, 0, &[])).open(), E::UnknownValueType { kind: 77, .. });
}

#[test]
fn truth_that_is_neither() {
    refused!(two_values().pair("k", 7, [2]).open(), E::InvalidBool { .. });
    refused!(two_values().pair("k", 9, array(7, 2, &[1, 9])).open(), E::InvalidBool { .. });
}

#[test]
fn strings_that_are_no_utf8() {
    refused!(two_values().pair("k", 8, string([0xC3, 0x28])).open(), E::InvalidUtf8 { what: "a metadata string" });
    refused!(two_values().pair("k", 9, array(8, 1, &string([0xFF]))).open(), E::InvalidUtf8 { .. });
    let mut key = two_values();
    key.pairs.push((vec![0xFF], 0, vec![0]));
    refused!(key.open(), E::InvalidUtf8 { what: "a metadata key" });
    let mut name = two_values();
    name.tensors[0].0 = vec![0x80];
    refused!(name.open(), E::InvalidUtf8 { what: "a tensor's name" });
}

#[test]
fn rows_that_are_no_whole_blocks() {
    for kind in [2, 3, 6, 7, 8] {
        // 2 × 16 values would fill one block, but a block never spans two rows.
        refused!(
            Gguf::default().tensor("w", &[16, 2], kind, 0).data([0; 64]).open(),
            E::PartialBlock { row: 16, block: 32, .. }
        );
    }
    for kind in [12, 13, 14] {
        refused!(
            Gguf::default().tensor("w", &[128, 2], kind, 0).data([0; 256]).open(),
            E::PartialBlock { row: 128, block: 256, .. }
        );
    }
}

#[test]
fn offsets_out_of_range() {
    refused!(
        Gguf::default().tensor("w", &[2], 0, 32).data([0; 36]).open(),
        E::OutOfRange { begin: 32, end: 40, available: 36, .. }
    );
    refused!(Gguf::default().tensor("w", &[2], 0, u64::MAX - 31).data([0; 8]).open(), E::OutOfRange { .. });
}

#[test]
fn overlapping_tensors() {
    refused!(
        Gguf::default().tensor("a", &[9], 0, 0).tensor("b", &[2], 0, 32).data([0; 64]).open(),
        E::Overlap { first, second } if first == "a" && second == "b"
    );
    refused!(Gguf::default().tensor("a", &[2], 0, 0).tensor("b", &[2], 0, 0).data([0; 8]).open(), E::Overlap { .. });
}

#[test]
fn misaligned_tensors() {
    refused!(
        Gguf::default().tensor("w", &[2], 0, 8).data([0; 64]).open(),
        E::Misaligned { offset: 8, alignment: 32, .. }
    );
}

#[test]
fn alignments_that_are_none() {
    for alignment in [0_u32, 3, 48, 1 << 31, u32::MAX] {
        refused!(two_values().pair("general.alignment", 4, alignment.to_le_bytes()).open(), E::InvalidAlignment { .. });
    }
    refused!(two_values().pair("general.alignment", 8, string("32")).open(), E::InvalidAlignment { .. });
}

#[test]
fn duplicated_names_and_keys() {
    refused!(
        Gguf::default().tensor("w", &[2], 0, 0).tensor("w", &[2], 0, 32).data([0; 40]).open(),
        E::DuplicateTensor { name } if name == "w"
    );
    refused!(two_values().pair("k", 0, [0]).pair("k", 0, [1]).open(), E::DuplicateKey { key } if key == "k");
}
