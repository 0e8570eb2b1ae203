//! What a site gets last: a policy that lets no script run but its own, a version, and a service worker that keeps it.
//!
//! The service worker is written by hand. What Workbox would bring (routes, strategies, expiry) has no use here: one version, whole,
//! each file held against its hash, is all there is, in eighty lines and without a further tool.

use std::fs;
use std::path::Path;

use headlight_catalogue::hash;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The worker's code, in the checkout.
const CODE: &str = "web/page/service-worker.js";
/// The worker, in the site.
const WORKER: &str = "service-worker.js";
/// Hexadecimal digits of a file's hash. They tell versions apart; whoever can change a file here can change the worker too.
const DIGITS: usize = 16;
/// Hexadecimal digits of the version that people see.
const VERSION_DIGITS: usize = 8;
/// Around what is put into the page, so that it can be put in anew.
const MARKS: (&str, &str) = ("<!--sealed-->", "<!--/sealed-->");
/// After this it is put in: before anything that the policy is about.
const AFTER: &str = "<meta charset=\"utf-8\" />";

/// What the page may do. Scripts are files of the site, and WebAssembly; styles are files, or set through the DOM; nothing is fetched
/// from anywhere else. The engine's worker is not bound by it: a worker goes by the headers that it came with, and fetches from a hub
/// where a reader asks for that.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; frame-src 'none'; base-uri 'none'; \
    form-action 'none'";

/// Seals a site. With `keep`, browsers may keep it for use without a network.
///
/// # Errors
/// When the page is not as trunk makes it, or a file can't be read or written.
pub fn seal(root: &Path, site: &Path, keep: bool) -> Result<()> {
    let page = site.join("index.html");
    let mut html = unsealed(&fs::read_to_string(&page).map_err(Error::io("read", &page))?);
    while let Some(script) = inline_script(&html) {
        let name = format!("start-{}.js", short(script.content.as_bytes()));
        let path = site.join(&name);
        fs::write(&path, &script.content).map_err(Error::io("write", &path))?;
        html.replace_range(script.range, &format!("<script type=\"module\" src=\"./{name}\"></script>"));
    }
    // The version is of all that is served, the page as it is without it.
    fs::write(&page, &html).map_err(Error::io("write", &page))?;
    let mut version = hash::hexadecimal(&Sha256::digest(listed(&files(site)?)));
    version.truncate(VERSION_DIGITS);
    let mut metas = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\" />");
    let worker = site.join(WORKER);
    if keep {
        metas += &format!("<meta name=\"headlight-version\" content=\"{} {version}\" />", env!("CARGO_PKG_VERSION"));
    } else if worker.exists() {
        fs::remove_file(&worker).map_err(Error::io("delete", &worker))?;
    }
    let Some(at) = html.find(AFTER).map(|at| at + AFTER.len()) else {
        return Err(Error::Check(format!("{} has no {AFTER}.", page.display())));
    };
    html.insert_str(at, &format!("{}{metas}{}", MARKS.0, MARKS.1));
    fs::write(&page, &html).map_err(Error::io("write", &page))?;
    if keep {
        let code = root.join(CODE);
        let code = fs::read_to_string(&code).map_err(Error::io("read", &code))?;
        let head = format!(
            "const VERSION = '{} {version}';\nconst FILES = [\n{}];\n",
            env!("CARGO_PKG_VERSION"),
            listed(&files(site)?)
        );
        fs::write(&worker, head + &code).map_err(Error::io("write", &worker))?;
    }
    Ok(())
}

/// Checks that a site has its policy, no script in its page, and a service worker that names every file as it is.
///
/// # Errors
/// When it does not hold, or a file can't be read.
pub fn check(site: &Path) -> Result<()> {
    let page = site.join("index.html");
    let html = fs::read_to_string(&page).map_err(Error::io("read", &page))?;
    if !html.contains(POLICY) || inline_script(&html).is_some() {
        return Err(Error::Check(format!("{} has no policy, or a script that its policy forbids.", page.display())));
    }
    let worker = site.join(WORKER);
    let code = fs::read_to_string(&worker).map_err(Error::io("read", &worker))?;
    if !code.contains(&format!("const FILES = [\n{}];\n", listed(&files(site)?))) {
        return Err(Error::Check(format!("{} does not name the site's files as they are.", worker.display())));
    }
    Ok(())
}

struct Script {
    range: std::ops::Range<usize>,
    content: String,
}

