//! Tensors that were never in a file, for tiny models in tests.

use crate::source::Catalogue;
use crate::{Dtype, Tensor, TensorInfo, TensorSource, WeightsError, layout};

/// A [`TensorSource`] out of values in memory.
#[derive(Debug, Default)]
pub struct MemoryTensors {
    catalogue: Catalogue,
    values: Vec<Vec<f32>>,
}

impl MemoryTensors {
    /// Takes (name, row-major shape, values) triples. The infos' offsets are those of a file that had nothing but
    /// these values, one tensor behind the other.
    ///
    /// # Errors
    /// [`WeightsError::ByteLength`] if a tensor has not as many values as its shape says,
    /// [`WeightsError::DuplicateTensor`], [`WeightsError::TooManyDimensions`] or [`WeightsError::SizeOverflow`].
    pub fn new<N: Into<String>, S: Into<Vec<usize>>>(
        tensors: impl IntoIterator<Item = (N, S, Vec<f32>)>,
    ) -> Result<Self, WeightsError> {
        let mut infos = Vec::new();
        let mut all_values = Vec::new();
        let mut offset = 0;
        for (name, shape, values) in tensors {
            let name = name.into();
            let claimed: Vec<u64> = shape.into().into_iter().map(|size| size as u64).collect();
            let (shape, bytes) = layout::sized(&name, &claimed, Dtype::F32)?;
            let found = size_of_val(values.as_slice()) as u64;
            if found != bytes {
                return Err(WeightsError::ByteLength { name, expected: bytes, found });
            }
            infos.push(TensorInfo { name, shape, dtype: Dtype::F32, offset, bytes });
            all_values.push(values);
            offset += bytes;
        }
        Ok(Self { catalogue: Catalogue::new(infos)?, values: all_values })
    }
}

impl TensorSource for MemoryTensors {
    fn tensors(&self) -> &[TensorInfo] {
        self.catalogue.tensors()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.catalogue.info(name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let unknown = || WeightsError::UnknownTensor { name: name.to_owned() };
        let index = self.catalogue.index(name).ok_or_else(unknown)?;
        let info = self.catalogue.tensors().get(index).ok_or_else(unknown)?;
        let values = self.values.get(index).ok_or_else(unknown)?;
        Ok(Tensor { shape: info.shape.clone(), values: values.clone() })
    }
}
