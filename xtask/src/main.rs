//! `cargo xtask`: every command a person needs.

#![allow(clippy::print_stderr, reason = "a command line tool says on standard error what went wrong")]

use std::process::ExitCode;

use xtask::toolchain::Toolchain;
use xtask::tools::Tools;
use xtask::{Error, Paths, Result, models, say, site};

const HELP: &str = "\
cargo xtask COMMAND

  models [ID…]      fetch the models, check their hashes and write the manifest
  setup-wasm        set up what builds wasm: a Rust toolchain, wasm-bindgen and trunk
  build [--dev]     build the static site in dist/

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
        _ => {
            let line = arguments.join(" ");
            return Err(Error::Usage(format!("`{line}` is no command; `cargo xtask help` lists them.")));
        }
    }
    Ok(())
}
