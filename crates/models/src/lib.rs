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
mod causal;
mod changes;
mod config;
pub mod continuation;
pub mod decode;
#[cfg(feature = "gpu")]
mod device;
pub mod distilbert;
pub mod electra;
mod encoder_heads;
pub mod error;
pub mod gpt2;
pub mod gpt_neox;
pub mod head;
pub mod hook;
mod linear;
pub mod llama;
mod loader;
mod low_rank;
pub mod marian;
mod marian_config;
pub mod marian_stack;
mod norm;
mod past;
mod postnorm;
pub mod pulse;
pub mod registry;
mod relative;
pub mod roberta;
mod rotary;
pub mod run;
pub mod sampling;
pub mod seq2seq;
pub mod ssru;
pub mod t5;
mod table;
pub mod tiny;
pub mod tiny_packed;
mod transformer;
mod writer;

pub use batch::{Batch, Input, Layout};
pub use changes::Changes;
pub use config::Config;
pub use error::ModelError;
pub use head::{Head, LabelHead, LabelKind, Pooling, Problem, VocabularyHead};
pub use headlight_host::Summing;
pub use hook::{Capture, Captures, Hook, Point, Side};
pub use linear::Linear;
pub use low_rank::{LowRank, Product};
pub use past::Past;
pub use postnorm::PostNormEncoder;
pub use pulse::{Cancelled, Pulse, Silent, Stage};
pub use registry::open;
pub use run::{Gradients, Run, RunError, Tracked};
pub use table::Table;
pub use transformer::{Architecture, Frame, Generation, Stack, Transformer};
pub use writer::{Norm, Writer};
