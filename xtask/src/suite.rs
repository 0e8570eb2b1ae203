//! `cargo xtask test`: everything that has to hold, step by step.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::toolchain::{TARGET, Toolchain};
use crate::tools::Tools;
use crate::{dependencies, models, process, say, site, system, tools};

/// The packages that only mean something as wasm.
pub const WASM_ONLY: &[&str] = &["headlight-page", "headlight-worker"];
/// The packages that are also linted as wasm; the others come in through the worker.
const WASM_TOO: &[&str] = &["headlight-text", "headlight-weights", "headlight-document"];

/// Which steps run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these, unless empty.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// Go on after a step that failed.
    pub keep_going: bool,
}

impl Options {
    /// Reads the command line's options.
    ///
    /// # Errors
    /// When an option or a step's name is unknown.
    pub fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(&option) = rest.next() {
            let list = match option {
                "--keep-going" => {
                    options.keep_going = true;
                    continue;
                }
                "--only" => &mut options.only,
                "--skip" => &mut options.skip,
                other => return Err(Error::Usage(format!("`cargo xtask test` has no option {other}."))),
            };
            let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
            match rest.next() {
                Some(&name) if names.contains(&name) => list.push(name.to_owned()),
                _ => return Err(Error::Usage(format!("{option} takes one of {}.", names.join(", ")))),
            }
        }
        Ok(options)
    }

    fn runs(&self, step: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == step);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Paths) -> Result<()>,
}

/// In this order: what fails soon comes first.
const STEPS: &[Step] = &[
    Step {
        name: "setup",
        what: "Setting up what is missing (seconds if nothing is; 5 to 15 minutes if all is)",
        run: setup,
    },
    Step { name: "fmt", what: "Checking the format (a second)", run: format },
    Step {
        name: "dependencies",
        what: "Checking licences, sources and known faults of what it is built from (seconds; 3 to 6 minutes the first time)",
        run: dependencies::check,
    },
    Step { name: "clippy", what: "Linting what runs natively (3 to 5 minutes the first time)", run: clippy },
    Step { name: "native", what: "Testing natively (5 to 10 minutes the first time)", run: native },
    Step { name: "build", what: "Building the site (15 to 25 minutes the first time)", run: build },
    Step { name: "budgets", what: "Checking sizes and exports (a second)", run: site::check_budgets },
    Step { name: "clippy-wasm", what: "Linting what runs as wasm (2 to 4 minutes the first time)", run: clippy_wasm },
    Step { name: "wasm", what: "Testing as wasm on Node.js (2 minutes the first time)", run: wasm },
    Step { name: "browser", what: "Testing in a browser (some minutes)", run: browser },
];

/// Runs the steps, says how long each took, and ends with an error if any failed.
///
/// # Errors
/// When a step fails.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    let mut done: Vec<(&str, Duration, Result<()>)> = Vec::new();
    let whole = Instant::now();
    for step in STEPS.iter().filter(|step| options.runs(step.name)) {
        say::line("");
        say::step(&format!("[{}] {}.", step.name, step.what));
        let start = Instant::now();
        let result = (step.run)(paths);
        let time = start.elapsed();
        match &result {
            Ok(()) => say::note(&format!("[{}] passed in {}.", step.name, say::duration(time))),
            Err(error) => say::note(&format!("[{}] FAILED after {}: {error}", step.name, say::duration(time))),
        }
        let failed = result.is_err();
        done.push((step.name, time, result));
        if failed && !options.keep_going {
            break;
        }
    }
    summarise(&done, whole.elapsed());
    let failed: Vec<_> = done.iter().filter(|(_, _, result)| result.is_err()).map(|(name, ..)| *name).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Check(format!("Failed: {}.", failed.join(", "))))
}

fn summarise(done: &[(&str, Duration, Result<()>)], whole: Duration) {
    say::line("");
    for (name, time, result) in done {
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        say::line(&format!("{name:12} {verdict} {:>14}", say::duration(*time)));
    }
    let skipped: Vec<_> =
        STEPS.iter().map(|step| step.name).filter(|name| done.iter().all(|(other, ..)| other != name)).collect();
    if !skipped.is_empty() {
        say::line(&format!("not run: {}", skipped.join(", ")));
    }
    say::line(&format!("{:12}        {:>14}", "together", say::duration(whole)));
}

fn cargo(paths: &Paths) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache);
    command
}

fn setup(paths: &Paths) -> Result<()> {
    models::fetch(paths, &[])?;
    Toolchain::ensure(paths)?;
    Tools::ensure(paths)?;
    tools::mdbook(paths)?;
    system::ensure_node()?;
    let browser = system::ensure_chromium()?;
    say::note(&format!("Browser: {}.", browser.display()));
    system::ensure_node_modules(&paths.end_to_end())
}

fn format(paths: &Paths) -> Result<()> {
    process::run(cargo(paths).args(["fmt", "--all", "--check"]))
}

