//! `cargo xtask serve`: a small file server on loopback.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::UNIX_EPOCH;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::error::{Error, Result};
use crate::say;

/// How many ports are tried after the one that was asked for.
const PORTS_TRIED: u16 = 20;
/// How many requests are answered at once. A model's download keeps one busy for a while.
const THREADS: usize = 8;

/// What stands in place of the site's service worker: who builds wants to see what was built last, and nothing that was kept.
const RETIRED: &str = "\
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil((async () => {
  const names = (await caches.keys()).filter((name) => name.startsWith(`headlight ${registration.scope} `));
  await Promise.all(names.map((name) => caches.delete(name)));
  await registration.unregister();
})()));
addEventListener('message', ({ data, ports }) => { if (data === 'version') ports[0]?.postMessage(''); });
";

/// Serves a folder on loopback until the process is ended.
///
/// # Errors
/// When no port is free.
pub fn serve(site: &Path, port: u16, open: bool) -> Result<()> {
    let listener = listen(port)?;
    let address = listener.local_addr().map_err(Error::io("serve", site))?;
    let site = site.canonicalize().map_err(Error::io("serve", site))?;
    let server = Server::from_listener(listener, None)
        .map_err(|error| Error::Check(format!("The server could not be started: {error}.")))?;
    let url = format!("http://{address}/");
    say::line(&format!("Headlight is at {url} (end with Ctrl-C)."));
    if open {
        open_browser(&url);
    }
    run(&Arc::new(server), &Arc::new(site));
    Ok(())
}

/// Answers requests on several threads until the server is unblocked or the process ends.
fn run(server: &Arc<Server>, site: &Arc<PathBuf>) {
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (server, site) = (Arc::clone(server), Arc::clone(site));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A visitor who closes the page in the middle of an answer is no trouble.
                    let _ = answer(request, &site);
                }
            })
        })
        .collect();
    for thread in threads {
        // A thread that panicked has said so already; the others go on.
        let _ = thread.join();
    }
}

/// Listens on loopback at `port`, or the next one that is free.
///
/// # Errors
/// When none of the ports tried is free.
pub fn listen(port: u16) -> Result<TcpListener> {
    for candidate in port..=port.saturating_add(PORTS_TRIED) {
        match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, candidate))) {
            Ok(listener) => return Ok(listener),
            Err(_) => say::note(&format!("Port {candidate} is taken.")),
        }
    }
    Err(Error::Usage(format!("No port from {port} on is free: name another with --port.")))
}

fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if !crate::process::succeeds(std::process::Command::new(opener).arg(url)) {
        say::note("No browser could be opened; open the address yourself.");
    }
}

fn answer(request: Request, site: &Path) -> io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::empty(405));
    }
    if request.url().split('?').next() == Some("/service-worker.js") {
        let headers = vec![
            ("Content-Type", "text/javascript; charset=utf-8".to_owned()),
            ("Cache-Control", "no-store".to_owned()),
        ];
        return request.respond(with_headers(Response::from_string(RETIRED), headers));
    }
    let Some(path) = locate(site, request.url()) else {
        return request.respond(Response::from_string("There is no such page.\n").with_status_code(404));
    };
    let mut file = File::open(&path)?;
    let metadata = file.metadata()?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let tag = format!("\"{:x}-{:x}\"", metadata.len(), modified.as_nanos());
    // Everything may be kept, and is asked about again each time: after a build, a reload shows the new site.
    let mut headers = vec![
        ("Content-Type", media_type(&path).to_owned()),
        ("Cache-Control", "no-cache".to_owned()),
        ("ETag", tag.clone()),
        ("Accept-Ranges", "bytes".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
    ];
    if header(&request, "If-None-Match").is_some_and(|wanted| wanted == tag) {
        return request.respond(with_headers(Response::empty(304), headers));
    }
    let length = metadata.len();
    match range(header(&request, "Range"), length) {
        Range::Whole => send(request, 200, headers, file, length),
        Range::Part { first, last } => {
            file.seek(SeekFrom::Start(first))?;
            headers.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
            let count = last - first + 1;
            send(request, 206, headers, file.take(count), count)
        }
        Range::Unsatisfiable => {
            headers.push(("Content-Range", format!("bytes */{length}")));
            request.respond(with_headers(Response::empty(416), headers))
        }
    }
}

fn send(request: Request, status: u16, headers: Vec<(&str, String)>, body: impl Read, length: u64) -> io::Result<()> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let response = Response::new(status.into(), Vec::new(), body, Some(length), None);
    // Not in chunks: the page shows a download's progress, and needs its length.
    request.respond(with_headers(response.with_chunked_threshold(usize::MAX), headers))
}

fn with_headers<R: Read>(mut response: Response<R>, headers: Vec<(&str, String)>) -> Response<R> {
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    response
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let found = request.headers().iter().find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name))?;
    Some(found.value.as_str())
}

