//! Plausibility: how far the tokens that a method ranks first are those that a person marked (DeYoung et al. 2020, ERASER;
//! Attanasio et al. 2023, ferret). It says whether an explanation looks right to people, not whether it is faithful.

use crate::rank::{are_numbers, positives, ranked};

/// Scores against marks. All are in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plausibility {
    /// The share of the scores' rationale that is marked; 0 where it is empty.
    pub precision: f64,
    /// The share of what is marked that the scores' rationale has.
    pub recall: f64,
    /// The harmonic mean of both; 0 where nothing is shared.
    pub f1: f64,
    /// What both have over what either has.
    pub iou: f64,
    /// The area under the curve of precision over recall ([`auprc`]).
    pub auprc: f64,
}

/// Holds `scores` against `marked` (the same length). The scores' rationale is as many of the greatest as are marked, those
/// that are positive, the earlier of equal ones first. None where nothing is marked, lengths differ, or a score is no number.
#[must_use]
pub fn plausibility(scores: &[f64], marked: &[bool]) -> Option<Plausibility> {
    let auprc = auprc(scores, marked)?;
    let size = marked.iter().filter(|marked| **marked).count();
    let top = positives(scores, size);
    let shared = top.iter().filter(|place| marked.get(**place) == Some(&true)).count();
    let [shared, top, size] = [shared as f64, top.len() as f64, size as f64];
    let precision = if top > 0.0 { shared / top } else { 0.0 };
    let recall = shared / size;
    let f1 = if shared > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    Some(Plausibility { precision, recall, f1, iou: shared / (top + size - shared), auprc })
}

/// The area under the curve of precision over recall by trapezoids, negative scores counting as 0 (scikit-learn's
/// `precision_recall_curve` and `auc`): one point for each distinct score, of all that score at least as much, and the point
/// of no recall and precision 1. None as for [`plausibility`].
#[must_use]
pub fn auprc(scores: &[f64], marked: &[bool]) -> Option<f64> {
    let all = marked.iter().filter(|marked| **marked).count() as f64;
    if scores.len() != marked.len() || all == 0.0 || !are_numbers(scores) {
        return None;
    }
    let scores: Vec<f64> = scores.iter().map(|score| score.max(0.0)).collect();
    let order = ranked(&scores);
    let score = |index: usize| order.get(index).and_then(|place| scores.get(*place));
    let (mut area, mut found, mut recall, mut precision) = (0.0, 0.0, 0.0, 1.0);
    for (index, place) in order.iter().enumerate() {
        found += f64::from(u8::from(marked.get(*place) == Some(&true)));
        // Equal scores are one point.
        if score(index) != score(index + 1) {
            let (next_recall, next_precision) = (found / all, found / (index + 1) as f64);
            area += (next_recall - recall) * (next_precision + precision) / 2.0;
            (recall, precision) = (next_recall, next_precision);
        }
    }
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rationale_is_as_large_as_what_is_marked() {
        let found = plausibility(&[0.9, 0.8, -0.5, 0.1], &[true, false, true, false]).unwrap();
        assert_eq!((found.precision, found.recall, found.f1), (0.5, 0.5, 0.5));
        assert!((found.iou - 1.0 / 3.0).abs() < 1e-12);
        // Only one score is positive, so the rationale has one token.
        let found = plausibility(&[0.9, -0.8, -0.5, 0.0], &[true, false, true, false]).unwrap();
        assert_eq!((found.precision, found.recall, found.iou), (1.0, 0.5, 0.5));
        let nothing = plausibility(&[-1.0, 0.0], &[true, false]).unwrap();
        assert_eq!((nothing.precision, nothing.recall, nothing.f1, nothing.iou), (0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn the_area_is_scikit_learns() {
        // precision_recall_curve([0, 0, 1, 1], [.1, .4, .35, .8]): recall 0, .5, .5, 1, 1, precision 1, 1, .5, 2/3, .5.
        let found = auprc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        assert!((found - (0.5 + 0.5 * (0.5 + 2.0 / 3.0) / 2.0)).abs() < 1e-12);
        // All equal: one point, the share of what is marked.
        let flat = auprc(&[0.0, -1.0, -2.0, 0.0], &[true, false, false, false]).unwrap();
        assert!((flat - (1.0 + 0.25) / 2.0).abs() < 1e-12);
        assert!((auprc(&[2.0, 1.0], &[true, false]).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_marked_is_none() {
        assert_eq!(plausibility(&[1.0], &[false]), None);
        assert_eq!(plausibility(&[1.0], &[true, false]), None);
        assert_eq!(plausibility(&[], &[]), None);
        assert_eq!(plausibility(&[f64::NAN], &[true]), None);
    }
}
