//! Low-rank adapters for the registered models, trained natively with burn's own autodiff and optimizer.
//!
//! [`sentiment`] is the one recipe there is: MiniLM reads snippets of film reviews and learns whether they praise. The
//! parts know nothing of each other's files: [`snippets`] reads the data, [`batches`] lays it out, [`adapter`] holds what
//! is learnt, [`step`] computes losses and gradients, [`curve`] draws how it went.

pub mod adapter;
pub mod batches;
pub mod curve;
pub mod error;
pub mod file;
pub mod sentiment;
pub mod snippets;
pub mod step;

pub use error::Error;
