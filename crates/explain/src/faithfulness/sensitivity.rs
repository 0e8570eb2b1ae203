//! How much an explanation moves when the text's embeddings hardly do.

use headlight_models::{Input, Pulse};

use crate::ExplainError;
use crate::case::{Case, Part, each, sides, tensor};
use crate::random::Random;

/// How far an entry of an embedding is moved at most, where nobody says otherwise (Captum).
pub const RADIUS: f64 = 0.02;

/// Copies, where nobody says otherwise (Captum).
pub const SAMPLES: usize = 10;

/// What [`Random`]'s sequence is for.
const PERTURBED: u64 = 14;

/// How the copies are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perturbation {
    /// How far an entry of an embedding is moved at most.
    pub radius: f64,
    /// How many copies.
    pub samples: usize,
    /// What the random numbers begin with.
    pub seed: u64,
}

impl Default for Perturbation {
    fn default() -> Self {
        Self { radius: RADIUS, samples: SAMPLES, seed: 0 }
    }
}

/// The greatest ‖E(x+δ) − E(x)‖₂/‖E(x)‖₂ over `samples` δ, each entry uniform in ±`radius` (Yeh et al. 2019; Captum's
/// `sensitivity_max`). E is the method's values, one a token or a unit: `explained` has E(x), and `explain` works them out for
/// one copy after the other, telling the pulse that it is given. Nought is steady; there is no upper bound. None where E(x) is
/// nought throughout. δ is drawn from `seed` for all copies of the encoder's text first, where there is one.
///
/// # Errors
/// [`ExplainError::OtherUnits`] where `explain` gives more or fewer values than `explained` has, else its own.
pub async fn sensitivity_max(
    case: &Case<'_>,
    explained: &[f64],
    Perturbation { radius, samples, seed }: Perturbation,
    explain: impl AsyncFn(Input, &dyn Pulse) -> Result<Vec<f64>, ExplainError>,
) -> Result<Option<f64>, ExplainError> {
    let mut random = Random::new(seed, PERTURBED);
    // Before anything runs: a side's numbers come one after the other for all copies.
    let drawn: Vec<Vec<f64>> = sides(case.input)
        .map(|side| {
            let [_, tokens, width] = side.dims();
            (0..samples * tokens * width).map(|_| (2.0 * random.unit() - 1.0) * radius).collect()
        })
        .collect();
    let length = norm(explained.iter().copied());
    let mut greatest = 0.0_f64;
    for sample in 0..samples {
        let mut drawn = drawn.iter();
        let copy = each(case.input, |side, _| {
            let [_, tokens, width] = side.dims();
            let here = drawn.next().and_then(|drawn| drawn.chunks_exact((tokens * width).max(1)).nth(sample));
            side.clone() + tensor(here.unwrap_or_default().iter().copied(), [1, tokens, width], side)
        });
        let pulse = Part::new(case.pulse, sample, samples, 2);
        let found = explain(copy, &pulse).await?;
        if found.len() != explained.len() {
            return Err(ExplainError::OtherUnits { scores: found.len(), units: explained.len() });
        }
        greatest = greatest.max(norm(found.iter().zip(explained).map(|(found, before)| found - before)));
    }
    Ok((length > 0.0).then(|| greatest / length))
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}
