//! What measures cost, before anything has run.

use super::curves::coalitions;
use super::erasure::sizes;
use super::random_orders::drawn;

/// A measure, with what its cost hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// [`random_orders`](super::random_orders()): once a text.
    RandomOrders {
        /// How many.
        orders: usize,
        /// What they are drawn from.
        seed: u64,
    },
    /// [`curves`](super::curves()) of each ranking.
    Curves,
    /// [`erasure`](super::erasure()) of each ranking, by mask or by removal.
    Erasure,
    /// [`tau_loo`](super::tau_loo()), by mask or by removal: the same texts for every ranking.
    TauLoo,
    /// [`sensitivity_max`](super::sensitivity_max()) with so many copies: here runs of the whole method are counted.
    SensitivityMax {
        /// How many.
        samples: usize,
    },
}

/// How many texts the model is asked about, at most, to measure `rankings` rankings of `units` units: distinct coalitions, the
/// whole text and the one without any unit among them. Random orders and leave-one-out cost exactly that. Rankings are not
/// known beforehand: those that begin alike cost less than curves and erasure say here, those with fewer positive scores less
/// than erasure does, and what one measure has asked for is free for the next, so that a sum is more than is needed. Erasure by
/// mask is free after curves.
#[must_use]
pub fn evaluations(measure: Measure, units: usize, rankings: usize) -> usize {
    let all = u32::try_from(units).ok().and_then(|units| 2_usize.checked_pow(units)).unwrap_or(usize::MAX);
    // Both ends, and what lies between them.
    let ends = if units == 0 { 1 } else { 2 };
    let between = |count: usize| ends + count.min(all - ends);
    match measure {
        Measure::RandomOrders { orders, seed } => {
            let orders = drawn(units, orders, seed);
            let all: Vec<Vec<bool>> = orders.iter().flat_map(|order| coalitions(order)).collect();
            let mut distinct: Vec<&Vec<bool>> = all.iter().collect();
            distinct.sort_unstable();
            distinct.dedup();
            distinct.len()
        }
        Measure::Curves => between(2 * units.saturating_sub(1) * rankings),
        Measure::Erasure => {
            let inner = sizes(units, units).iter().filter(|(_, size)| *size < units).count();
            between(2 * inner * rankings)
        }
        Measure::TauLoo => (1 + units).min(all),
        Measure::SensitivityMax { samples } => samples * rankings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_texts_than_coalitions() {
        let random = Measure::RandomOrders { orders: 20, seed: 0 };
        assert_eq!(evaluations(random, 0, 1), 1);
        for units in 0..6 {
            for measure in [random, Measure::Curves, Measure::Erasure, Measure::TauLoo] {
                assert!(evaluations(measure, units, 10) <= 1 << units, "{measure:?} of {units}");
            }
        }
        assert_eq!(evaluations(Measure::Curves, 10, 2), 2 + 2 * 9 * 2);
        assert_eq!(evaluations(Measure::Erasure, 10, 1), 2 + 2 * 9);
        assert_eq!(evaluations(Measure::Erasure, 5, 1), 2 + 2 * 4);
        assert_eq!(evaluations(Measure::TauLoo, 9, 3), 10);
        assert_eq!(evaluations(Measure::SensitivityMax { samples: 10 }, 9, 3), 30);
        assert!(evaluations(random, 20, 1) > 20 * 19);
    }
}
