//! Fetching a model's files: streamed, checked, resumed where the connection breaks, and cached.

use headlight_document::ModelFile;
use headlight_document::message::Stage;
use headlight_engine::Progress;
use js_sys::{Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, RequestInit, Response};

use crate::cache::{Cache, Draft, Whole};
use crate::outbox::scope;
use crate::reporter::Reporter;

/// How often a broken download is taken up again before a person is asked.
const ATTEMPTS: usize = 3;

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

/// Gets one file: from the cache, or from `base`. The second value says whether it came from the cache.
pub async fn get(
    file: &ModelFile,
    base: &str,
    cache: Option<&Cache>,
    reporter: &Reporter,
    tally: &mut Tally,
) -> Result<(Whole, bool), NetworkError> {
    if let Some(cache) = cache
        && let Some(whole) = cache.find(&file.sha256, file.bytes).await
    {
        tally.done += file.bytes;
        report(reporter, Stage::Cache, tally).await?;
        return Ok((whole, true));
    }
    let mut download = Download { file, base, reporter, received: 0, hash: Sha256::new() };
    let draft = match cache {
        Some(cache) => cache.create(&file.sha256).await,
        None => None,
    };
    let stored = matches!(draft, Some(Draft::Stored(_)));
    let draft = download.run(draft.unwrap_or_else(|| Draft::Memory(Default::default())), tally).await;
    match (draft, cache) {
        (Ok(draft), cache) => {
            let whole = draft.finish().ok_or_else(|| NetworkError::Broken {
                name: file.name.clone(),
                reason: "the browser could not store it".to_owned(),
            })?;
            if let Some(cache) = cache.filter(|_| stored) {
                cache.confirm(&file.sha256).await;
            }
            Ok((whole, false))
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

    /// Fills `draft`, however many attempts it takes, and checks what it holds.
    async fn run(&mut self, mut draft: Draft, tally: &mut Tally) -> Result<Draft, NetworkError> {
        let before = tally.done;
        let mut attempt = 1;
        loop {
            match self.attempt(&mut draft, tally, before).await {
                Ok(()) => break,
                Err(error @ NetworkError::Broken { .. }) if attempt < ATTEMPTS => {
                    let _ = error;
                    attempt += 1;
                }
                Err(error) => {
                    draft.abandon();
                    return Err(error);
                }
            }
        }
        let found: String = self.hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if self.received != self.file.bytes || found != self.file.sha256 {
            draft.abandon();
            return Err(NetworkError::Wrong { name: self.file.name.clone() });
        }
        Ok(draft)
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
        loop {
            let next = JsFuture::from(reader.read()).await.map_err(|_| self.broken("the connection broke"))?;
            if Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                break;
            }
            let value = Reflect::get(&next, &"value".into()).map_err(|_| self.broken("the connection broke"))?;
            let bytes = Uint8Array::new(&value).to_vec();
            if self.received + bytes.len() as u64 > self.file.bytes {
                let _ = reader.cancel();
                return Err(NetworkError::Wrong { name: self.file.name.clone() });
            }
            self.hash.update(&bytes);
            let (offset, length) = (self.received, bytes.len() as u64);
            if !draft.append(bytes, offset) {
                return Err(NetworkError::Broken {
                    name: self.file.name.clone(),
                    reason: "the browser's storage is full".to_owned(),
                });
            }
            self.received += length;
            tally.done = before + self.received;
            if let Err(error) = report(self.reporter, Stage::Download, tally).await {
                let _ = reader.cancel();
                return Err(error);
            }
        }
        if self.received < self.file.bytes { Err(self.broken("the connection ended too soon")) } else { Ok(()) }
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
