//! Rankings: the order of a list, and how alike two lists rank the same things.

/// The places of `values`, greatest value first, the earlier of equal ones first. What is no number comes first or last.
#[must_use]
pub fn ranked(values: &[f64]) -> Vec<usize> {
    let mut order = vec![0; values.len()];
    for (place, value) in values.iter().enumerate() {
        // Nought has one sign.
        let before = values.iter().enumerate().filter(|(other, than)| {
            let order = (**than + 0.0).total_cmp(&(*value + 0.0));
            order.is_gt() || order.is_eq() && *other < place
        });
        if let Some(here) = order.get_mut(before.count()) {
            *here = place;
        }
    }
    order
}

/// The places of the `count` greatest values that are positive, greatest first, the earlier of equal ones first: fewer where
/// fewer are positive.
#[must_use]
pub fn positives(values: &[f64], count: usize) -> Vec<usize> {
    let is_positive = |place: &usize| values.get(*place).is_some_and(|value| *value > 0.0);
    ranked(values).into_iter().take(count).filter(is_positive).collect()
}

/// Spearman's ρ: Pearson's correlation of ranks, where equal values share the mean of theirs. In [−1, 1]. None for lists of
/// unequal length, of fewer than two numbers, or with one value throughout.
#[must_use]
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if !are_comparable(a, b) {
        return None;
    }
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in ranks(a).into_iter().zip(ranks(b)) {
        both += a * b;
        first += a * a;
        second += b * b;
    }
    ratio(both, first, second)
}

/// Kendall's τ-b: (concordant − discordant pairs) / √(pairs that a tells apart · pairs that b does). In [−1, 1]. None as for
/// [`spearman`].
#[must_use]
pub fn kendall_tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    if !are_comparable(a, b) {
        return None;
    }
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (at, (a0, b0)) in a.iter().zip(b).enumerate() {
        for (a1, b1) in a.iter().zip(b).take(at) {
            let (a, b) = (sign(*a0, *a1), sign(*b0, *b1));
            both += a * b;
            first += a * a;
            second += b * b;
        }
    }
    ratio(both, first, second)
}

/// How many of the `count` values that are greatest by absolute value the two lists share, over `count`; the earlier of equal
/// ones counts as greater. In [0, 1]. None for lists of unequal length or fewer than `count` numbers, and for none of them.
#[must_use]
pub fn top_overlap(a: &[f64], b: &[f64], count: usize) -> Option<f64> {
    if a.len() != b.len() || a.len() < count || count == 0 || !are_numbers(a) || !are_numbers(b) {
        return None;
    }
    let top = |values: &[f64]| {
        let mut order = ranked(&values.iter().map(|value| value.abs()).collect::<Vec<_>>());
        order.truncate(count);
        order
    };
    let (a, b) = (top(a), top(b));
    let shared = a.iter().filter(|place| b.contains(place)).count();
    Some(shared as f64 / count as f64)
}

/// Twice each value's rank, counted from the middle one: how many are less, less how many are greater.
fn ranks(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| values.iter().map(|other| sign(*value, *other)).sum()).collect()
}

/// 1 where `a` is the greater one, −1 where it is the lesser, 0 where they are equal.
fn sign(a: f64, b: f64) -> f64 {
    f64::from(i8::from(a > b) - i8::from(a < b))
}

fn ratio(both: f64, first: f64, second: f64) -> Option<f64> {
    // Two roots, as a product of many pairs' numbers would lose its last digits.
    let scale = first.sqrt() * second.sqrt();
    (scale > 0.0).then(|| (both / scale).clamp(-1.0, 1.0))
}

fn are_comparable(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && are_numbers(a) && are_numbers(b)
}

pub(crate) fn are_numbers(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?} instead of {expected}");
    }

    #[test]
    fn the_earlier_of_equal_values_is_the_greater() {
        assert_eq!(ranked(&[1.0, 3.0, -2.0, 3.0, 1.0]), [1, 3, 0, 4, 2]);
        assert_eq!(ranked(&[-0.0, 0.0, -0.0]), [0, 1, 2]);
        assert_eq!(ranked(&[]), [0_usize; 0]);
        let mut sorted = ranked(&[f64::NAN, 1.0, f64::NAN, f64::INFINITY]);
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3]);
        assert_eq!(positives(&[0.5, -1.0, 0.0, 2.0], 3), [3, 0]);
        assert_eq!(positives(&[0.5, -1.0, 0.0, 2.0], 1), [3]);
    }

    #[test]
    fn spearman_shares_the_ranks_of_ties() {
        near(spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 25.0, 1000.0]), 1.0);
        near(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
        // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: 4.5 over √(4.5 · 5).
        near(spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 4.0]), 4.5 / (4.5_f64 * 5.0).sqrt());
    }

    #[test]
    fn kendall_counts_pairs_and_takes_ties_out() {
        near(kendall_tau_b(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]), 4.0 / 6.0);
        // SciPy's example: of ten pairs the first list tells eight apart, the second nine.
        near(kendall_tau_b(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]), -0.471_404_520_791_031_7);
        near(kendall_tau_b(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0]), 2.0 / 6.0_f64.sqrt());
    }

    #[test]
    fn what_says_nothing_is_none() {
        for measure in [spearman, kendall_tau_b] {
            assert_eq!(measure(&[], &[]), None);
            assert_eq!(measure(&[1.0], &[2.0]), None);
            assert_eq!(measure(&[1.0, 1.0], &[2.0, 3.0]), None);
            assert_eq!(measure(&[1.0, 2.0], &[2.0, 3.0, 4.0]), None);
            assert_eq!(measure(&[1.0, f64::NAN], &[2.0, 3.0]), None);
        }
        assert_eq!(top_overlap(&[1.0, 2.0], &[1.0, 2.0], 3), None);
        assert_eq!(top_overlap(&[1.0, 2.0], &[1.0, 2.0], 0), None);
    }

    #[test]
    fn the_top_goes_by_absolute_value() {
        near(top_overlap(&[-9.0, 1.0, 2.0, 0.5], &[0.1, -8.0, 7.0, 6.0], 2), 0.5);
        near(top_overlap(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], 3), 1.0);
    }
}
