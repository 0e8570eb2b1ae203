//! What the tests of this room share: builders of files, right and wrong, and the cache of real models.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod exercise;
pub mod marian;
pub mod onnx;

use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;

use headlight_weights::{GgufFile, SafetensorsFile, Tensor, TensorSource, WeightsError};

pub type Bytes = Cursor<Vec<u8>>;

/// A GGUF file, field by field, so that each field can be made wrong.
#[derive(Clone)]
pub struct Gguf {
    pub magic: [u8; 4],
    pub version: u32,
    pub alignment: u64,
    /// Overrides the real counts.
    pub tensor_count: Option<u64>,
    pub pair_count: Option<u64>,
    /// Key, type and value as bytes.
    pub pairs: Vec<(Vec<u8>, u32, Vec<u8>)>,
    /// Name, dimensions in the file's order (innermost first), type, offset, and the bytes that go there.
    pub tensors: Vec<(Vec<u8>, Vec<u64>, u32, u64)>,
    pub data: Vec<u8>,
}

impl Default for Gguf {
    fn default() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            alignment: 32,
            tensor_count: None,
            pair_count: None,
            pairs: Vec::new(),
            tensors: Vec::new(),
            data: Vec::new(),
        }
    }
}

impl Gguf {
    pub fn pair(mut self, key: &str, kind: u32, value: impl Into<Vec<u8>>) -> Self {
        self.pairs.push((key.as_bytes().to_vec(), kind, value.into()));
        self
    }

    pub fn tensor(mut self, name: &str, dimensions: &[u64], kind: u32, offset: u64) -> Self {
        self.tensors.push((name.as_bytes().to_vec(), dimensions.to_vec(), kind, offset));
        self
    }

    pub fn data(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.data = bytes.into();
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend(self.tensor_count.unwrap_or(self.tensors.len() as u64).to_le_bytes());
        out.extend(self.pair_count.unwrap_or(self.pairs.len() as u64).to_le_bytes());
        for (key, kind, value) in &self.pairs {
            out.extend(string(key));
            out.extend(kind.to_le_bytes());
            out.extend(value);
        }
        for (name, dimensions, kind, offset) in &self.tensors {
            out.extend(string(name));
            out.extend((dimensions.len() as u32).to_le_bytes());
            for size in dimensions {
                out.extend(size.to_le_bytes());
            }
            out.extend(kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        while !(out.len() as u64).is_multiple_of(self.alignment) {
            out.push(0);
        }
        out.extend(&self.data);
        out
    }

    pub fn open(&self) -> Result<GgufFile<Bytes>, WeightsError> {
        GgufFile::open(Cursor::new(self.build()))
    }
}

/// A GGUF string: its length, then its bytes.
pub fn string(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&(text.len() as u64).to_le_bytes(), text].concat()
}

/// A GGUF array: the type of its entries, how many it claims, and the entries as bytes.
pub fn array(kind: u32, count: u64, entries: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &count.to_le_bytes(), entries].concat()
}

