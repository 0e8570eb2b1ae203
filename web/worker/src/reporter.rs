//! Progress, told to the page, and cancellation, heard from it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use headlight_document::Attribution;
use headlight_document::message::{Event, RequestId, Stage};
use headlight_engine::progress::Pause;
use headlight_engine::{Cancelled, Progress};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

use crate::outbox::{now, send, sleep};

/// How long the engine computes before it lets messages in, in milliseconds: short enough for a cancellation to feel
/// immediate, long enough to cost nothing.
const BETWEEN_PAUSES: f64 = 40.0;
/// How long nothing is done at a time while waiting, in milliseconds: a cancellation is heard after at most so long.
const SLICE: u32 = 100;

#[wasm_bindgen]
extern "C" {
    /// One turn of the event loop; see `boot.js`.
    #[wasm_bindgen(js_name = headlightPause)]
    fn pause() -> Promise;
}

/// A request that is being worked on.
#[derive(Clone)]
pub struct Reporter {
    pub id: RequestId,
    cancelled: Rc<Cell<bool>>,
    last_pause: Rc<Cell<f64>>,
    /// Ends a fetch that waits for bytes: the newest attempt's.
    abort: Rc<RefCell<Option<AbortController>>>,
}

impl Reporter {
    pub fn new(id: RequestId) -> Self {
        Self { id, cancelled: Rc::default(), last_pause: Rc::new(Cell::new(now())), abort: Rc::default() }
    }

    pub fn cancel(&self) {
        self.cancelled.set(true);
        self.abort_attempt();
    }

    /// Ends the fetch that is going on, but not the request.
    pub fn abort_attempt(&self) {
        if let Some(abort) = &*self.abort.borrow() {
            abort.abort();
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Lets that many milliseconds pass, unless the request is cancelled meanwhile.
    pub async fn wait(&self, milliseconds: u32) -> Result<(), Cancelled> {
        for begin in (0..milliseconds).step_by(SLICE as usize) {
            if self.is_cancelled() {
                return Err(Cancelled);
            }
            sleep((milliseconds - begin).min(SLICE)).await;
        }
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// A new attempt at a fetch, and what ends it.
    pub fn attempt(&self) -> Option<AbortSignal> {
        let abort = AbortController::new().ok()?;
        if self.is_cancelled() {
            abort.abort();
        }
        let signal = abort.signal();
        self.abort.replace(Some(abort));
        Some(signal)
    }
}

impl Progress for Reporter {
    fn report(&self, stage: Stage, done: u64, total: Option<u64>) -> Pause<'_> {
        Box::pin(async move {
            if now() - self.last_pause.get() >= BETWEEN_PAUSES {
                send(Event::Progress { id: self.id, stage, done, total });
                // The promise of `boot.js` never rejects.
                let _ = JsFuture::from(pause()).await;
                self.last_pause.set(now());
            }
            if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
        })
    }

    fn estimate(&self, attributions: Vec<Attribution>) {
        send(Event::Estimated { id: self.id, attributions });
    }

    fn hears_estimates(&self) -> bool {
        true
    }
}
