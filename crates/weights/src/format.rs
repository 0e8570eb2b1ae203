//! Which format a file is in, by how it begins: names lie, and `.bin` means nothing.

use std::io::{self, Read, Seek};

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
    /// The format of a file by how it begins, else the one that its name promises, so that the reader of that format says
    /// what is wrong with it. Afterwards the file is at its beginning.
    ///
    /// # Errors
    /// Where it cannot be rewound.
    pub fn of_file<R: Read + Seek>(file: &mut R, name: &str) -> io::Result<Self> {
        let mut first = [0; 9];
        let found = file.read_exact(&mut first).ok().and_then(|()| Self::of(&first));
        file.rewind()?;
        Ok(found.unwrap_or_else(|| Self::promised(name)))
    }

    fn promised(name: &str) -> Self {
        match name.to_ascii_lowercase().rsplit('.').next() {
            Some("gguf") => Self::Gguf,
            Some("bin") => Self::Marian,
            Some("onnx") => Self::Onnx,
            _ => Self::Safetensors,
        }
    }

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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with_and_else_what_its_name_says() {
        let format = |content: &[u8], name: &str| {
            let mut file = Cursor::new(content.to_vec());
            let format = Format::of_file(&mut file, name).unwrap();
            assert_eq!(file.position(), 0);
            format
        };
        assert_eq!(format(b"GGUF\x03\0\0\0\0\0", "model.safetensors"), Format::Gguf);
        for (name, expected) in [
            ("a.GGUF", Format::Gguf),
            ("b.bin", Format::Marian),
            ("onnx/c.onnx", Format::Onnx),
            ("d.safetensors", Format::Safetensors),
            ("e", Format::Safetensors),
        ] {
            assert_eq!(format(b"neither of them", name), expected);
            assert_eq!(format(b"", name), expected);
        }
    }
}