/// Every kind of value and every dtype once, small; its last tensor ends where the file ends.
pub fn whole_gguf() -> Gguf {
    let floats: Vec<u8> = [1.0_f32, -2.5, 3.0e-3, 0.0, 5.0, 6.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut data = floats;
    data.resize(32, 0);
    data.extend([0x00, 0x3C, 0x00, 0xC0]); // f16: 1, −2
    data.resize(64, 0);
    data.extend((0..34).map(|byte| byte as u8));
    data.resize(128, 0);
    data.extend((0..36).map(|byte| (byte * 7) as u8)); // two Q4_0 blocks
    data.resize(192, 0);
    data.extend((0..20).map(|byte| (byte * 11) as u8)); // Q4_1
    data.resize(224, 0);
    data.extend([0x80, 0x3F]); // bf16: 1
    Gguf::default()
        .pair("general.architecture", 8, string("llama"))
        .pair("llama.block_count", 4, 30_u32.to_le_bytes())
        .pair("llama.rope.freq_base", 6, 100_000.0_f32.to_le_bytes())
        .pair("tokenizer.ggml.add_bos_token", 7, [0])
        .pair("tokenizer.ggml.tokens", 9, array(8, 3, &[string("a"), string("Ġb"), string("<|im_end|>")].concat()))
        .pair("tokenizer.ggml.token_type", 9, array(5, 3, &[1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]))
        .pair("tokenizer.ggml.scores", 9, array(6, 1, &0.5_f32.to_le_bytes()))
        .pair("nested", 9, array(9, 1, &array(7, 2, &[0, 1])))
        .pair("small", 1, [0xFF])
        .tensor("f32", &[3, 2], 0, 0)
        .tensor("f16", &[2], 1, 32)
        .tensor("q8", &[32], 8, 64)
        .tensor("q4_0", &[32, 2], 2, 128)
        .tensor("q4_1", &[32, 1], 3, 192)
        .tensor("bf16", &[1], 30, 224)
        .data(data)
}

/// A safetensors file out of a header and data.
pub fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

pub fn open_safetensors(header: &str, data: &[u8]) -> Result<SafetensorsFile<Bytes>, WeightsError> {
    SafetensorsFile::open(Cursor::new(safetensors(header, data)))
}

/// A small right file with each format that is read and one that is not.
pub fn whole_safetensors() -> Vec<u8> {
    let mut data: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0, -5.0, 6.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    data.extend([0x00, 0x3C, 0x00, 0xC0, 0x80, 0x3F, 0x00, 0x40]);
    data.extend(7_i64.to_le_bytes());
    safetensors(
        r#"{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
            "half":{"dtype":"F16","shape":[2],"data_offsets":[24,28]},
            "brain":{"dtype":"BF16","shape":[2],"data_offsets":[28,32]},
            "position_ids":{"dtype":"I64","shape":[1],"data_offsets":[32,40]}}"#,
        &data,
    )
}

/// Reads every tensor that a source lists.
pub fn read_all(source: &mut dyn TensorSource) -> Result<Vec<Tensor>, WeightsError> {
    let names: Vec<String> = source.tensors().iter().map(|info| info.name.clone()).collect();
    names.iter().map(|name| source.read(name)).collect()
}

/// Small reproducible random numbers (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % bound as u64) as usize
    }

    /// A copy with a few bytes changed, cut or doubled.
    pub fn damaged(&mut self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = 0xFF,
                2 => bytes[at] = 0,
                3 => bytes[at] = self.below(256) as u8,
                4 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    }
}

/// A checksum that sees every bit and where it stands, and is quick in a development build: the bit patterns summed,
/// and summed again times their index from 1, both modulo 2⁶⁴.
pub fn checksum(values: &[f32]) -> String {
    let (mut plain, mut placed, mut place) = (0_u64, 0_u64, 0_u64);
    for value in values {
        let bits = u64::from(value.to_bits());
        place += 1;
        plain = plain.wrapping_add(bits);
        placed = placed.wrapping_add(bits.wrapping_mul(place));
    }
    format!("{plain:016x}{placed:016x}")
}

/// Where a file of a model is or would be that `cargo xtask models` has fetched.
pub fn model_path(path: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("HEADLIGHT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("headlight")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/headlight")))
        .expect("one of HEADLIGHT_CACHE, XDG_CACHE_HOME and HOME is set");
    cache.join("models").join(path)
}

/// A file of a model that `cargo xtask models` has fetched.
pub fn model_file(path: &str) -> File {
    File::open(model_path(path))
        .unwrap_or_else(|error| panic!("the model file {path} is not in the cache ({error}): run cargo xtask models"))
}

/// The parsed JSON of a committed golden file.
pub fn golden(name: &str) -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/weights").join(name);
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}
