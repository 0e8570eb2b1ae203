//! Figures of attention maps.

mod summary;

pub use summary::{Summary, summarise};
