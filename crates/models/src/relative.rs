//! T5's position bias: one number a head for the distance of two tokens (Raffel et al. 2020, section 2.1; transformers'
//! `T5Attention`).

use burn::tensor::{Device, Tensor, TensorData};

use crate::attention::MASKED;

/// Which bias two tokens get by their distance: few for near ones, one for ever more of the distant ones.
#[derive(Clone, Copy)]
pub(crate) struct Buckets {
    /// How many there are; at least 4.
    pub count: usize,
    /// The distance from which on all share the last one; more than half of `count`.
    pub farthest: usize,
    /// Whether a token also sees those after it, which then have one half of the buckets.
    pub both_ways: bool,
}

impl Buckets {
    /// The bucket for `key − query`. In single precision, as the library computes it: a rounding moves a token into the
    /// next bucket.
    fn of(self, offset: i64) -> usize {
        let count = if self.both_ways { self.count / 2 } else { self.count };
        let after = if self.both_ways && offset > 0 { count } else { 0 };
        let distance = if self.both_ways { offset.unsigned_abs() } else { offset.min(0).unsigned_abs() } as usize;
        let exact = count / 2;
        if distance < exact {
            return after + distance;
        }
        let span = (self.farthest as f64 / exact as f64).ln() as f32;
        let far = (distance as f32 / exact as f32).ln() / span * (count - exact) as f32;
        after + (exact + far as usize).min(count - 1)
    }
}

/// What is added to the scores of one stack.
pub(crate) struct Distances {
    pub buckets: Buckets,
    pub heads: usize,
    /// `[bucket, head]`.
    pub bias: Vec<f32>,
}

impl Distances {
    /// The bias of every head for every pair of tokens, and the mask of a decoder: `[1, head, query, key]`. `before` tokens stand
    /// before the queries' own.
    pub fn mask(&self, before: usize, tokens: usize, device: &Device) -> Tensor<4> {
        let heads = self.heads;
        let keys = before + tokens;
        let mut values = Vec::with_capacity(heads * tokens * keys);
        // By distance, from the farthest before to the farthest after.
        let length = keys as i64;
        let buckets: Vec<usize> = (1 - length..length).map(|offset| self.buckets.of(offset)).collect();
        for head in 0..heads {
            for query in before..keys {
                values.extend((0..keys).map(|key| {
                    if !self.buckets.both_ways && key > query {
                        return MASKED;
                    }
                    let bucket = buckets.get(keys - 1 + key - query).copied().unwrap_or(0);
                    self.bias.get(bucket * heads + head).copied().unwrap_or(0.0)
                }));
            }
        }
        Tensor::from_data(TensorData::new(values, [1, heads, tokens, keys]), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_the_transformers_library() {
        let path = format!("{}/../../tests/golden/families/t5/golden.json", env!("CARGO_MANIFEST_DIR"));
        let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for both_ways in [true, false] {
            let buckets = Buckets { count: 32, farthest: 128, both_ways };
            let stored = golden["buckets"][both_ways.to_string()].as_array().unwrap();
            assert_eq!(stored.len(), 601);
            for (offset, stored) in (-300..).zip(stored) {
                assert_eq!(buckets.of(offset) as u64, stored.as_u64().unwrap(), "{offset}");
            }
        }
    }
}
