//! Square matrices of all tokens of a case, small enough for the host.

/// How much each token has of each: `[token, token]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    /// Tokens.
    pub size: usize,
    /// `size`² numbers.
    pub values: Vec<f64>,
}

impl Square {
    /// Nothing of any.
    #[must_use]
    pub fn zero(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// Each has itself alone.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        let mut square = Self::zero(size);
        square.values.iter_mut().step_by(size + 1).for_each(|value| *value = 1.0);
        square
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.size.max(1))
    }

    /// The matrix product with `other` on the right.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        let mut product = Self::zero(self.size);
        for (row, into) in self.rows().zip(product.values.chunks_exact_mut(self.size.max(1))) {
            for (factor, from) in row.iter().zip(other.rows()).filter(|(factor, _)| **factor != 0.0) {
                for (into, from) in into.iter_mut().zip(from) {
                    *into += factor * from;
                }
            }
        }
        product
    }

    /// The sum with another.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.values.iter_mut().zip(&other.values).for_each(|(value, other)| *value += other);
        self
    }

    /// Each row divided by its sum; rows of nought stay.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.size.max(1)) {
            let sum: f64 = row.iter().sum();
            if sum > 0.0 {
                row.iter_mut().for_each(|value| *value /= sum);
            }
        }
        self
    }

    /// The mean of each column over the rows `rows`: one number for each token.
    #[must_use]
    pub fn column_means(&self, rows: &[usize]) -> Vec<f64> {
        let mut means = vec![0.0; self.size];
        for row in rows.iter().filter_map(|row| self.rows().nth(*row)) {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows.len() as f64);
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_row_by_column() {
        let one = Square { size: 2, values: vec![1.0, 2.0, 3.0, 4.0] };
        let two = Square { size: 2, values: vec![0.0, 1.0, 1.0, 0.0] };
        assert_eq!(one.multiply(&two).values, [2.0, 1.0, 4.0, 3.0]);
        assert_eq!(Square::identity(2).multiply(&one), one);
        assert_eq!(one.column_means(&[0, 1]), [2.0, 3.0]);
        assert_eq!(one.clone().normalised().values[0], 1.0 / 3.0);
        assert_eq!(Square::zero(2).normalised(), Square::zero(2));
        assert!(Square::identity(0).values.is_empty());
    }
}
