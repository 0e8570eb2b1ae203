//! A model of the same shape that has learned nothing, to hold an explanation against (Adebayo et al. 2018, "Sanity Checks for
//! Saliency Maps": parameter randomisation, all layers at once).

use burn::tensor::Device;
use headlight_explain::Random;
use headlight_models::{Config, Pulse, Transformer};
use headlight_weights::{Codes, Packed, Tensor, TensorInfo, TensorSource, WeightsError};

use crate::error::EngineError;

/// Keeps these random numbers apart from those of other purposes.
const PURPOSE: u64 = 16;

/// The standard deviation of a matrix' entries, as BERT and GPT-2 began with.
const SPREAD: f32 = 0.02;

/// What a model was opened from, without its numbers.
pub(crate) struct Blueprint {
    pub config: Config,
    pub tensors: Vec<TensorInfo>,
}

impl Blueprint {
    pub fn of(config: &Config, source: &dyn TensorSource) -> Self {
        Self { config: config.clone(), tensors: source.tensors().to_vec() }
    }

    /// The same model with random weights: matrices uniform with a standard deviation of 0.02, norms one, biases nought.
    pub async fn build(
        &self,
        seed: u64,
        device: &Device,
        pulse: &dyn Pulse,
    ) -> Result<Box<dyn Transformer>, EngineError> {
        let mut source = Untrained { tensors: &self.tensors, seed };
        Ok(headlight_models::open(&self.config, &mut source, device, pulse).await?)
    }
}

/// Random tensors of given names and shapes.
struct Untrained<'a> {
    tensors: &'a [TensorInfo],
    seed: u64,
}

impl Untrained<'_> {
    fn find(&self, name: &str) -> Result<&TensorInfo, WeightsError> {
        self.info(name).ok_or_else(|| WeightsError::UnknownTensor { name: name.to_owned() })
    }

    /// A sequence for each tensor, so that it does not matter in which order they are read.
    fn random(&self, name: &str) -> Random {
        // FNV-1a.
        let hash = name
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
        Random::new(self.seed ^ hash, PURPOSE)
    }
}

/// Whether a tensor is a row of numbers: a norm or a bias.
fn is_row(info: &TensorInfo) -> bool {
    info.shape.iter().filter(|size| **size > 1).count() < 2
}

impl TensorSource for Untrained<'_> {
    fn tensors(&self) -> &[TensorInfo] {
        self.tensors
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.iter().find(|info| info.name == name)
    }

    fn read(&mut self, name: &str) -> Result<Tensor, WeightsError> {
        let info = self.find(name)?;
        let (shape, count) = (info.shape.clone(), info.elements());
        if is_row(info) {
            // Marian's biases end in `_b`, `_bq`, `_b1`; everyone else's are called so.
            let is_bias = name.contains("bias") || name.contains("_b");
            return Ok(Tensor { shape, values: vec![if is_bias { 0.0 } else { 1.0 }; count] });
        }
        let mut random = self.random(name);
        let bound = SPREAD * 3.0_f32.sqrt();
        Ok(Tensor { shape, values: (0..count).map(|_| random.uniform(bound)).collect() })
    }

    /// The upper halves of the same numbers: half the memory, beside the model that is already there.
    fn read_packed(&mut self, name: &str) -> Result<Option<Packed>, WeightsError> {
        if is_row(self.find(name)?) {
            return Ok(None);
        }
        let Tensor { shape, values } = self.read(name)?;
        let bits = values.iter().map(|value| (value.to_bits() >> 16) as u16).collect();
        Ok(Some(Packed { shape, codes: Codes::Bf16(bits) }))
    }
}

#[cfg(test)]
mod tests {
    use headlight_weights::Dtype;

    use super::*;

    #[test]
    fn a_matrix_is_random_and_a_norm_is_one() {
        let info = |name: &str, shape: &[usize]| TensorInfo {
            name: name.to_owned(),
            shape: shape.to_vec(),
            dtype: Dtype::F32,
            offset: 0,
            bytes: 0,
        };
        let tensors = [info("q.weight", &[64, 32]), info("norm.weight", &[8]), info("encoder_l1_ffn_b1", &[1, 8])];
        let mut source = Untrained { tensors: &tensors, seed: 0 };
        let matrix = source.read("q.weight").unwrap().values;
        let mean = matrix.iter().sum::<f32>() / 2048.0;
        let spread = (matrix.iter().map(|value| value * value).sum::<f32>() / 2048.0).sqrt();
        assert!(mean.abs() < 2e-3 && (spread - SPREAD).abs() < 1e-3, "{mean} {spread}");
        assert_eq!(source.read("q.weight").unwrap().values, matrix);
        let packed = source.read_packed("q.weight").unwrap().unwrap().values();
        assert!(packed.iter().zip(&matrix).all(|(packed, value)| (packed - value).abs() <= value.abs() / 128.0));
        assert_eq!(source.read("norm.weight").unwrap().values, [1.0; 8]);
        assert_eq!(source.read("encoder_l1_ffn_b1").unwrap().values, [0.0; 8]);
        assert!(source.read_packed("norm.weight").unwrap().is_none());
        assert!(source.read("k.weight").is_err());
        source.seed = 1;
        assert_ne!(source.read("q.weight").unwrap().values, matrix);
    }
}
