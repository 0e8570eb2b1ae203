//! Layer normalisation, as a file has it.

use burn::tensor::Tensor;
use headlight_host as host;

use crate::error::ModelError;
use crate::loader::Loader;

/// Layer normalisation with weight and bias (Ba et al. 2016).
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor<1>,
    bias: Option<Tensor<1>>,
    epsilon: f64,
}

impl LayerNorm {
    /// Reads `{name}.weight` and `{name}.bias`, each `[width]`. A bias that the file lacks is none. Files that were
    /// made of TensorFlow's, the first BERTs among them, say `gamma` and `beta`.
    ///
    /// # Errors
    /// [`ModelError`] where a weight is not as expected.
    pub async fn open(name: &str, width: usize, epsilon: f64, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let weight = loader.first_of(&["weight", "gamma"].map(|part| format!("{name}.{part}")));
        let weight = loader.vector(&weight, width).await?;
        let bias = loader.first_of(&["bias", "beta"].map(|part| format!("{name}.{part}")));
        let bias = if loader.has(&bias) { Some(loader.vector(&bias, width).await?) } else { None };
        Ok(Self { weight, bias, epsilon })
    }

    /// A norm of these weights, each `[width]`.
    pub fn new(weight: Tensor<1>, bias: Option<Tensor<1>>, epsilon: f64) -> Self {
        Self { weight, bias, epsilon }
    }

    /// What the normalised is multiplied with, `[width]`.
    pub fn weight(&self) -> &Tensor<1> {
        &self.weight
    }

    /// What is added then, `[width]`.
    pub fn bias(&self) -> Option<&Tensor<1>> {
        self.bias.as_ref()
    }

    /// What is added to the variance.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Normalises over the last dimension.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        host::layer_norm(input, self.weight.clone(), self.bias.clone(), self.epsilon)
    }
}
