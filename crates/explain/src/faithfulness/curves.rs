//! Deletion and insertion: what becomes of the target as tokens go, or come back, in the order of an explanation.

use headlight_statistics::ranked;

use super::{check, coalition};
use crate::ExplainError;
use crate::game::Game;

/// The target against how many units were left out, or put back.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// After k units, k = 0 … d: `[d + 1]`, in units of the target.
    pub values: Vec<f64>,
    /// The curve's mean height, the mean of its d trapezoids: in units of the target.
    pub area: f64,
}

impl Curve {
    fn new(values: Vec<f64>) -> Self {
        let trapezoids: f64 = values.iter().zip(values.iter().skip(1)).map(|(from, to)| (from + to) / 2.0).sum();
        let area = match values.as_slice() {
            // Without steps it is a point, as high as it is.
            [] => 0.0,
            [alone] => *alone,
            _ => trapezoids / (values.len() - 1) as f64,
        };
        Self { values, area }
    }
}

/// Both curves of one order.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// The units by score, greatest first, the earlier of equal ones first: `[d]`.
    pub order: Vec<usize>,
    /// With the first k units of the order left out. An explanation that finds what the target rests on makes it fall at
    /// once, so a smaller area is better.
    pub deletion: Curve,
    /// With all but the first k units left out. A greater area is better.
    pub insertion: Curve,
}

/// Leaves units out by mask, the greatest score first, and puts them back into a text without any in the same order (Samek et
/// al. 2017; Petsiuk et al. 2018, RISE; in steps of one unit). Scores are signed, one a unit; equal ones go in the order of
/// the text. An area means little by itself: hold it against [`random_orders`](super::random_orders).
///
/// # Errors
/// [`ExplainError::OtherUnits`] where there is not one score for each unit; [`ExplainError`] where a run fails or was
/// cancelled.
pub async fn curves(game: &mut Game<'_>, scores: &[f64]) -> Result<Curves, ExplainError> {
    check(scores, game.units())?;
    along(game, vec![ranked(scores)]).await?.pop().ok_or_else(crate::case::lost)
}

/// The curves of several orders, all asked about together.
pub(super) async fn along(game: &mut Game<'_>, orders: Vec<Vec<usize>>) -> Result<Vec<Curves>, ExplainError> {
    let coalitions: Vec<Vec<bool>> = orders.iter().flat_map(|order| coalitions(order)).collect();
    let mut values = game.values(&coalitions).await?.into_iter();
    let curves = |order: Vec<usize>| {
        let points = order.len() + 1;
        let mut next = || Curve::new(values.by_ref().take(points).collect());
        Curves { deletion: next(), insertion: next(), order }
    };
    Ok(orders.into_iter().map(curves).collect())
}

/// What the curves of an order ask about: those of deletion, then those of insertion.
fn coalitions(order: &[usize]) -> Vec<Vec<bool>> {
    let points = |are_there| {
        (0..=order.len()).map(move |count| coalition(order.len(), order.get(..count).unwrap_or_default(), are_there))
    };
    points(false).chain(points(true)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_the_mean_height() {
        assert_eq!(Curve::new(vec![1.0, 0.5, 0.0]).area, 0.5);
        assert_eq!(Curve::new(vec![0.7]).area, 0.7);
        assert_eq!(Curve::new(Vec::new()).area, 0.0);
    }

    #[test]
    fn an_order_goes_out_and_comes_back() {
        let [a, b] = [true, false];
        let out = [vec![a, a, a], vec![a, a, b], vec![b, a, b], vec![b, b, b]];
        let back = [vec![b, b, b], vec![b, b, a], vec![a, b, a], vec![a, a, a]];
        assert_eq!(coalitions(&[2, 0, 1]), [out, back].concat());
    }
}
