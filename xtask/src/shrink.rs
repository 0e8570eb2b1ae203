//! What the linker leaves in a module more than once, taken out with Binaryen's `wasm-opt`.
//!
//! Every crate that calls a generic or asynchronous function has a copy of it of its own, and kernels for numbers of one size
//! differ in a constant or two. `gzip` sees 32 KiB at a time, far too little to notice.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say, system};

/// What of WebAssembly the module may use: what Chrome, Edge, Firefox and Safari have had since the end of 2024. Whatever newer
/// there is, `wasm-opt` would make use of it where it is allowed to. Functions that differ in what they call are merged by
/// typed function references, which come with garbage collection: 73 kB gzipped.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-gc",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// What is done, in this order: of a module of 14.4 MB, 3,652 kB gzipped, it leaves 10.1 MB and 3,504 kB, within half a minute.
/// `-Oz` takes three minutes for less, since what it rewrites no longer compresses as well.
const PASSES: &[&str] = &[
    "--remove-unused-module-elements",
    "--simplify-locals-nostructure",
    "--optimize-instructions",
    "--precompute",
    "--merge-blocks",
    "--remove-unused-brs",
    "--vacuum",
    "--rse",
    "--duplicate-function-elimination",
    "--merge-similar-functions",
    "--duplicate-function-elimination",
    "--merge-similar-functions",
    "--duplicate-function-elimination",
    "--merge-similar-functions",
    "--code-folding",
    "--vacuum",
    "--optimize-instructions",
    "--vacuum",
];

/// Whether there is npm, which brings `wasm-opt`.
#[must_use]
pub fn is_available() -> bool {
    process::which("npm").is_some()
}

/// Says how modules are made smaller on this machine: what a module that lies there is known by.
#[must_use]
pub fn recipe() -> String {
    if is_available() { PASSES.join(" ") } else { String::new() }
}

/// Makes a module smaller where it lies; `what` it is. Without npm it stays as it is, and a note says so.
///
/// # Errors
/// When npm can't install `wasm-opt`, or that fails.
pub fn shrink(paths: &Paths, module: &Path, what: &str) -> Result<()> {
    if !is_available() {
        say::note(&format!("npm is not installed: {what} is built without wasm-opt, and is larger to download."));
        return Ok(());
    }
    let folder = paths.root.join("xtask/binaryen");
    system::ensure_node_modules(&folder)?;
    say::step(&format!("Taking out with wasm-opt what {what} has twice (half a minute)."));
    let smaller = module.with_extension("smaller");
    let mut command = Command::new(folder.join("node_modules/.bin/wasm-opt"));
    command.args(FEATURES).args(PASSES).arg("--output").arg(&smaller).arg(module);
    process::run(&mut command)?;
    fs::rename(&smaller, module).map_err(Error::io("replace", module))
}
