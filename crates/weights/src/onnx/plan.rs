//! Which weights a graph has, and what each is made of.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use super::graph::{Graph, Node, Numbers, Stored};
use super::wire::Span;
use crate::dequantise::dequantise;
use crate::source::pieces;
use crate::{Dtype, TensorInfo, WeightsError, layout, limits};

/// ONNX's `TensorProto.DataType`.
const FLOAT: u64 = 1;
const UINT8: u64 = 2;
const INT8: u64 = 3;
const FLOAT16: u64 = 10;
const BFLOAT16: u64 = 16;

/// How one weight is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// As it is stored.
    Plain,
    /// Stored the other way round.
    Transposed,
    Linear(Linear),
    Nibbles(Nibbles),
}

/// Bytes with a scale and a zero point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear {
    pub(super) signed: bool,
    /// Whether they are stored the other way round.
    pub(super) transposed: bool,
    pub(super) scales: Part,
    pub(super) zeros: Option<Part>,
    /// Values behind each other with one scale.
    pub(super) run: usize,
    /// How many scales there are.
    pub(super) count: usize,
}

/// `MatMulNBits` with 4 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nibbles {
    pub(super) scales: Part,
    /// Two a byte, each row beginning with a byte of its own.
    pub(super) zeros: Option<Part>,
    /// Values of a block, of a row, and blocks of a row.
    pub(super) block: usize,
    pub(super) row: usize,
    pub(super) blocks_a_row: usize,
}

impl Nibbles {
    /// The zero point of a block, which is in the middle where the file has none.
    pub(super) fn zero(&self, zeros: Option<&[f32]>, block: usize) -> f32 {
        let Some(zeros) = zeros else { return 8.0 };
        let (row, inside) = (block / self.blocks_a_row, block % self.blocks_a_row);
        let byte = zeros.get(row * self.blocks_a_row.div_ceil(2) + inside / 2).copied().unwrap_or_default() as u8;
        f32::from(if inside % 2 == 0 { byte & 0x0F } else { byte >> 4 })
    }
}

/// Small numbers that a weight needs: scales or zero points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    span: Span,
    encoding: Encoding,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Plain(Dtype),
    Signed,
    Varints,
}

impl Part {
    pub(super) fn read<R: Read + Seek>(self, reader: &mut R) -> Result<Vec<f32>, WeightsError> {
        let mut values = Vec::new();
        let (mut number, mut shift) = (0_u64, 0_u32);
        let block = if let Encoding::Plain(dtype) = self.encoding { dtype.block_bytes() } else { 1 };
        pieces(reader, self.span.begin, self.span.len(), block, |piece| match self.encoding {
            Encoding::Plain(dtype) => dequantise(dtype, piece, &mut values),
            Encoding::Signed => values.extend(piece.iter().map(|byte| f32::from(byte.cast_signed()))),
            Encoding::Varints => {
                for byte in piece {
                    number |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
                    shift = shift.saturating_add(7);
                    if *byte < 0x80 {
                        values.push(number.cast_signed() as f32);
                        (number, shift) = (0, 0);
                    }
                }
            }
        })?;
        Ok(values)
    }
}

/// All weights of a graph.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) infos: Vec<TensorInfo>,
    /// One for each of `infos`.
    pub(super) plans: Vec<Plan>,
    pub(super) unread: HashMap<String, u64>,
}

