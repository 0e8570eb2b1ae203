//! `cargo xtask train`: trains what no package carries. The recipes are `headlight-train`'s.

use std::env;
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say};

/// Runs a recipe; what follows its name goes to `headlight-train`.
///
/// # Errors
/// When there is no such recipe, something is missing and can't be set up, or the training fails.
pub fn run(paths: &Paths, arguments: &[&str]) -> Result<()> {
    match arguments.split_first() {
        Some((&"sentiment", rest)) => sentiment(paths, rest),
        Some((other, _)) => Err(Error::Usage(format!("There is no recipe {other:?}; there is sentiment."))),
        None => Err(Error::Usage("Name a recipe: `cargo xtask train sentiment`.".to_owned())),
    }
}

/// The adapter that makes a sentiment classifier of MiniLM. Model and data are fetched by the recipe itself.
fn sentiment(paths: &Paths, rest: &[&str]) -> Result<()> {
    say::step("Building the trainer (3 to 10 minutes the first time).");
    say::note("Then it trains: about 26 minutes on two cores, with an adapter kept after every epoch.");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache);
    // What multiplies matrices is optimised in development builds too.
    cargo.args(["run", "--quiet", "--package", "headlight-train", "--", "sentiment"]);
    cargo.arg("--adapter").arg(paths.root.join("models/sentiment"));
    cargo.arg("--docs").arg(paths.root.join("docs/sentiment"));
    cargo.arg("--checkpoints").arg(paths.target.join("sentiment"));
    process::run(cargo.args(rest))
}
