//! Fetching a model's files: from where, what an answer means, and what is done with the bytes.

use headlight_document::Secret;
use headlight_document::message::Stage;
use headlight_engine::Progress;
use headlight_hub::{Base, HubError, HubId, Obstacle};
use js_sys::Reflect;
use thiserror::Error;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::cache::{Cache, Draft, Whole};
use crate::download::{Download, hexadecimal};
use crate::outbox::scope;
use crate::reporter::Reporter;

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
    #[error("{name} has another length than the {bytes} bytes that {host} lists; it was discarded.")]
    WrongLength { name: String, host: String, bytes: u64 },
    #[error("{name} ended too soon: {host} gave {found} of the {bytes} bytes that it lists; try again later.")]
    Short { name: String, host: String, found: u64, bytes: u64 },
    #[error("{name} is damaged or was altered: its content is not what {host} says; it was discarded.")]
    WrongHash { name: String, host: String },
    #[error(
        "There is room for {name} neither in this browser's storage nor in memory; free some disk space or close other \
         tabs, and try again."
    )]
    NoRoom { name: String },
    #[error("{name} cannot be read ({reason}).")]
    Unreadable { name: String, reason: String },
    #[error("{title} is not whole in this browser's cache any more; load it from where it came.")]
    NotCached { title: String },
    #[error(transparent)]
    Hub(#[from] HubError),
}

impl NetworkError {
    /// Whether trying again may help a person.
    pub fn retry(&self) -> bool {
        match self {
            Self::Cancelled | Self::NotCached { .. } => false,
            Self::Hub(error) => error.retry(),
            _ => true,
        }
    }

    /// Whether the download is worth taking up again after a pause.
    pub fn may_pass(&self) -> bool {
        let is_busy = matches!(self, Self::Hub(HubError::Obstacle(Obstacle::Busy { .. })));
        is_busy || matches!(self, Self::Broken { .. } | Self::Short { .. })
    }
}

/// How far a model's files have come, over all of them.
pub struct Tally {
    pub done: u64,
    pub total: u64,
}

/// A repository, as a person asked for it.
pub struct Hub {
    pub base: Base,
    pub id: HubId,
    pub token: Option<Secret>,
}

/// One file to get.
pub struct Wanted<'a> {
    /// What it is called, for a sentence.
    pub name: &'a str,
    pub address: String,
    pub bytes: u64,
    /// Of its content, where that is known.
    pub sha256: Option<&'a str>,
    /// The hub that it is on; none for the page's own server.
    pub hub: Option<&'a Hub>,
}

/// One file of a model.
pub struct Fetched {
    pub whole: Whole,
    pub sha256: String,
    /// Whether it was in the cache already.
    pub cached: bool,
    /// Whether it is in the cache now.
    pub kept: bool,
}

/// Gets one file: from the cache, or from its address.
pub async fn get(
    file: &Wanted<'_>,
    cache: Option<&Cache>,
    reporter: &Reporter,
    tally: &mut Tally,
) -> Result<Fetched, NetworkError> {
    if let Some(cache) = cache
        && let Some(sha256) = file.sha256
        && let Some(whole) = cache.find(sha256, file.bytes).await
    {
        tally.done += file.bytes;
        report(reporter, Stage::Cache, tally).await?;
        return Ok(Fetched { whole, sha256: sha256.to_owned(), cached: true, kept: true });
    }
    // A file has its place by its hash; one whose hash is not known yet waits in memory.
    let draft = match (cache, file.sha256) {
        (Some(cache), Some(sha256)) => cache.create(sha256).await,
        _ => None,
    };
    let mut download = Download::new(file, cache, reporter);
    let whole = match download.run(draft.unwrap_or_default(), tally).await {
        Ok((draft, sha256)) => draft.finish().map(|whole| (whole, sha256)).ok_or_else(|| download.no_room()),
        Err(error) => Err(error),
    };
    match (whole, cache) {
        (Ok((mut whole, sha256)), cache) => {
            let kept = match cache {
                Some(cache) if matches!(whole, Whole::Stored(_)) => cache.confirm(&sha256).await,
                Some(cache) if file.sha256.is_none() => cache.adopt(&sha256, &mut whole).await,
                _ => false,
            };
            Ok(Fetched { whole, sha256, cached: false, kept })
        }
        (Err(error), cache) => {
            if let (Some(cache), Some(sha256)) = (cache, file.sha256) {
                cache.remove(sha256).await;
            }
            Err(error)
        }
    }
}

