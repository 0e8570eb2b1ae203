//! Small systems of linear equations, in double precision. By hand, for a linear algebra library is a tenth of what the page
//! may weigh.

/// The x of A·x = b for a symmetric, positive definite A (row-major, as wide as b is long), by Cholesky's decomposition.
/// None where A is not positive definite.
pub(crate) fn solve(matrix: &[f64], right: &[f64]) -> Option<Vec<f64>> {
    let size = right.len();
    if matrix.len() != size * size {
        return None;
    }
    let mut lower = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| lower[row * size + k] * lower[column * size + k]).sum();
            let rest = matrix[row * size + column] - dot;
            lower[row * size + column] = if row == column {
                if rest.is_nan() || rest <= 1e-12 * matrix[row * size + row] {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / lower[column * size + column]
            };
        }
    }
    let mut x = right.to_vec();
    for row in 0..size {
        let dot: f64 = (0..row).map(|k| lower[row * size + k] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[row * size + row];
    }
    for row in (0..size).rev() {
        let dot: f64 = (row + 1..size).map(|k| lower[k * size + row] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[row * size + row];
    }
    Some(x)
}

/// The standard error of estimates by the jackknife over groups (Tukey 1958): `without` has the estimates with one group of
/// the sample left out, for each group. Infinite where a group's could not be made.
pub(crate) fn jackknife(without: &[Option<Vec<f64>>], count: usize) -> Vec<f64> {
    let Some(found) = without.iter().cloned().collect::<Option<Vec<_>>>() else { return vec![f64::INFINITY; count] };
    let groups = found.len() as f64;
    let estimate = |unit: usize| {
        let values = || found.iter().filter_map(move |row| row.get(unit).copied());
        let mean = values().sum::<f64>() / groups;
        let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
        ((groups - 1.0) / groups * squares).sqrt()
    };
    (0..count).map(estimate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_a_singular_one_is_refused() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let x = solve(&matrix, &[1.0, -2.0, 0.5]).unwrap();
        for (row, right) in matrix.chunks_exact(3).zip([1.0, -2.0, 0.5]) {
            let left: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((left - right).abs() < 1e-12);
        }
        assert_eq!(solve(&[1.0, 1.0, 1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(solve(&[f64::NAN], &[1.0]), None);
        assert_eq!(solve(&[1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        // Of a mean, the jackknife over single values is s/√n exactly.
        let values = [1.0_f64, 4.0, 2.0, 8.0, 5.0];
        let sum: f64 = values.iter().sum();
        let without: Vec<_> = values.iter().map(|value| Some(vec![(sum - value) / 4.0])).collect();
        let mean = sum / 5.0;
        let variance: f64 = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4.0;
        assert!((jackknife(&without, 1)[0] - (variance / 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(jackknife(&[None], 2), [f64::INFINITY; 2]);
    }
}
