//! Named tensors out of safetensors (single or in several files), GGUF, Marian and ONNX files.
//!
//! A file is opened from anything that is [`std::io::Read`] and [`std::io::Seek`]: a file natively, and in the page
//! the downloaded pieces as [`Chunks`]. Opening reads the header alone and checks all of it against the length of the
//! file; afterwards [`TensorSource::read`] reads and dequantises one tensor at a time, so that a caller can upload it
//! and drop it before the next.
//!
//! Nothing that a header says is believed: every count, length and offset is held against the bytes that are really
//! there *before* memory is reserved for it, and what doesn't fit is a [`WeightsError`] that says which.
//!
//! This room knows no architecture. It does not rename or unpermute anything: SmolLM2's query and key rows come out in
//! the order llama.cpp wrote them. What it turns is what a format itself stores the other way round than it says
//! (Marian's int8 matrices) or has lost the name of (ONNX's).

mod chunks;
mod dequantise;
mod dtype;
mod error;
mod format;
mod gguf;
mod layout;
mod marian;
mod memory;
mod merged;
mod onnx;
mod packed;
mod safetensors;
mod shards;
mod source;
mod stream;

pub use chunks::Chunks;
pub use dtype::Dtype;
pub use error::WeightsError;
pub use format::Format;
pub use gguf::{GgufArray, GgufFile, GgufMetadata, GgufValue};
pub use marian::MarianFile;
pub use memory::MemoryTensors;
pub use merged::{Merged, PREFIX as ADAPTER_PREFIX, adapter_scale};
pub use onnx::OnnxFile;
pub use packed::{Codes, GROUP as PACKED_GROUP, Packed, affine, bf16, f16};
pub use safetensors::SafetensorsFile;
pub use shards::{ShardIndex, ShardedTensors};
pub use source::{Tensor, TensorInfo, TensorSource};

/// What a header may claim at most. Real files stay far below these; a header above them is refused before its
/// contents are looked at.
pub mod limits {
    /// Bytes of a safetensors JSON header.
    pub const HEADER_BYTES: u64 = 32 << 20;
    /// Tensors in one file.
    pub const TENSORS: u64 = 1 << 16;
    /// Key-value pairs in one GGUF file.
    pub const METADATA_PAIRS: u64 = 1 << 16;
    /// Bytes of one GGUF string: a key, a tensor's name, or a value such as a chat template.
    pub const STRING_BYTES: u64 = 16 << 20;
    /// Entries of one GGUF array, such as a vocabulary.
    pub const ARRAY_ENTRIES: u64 = 1 << 24;
    /// Arrays of arrays of … in GGUF metadata; a plain array has depth 1.
    pub const ARRAY_DEPTH: usize = 4;
    /// Dimensions of one tensor.
    pub const DIMENSIONS: usize = 4;
    /// Values in one block of an ONNX weight.
    pub const ONNX_BLOCK: u64 = 1 << 16;
    /// Bytes that a GGUF file may align its tensors to.
    pub const ALIGNMENT: u32 = 1 << 20;
}
