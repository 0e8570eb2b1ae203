//! Shapley values: a unit's share of the target, averaged over every order in which units may come.

use std::collections::BTreeMap;

use super::smoothgrad::Sampled;
use crate::ExplainError;
use crate::game::Game;
use crate::random::Random;
use crate::solve::{jackknife, solve};

/// Up to this many units every coalition is gone through.
pub const EXACT: usize = 10;

/// What [`Random`]'s sequence is for.
const COALITIONS: u64 = 15;

/// Groups of the drawn coalitions that are left out in turn, for the standard error.
const GROUPS: usize = 10;

/// Shapley values of the game's units (Lundberg & Lee 2017). Exact for up to [`EXACT`] units: Σ over coalitions S without
/// i of |S|!(d−|S|−1)!/d!·(v(S∪i) − v(S)), with standard errors of nought. Else as SHAP's `KernelExplainer` without
/// selection of features: of 2d + 2048 coalitions, the smallest and largest are gone through, the others drawn with their
/// complements, and v is regressed on them with the Shapley kernel, the sum held to v(all) − v(∅).
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn kernel_shap(game: &mut Game<'_>, seed: u64) -> Result<Sampled, ExplainError> {
    let units = game.units();
    match units {
        0 => Ok(Sampled { values: Vec::new(), standard_errors: Vec::new() }),
        1..=EXACT => exact(game).await,
        _ => regressed(game, 2 * units + 2048, seed).await,
    }
}

/// How many coalitions [`kernel_shap`] asks about.
#[must_use]
pub fn evaluations(units: usize) -> usize {
    if units <= EXACT { 1 << units } else { 2 * units + 2050 }
}

async fn exact(game: &mut Game<'_>) -> Result<Sampled, ExplainError> {
    let units = game.units();
    let coalitions: Vec<Vec<bool>> =
        (0..1_usize << units).map(|bits| (0..units).map(|unit| bits >> unit & 1 == 1).collect()).collect();
    let worth = game.values(&coalitions).await?;
    // |S|!(d−|S|−1)!/d! is 1/(d·C(d−1, |S|)).
    let weights: Vec<f64> = (0..units).map(|size| 1.0 / (units as f64 * choose(units - 1, size))).collect();
    let mut values = vec![0.0; units];
    for (bits, without) in worth.iter().enumerate() {
        for (unit, value) in values.iter_mut().enumerate().filter(|(unit, _)| bits >> unit & 1 == 0) {
            let with = worth.get(bits | 1 << unit).copied().unwrap_or(f64::NAN);
            *value += weights[(bits as u64).count_ones() as usize] * (with - without);
        }
    }
    Ok(Sampled { standard_errors: vec![0.0; units], values })
}

/// n over k.
fn choose(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).fold(1.0, |product, at| product * (n - at) as f64 / (at + 1) as f64)
}

async fn regressed(game: &mut Game<'_>, samples: usize, seed: u64) -> Result<Sampled, ExplainError> {
    let units = game.units();
    let [nothing, everything] = game.ends().await?;
    let drawn = coalitions(units, samples, &mut Random::new(seed, COALITIONS));
    let masks: Vec<Vec<bool>> = drawn.iter().map(|coalition| coalition.mask.clone()).collect();
    // A sample's weights are relative to one another, so that those of the first ones need no scaling.
    let first = |worth: &[f64]| {
        let rows = drawn.iter().zip(worth).map(|(one, worth)| (&one.mask, worth - nothing, one.weight));
        constrained(rows, units, everything - nothing)
    };
    let worth = game.sampled(&masks, first).await?;
    let fit = |group: Option<usize>| {
        // What is left of a drawn sample weighs as much as the whole of it.
        let weight = |one: &Coalition, left: f64| match one.group {
            None => one.weight,
            Some(_) if one.group == group => 0.0,
            Some(_) => one.weight * left,
        };
        let all: f64 = drawn.iter().filter(|one| one.group.is_some()).map(|one| one.weight).sum();
        let gone: f64 =
            drawn.iter().filter(|one| one.group.is_some() && one.group == group).map(|one| one.weight).sum();
        let left = if group.is_some() && all > gone { all / (all - gone) } else { 1.0 };
        let rows = drawn.iter().zip(&worth).map(|(one, worth)| (&one.mask, worth - nothing, weight(one, left)));
        constrained(rows, units, everything - nothing)
    };
    let values = fit(None).ok_or_else(|| ExplainError::Device("the coalitions do not tell units apart".to_owned()))?;
    let is_drawn = drawn.iter().any(|one| one.group.is_some());
    let standard_errors = if is_drawn {
        let without: Vec<_> = (0..GROUPS).map(|group| fit(Some(group))).collect();
        jackknife(&without, units)
    } else {
        vec![0.0; units]
    };
    Ok(Sampled { values, standard_errors })
}

