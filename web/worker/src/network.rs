//! Fetching a model's files: streamed, checked, resumed where the connection breaks, and cached.

use std::mem;

use headlight_document::ModelFile;
use headlight_document::message::Stage;
use headlight_engine::Progress;
use js_sys::{Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ReadableStreamDefaultReader, RequestInit, Response};

use crate::cache::{Cache, Draft, Whole, buffer};
use crate::outbox::scope;
use crate::reporter::Reporter;

/// How long to wait before a broken download is taken up again, in milliseconds: once for each further attempt. After
/// the last one a person is asked.
const WAITS: [u32; 2] = [500, 1500];

#[derive(Debug, Error)]
pub enum NetworkError {
    #[error("Cancelled.")]
    Cancelled,
    #[error("{name} could not be downloaded ({reason}). Check the connection and try again.")]
    Broken { name: String, reason: String },
    #[error("{name} is not at the address where it should be (the server answered {status}).")]
    Refused { name: String, status: u16 },
    #[error("{name} is not the file that this page was made for (its content is another); it was discarded.")]
    Wrong { name: String },
    #[error(
        "There is room for {name} neither in this browser's storage nor in memory; free some disk space or close other \
         tabs, and try again."
    )]
    NoRoom { name: String },
}

impl NetworkError {
    /// Whether trying again may help.
    pub fn retry(&self) -> bool {
        !matches!(self, Self::Cancelled)
    }
}

/// How far a model's files have come, over all of them.
pub struct Tally {
    pub done: u64,
    pub total: u64,
}

/// One file of a model.
pub struct Fetched {
    pub whole: Whole,
    /// Whether it was in the cache already.
    pub cached: bool,
    /// Whether it is in the cache now.
    pub kept: bool,
}

/// Gets one file: from the cache, or from `base`.
pub async fn get(
    file: &ModelFile,
    base: &str,
    cache: Option<&Cache>,
    reporter: &Reporter,
    tally: &mut Tally,
) -> Result<Fetched, NetworkError> {
    if let Some(cache) = cache
        && let Some(whole) = cache.find(&file.sha256, file.bytes).await
    {
        tally.done += file.bytes;
        report(reporter, Stage::Cache, tally).await?;
        return Ok(Fetched { whole, cached: true, kept: true });
    }
    let mut download = Download { file, base, cache, reporter, received: 0, hash: Sha256::new() };
    let draft = match cache {
        Some(cache) => cache.create(&file.sha256).await,
        None => None,
    };
    let whole = match download.run(draft.unwrap_or_default(), tally).await {
        Ok(draft) => draft.finish().ok_or_else(|| download.no_room()),
        Err(error) => Err(error),
    };
    match (whole, cache) {
        (Ok(whole), cache) => {
            let kept = match cache {
                Some(cache) if matches!(whole, Whole::Stored(_)) => cache.confirm(&file.sha256).await,
                _ => false,
            };
            Ok(Fetched { whole, cached: false, kept })
        }
        (Err(error), cache) => {
            if let Some(cache) = cache {
                cache.remove(&file.sha256).await;
            }
            Err(error)
        }
    }
}

async fn report(reporter: &Reporter, stage: Stage, tally: &Tally) -> Result<(), NetworkError> {
    reporter.report(stage, tally.done, Some(tally.total)).await.map_err(|_| NetworkError::Cancelled)
}

struct Download<'a> {
    file: &'a ModelFile,
    base: &'a str,
    cache: Option<&'a Cache>,
    reporter: &'a Reporter,
    received: u64,
    hash: Sha256,
}

