//! `cargo xtask bench`: how fast it is beside others, as ratios from one run.

use std::env;
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, reference, say, site, system};

/// Runs the native bench, the browser's, or both.
///
/// # Errors
/// When something is missing and can't be set up, or a bench fails.
pub fn run(paths: &Paths, arguments: &[&str]) -> Result<()> {
    match arguments.split_first() {
        None => {
            native(paths, &[])?;
            browser(paths, &[])
        }
        Some((&"native", rest)) => native(paths, rest),
        Some((&"browser", rest)) => browser(paths, rest),
        Some((other, _)) => Err(Error::Usage(format!("There is no bench {other:?}; there are native and browser."))),
    }
}

/// Ours natively; beside PyTorch, where the environment for the reference values is there.
fn native(paths: &Paths, rest: &[&str]) -> Result<()> {
    models::fetch(paths, &[])?;
    say::step("Building the command line in release (3 to 8 minutes the first time), then measuring (some minutes).");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache);
    cargo.args(["run", "--release", "--quiet", "--package", "headlight-cli", "--", "bench"]).args(rest);
    process::run(&mut cargo)?;
    let script = paths.root.join("tests/reference/bench_torch.py");
    if !reference::is_there(paths) {
        say::note("PyTorch is not measured: `cargo xtask reference` installs it.");
        return Ok(());
    }
    say::step("Measuring PyTorch (a minute).");
    process::run(reference::python_with_packages(paths)?.arg(script))
}

/// Ours in Chromium beside onnxruntime-web, on the same weights exported to ONNX.
fn browser(paths: &Paths, rest: &[&str]) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    let folder = paths.root.join("tests/bench");
    system::ensure_node_modules(&folder)?;
    // The bench starts its browser the way the browser tests do.
    system::ensure_node_modules(&paths.end_to_end())?;
    let onnx = paths.cache.join("bench/minilm.onnx");
    if !onnx.is_file() {
        say::step("Exporting MiniLM to ONNX with its attention as outputs (a minute).");
        let parent = paths.cache.join("bench");
        std::fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
        let script = paths.root.join("tests/reference/export_onnx.py");
        process::run(reference::python_with_packages(paths)?.arg(script).arg("--output").arg(&onnx))?;
    }
    say::step("Measuring in Chromium (several minutes).");
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(folder.join("bench.mjs")).args(rest);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    node.env("HEADLIGHT_ONNX", onnx);
    process::run(&mut node)
}
