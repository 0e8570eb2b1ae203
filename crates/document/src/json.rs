//! JSON by one kind of writer and one kind of reader, whoever asks: serde makes a copy of every type's code for each kind that it
//! is used with, and the page's download would have them all.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes something as JSON.
///
/// # Errors
/// Those of `out`.
pub fn write<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

/// Something as JSON.
///
/// # Errors
/// None for the types of this crate, all of which can be written as JSON.
pub fn bytes<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(value, &mut bytes)?;
    Ok(bytes)
}

/// Something as JSON, as a text.
///
/// # Errors
/// Those of [`bytes`].
pub fn text<T: Serialize>(value: &T) -> io::Result<String> {
    bytes(value).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other))
}

/// Reads something from JSON.
///
/// # Errors
/// Where it is none, or says something else.
pub fn read<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(json).map_err(serde::de::Error::custom)?;
    serde_json::from_str(text)
}