/// Gets a small answer of the hub that nobody said the length or hash of, such as a listing: at most `limit` bytes.
pub async fn get_small(
    name: &str,
    address: String,
    limit: usize,
    hub: &Hub,
    reporter: &Reporter,
) -> Result<Vec<u8>, NetworkError> {
    let file = Wanted { name, address, bytes: limit as u64, sha256: None, hub: Some(hub) };
    let mut download = Download::new(&file, None, reporter).of_any_length();
    let mut tally = Tally { done: 0, total: 0 };
    let (draft, _) = download.run(Draft::default(), &mut tally).await?;
    let whole = draft.finish().ok_or_else(|| download.no_room())?;
    whole.content().map_err(|_| download.no_room())
}

pub async fn report(reporter: &Reporter, stage: Stage, tally: &Tally) -> Result<(), NetworkError> {
    let total = (tally.total > 0).then_some(tally.total);
    reporter.report(stage, tally.done, total).await.map_err(|_| NetworkError::Cancelled)
}

/// Asks for a file, from `from` on. Ends with an answer that holds content, or says why there is none.
pub async fn request(
    file: &Wanted<'_>,
    from: u64,
    signal: Option<&AbortSignal>,
    listing: bool,
) -> Result<Response, NetworkError> {
    let broken = |reason: &str| NetworkError::Broken { name: file.name.to_owned(), reason: reason.to_owned() };
    let unmade = |_| broken("the request could not be made");
    let init = RequestInit::new();
    init.set_signal(signal);
    let headers = Headers::new().map_err(unmade)?;
    if from > 0 {
        headers.append("range", &format!("bytes={from}-")).map_err(unmade)?;
    }
    if let Some(hub) = file.hub {
        // A hub learns nothing of who asks: neither cookies nor where from. Setting a property of a fresh plain object
        // cannot fail.
        let _ = Reflect::set(&init, &"credentials".into(), &"omit".into());
        let _ = Reflect::set(&init, &"referrerPolicy".into(), &"no-referrer".into());
        // The browser takes this away where the hub leads to another origin.
        if let Some(token) = hub.token.as_ref().filter(|_| hub.base.is_own(&file.address)) {
            // Its value is in no message: a token that is no header's value is told as one that was refused.
            let refused = |_| HubError::Obstacle(Obstacle::TokenRefused { host: hub.base.host().to_owned() });
            headers.append("authorization", &format!("Bearer {}", token.reveal())).map_err(refused)?;
        }
    }
    init.set_headers(&headers);
    let response = JsFuture::from(scope().fetch_with_str_and_init(&file.address, &init)).await;
    let response: Response = response.map_err(|_| broken("the server could not be reached"))?.unchecked_into();
    let status = response.status();
    let Some(hub) = file.hub else {
        return match status {
            200 | 206 => Ok(response),
            408 | 429 | 500.. => Err(broken(&format!("the server answered {status}"))),
            _ => Err(NetworkError::Refused { name: file.name.to_owned(), status }),
        };
    };
    let host = hub.base.host().to_owned();
    if !hub.base.may_lead_to(&response.url()) {
        return Err(HubError::Redirect { host, what: file.name.to_owned() }.into());
    }
    match status {
        200 | 206 => Ok(response),
        // There is no rest: the file is as long as what is here already.
        416 if from > 0 => Err(NetworkError::WrongLength { name: file.name.to_owned(), host, bytes: file.bytes }),
        _ => {
            let code = response.headers().get("x-error-code").ok().flatten();
            let name = (!listing).then_some(file.name);
            let (has_token, base) = (hub.token.is_some(), &hub.base);
            Err(HubError::Obstacle(Obstacle::of(status, code.as_deref(), has_token, base, &hub.id, name)).into())
        }
    }
}

/// The hash of what nobody has hashed yet.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hexadecimal(&Sha256::digest(bytes))
}
