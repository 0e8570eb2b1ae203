//! ONNX models as a source of weights, by the names that the `transformers` library gives them.
//!
//! An exported model keeps the names of what it uses as it is (biases, norms), and loses those of matrices, which are
//! transposed and renamed (`onnx::MatMul_743`). What is left of them is the name of the operation that uses them:
//! `/bert/encoder/layer.0/attention/self/query/MatMul` is `bert.encoder.layer.0.attention.self.query.weight`. So the
//! graph is read as well, and quantised weights come out as what the graph makes of them:
//!
//! - `MatMulNBits` (4 bits): `[out, in]`, as the `transformers` library has it.
//! - `DequantizeLinear` of a stored tensor, or of the rows that a `Gather` took of one: embeddings.
//! - `MatMulInteger`, into which onnxruntime's quantiser turns products (`model_quantized.onnx`): turned back to
//!   `[out, in]`, with the scale that it is multiplied with afterwards.
//! - `MatMul` with a renamed matrix: turned back to `[out, in]`.
//!
//! Everything else that is stored as floating-point numbers keeps its name and shape.

mod graph;
mod plan;
mod wire;

use std::collections::HashMap;
use std::io::{Read, Seek};

use self::graph::Graph;
use self::plan::Plan;
use crate::source::{Catalogue, Columns, pieces, read_tensor, reserve};
use crate::stream::Stream;
use crate::{Tensor, TensorInfo, TensorSource, WeightsError};

/// An opened ONNX model.
///
/// Integers that no weight is made of (indices, constants) are not in [`TensorSource::tensors`], and reading one is
/// [`WeightsError::UnsupportedDtype`].
#[derive(Debug)]
pub struct OnnxFile<R> {
    reader: R,
    catalogue: Catalogue,
    plans: Vec<Plan>,
    /// The data type of each stored tensor that is there but not read.
    unread: HashMap<String, u64>,
}

impl<R: Read + Seek> OnnxFile<R> {
    /// Reads the graph, passes over all weights, and checks what it says of them against the length of the file.
    ///
    /// # Errors
    /// Any [`WeightsError`] that names what is wrong with the model, [`WeightsError::UnsupportedOnnx`] for a weight in a
    /// form that is not read.
    pub fn open(mut reader: R) -> Result<Self, WeightsError> {
        let mut stream = Stream::new(&mut reader)?;
        let graph = Graph::read(&mut stream)?;
        let planned = plan::plan(graph)?;
        Ok(Self { reader, catalogue: Catalogue::new(planned.infos)?, plans: planned.plans, unread: planned.unread })
    }
}

impl<R: Read + Seek> TensorSource for OnnxFile<R> {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let found = self.catalogue.index(name);
        let found = found.and_then(|index| Some((self.catalogue.tensors().get(index)?, self.plans.get(index)?)));
        let Some((info, plan)) = found else {
            return Err(match self.unread.get(name) {
                Some(kind) => WeightsError::UnsupportedDtype {
                    name: name.to_owned(),
                    dtype: format!("the ONNX data type {kind}"),
                },
                None => WeightsError::UnknownTensor { name: name.to_owned() },
            });
        };
        match plan {
            Plan::Plain => read_tensor(&mut self.reader, info),
            Plan::Transposed => {
                let stored = read_tensor(&mut self.reader, info)?;
                let mut values = reserve(info)?;
                let mut columns = Columns::new(&info.shape, &mut values);
                stored.values.iter().for_each(|value| columns.put(*value, &mut values));
                Ok(Tensor { shape: info.shape.clone(), values })
            }
            Plan::Linear(linear) => {
                let scales = linear.scales.read(&mut self.reader)?;
                let zeros = linear.zeros.map(|zeros| zeros.read(&mut self.reader)).transpose()?;
                let mut values = reserve(info)?;
                let mut columns = linear.transposed.then(|| Columns::new(&info.shape, &mut values));
                let mut at = 0;
                pieces(&mut self.reader, info.offset, info.bytes, 1, |piece| {
                    for byte in piece {
                        let index = at / linear.run % linear.count;
                        at += 1;
                        let scale = scales.get(index).copied().unwrap_or_default();
                        let zero = zeros.as_ref().and_then(|zeros| zeros.get(index)).copied().unwrap_or_default();
                        let quant = if linear.signed { f32::from(byte.cast_signed()) } else { f32::from(*byte) };
                        let value = (quant - zero) * scale;
                        match &mut columns {
                            Some(columns) => columns.put(value, &mut values),
                            None => values.push(value),
                        }
                    }
                })?;
                Ok(Tensor { shape: info.shape.clone(), values })
            }
            Plan::Nibbles(nibbles) => {
                let scales = nibbles.scales.read(&mut self.reader)?;
                let zeros = nibbles.zeros.map(|zeros| zeros.read(&mut self.reader)).transpose()?;
                let mut values = reserve(info)?;
                let mut block = 0;
                pieces(&mut self.reader, info.offset, info.bytes, nibbles.block as u64 / 2, |piece| {
                    for bytes in piece.chunks(nibbles.block / 2) {
                        let scale = scales.get(block).copied().unwrap_or_default();
                        let zero = nibbles.zero(zeros.as_deref(), block);
                        let inside = block % nibbles.blocks_a_row * nibbles.block;
                        let quants = bytes.iter().flat_map(|byte| [byte & 0x0F, byte >> 4]);
                        // The last block of a row can be longer than the row.
                        let quants = quants.take(nibbles.row - inside);
                        values.extend(quants.map(|quant| (f32::from(quant) - zero) * scale));
                        block += 1;
                    }
                })?;
                Ok(Tensor { shape: info.shape.clone(), values })
            }
        }
    }
}