pub(super) fn plan(graph: Graph) -> Result<Planned, WeightsError> {
    let stored = Lookup::new(&graph.stored)?;
    let gathered: HashMap<&str, &str> = graph
        .nodes
        .iter()
        .filter(|node| node.operation == "Gather")
        .filter_map(|node| Some((node.outputs.first()?.as_str(), node.input(0)?)))
        .collect();

    let mut planned = Planned::default();
    // What other weights are made of, and weights that are already planned: a tied one is used twice.
    let mut used: HashSet<&str> = HashSet::new();
    for node in &graph.nodes {
        let matrix = node.input(1).and_then(|name| stored.get(name));
        match (node.operation.as_str(), matrix) {
            ("MatMulNBits", Some(matrix)) => {
                used.extend(node.inputs.iter().skip(1).map(String::as_str));
                planned.push(nibbles(node, matrix, &stored)?);
            }
            ("MatMul", Some(matrix)) if matrix.name.starts_with("onnx::") && matrix.shape.len() == 2 => {
                if let Some(name) = path(&node.name)
                    && let Some(mut info) = plain(matrix)?
                    && used.insert(&matrix.name)
                {
                    info.name = name;
                    info.shape.reverse();
                    planned.push((info, Plan::Transposed));
                }
            }
            ("MatMulInteger", Some(matrix)) => {
                let (scale, zero) = beside(matrix);
                if used.insert(&matrix.name) {
                    planned.push(integer(node, matrix, &scale, &stored)?);
                }
                used.extend([scale, zero].iter().filter_map(|name| Some(stored.get(name)?.name.as_str())));
            }
            ("DequantizeLinear", _) => {
                let Some(input) = node.input(0) else { continue };
                let (name, rows) = gathered.get(input).map_or((input, false), |name| (*name, true));
                let Some(bytes) = stored.get(name) else { continue };
                used.extend(node.inputs.iter().skip(1).map(String::as_str));
                if used.insert(&bytes.name) {
                    planned.push(linear(node, bytes, rows, &stored)?);
                }
            }
            _ => {}
        }
    }
    for tensor in graph.stored.iter().filter(|tensor| !used.contains(tensor.name.as_str())) {
        match plain(tensor)? {
            Some(info) => planned.push((info, Plan::Plain)),
            None => drop(planned.unread.insert(tensor.name.clone(), tensor.kind)),
        }
    }
    Ok(planned)
}

impl Planned {
    fn push(&mut self, (info, plan): (TensorInfo, Plan)) {
        self.infos.push(info);
        self.plans.push(plan);
    }
}

/// Stored tensors by name.
struct Lookup<'a>(HashMap<&'a str, &'a Stored>);

impl<'a> Lookup<'a> {
    fn new(stored: &'a [Stored]) -> Result<Self, WeightsError> {
        let mut by_name = HashMap::with_capacity(stored.len());
        for tensor in stored {
            if by_name.insert(tensor.name.as_str(), tensor).is_some() {
                return Err(WeightsError::DuplicateTensor { name: tensor.name.clone() });
            }
        }
        Ok(Self(by_name))
    }

    fn get(&self, name: &str) -> Option<&'a Stored> {
        self.0.get(name).copied()
    }

    /// The numbers of an operation's input, of which there must be `count`.
    fn part(&self, node: &Node, input: usize, count: u64, kinds: &[u64]) -> Result<Part, WeightsError> {
        self.named(node, node.input(input), count, kinds)
    }

    /// The numbers of the stored tensor called `name`, which `node` needs and of which there must be `count`.
    fn named(&self, node: &Node, name: Option<&str>, count: u64, kinds: &[u64]) -> Result<Part, WeightsError> {
        let unsupported = |reason| WeightsError::UnsupportedOnnx { name: node.name.clone(), reason };
        let tensor = name.and_then(|name| self.get(name));
        let tensor = tensor.ok_or_else(|| unsupported("its scales or zero points are not stored in the file"))?;
        let (dtype, encoding) = match tensor.kind {
            kind if !kinds.contains(&kind) => {
                return Err(unsupported("its scales or zero points are of another type than expected"));
            }
            FLOAT => (Dtype::F32, Encoding::Plain(Dtype::F32)),
            FLOAT16 => (Dtype::F16, Encoding::Plain(Dtype::F16)),
            BFLOAT16 => (Dtype::Bf16, Encoding::Plain(Dtype::Bf16)),
            INT8 => (Dtype::Linear8, Encoding::Signed),
            _ => (Dtype::Linear8, Encoding::Plain(Dtype::Linear8)),
        };
        let (shape, bytes) = layout::sized(&tensor.name, &tensor.shape, dtype)?;
        let found = shape.iter().product::<usize>() as u64;
        if found != count {
            return Err(WeightsError::ByteLength {
                name: tensor.name.clone(),
                expected: count.saturating_mul(dtype.block_bytes()),
                found: bytes,
            });
        }
        match tensor.numbers {
            Numbers::Raw(span) if span.len() == bytes => Ok(Part { span, encoding }),
            // As many varints as there should be: none is longer than ten bytes.
            Numbers::Varints(span)
                if dtype == Dtype::Linear8 && (count..=count.saturating_mul(10)).contains(&span.len()) =>
            {
                Ok(Part { span, encoding: Encoding::Varints })
            }
            Numbers::Raw(span) => {
                Err(WeightsError::ByteLength { name: tensor.name.clone(), expected: bytes, found: span.len() })
            }
            _ => Err(unsupported("its scales or zero points are not in one piece in the file")),
        }
    }
}

