//! One download: streamed, checked, and taken up again where the connection breaks.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;

use headlight_document::message::Stage;
use headlight_hub::Range;
use js_sys::{Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::ReadableStreamDefaultReader;

use crate::cache::{Cache, Draft, buffer};
use crate::network::{NetworkError, Tally, Wanted, report, request};
use crate::outbox::{now, sleep};
use crate::reporter::Reporter;

/// How long to wait before a broken download is taken up again, in milliseconds: once for each further attempt. After
/// the last one a person is asked.
const WAITS: [u32; 2] = [500, 1500];
/// How long a server may say nothing, in milliseconds.
const PATIENCE: f64 = 20_000.0;

/// A file on its way.
pub struct Download<'a> {
    file: &'a Wanted<'a>,
    cache: Option<&'a Cache>,
    reporter: &'a Reporter,
    /// Whether `file.bytes` is what it has at most, rather than what it has.
    any_length: bool,
    received: u64,
    hash: Sha256,
}

/// Ends an attempt that a server lets hang.
struct Watch {
    heard: Rc<Cell<f64>>,
    over: Rc<Cell<bool>>,
    hung: Rc<Cell<bool>>,
}

impl Watch {
    fn start(reporter: &Reporter) -> Self {
        let watch = Self { heard: Rc::new(Cell::new(now())), over: Rc::default(), hung: Rc::default() };
        let (heard, over, hung, reporter) =
            (watch.heard.clone(), watch.over.clone(), watch.hung.clone(), reporter.clone());
        spawn_local(async move {
            while !over.get() {
                sleep(500).await;
                if !over.get() && now() - heard.get() > PATIENCE {
                    hung.set(true);
                    reporter.abort_attempt();
                    return;
                }
            }
        });
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.set(true);
    }
}

impl<'a> Download<'a> {
    pub fn new(file: &'a Wanted<'a>, cache: Option<&'a Cache>, reporter: &'a Reporter) -> Self {
        Self { file, cache, reporter, any_length: false, received: 0, hash: Sha256::new() }
    }

    /// The same for an answer whose length nobody said: the file's is the most it may have.
    pub fn of_any_length(self) -> Self {
        Self { any_length: true, ..self }
    }

    fn broken(&self, reason: impl Into<String>) -> NetworkError {
        if self.reporter.is_cancelled() {
            return NetworkError::Cancelled;
        }
        NetworkError::Broken { name: self.file.name.to_owned(), reason: reason.into() }
    }

    pub fn no_room(&self) -> NetworkError {
        NetworkError::NoRoom { name: self.file.name.to_owned() }
    }

    fn wrong_length(&self) -> NetworkError {
        let name = self.file.name.to_owned();
        match self.file.hub {
            Some(hub) => NetworkError::WrongLength { name, host: hub.base.host().to_owned(), bytes: self.file.bytes },
            None => NetworkError::Wrong { name },
        }
    }

    fn wrong_hash(&self) -> NetworkError {
        let name = self.file.name.to_owned();
        match self.file.hub {
            Some(hub) => NetworkError::WrongHash { name, host: hub.base.host().to_owned() },
            None => NetworkError::Wrong { name },
        }
    }

    /// Fills `draft`, however many attempts it takes, checks what it holds, and gives it back with its hash.
    pub async fn run(&mut self, mut draft: Draft, tally: &mut Tally) -> Result<(Draft, String), NetworkError> {
        match self.fill(&mut draft, tally).await {
            Ok(sha256) => Ok((draft, sha256)),
            Err(error) => {
                draft.abandon();
                Err(error)
            }
        }
    }

    async fn fill(&mut self, draft: &mut Draft, tally: &mut Tally) -> Result<String, NetworkError> {
        let before = tally.done;
        let mut waits = WAITS.into_iter();
        while let Err(error) = self.attempt(draft, tally, before).await {
            match (error.may_pass().then(|| waits.next()).flatten(), error) {
                (Some(wait), _) => self.reporter.wait(wait).await.map_err(|_| NetworkError::Cancelled)?,
                (None, error) => return Err(error),
            }
        }
        let found = hexadecimal(&self.hash.finalize_reset());
        if !self.any_length && self.received != self.file.bytes {
            return Err(self.wrong_length());
        }
        if self.file.sha256.is_some_and(|expected| expected != found) {
            return Err(self.wrong_hash());
        }
        if !draft.flush() {
            self.move_to_memory(draft).await?;
        }
        Ok(found)
    }