/// Weighted least squares of `rows` (mask, value less v(∅), weight) whose coefficients sum to `sum`: the last unit's is what
/// the others leave.
fn constrained<'a>(rows: impl Iterator<Item = (&'a Vec<bool>, f64, f64)>, units: usize, sum: f64) -> Option<Vec<f64>> {
    let size = units - 1;
    let mut matrix = vec![0.0; size * size];
    let mut right = vec![0.0; size];
    let mut z = vec![0.0; size];
    for (mask, value, weight) in rows {
        let (last, others) = mask.split_last()?;
        let last = f64::from(u8::from(*last));
        for (z, kept) in z.iter_mut().zip(others) {
            *z = f64::from(u8::from(*kept)) - last;
        }
        let value = value - last * sum;
        for (unit, line) in matrix.chunks_exact_mut(size).enumerate() {
            let scale = weight * z[unit];
            if scale != 0.0 {
                right[unit] += scale * value;
                for (entry, z) in line.iter_mut().zip(&z) {
                    *entry += scale * z;
                }
            }
        }
    }
    let mut values = solve(&matrix, &right)?;
    values.push(sum - values.iter().sum::<f64>());
    Some(values)
}

/// One coalition of the regression.
struct Coalition {
    mask: Vec<bool>,
    weight: f64,
    /// Which group it is left out with, where it was drawn.
    group: Option<usize>,
}

/// The coalitions of SHAP's `KernelExplainer`: sizes from both ends as long as all of a size fit into the budget, then
/// drawn ones with their complements, each once with the weight of as many draws.
fn coalitions(units: usize, samples: usize, random: &mut Random) -> Vec<Coalition> {
    let sizes = (units - 1).div_ceil(2);
    let paired = (units - 1) / 2;
    let mut weights: Vec<f64> = (1..=sizes)
        .map(|size| {
            let weight = (units - 1) as f64 / (size * (units - size)) as f64;
            if size <= paired { 2.0 * weight } else { weight }
        })
        .collect();
    let total: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= total;
    }
    let mut found = Vec::with_capacity(samples);
    let (mut left, mut share, mut full) = (samples as f64, 1.0, 0);
    for size in 1..=sizes {
        let weight = weights[size - 1];
        let count = choose(units, size) * if size <= paired { 2.0 } else { 1.0 };
        if left * (weight / share) / count < 1.0 - 1e-8 {
            break;
        }
        left -= count;
        share -= weight;
        full = size;
        each_of_size(units, size, &mut |mask| {
            let weight = weight / count;
            if size <= paired {
                found.push(Coalition { mask: mask.iter().map(|kept| !kept).collect(), weight, group: None });
            }
            found.push(Coalition { mask, weight, group: None });
        });
    }
    if full == sizes {
        return found;
    }
    let fixed = found.len();
    // Two coalitions come of each draw of a size that has a complement.
    let chances: Vec<f64> =
        (full + 1..=sizes).map(|size| weights[size - 1] / if size <= paired { 2.0 } else { 1.0 }).collect();
    let all: f64 = chances.iter().sum();
    let mut known: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let wanted = samples.saturating_sub(fixed);
    let mut pairs = 0;
    for _ in 0..4 * wanted {
        if found.len() - fixed >= wanted {
            break;
        }
        let mut at = random.unit() * all;
        let mut size = full + 1;
        for chance in &chances {
            if at < *chance || size == sizes {
                break;
            }
            at -= chance;
            size += 1;
        }
        let mut places: Vec<usize> = (0..units).collect();
        random.shuffle(&mut places);
        let mut mask = vec![false; units];
        for place in places.into_iter().take(size) {
            mask[place] = true;
        }
        let opposite: Vec<bool> = mask.iter().map(|kept| !kept).collect();
        let masks = if size <= paired { vec![mask, opposite] } else { vec![mask] };
        let is_new = masks.first().is_some_and(|mask| !known.contains_key(mask));
        pairs += usize::from(is_new);
        for mask in masks {
            if let Some(index) = known.get(&mask) {
                found[*index].weight += 1.0;
            } else if found.len() - fixed < wanted {
                known.insert(mask.clone(), found.len());
                found.push(Coalition { mask, weight: 1.0, group: Some(pairs % GROUPS) });
            }
        }
    }
    let rest: f64 = weights.iter().skip(full).sum();
    let drawn: f64 = found.iter().skip(fixed).map(|one| one.weight).sum();
    for one in found.iter_mut().skip(fixed) {
        one.weight *= rest / drawn;
    }
    found
}

