//! How well values agree with the words that a person marked.
//!
//! The definitions are those of `tests/reference/README.md` ("plausibility"); ERASER's (DeYoung et al. 2020).

/// What a person's marks say of one method's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plausibility {
    /// Of as many greatest positive values as there are marks, the share that is marked, and of the marks the share that is
    /// among them: the harmonic mean of the two.
    pub f1: f64,
    /// The area under the curve of precision over recall, by trapezoids; what is negative counts as nought.
    pub auprc: f64,
}

/// Holds `values` against `marks`, of the same tokens; none where nothing is marked or everything is.
#[must_use]
pub fn plausibility(values: &[f64], marks: &[bool]) -> Option<Plausibility> {
    let wanted = marks.iter().filter(|&&mark| mark).count();
    if values.len() != marks.len() || wanted == 0 || wanted == marks.len() {
        return None;
    }
    let mut order: Vec<(f64, bool)> = values.iter().zip(marks).map(|(value, &mark)| (value.max(0.0), mark)).collect();
    // A stable order: of equal values the earlier token comes first.
    order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let chosen = order.iter().take(wanted).filter(|(value, _)| *value > 0.0);
    let (picked, hits) = chosen.fold((0, 0), |(picked, hits), (_, mark)| (picked + 1, hits + usize::from(*mark)));
    // 2PR/(P+R), with P = hits/picked and R = hits/wanted.
    let f1 = 2.0 * hits as f64 / (picked + wanted) as f64;

    let (mut auprc, mut hits, mut seen) = (0.0, 0, 0);
    let (mut recall, mut precision) = (0.0, 1.0);
    // Equal values are taken together: there is no threshold between them.
    for equal in order.chunk_by(|(a, _), (b, _)| a == b) {
        hits += equal.iter().filter(|(_, mark)| *mark).count();
        seen += equal.len();
        let (next, now) = (hits as f64 / wanted as f64, hits as f64 / seen as f64);
        auprc += (next - recall) * (now + precision) / 2.0;
        (recall, precision) = (next, now);
    }
    Some(Plausibility { f1, auprc })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_references() {
        // tests/golden/methods/sentiment/plain.json: precision ½, recall ⅓, since only two values are positive.
        let values = [
            -0.022_581_97,
            -0.039_570_45,
            -0.023_854_54,
            -0.047_346_71,
            0.033_611_84,
            0.043_627_29,
            -0.020_288_82,
            -0.010_979_63,
            -0.015_823_87,
        ];
        let marks: Vec<bool> = (0..9).map(|at| [0, 2, 5].contains(&at)).collect();
        let found = plausibility(&values, &marks).unwrap();
        assert!((found.f1 - 0.4).abs() < 1e-12 && (found.auprc - 0.611_111_1).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_ranking_that_agrees_is_perfect_and_nothing_is_said_without_a_choice() {
        let found = plausibility(&[3.0, 2.0, 1.0, -4.0], &[true, true, false, false]).unwrap();
        assert_eq!((found.f1, found.auprc), (1.0, 1.0));
        let none = plausibility(&[-1.0, -2.0], &[true, false]).unwrap();
        assert_eq!(none.f1, 0.0);
        assert_eq!(plausibility(&[1.0, 2.0], &[false, false]), None);
        assert_eq!(plausibility(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(plausibility(&[1.0], &[true, false]), None);
    }
}
