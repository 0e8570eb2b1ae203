//! Every command a person needs, as a library so that its parts have tests.

pub mod catalogue;
pub mod error;
pub mod hash;
pub mod models;
pub mod paths;
pub mod process;
pub mod say;

pub use error::{Error, Result};
pub use paths::Paths;
