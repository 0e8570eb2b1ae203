//! `cargo xtask bench`: how fast it is beside others, as ratios from one run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, reference, say, site, system};

/// Runs the native bench, the browser's, or both; or, by name alone, attention on the screen, or what loading costs, which is no
/// ratio.
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
        Some((&"attention", rest)) => attention(paths, rest),
        Some((&"load", rest)) => load(paths, rest),
        Some((&"methods", rest)) => methods(paths, rest),
        Some((other, _)) => Err(Error::Usage(format!(
            "There is no bench {other:?}; there are native, browser, attention, methods and load."
        ))),
    }
}

/// A row as `headlight bench` and `bench_torch.py` print it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Row {
    name: String,
    tokens: usize,
    #[serde(default)]
    threads: Option<usize>,
    median_ms: f64,
    /// Over as many single runs as it stands for.
    #[serde(default)]
    ratio_to_single: Option<f64>,
    #[serde(default)]
    single_runs: Option<usize>,
}

/// What is timed natively: a model, its lengths, and methods in the place of plain runs.
struct Timed {
    model: &'static str,
    tokens: &'static [&'static str],
    methods: &'static [&'static str],
}

const NATIVE: &[Timed] = &[
    Timed { model: "smollm2", tokens: &["32", "64"], methods: &[] },
    Timed { model: "minilm", tokens: &["32", "128"], methods: &[] },
    Timed { model: "smollm2", tokens: &["64"], methods: &["grad_x_input"] },
    Timed { model: "sentiment", tokens: &["40"], methods: &["integrated_gradients", "lime"] },
];

/// Ours natively; beside PyTorch eager on the CPU, where the environment for the reference values is there. Arguments go
/// to `headlight bench`: `--device webgpu` times a graphics processor.
fn native(paths: &Paths, rest: &[&str]) -> Result<()> {
    models::fetch(paths, &[])?;
    say::step("Building the command line in release (3 to 15 minutes the first time), then measuring (some minutes).");
    let gpu = rest.contains(&"webgpu");
    let torch = reference::is_there(paths);
    if !torch {
        say::note("PyTorch is not measured: `cargo xtask reference` installs it.");
    }
    for Timed { model, tokens, methods } in NATIVE {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache);
        cargo.args(["run", "--release", "--quiet", "--package", "headlight-cli"]);
        if !gpu {
            cargo.arg("--no-default-features");
        }
        cargo.args(["--", "bench", "--model", model]);
        let mut python = None;
        if torch {
            let mut script = reference::python_with_packages(paths)?;
            script.arg(paths.root.join("tests/reference/bench_torch.py")).arg("--models").arg(paths.models());
            script.args(["--model", model, "--threads", "1", "--repeat", "7"]);
            python = Some(script);
        }
        for count in *tokens {
            cargo.args(["--tokens", count]);
            if let Some(script) = &mut python {
                script.args(["--tokens", count]);
            }
        }
        for method in *methods {
            cargo.args(["--method", method]);
            // Captum's LIME is of another kind.
            if let Some(script) = python.as_mut().filter(|_| *method != "lime") {
                script.args(["--method", method]);
            }
        }
        let ours = rows(&process::output(cargo.args(rest))?);
        let theirs = python.map_or(Ok(String::new()), |mut script| process::output(&mut script))?;
        compare(&ours, &rows(&theirs));
    }
    Ok(())
}