/// Every mask of so many units with so many of them there.
fn each_of_size(units: usize, size: usize, take: &mut impl FnMut(Vec<bool>)) {
    let mut places: Vec<usize> = (0..size).collect();
    loop {
        let mut mask = vec![false; units];
        for place in &places {
            mask[*place] = true;
        }
        take(mask);
        // The last place that can go up does, and those after it follow.
        let Some(at) = (0..size).rev().find(|at| places[*at] + (size - at) < units) else { return };
        places[at] += 1;
        for next in at + 1..size {
            places[next] = places[next - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coalitions_of_a_size_are_all_there() {
        for (units, size) in [(5, 1), (6, 3), (7, 7), (9, 4)] {
            let mut found = Vec::new();
            each_of_size(units, size, &mut |mask| found.push(mask));
            assert_eq!(found.len() as f64, choose(units, size));
            assert!(found.iter().all(|mask| mask.iter().filter(|kept| **kept).count() == size));
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len() as f64, choose(units, size));
        }
    }

    #[test]
    fn weights_sum_to_one_and_no_coalition_comes_twice() {
        for units in [11, 12, 23, 40] {
            let found = coalitions(units, 2 * units + 2048, &mut Random::new(3, COALITIONS));
            assert!(found.len() <= 2 * units + 2048);
            let sum: f64 = found.iter().map(|one| one.weight).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{units}: {sum}");
            let drawn = found.iter().filter(|one| one.group.is_some()).count();
            // Eleven units have fewer coalitions than the budget.
            assert_eq!(drawn > 0, units > 11, "{units}: {drawn} are drawn");
            let all: Vec<&Vec<bool>> = found.iter().map(|one| &one.mask).collect();
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!(distinct.len(), all.len());
            assert!(units > 11 || all.len() == (1 << 11) - 2);
        }
    }

    /// A linear game is met exactly, whatever is drawn; a unit that does nothing has nought, and equal ones are equal.
    #[test]
    fn a_linear_game_is_met_exactly() {
        let units = 14;
        let effect: Vec<f64> = (0..units).map(|unit| if unit == 3 { 0.0 } else { (unit / 2) as f64 - 2.5 }).collect();
        let drawn = coalitions(units, 2 * units + 2048, &mut Random::new(1, COALITIONS));
        let worth = |mask: &[bool]| mask.iter().zip(&effect).filter(|(kept, _)| **kept).map(|(_, effect)| effect).sum();
        let rows = drawn.iter().map(|one| (&one.mask, worth(&one.mask), one.weight));
        let found = constrained(rows, units, effect.iter().sum()).unwrap();
        assert!(found.iter().zip(&effect).all(|(found, effect)| (found - effect).abs() < 1e-9), "{found:?}");
    }
}
