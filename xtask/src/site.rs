//! `cargo xtask build`: the static site in `dist/`, out of two wasm modules and the models.

use std::fs;
use std::process::Command;
use std::time::Instant;

use base64ct::{Base64, Encoding};
use headlight_catalogue::read_manifest;
use sha2::{Digest, Sha384};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::toolchain::Toolchain;
use crate::tools::{self, Tools};
use crate::{guide, inputs, models, process, say, seal, shrink, sizes, worker};

/// How a site is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The page unoptimised, and no check of the size. The engine is always optimised: it is of no use otherwise.
    pub dev: bool,
    /// Leave a site alone that nothing has changed since.
    pub only_if_changed: bool,
}

/// Remembers in `dist/` what the site was built from.
const STAMP: &str = ".built-from";

/// Builds the site.
///
/// # Errors
/// When something is missing and can't be set up, a build fails, an export is wrapped or the code is too large.
pub fn build(paths: &Paths, options: Options) -> Result<()> {
    models::fetch(paths, &[])?;
    let stamp = paths.dist().join(STAMP);
    let fingerprint = || inputs::fingerprint(paths, if options.dev { "dev" } else { "release" });
    if options.only_if_changed && fs::read_to_string(&stamp).is_ok_and(|old| fingerprint().is_ok_and(|new| new == old))
    {
        say::note("dist/ is up to date.");
        return Ok(());
    }
    let toolchain = Toolchain::ensure(paths)?;
    let tools = Tools::ensure(paths)?;
    worker::build(paths, &toolchain, &tools)?;
    page(paths, &toolchain, &tools, options.dev)?;
    worker::check_address(&paths.dist())?;
    link_models(paths)?;
    // After the page, whose builder empties the folder.
    if options.dev {
        match tools::mdbook_at_hand(paths) {
            Some(mdbook) => guide::build(paths, &mdbook)?,
            None => say::note("The user guide is left out: mdbook is not here, which `cargo xtask build` sets up."),
        }
    } else {
        guide::build(paths, &tools::mdbook(paths)?)?;
    }
    seal::seal(&paths.root, &paths.dist(), !options.dev)?;
    say::step("Measuring what a visitor downloads.");
    let measured = sizes::measure(&paths.dist())?;
    match sizes::check(&measured) {
        Err(error) if options.dev => say::note(&format!("{error} (Not held against a development build.)")),
        Err(error) if !shrink::is_available() => {
            say::note(&format!("{error} (Not held against a build without wasm-opt.)"));
        }
        result => result?,
    }
    fs::write(&stamp, fingerprint()?).map_err(Error::io("write", &stamp))
}

/// Checks the exports of every wasm module in the site, the worker's address, the policy and the list of files, and the size of the code.
///
/// # Errors
/// When there is no site, an export is wrapped, page and worker do not belong together or the code is too large.
pub fn check_budgets(paths: &Paths) -> Result<()> {
    worker::check_address(&paths.dist())?;
    seal::check(&paths.dist())?;
    let measured = sizes::measure(&paths.dist())?;
    for module in measured.iter().filter(|size| size.name.ends_with(".wasm")) {
        let path = paths.dist().join(&module.name);
        let count = worker::check_exports(&path)?;
        say::note(&format!("{}: none of {count} exports runs the constructors.", module.name));
    }
    sizes::check(&measured)
}

fn page(paths: &Paths, toolchain: &Toolchain, tools: &Tools, dev: bool) -> Result<()> {
    say::step("Building the page with trunk (1 to 3 minutes the first time, then seconds).");
    let start = Instant::now();
    let mut trunk = Command::new(&tools.trunk);
    toolchain.apply(&mut trunk);
    // Trunk reads it as one of its own options and rejects the usual value `1`.
    trunk.env_remove("NO_COLOR").current_dir(&paths.root);
    trunk.args(["build", "--skip-version-check"]);
    // Leptos then writes views behind pointers and not as types of their own, which is a tenth less to download.
    // Cargo adds this to the flags that `.cargo/config.toml` has.
    trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg=erase_components");
    if !dev {
        trunk.arg("--release");
    }
    process::run(&mut trunk)?;
    say::note(&format!("Built in {}.", say::duration(start.elapsed())));
    if dev { Ok(()) } else { shrink_page(paths) }
}

/// Takes out of the page's module what it has twice, and puts the new hash where trunk wrote the old one.
fn shrink_page(paths: &Paths) -> Result<()> {
    let (dist, html) = (paths.dist(), paths.dist().join("index.html"));
    let all = fs::read_dir(&dist).map_err(Error::io("read", &dist))?.flatten().map(|entry| entry.path());
    let Some(module) = all.into_iter().find(|path| path.to_string_lossy().ends_with("_bg.wasm")) else {
        return Err(Error::Check(format!("{} has no module for the page.", dist.display())));
    };
    let integrity = || fs::read(&module).map_err(Error::io("read", &module)).map(|bytes| integrity(&bytes));
    let before = integrity()?;
    shrink::shrink(paths, &module, "the page")?;
    let text = fs::read_to_string(&html).map_err(Error::io("read", &html))?;
    if !text.contains(&before) {
        return Err(Error::Check(format!("{} does not say the hash of the page's module.", html.display())));
    }
    fs::write(&html, text.replace(&before, &integrity()?)).map_err(Error::io("write", &html))
}

/// A file's hash as a page has it (Subresource Integrity).
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", Base64::encode_string(&Sha384::digest(bytes)))
}

/// Puts the models beside the page: hard links where the cache lies on the same disk, else copies.
fn link_models(paths: &Paths) -> Result<()> {
    let from = paths.models();
    let to = paths.dist().join("models");
    if to.exists() {
        fs::remove_dir_all(&to).map_err(Error::io("delete", &to))?;
    }
    fs::create_dir_all(&to).map_err(Error::io("create", &to))?;
    let manifest = from.join("manifest.json");
    fs::copy(&manifest, to.join("manifest.json")).map_err(Error::io("copy", &manifest))?;
    for model in read_manifest(&manifest)?.models {
        let folder = to.join(&model.id);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        for file in model.files {
            let source = from.join(&model.id).join(&file.name);
            let target = folder.join(&file.name);
            if fs::hard_link(&source, &target).is_err() {
                fs::copy(&source, &target).map_err(Error::io("copy", &source))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_that_browsers_take() {
        assert_eq!(integrity(b""), "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb");
    }
}