/// The name of the module that an operation stands for, and `.weight`.
fn path(node: &str) -> Option<String> {
    let (module, _) = node.strip_prefix('/')?.rsplit_once('/')?;
    Some(format!("{}.weight", module.replace('/', ".")))
}

/// A tensor of floating-point numbers as it is stored, or `None` if it is of another kind.
fn plain(tensor: &Stored) -> Result<Option<TensorInfo>, WeightsError> {
    let dtype = match tensor.kind {
        FLOAT => Dtype::F32,
        FLOAT16 => Dtype::F16,
        BFLOAT16 => Dtype::Bf16,
        _ => return Ok(None),
    };
    let (shape, bytes) = layout::sized(&tensor.name, &tensor.shape, dtype)?;
    info(tensor, tensor.name.clone(), shape, dtype, bytes).map(Some)
}

/// An entry of the list, whose numbers must be in one piece of `bytes` bytes.
fn info(
    tensor: &Stored,
    name: String,
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: u64,
) -> Result<TensorInfo, WeightsError> {
    let (offset, found) = match tensor.numbers {
        Numbers::Raw(span) => (span.begin, span.len()),
        Numbers::None => (0, 0),
        Numbers::Varints(_) | Numbers::Elsewhere => {
            let reason = "its numbers are not in one piece in the file";
            return Err(WeightsError::UnsupportedOnnx { name: tensor.name.clone(), reason });
        }
    };
    if found != bytes {
        return Err(WeightsError::ByteLength { name, expected: bytes, found });
    }
    Ok(TensorInfo { name, shape, dtype, offset, bytes })
}

fn linear(node: &Node, bytes: &Stored, rows: bool, stored: &Lookup<'_>) -> Result<(TensorInfo, Plan), WeightsError> {
    let unsupported = |reason| WeightsError::UnsupportedOnnx { name: bytes.name.clone(), reason };
    let signed = match bytes.kind {
        UINT8 => false,
        INT8 => true,
        _ => return Err(unsupported("only 8-bit integers are dequantised")),
    };
    if node.numbers.get("block_size").is_some_and(|size| *size != 0) {
        return Err(unsupported("DequantizeLinear in blocks is not known"));
    }
    let (shape, length) = layout::sized(&bytes.name, &bytes.shape, Dtype::Linear8)?;
    let scale = node.input(1).and_then(|name| stored.get(name));
    let scalar = scale.is_some_and(|scale| scale.shape.iter().all(|size| *size == 1));
    let (run, count) = if scalar {
        (shape.iter().product::<usize>().max(1), 1)
    } else if rows {
        return Err(unsupported("rows that are gathered need one scale"));
    } else {
        let axis = node.numbers.get("axis").copied().unwrap_or(1);
        let axis = if axis < 0 { axis.saturating_add_unsigned(shape.len() as u64) } else { axis };
        let count = usize::try_from(axis).ok().and_then(|axis| Some((axis, *shape.get(axis)?)));
        let (axis, count) = count.ok_or_else(|| unsupported("its axis is not one of its dimensions"))?;
        (shape.iter().skip(axis + 1).product::<usize>().max(1), count.max(1))
    };
    let scales = stored.part(node, 1, count as u64, &[FLOAT, FLOAT16, BFLOAT16])?;
    let zeros = node.input(2).map(|_| stored.part(node, 2, count as u64, &[bytes.kind])).transpose()?;
    let name = bytes.name.strip_suffix("_quantized").unwrap_or(&bytes.name).to_owned();
    let info = info(bytes, name, shape, Dtype::Linear8, length)?;
    Ok((info, Plan::Linear(Linear { signed, transposed: false, scales, zeros, run, count })))
}

