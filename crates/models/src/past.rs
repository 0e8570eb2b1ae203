//! Keys and values of tokens that were read before: with them a further token costs one row of each block, not the whole text
//! (the key-value cache of transformers' `cache_utils.py`).

use burn::tensor::Tensor;

/// What a causal model keeps of a text that it has read. A copy is cheap: tensors are shared, and a text can be gone on with in
/// more than one way.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Of each block, `[batch, token, key-value head, head width]`; keys as they are after rotation.
    layers: Vec<(Tensor<4>, Tensor<4>)>,
}

impl Past {
    /// How many tokens were read.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.layers.first().map_or(0, |(k, _)| k.dims()[1])
    }

    /// Adds keys and values of the next tokens, block by block, and gives those of all.
    pub(crate) fn extend(&mut self, layer: usize, k: Tensor<4>, v: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let Some((keys, values)) = self.layers.get_mut(layer) else {
            self.layers.push((k.clone(), v.clone()));
            return (k, v);
        };
        *keys = Tensor::cat(vec![keys.clone(), k], 1);
        *values = Tensor::cat(vec![values.clone(), v], 1);
        (keys.clone(), values.clone())
    }
}
