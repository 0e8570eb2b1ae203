//! A person's own file, read where it lies: a slice at a time, never as a whole.

use std::io::{self, Read, Seek, SeekFrom};

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File};

use crate::cache::{buffer, seek};

/// How much is read ahead, in bytes: headers are read a few bytes at a time, and each slice costs a call of the browser.
const WINDOW: usize = 1 << 18;

#[wasm_bindgen]
extern "C" {
    /// Reads a blob while the caller waits, which a worker may. Bound here: one feature more of `web-sys` would compile
    /// burn's graphics anew.
    type FileReaderSync;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<FileReaderSync, JsValue>;
    #[wasm_bindgen(method, catch, js_name = readAsArrayBuffer)]
    fn read_as_array_buffer(this: &FileReaderSync, blob: &Blob) -> Result<ArrayBuffer, JsValue>;
}

/// A file that was dropped or picked.
pub struct Own {
    file: File,
    size: u64,
    position: u64,
    window: Vec<u8>,
    /// Where the window begins.
    at: u64,
}

impl Own {
    /// A reader at the file's beginning.
    pub fn new(file: File) -> Self {
        let size = file.size() as u64;
        Self { file, size, position: 0, window: Vec::new(), at: 0 }
    }

    /// Reads from `from` into `bytes`, which end before the file does.
    fn slice(&self, from: u64, bytes: &mut [u8]) -> io::Result<()> {
        // The browser refuses where the file was moved or changed since it was given.
        let gone = |_| io::Error::new(io::ErrorKind::NotFound, "it was moved or changed since; give it again");
        let end = from + bytes.len() as u64;
        let slice = self.file.slice_with_f64_and_f64(from as f64, end as f64).map_err(gone)?;
        let read = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&slice)).map_err(gone)?;
        let read = Uint8Array::new(&read);
        if read.length() as usize != bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.copy_to(bytes);
        Ok(())
    }
}

impl Read for Own {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let Some(into) = into.get_mut(..count).filter(|into| !into.is_empty()) else { return Ok(0) };
        let inside = self.position.checked_sub(self.at).and_then(|inside| usize::try_from(inside).ok());
        let mut ready = inside.and_then(|inside| self.window.get(inside..)).unwrap_or_default();
        if ready.is_empty() {
            if count >= WINDOW {
                self.slice(self.position, into)?;
                self.position += count as u64;
                return Ok(count);
            }
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(WINDOW);
            let mut window = buffer(length).ok_or(io::ErrorKind::OutOfMemory)?;
            self.slice(self.position, &mut window)?;
            (self.window, self.at) = (window, self.position);
            ready = &self.window;
        }
        let count = ready.read(into)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Own {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        seek(&mut self.position, self.size, to)
    }
}
