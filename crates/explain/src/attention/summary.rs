//! Entropy and distance of each head.

/// Figures of each head, flat as `[layer · head]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Mean over the queries of −Σ a ln a, in nats, without smoothing.
    pub entropy: Vec<f32>,
    /// Σα·|i−j| / Σα over all queries i and keys j, in tokens (Vig & Belinkov 2019). For a causal model i−j is never
    /// negative.
    pub distance: Vec<f32>,
}

/// Summarises maps given flat and row-major as `[map, row, column]`.
#[must_use]
pub fn summarise(values: &[f32], rows: usize, columns: usize) -> Summary {
    let mut summary = Summary::default();
    let size = rows * columns;
    if size == 0 {
        return summary;
    }
    for map in values.chunks_exact(size) {
        let (mut entropy, mut distance, mut mass) = (0.0_f64, 0.0_f64, 0.0_f64);
        for (i, row) in map.chunks_exact(columns).enumerate() {
            for (j, &weight) in row.iter().enumerate() {
                let weight = f64::from(weight);
                if weight > 0.0 {
                    entropy -= weight * weight.ln();
                    distance += weight * i.abs_diff(j) as f64;
                    mass += weight;
                }
            }
        }
        summary.entropy.push((entropy / rows as f64) as f32);
        summary.distance.push(if mass > 0.0 { (distance / mass) as f32 } else { 0.0 });
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_map_has_the_logarithm_of_its_width_as_entropy() {
        let summary = summarise(&[0.25; 16], 4, 4);
        assert!((summary.entropy[0] - 4.0_f32.ln()).abs() < 1e-6);
        // Mean of |i−j| over a 4 × 4 square: 20 / 16.
        assert!((summary.distance[0] - 1.25).abs() < 1e-6);
    }

    #[test]
    fn looking_only_at_the_token_before_has_no_entropy_and_distance_one() {
        let map = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let summary = summarise(&map, 3, 3);
        assert_eq!(summary.entropy, [0.0]);
        assert!((summary.distance[0] - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_is_summarised_as_nothing() {
        assert_eq!(summarise(&[], 0, 0), Summary::default());
    }
}
