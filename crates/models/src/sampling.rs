//! Which token is written next, of those that may be: the most probable, or one that is drawn.
//!
//! As transformers' `generate` does it (`generation/logits_process.py`): scores are divided by the temperature, then all but the
//! `top_k` greatest are left out, then the least probable ones whose probabilities together are at most 1 − `top_p`.

/// How a token is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// What scores are divided by: below 1 the probable ones gain, above 1 the others. 0 takes the most probable, whatever else is
    /// said.
    pub temperature: f64,
    /// How many tokens may be drawn at most. None for all.
    pub top_k: Option<usize>,
    /// How much of the probability the tokens have that may be drawn (Holtzman et al. 2020, nucleus sampling). 1 for all.
    pub top_p: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: 1.0 }
    }
}

impl Sampling {
    /// Whether the most probable token is taken.
    #[must_use]
    pub fn is_greedy(&self) -> bool {
        self.temperature <= 0.0
    }

    /// The tokens that may be drawn, with their probabilities, which sum to one; the most probable first, and of equal ones the
    /// lower id. Scores of −∞ stand for tokens that are never written. Empty where no score is a number.
    #[must_use]
    pub fn candidates(&self, scores: &[f32]) -> Vec<(u32, f64)> {
        let temperature = if self.is_greedy() { 1.0 } else { self.temperature };
        let mut kept: Vec<(u32, f64)> = scores
            .iter()
            .enumerate()
            .filter(|(_, score)| score.is_finite())
            .map(|(id, score)| (id as u32, f64::from(*score) / temperature))
            .collect();
        kept.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        if self.is_greedy() {
            kept.truncate(1);
        }
        if let Some(most) = self.top_k {
            // What is as probable as the last of them stays too, as in transformers.
            let least = kept.get(most.max(1) - 1).map(|(_, score)| *score);
            kept.retain(|(_, score)| least.is_none_or(|least| *score >= least));
        }
        normalise(&mut kept);
        let mut below = 0.0;
        let left_out = kept.iter().rev().take_while(|(_, probability)| {
            below += probability;
            below <= 1.0 - self.top_p
        });
        let left_out = left_out.count().min(kept.len().saturating_sub(1));
        if left_out > 0 {
            kept.truncate(kept.len() - left_out);
            let sum: f64 = kept.iter().map(|(_, probability)| probability).sum();
            kept.iter_mut().for_each(|(_, probability)| *probability /= sum);
        }
        kept
    }
}

/// The one of `candidates` that a number drawn evenly from 0 to 1 falls on.
#[must_use]
pub fn pick(candidates: &[(u32, f64)], drawn: f64) -> Option<u32> {
    let mut sum = 0.0;
    let found = candidates.iter().find(|(_, probability)| {
        sum += probability;
        drawn < sum
    });
    // Rounding may leave the last sum below one.
    found.or(candidates.last()).map(|(id, _)| *id)
}

/// Scores into probabilities.
fn normalise(scores: &mut [(u32, f64)]) {
    let top = scores.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|(_, score)| *score = (*score - top).exp());
    let sum: f64 = scores.iter().map(|(_, score)| *score).sum();
    scores.iter_mut().for_each(|(_, score)| *score /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logarithms of 0.4, 0.3, 0.2 and 0.1, and a token that is never written.
    fn scores() -> Vec<f32> {
        let mut scores: Vec<f32> = [0.1_f32, 0.4, 0.2, 0.3].iter().map(|share| share.ln()).collect();
        scores.push(f32::NEG_INFINITY);
        scores
    }

    fn ids(sampling: Sampling) -> Vec<u32> {
        sampling.candidates(&scores()).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn what_may_be_drawn() {
        let plain = Sampling { temperature: 1.0, ..Sampling::default() };
        assert_eq!(ids(plain), [1, 3, 2, 0]);
        assert_eq!(ids(Sampling::default()), [1], "greedy");
        assert_eq!(ids(Sampling { top_k: Some(2), ..plain }), [1, 3]);
        assert_eq!(ids(Sampling { top_p: 0.75, ..plain }), [1, 3, 2]);
        assert_eq!(ids(Sampling { top_p: 0.6, ..plain }), [1, 3]);
        assert_eq!(ids(Sampling { top_p: 0.0, ..plain }), [1], "one always stays");
        assert_eq!(ids(Sampling { top_k: Some(0), ..plain }), [1]);
        assert_eq!(Sampling::default().candidates(&[f32::NAN]), []);
        // A low temperature sharpens: what is left is of fewer tokens.
        assert_eq!(ids(Sampling { temperature: 0.5, top_p: 0.8, ..plain }), [1, 3]);
    }

    #[test]
    fn probabilities_sum_to_one_and_are_drawn_in_proportion() {
        let all = Sampling { temperature: 1.0, top_k: Some(3), top_p: 1.0 }.candidates(&scores());
        assert!((all.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((all[0].1 - 4.0 / 9.0).abs() < 1e-6);
        assert_eq!([0.0, 0.4, 0.5, 0.99, 1.0].map(|drawn| pick(&all, drawn)), [1, 1, 3, 2, 2].map(Some));
        assert_eq!(pick(&[], 0.5), None);
    }

    #[test]
    fn as_probable_as_the_last_of_the_best_stays() {
        let sampling = Sampling { temperature: 1.0, top_k: Some(2), top_p: 1.0 };
        let ids: Vec<u32> = sampling.candidates(&[1.0, 2.0, 1.0, 0.0]).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 0, 2]);
    }
}
