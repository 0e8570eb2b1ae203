//! The pieces of a download, read as one file without joining them.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// One file in many pieces, so that a streamed download needs no second, contiguous copy.
#[derive(Debug, Default)]
pub struct Chunks {
    pieces: Vec<Piece>,
    length: u64,
    position: u64,
}

#[derive(Debug)]
struct Piece {
    begin: u64,
    end: u64,
    /// Empty once freed.
    bytes: Vec<u8>,
}

impl Chunks {
    /// A file with nothing in it yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the next piece at the end. An empty piece is left out.
    pub fn push(&mut self, bytes: Vec<u8>) {
        let (begin, end) = (self.length, self.length + bytes.len() as u64);
        if begin < end {
            self.pieces.push(Piece { begin, end, bytes });
            self.length = end;
        }
    }

    /// Bytes of the whole file, freed ones included.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether no piece was ever put in.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Gives back the memory of every piece that ends at or before `offset`. Reading there again is an error.
    pub fn free_before(&mut self, offset: u64) {
        for piece in self.pieces.iter_mut().take_while(|piece| piece.end <= offset) {
            piece.bytes = Vec::new();
        }
    }
}

impl From<Vec<Vec<u8>>> for Chunks {
    fn from(pieces: Vec<Vec<u8>>) -> Self {
        let mut chunks = Self::new();
        for piece in pieces {
            chunks.push(piece);
        }
        chunks
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let index = self.pieces.partition_point(|piece| piece.end <= self.position);
        let Some(piece) = self.pieces.get(index) else { return Ok(0) };
        let inside = (self.position - piece.begin) as usize;
        // `&[u8]` is a reader itself and copies as much as fits.
        let mut rest = piece.bytes.get(inside..).unwrap_or_default();
        if rest.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "this part of the file was already freed"));
        }
        let count = rest.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Chunks {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position =
            position.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a seek to before the start of the file"))?;
        Ok(self.position)
    }
}
