//! Texts with units taken out, the other tokens closing up.

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor};
use headlight_models::Input;

use crate::ExplainError;
use crate::case::{Case, Part, each, lost};

/// As a [`Game`](crate::Game), but that units which are not there are taken out instead of replaced. Values are remembered.
#[derive(Debug)]
pub struct Removal<'a> {
    case: &'a Case<'a>,
    units: &'a [Vec<usize>],
    /// No number stands for what cannot be read: the map is the same as a game's, and its code is downloaded once.
    known: BTreeMap<Vec<bool>, f64>,
}

impl<'a> Removal<'a> {
    /// The texts of a case with units taken out. Each unit is a list of tokens, in the order of a case's values.
    #[must_use]
    pub fn new(case: &'a Case<'a>, units: &'a [Vec<usize>]) -> Self {
        Self { case, units, known: BTreeMap::new() }
    }

    /// How many units there are.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// How many texts the model has been asked about.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.known.values().filter(|value| !value.is_nan()).count()
    }

    /// The target's value for each coalition: `coalitions[i][u]` says whether unit u is there. None where nothing is left to
    /// read (of either text, for a model with an encoder besides), or the target cannot be read without what is gone; what
    /// follows a causal model's text is read at whichever token is the last one then.
    ///
    /// # Errors
    /// [`ExplainError`] where a run fails or was cancelled.
    pub async fn values(&mut self, coalitions: &[Vec<bool>]) -> Result<Vec<Option<f64>>, ExplainError> {
        let mut missing: Vec<&Vec<bool>> =
            coalitions.iter().filter(|coalition| !self.known.contains_key(*coalition)).collect();
        missing.sort_unstable();
        missing.dedup();
        // Texts that run together are as long, have the same types, and are read at the same tokens.
        let mut groups: Vec<(Shape, Vec<Text<'_>>)> = Vec::new();
        for coalition in missing {
            let Some((shape, kept)) = self.left(coalition) else {
                self.known.insert(coalition.clone(), f64::NAN);
                continue;
            };
            let text = Text { coalition, kept };
            match groups.iter_mut().find(|(known, _)| *known == shape) {
                Some((_, texts)) => texts.push(text),
                None => groups.push((shape, vec![text])),
            }
        }
        let most = self.case.most.max(1);
        let runs = groups.iter().map(|(_, texts)| texts.len().div_ceil(most)).sum();
        let mut index = 0;
        for (shape, texts) in &groups {
            let target = match shape.places {
                Some((first, last)) => self.case.target.clone().at(first, last),
                None => self.case.target.clone(),
            };
            for texts in texts.chunks(most) {
                let input = Input {
                    types: shape.types.clone(),
                    ..each(self.case.input, |side, start| {
                        let is_source = self.case.input.source.is_some() && start == 0;
                        let kept = |text: &Text<'_>| {
                            let [source, own] = &text.kept;
                            if is_source { source.clone() } else { own.clone() }
                        };
                        select(side, texts.iter().map(kept).collect())
                    })
                };
                let pulse = Part::new(self.case.pulse, index, runs, 1);
                let values = self.case.values_of(&target, input, &pulse).await?;
                self.known.extend(texts.iter().map(|text| text.coalition.clone()).zip(values));
                index += 1;
            }
        }
        let value = |coalition| self.known.get(coalition).copied().ok_or_else(lost);
        let readable = |value: f64| (!value.is_nan()).then_some(value);
        coalitions.iter().map(|coalition| value(coalition).map(readable)).collect()
    }

    /// What a coalition leaves of the encoder's text and of the model's own, as tokens counted in each, where the target can be
    /// read of it.
    fn left(&self, coalition: &[bool]) -> Option<(Shape, [Vec<usize>; 2])> {
        let Case { input, model, target, .. } = self.case;
        let before = input.source.as_ref().map_or(0, |source| source.dims()[1]);
        let tokens = self.case.tokens();
        let own = tokens - before;
        let mut is_kept = vec![true; tokens];
        for (unit, _) in self.units.iter().zip(coalition).filter(|(_, there)| !**there) {
            for token in unit {
                if let Some(kept) = is_kept.get_mut(*token) {
                    *kept = false;
                }
            }
        }
        let kept = |from: usize, count: usize| -> Vec<usize> {
            (0..count).filter(|token| is_kept.get(from + token) == Some(&true)).collect()
        };
        let (source, left) = (kept(0, before), kept(before, own));
        if left.is_empty() || before > 0 && source.is_empty() {
            return None;
        }
        let is_causal = model.architecture().causal;
        let moved = |place: usize| match left.iter().position(|token| *token == place) {
            None if is_causal && place + 1 == own => Some(left.len() - 1),
            found => found,
        };
        let places = match target.places() {
            Some((first, last)) => Some((moved(first)?, moved(last)?)),
            None => None,
        };
        let types = left.iter().filter_map(|token| input.types.get(*token).copied()).collect();
        Some((Shape { tokens: [source.len(), left.len()], places, types }, [source, left]))
    }
}

/// What texts that run together have in common.
#[derive(PartialEq)]
struct Shape {
    /// Tokens of the encoder's text, and the model's own.
    tokens: [usize; 2],
    /// Where the first and the last token that the target is read at are.
    places: Option<(usize, usize)>,
    types: Vec<u32>,
}

/// A text that is asked about: the tokens that are left of the encoder's, and of the model's own.
struct Text<'a> {
    coalition: &'a Vec<bool>,
    kept: [Vec<usize>; 2],
}

/// A side (`[1, token, width]`) once for each list of tokens, with those alone.
fn select(side: &Tensor<3>, kept: Vec<Vec<usize>>) -> Tensor<3> {
    let [_, tokens, width] = side.dims();
    let texts = kept.len();
    let rows: Vec<i64> = kept.into_iter().flatten().map(|token| token as i64).collect();
    let left = rows.len() / texts.max(1);
    let rows = Tensor::<1, Int>::from_ints(rows.as_slice(), &side.device());
    side.clone().reshape([tokens, width]).select(0, rows).reshape([texts, left, width])
}
