//! A hub on this machine, for the tests of the command line: the paths of Hugging Face's, with its files on a second
//! origin behind redirects, and with faults as a test wishes.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::json;
use sha2::{Digest, Sha256};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const WEIGHTS: &str = "model.safetensors";

/// How the hub misbehaves.
#[derive(Default)]
pub struct Faults {
    /// Every answer of the hub itself: a status and an `X-Error-Code`.
    pub status: Option<(u16, &'static str)>,
    /// So many answers of the hub are 503.
    pub busy: usize,
    /// Breaks off so many answers with the weights half way.
    pub cut: usize,
    /// Gives the whole file whatever range is asked for.
    pub no_ranges: bool,
    /// Gives other bytes than the listing promises.
    pub wrong_content: bool,
    /// What the listing says besides the truth about the weights' size, in bytes.
    pub lie: i64,
    /// Leads to a host elsewhere.
    pub astray: bool,
    /// Files of the listing, instead of the real ones: name and size.
    pub listed: Option<Vec<(&'static str, u64)>>,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub is_cdn: bool,
    pub path: String,
    pub headers: HashMap<String, String>,
}

#[derive(Clone)]
pub struct Hub {
    pub address: String,
    cdn: String,
    faults: Arc<Mutex<Faults>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// The files of a repository: `bert`, or `shards` with its weights in two files and its vocabulary as a list.
pub fn fixture(repository: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/fixtures").join(format!("tiny-{repository}"))
}

impl Hub {
    pub fn start() -> Self {
        let (hub, cdn) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let it = Self { address: address(&hub), cdn: address(&cdn), faults: Arc::default(), asked: Arc::default() };
        for (listener, is_cdn) in [(hub, false), (cdn, true)] {
            let it = it.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let it = it.clone();
                    thread::spawn(move || it.serve(stream, is_cdn));
                }
            });
        }
        it
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn serve(&self, mut stream: TcpStream, is_cdn: bool) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
        let mut headers = HashMap::new();
        for line in lines {
            let line = line.ok()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let range =
            headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        self.asked.lock().unwrap().push(Asked { is_cdn, path: path.clone(), headers });
        if is_cdn { self.file(&mut stream, &path, range) } else { self.hub(&mut stream, &path) }
    }

    fn hub(&self, stream: &mut TcpStream, path: &str) -> Option<()> {
        let mut faults = self.faults();
        if let Some((status, code)) = faults.status {
            return answer(stream, &format!("{status} No\r\nX-Error-Code: {code}"), b"no");
        }
        if faults.busy > 0 {
            faults.busy -= 1;
            return answer(stream, "503 Busy", b"");
        }
        let listed = path.strip_prefix("/api/models/tiny/").and_then(|rest| rest.split_once("/revision/"));
        if let Some((repository @ ("bert" | "shards"), _)) = listed {
            return answer(stream, "200 OK", listing(&faults, repository).as_bytes());
        }
        let resolve = format!("/resolve/{COMMIT}/");
        let file = path.strip_prefix("/tiny/").and_then(|path| path.split_once(&resolve));
        let to = if faults.astray { "http://models.example".to_owned() } else { self.cdn.clone() };
        match file {
            Some((repository, file)) => {
                answer(stream, &format!("302 Found\r\nLocation: {to}/cdn/{repository}/{file}?signed=1"), b"")
            }
            None => answer(stream, "404 Not Found\r\nX-Error-Code: RepoNotFound", b""),
        }
    }

    fn file(&self, stream: &mut TcpStream, path: &str, range: Option<usize>) -> Option<()> {
        let (repository, name) = path.strip_prefix("/cdn/")?.strip_suffix("?signed=1")?.split_once('/')?;
        let mut content = fs::read(fixture(repository).join(name)).ok()?;
        let mut faults = self.faults();
        if faults.wrong_content && name == WEIGHTS {
            *content.last_mut()? ^= 1;
        }
        let range = range.filter(|_| !faults.no_ranges);
        let from = range.unwrap_or(0);
        if range.is_some() && from >= content.len() {
            return answer(stream, "416 No", b"");
        }
        let rest = &content[from..];
        let status = match range {
            Some(_) => format!("206 Part\r\nContent-Range: bytes {from}-{}/{}", content.len() - 1, content.len()),
            None => "200 OK".to_owned(),
        };
        if name == WEIGHTS && faults.cut > 0 {
            faults.cut -= 1;
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", rest.len()).ok()?;
            return stream.write_all(&rest[..rest.len() / 2]).ok();
        }
        answer(stream, &status, rest)
    }
}

fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) -> Option<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).ok()?;
    stream.write_all(body).ok()
}

fn listing(faults: &Faults, repository: &str) -> String {
    let mut siblings = vec![json!({ "rfilename": "README.md", "size": 10 })];
    if let Some(listed) = &faults.listed {
        siblings.extend(listed.iter().map(|(name, size)| json!({ "rfilename": name, "size": size })));
    } else {
        for file in fs::read_dir(fixture(repository)).unwrap().flatten() {
            let (name, content) = (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap());
            let size = i64::try_from(content.len()).unwrap() + if name == WEIGHTS { faults.lie } else { 0 };
            let mut sibling = json!({ "rfilename": name, "size": size });
            if name.ends_with(".safetensors") {
                let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
                sibling["lfs"] = json!({ "sha256": hash, "size": size });
            }
            siblings.push(sibling);
        }
    }
    json!({ "sha": COMMIT, "siblings": siblings, "tags": ["license:mit"], "config": { "model_type": "bert" } })
        .to_string()
}
