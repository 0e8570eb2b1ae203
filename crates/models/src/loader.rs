//! Reading weights onto the device.

use burn::tensor::{Device, Tensor, TensorData};
use headlight_host as host;
use headlight_weights::{Packed, TensorSource};

use crate::error::ModelError;
use crate::pulse::{Pulse, Stage};

/// Reads weights one at a time, checks each, and puts it onto the device.
pub struct Loader<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
    pulse: &'a dyn Pulse,
    done: usize,
    total: usize,
    #[cfg(feature = "gpu")]
    client: Option<burn_cubecl::cubecl::client::Client>,
}

impl<'a> Loader<'a> {
    /// A loader over `source`, which tells `pulse` of every weight.
    pub fn new(source: &'a mut dyn TensorSource, device: &'a Device, pulse: &'a dyn Pulse) -> Self {
        let total = source.tensors().len();
        Self {
            source,
            device,
            pulse,
            done: 0,
            total,
            #[cfg(feature = "gpu")]
            client: crate::device::client(device),
        }
    }

    /// The client of a graphics processor, where the device is one.
    #[cfg(feature = "gpu")]
    pub fn client(&self) -> Option<&burn_cubecl::cubecl::client::Client> {
        self.client.as_ref()
    }

    /// Whether the device multiplies with packed weights.
    fn packs(&self) -> bool {
        #[cfg(feature = "gpu")]
        if self.client.is_some() {
            return true;
        }
        host::is(self.device)
    }

    /// The values of one weight, row-major, after its shape has been found to be `expected`.
    pub async fn values(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, ModelError> {
        let tensor = self.source.read(name)?;
        if tensor.shape != expected {
            let (name, found, expected) = (name.to_owned(), tensor.shape, expected.to_vec());
            return Err(ModelError::Shape { name, found, expected });
        }
        if !tensor.values.iter().all(|value| value.is_finite()) {
            return Err(ModelError::NotFinite(name.to_owned()));
        }
        self.count().await?;
        Ok(tensor.values)
    }

    /// A weight as its file packs it, where it does and the device computes with that, after its shape has been found to
    /// be `expected`.
    pub async fn packed(&mut self, name: &str, expected: &[usize]) -> Result<Option<Packed>, ModelError> {
        if !self.packs() {
            return Ok(None);
        }
        let Some(packed) = self.source.read_packed(name)? else { return Ok(None) };
        if packed.shape != expected {
            let (name, found, expected) = (name.to_owned(), packed.shape, expected.to_vec());
            return Err(ModelError::Shape { name, found, expected });
        }
        if !packed.is_finite() {
            return Err(ModelError::NotFinite(name.to_owned()));
        }
        self.count().await?;
        Ok(Some(packed))
    }

    /// Counts a weight that was read.
    async fn count(&mut self) -> Result<(), ModelError> {
        self.done += 1;
        self.pulse.beat(Stage::Unpack, self.done.min(self.total), self.total).await?;
        Ok(())
    }

    /// Where weights go.
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Whether there is a weight of this name.
    pub fn has(&self, name: &str) -> bool {
        self.source.info(name).is_some()
    }

    /// The first of `names` that there is; where there is none, the first of all, so that an error names it.
    pub fn first_of(&self, names: &[String]) -> String {
        names.iter().find(|name| self.has(name)).or(names.first()).cloned().unwrap_or_default()
    }

    /// Puts values onto the device.
    pub fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    /// A weight of rank 2 as it is in the file.
    pub async fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Tensor<2>, ModelError> {
        let values = self.values(name, &[rows, columns]).await?;
        Ok(self.tensor(values, [rows, columns]))
    }

    /// A weight of rank 1.
    pub async fn vector(&mut self, name: &str, length: usize) -> Result<Tensor<1>, ModelError> {
        let values = self.values(name, &[length]).await?;
        Ok(self.tensor(values, [length]))
    }
}
