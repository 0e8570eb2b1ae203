//! The engine worker: its module, what `wasm-bindgen` makes of it and its scripts, together in a folder that is named by
//! the hash of their content.
//!
//! A host's cache may give an old file beside a new one. With the hash in the path, a page finds the worker that it was
//! built with, or none. `index.html` takes in [`ADDRESS`], which is how the page learns the path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use headlight_catalogue::hash;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::toolchain::{TARGET, Toolchain};
use crate::tools::Tools;
use crate::{exports, process, say, shrink, snip};

/// The name of the module.
const MODULE: &str = "headlight_worker";
/// The script that a worker starts with.
const START: &str = "boot.js";
/// In the package: what `wasm-bindgen` made, kept while the module stays the same.
const BOUND: &str = "bindgen";
/// In the package: what the site has as `worker/`, one folder.
const SITE: &str = "site";
/// In the package: the element of `index.html` that says where the worker starts.
const ADDRESS: &str = "address.html";
/// Hexadecimal digits of the hash in a folder's name.
const DIGITS: usize = 16;

/// Builds the module, makes it callable, and puts it under its hash.
///
/// # Errors
/// When the build or `wasm-bindgen` fails, an export is wrapped, or a file can't be written.
pub fn build(paths: &Paths, toolchain: &Toolchain, tools: &Tools) -> Result<()> {
    say::step(&format!(
        "Building the engine for wasm with {} (15 to 25 minutes the first time on two cores, then seconds).",
        toolchain.description()
    ));
    let start = Instant::now();
    let mut cargo = toolchain.cargo();
    cargo.current_dir(&paths.root);
    cargo.args(["rustc", "--package", "headlight-worker", "--lib", "--release", "--target", TARGET]);
    // Optimised as one piece, which the command line is not: two minutes more, and 161 KiB less to download.
    process::run(cargo.args(["--", "-Clto=fat"]))?;
    let module = paths.wasm_target().join(TARGET).join("release").join(MODULE).with_extension("wasm");
    say::note(&format!("Built in {}.", say::duration(start.elapsed())));

    let package = paths.worker_package();
    let bound = package.join(BOUND);
    let stamp = bound.join(".made-from");
    // The module says which version of wasm-bindgen it wants, so its hash stands for that tool as well.
    let made_from = format!("{} {} {}", hash::of_file(&module)?.1, snip::recipe(), shrink::recipe());
    if !fs::read_to_string(&stamp).is_ok_and(|old| old == made_from) {
        check_exports(&module)?;
        say::step("Making the engine callable from JavaScript with wasm-bindgen (a few seconds).");
        if package.exists() {
            fs::remove_dir_all(&package).map_err(Error::io("delete", &package))?;
        }
        let mut bytes = fs::read(&module).map_err(Error::io("read", &module))?;
        let snipped = snip::snip(&mut bytes)?;
        let called = module.with_extension("snipped.wasm");
        fs::write(&called, bytes).map_err(Error::io("write", &called))?;
        let mut bindgen = Command::new(&tools.wasm_bindgen);
        bindgen.args(["--target", "web", "--no-typescript", "--remove-name-section", "--remove-producers-section"]);
        bindgen.args(["--out-name", MODULE, "--out-dir"]).arg(&bound).arg(&called);
        process::run(&mut bindgen)?;
        say::note(&format!("Without the {snipped} parsers that nothing calls."));
        shrink::shrink(paths, &bound.join(format!("{MODULE}_bg.wasm")), "the engine")?;
        fs::write(&stamp, made_from).map_err(Error::io("write", &stamp))?;
    }
    let mut parts = files(&bound)?;
    // The worker's own scripts travel with what was made of its module.
    let scripts = paths.root.join("web/worker");
    for entry in fs::read_dir(&scripts).map_err(Error::io("read", &scripts))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".js") || name.ends_with(".mjs") {
            parts.push(Part { name, path: entry.path() });
        }
    }
    publish(&package, &parts)
}

/// Checks that no export of a module runs its constructors, and counts them.
///
/// # Errors
/// When one does, or the file can't be read.
pub fn check_exports(module: &Path) -> Result<usize> {
    let bytes = fs::read(module).map_err(Error::io("read", module))?;
    exports::check(&bytes).map_err(|error| Error::Check(format!("{}: {error}", module.display())))
}

/// Checks that a site has one worker, under the hash of its content, and that its page names it.
///
/// # Errors
/// When it does not hold, or a file can't be read.
pub fn check_address(site: &Path) -> Result<()> {
    let page = site.join("index.html");
    let html = fs::read_to_string(&page).map_err(Error::io("read", &page))?;
    let workers = site.join("worker");
    let entries = fs::read_dir(&workers).map_err(Error::io("read", &workers))?;
    let folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    let [folder] = folders.as_slice() else {
        return Err(Error::Check(format!("{} has {} entries in place of one.", workers.display(), folders.len())));
    };
    let parts = files(folder)?;
    let name = hash_of(&parts)?;
    if !folder.ends_with(&name) || !parts.iter().any(|part| part.name == START) {
        return Err(Error::Check(format!("{} is not what its name says.", folder.display())));
    }
    if !html.contains(&address(&name)) {
        return Err(Error::Check(format!("{} does not name worker/{name}.", page.display())));
    }
    Ok(())
}