    /// Goes on from where the last attempt stopped, to the end of the file.
    async fn attempt(&mut self, draft: &mut Draft, tally: &mut Tally, before: u64) -> Result<(), NetworkError> {
        let signal = self.reporter.attempt();
        let watch = Watch::start(self.reporter);
        let result = self.receive(&watch, signal.as_ref(), draft, tally, before).await;
        match result {
            Err(NetworkError::Broken { .. }) if self.reporter.is_cancelled() => Err(NetworkError::Cancelled),
            Err(NetworkError::Broken { .. }) if watch.hung.get() => {
                Err(self.broken(format!("the server said nothing for {} seconds", PATIENCE / 1000.0)))
            }
            result => result,
        }
    }

    async fn receive(
        &mut self,
        watch: &Watch,
        signal: Option<&web_sys::AbortSignal>,
        draft: &mut Draft,
        tally: &mut Tally,
        before: u64,
    ) -> Result<(), NetworkError> {
        // An answer of unknown length cannot be gone on with.
        let from = if self.any_length { 0 } else { self.received };
        let response = request(self.file, from, signal, self.any_length).await?;
        let range = response.headers().get("content-range").ok().flatten();
        match Range::of(response.status(), range.as_deref(), from, self.file.bytes) {
            Range::Rest if from > 0 => {}
            Range::Whole if self.received == 0 => {}
            Range::Whole => self.begin_again(draft),
            Range::Rest | Range::Other => {
                self.begin_again(draft);
                return Err(self.broken("the server gave another part than it was asked for"));
            }
        }
        let body = response.body().ok_or_else(|| self.broken("the answer was empty"))?;
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let result = self.read(watch, &reader, draft, tally, before).await;
        if result.is_err() {
            let cancelled = JsFuture::from(reader.cancel());
            // A stream that broke refuses to be cancelled, and a refusal that nobody hears would end the session.
            spawn_local(async move {
                let _ = cancelled.await;
            });
        }
        result
    }

    fn begin_again(&mut self, draft: &mut Draft) {
        self.received = 0;
        self.hash.reset();
        if let Draft::Memory(chunks) = draft {
            *chunks = Default::default();
        }
    }

    async fn read(
        &mut self,
        watch: &Watch,
        reader: &ReadableStreamDefaultReader,
        draft: &mut Draft,
        tally: &mut Tally,
        before: u64,
    ) -> Result<(), NetworkError> {
        loop {
            let next = JsFuture::from(reader.read()).await.map_err(|_| self.broken("the connection broke"))?;
            watch.heard.set(now());
            if Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                break;
            }
            let value = Reflect::get(&next, &"value".into()).ok().and_then(|value| value.dyn_into::<Uint8Array>().ok());
            let value = value.ok_or_else(|| self.broken("the connection broke"))?;
            let length = u64::from(value.length());
            if self.received + length > self.file.bytes {
                return Err(self.wrong_length());
            }
            let mut bytes = buffer(value.length() as usize).ok_or_else(|| self.no_room())?;
            value.copy_to(&mut bytes);
            self.hash.update(&bytes);
            if let Err(bytes) = draft.append(bytes, self.received) {
                self.move_to_memory(draft).await?;
                draft.append(bytes, self.received).map_err(|_| self.no_room())?;
            }
            self.received += length;
            // Of a small answer nobody knows how much there is, and it is over at once.
            if !self.any_length {
                tally.done = before + self.received;
                report(self.reporter, Stage::Download, tally).await?;
            }
        }
        if self.any_length || self.received == self.file.bytes {
            return Ok(());
        }
        let Some(hub) = self.file.hub else { return Err(self.broken("the connection ended too soon")) };
        let (name, host) = (self.file.name.to_owned(), hub.base.host().to_owned());
        Err(NetworkError::Short { name, host, found: self.received, bytes: self.file.bytes })
    }

    /// Where the storage is full: goes on in memory with what has been received, and gives the storage its room back.
    async fn move_to_memory(&self, draft: &mut Draft) -> Result<(), NetworkError> {
        let moved = mem::take(draft).into_memory(self.received);
        if let (Some(cache), Some(sha256)) = (self.cache, self.file.sha256) {
            cache.remove(sha256).await;
        }
        *draft = moved.ok_or_else(|| self.no_room())?;
        Ok(())
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
