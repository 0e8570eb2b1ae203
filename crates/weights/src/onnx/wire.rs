//! Protocol buffers' wire format: numbered fields, one behind the other.
//!
//! The format is that of <https://protobuf.dev/programming-guides/encoding/>. It is read here and not with a library
//! because a library holds the whole message in memory, and a model's weights are in it.

use std::io::{Read, Seek};

use crate::stream::Stream;
use crate::{WeightsError, limits};

/// What stands behind a field's number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire {
    /// A number, already read.
    Number(u64),
    /// Four bytes, already read.
    Four([u8; 4]),
    /// Bytes from where the stream stands, not read yet: whoever gets this reads them all or skips them.
    Bytes(Span),
}

/// A stretch of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) fn len(self) -> u64 {
        self.end - self.begin
    }
}

const CUT: WeightsError = WeightsError::InvalidOnnx { reason: "a part of it is longer than what it is in" };

/// The next field's number and value, or `None` at `end`.
pub(super) fn field<R: Read + Seek>(stream: &mut Stream<'_, R>, end: u64) -> Result<Option<(u64, Wire)>, WeightsError> {
    if stream.position() >= end {
        return Ok(None);
    }
    let key = varint(stream, end)?;
    let value = match key & 7 {
        0 => Wire::Number(varint(stream, end)?),
        1 => {
            within(stream, 8, end)?;
            stream.skip(8, "a number")?;
            // No field that is used here has eight bytes.
            Wire::Number(0)
        }
        2 => {
            let length = varint(stream, end)?;
            let begin = stream.position();
            within(stream, length, end)?;
            Wire::Bytes(Span { begin, end: begin + length })
        }
        5 => {
            within(stream, 4, end)?;
            Wire::Four(stream.array("a number")?)
        }
        _ => return Err(WeightsError::InvalidOnnx { reason: "it has a field of an unknown kind" }),
    };
    Ok(Some((key >> 3, value)))
}

/// Passes over a value that is not wanted.
pub(super) fn skip<R: Read + Seek>(stream: &mut Stream<'_, R>, value: Wire) -> Result<(), WeightsError> {
    match value {
        Wire::Bytes(span) => stream.skip(span.end - stream.position(), "a field"),
        Wire::Number(_) | Wire::Four(_) => Ok(()),
    }
}

/// A string field.
pub(super) fn string<R: Read + Seek>(
    stream: &mut Stream<'_, R>,
    span: Span,
    what: &'static str,
) -> Result<String, WeightsError> {
    stream.expect_count(span.len(), 1, limits::STRING_BYTES, "bytes of a string")?;
    String::from_utf8(stream.bytes(span.len(), what)?).map_err(|_| WeightsError::InvalidUtf8 { what })
}

/// A number of up to ten bytes, seven bits each, the lowest first.
pub(super) fn varint<R: Read + Seek>(stream: &mut Stream<'_, R>, end: u64) -> Result<u64, WeightsError> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        within(stream, 1, end)?;
        let [byte] = stream.array("a number")?;
        number |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(WeightsError::InvalidOnnx { reason: "it has a number of more than ten bytes" })
}

fn within<R: Read + Seek>(stream: &Stream<'_, R>, bytes: u64, end: u64) -> Result<(), WeightsError> {
    if bytes > end.saturating_sub(stream.position()) { Err(CUT) } else { Ok(()) }
}
