//! What is done with bytes that nobody vouches for: opened, and everything read. The fuzz targets (`fuzz/`) and the replay
//! of their corpus (`corpus.rs`) share this.
#![allow(dead_code, reason = "each fuzz target uses one of these")]

use std::io::Cursor;

use headlight_weights::{GgufFile, MarianFile, OnnxFile, SafetensorsFile, ShardedTensors, TensorSource, WeightsError};

/// Each tensor is read and dropped, and is as large as its entry says.
fn read(source: Result<impl TensorSource, WeightsError>) {
    let Ok(mut source) = source else { return };
    for info in source.tensors().to_vec() {
        if let Ok(tensor) = source.read(&info.name) {
            assert_eq!(tensor.shape, info.shape, "{}", info.name);
            assert_eq!(tensor.values.len(), info.elements(), "{}", info.name);
        }
    }
    assert!(source.read("a tensor that no file has").is_err());
}

pub fn safetensors(bytes: &[u8]) {
    read(SafetensorsFile::open(Cursor::new(bytes)));
}

pub fn gguf(bytes: &[u8]) {
    read(GgufFile::open(Cursor::new(bytes)));
}

pub fn marian(bytes: &[u8]) {
    read(MarianFile::open(Cursor::new(bytes)));
}

pub fn onnx(bytes: &[u8]) {
    read(OnnxFile::open(Cursor::new(bytes)));
}

/// An index; each of its files has the tensors "a" and "b".
pub fn shards(bytes: &[u8]) {
    let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}}"#;
    let file = [&(header.len() as u64).to_le_bytes(), header.as_slice(), &[0; 8]].concat();
    read(ShardedTensors::open(bytes, |name| {
        assert!(!name.contains(['/', '\\', ':', '%']) && !name.starts_with('.'), "{name:?}");
        Some(Cursor::new(file.clone()))
    }));
}
