//! Which format a file is in, by how it begins: names lie, and `.bin` means nothing.

use crate::limits;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// [`crate::SafetensorsFile`].
    Safetensors,
    /// [`crate::GgufFile`].
    Gguf,
    /// [`crate::MarianFile`].
    Marian,
    /// [`crate::OnnxFile`].
    Onnx,
}

impl Format {
    /// The format of a file that begins with `first`, of which at least nine bytes are needed. A file that begins so can
    /// still turn out to be none when it is opened.
    pub fn of(first: &[u8]) -> Option<Self> {
        let (number, rest) = first.split_first_chunk::<8>()?;
        let count = u64::from_le_bytes(*number);
        match number {
            [b'G', b'G', b'U', b'F', ..] => Some(Self::Gguf),
            // The version, and then the number of items.
            _ if count == 1 => Some(Self::Marian),
            // The length of a JSON object, and its brace.
            _ if (2..=limits::HEADER_BYTES).contains(&count) && rest.first() == Some(&b'{') => Some(Self::Safetensors),
            // The version of ONNX's format, its first field: 3 to 13 so far. Then who made the model, a graph, or more.
            [8, 3..=31, 0x12 | 0x1A | 0x22 | 0x28 | 0x32 | 0x3A | 0x42, ..] => Some(Self::Onnx),
            _ => None,
        }
    }
}
