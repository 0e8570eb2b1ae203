//! Figures of attention maps, computed where the maps are.

use burn::tensor::{Int, Tensor, TensorData, Transaction};

use super::maps::Maps;
use crate::ExplainError;
use crate::case::values;

/// Whose logarithm stands for that of nought: times nought it is nought.
const SMALLEST: f64 = 1e-30;

/// Figures of maps, and of their heads flat as `[layer · head]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Mean over the queries of −Σ a ln a, in nats, without smoothing.
    pub entropy: Vec<f64>,
    /// Σα·|i−j| / Σα over all queries i and keys j, in tokens (Vig & Belinkov 2019). For a causal model i−j is never
    /// negative.
    pub distance: Vec<f64>,
    /// The greatest weight that the last query gives a key other than the first and itself, which most heads fall back to.
    pub peak: Vec<f64>,
    /// How well a head aligns two texts, from 0 to 1: the sum over the keys that count of the largest weight of each among
    /// the queries that count, over the smaller number of both. None where nothing was said to count.
    pub alignment: Option<Vec<f64>>,
    /// What each key gets: the mean weight over all heads, and over the queries that see it (Gu et al. 2024, who call a key
    /// that gets more than 0.3 a sink). One number a key.
    pub received: Vec<f64>,
    /// How far the sum of a row is from one, at most.
    pub row_error: f64,
}

/// Which queries and which keys count in an alignment: those that stand for text. Heads that look one word back rest on
/// the end of the text, which would count for them.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// One entry for each query.
    pub queries: &'a [bool],
    /// One entry for each key.
    pub keys: &'a [bool],
}

/// The mean entropy of each map's rows, −Σ a ln a, in nats, of `[map, query, key]`.
pub(crate) fn entropies(maps: Tensor<3>) -> Tensor<1> {
    let [count, _, _] = maps.dims();
    let terms = maps.clone() * maps.clamp_min(SMALLEST).log();
    -terms.sum_dim(2).mean_dim(1).reshape([count])
}

/// The figures of `maps`. `causal` says whether a query sees only the keys up to its own place.
///
/// # Errors
/// [`ExplainError::OtherTokens`] where `counted` is of other maps; [`ExplainError::Device`] where the device fails.
pub async fn summarise(maps: &Maps, causal: bool, counted: Option<Counted<'_>>) -> Result<Summary, ExplainError> {
    let [heads, rows, columns] = maps.size();
    if rows == 0 || columns == 0 {
        return Ok(Summary::default());
    }
    let device = maps.device();
    let places = |count: usize| Tensor::<1, Int>::arange(0..count as i64, &device).float();
    let apart = (places(rows).reshape([1, rows, 1]) - places(columns).reshape([1, 1, columns])).abs();
    let counted = match counted {
        Some(Counted { queries, keys }) => {
            Some((marks(queries, [1, rows, 1], maps)?, marks(keys, [1, 1, columns], maps)?))
        }
        None => None,
    };
    let smaller = counted.as_ref().map_or(1, |(queries, keys)| queries.1.min(keys.1).max(1)) as f32;
    let mut parts: [Vec<Tensor<1>>; 6] = Default::default();
    for map in maps.layers() {
        let by_head = |tensor: Tensor<3>| tensor.reshape([heads]);
        let sums = map.clone().sum_dim(2);
        let distance = (map.clone() * apart.clone()).sum_dim(2).sum_dim(1) / sums.clone().sum_dim(1);
        let peak = if columns > 2 {
            by_head(map.clone().narrow(1, rows - 1, 1).narrow(2, 1, columns - 2).max_dim(2))
        } else {
            Tensor::zeros([heads], &device)
        };
        parts[0].push(entropies(map.clone()));
        parts[1].push(by_head(distance));
        parts[2].push(peak);
        parts[3].push(map.clone().sum_dim(1).mean_dim(0).reshape([columns]));
        parts[4].push((sums - 1.0).abs().max());
        if let Some((queries, keys)) = &counted {
            let weights = map.clone() * queries.0.clone() * keys.0.clone();
            parts[5].push(by_head(weights.max_dim(1).sum_dim(2) / smaller));
        }
    }
    let read = parts.iter().filter(|part| !part.is_empty());
    let read = read.fold(Transaction::default(), |read, part| read.register(Tensor::cat(part.clone(), 0)));
    let mut read = values(read).await?.into_iter();
    let mut next = || read.next().unwrap_or_default();
    let (entropy, distance, peak, sums, errors) = (next(), next(), next(), next(), next());
    let seen = |key: usize| if causal { rows.saturating_sub(key).max(1) } else { rows };
    let layers = maps.layers().len().max(1);
    let received = (0..columns).map(|key| {
        let sum: f64 = sums.iter().skip(key).step_by(columns).sum();
        sum / (layers * seen(key)) as f64
    });
    Ok(Summary {
        entropy,
        distance,
        peak,
        received: received.collect(),
        alignment: counted.is_some().then(next),
        row_error: errors.into_iter().fold(0.0, f64::max),
    })
}