fn clippy(paths: &Paths) -> Result<()> {
    let mut clippy = cargo(paths);
    // Without the command line's wgpu, as in `native`; what stands behind that feature is linted as wasm.
    clippy.args(["clippy", "--workspace", "--all-targets", "--no-default-features", "--quiet"]);
    for package in WASM_ONLY {
        clippy.args(["--exclude", package]);
    }
    process::run(clippy.args(["--", "-D", "warnings"]))
}

fn native(paths: &Paths) -> Result<()> {
    // The page's tests are of its logic, and run natively too. Without default features, which here means without the
    // command line's wgpu: the same kernels are tested in the browser, and compiling them twice costs a quarter of an
    // hour.
    process::run(cargo(paths).args(["test", "--workspace", "--exclude", "headlight-worker", "--no-default-features"]))
}

fn build(paths: &Paths) -> Result<()> {
    site::build(paths, site::Options::default())
}

/// In release, like the site: build scripts and macros are there already.
fn clippy_wasm(paths: &Paths) -> Result<()> {
    let mut clippy = Toolchain::ensure(paths)?.clippy()?;
    clippy.current_dir(&paths.root).args(["--release", "--quiet", "--target", TARGET]);
    for package in WASM_ONLY.iter().chain(WASM_TOO).chain(&["headlight-engine"]) {
        clippy.args(["--package", package]);
    }
    process::run(clippy.args(["--", "-D", "warnings"]))
}

/// Each crate that has a `tests/wasm.rs`: those tests bring their own harness, since a standard library that was built
/// from source has none.
fn wasm(paths: &Paths) -> Result<()> {
    let tools = Tools::ensure(paths)?;
    let toolchain = Toolchain::ensure(paths)?;
    let packages = with_wasm_tests(paths)?;
    if packages.is_empty() {
        return Err(Error::Check("No crate has a tests/wasm.rs.".to_owned()));
    }
    let mut command = toolchain.cargo();
    command.current_dir(&paths.root).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &tools.test_runner);
    command.args(["test", "--release", "--target", TARGET, "--test", "wasm"]);
    // With the worker, which has no such tests, the libraries are those that the site is built with, and are there already.
    command.args(["--package", "headlight-worker"]);
    for package in &packages {
        command.args(["--package", package]);
    }
    let printed = process::output_shown(command.stderr(Stdio::inherit()))?;
    // The runner is content with a crate that has no test for it; this step is not.
    let ran = passed(&printed).into_iter().filter(|count| *count > 0).count();
    if ran == packages.len() {
        return Ok(());
    }
    Err(Error::Check(format!("Only {ran} of {} crates ran a #[wasm_bindgen_test].", packages.len())))
}

fn with_wasm_tests(paths: &Paths) -> Result<Vec<String>> {
    let folder = paths.root.join("crates");
    let entries = std::fs::read_dir(&folder).map_err(Error::io("read", &folder))?;
    let crates = entries.flatten().filter(|entry| entry.path().join("tests/wasm.rs").is_file());
    let mut names: Vec<_> = crates.map(|entry| format!("headlight-{}", entry.file_name().to_string_lossy())).collect();
    names.sort();
    Ok(names)
}

/// The numbers of the lines `test result: ok. 3 passed; …`.
fn passed(printed: &str) -> Vec<usize> {
    let counts = printed.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    counts.filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect()
}

fn browser(paths: &Paths) -> Result<()> {
    let folder = paths.end_to_end();
    if !paths.dist().join("index.html").is_file() {
        return Err(Error::Check("There is no site to test: run `cargo xtask build` first.".to_owned()));
    }
    system::ensure_node_modules(&folder)?;
    let files = test_files(paths)?;
    let mut node = Command::new(system::ensure_node()?);
    // One file after the other: each has a browser to itself, and they would only slow each other.
    node.current_dir(&paths.root).args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(files);
    node.env("HEADLIGHT_CHROMIUM", system::ensure_chromium()?).env("HEADLIGHT_DIST", paths.dist());
    process::run(&mut node)
}

fn test_files(paths: &Paths) -> Result<Vec<PathBuf>> {
    let folder = paths.end_to_end();
    let entries = std::fs::read_dir(&folder).map_err(Error::io("read", &folder))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".test.mjs")));
    files.sort();
    if files.is_empty() {
        return Err(Error::Check(format!("{} has no browser tests.", folder.display())));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = Options::parse(&["--only", "fmt", "--only", "native", "--keep-going"]).unwrap();
        assert!(options.runs("fmt") && options.runs("native") && !options.runs("browser") && options.keep_going);
        let options = Options::parse(&["--skip", "browser"]).unwrap();
        assert!(options.runs("fmt") && !options.runs("browser"));
        assert!(Options::parse(&["--only", "nothing"]).is_err());
        assert!(Options::parse(&["--only"]).is_err());
        assert!(Options::parse(&["--fast"]).is_err());
    }

    #[test]
    fn passed_tests_are_counted() {
        let printed =
            "running 2 tests\ntest result: ok. 2 passed; 0 failed\n\n    test result: ok. 11 passed; 0 failed";
        assert_eq!(passed(printed), [2, 11]);
        assert!(passed("no tests to run!").is_empty());
    }
}
