//! How a front end hears of work, and stops it.

use std::future::Future;
use std::pin::Pin;

use headlight_document::Attribution;
use headlight_document::message::Stage;
use headlight_models::pulse::{self, Beat, Pulse};
use thiserror::Error;

/// The work was given up, as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Cancelled.")]
pub struct Cancelled;

/// The answer to a report: go on, or stop.
pub type Pause<'a> = Pin<Box<dyn Future<Output = Result<(), Cancelled>> + 'a>>;

/// Hears of every step of long work.
pub trait Progress {
    /// `done` of `total` steps are behind. Work goes on when the returned future is ready, which is where a worker with
    /// one thread gets to hear of a cancellation.
    ///
    /// # Errors
    /// [`Cancelled`] where the work should stop.
    fn report(&self, stage: Stage, done: u64, total: Option<u64>) -> Pause<'_>;

    /// What is known of an answer's attributions before it is whole: those that are done, then one that says of which share
    /// of its work it comes.
    fn estimate(&self, _: Vec<Attribution>) {}

    /// Whether anybody hears of estimates: they cost a little.
    fn hears_estimates(&self) -> bool {
        false
    }
}

/// Hears nothing and never stops anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn report(&self, _: Stage, _: u64, _: Option<u64>) -> Pause<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Tells the time in milliseconds: `Instant` natively, `performance.now()` in a browser, where `Instant` panics.
pub type Clock = fn() -> f64;

/// Passes the beats of a model's work on to a front end.
pub(crate) struct Relay<'a>(pub &'a dyn Progress);

impl Pulse for Relay<'_> {
    fn beat(&self, stage: pulse::Stage, done: usize, total: usize) -> Beat<'_> {
        let stage = match stage {
            pulse::Stage::Unpack => Stage::Unpack,
            pulse::Stage::Forward => Stage::Forward,
            pulse::Stage::Backward => Stage::Backward,
            pulse::Stage::Attribute => Stage::Attribute,
        };
        let report = self.0.report(stage, done as u64, Some(total as u64));
        Box::pin(async move { report.await.map_err(|Cancelled| headlight_models::Cancelled) })
    }
}
