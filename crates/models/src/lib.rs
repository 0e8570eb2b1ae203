//! Transformer families on burn, and the run that captures.
//!
//! A family is one file: how it reads its configuration, what its weights are called, and what one of its blocks
//! computes, behind the trait [`Transformer`]. The [`run`] is the same for all: it takes embeddings with a leading batch
//! dimension, goes through the blocks, keeps what was asked for under the names of TransformerLens ([`Hook`]), and can be
//! taken back down again for gradients ([`run::Tracked`]).
//!
//! The room knows nothing of attribution, of files' formats, or of the browser.

pub mod activation;
mod attention;
mod batch;
pub mod bert;
mod config;
pub mod error;
pub mod exponential;
pub mod head;
pub mod hook;
mod host;
mod linear;
pub mod llama;
mod loader;
mod norm;
pub mod pulse;
pub mod registry;
pub mod run;
pub mod tiny;
mod transformer;

pub use batch::{Batch, Input, Layout};
pub use config::Config;
pub use error::ModelError;
pub use head::{Head, LabelHead, LabelKind, Pooling, Problem, VocabularyHead};
pub use hook::{Capture, Captures, Hook, Point, Side};
pub use pulse::{Cancelled, Pulse, Silent, Stage};
pub use registry::open;
pub use run::{Gradients, Run, RunError, Tracked};
pub use transformer::{Architecture, Frame, Generation, Stack, Transformer};