/// What onnxruntime's quantiser calls the scales and the zero points of `matrix`.
fn beside(matrix: &Stored) -> (String, String) {
    let stem = matrix.name.strip_suffix("_quantized").unwrap_or(&matrix.name);
    (format!("{stem}_scale"), format!("{stem}_zero_point"))
}

/// A matrix that is multiplied in whole numbers with inputs that are quantised as they come: `[in, out]`, with one scale
/// or one for each column. The scale comes in only after the product, so that its name alone leads to it.
fn integer(node: &Node, matrix: &Stored, scale: &str, stored: &Lookup<'_>) -> Result<(TensorInfo, Plan), WeightsError> {
    let unsupported = |reason| WeightsError::UnsupportedOnnx { name: node.name.clone(), reason };
    let signed = match matrix.kind {
        UINT8 => false,
        INT8 => true,
        _ => return Err(unsupported("only 8-bit integers are read")),
    };
    let name = path(&node.name).ok_or_else(|| unsupported("its operation does not name it"))?;
    let (mut shape, length) = layout::sized(&name, &matrix.shape, Dtype::Linear8)?;
    let [_, columns] = *shape.as_slice() else { return Err(unsupported("it is no matrix")) };
    let scalar = stored.get(scale).is_some_and(|scale| scale.shape.iter().all(|size| *size == 1));
    let count = if scalar { 1 } else { columns };
    let run = if scalar { shape.iter().product::<usize>().max(1) } else { 1 };
    let scales = stored.named(node, Some(scale), count as u64, &[FLOAT, FLOAT16, BFLOAT16])?;
    let zeros = node.input(3).map(|_| stored.part(node, 3, count as u64, &[matrix.kind])).transpose()?;
    shape.reverse();
    let info = info(matrix, name, shape, Dtype::Linear8, length)?;
    Ok((info, Plan::Linear(Linear { signed, transposed: true, scales, zeros, run, count: count.max(1) })))
}

fn nibbles(node: &Node, matrix: &Stored, stored: &Lookup<'_>) -> Result<(TensorInfo, Plan), WeightsError> {
    let name = path(&node.name)
        .unwrap_or_else(|| matrix.name.trim_end_matches("_Q4").trim_end_matches("_quantized").to_owned());
    let unsupported = |reason| WeightsError::UnsupportedOnnx { name: node.name.clone(), reason };
    let number = |key: &str| node.numbers.get(key).and_then(|number| u64::try_from(*number).ok());
    if number("bits").unwrap_or(4) != 4 || matrix.kind != UINT8 {
        return Err(unsupported("only weights of 4 bits are read"));
    }
    if node.input(4).is_some() {
        return Err(unsupported("weights whose order is changed (g_idx) are not read"));
    }
    let (Some(row), Some(rows), Some(block)) = (number("K"), number("N"), number("block_size")) else {
        return Err(unsupported("its sizes are missing"));
    };
    if !block.is_power_of_two() || !(16..=limits::ONNX_BLOCK).contains(&block) {
        return Err(unsupported("its blocks are not of 16, 32, … 65536 values"));
    }
    let (shape, _) = layout::sized(&name, &[rows, row], Dtype::F32)?;
    let blocks_a_row = row.div_ceil(block);
    let blocks = rows.saturating_mul(blocks_a_row);
    let info = info(matrix, name, shape, Dtype::Linear4, blocks.saturating_mul(block / 2))?;

    let scales = stored.part(node, 2, blocks, &[FLOAT, FLOAT16, BFLOAT16])?;
    let zeros = rows.saturating_mul(blocks_a_row.div_ceil(2));
    let zeros = node.input(3).map(|_| stored.part(node, 3, zeros, &[UINT8])).transpose()?;
    let plan = Nibbles {
        scales,
        zeros,
        block: block as usize,
        row: row as usize,
        blocks_a_row: (blocks_a_row as usize).max(1),
    };
    Ok((info, Plan::Nibbles(plan)))
}