impl Download<'_> {
    fn broken(&self, reason: impl Into<String>) -> NetworkError {
        if self.reporter.is_cancelled() {
            return NetworkError::Cancelled;
        }
        NetworkError::Broken { name: self.file.name.clone(), reason: reason.into() }
    }

    fn no_room(&self) -> NetworkError {
        NetworkError::NoRoom { name: self.file.name.clone() }
    }

    /// Fills `draft`, however many attempts it takes, and checks what it holds.
    async fn run(&mut self, mut draft: Draft, tally: &mut Tally) -> Result<Draft, NetworkError> {
        match self.fill(&mut draft, tally).await {
            Ok(()) => Ok(draft),
            Err(error) => {
                draft.abandon();
                Err(error)
            }
        }
    }

    async fn fill(&mut self, draft: &mut Draft, tally: &mut Tally) -> Result<(), NetworkError> {
        let before = tally.done;
        let mut waits = WAITS.into_iter();
        while let Err(error) = self.attempt(draft, tally, before).await {
            match (error, waits.next()) {
                (NetworkError::Broken { .. }, Some(wait)) => {
                    self.reporter.wait(wait).await.map_err(|_| NetworkError::Cancelled)?;
                }
                (error, _) => return Err(error),
            }
        }
        let found: String = self.hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if self.received != self.file.bytes || found != self.file.sha256 {
            return Err(NetworkError::Wrong { name: self.file.name.clone() });
        }
        if draft.flush() { Ok(()) } else { self.move_to_memory(draft).await }
    }

    /// Goes on from where the last attempt stopped, to the end of the file.
    async fn attempt(&mut self, draft: &mut Draft, tally: &mut Tally, before: u64) -> Result<(), NetworkError> {
        let response = self.request().await?;
        if self.received > 0 && response.status() != 206 {
            // The server does not resume: begin again.
            self.received = 0;
            self.hash.reset();
            if let Draft::Memory(chunks) = draft {
                *chunks = Default::default();
            }
        }
        let body = response.body().ok_or_else(|| self.broken("the answer was empty"))?;
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let result = self.read(&reader, draft, tally, before).await;
        if result.is_err() {
            let cancelled = JsFuture::from(reader.cancel());
            // A stream that broke refuses to be cancelled, and a refusal that nobody hears would end the session.
            spawn_local(async move {
                let _ = cancelled.await;
            });
        }
        result
    }

    async fn read(
        &mut self,
        reader: &ReadableStreamDefaultReader,
        draft: &mut Draft,
        tally: &mut Tally,
        before: u64,
    ) -> Result<(), NetworkError> {
        loop {
            let next = JsFuture::from(reader.read()).await.map_err(|_| self.broken("the connection broke"))?;
            if Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                break;
            }
            let value = Reflect::get(&next, &"value".into()).ok().and_then(|value| value.dyn_into::<Uint8Array>().ok());
            let value = value.ok_or_else(|| self.broken("the connection broke"))?;
            let length = u64::from(value.length());
            if self.received + length > self.file.bytes {
                return Err(NetworkError::Wrong { name: self.file.name.clone() });
            }
            let mut bytes = buffer(value.length() as usize).ok_or_else(|| self.no_room())?;
            value.copy_to(&mut bytes);
            self.hash.update(&bytes);
            if let Err(bytes) = draft.append(bytes, self.received) {
                self.move_to_memory(draft).await?;
                draft.append(bytes, self.received).map_err(|_| self.no_room())?;
            }
            self.received += length;
            tally.done = before + self.received;
            report(self.reporter, Stage::Download, tally).await?;
        }
        if self.received < self.file.bytes { Err(self.broken("the connection ended too soon")) } else { Ok(()) }
    }

    /// Where the storage is full: goes on in memory with what has been received, and gives the storage its room back.
    async fn move_to_memory(&self, draft: &mut Draft) -> Result<(), NetworkError> {
        let moved = mem::take(draft).into_memory(self.received);
        if let Some(cache) = self.cache {
            cache.remove(&self.file.sha256).await;
        }
        *draft = moved.ok_or_else(|| self.no_room())?;
        Ok(())
    }

    async fn request(&self) -> Result<Response, NetworkError> {
        let init = RequestInit::new();
        init.set_signal(self.reporter.signal().as_ref());
        if self.received > 0 {
            let headers = web_sys::Headers::new().map_err(|_| self.broken("the request could not be made"))?;
            let range = format!("bytes={}-", self.received);
            headers.append("range", &range).map_err(|_| self.broken("the request could not be made"))?;
            init.set_headers(&headers);
        }
        let address = format!("{}{}", self.base, self.file.name);
        let response = JsFuture::from(scope().fetch_with_str_and_init(&address, &init)).await;
        let response: Response = response.map_err(|_| self.broken("the server could not be reached"))?.unchecked_into();
        match response.status() {
            200 | 206 => Ok(response),
            status @ (408 | 429 | 500..) => Err(self.broken(format!("the server answered {status}"))),
            status => Err(NetworkError::Refused { name: self.file.name.clone(), status }),
        }
    }
}
