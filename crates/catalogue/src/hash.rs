//! SHA-256 of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Error;

type Result<T> = std::result::Result<T, Error>;

/// The size of a file in bytes and its SHA-256 in lower-case hexadecimal.
///
/// # Errors
/// When the file can't be read.
pub fn of_file(path: &Path) -> Result<(u64, String)> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    of_reader(file).map_err(Error::io("read", path))
}

/// The number of bytes that a reader yields and their SHA-256 in lower-case hexadecimal.
///
/// # Errors
/// When the reader fails.
pub fn of_reader(mut reader: impl Read) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
    Ok((bytes, hexadecimal(&hasher.finalize())))
}

/// Checks a file's size and hash.
///
/// # Errors
/// When the file can't be read or differs.
pub fn check_file(path: &Path, bytes: u64, sha256: &str) -> Result<()> {
    let (found_bytes, found) = of_file(path)?;
    if found_bytes == bytes && found == sha256 {
        return Ok(());
    }
    Err(Error::Content {
        path: path.to_owned(),
        expected: format!("{bytes} bytes with SHA-256 {sha256}"),
        found: format!("{found_bytes} bytes with {found}"),
    })
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn matches_the_standards_example() {
        assert_eq!(of_reader(&b"abc"[..]).unwrap(), (3, ABC.to_owned()));
    }

    #[test]
    fn a_wrong_hash_or_size_is_rejected() {
        let path = std::env::temp_dir().join(format!("headlight-hash-{}", std::process::id()));
        std::fs::write(&path, "abc").unwrap();
        assert!(check_file(&path, 3, ABC).is_ok());
        assert!(matches!(check_file(&path, 4, ABC), Err(Error::Content { .. })));
        std::fs::write(&path, "abd").unwrap();
        assert!(matches!(check_file(&path, 3, ABC), Err(Error::Content { .. })));
        std::fs::remove_file(&path).unwrap();
    }
}
