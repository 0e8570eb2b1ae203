//! A reader that knows how many bytes are left, so that no length is believed before it is checked.

use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

use crate::WeightsError;

/// Reads a header from the start of a file and counts down what is left of it.
pub(crate) struct Stream<'a, R: Read> {
    inner: BufReader<&'a mut R>,
    length: u64,
    remaining: u64,
}

impl<'a, R: Read + Seek> Stream<'a, R> {
    pub(crate) fn new(reader: &'a mut R) -> Result<Self, WeightsError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        Ok(Self { inner: BufReader::with_capacity(1 << 16, reader), length, remaining: length })
    }

    /// Passes over `count` bytes, which the file must have.
    pub(crate) fn skip(&mut self, count: u64, what: &'static str) -> Result<(), WeightsError> {
        self.expect(count, what)?;
        let offset =
            i64::try_from(count).map_err(|_| WeightsError::TooMany { what, count, limit: i64::MAX.cast_unsigned() })?;
        self.inner.seek_relative(offset)?;
        self.remaining -= count;
        Ok(())
    }
}

impl<R: Read> Stream<'_, R> {
    /// The length of the whole file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Where the next byte comes from.
    pub(crate) fn position(&self) -> u64 {
        self.length - self.remaining
    }

    /// Refuses `needed` bytes that the file does not have.
    pub(crate) fn expect(&self, needed: u64, what: &'static str) -> Result<(), WeightsError> {
        if needed > self.remaining {
            return Err(WeightsError::Truncated { what, needed, available: self.remaining });
        }
        Ok(())
    }

    /// Refuses `count` things of at least `least` bytes each, if they are over `limit` or longer than the file.
    pub(crate) fn expect_count(
        &self,
        count: u64,
        least: u64,
        limit: u64,
        what: &'static str,
    ) -> Result<(), WeightsError> {
        if count > limit {
            return Err(WeightsError::TooMany { what, count, limit });
        }
        self.expect(count.saturating_mul(least), what)
    }

    /// `count` bytes, allocated only after the file is known to have them.
    pub(crate) fn bytes(&mut self, count: u64, what: &'static str) -> Result<Vec<u8>, WeightsError> {
        self.expect(count, what)?;
        let length =
            usize::try_from(count).map_err(|_| WeightsError::TooMany { what, count, limit: usize::MAX as u64 })?;
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    /// `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WeightsError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, WeightsError> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, WeightsError> {
        self.array(what).map(u64::from_le_bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &'static str) -> Result<(), WeightsError> {
        let count = bytes.len() as u64;
        self.expect(count, what)?;
        self.inner.read_exact(bytes).map_err(|error| truncated(error, what, count))?;
        self.remaining -= count;
        Ok(())
    }
}

/// A reader that ends early although its length promised more: the file changed, or the reader lied.
pub(crate) fn truncated(error: std::io::Error, what: &'static str, needed: u64) -> WeightsError {
    if error.kind() == ErrorKind::UnexpectedEof {
        WeightsError::Truncated { what, needed, available: 0 }
    } else {
        WeightsError::Io(error)
    }
}
