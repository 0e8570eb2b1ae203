//! `cargo xtask reference`: the Python that makes and checks the reference values, in an environment of its own.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, say};

/// Runs a script of `tests/reference/`: `make` writes the golden files anew, `check` (the default) compares them.
///
/// # Errors
/// When there is no such script, Python or a package is missing, or the script fails.
pub fn run(paths: &Paths, arguments: &[&str]) -> Result<()> {
    let (name, rest) = arguments.split_first().map_or(("check", &[][..]), |(name, rest)| (*name, rest));
    let script = paths.root.join("tests/reference").join(name).with_extension("py");
    if name.contains(['/', '\\', '.']) || !script.is_file() {
        return Err(Error::Usage(format!("tests/reference has no script {name:?}; there are make and check.")));
    }
    models::fetch(paths, &[])?;
    let mut command = python_with_packages(paths)?;
    say::step(&format!("Running tests/reference/{name}.py (some minutes)."));
    process::run(command.arg(script).args(rest))
}

/// Python with the packages that the reference scripts need: `HEADLIGHT_REFERENCE_PYTHON`, else a virtual environment in
/// the cache, made if it isn't there or its list of packages has changed.
///
/// # Errors
/// When Python is missing or the packages can't be installed.
pub fn python_with_packages(paths: &Paths) -> Result<Command> {
    let python = match env::var_os("HEADLIGHT_REFERENCE_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => ensure_environment(paths)?,
    };
    let mut command = Command::new(python);
    command.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache);
    Ok(command)
}

/// Whether [`python_with_packages`] has it without downloading anything.
#[must_use]
pub fn is_there(paths: &Paths) -> bool {
    env::var_os("HEADLIGHT_REFERENCE_PYTHON").is_some()
        || paths.cache.join("reference-venv/.requirements.txt").is_file()
}

fn ensure_environment(paths: &Paths) -> Result<PathBuf> {
    let list = paths.root.join("tests/reference/requirements.txt");
    let wanted = fs::read_to_string(&list).map_err(Error::io("read", &list))?;
    let folder = paths.cache.join("reference-venv");
    let python = folder.join("bin/python");
    let stamp = folder.join(".requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|old| old == wanted) && python.is_file() {
        return Ok(python);
    }
    let system = process::which("python3").ok_or_else(|| {
        Error::missing("Python", "install Python 3.11 or newer with venv, which the reference scripts need.")
    })?;
    say::step("Making a Python environment for the reference values: PyTorch and others (5 GB, 3 to 10 minutes).");
    process::run(Command::new(system).args(["-m", "venv"]).arg(&folder))?;
    process::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&list))?;
    fs::write(&stamp, wanted).map_err(Error::io("write", &stamp))?;
    Ok(python)
}
