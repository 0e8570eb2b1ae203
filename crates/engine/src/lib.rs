//! The engine behind the page and the command line: choose a [`Device`](device), open a [`Model`](model::Model), and
//! [`answer`](answer::answer) requests with progress and cancellation.
//!
//! The only room that front ends talk to. It speaks in documents, and knows neither the DOM nor a terminal.

pub mod answer;
mod attributions;
pub mod bench;
mod boxed;
mod changed;
pub mod device;
pub mod error;
mod faithfulness;
mod files;
mod generation;
mod heads;
pub mod maps;
mod methods;
pub mod model;
mod over_texts;
mod places;
pub mod probe;
pub mod progress;
mod reply;
mod results;
pub mod self_test;
mod tasks;
mod triangle;
mod untrained;

pub use answer::{answer, answer_and_hold};
pub use device::{Chosen, choose};
pub use error::EngineError;
pub use generation::generate;
pub use headlight_host::exponential;
pub use maps::Held;
pub use model::Model;
pub use progress::{Cancelled, Clock, Progress, Quiet};
pub use triangle::trace;
