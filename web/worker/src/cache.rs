//! Model files in the origin's private storage, named by the hash of their content.
//!
//! A file is written under its hash and is whole only when a second, empty file `<hash>.ok` stands beside it, which is
//! made after size and hash have been checked; so neither a closed tab nor a full disk leaves a file that is trusted.
//! Where there is no such storage (private windows of some browsers), or no room in it, files are kept in memory and
//! fetched again next time.

use std::io::{self, Read, Seek, SeekFrom};

use headlight_weights::Chunks;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use crate::outbox::scope;

const FOLDER: &str = "models";

/// The folder of cached models.
pub struct Cache {
    folder: FileSystemDirectoryHandle,
}

/// A file that is being written.
pub enum Draft {
    /// In the origin's private storage.
    Stored(FileSystemSyncAccessHandle),
    /// In memory.
    Memory(Chunks),
}

/// A whole file, to be read at any place.
pub enum Whole {
    /// In the origin's private storage.
    Stored(Opened),
    /// In memory.
    Memory(Chunks),
}

/// An open file of the origin's private storage. Closed when dropped.
pub struct Opened {
    handle: FileSystemSyncAccessHandle,
    position: u64,
    size: u64,
}

impl Cache {
    /// Opens the cache, where the browser has one.
    pub async fn open() -> Option<Self> {
        let storage = scope().navigator().storage();
        let root = JsFuture::from(storage.get_directory()).await.ok()?;
        let root: FileSystemDirectoryHandle = root.dyn_into().ok()?;
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let folder = JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await.ok()?;
        Some(Self { folder: folder.dyn_into().ok()? })
    }

    async fn handle(&self, name: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        JsFuture::from(self.folder.get_file_handle_with_options(name, &options)).await?.dyn_into()
    }

    /// The file with this hash, if it is here and whole.
    pub async fn find(&self, sha256: &str, bytes: u64) -> Option<Whole> {
        self.handle(&marker(sha256), false).await.ok()?;
        let file = self.handle(sha256, false).await.ok()?;
        match JsFuture::from(file.create_sync_access_handle()).await {
            Ok(handle) => {
                let opened = Opened::new(handle.unchecked_into())?;
                (opened.size == bytes).then_some(Whole::Stored(opened))
            }
            // Another tab is reading it: only one may hold it open, but any may copy it.
            Err(_) => {
                let file: File = JsFuture::from(file.get_file()).await.ok()?.dyn_into().ok()?;
                let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
                let content = js_sys::Uint8Array::new(&buffer).to_vec();
                let mut chunks = Chunks::new();
                (content.len() as u64 == bytes).then(|| {
                    chunks.push(content);
                    Whole::Memory(chunks)
                })
            }
        }
    }

    /// A new, empty file for content with this hash; none where it cannot be made, as when another tab is writing it.
    pub async fn create(&self, sha256: &str) -> Option<Draft> {
        // What an earlier attempt left is not whole any more.
        let _ = JsFuture::from(self.folder.remove_entry(&marker(sha256))).await;
        let file = self.handle(sha256, true).await.ok()?;
        let handle: FileSystemSyncAccessHandle =
            JsFuture::from(file.create_sync_access_handle()).await.ok()?.unchecked_into();
        handle.truncate_with_f64(0.0).ok()?;
        Some(Draft::Stored(handle))
    }

    /// Marks the file with this hash as whole. Where the marker cannot be made, the file is fetched again next time.
    pub async fn confirm(&self, sha256: &str) -> bool {
        self.handle(&marker(sha256), true).await.is_ok()
    }

    /// Removes what stands under this hash.
    pub async fn remove(&self, sha256: &str) {
        let _ = JsFuture::from(self.folder.remove_entry(&marker(sha256))).await;
        let _ = JsFuture::from(self.folder.remove_entry(sha256)).await;
    }
}

fn marker(sha256: &str) -> String {
    format!("{sha256}.ok")
}

/// Zeros to read into; none where there is not so much memory.
pub fn buffer(length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).ok()?;
    bytes.resize(length, 0);
    Some(bytes)
}

impl Default for Draft {
    fn default() -> Self {
        Self::Memory(Chunks::new())
    }
}

impl Draft {
    /// Appends `bytes` at `offset`, which is where the last ones ended.
    ///
    /// # Errors
    /// `bytes` again, where the storage takes no more. What stands before `offset` is still there.
    pub fn append(&mut self, bytes: Vec<u8>, offset: u64) -> Result<(), Vec<u8>> {
        match self {
            Self::Stored(handle) => {
                let options = FileSystemReadWriteOptions::new();
                options.set_at(offset as f64);
                let written = handle.write_with_u8_array_and_options(&bytes, &options);
                if written.is_ok_and(|written| written as usize == bytes.len()) { Ok(()) } else { Err(bytes) }
            }
            Self::Memory(chunks) => {
                chunks.push(bytes);
                Ok(())
            }
        }
    }

    /// Whether all that was appended has reached the storage.
    pub fn flush(&self) -> bool {
        match self {
            Self::Stored(handle) => handle.flush().is_ok(),
            Self::Memory(_) => true,
        }
    }

    /// The first `length` bytes of what was appended, in memory, with the stored file let go. None where it cannot be
    /// read back or there is not so much memory.
    pub fn into_memory(self, length: u64) -> Option<Self> {
        /// Small enough for the heap to find room for in many places.
        const PIECE: u64 = 1 << 20;
        let Self::Stored(handle) = self else { return Some(self) };
        // Closes the file when it is dropped, however this ends.
        let mut opened = Opened { handle, position: 0, size: length };
        let mut chunks = Chunks::new();
        while opened.position < length {
            let mut piece = buffer((length - opened.position).min(PIECE) as usize)?;
            opened.read_exact(&mut piece).ok()?;
            chunks.push(piece);
        }
        Some(Self::Memory(chunks))
    }

    /// Ends writing.
    pub fn finish(self) -> Option<Whole> {
        match self {
            Self::Stored(handle) => Some(Whole::Stored(Opened::new(handle)?)),
            Self::Memory(chunks) => Some(Whole::Memory(chunks)),
        }
    }

    /// Ends writing and lets go of the file.
    pub fn abandon(self) {
        if let Self::Stored(handle) = self {
            handle.close();
        }
    }
}

impl Opened {
    fn new(handle: FileSystemSyncAccessHandle) -> Option<Self> {
        let size = handle.get_size().ok()? as u64;
        Some(Self { handle, position: 0, size })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(self.position as f64);
        let read = self
            .handle
            .read_with_u8_array_and_options(buffer, &options)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        self.position += read as u64;
        Ok(read as usize)
    }
}

fn seek(position: &mut u64, size: u64, to: SeekFrom) -> io::Result<u64> {
    let target = match to {
        SeekFrom::Start(offset) => Some(offset),
        SeekFrom::End(offset) => size.checked_add_signed(offset),
        SeekFrom::Current(offset) => position.checked_add_signed(offset),
    };
    *position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(*position)
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(opened) => opened.read(buffer),
            Self::Memory(chunks) => chunks.read(buffer),
        }
    }
}

impl Seek for Whole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Stored(opened) => seek(&mut opened.position, opened.size, to),
            Self::Memory(chunks) => chunks.seek(to),
        }
    }
}
