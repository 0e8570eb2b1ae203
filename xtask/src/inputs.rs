//! Whether anything that a site is built from has changed.

use std::fs;
use std::path::{Path, PathBuf};

use headlight_catalogue::hash;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::Paths;

/// What a site is built from, relative to the checkout.
const INPUTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
    ".cargo",
    "index.html",
    "crates",
    "web",
    "docs/guide",
    // What the guide says of methods.
    "docs/methods/table.json",
    "xtask/src",
    "xtask/binaryen",
    "tests/golden",
];
/// What builds write among it.
const OUTPUTS: &[&str] = &["pkg", "node_modules", "target", "dist"];

/// One hash over the names and contents of everything a site is built from.
///
/// # Errors
/// When a file can't be read.
pub fn fingerprint(paths: &Paths, mode: &str) -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&paths.root.join(input), &mut files)?;
    }
    files.push(paths.models().join("manifest.json"));
    files.sort();
    let mut hasher = Sha256::new();
    hasher.update(mode);
    for file in files {
        let (bytes, content) = hash::of_file(&file)?;
        hasher.update(format!("\n{} {bytes} {content}", file.display()));
    }
    Ok(hash::hexadecimal(&hasher.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path).map_err(Error::io("read", path))?.flatten() {
            if !OUTPUTS.iter().any(|output| entry.file_name() == *output) {
                collect(&entry.path(), files)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_an_output_is_not() {
        let root = std::env::temp_dir().join(format!("headlight-inputs-{}", std::process::id()));
        let paths = Paths { root: root.clone(), cache: root.join("cache"), target: root.join("target") };
        for folder in ["crates/a", "web/worker/pkg", "docs/guide/en/src", "cache/models"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("crates/a/lib.rs"), "1").unwrap();
        fs::write(root.join("cache/models/manifest.json"), "{}").unwrap();
        let first = fingerprint(&paths, "release").unwrap();
        fs::write(root.join("web/worker/pkg/a.wasm"), "output").unwrap();
        assert_eq!(fingerprint(&paths, "release").unwrap(), first);
        assert_ne!(fingerprint(&paths, "dev").unwrap(), first);
        fs::write(root.join("crates/a/lib.rs"), "2").unwrap();
        assert_ne!(fingerprint(&paths, "release").unwrap(), first);
        let second = fingerprint(&paths, "release").unwrap();
        fs::write(root.join("docs/guide/en/src/index.md"), "# The guide").unwrap();
        assert_ne!(fingerprint(&paths, "release").unwrap(), second);
        fs::remove_dir_all(root).unwrap();
    }
}
