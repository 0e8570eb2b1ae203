//! Keys and values of tokens that were read before: with them a further token costs one row of each block, not the whole text
//! (the key-value cache of transformers' `cache_utils.py`). Of a recurrent unit its state stands in their place.

use burn::tensor::Tensor;

/// Keys and values, each `[batch, token, key-value head, head width]`; keys as they are after rotation.
type KeysAndValues = (Tensor<4>, Tensor<4>);

/// What a causal model, or a decoder, keeps of what it has read. A copy is cheap: tensors are shared, and a text can be gone on
/// with in more than one way.
#[derive(Clone, Debug, Default)]
pub struct Past {
    tokens: usize,
    /// Of each block's attention to its own tokens.
    layers: Vec<KeysAndValues>,
    /// Of each block's recurrent unit, after the last token: `[batch, 1, width]`.
    states: Vec<Tensor<3>>,
    /// Of each block's attention to what the encoder read.
    cross: Vec<KeysAndValues>,
    /// What the encoder gave, `[batch, source token, width]`.
    memory: Option<Tensor<3>>,
}

impl Past {
    /// Of a decoder that has read nothing yet, beside what [`encode`](crate::run::encode) gave.
    #[must_use]
    pub fn beside(memory: Tensor<3>) -> Self {
        Self { memory: Some(memory), ..Self::default() }
    }

    /// How many tokens were read.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// What the encoder gave, where there is one.
    pub(crate) fn memory(&self) -> Option<Tensor<3>> {
        self.memory.clone()
    }

    /// Counts tokens that were read.
    pub(crate) fn count(&mut self, tokens: usize) {
        self.tokens += tokens;
    }

    /// A recurrent unit's state before the next tokens; none before the first.
    pub(crate) fn state(&self, layer: usize) -> Option<Tensor<3>> {
        self.states.get(layer).cloned()
    }

    /// Keeps its state after them.
    pub(crate) fn keep_state(&mut self, layer: usize, state: Tensor<3>) {
        match self.states.get_mut(layer) {
            Some(kept) => *kept = state,
            None => self.states.push(state),
        }
    }

    /// Keys and values of what the encoder read, which are the same for every token.
    pub(crate) fn cross(&mut self, layer: usize, make: impl FnOnce() -> KeysAndValues) -> KeysAndValues {
        if let Some(known) = self.cross.get(layer) {
            return known.clone();
        }
        let made = make();
        self.cross.push(made.clone());
        made
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
