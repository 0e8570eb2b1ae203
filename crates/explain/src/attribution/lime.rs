//! LIME: a linear model of the target around the text, fitted to texts with units left out.

use crate::ExplainError;
use crate::game::Game;
use crate::random::Random;
use crate::solve::{jackknife, solve};

/// Texts that are drawn where nobody says otherwise (marcotcr/lime's default).
pub const SAMPLES: usize = 5000;

/// The kernel's width (marcotcr/lime's default for texts).
const WIDTH: f64 = 25.0;

/// The ridge (scikit-learn's default, which marcotcr/lime leaves).
const ALPHA: f64 = 1.0;

/// What [`Random`]'s sequence is for.
const MASKS: u64 = 12;

/// Groups of the sample that are left out in turn, for the standard error.
const GROUPS: usize = 10;

/// A linear model of the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Lime {
    /// What each unit's presence adds, in units of the target.
    pub values: Vec<f64>,
    /// The standard error of each by the jackknife over ten groups of the sample.
    pub standard_errors: Vec<f64>,
    /// What the model says of a text without units.
    pub intercept: f64,
    /// How much of the target's variance, weighted, the model accounts for: R². Far below one, the values say little.
    pub r2: f64,
    /// What the model says of the whole text.
    pub local_value: f64,
}

/// Weighted ridge regression of the target on which units are there (Ribeiro et al. 2016; `LimeTextExplainer` without
/// selection of features). Of `samples` texts the first is whole; in each other a number of units, uniform in 1…d, is left
/// out. One that keeps k of d units weighs √exp(−D²/25²), D = 100·(1 − √(k/d)): the cosine distance to the whole text. α is
/// 1, the intercept is not penalised.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn lime(game: &mut Game<'_>, samples: usize, seed: u64) -> Result<Lime, ExplainError> {
    let units = game.units();
    let masks = masks(units, samples.max(1), &mut Random::new(seed, MASKS));
    let weight = |mask: &Vec<bool>| {
        let kept = mask.iter().filter(|kept| **kept).count() as f64;
        let distance = 100.0 * (1.0 - (kept / units.max(1) as f64).sqrt());
        (-distance.powi(2) / WIDTH.powi(2)).exp().sqrt()
    };
    let weights: Vec<f64> = masks.iter().map(weight).collect();
    let first = |targets: &[f64]| {
        let masks = masks.get(..targets.len()).unwrap_or_default();
        Fit { masks, targets, weights: &weights, units }.solve(|_| true).map(|(values, _)| values)
    };
    let targets = game.sampled(&masks, first).await?;
    let fit = Fit { masks: &masks, targets: &targets, weights: &weights, units };
    let (values, intercept) = fit.solve(|_| true).unwrap_or_else(|| (vec![0.0; units], 0.0));
    let without: Vec<_> =
        (0..GROUPS).map(|group| fit.solve(|at| at % GROUPS != group).map(|(values, _)| values)).collect();
    let said = |mask: &Vec<bool>| {
        intercept + mask.iter().zip(&values).filter(|(kept, _)| **kept).map(|(_, value)| value).sum::<f64>()
    };
    let total: f64 = weights.iter().sum();
    let mean = weights.iter().zip(&targets).map(|(weight, target)| weight * target).sum::<f64>() / total;
    let (mut residual, mut spread) = (0.0, 0.0);
    for ((mask, target), weight) in masks.iter().zip(&targets).zip(&weights) {
        residual += weight * (target - said(mask)).powi(2);
        spread += weight * (target - mean).powi(2);
    }
    let r2 = if spread > 0.0 { 1.0 - residual / spread } else { 0.0 };
    let local_value = intercept + values.iter().sum::<f64>();
    Ok(Lime { standard_errors: jackknife(&without, units), values, intercept, r2, local_value })
}

/// Masks of units that are kept. The first keeps all; from each other 1 + (next mod d) units go, the first ones of a
/// shuffle that goes up from place 0.
fn masks(units: usize, samples: usize, random: &mut Random) -> Vec<Vec<bool>> {
    let mut masks = vec![vec![true; units]];
    for _ in 1..samples {
        let gone = 1 + random.below(units);
        let mut places: Vec<usize> = (0..units).collect();
        for place in 0..gone.min(units) {
            places.swap(place, place + random.below(units - place));
        }
        let mut mask = vec![true; units];
        for place in places.into_iter().take(gone) {
            mask[place] = false;
        }
        masks.push(mask);
    }
    masks
}

/// What the regression is made from.
struct Fit<'a> {
    masks: &'a [Vec<bool>],
    targets: &'a [f64],
    weights: &'a [f64],
    units: usize,
}

impl Fit<'_> {
    /// Coefficients and intercept from the samples that `take` names.
    fn solve(&self, take: impl Fn(usize) -> bool) -> Option<(Vec<f64>, f64)> {
        let rows = || {
            let rows = self.masks.iter().zip(self.targets).zip(self.weights).enumerate();
            rows.filter(|(at, _)| take(*at)).map(|(_, ((mask, target), weight))| (mask, *target, *weight))
        };
        let units = self.units;
        let total: f64 = rows().map(|(_, _, weight)| weight).sum();
        let mut centre = vec![0.0; units];
        let mut middle = 0.0;
        for (mask, target, weight) in rows() {
            middle += weight * target / total;
            for (centre, _) in centre.iter_mut().zip(mask).filter(|(_, kept)| **kept) {
                *centre += weight / total;
            }
        }
        let mut matrix = vec![0.0; units * units];
        let mut right = vec![0.0; units];
        let mut z = vec![0.0; units];
        for (mask, target, weight) in rows() {
            for ((z, kept), centre) in z.iter_mut().zip(mask).zip(&centre) {
                *z = f64::from(u8::from(*kept)) - centre;
            }
            for (unit, line) in matrix.chunks_exact_mut(units.max(1)).enumerate() {
                right[unit] += weight * z[unit] * (target - middle);
                let scale = weight * z[unit];
                for (entry, z) in line.iter_mut().zip(&z) {
                    *entry += scale * z;
                }
            }
        }
        for unit in 0..units {
            matrix[unit * units + unit] += ALPHA;
        }
        let values = solve(&matrix, &right)?;
        let intercept = middle - centre.iter().zip(&values).map(|(centre, value)| centre * value).sum::<f64>();
        Some((values, intercept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_those_of_the_reference() {
        // `splitmix.lime_masks` of `tests/reference`, 6 units and seed 0: as in the golden files.
        let masks = masks(6, 200, &mut Random::new(0, MASKS));
        assert!(masks[0].iter().all(|kept| *kept));
        assert!(masks[1..].iter().all(|mask| mask.iter().any(|kept| !kept)));
        assert_eq!(super::masks(0, 3, &mut Random::new(0, MASKS)), vec![Vec::<bool>::new(); 3]);
    }
}
