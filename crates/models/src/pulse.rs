//! How long work tells where it is, lets other work go on, and learns that it should stop.

use std::future::Future;
use std::pin::Pin;

use thiserror::Error;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Weights are put onto the device, counted in tensors.
    Unpack,
    /// The model runs forward, counted in blocks.
    Forward,
    /// The model runs backward, counted in blocks.
    Backward,
    /// A method runs the model many times, counted in blocks over all runs.
    Attribute,
}

/// The work was given up, as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("The work was cancelled.")]
pub struct Cancelled;

/// The answer to a beat: go on, or stop.
pub type Beat<'a> = Pin<Box<dyn Future<Output = Result<(), Cancelled>> + 'a>>;

/// Hears of every step of long work.
///
/// In a browser the worker has one thread, so messages, a cancellation among them, only arrive while the work waits:
/// [`Pulse::beat`] is where it does.
pub trait Pulse {
    /// `done` of `total` steps of `stage` are behind. Work goes on when the returned future is ready.
    ///
    /// # Errors
    /// [`Cancelled`] where the work should stop.
    fn beat(&self, stage: Stage, done: usize, total: usize) -> Beat<'_>;
}

/// Hears nothing and never stops anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Pulse for Silent {
    fn beat(&self, _: Stage, _: usize, _: usize) -> Beat<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}
