//! How sure a mean is.

/// A mean, and where it lies with a probability of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean, in the units of the values.
    pub mean: f64,
    /// Half the width of the interval around it. None of a single value, which says nothing of it.
    pub half_width: Option<f64>,
}

/// The mean of values that were drawn independently, with its interval by Student's t: t·s/√n with n − 1 degrees of freedom,
/// s being the standard deviation over n − 1. None of no values.
#[must_use]
pub fn mean_and_interval(values: &[f64]) -> Option<Mean> {
    if values.is_empty() || !crate::rank::are_numbers(values) {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let freedom = values.len() - 1;
    let half_width = (freedom > 0).then(|| {
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        student(freedom) * (squares / (count - 1.0) / count).sqrt()
    });
    Some(Mean { mean, half_width })
}

/// Student's t at 97.5 %, for at least one degree of freedom: from tables for few of them, then as a series around the normal
/// distribution's 1.96 (Abramowitz & Stegun 26.7.5), within 1.1e-4.
fn student(freedom: usize) -> f64 {
    const FEW: [f64; 5] = [12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582];
    const SERIES: [f64; 5] = [1.589_534, 2.555_850, 2.822_499, 2.372_271, 1.959_964];
    match FEW.get(freedom.saturating_sub(1)) {
        Some(few) => *few,
        None => SERIES.iter().fold(0.0, |sum, term| sum / freedom as f64 + term),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        let found = mean_and_interval(&[2.0, 4.0, 4.0, 6.0]).unwrap();
        assert!((found.mean - 4.0).abs() < 1e-12);
        // s² = 8/3, so s/√n = √(2/3).
        assert!((found.half_width.unwrap() - 3.182_446 * (2.0_f64 / 3.0).sqrt()).abs() < 1e-6);
        assert_eq!(mean_and_interval(&[3.0]), Some(Mean { mean: 3.0, half_width: None }));
        assert_eq!(mean_and_interval(&[]), None);
        assert_eq!(mean_and_interval(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn t_is_that_of_the_tables() {
        for (freedom, t) in [(1, 12.7062), (5, 2.5706), (6, 2.4469), (10, 2.2281), (19, 2.0930), (30, 2.0423)] {
            assert!((student(freedom) - t).abs() < 1.6e-4, "{freedom}: {}", student(freedom));
        }
        assert!((student(1_000_000) - 1.959_964).abs() < 1e-5);
    }
}
