//! `cargo xtask build`: the static site in `dist/`, out of two wasm modules and the models.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use headlight_catalogue::{hash, read_manifest};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::toolchain::{TARGET, Toolchain};
use crate::tools::Tools;
use crate::{exports, inputs, models, process, say, sizes};

/// How a site is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The page unoptimised, and no check of the size. The engine is always optimised: it is of no use otherwise.
    pub dev: bool,
    /// Leave a site alone that nothing has changed since.
    pub only_if_changed: bool,
}

/// The name of the engine worker's module.
const WORKER: &str = "headlight_worker";
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
    worker(paths, &toolchain, &tools)?;
    page(paths, &toolchain, &tools, options.dev)?;
    link_models(paths)?;
    say::step("Measuring what a visitor downloads.");
    let measured = sizes::measure(&paths.dist())?;
    match sizes::check(&measured) {
        Err(error) if options.dev => say::note(&format!("{error} (Not held against a development build.)")),
        result => result?,
    }
    fs::write(&stamp, fingerprint()?).map_err(Error::io("write", &stamp))
}

/// Checks the exports of every wasm module in the site, and the size of its code.
///
/// # Errors
/// When there is no site, an export is wrapped or the code is too large.
pub fn check_budgets(paths: &Paths) -> Result<()> {
    let measured = sizes::measure(&paths.dist())?;
    for module in measured.iter().filter(|size| size.name.ends_with(".wasm")) {
        let path = paths.dist().join(&module.name);
        let count = check_exports(&path)?;
        say::note(&format!("{}: none of {count} exports runs the constructors.", module.name));
    }
    sizes::check(&measured)
}

fn worker(paths: &Paths, toolchain: &Toolchain, tools: &Tools) -> Result<()> {
    say::step(&format!(
        "Building the engine for wasm with {} (15 to 25 minutes the first time on two cores, then seconds).",
        toolchain.description()
    ));
    let start = Instant::now();
    let mut cargo = toolchain.cargo();
    cargo.current_dir(&paths.root);
    process::run(cargo.args(["build", "--package", "headlight-worker", "--lib", "--release", "--target", TARGET]))?;
    let module = paths.wasm_target().join(TARGET).join("release").join(WORKER).with_extension("wasm");
    say::note(&format!("Built in {}.", say::duration(start.elapsed())));

    let package = paths.worker_package();
    let stamp = package.join(".made-from");
    // The module says which version of wasm-bindgen it wants, so its hash stands for the tool as well.
    let made_from = hash::of_file(&module)?.1;
    if !fs::read_to_string(&stamp).is_ok_and(|old| old == made_from) {
        check_exports(&module)?;
        say::step("Making the engine callable from JavaScript with wasm-bindgen (a few seconds).");
        if package.exists() {
            fs::remove_dir_all(&package).map_err(Error::io("delete", &package))?;
        }
        let mut bindgen = Command::new(&tools.wasm_bindgen);
        bindgen.args(["--target", "web", "--no-typescript", "--remove-name-section", "--remove-producers-section"]);
        bindgen.args(["--out-name", WORKER, "--out-dir"]).arg(&package).arg(&module);
        process::run(&mut bindgen)?;
        fs::write(&stamp, made_from).map_err(Error::io("write", &stamp))?;
    }
    copy_scripts(&paths.root.join("web/worker"), &package)
}

fn check_exports(module: &Path) -> Result<usize> {
    let bytes = fs::read(module).map_err(Error::io("read", module))?;
    exports::check(&bytes).map_err(|error| Error::Check(format!("{}: {error}", module.display())))
}

/// The worker's own scripts travel with what was made of its module.
fn copy_scripts(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(Error::io("read", from))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "js" || extension == "mjs") {
            fs::copy(&path, to.join(entry.file_name())).map_err(Error::io("copy", &path))?;
        }
    }
    Ok(())
}

fn page(paths: &Paths, toolchain: &Toolchain, tools: &Tools, dev: bool) -> Result<()> {
    say::step("Building the page with trunk (1 to 3 minutes the first time, then seconds).");
    let start = Instant::now();
    let mut trunk = Command::new(&tools.trunk);
    toolchain.apply(&mut trunk);
    // Trunk reads it as one of its own options and rejects the usual value `1`.
    trunk.env_remove("NO_COLOR").current_dir(&paths.root);
    trunk.args(["build", "--skip-version-check"]);
    if !dev {
        trunk.arg("--release");
    }
    process::run(&mut trunk)?;
    say::note(&format!("Built in {}.", say::duration(start.elapsed())));
    Ok(())
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
