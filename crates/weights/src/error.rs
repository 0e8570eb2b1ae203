//! Why a weight file, or one tensor of it, could not be read.

use crate::Dtype;

/// Why a weight file, or one tensor of it, could not be read. Each message is one sentence for a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The reader itself failed.
    #[error("The weight file could not be read: {0}.")]
    Io(#[from] std::io::Error),
    /// The file does not begin as a GGUF file does.
    #[error("This is not a GGUF file: it begins with the bytes {found:02x?} and not with \"GGUF\".")]
    NotGguf {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A GGUF version other than 2 or 3, which is also what a big-endian file looks like.
    #[error("This GGUF file has version {version}, and only little-endian versions 2 and 3 are read.")]
    UnsupportedVersion {
        /// The version as read little-endian.
        version: u32,
    },
    /// A file that does not begin as a Marian model does, with the version.
    #[error(
        "This is not a Marian model, the one kind of .bin file that is read: it begins with the number {version}, and \
         version 1 is read."
    )]
    NotMarian {
        /// The first eight bytes, little-endian.
        version: u64,
    },
    /// A file that is no ONNX model, or a damaged one.
    #[error("This is not a whole ONNX model: {reason}.")]
    InvalidOnnx {
        /// What is wrong.
        reason: &'static str,
    },
    /// A weight of an ONNX model in a form that is not read.
    #[error("The ONNX model's \"{name}\" is not read here: {reason}.")]
    UnsupportedOnnx {
        /// The weight or the operation.
        name: String,
        /// What of it is not read.
        reason: &'static str,
    },
    /// A scale that nothing can be divided by or multiplied with.
    #[error("Tensor \"{name}\" has the scale {scale}, where a positive number is needed.")]
    InvalidScale {
        /// The tensor's name.
        name: String,
        /// The scale.
        scale: f32,
    },
    /// An index of a model in several files that is not the JSON it should be.
    #[error("The index of the model's files is not valid: {reason}.")]
    InvalidIndex {
        /// What the JSON reader said, or what is missing.
        reason: String,
    },
    /// A file name in an index that could lead out of the model's folder.
    #[error("The index names the file {file:?}, which is not a plain file name.")]
    UnsafeFileName {
        /// The name.
        file: String,
    },
    /// A file that the index names and that is not there.
    #[error("The index names the file \"{file}\", which is missing.")]
    MissingFile {
        /// The file's name.
        file: String,
    },
    /// A tensor that is not in the file where the index says it is.
    #[error("The index says that tensor \"{name}\" is in the file \"{file}\", and it is not.")]
    NotInFile {
        /// The tensor's name.
        name: String,
        /// The file's name.
        file: String,
    },
    /// What is wrong with one file of several.
    #[error("In the file \"{file}\": {error}")]
    InFile {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        error: Box<WeightsError>,
    },
    /// The file ends before what its header announces.
    #[error("The weight file is truncated: {what} needs {needed} bytes and {available} are left.")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes it needs at least.
        needed: u64,
        /// Bytes the file still has.
        available: u64,
    },
    /// A count or length above any that a real file has (see [`crate::limits`]).
    #[error("The weight file's header claims {count} {what}, more than the limit of {limit}.")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// The count that the header claims.
        count: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// A tensor with more dimensions than [`crate::limits::DIMENSIONS`].
    #[error("Tensor \"{name}\" claims {dimensions} dimensions, more than the limit of 4.")]
    TooManyDimensions {
        /// The tensor's name.
        name: String,
        /// The dimensions that the header claims.
        dimensions: u64,
    },
    /// A metadata array nested deeper than [`crate::limits::ARRAY_DEPTH`].
    #[error("The metadata key \"{key}\" holds arrays nested deeper than 4.")]
    NestedTooDeep {
        /// The metadata key.
        key: String,
    },
    /// A shape whose number of elements or bytes does not fit this machine's memory addresses.
    #[error("Tensor \"{name}\" has a shape whose size overflows: {shape:?}.")]
    SizeOverflow {
        /// The tensor's name.
        name: String,
        /// Its shape, outermost dimension first.
        shape: Vec<u64>,
    },
    /// A string that is not UTF-8.
    #[error("The weight file's header holds {what} that is not UTF-8.")]
    InvalidUtf8 {
        /// What was being read.
        what: &'static str,
    },
    /// A safetensors header that is not the JSON it should be.
    #[error("The safetensors header is not valid: {reason}.")]
    InvalidHeader {
        /// What the JSON reader said.
        reason: String,
    },
    /// A metadata value of a type that GGUF does not define.
    #[error("The metadata key \"{key}\" has the unknown value type {kind}.")]
    UnknownValueType {
        /// The metadata key.
        key: String,
        /// The type's number.
        kind: u32,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("The metadata key \"{key}\" holds a truth value that is neither 0 nor 1.")]
    InvalidBool {
        /// The metadata key.
        key: String,
    },
    /// A tensor in a number format that is not read.
    #[error(
        "Tensor \"{name}\" is stored as {dtype}, which is not read here: use F32, F16 or BF16, or in a GGUF file Q4_0, \
         Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K."
    )]
    UnsupportedDtype {
        /// The tensor's name.
        name: String,
        /// The format, by name or number.
        dtype: String,
    },
    /// The tensor's byte range is not as long as its shape and format need.
    #[error("Tensor \"{name}\" has {found} bytes where its shape and format need {expected}.")]
    ByteLength {
        /// The tensor's name.
        name: String,
        /// Bytes that shape and format need.
        expected: u64,
        /// Bytes that the header gives it.
        found: u64,
    },
    /// A quantised tensor whose innermost dimension is not a whole number of blocks.
    #[error("Tensor \"{name}\" has rows of {row} values, not a multiple of the {dtype} block of {block}.")]
    PartialBlock {
        /// The tensor's name.
        name: String,
        /// Values in one row.
        row: u64,
        /// The number format.
        dtype: Dtype,
        /// Values in one block of that format.
        block: u64,
    },
    /// A tensor whose bytes lie outside the file, or whose range is reversed.
    #[error("Tensor \"{name}\" lies at bytes {begin}..{end} of the data, which has {available} bytes.")]
    OutOfRange {
        /// The tensor's name.
        name: String,
        /// First byte, counted from the start of the data.
        begin: u64,
        /// One past the last byte, likewise.
        end: u64,
        /// Bytes of data in the file.
        available: u64,
    },
    /// An adapter that does not belong to the model that it was given with.
    #[error("The adapter's tensor \"{name}\" does not fit the model: {reason}.")]
    Adapter {
        /// The adapter's tensor.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// Two tensors that share bytes.
    #[error("Tensors \"{first}\" and \"{second}\" overlap in the file.")]
    Overlap {
        /// The tensor that begins first.
        first: String,
        /// The tensor that begins inside it.
        second: String,
    },
    /// Bytes of a safetensors file that belong to no tensor, which the format forbids.
    #[error("The safetensors file has bytes {begin}..{end} of its data in no tensor.")]
    Uncovered {
        /// First byte in no tensor, counted from the start of the data.
        begin: u64,
        /// One past the last such byte.
        end: u64,
    },
    /// A GGUF tensor that does not begin at a multiple of the alignment.
    #[error("Tensor \"{name}\" begins at byte {offset} of the data, not a multiple of the alignment {alignment}.")]
    Misaligned {
        /// The tensor's name.
        name: String,
        /// Its first byte, counted from the start of the data.
        offset: u64,
        /// The file's alignment.
        alignment: u32,
    },
    /// A GGUF alignment that is not a power of two, too large, or not an unsigned 32-bit number.
    #[error("The GGUF key general.alignment is {found}, where a power of two up to 1048576 is needed.")]
    InvalidAlignment {
        /// What the header says.
        found: String,
    },
    /// Two tensors of one name.
    #[error("The weight file names tensor \"{name}\" twice.")]
    DuplicateTensor {
        /// The name.
        name: String,
    },
    /// Two metadata values under one key.
    #[error("The weight file gives the metadata key \"{key}\" twice.")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A tensor that the file does not have.
    #[error("The weight file has no tensor \"{name}\".")]
    UnknownTensor {
        /// The name that was asked for.
        name: String,
    },
    /// Not enough memory for a tensor.
    #[error("There is not enough memory for the {elements} values of tensor \"{name}\".")]
    OutOfMemory {
        /// The tensor's name.
        name: String,
        /// Values that it has.
        elements: u64,
    },
}
