//! Integrated gradients: the gradient along the straight line from a baseline to the text.

use headlight_models::run::Gradients;
use headlight_models::{Input, Summing};

use crate::ExplainError;
use crate::case::{Case, Doubling, Part, column, each, read, sides, zip};

/// How many points of the line are gone through where nobody says otherwise (Captum's default).
pub const STEPS: usize = 50;

/// What the line from a baseline to the text brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// One number for each token of the case, in units of the target.
    pub values: Vec<f64>,
    /// The target for the text, f(x).
    pub target_value: f64,
    /// The target for the baseline, f(x′).
    pub baseline_value: f64,
}

impl Path {
    /// Σ values − (f(x) − f(x′)): nought where the sum over the line is its integral (the method's completeness axiom). Far
    /// from it, the values explain another number than the target.
    #[must_use]
    pub fn completeness_error(&self) -> f64 {
        self.values.iter().sum::<f64>() - (self.target_value - self.baseline_value)
    }
}

/// Σ_d (x − x′)·Σ_k w_k ∇f(x′ + α_k(x − x′)) for every token, signed (Sundararajan et al. 2017; Captum's
/// `IntegratedGradients`, summed over the width), with Gauss and Legendre's points and weights: α = ½(1 + node),
/// w = ½·weight. `baseline` is x′, of the shapes of the case's input; `steps` at least 1 ([`STEPS`]).
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn integrated_gradients(case: &Case<'_>, baseline: &Input, steps: usize) -> Result<Path, ExplainError> {
    let line = zip(case.input, baseline, |x, from| x.clone() - from.clone());
    let points = gauss_legendre(steps.max(1));
    let batches = points.len().div_ceil(case.most.max(1));
    let mut sum: Option<Input> = None;
    let (mut weight, mut doubling) = (0.0, Doubling::from(1));
    for batch in 0..batches {
        // Each goes along the whole line, so that the first ones are an estimate of all.
        let (alphas, weights): (Vec<f64>, Vec<f64>) = points.iter().skip(batch).step_by(batches).copied().unzip();
        let part = Part::new(case.pulse, batch, batches, 2);
        let at = zip(baseline, &line, |from, line| from.clone() + line.clone() * column(&alphas, line));
        // Where a path is ill-conditioned, great gradients of both signs nearly cancel, and what long sums lose shows.
        let (_, Gradients { embeddings, source, .. }) = case.gradients(at, Summing::InParts, &part).await?;
        let gradient = Input { embeddings, source, types: Vec::new() };
        let here = each(&gradient, |side, _| (side.clone() * column(&weights, side)).sum_dim(0));
        sum = Some(match sum {
            Some(sum) => zip(&sum, &here, |sum, here| sum.clone() + here.clone()),
            None => here,
        });
        weight += weights.iter().sum::<f64>();
        let done = batch + 1;
        if let (Some(_), Some(sum)) = (case.estimates.filter(|_| doubling.is_at(done) && done < batches), &sum) {
            let values = along(&line, sum).await?;
            case.estimate(done, batches, || Some(values.into_iter().map(|value| value / weight).collect()));
        }
    }
    let sum = sum.ok_or(headlight_models::RunError::Empty)?;
    let values = along(&line, &sum).await?;
    let ends = [case.input, baseline];
    let mut found = [0.0; 2];
    for (found, end) in found.iter_mut().zip(ends) {
        *found = case.values(end.clone(), case.pulse).await?.first().copied().unwrap_or(f64::NAN);
    }
    let [target_value, baseline_value] = found;
    Ok(Path { values, target_value, baseline_value })
}

/// Σ_d line·gradient for every token.
async fn along(line: &Input, gradient: &Input) -> Result<Vec<f64>, ExplainError> {
    let product = zip(line, gradient, |line, sum| (line.clone() * sum.clone()).sum_dim(2));
    let mut values = Vec::new();
    for side in sides(&product) {
        let [here] = read([side.clone()]).await?;
        values.extend(here);
    }
    Ok(values)
}

/// Points in [0, 1] and their weights, which sum to one: Gauss and Legendre's of `count`. The nodes are the roots of the
/// Legendre polynomial, found by Newton's method.
fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let size = count as f64;
    // The polynomial and its derivative, by Bonnet's recursion.
    let legendre = |x: f64| {
        let (mut before, mut value) = (1.0, x);
        for degree in 2..=count {
            let degree = degree as f64;
            (before, value) = (value, ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree);
        }
        (value, size * (x * value - before) / (x * x - 1.0))
    };
    let node = |index: usize| {
        let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (size + 0.5)).cos();
        for _ in 0..100 {
            let (value, slope) = legendre(x);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        let (_, slope) = legendre(x);
        (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    if count == 1 { vec![(0.5, 1.0)] } else { (0..count).rev().map(node).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_integrate_polynomials_exactly() {
        for count in [1, 2, 3, 5, 16, 50, 300] {
            let points = gauss_legendre(count);
            assert_eq!(points.len(), count);
            for power in 0..(2 * count).min(40) {
                let sum: f64 = points.iter().map(|(at, weight)| weight * at.powi(power as i32)).sum();
                let exact = 1.0 / (power as f64 + 1.0);
                assert!((sum - exact).abs() < 1e-12, "{count} points, power {power}: {sum}");
            }
        }
    }
}
