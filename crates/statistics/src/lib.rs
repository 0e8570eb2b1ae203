//! Figures of lists of numbers: how alike two rankings are ([`rank`]), how sure a mean is ([`interval`]), and how far a
//! ranking agrees with what a person marked ([`mod@plausibility`]).
//!
//! The room knows nothing of models or texts. It is downloaded with the page, so it counts instead of sorting: lists have as
//! many numbers as a text has tokens. What is undefined is `None`, and so is what has entries that are not numbers.

pub mod interval;
pub mod plausibility;
pub mod rank;

pub use interval::{Mean, mean_and_interval};
pub use plausibility::{Plausibility, auprc, plausibility};
pub use rank::{kendall_tau_b, positives, ranked, spearman, top_overlap};
