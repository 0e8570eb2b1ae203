//! The line to a hub: redirects that are looked at before they are followed, downloads that are taken up again.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::thread::sleep;
use std::time::Duration;

use headlight_catalogue::hash::hexadecimal;
use headlight_document::Secret;
use headlight_hub::{Base, HubError, HubId, Item, Obstacle, Range};
use sha2::{Digest, Sha256};
use ureq::http::{HeaderMap, Response, header};
use ureq::{Agent, Body};

use super::store::Store;
use crate::error::Error;

/// How long to wait before a broken download is taken up again: once for each further attempt.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_millis(1500), Duration::from_secs(4)];
/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often an answer may lead on.
const HOPS: usize = 6;

/// Asks one hub about one repository.
pub struct Client {
    pub base: Base,
    pub id: HubId,
    token: Option<Secret>,
    agent: Agent,
}

/// What became of one attempt.
enum Ended {
    /// Worth another attempt.
    Broken(String),
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Client {
    pub fn new(base: Base, id: HubId, token: Option<Secret>) -> Self {
        let mut config = Agent::config_builder()
            .user_agent(concat!("headlight/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // Followed here, one by one.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE));
        if base.is_local() {
            config = config.proxy(None);
        }
        Self { base, id, token, agent: config.build().new_agent() }
    }

    /// A small answer, such as a listing: at most `limit` bytes.
    pub fn small(&self, address: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let name = format!("The list of files of {}", self.id);
        self.again(&name, &mut || {
            let mut response = self.ask(address, 0, None)?;
            let mut bytes = Vec::new();
            let mut reader = response.body_mut().as_reader().take(limit as u64 + 1);
            reader.read_to_end(&mut bytes).map_err(|error| Ended::Broken(error.to_string()))?;
            Ok(bytes)
        })
    }

    /// Downloads a file into the store and gives back its hash. `tell` is told how much of it has come.
    pub fn file(
        &self,
        address: &str,
        item: &Item,
        hash: Option<String>,
        store: &Store,
        tell: &mut dyn FnMut(u64),
    ) -> Result<String, Error> {
        let key = hash.clone().unwrap_or_else(|| hexadecimal(&Sha256::digest(address.as_bytes())));
        let (path, mut partial) = store.partial(&key, &item.path)?;
        let io = |error| Error::Read { path: path.clone(), error };
        let mut digest = Sha256::new();
        let mut received = resume(&mut partial, item.bytes, &mut digest).map_err(io)?;
        if received < item.bytes {
            let came = self
                .again(&item.path, &mut || self.receive(address, item, &mut partial, &mut digest, &mut received, tell));
            if let Err(error) = came {
                if received == 0 || matches!(error, Error::WrongLength { .. }) {
                    store.discard(&path);
                }
                return Err(error);
            }
        }
        let found = hexadecimal(&digest.finalize());
        if hash.is_some_and(|hash| hash != found) {
            store.discard(&path);
            return Err(Error::WrongHash { name: item.path.clone(), host: self.base.host().to_owned() });
        }
        partial.sync_all().map_err(io)?;
        drop(partial);
        store.keep(&path, &found)?;
        Ok(found)
    }

    /// One attempt at the rest of a file.
    fn receive(
        &self,
        address: &str,
        item: &Item,
        partial: &mut File,
        digest: &mut Sha256,
        received: &mut u64,
        tell: &mut dyn FnMut(u64),
    ) -> Result<(), Ended> {
        let broken = |error: std::io::Error| Ended::Broken(error.to_string());
        let wrong = || {
            let (name, host) = (item.path.clone(), self.base.host().to_owned());
            Ended::Failed(Error::WrongLength { name, host, bytes: item.bytes })
        };
        let mut response = self.ask(address, *received, Some(&item.path))?;
        if response.status() == 416 {
            return Err(wrong());
        }
        let range = text(response.headers(), "content-range");
        match Range::of(response.status().as_u16(), range, *received, item.bytes) {
            Range::Rest => {}
            Range::Whole => start_again(partial, digest, received).map_err(broken)?,
            Range::Other => {
                start_again(partial, digest, received).map_err(broken)?;
                return Err(Ended::Broken("the server gave another part than it was asked for".to_owned()));
            }
        }
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = reader.read(&mut buffer).map_err(broken)?;
            let bytes = buffer.get(..count).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            if *received + count as u64 > item.bytes {
                start_again(partial, digest, received).map_err(broken)?;
                return Err(wrong());
            }
            partial.write_all(bytes).map_err(|error| Error::Read { path: item.path.clone().into(), error })?;
            digest.update(bytes);
            *received += count as u64;
            tell(*received);
        }
        if *received < item.bytes {
            return Err(Ended::Broken(format!("it ended after {received} of {} bytes", item.bytes)));
        }
        Ok(())
    }

    /// Does something as often as it takes, with pauses.
    fn again<T>(&self, name: &str, attempt: &mut dyn FnMut() -> Result<T, Ended>) -> Result<T, Error> {
        let mut waits = WAITS.into_iter();
        loop {
            match attempt() {
                Ok(done) => return Ok(done),
                Err(Ended::Failed(error)) if !may_pass(&error) => return Err(error),
                Err(ended) => match (waits.next(), ended) {
                    (Some(wait), _) => sleep(wait),
                    (None, Ended::Failed(error)) => return Err(error),
                    (None, Ended::Broken(reason)) => return Err(Error::Broken { name: name.to_owned(), reason }),
                },
            }
        }
    }

    /// An answer with content, from byte `from` on, after every redirect. A token goes to the hub's own origin alone.
    fn ask(&self, address: &str, from: u64, file: Option<&str>) -> Result<Response<Body>, Ended> {
        let mut address = address.to_owned();
        for _ in 0..HOPS {
            let mut request = self.agent.get(&address);
            if from > 0 {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            if let Some(token) = self.token.as_ref().filter(|_| self.base.is_own(&address)) {
                if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) {
                    let obstacle = Obstacle::TokenRefused { host: self.base.host().to_owned() };
                    return Err(Error::Hub(HubError::Obstacle(obstacle)).into());
                }
                request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
            }
            let response = request.call().map_err(|error| self.unreachable(&error))?;
            match response.status().as_u16() {
                200 | 206 => return Ok(response),
                416 if from > 0 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => {
                    let location = text(response.headers(), "location").unwrap_or_default();
                    let led = self.base.follow(&address, location);
                    address = led.ok_or_else(|| self.led_astray(file))?;
                }
                status => {
                    let code = text(response.headers(), "x-error-code");
                    let has_token = self.token.is_some();
                    let obstacle = Obstacle::of(status, code, has_token, &self.base, &self.id, file);
                    return Err(Error::Hub(HubError::Obstacle(obstacle)).into());
                }
            }
        }
        Err(self.led_astray(file))
    }

    fn led_astray(&self, file: Option<&str>) -> Ended {
        let what = file.unwrap_or("the list of files").to_owned();
        Error::Hub(HubError::Redirect { host: self.base.host().to_owned(), what }).into()
    }

    /// The client's own words may hold the request, and with it the token: only what happened is told.
    fn unreachable(&self, error: &ureq::Error) -> Ended {
        let host = self.base.host();
        Ended::Broken(match error {
            ureq::Error::Timeout(_) => format!("{host} said nothing for {} seconds", PATIENCE.as_secs()),
            ureq::Error::HostNotFound => format!("{host} is not known here"),
            ureq::Error::Io(error) => format!("{host} cannot be reached: {}", error.kind()),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the request could not be made".to_owned(),
            _ => format!("{host} cannot be reached"),
        })
    }
}

fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Hub(HubError::Obstacle(Obstacle::Busy { .. })))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Takes the hash of what an earlier attempt left, and says how much that is.
fn resume(partial: &mut File, bytes: u64, digest: &mut Sha256) -> std::io::Result<u64> {
    let mut received = 0;
    if partial.metadata()?.len() <= bytes {
        partial.rewind()?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = partial.read(&mut buffer)?;
            if count == 0 {
                return Ok(received);
            }
            digest.update(buffer.get(..count).unwrap_or_default());
            received += count as u64;
        }
    }
    start_again(partial, digest, &mut received)?;
    Ok(0)
}

fn start_again(partial: &mut File, digest: &mut Sha256, received: &mut u64) -> std::io::Result<()> {
    digest.reset();
    *received = 0;
    partial.set_len(0)?;
    partial.seek(SeekFrom::Start(0)).map(|_| ())
}
