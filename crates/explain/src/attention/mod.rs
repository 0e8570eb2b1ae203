//! Figures of attention maps.

pub(crate) mod joint;
mod square;
mod summary;

pub use square::Square;
pub use summary::{Summary, summarise};