/// The first script of a page whose code stands in it.
fn inline_script(html: &str) -> Option<Script> {
    let mut from = 0;
    while let Some(start) = html.get(from..)?.find("<script").map(|at| from + at) {
        let code = start + html.get(start..)?.find('>')? + 1;
        let end = code + html.get(code..)?.find("</script>")?;
        let content = html.get(code..end)?;
        if !content.trim().is_empty() {
            return Some(Script { range: start..end + "</script>".len(), content: content.trim().to_owned() + "\n" });
        }
        from = end;
    }
    None
}

/// A page without what sealing put into it.
fn unsealed(html: &str) -> String {
    match (html.split_once(MARKS.0), html.split_once(MARKS.1)) {
        (Some((before, _)), Some((_, after))) => before.to_owned() + after,
        _ => html.to_owned(),
    }
}

fn short(bytes: &[u8]) -> String {
    let mut digits = hash::hexadecimal(&Sha256::digest(bytes));
    digits.truncate(DIGITS);
    digits
}

/// The files that are kept, with their hashes, in order: all but models, which the engine keeps by itself, and the worker.
fn files(site: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    collect(site, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, name) = (entry.path(), format!("{prefix}{name}"));
        let is_model = name.starts_with("models/") && name != "models/manifest.json";
        if is_model || name == WORKER || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{name}/"), found)?;
        } else {
            let (_, mut digits) = hash::of_file(&path)?;
            digits.truncate(DIGITS);
            found.push((name, digits));
        }
    }
    Ok(())
}

/// Files as lines of JavaScript.
fn listed(files: &[(String, String)]) -> String {
    // A name in JSON is one in JavaScript.
    files.iter().map(|(name, digits)| format!("[{}, '{digits}'],\n", serde_json::Value::from(name.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const PAGE: &str = "<head>\n<meta charset=\"utf-8\" />\n<script src=\"a.js\"></script>\n<script type=\"module\">\nimport './a.js';\n\
        </script>\n</head>";

    fn site(name: &str) -> (PathBuf, PathBuf) {
        let root = std::env::temp_dir().join(format!("headlight-seal-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let site = root.join("dist");
        for folder in ["dist/worker/abc", "dist/models/tiny", "dist/guide/zh", "web/page"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join(CODE), "// The code.\n").unwrap();
        for (file, content) in [
            ("index.html", PAGE),
            ("a.js", "1"),
            ("worker/abc/b.wasm", "2"),
            ("models/manifest.json", "{}"),
            ("guide/zh/index.html", "<p>"),
            ("models/tiny/weights", "3"),
            (".built-from", "4"),
        ] {
            fs::write(site.join(file), content).unwrap();
        }
        (root, site)
    }

    fn read(site: &Path, file: &str) -> String {
        fs::read_to_string(site.join(file)).unwrap()
    }

    #[test]
    fn a_site_gets_a_policy_a_version_and_a_worker_that_names_its_files() {
        let (root, site) = site("whole");
        seal(&root, &site, true).unwrap();
        check(&site).unwrap();
        let html = read(&site, "index.html");
        assert!(html.find(POLICY).unwrap() < html.find("<script").unwrap());
        let start = html.split_once("./start-").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(read(&site, &format!("start-{start}")), "import './a.js';\n");
        let worker = read(&site, WORKER);
        for file in [
            "\"index.html\"",
            "\"a.js\"",
            "\"worker/abc/b.wasm\"",
            "\"models/manifest.json\"",
            "\"guide/zh/index.html\"",
            start,
        ] {
            assert!(worker.contains(file), "{file} is in\n{worker}");
        }
        assert!(!worker.contains("weights") && !worker.contains("built-from") && worker.ends_with("// The code.\n"));
        // Again, and it is the same; with another file, and it is another version.
        let version = |worker: &str| worker.lines().next().unwrap().to_owned();
        seal(&root, &site, true).unwrap();
        assert_eq!((read(&site, "index.html"), read(&site, WORKER)), (html, worker.clone()));
        fs::write(site.join("a.js"), "5").unwrap();
        assert!(check(&site).is_err());
        seal(&root, &site, true).unwrap();
        check(&site).unwrap();
        assert_ne!(version(&read(&site, WORKER)), version(&worker));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_site_for_development_is_not_kept() {
        let (root, site) = site("dev");
        seal(&root, &site, true).unwrap();
        seal(&root, &site, false).unwrap();
        assert!(!site.join(WORKER).exists());
        let html = read(&site, "index.html");
        assert!(html.contains(POLICY) && !html.contains("headlight-version"), "{html}");
        fs::remove_dir_all(root).unwrap();
    }
}
