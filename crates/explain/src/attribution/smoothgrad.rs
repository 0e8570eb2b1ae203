//! SmoothGrad: the mean of a method over noisy copies of the text.

use headlight_models::{Input, Summing};

use super::{grad_x_input, integrated_gradients, saliency};
use crate::ExplainError;
use crate::case::{Case, Doubling, Part, each, read, sides, tensor, zip};
use crate::random::Random;

/// Copies, where nobody says otherwise (Captum's `NoiseTunnel`).
pub const SAMPLES: usize = 5;

/// The noise as a share of the spread of the embeddings, where nobody says otherwise (the paper's 10 to 20 %).
pub const SHARE: f64 = 0.1;

/// What [`Random`]'s sequence is for.
const NOISE: u64 = 11;

/// The method that is smoothed.
#[expect(clippy::large_enum_variant, reason = "there is one a request")]
#[derive(Clone, Debug)]
pub enum Base {
    /// [`saliency`]: the mean of each copy's length of the gradient.
    Saliency,
    /// [`grad_x_input`], with each copy's own embeddings.
    GradXInput,
    /// [`integrated_gradients`] from this baseline to each copy, in so many steps.
    IntegratedGradients(Input, usize),
}

/// How the copies are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// How many copies.
    pub samples: usize,
    /// The standard deviation as a share of the greatest embedding entry less the least.
    pub share: f64,
    /// What the random numbers begin with.
    pub seed: u64,
}

impl Default for Noise {
    fn default() -> Self {
        Self { samples: SAMPLES, share: SHARE, seed: 0 }
    }
}

/// Numbers that were drawn, and how sure they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// One number for each token, or each unit.
    pub values: Vec<f64>,
    /// The standard error of each; infinite where one sample says nothing of it.
    pub standard_errors: Vec<f64>,
}

/// The mean over `samples` noisy copies x + σ·n of a base method (Smilkov et al. 2017; Captum's `NoiseTunnel`, which takes σ
/// itself). Noise is drawn from `seed` for all copies of the encoder's text first, where there is one.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn smoothgrad(case: &Case<'_>, base: &Base, noise: Noise) -> Result<Sampled, ExplainError> {
    let mut random = Random::new(noise.seed, NOISE);
    let samples = noise.samples.max(1);
    let mut spreads = Vec::with_capacity(2);
    for side in sides(case.input) {
        // Here rather than on the device: two more reductions would be a hundredth of the page's download.
        let [entries] = read([side.clone()]).await?;
        let greatest = entries.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        spreads.push(greatest - entries.iter().copied().fold(f64::INFINITY, f64::min));
    }
    let mut spreads = spreads.into_iter();
    let copies = each(case.input, |side, _| {
        let [_, tokens, width] = side.dims();
        let sigma = noise.share * spreads.next().unwrap_or(0.0);
        let drawn = random.normal(samples * tokens * width).into_iter().map(|number| number * sigma);
        side.clone() + tensor(drawn, [samples, tokens, width], side)
    });
    let narrowed =
        |range: std::ops::Range<usize>| each(&copies, |side, _| side.clone().narrow(0, range.start, range.len()));
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(samples);
    let mut doubling = Doubling::from(1);
    if let Base::IntegratedGradients(baseline, steps) = base {
        for sample in 0..samples {
            let copy = narrowed(sample..sample + 1);
            let pulse = Part::new(case.pulse, sample, samples, 1);
            let once = Case { input: &copy, pulse: &pulse, estimates: None, ..*case };
            rows.push(integrated_gradients(&once, baseline, *steps).await?.values);
            if doubling.is_at(rows.len()) {
                case.estimate(rows.len(), samples, || Some(mean(&rows).values));
            }
        }
    } else {
        for (range, part) in case.batches(samples, 2) {
            let count = range.len();
            let copy = narrowed(range);
            let (_, gradients) = case.gradients(copy.clone(), Summing::Whole, &part).await?;
            let gradient = Input { embeddings: gradients.embeddings, source: gradients.source, types: Vec::new() };
            let reduced = zip(&copy, &gradient, |x, gradient| {
                let values = match base {
                    Base::Saliency => saliency(gradient.clone()),
                    _ => grad_x_input(x.clone(), gradient.clone()),
                };
                values.unsqueeze_dim(2)
            });
            let mut here = vec![Vec::new(); count];
            for side in sides(&reduced) {
                let tokens = side.dims()[1];
                let [values] = read([side.clone()]).await?;
                for (row, values) in here.iter_mut().zip(values.chunks_exact(tokens.max(1))) {
                    row.extend_from_slice(values);
                }
            }
            rows.extend(here);
            if doubling.is_at(rows.len()) {
                case.estimate(rows.len(), samples, || Some(mean(&rows).values));
            }
        }
    }
    Ok(mean(&rows))
}

/// The mean of rows, and its standard error.
fn mean(rows: &[Vec<f64>]) -> Sampled {
    let count = rows.len() as f64;
    let tokens = rows.first().map_or(0, Vec::len);
    let column = |token: usize| rows.iter().filter_map(move |row| row.get(token).copied());
    let values: Vec<f64> = (0..tokens).map(|token| column(token).sum::<f64>() / count).collect();
    let spread = |(token, mean): (usize, &f64)| {
        let squares: f64 = column(token).map(|value| (value - mean).powi(2)).sum();
        if rows.len() < 2 { f64::INFINITY } else { (squares / (count - 1.0) / count).sqrt() }
    };
    let standard_errors = values.iter().enumerate().map(spread).collect();
    Sampled { values, standard_errors }
}