/// Noughts and ones, and how many of the latter.
fn marks(counts: &[bool], shape: [usize; 3], maps: &Maps) -> Result<(Tensor<3>, usize), ExplainError> {
    let tokens = shape.iter().product();
    if counts.len() != tokens {
        return Err(ExplainError::OtherTokens { given: counts.len(), tokens });
    }
    let values: Vec<f32> = counts.iter().map(|counts| f32::from(u8::from(*counts))).collect();
    let count = counts.iter().filter(|counts| **counts).count();
    Ok((Tensor::from_data(TensorData::new(values, shape), &maps.device()), count))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;

    /// One layer of one head or several, of square maps.
    fn summary(values: &[f32], [heads, rows, columns]: [usize; 3], causal: bool) -> Summary {
        let maps = Maps::from_values(values, [1, heads, rows, columns], &Device::flex());
        block_on(summarise(&maps, causal, None)).unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_uniform_map_has_the_logarithm_of_its_width_as_entropy() {
        let summary = summary(&[0.25; 16], [1, 4, 4], false);
        assert!(close(summary.entropy[0], 4.0_f64.ln()));
        // Mean of |i−j| over a 4 × 4 square: 20 / 16.
        assert!(close(summary.distance[0], 1.25) && close(summary.peak[0], 0.25));
        assert!(summary.received.iter().all(|got| close(*got, 0.25)) && close(summary.row_error, 0.0));
    }

    #[test]
    fn looking_only_at_the_token_before_has_no_entropy_and_distance_one() {
        let map = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let summary = summary(&map, [1, 3, 3], true);
        assert_eq!(summary.entropy, [0.0]);
        assert!(close(summary.distance[0], 2.0 / 3.0) && close(summary.peak[0], 1.0));
        // Two of the three queries that see the first key look at it; one of the two that see the second at that.
        assert!(close(summary.received[0], 2.0 / 3.0) && close(summary.received[1], 0.5), "{:?}", summary.received);
    }

    #[test]
    fn a_row_that_does_not_sum_to_one_is_found() {
        assert!(close(summary(&[0.5, 0.5, 0.5, 0.25], [1, 2, 2], false).row_error, 0.25));
    }

    #[test]
    fn the_peak_passes_over_the_first_key_and_the_query_itself() {
        let own = [1., 0., 0., 0., 1., 0., 0.2, 0.1, 0.7];
        let telling = [1., 0., 0., 0., 1., 0., 0.2, 0.5, 0.3];
        let peaks = summary(&[own, telling].concat(), [2, 3, 3], true).peak;
        assert!(close(peaks[0], 0.1) && close(peaks[1], 0.5));
        assert_eq!(summary(&[1.0], [1, 1, 1], true).peak, [0.0]);
    }

    #[test]
    fn the_aligning_head_looks_at_one_word_after_another() {
        let stuck = [0., 0., 1., 0., 0., 1.];
        let aligned = [0.1, 0.8, 0.1, 0.9, 0.1, 0.0];
        let maps = Maps::from_values(&[stuck, aligned].concat(), [1, 2, 2, 3], &Device::flex());
        let of = |queries: &[bool], keys: &[bool]| {
            block_on(summarise(&maps, false, Some(Counted { queries, keys }))).map(|summary| summary.alignment.unwrap())
        };
        let all = of(&[true; 2], &[true; 3]).unwrap();
        assert!(close(all[0], 0.5) && close(all[1], 0.9), "{all:?}");
        // Without the last key nothing is left of the head that is stuck there.
        assert!(close(of(&[true; 2], &[true, true, false]).unwrap()[0], 0.0));
        assert!(close(of(&[false; 2], &[false; 3]).unwrap()[1], 0.0));
        assert!(of(&[true; 3], &[true; 3]).is_err());
    }

    #[test]
    fn nothing_is_summarised_as_nothing() {
        let maps = Maps::from_values(&[], [1, 1, 0, 0], &Device::flex());
        assert_eq!(block_on(summarise(&maps, false, None)).unwrap(), Summary::default());
    }
}
