//! Comprehensiveness and sufficiency: whether the target needs the tokens that rank first, and whether they are enough.

use headlight_statistics::positives;

use super::random_orders::mean;
use super::{check, coalition};
use crate::ExplainError;
use crate::game::Game;
use crate::removal::Removal;

/// Both measures for each tenth of a ranking's rationale, in units of the target; the lists are equally long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Erasure {
    /// The tenths that stay, of 1 … 10.
    pub tenths: Vec<usize>,
    /// How many units the rationale of each has.
    pub sizes: Vec<usize>,
    /// p(x) − p(x without the rationale): greater is better. None where the rest cannot be read.
    pub comprehensiveness: Vec<Option<f64>>,
    /// p(x) − p(the rationale alone): smaller is better. None where the rationale cannot be read by itself.
    pub sufficiency: Vec<Option<f64>>,
    /// The mean of what there is of [`Erasure::comprehensiveness`]. None of nothing, as where no score is positive.
    pub aopc_comprehensiveness: Option<f64>,
    /// The mean of what there is of [`Erasure::sufficiency`].
    pub aopc_sufficiency: Option<f64>,
}

/// Comprehensiveness, sufficiency (DeYoung et al. 2020, ERASER) and the means of both over tenths, by mask. Tenths and
/// rationales are those of ferret (Attanasio et al. 2023), whose masked sufficiency however masks the rationale and not the
/// rest. `scores` are signed, one a unit; what is masked and kept is told from special tokens by the game's units.
///
/// # Errors
/// [`ExplainError::OtherUnits`] where there is not one score for each unit; [`ExplainError`] where a run fails or was
/// cancelled.
pub async fn erasure(game: &mut Game<'_>, scores: &[f64]) -> Result<Erasure, ExplainError> {
    check(scores, game.units())?;
    let rationales = rationales(scores);
    let values = game.values(&coalitions(scores.len(), &rationales)).await?;
    Ok(gathered(rationales, values.into_iter().map(Some)))
}

/// The same by removal.
///
/// # Errors
/// As [`erasure`].
pub async fn erasure_by_removal(texts: &mut Removal<'_>, scores: &[f64]) -> Result<Erasure, ExplainError> {
    check(scores, texts.units())?;
    let rationales = rationales(scores);
    let values = texts.values(&coalitions(scores.len(), &rationales)).await?;
    Ok(gathered(rationales, values.into_iter()))
}

/// The rationale of each tenth t = 1 … 10: the ⌊t·d/10⌋ greatest scores that are positive, greatest first, the earlier of equal
/// ones first. Tenths whose rationale is empty, or that of the tenth before, are left out.
#[must_use]
pub fn rationales(scores: &[f64]) -> Vec<(usize, Vec<usize>)> {
    let top = positives(scores, scores.len());
    let cut = |(tenth, size): (usize, usize)| (tenth, top.get(..size).unwrap_or_default().to_vec());
    sizes(scores.len(), top.len()).into_iter().map(cut).collect()
}

/// The tenths that stay and the sizes of their rationales, where so many of the units have a positive score.
pub(super) fn sizes(units: usize, positive: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::with_capacity(10);
    for tenth in 1..=10 {
        let size = (tenth * units / 10).min(positive);
        if size > found.last().map_or(0, |(_, size)| *size) {
            found.push((tenth, size));
        }
    }
    found
}

/// The whole text, then for each rationale what is left without it, and it alone.
fn coalitions(units: usize, rationales: &[(usize, Vec<usize>)]) -> Vec<Vec<bool>> {
    let both = |(_, places): &(usize, Vec<usize>)| [false, true].map(|alone| coalition(units, places, alone));
    std::iter::once(vec![true; units]).chain(rationales.iter().flat_map(both)).collect()
}

fn gathered(rationales: Vec<(usize, Vec<usize>)>, mut values: impl Iterator<Item = Option<f64>>) -> Erasure {
    let mut found = Erasure::default();
    let full = values.next().flatten();
    let mut lost = || Some(full? - values.next()??);
    for (tenth, places) in rationales {
        found.tenths.push(tenth);
        found.sizes.push(places.len());
        found.comprehensiveness.push(lost());
        found.sufficiency.push(lost());
    }
    let aopc = |values: &[Option<f64>]| mean(values.iter().copied().flatten().collect());
    found.aopc_comprehensiveness = aopc(&found.comprehensiveness);
    found.aopc_sufficiency = aopc(&found.sufficiency);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rationale_has_positive_scores_alone_and_comes_once() {
        let found = rationales(&[0.5, -1.0, 2.0, 0.0, 0.5]);
        assert_eq!(found, [(2, vec![2]), (4, vec![2, 0]), (6, vec![2, 0, 4])]);
        assert_eq!(rationales(&[-1.0, 0.0]), []);
        assert_eq!(rationales(&[]), []);
        let many: Vec<f64> = (1..=20).map(f64::from).collect();
        let sizes: Vec<usize> = rationales(&many).iter().map(|(_, places)| places.len()).collect();
        assert_eq!(sizes, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    }
}
