//! From texts to batches. A batch has texts of equal length, so that nothing is padded and nothing masked.

use std::collections::BTreeMap;

use headlight_text::Tokenizer;

use crate::error::Error;
use crate::snippets::Snippet;
use headlight_explain::Random;

/// A text as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// 1 for praise, 0 for the opposite.
    pub label: usize,
}

/// Examples of equal length.
pub type Examples = Vec<Example>;

/// Tokenizes. A text beyond `limit` tokens loses its end, but keeps the closing special token.
///
/// # Errors
/// [`Error::Text`] where the tokenizer does not read a text.
pub fn encode(tokenizer: &Tokenizer, snippets: &[Snippet], limit: usize) -> Result<Examples, Error> {
    let encode = |snippet: &Snippet| {
        let encoding = tokenizer.encode(&snippet.text, None)?;
        let mut ids: Vec<u32> = encoding.tokens.iter().map(|token| token.id).collect();
        if ids.len() > limit {
            let last = ids.last().copied();
            ids.truncate(limit.saturating_sub(1));
            ids.extend(last);
        }
        Ok(Example { ids, label: usize::from(snippet.positive) })
    };
    snippets.iter().map(encode).collect()
}

/// Batches of at most `size` examples of one length each, shortest first.
#[must_use]
pub fn in_order(examples: &[Example], size: usize) -> Vec<Examples> {
    by_length(examples).into_values().flat_map(|examples| chunks(&examples, size)).collect()
}

/// Batches of at most `size` examples of one length each, drawn and ordered by chance.
#[must_use]
pub fn shuffled(examples: &[Example], size: usize, random: &mut Random) -> Vec<Examples> {
    let mut batches = Vec::new();
    for mut examples in by_length(examples).into_values() {
        random.shuffle(&mut examples);
        batches.extend(chunks(&examples, size));
    }
    random.shuffle(&mut batches);
    batches
}

fn by_length(examples: &[Example]) -> BTreeMap<usize, Examples> {
    let mut lengths: BTreeMap<usize, Examples> = BTreeMap::new();
    for example in examples {
        lengths.entry(example.ids.len()).or_default().push(example.clone());
    }
    lengths
}

fn chunks(examples: &[Example], size: usize) -> Vec<Examples> {
    examples.chunks(size.max(1)).map(<[Example]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_one_length_and_every_example_once() {
        let examples: Examples =
            (0..100).map(|id| Example { ids: vec![id; 3 + id as usize % 7], label: id as usize % 2 }).collect();
        let sorted = |batches: &[Examples]| {
            let mut ids: Vec<u32> = batches.iter().flatten().map(|example| example.ids[0]).collect();
            ids.sort_unstable();
            ids
        };
        let mut random = Random::new(0, 2);
        for batches in
            [in_order(&examples, 8), shuffled(&examples, 8, &mut random), shuffled(&examples, 8, &mut random)]
        {
            assert!(batches.iter().all(|batch| batch.len() <= 8));
            assert!(batches.iter().all(|batch| batch.iter().all(|example| example.ids.len() == batch[0].ids.len())));
            assert_eq!(sorted(&batches), (0..100).collect::<Vec<_>>());
        }
        assert_ne!(shuffled(&examples, 8, &mut random), shuffled(&examples, 8, &mut random));
    }
}
