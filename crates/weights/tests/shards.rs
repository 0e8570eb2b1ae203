//! A model in several files: what is read, and that each wrong index has its own error.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]

mod support;

use std::io::Cursor;

use headlight_weights::{ShardIndex, ShardedTensors, TensorSource, WeightsError as E};
use support::{Bytes, read_all, safetensors, whole_safetensors};

macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $result.err().expect("the index is refused");
        assert!(matches!(&error, $pattern $(if $guard)?), "{error:?}");
        let message = error.to_string();
        assert!(message.ends_with('.') && !message.contains('\n'), "one sentence: {message}");
    };
}

fn second() -> Vec<u8> {
    let header = r#"{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"spare":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#;
    safetensors(header, &7.0_f32.to_le_bytes())
}

/// Two files that are there, and one that is no safetensors file.
fn reader(name: &str) -> Option<Bytes> {
    let bytes = match name {
        "a.safetensors" => whole_safetensors(),
        "b.safetensors" => second(),
        "text.safetensors" => b"no weights".to_vec(),
        _ => return None,
    };
    Some(Cursor::new(bytes))
}

fn open(map: &str) -> Result<ShardedTensors<Bytes>, E> {
    let index = format!(r#"{{"metadata": {{"total_size": 44}}, "weight_map": {map}}}"#);
    ShardedTensors::open(index.as_bytes(), reader)
}

#[test]
fn tensors_come_from_their_files() {
    let map =
        r#"{"v": "b.safetensors", "w": "a.safetensors", "position_ids": "a.safetensors", "half": "a.safetensors"}"#;
    let mut source = open(map).unwrap();
    let names: Vec<&str> = source.tensors().iter().map(|info| info.name.as_str()).collect();
    assert_eq!(names, ["v", "w", "half"]);
    let values: Vec<Vec<f32>> = read_all(&mut source).unwrap().into_iter().map(|tensor| tensor.values).collect();
    assert_eq!(values, [vec![7.0], vec![1.0, 2.0, 3.0, 4.0, -5.0, 6.5], vec![1.0, -2.0]]);
    refused!(source.read("position_ids"), E::UnsupportedDtype { .. });
    // It is in a file, and not in the index.
    refused!(source.read("spare"), E::UnknownTensor { .. });
    let index = format!(r#"{{"weight_map": {map}}}"#);
    assert_eq!(ShardIndex::from_json(index.as_bytes()).unwrap().files(), ["a.safetensors", "b.safetensors"]);
}

#[test]
fn files_that_are_not_there_or_not_right() {
    refused!(open(r#"{"w": "c.safetensors"}"#), E::MissingFile { file } if file == "c.safetensors");
    refused!(open(r#"{"w": "text.safetensors"}"#), E::InFile { file, .. } if file == "text.safetensors");
    refused!(open(r#"{"w": "b.safetensors"}"#), E::NotInFile { name, file } if name == "w" && file == "b.safetensors");
    refused!(
        open(r#"{"w": "a.safetensors", "w": "a.safetensors"}"#),
        E::DuplicateTensor { name } if name == "w"
    );
    let twice = r#"{"position_ids": "a.safetensors", "position_ids": "a.safetensors"}"#;
    refused!(open(twice), E::DuplicateTensor { .. });
}

#[test]
fn names_that_lead_elsewhere() {
    let names = [
        "../a.safetensors",
        "..",
        ".",
        "",
        "/etc/passwd",
        "x/a.safetensors",
        "x\\\\a.safetensors",
        "C:a.safetensors",
        "https://example.org/a.safetensors",
        "%2e%2e%2fa.safetensors",
        "a\\u0000.safetensors",
        "a\\n",
        "a?b",
        "a#b",
        "\\u202ea",
        ".hidden",
    ];
    for name in names.iter().copied().chain(["a".repeat(256).as_str()]) {
        let map = format!(r#"{{"w": "{name}"}}"#);
        let index = format!(r#"{{"weight_map": {map}}}"#);
        refused!(ShardIndex::from_json(index.as_bytes()), E::UnsafeFileName { .. });
        // Nothing is opened before every name was looked at.
        let both = index.replace(r#"{"w""#, r#"{"v": "b.safetensors", "w""#);
        let opened = ShardedTensors::<Bytes>::open(both.as_bytes(), |_| panic!("a file is opened"));
        refused!(opened, E::UnsafeFileName { .. });
    }
}

#[test]
fn an_index_that_is_none() {
    for json in
        ["", "[]", "{}", r#"{"weight_map": []}"#, r#"{"weight_map": {"w": 1}}"#, r#"{"weight_map": {}}"#, "\u{FF}"]
    {
        refused!(ShardIndex::from_json(json.as_bytes()), E::InvalidIndex { .. });
    }
    let many: Vec<String> = (0..=1 << 16).map(|index| format!(r#""{index}":"a""#)).collect();
    let index = format!(r#"{{"weight_map":{{{}}}}}"#, many.join(","));
    refused!(ShardIndex::from_json(index.as_bytes()), E::TooMany { what: "tensors", .. });
    refused!(ShardIndex::from_json(&vec![b' '; (32 << 20) + 1]), E::TooMany { what: "bytes of index", .. });
}
