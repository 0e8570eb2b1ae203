//! Safetensors: what is read, and that each wrong header has its own error.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::io::Cursor;

use headlight_weights::{Dtype, SafetensorsFile, TensorSource, WeightsError as E, limits};
use support::{open_safetensors, safetensors, whole_safetensors};

/// One F32 tensor of two values with the given entry, over eight bytes of data.
fn one(entry: &str) -> Result<SafetensorsFile<support::Bytes>, E> {
    open_safetensors(&format!("{{\"w\":{entry}}}"), &[0; 8])
}

macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $result.err().expect("the file is refused");
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_string();
        assert!(message.ends_with('.') && !message.contains('\n'), "one sentence: {message}");
    };
}

#[test]
fn reads_all_three_formats() {
    let mut file = SafetensorsFile::open(Cursor::new(whole_safetensors())).unwrap();
    assert_eq!(file.metadata()["format"], "pt");
    assert_eq!(file.tensors().iter().map(|info| info.name.as_str()).collect::<Vec<_>>(), ["w", "half", "brain"]);
    assert_eq!(file.info("w").unwrap().dtype, Dtype::F32);
    let w = file.read("w").unwrap();
    assert_eq!((w.shape, w.values), (vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, -5.0, 6.5]));
    assert_eq!(file.read("half").unwrap().values, [1.0, -2.0]);
    assert_eq!(file.read("brain").unwrap().values, [1.0, 2.0]);
    refused!(file.read("absent"), E::UnknownTensor { name } if name == "absent");
}

#[test]
fn an_integer_buffer_is_checked_but_not_read() {
    let mut file = SafetensorsFile::open(Cursor::new(whole_safetensors())).unwrap();
    assert!(file.info("position_ids").is_none());
    refused!(file.read("position_ids"), E::UnsupportedDtype { dtype, .. } if dtype == "I64");
}

#[test]
fn scalars_and_empty_tensors() {
    let mut file = open_safetensors(
        r#"{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]}}"#,
        &2.0_f32.to_le_bytes(),
    )
    .unwrap();
    assert_eq!(file.read("s").unwrap().values, [2.0]);
    assert_eq!(file.read("e").unwrap().values, [0.0; 0]);
}

#[test]
fn truncated_length() {
    refused!(SafetensorsFile::open(Cursor::new(vec![1, 2, 3])), E::Truncated { needed: 8, available: 3, .. });
}

#[test]
fn truncated_header() {
    let mut bytes = whole_safetensors();
    bytes.truncate(40);
    refused!(SafetensorsFile::open(Cursor::new(bytes)), E::Truncated { available: 32, .. });
}

#[test]
fn truncated_data() {
    let mut bytes = whole_safetensors();
    bytes.truncate(bytes.len() - 1);
    refused!(SafetensorsFile::open(Cursor::new(bytes)), E::OutOfRange { name, .. } if name == "position_ids");
}

#[test]
fn absurd_header_size() {
    refused!(
        SafetensorsFile::open(Cursor::new(u64::MAX.to_le_bytes().to_vec())),
        E::TooMany { count: u64::MAX, limit: limits::HEADER_BYTES, .. }
    );
}

#[test]
fn too_many_tensors() {
    let entries: Vec<String> = (0..=limits::TENSORS)
        .map(|index| format!(r#""{index}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    refused!(open_safetensors(&format!("{{{}}}", entries.join(",")), &[]), E::TooMany { what: "tensors", .. });
}

#[test]
fn header_that_is_no_json() {
    refused!(open_safetensors("{\"w\":", &[]), E::InvalidHeader { .. });
    refused!(open_safetensors("[]", &[]), E::InvalidHeader { .. });
    refused!(open_safetensors("{} {}", &[]), E::InvalidHeader { .. });
    refused!(open_safetensors(&"[".repeat(100_000), &[]), E::InvalidHeader { .. });
    refused!(one(r#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#), E::InvalidHeader { .. });
    refused!(one(r#"{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}"#), E::InvalidHeader { .. });
    refused!(one(r#"{"dtype":"F32","shape":[2]}"#), E::InvalidHeader { .. });
}

#[test]
fn header_that_is_no_utf8() {
    let mut bytes = safetensors("{\"w\"}", &[]);
    bytes[10] = 0xFF;
    refused!(SafetensorsFile::open(Cursor::new(bytes)), E::InvalidUtf8 { .. });
}

#[test]
fn unknown_dtype() {
    refused!(one(r#"{"dtype":"F33","shape":[2],"data_offsets":[0,8]}"#), E::UnsupportedDtype { name, .. } if name == "w");
}

#[test]
fn wrong_dtype_for_the_bytes() {
    refused!(one(r#"{"dtype":"F16","shape":[2],"data_offsets":[0,8]}"#), E::ByteLength { expected: 4, found: 8, .. });
}

#[test]
fn length_that_is_not_the_shape_s() {
    refused!(one(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#), E::ByteLength { expected: 12, found: 8, .. });
}

#[test]
fn five_dimensions() {
    refused!(
        one(r#"{"dtype":"F32","shape":[1,1,1,1,2],"data_offsets":[0,8]}"#),
        E::TooManyDimensions { dimensions: 5, .. }
    );
}

#[test]
fn sizes_that_overflow() {
    for shape in ["[4294967296,4294967296,4294967296]", "[9223372036854775807]", "[18446744073709551615,0,2]"] {
        refused!(
            one(&format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}"#)),
            E::SizeOverflow { name, .. } if name == "w"
        );
    }
}

#[test]
fn offsets_out_of_range() {
    refused!(
        one(r#"{"dtype":"F32","shape":[2],"data_offsets":[4,12]}"#),
        E::OutOfRange { begin: 4, end: 12, available: 8, .. }
    );
    let top = u64::MAX;
    refused!(
        one(&format!(r#"{{"dtype":"F32","shape":[2],"data_offsets":[{},{top}]}}"#, top - 8)),
        E::OutOfRange { end: u64::MAX, .. }
    );
}

#[test]
fn reversed_offsets() {
    refused!(one(r#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#), E::OutOfRange { begin: 8, end: 0, .. });
}

#[test]
fn overlapping_tensors() {
    refused!(
        open_safetensors(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            &[0; 8],
        ),
        E::Overlap { first, second } if first == "a" && second == "b"
    );
    // The same bytes under two names overlap too, also when one of them is not read.
    refused!(
        open_safetensors(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#,
            &[0; 8],
        ),
        E::Overlap { .. }
    );
}

#[test]
fn bytes_in_no_tensor() {
    refused!(
        open_safetensors(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, &[0; 8]),
        E::Uncovered { begin: 0, end: 4 }
    );
    refused!(
        open_safetensors(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, &[0; 8]),
        E::Uncovered { begin: 4, end: 8 }
    );
}

#[test]
fn duplicated_names() {
    let a = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let again = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}"#;
    let integer = r#""a":{"dtype":"I32","shape":[1],"data_offsets":[4,8]}"#;
    for second in [again, integer] {
        refused!(
            open_safetensors(&format!("{{{a},{second}}}"), &[0; 8]),
            E::DuplicateTensor { name } if name == "a"
        );
    }
}
