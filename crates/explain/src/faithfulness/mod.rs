//! How far an explanation can be trusted: whether the model itself does what the explanation says.
//!
//! All but [`sensitivity_max`] ask about texts with a part left out, and all of these read the *probability* of the target,
//! whatever was explained, without the foil ([`Target::as_probability`](crate::Target::as_probability)). They rank *units*: a
//! token each, or groups of them; special tokens are in no unit and always stay. There are two ways to leave a unit out. *By
//! mask*, a [`Game`](crate::Game) over a case with that target: a token such as `[MASK]` stands in its place. *By removal*, a
//! [`Removal`](crate::Removal): the other tokens close up. Masked texts are unlike what a model was trained on, shortened ones say other
//! things; where the two disagree, neither should be leant on.
//!
//! ```ignore
//! let target = case.target.as_probability();
//! let case = Case { target: &target, ..case };
//! let mut game = Game::new(&case, &units, mask);
//! let random = random_orders(&mut game, ORDERS, seed).await?; // once a text
//! let found = curves(&mut game, &scores).await?;              // for each method
//! let better = random.better_than(&found);
//! ```
//!
//! Values are remembered, so that what several measures or methods ask for is asked once. Scores and probabilities are those
//! of one text: a measure is as uncertain as one text is, and says nothing of others.

mod curves;
mod erasure;
mod random_orders;
mod sensitivity;
mod tau_loo;

pub use curves::{Curve, Curves, curves};
pub use erasure::{Erasure, erasure, erasure_by_removal, rationales};
pub use random_orders::{Band, Better, ORDERS, RandomOrders, random_orders};
pub use sensitivity::{Perturbation, RADIUS, SAMPLES as PERTURBATIONS, sensitivity_max};
pub use tau_loo::{tau_loo, tau_loo_by_removal};

use crate::ExplainError;

/// A coalition of `units` in which those at `places` are there, or all others.
fn coalition(units: usize, places: &[usize], are_there: bool) -> Vec<bool> {
    let mut coalition = vec![!are_there; units];
    for place in places {
        if let Some(there) = coalition.get_mut(*place) {
            *there = are_there;
        }
    }
    coalition
}

/// Whether there is one score for each unit.
fn check(scores: &[f64], units: usize) -> Result<(), ExplainError> {
    if scores.len() == units { Ok(()) } else { Err(ExplainError::OtherUnits { scores: scores.len(), units }) }
}
