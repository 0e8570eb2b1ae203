//! What orders drawn at random do: an explanation that is no better must look so.

use super::curves::{Curve, Curves, along};
use super::erasure::sizes;
use crate::ExplainError;
use crate::game::Game;
use crate::random::Random;

/// The fewest orders that are drawn.
pub const ORDERS: usize = 20;

/// What [`Random`]'s sequence is for.
const DRAWN: u64 = 13;

/// The curves of random orders of a text's units. They know nothing of any method, so one set serves them all.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomOrders {
    /// The orders, `[orders][d]`.
    pub orders: Vec<Vec<usize>>,
    /// Their deletion curves.
    pub deletion: Band,
    /// Their insertion curves.
    pub insertion: Band,
    /// The mean over the orders of the AOPC of comprehensiveness that each has as a ranking, by mask. None without units.
    pub aopc_comprehensiveness: Option<f64>,
    /// The same of sufficiency.
    pub aopc_sufficiency: Option<f64>,
}

/// Several curves together. Each list but the last has d + 1 numbers, in units of the target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// The least at each point.
    pub least: Vec<f64>,
    /// The mean at each point.
    pub mean: Vec<f64>,
    /// The greatest at each point.
    pub greatest: Vec<f64>,
    /// Each curve's area, in the order of [`RandomOrders::orders`].
    pub areas: Vec<f64>,
}

/// The share of random orders, in [0, 1], that an explanation does better than. About a half is no better than chance; and what
/// is no better still beats all of twenty in one case of twenty-one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Better {
    /// Those whose deletion curve has a greater area.
    pub deletion: f64,
    /// Those whose insertion curve has a smaller area.
    pub insertion: f64,
}

impl RandomOrders {
    /// Holds an explanation's curves on the same units against these. Orders of equal area are not beaten.
    #[must_use]
    pub fn better_than(&self, curves: &Curves) -> Better {
        let share = |areas: &[f64], is_beaten: &dyn Fn(f64) -> bool| {
            areas.iter().filter(|area| is_beaten(**area)).count() as f64 / areas.len().max(1) as f64
        };
        Better {
            deletion: share(&self.deletion.areas, &|area| curves.deletion.area < area),
            insertion: share(&self.insertion.areas, &|area| curves.insertion.area > area),
        }
    }
}

/// Draws at least [`ORDERS`] orders of the game's units from `seed`, and their curves as of [`curves`](super::curves()). Orders
/// may come twice: few units have few.
///
/// # Errors
/// [`ExplainError`] where a run fails or was cancelled.
pub async fn random_orders(game: &mut Game<'_>, orders: usize, seed: u64) -> Result<RandomOrders, ExplainError> {
    let units = game.units();
    let found = along(game, drawn(units, orders, seed)).await?;
    let sizes = sizes(units, units);
    // The rationale of a size is the first units of the order: what is left without them, and they alone, lie on the curves.
    let aopc = |curve: &dyn Fn(&Curves) -> &Curve| {
        let lost = |curve: &Curve| {
            let full = found.first().and_then(|curves| curves.deletion.values.first())?;
            let losses = sizes.iter().map(|(_, size)| curve.values.get(*size).map(|value| full - value));
            mean(losses.collect::<Option<Vec<_>>>()?)
        };
        mean(found.iter().map(|curves| lost(curve(curves))).collect::<Option<Vec<_>>>()?)
    };
    let (aopc_comprehensiveness, aopc_sufficiency) =
        (aopc(&|curves| &curves.deletion), aopc(&|curves| &curves.insertion));
    Ok(RandomOrders {
        deletion: band(units + 1, found.iter().map(|curves| &curves.deletion)),
        insertion: band(units + 1, found.iter().map(|curves| &curves.insertion)),
        orders: found.into_iter().map(|curves| curves.order).collect(),
        aopc_comprehensiveness,
        aopc_sufficiency,
    })
}

/// The orders that a seed stands for: each shuffled afresh from the places 0 … d − 1, one after the other.
fn drawn(units: usize, orders: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = Random::new(seed, DRAWN);
    let order = |_| {
        let mut order: Vec<usize> = (0..units).collect();
        random.shuffle(&mut order);
        order
    };
    (0..orders.max(ORDERS)).map(order).collect()
}

fn band<'a>(points: usize, curves: impl Iterator<Item = &'a Curve>) -> Band {
    let mut band = Band {
        least: vec![f64::INFINITY; points],
        mean: vec![0.0; points],
        greatest: vec![f64::NEG_INFINITY; points],
        areas: Vec::new(),
    };
    for curve in curves {
        band.areas.push(curve.area);
        let bounds = band.least.iter_mut().zip(&mut band.greatest).zip(&mut band.mean);
        for (((least, greatest), mean), value) in bounds.zip(&curve.values) {
            (*least, *greatest) = (least.min(*value), greatest.max(*value));
            *mean += value;
        }
    }
    for mean in &mut band.mean {
        *mean /= band.areas.len() as f64;
    }
    band
}

/// The mean of what there is.
pub(super) fn mean(values: Vec<f64>) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
