//! `cargo xtask`: every command a person needs.

#![allow(clippy::print_stderr, reason = "a command line tool says on standard error what went wrong")]

use std::path::PathBuf;
use std::process::ExitCode;

use xtask::toolchain::Toolchain;
use xtask::tools::Tools;
use xtask::{
    Error, Paths, Result, bench, guide, models, reference, say, seal, serve, site, study, suite, tools, train,
};

const HELP: &str = "\
cargo xtask COMMAND

  serve [--port N] [--open]   build the site if anything changed, and serve it on loopback (port 8080 or the next free)
  test [--only STEP]… [--skip STEP]… [--keep-going]
                              run everything that has to pass: setup, fmt, clippy, native, build, budgets,
                              clippy-wasm, wasm, browser
  build [--dev]               build the static site in dist/
  seal [FOLDER]               give a site that trunk alone has built its policy, its version and its service worker
  bench [native|browser] […]  measure beside onnxruntime-web and PyTorch, as ratios
  bench attention […]         measure all attention of a text on the screen beside BertViz's model_view, as ratios
  bench load […]              measure what loading each model costs in Chromium: time and memory, on both devices
  reference [make|check] […]  make or check the reference values with PyTorch (installs 5 GB the first time)
  train sentiment [--epochs N] [--rate X] [--seed N] […]
                              train the adapter that makes a sentiment classifier of MiniLM, and draw how it learns
  study methods [--count N]   make the table of docs/methods: every method on held-out snippets, with headlight batch
  study heads                 make the tables and pictures of docs/heads: name movers and induction heads of SmolLM2
  guide                       make the user guide alone, in dist/guide/
  models [ID…]                fetch the models, check their hashes and write the manifest
  setup-wasm                  set up what builds wasm: a Rust toolchain, wasm-bindgen and trunk

Each command first sets up what it needs and is missing. Tools and models lie in a cache outside the checkout:
$HEADLIGHT_CACHE, else $XDG_CACHE_HOME/headlight, else ~/.cache/headlight.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        say::line(HELP);
        return Ok(());
    };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let paths = Paths::find()?;
    match (command.as_str(), rest.as_slice()) {
        ("help" | "--help" | "-h", _) => say::line(HELP),
        ("models", ids) => {
            let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
            models::fetch(&paths, &ids)?;
        }
        ("setup-wasm", []) => {
            let toolchain = Toolchain::ensure(&paths)?;
            let tools = Tools::ensure(&paths)?;
            say::note(&format!("Wasm is built with {}.", toolchain.description()));
            say::note(&format!("Tools: {}, {}.", tools.wasm_bindgen.display(), tools.trunk.display()));
        }
        ("build", options @ ([] | ["--dev"])) => {
            site::build(&paths, site::Options { dev: !options.is_empty(), only_if_changed: false })?;
        }
        ("seal", folder @ ([] | [_])) => {
            let site = folder.first().map_or_else(|| paths.dist(), PathBuf::from);
            seal::seal(&paths.root, &site, true)?;
        }
        ("guide", []) => guide::build(&paths, &tools::mdbook(&paths)?)?,
        ("serve", options) => {
            let (port, open) = serve_options(options)?;
            site::build(&paths, site::Options { dev: false, only_if_changed: true })?;
            serve::serve(&paths.dist(), port, open)?;
        }
        ("bench", rest) => bench::run(&paths, rest)?,
        ("reference", rest) => reference::run(&paths, rest)?,
        ("study", rest) => study::run(&paths, rest)?,
        ("train", rest) => train::run(&paths, rest)?,
        ("test", options) => suite::run(&paths, &suite::Options::parse(options)?)?,
        _ => {
            let line = arguments.join(" ");
            return Err(Error::Usage(format!("`{line}` is no command; `cargo xtask help` lists them.")));
        }
    }
    Ok(())
}

fn serve_options(options: &[&str]) -> Result<(u16, bool)> {
    let mut port = 8080;
    let mut open = false;
    let mut rest = options.iter();
    while let Some(&option) = rest.next() {
        match option {
            "--open" => open = true,
            "--port" => {
                let number = rest.next().and_then(|text| text.parse().ok());
                port = number.ok_or_else(|| Error::Usage("--port takes a number up to 65535.".to_owned()))?;
            }
            other => return Err(Error::Usage(format!("`cargo xtask serve` has no option {other}."))),
        }
    }
    Ok((port, open))
}
