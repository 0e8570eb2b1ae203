//! Packages of the system: installed where that is possible without a question, else named in one sentence.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::{process, say};

/// Installs Debian packages. `by_hand` is what a person can do on any other system, as the rest of a sentence.
///
/// # Errors
/// When this is no Debian-like system, `xtask` may not install packages, or the installation fails.
pub fn install(what: &str, packages: &[&str], how_long: &str, by_hand: &str) -> Result<()> {
    if process::which("apt-get").is_none() {
        return Err(Error::missing(what, format!("{by_hand}.")));
    }
    let with_apt = format!("run `sudo apt-get install {}` and try again", packages.join(" "));
    let Some(prefix) = administrator() else {
        return Err(Error::missing(what, format!("{with_apt}.")));
    };
    say::step(&format!("Installing with apt-get: {} ({how_long}).", packages.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut command = as_administrator(prefix, "apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command
    };
    // What apt-get said stands above.
    let failed = |_| Error::missing(what, format!("apt-get could not install it; {with_apt}, or {by_hand}."));
    process::run(&mut apt(&["update", "-qq"])).map_err(failed)?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    process::run(apt(&arguments).stdout(std::process::Stdio::null())).map_err(failed)
}

/// How a command becomes an administrator's: nothing in front for root, `sudo` where it asks no password.
#[must_use]
pub fn administrator() -> Option<Option<&'static str>> {
    if process::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0") {
        return Some(None);
    }
    process::succeeds(Command::new("sudo").args(["-n", "true"])).then_some(Some("sudo"))
}

/// A command run the way [`administrator`] found.
#[must_use]
pub fn as_administrator(prefix: Option<&str>, program: &str) -> Command {
    match prefix {
        Some(sudo) => {
            let mut command = Command::new(sudo);
            command.args(["-n", "--preserve-env=DEBIAN_FRONTEND", program]);
            command
        }
        None => Command::new(program),
    }
}

/// A Chromium for the browser tests, installed if there is none.
///
/// # Errors
/// When there is none and it can't be installed.
pub fn ensure_chromium() -> Result<PathBuf> {
    if let Some(path) = chromium() {
        return Ok(path);
    }
    let packages = ["chromium", "chromium-driver", "fonts-noto-cjk", "fonts-noto-color-emoji", "mesa-vulkan-drivers"];
    let by_hand = "install Chromium or Chrome, or set HEADLIGHT_CHROMIUM to its path";
    install("A browser for the tests", &packages, "about a minute", by_hand)?;
    chromium().ok_or_else(|| Error::missing("Chromium", "set HEADLIGHT_CHROMIUM to its path."))
}

fn chromium() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("HEADLIGHT_CHROMIUM") {
        return Some(path.into());
    }
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].into_iter().find_map(process::which)
}

/// Node.js, with the major version that the tests need.
///
/// # Errors
/// When it is missing or too old.
pub fn ensure_node() -> Result<PathBuf> {
    const OLDEST: u32 = 20;
    let remedy = || format!("install Node.js {OLDEST} or newer with npm, which runs the browser tests.");
    let node = process::which("node").ok_or_else(|| Error::missing("Node.js", remedy()))?;
    let version = process::output(Command::new(&node).arg("--version"))?;
    let major: Option<u32> = version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    if major.is_none_or(|major| major < OLDEST) {
        return Err(Error::missing(format!("A newer Node.js than {version}"), remedy()));
    }
    if process::which("npm").is_none() {
        return Err(Error::missing("npm", remedy()));
    }
    Ok(node)
}

/// Installs the packages that a folder's `package-lock.json` names, unless that was done since it changed.
///
/// # Errors
/// When npm fails.
pub fn ensure_node_modules(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let text = std::fs::read(&lock).map_err(Error::io("read", &lock))?;
    let stamp = folder.join("node_modules/.headlight-lock");
    if std::fs::read(&stamp).is_ok_and(|old| old == text) {
        return Ok(());
    }
    say::step(&format!("Installing the packages of {} with npm (some seconds).", folder.display()));
    process::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))
        .map_err(|_| {
        let what = format!("What {} names", lock.display());
        Error::missing(what, "npm could not install it; see that npm reaches its registry, and try again.")
    })?;
    std::fs::write(&stamp, text).map_err(Error::io("write", &stamp))
}
