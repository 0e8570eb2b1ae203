//! A text as a game: what the target is when only some of its units are there.

use std::collections::BTreeMap;

use headlight_models::{Input, Pulse};

use crate::ExplainError;
use crate::attribution::baseline::{replaced, token};
use crate::case::{Case, Doubling, Part, lost};

/// Into how many parts a sample is cut whose estimates are heard.
const PARTS: usize = 16;

/// The units of a text, each a list of tokens in the order of a case's values, and the target's value for any of their
/// coalitions: tokens of units that are not there have a token such as `[MASK]` in their place, and tokens of no unit, such
/// as special ones, always stay. Values are remembered, for samplers ask for the same ones again.
#[derive(Debug)]
pub struct Game<'a> {
    case: &'a Case<'a>,
    units: &'a [Vec<usize>],
    instead: Input,
    known: BTreeMap<Vec<bool>, f64>,
}

impl<'a> Game<'a> {
    /// The game of `units`, with the vocabulary's entry `by` in the place of what is not there.
    #[must_use]
    pub fn new(case: &'a Case<'a>, units: &'a [Vec<usize>], by: u32) -> Self {
        Self { case, units, instead: token(case, by), known: BTreeMap::new() }
    }

    /// How many units there are.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// How many coalitions the model has been asked about.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.known.len()
    }

    /// The target's value for each coalition: `coalitions[i][u]` says whether unit u is there.
    ///
    /// # Errors
    /// [`ExplainError`] where a run fails or was cancelled.
    pub async fn values(&mut self, coalitions: &[Vec<bool>]) -> Result<Vec<f64>, ExplainError> {
        self.part(coalitions, self.case.pulse).await
    }

    /// As [`Game::values`], for coalitions that are a sample: after a sixteenth, an eighth, a quarter and half of them
    /// `estimate` makes values of the units from what there is, for whoever hears of estimates.
    ///
    /// # Errors
    /// As [`Game::values`].
    pub async fn sampled(
        &mut self,
        coalitions: &[Vec<bool>],
        estimate: impl Fn(&[f64]) -> Option<Vec<f64>>,
    ) -> Result<Vec<f64>, ExplainError> {
        let case = self.case;
        if case.estimates.is_none() {
            return self.values(coalitions).await;
        }
        let mut values = Vec::with_capacity(coalitions.len());
        let mut doubling = Doubling::from(1);
        for part in 0..PARTS {
            let begins = |part: usize| part * coalitions.len() / PARTS;
            let some = coalitions.get(begins(part)..begins(part + 1)).unwrap_or_default();
            values.extend(self.part(some, &Part::new(case.pulse, part, PARTS, 1)).await?);
            let done = part + 1;
            if doubling.is_at(done) {
                case.estimate(done, PARTS, || estimate(&values));
            }
        }
        Ok(values)
    }

    /// Says what units are worth after `done` of `total` pieces of work.
    pub(crate) fn estimate(&self, done: usize, total: usize, values: impl FnOnce() -> Option<Vec<f64>>) {
        self.case.estimate(done, total, values);
    }

    async fn part(&mut self, coalitions: &[Vec<bool>], pulse: &dyn Pulse) -> Result<Vec<f64>, ExplainError> {
        let mut missing: Vec<&Vec<bool>> =
            coalitions.iter().filter(|coalition| !self.known.contains_key(*coalition)).collect();
        missing.sort_unstable();
        missing.dedup();
        let case = Case { pulse, ..*self.case };
        for (range, part) in case.batches(missing.len(), 1) {
            let some = missing.get(range).unwrap_or_default();
            let kept: Vec<Vec<bool>> = some.iter().map(|coalition| self.tokens(coalition)).collect();
            let found = self.case.values(replaced(self.case.input, &self.instead, &kept), &part).await?;
            self.known.extend(some.iter().map(|coalition| (*coalition).clone()).zip(found));
        }
        let value = |coalition| self.known.get(coalition).copied().ok_or_else(lost);
        coalitions.iter().map(value).collect()
    }

    /// The target with nothing there, and with everything.
    ///
    /// # Errors
    /// As [`Game::values`].
    pub async fn ends(&mut self) -> Result<[f64; 2], ExplainError> {
        let units = self.units();
        let found = self.values(&[vec![false; units], vec![true; units]]).await?;
        <[f64; 2]>::try_from(found).map_err(|_| lost())
    }

    /// Which tokens a coalition keeps.
    fn tokens(&self, coalition: &[bool]) -> Vec<bool> {
        let mut kept = vec![true; self.case.tokens()];
        for (unit, _) in self.units.iter().zip(coalition).filter(|(_, there)| !**there) {
            for token in unit {
                if let Some(place) = kept.get_mut(*token) {
                    *place = false;
                }
            }
        }
        kept
    }
}