/// A file, and where it stands in the worker's folder, with `/` between names.
struct Part {
    name: String,
    path: PathBuf,
}

/// Every file of a folder, without hidden ones.
fn files(folder: &Path) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if path.is_dir() {
            parts.extend(files(&path)?.into_iter().map(|part| Part { name: format!("{name}/{}", part.name), ..part }));
        } else if !name.starts_with('.') {
            parts.push(Part { name, path });
        }
    }
    Ok(parts)
}

/// The first digits of one hash over names and contents.
fn hash_of(parts: &[Part]) -> Result<String> {
    let mut lines = Vec::new();
    for Part { name, path } in parts {
        let (bytes, content) = hash::of_file(path)?;
        lines.push(format!("{name} {bytes} {content}\n"));
    }
    lines.sort();
    let mut digits = hash::hexadecimal(&Sha256::digest(lines.concat()));
    digits.truncate(DIGITS);
    Ok(digits)
}

fn address(hash: &str) -> String {
    // Relative to the page, so that the site may lie under any path.
    format!("<meta name=\"headlight-worker\" content=\"worker/{hash}/{START}\" />")
}

/// Puts `parts` under their hash, in place of what was there.
fn publish(package: &Path, parts: &[Part]) -> Result<()> {
    let site = package.join(SITE);
    if site.exists() {
        fs::remove_dir_all(&site).map_err(Error::io("delete", &site))?;
    }
    let hash = hash_of(parts)?;
    let folder = site.join(&hash);
    for Part { name, path } in parts {
        let target = folder.join(name);
        let parent = target.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        fs::copy(path, &target).map_err(Error::io("copy", path))?;
    }
    let element = package.join(ADDRESS);
    fs::write(&element, address(&hash)).map_err(Error::io("write", &element))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package with what a build would put there.
    fn package(name: &str, module: &str) -> PathBuf {
        let package = std::env::temp_dir().join(format!("headlight-worker-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&package);
        rebuild(&package, module);
        package
    }

    fn rebuild(package: &Path, module: &str) {
        let bound = package.join(BOUND);
        fs::create_dir_all(bound.join("snippets")).unwrap();
        for (name, text) in [(START, "start"), ("a.wasm", module), ("snippets/a.js", "snippet"), (".made-from", "?")] {
            fs::write(bound.join(name), text).unwrap();
        }
        publish(package, &files(&bound).unwrap()).unwrap();
    }

    /// What trunk makes of a package.
    fn site(package: &Path) -> PathBuf {
        let site = package.join("dist");
        let _ = fs::remove_dir_all(&site);
        for Part { name, path } in files(&package.join(SITE)).unwrap() {
            let target = site.join("worker").join(name);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(path, target).unwrap();
        }
        let element = fs::read_to_string(package.join(ADDRESS)).unwrap();
        fs::write(site.join("index.html"), format!("<head>{element}</head>")).unwrap();
        site
    }

    fn names(package: &Path) -> Vec<String> {
        let entries = fs::read_dir(package.join(SITE)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_worker_lies_whole_under_its_hash_alone() {
        let package = package("publish", "one");
        let first = names(&package);
        assert!(first.len() == 1 && first[0].len() == DIGITS, "{first:?}");
        let folder = site(&package).join("worker").join(&first[0]);
        check_address(&site(&package)).unwrap();
        assert_eq!(fs::read_to_string(folder.join("snippets/a.js")).unwrap(), "snippet");
        assert!(!folder.join(".made-from").exists());

        rebuild(&package, "one");
        assert_eq!(names(&package), first, "the same content has the same name");
        rebuild(&package, "two");
        assert!(names(&package).len() == 1 && names(&package) != first, "the old one is gone");
        check_address(&site(&package)).unwrap();
        fs::remove_dir_all(package).unwrap();
    }

    #[test]
    fn a_page_and_a_worker_that_do_not_belong_together_are_refused() {
        let package = package("refused", "one");
        let name = &names(&package)[0];

        let changed = site(&package);
        fs::write(changed.join("worker").join(name).join(START), "another").unwrap();
        assert!(check_address(&changed).is_err());

        let stale = site(&package);
        fs::create_dir(stale.join("worker/0123456789abcdef")).unwrap();
        assert!(check_address(&stale).is_err());

        let unnamed = site(&package);
        fs::write(unnamed.join("index.html"), "<head></head>").unwrap();
        assert!(check_address(&unnamed).is_err());
        fs::remove_dir_all(package).unwrap();
    }
}
