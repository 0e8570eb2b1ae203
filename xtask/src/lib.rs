//! Every command a person needs, as a library so that its parts have tests.

pub mod bench;
pub mod dependencies;
pub mod error;
pub mod exports;
pub mod guide;
pub mod inputs;
pub mod models;
pub mod paths;
pub mod process;
pub mod reference;
pub mod say;
pub mod seal;
pub mod serve;
pub mod shrink;
pub mod site;
pub mod sizes;
pub mod snip;
pub mod study;
pub mod suite;
pub mod system;
pub mod toolchain;
pub mod tools;
pub mod train;
pub mod worker;

pub use error::{Error, Result};
pub use paths::Paths;