/// The file that a URL names: always inside the site, a folder's `index.html` for a folder.
#[must_use]
pub fn locate(site: &Path, url: &str) -> Option<PathBuf> {
    let path = percent_decode(url.split(['?', '#']).next()?)?;
    if path.contains(['\\', '\0']) {
        return None;
    }
    let mut file = site.to_owned();
    for component in Path::new(path.trim_start_matches('/')).components() {
        match component {
            Component::Normal(part) => file.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    if file.is_dir() {
        file.push("index.html");
    }
    // A link in the site must not lead out of it either.
    let file = file.canonicalize().ok()?;
    (file.is_file() && file.starts_with(site)).then_some(file)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Whole,
    Part { first: u64, last: u64 },
    Unsatisfiable,
}

/// Reads a `Range` header of one range; several, or another unit, are answered with the whole file, as the standard allows.
fn range(header: Option<&str>, length: u64) -> Range {
    let Some((first, last)) = header.and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
        return Range::Whole;
    };
    let end = length.saturating_sub(1);
    let (first, last) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(end)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, end),
        (Err(_), Ok(count)) if first.trim().is_empty() && count > 0 => (length.saturating_sub(count), end),
        (Err(_), Ok(0)) if first.trim().is_empty() => return Range::Unsatisfiable,
        _ => return Range::Whole,
    };
    if first < length { Range::Part { first, last } } else { Range::Unsatisfiable }
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::net::TcpStream;

    use super::*;

    fn site(name: &str) -> PathBuf {
        let outer = std::env::temp_dir().join(format!("headlight-serve-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&outer);
        fs::create_dir_all(outer.join("site/worker")).unwrap();
        fs::write(outer.join("secret.txt"), "secret").unwrap();
        fs::write(outer.join("site/index.html"), "<p>hello</p>").unwrap();
        fs::write(outer.join("site/worker/a b.wasm"), "0123456789").unwrap();
        std::os::unix::fs::symlink(outer.join("secret.txt"), outer.join("site/link.txt")).unwrap();
        outer.join("site").canonicalize().unwrap()
    }

    #[test]
    fn no_path_leads_out_of_the_site() {
        let site = site("paths");
        for url in ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/worker/../../secret.txt", "/link.txt"]
        {
            assert_eq!(locate(&site, url), None, "{url}");
        }
        for url in ["//etc/passwd", "/%2fetc/passwd", "/..\\secret.txt", "/%00", "/%zz", "/%f", "/missing", "/%ff"] {
            assert_eq!(locate(&site, url), None, "{url}");
        }
        assert_eq!(locate(&site, "/"), Some(site.join("index.html")));
        assert_eq!(locate(&site, "/?device=cpu"), Some(site.join("index.html")));
        assert_eq!(locate(&site, "/worker/a%20b.wasm?v=1"), Some(site.join("worker/a b.wasm")));
        assert_eq!(locate(&site, "/worker/"), None);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(range(None, 10), Range::Whole);
        assert_eq!(range(Some("bytes=2-5"), 10), Range::Part { first: 2, last: 5 });
        assert_eq!(range(Some("bytes=2-"), 10), Range::Part { first: 2, last: 9 });
        assert_eq!(range(Some("bytes=-3"), 10), Range::Part { first: 7, last: 9 });
        assert_eq!(range(Some("bytes=5-99"), 10), Range::Part { first: 5, last: 9 });
        assert_eq!(range(Some("bytes=10-"), 10), Range::Unsatisfiable);
        assert_eq!(range(Some("bytes=0-"), 0), Range::Unsatisfiable);
        assert_eq!(range(Some("bytes=-0"), 10), Range::Unsatisfiable);
        for odd in ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes="] {
            assert_eq!(range(Some(odd), 10), Range::Whole, "{odd}");
        }
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let other = listen(port).unwrap().local_addr().unwrap();
        assert!(other.port() > port && other.ip().is_loopback());
    }

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn answers_have_type_length_range_and_tag() {
        let site = Arc::new(site("answers"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Server::from_listener(listener, None).unwrap());
        let running = thread::spawn({
            let server = Arc::clone(&server);
            move || run(&server, &site)
        });

        let whole = ask(address, "GET /worker/a%20b.wasm HTTP/1.1");
        assert!(whole.starts_with("HTTP/1.1 200") && whole.ends_with("\r\n\r\n0123456789"), "{whole}");
        assert!(whole.contains("Content-Type: application/wasm\r\n") && whole.contains("Content-Length: 10\r\n"));
        let part = ask(address, "GET /worker/a%20b.wasm HTTP/1.1\r\nRange: bytes=2-4");
        assert!(part.starts_with("HTTP/1.1 206") && part.ends_with("\r\n\r\n234"), "{part}");
        assert!(part.contains("Content-Range: bytes 2-4/10\r\n"));
        let tag = whole.split("ETag: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        assert!(
            ask(address, &format!("GET /worker/a%20b.wasm HTTP/1.1\r\nIf-None-Match: {tag}"))
                .starts_with("HTTP/1.1 304")
        );
        assert!(ask(address, "GET /../secret.txt HTTP/1.1").starts_with("HTTP/1.1 404"));
        assert!(ask(address, "POST / HTTP/1.1\r\nContent-Length: 0").starts_with("HTTP/1.1 405"));
        let head = ask(address, "HEAD / HTTP/1.1");
        assert!(head.contains("Content-Length: 12\r\n") && head.ends_with("\r\n\r\n"), "{head}");

        for _ in 0..THREADS {
            server.unblock();
        }
        running.join().unwrap();
    }
}