fn rows(printed: &str) -> Vec<Row> {
    printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn compare(ours: &[Row], theirs: &[Row]) {
    for row in ours {
        let peer = theirs.iter().find(|peer| peer.name == row.name && peer.tokens == row.tokens);
        let beside = peer.map_or_else(String::new, |peer| {
            let threads = peer.threads.unwrap_or(1);
            let ratio = row.median_ms / peer.median_ms;
            format!(", PyTorch ({threads} thread) {:.1} ms, ratio {ratio:.2}", peer.median_ms)
        });
        let single = row.ratio_to_single.zip(row.single_runs).filter(|(_, count)| *count > 1);
        let single = single.map_or_else(String::new, |(ratio, count)| format!(", over {count} single runs {ratio:.2}"));
        say::line(&format!("{:24} {:4} tokens: ours {:.1} ms{beside}{single}", row.name, row.tokens, row.median_ms));
    }
}

/// Ours in Chromium beside onnxruntime-web, on the same weights exported to ONNX.
fn browser(paths: &Paths, rest: &[&str]) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    // The bench starts its browser as the tests do.
    system::ensure_node_modules(&paths.end_to_end())?;
    let folder = paths.root.join("tests/bench");
    system::ensure_node_modules(&folder)?;
    let onnx = paths.cache.join("bench/minilm.onnx");
    if !onnx.is_file() {
        say::step("Exporting MiniLM to ONNX with its attention as outputs (a minute).");
        let parent = paths.cache.join("bench");
        std::fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
        let script = paths.root.join("tests/reference/export_onnx.py");
        let mut python = reference::python_with_packages(paths)?;
        process::run(python.arg(script).arg("--models").arg(paths.models()).arg("--output").arg(&onnx))?;
    }
    say::step("Measuring in Chromium (several minutes).");
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(folder.join("bench.mjs")).args(rest);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    node.env("HEADLIGHT_ONNX", onnx);
    process::run(&mut node)
}

/// All of a text's attention on the screen, beside the page that BertViz makes of the same weights.
fn attention(paths: &Paths, rest: &[&str]) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    system::ensure_node_modules(&paths.end_to_end())?;
    let folder = paths.root.join("tests/bench");
    system::ensure_node_modules(&folder)?;
    let scratch = paths.cache.join("bench");
    std::fs::create_dir_all(&scratch).map_err(Error::io("create", &scratch))?;
    let python = ensure_bertviz(&scratch)?;
    say::step(
        "Measuring in Chromium (a quarter of an hour; up to 10 GB of memory and 2 GB on the disk at 512 tokens).",
    );
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(folder.join("attention.mjs")).args(rest);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    node.env("HEADLIGHT_BENCH", scratch).env("HEADLIGHT_BERTVIZ_PYTHON", python);
    process::run(&mut node)
}

/// A Python environment with BertViz and nothing that it depends on: `model_view.py` says why.
fn ensure_bertviz(scratch: &Path) -> Result<PathBuf> {
    const WANTED: &str = "bertviz==1.4.1";
    let folder = scratch.join("bertviz");
    let python = folder.join("bin/python");
    let stamp = folder.join(".requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|old| old == WANTED) && python.is_file() {
        return Ok(python);
    }
    let system = process::which("python3")
        .ok_or_else(|| Error::missing("Python", "install Python 3.11 or newer with venv, in which BertViz runs."))?;
    say::step("Making a Python environment for BertViz (some seconds).");
    process::run(Command::new(system).args(["-m", "venv"]).arg(&folder))?;
    process::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-deps", WANTED]))?;
    std::fs::write(&stamp, WANTED).map_err(Error::io("write", &stamp))?;
    Ok(python)
}

/// Integrated gradients beside as many single runs, in Chromium. `--adapter own` takes the machine's graphics processor.
fn methods(paths: &Paths, rest: &[&str]) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    system::ensure_node_modules(&paths.end_to_end())?;
    say::step("Measuring in Chromium (some minutes without a graphics processor).");
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(paths.root.join("tests/bench/methods.mjs")).args(rest);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    process::run(&mut node)
}

/// Time and memory of loading each registered model in Chromium, on both devices.
fn load(paths: &Paths, rest: &[&str]) -> Result<()> {
    site::build(paths, site::Options { dev: false, only_if_changed: true })?;
    system::ensure_node_modules(&paths.end_to_end())?;
    say::step("Loading each model in Chromium, twice on each device (some minutes).");
    let mut node = Command::new(system::ensure_node()?);
    node.current_dir(&paths.root).arg(paths.root.join("tests/bench/load.mjs")).args(rest);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    process::run(&mut node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_sides_are_read_and_other_lines_are_not() {
        let printed = "loading…\n{\"name\":\"minilm-forward\",\"tokens\":32,\"threads\":1,\"median_ms\":47.0,\"runs\":5}\n\
                       {\"name\":\"minilm-forward\",\"tokens\":128,\"device\":\"CPU\",\"median_ms\":90.5}";
        let rows = rows(printed);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].tokens, rows[0].threads), (32, Some(1)));
        assert_eq!(rows[1].median_ms, 90.5);
    }
}
