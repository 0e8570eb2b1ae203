//! How much a visitor downloads: the code of the site, gzipped, against its budget. The guide is no part of it: who uses the page does
//! not fetch it.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};
use crate::{guide, say};

/// The most that html, css, js and wasm may weigh together, gzipped.
pub const BUDGET: u64 = 4 * 1024 * 1024;

const CODE: &[&str] = &["html", "css", "js", "mjs", "wasm"];

/// The size of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its path in the site.
    pub name: String,
    /// As it lies there.
    pub raw: u64,
    /// Gzipped, as servers send it.
    pub gzipped: u64,
}

/// Measures every file of code in the site.
///
/// # Errors
/// When a file can't be read.
pub fn measure(site: &Path) -> Result<Vec<Size>> {
    let mut sizes = Vec::new();
    collect(site, site, &mut sizes)?;
    sizes.sort_by_key(|size| std::cmp::Reverse(size.gzipped));
    Ok(sizes)
}

/// Prints a table of sizes and holds their sum against the budget.
///
/// # Errors
/// When the sum is over the budget, or there is no code at all.
pub fn check(sizes: &[Size]) -> Result<()> {
    let (raw, gzipped) = sizes.iter().fold((0, 0), |sum, size| (sum.0 + size.raw, sum.1 + size.gzipped));
    let width = sizes.iter().map(|size| size.name.len()).max().unwrap_or_default().max(12);
    for size in sizes {
        say::note(&format!("{:width$} {:>11} {:>11} gzipped", size.name, say::size(size.raw), say::size(size.gzipped)));
    }
    say::note(&format!(
        "{:width$} {:>11} {:>11} gzipped, of {} allowed",
        "together",
        say::size(raw),
        say::size(gzipped),
        say::size(BUDGET)
    ));
    if !sizes.iter().any(|size| size.name.ends_with(".wasm")) {
        return Err(Error::Check("The site has no wasm module: its size says nothing.".to_owned()));
    }
    if gzipped > BUDGET {
        return Err(Error::Check(format!(
            "The code of the site is {} gzipped, {} more than the budget allows.",
            say::size(gzipped),
            say::size(gzipped - BUDGET)
        )));
    }
    Ok(())
}

fn collect(site: &Path, folder: &Path, sizes: &mut Vec<Size>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path == site.join(guide::FOLDER) {
            continue;
        }
        if path.is_dir() {
            collect(site, &path, sizes)?;
        } else if path.extension().is_some_and(|extension| CODE.iter().any(|code| extension == *code)) {
            let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
            let gzipped = gzip(&bytes).map_err(Error::io("compress", &path))?.len() as u64;
            let name = path.strip_prefix(site).unwrap_or(&path).display().to_string();
            sizes.push(Size { name, raw: bytes.len() as u64, gzipped });
        }
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(name: &str, gzipped: u64) -> Size {
        Size { name: name.to_owned(), raw: gzipped * 3, gzipped }
    }

    #[test]
    fn the_budget_is_held() {
        assert!(check(&[size("a.wasm", BUDGET - 10), size("index.html", 10)]).is_ok());
        let error = check(&[size("a.wasm", BUDGET), size("index.html", 1024)]).unwrap_err().to_string();
        assert!(error.contains("1.0 KiB more"), "{error}");
    }

    #[test]
    fn a_site_without_wasm_is_no_site() {
        assert!(check(&[size("index.html", 10)]).is_err());
    }

    #[test]
    fn only_code_is_measured_and_in_every_folder() {
        let site = std::env::temp_dir().join(format!("headlight-sizes-{}", std::process::id()));
        fs::create_dir_all(site.join("worker")).unwrap();
        // The guide is not what a visitor downloads; a folder of that name elsewhere is none.
        for folder in ["guide/zh", "worker/guide"] {
            fs::create_dir_all(site.join(folder)).unwrap();
            fs::write(site.join(folder).join("page.html"), "g").unwrap();
        }
        fs::write(site.join("guide/guide.css"), "g").unwrap();
        fs::write(site.join("index.html"), "x".repeat(10_000)).unwrap();
        fs::write(site.join("worker/engine.wasm"), "y").unwrap();
        fs::write(site.join("model.safetensors"), "z").unwrap();
        let sizes = measure(&site).unwrap();
        let mut names: Vec<_> = sizes.iter().map(|size| size.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["index.html", "worker/engine.wasm", "worker/guide/page.html"]);
        assert!(sizes.iter().all(|size| size.name != "index.html" || size.gzipped < 200));
        fs::remove_dir_all(site).unwrap();
    }
}
