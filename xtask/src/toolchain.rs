//! A Rust toolchain that builds for wasm: the active one if it has the standard library for wasm, else one that rustup
//! completes, else Debian's newer Rust with a standard library built from its source.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say, system};

/// The target that both wasm modules are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages: compiler, cargo, the standard library's source, clippy and a linker for wasm.
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-19"];

/// The environment for building wasm.
#[derive(Clone, Debug)]
pub struct Toolchain {
    debian: Option<Debian>,
    target_dir: PathBuf,
    path: OsString,
}

#[derive(Clone, Debug)]
struct Debian {
    bin: PathBuf,
    linker: PathBuf,
}

impl Toolchain {
    /// Finds a toolchain for wasm, or sets one up.
    ///
    /// # Errors
    /// When there is none and none can be set up.
    pub fn ensure(paths: &Paths) -> Result<Self> {
        let with = |debian: Option<Debian>| {
            let first = debian.as_ref().map(|debian| shims(paths, debian)).transpose()?;
            let folders: Vec<_> = first.into_iter().chain([paths.tools().join("bin")]).collect();
            Ok(Self { debian, target_dir: paths.wasm_target(), path: process::path_with(&folders) })
        };
        if active_has_std() {
            return with(None);
        }
        if let Some(debian) = debian()
            && has_std(&debian.sysroot()?)
        {
            return with(Some(debian));
        }
        if process::which("rustup").is_some() {
            say::step(
                "Adding the standard library for wasm with rustup (under a minute; fails at once without a network).",
            );
            let mut rustup = Command::new("rustup");
            rustup.args(["target", "add", TARGET]).env_remove("LD_LIBRARY_PATH");
            match process::run_within(&mut rustup, Duration::from_secs(180)) {
                Ok(()) if active_has_std() => return with(None),
                Ok(()) => say::note("rustup added it to another toolchain than the active one."),
                Err(error) => say::note(&format!("{error} Trying Debian's packages instead.")),
            }
        }
        let debian = match debian() {
            Some(debian) => debian,
            None => install_debian()?,
        };
        build_std(paths, &debian)?;
        with(Some(debian))
    }

    /// `cargo` with the environment for wasm; `--target` is still the caller's to give.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let program = self.debian.as_ref().map_or_else(|| PathBuf::from("cargo"), |debian| debian.bin.join("cargo"));
        let mut command = Command::new(program);
        self.apply(&mut command);
        command
    }

    /// `cargo clippy` with the environment for wasm, installed if it is Debian's and missing.
    ///
    /// # Errors
    /// When clippy is missing and can't be installed.
    pub fn clippy(&self) -> Result<Command> {
        let Some(debian) = &self.debian else {
            let mut command = self.cargo();
            command.arg("clippy");
            return Ok(command);
        };
        // Called by its path: cargo would prefer the one in its home, which belongs to another compiler.
        let program = debian.bin.join("cargo-clippy");
        if !program.is_file() {
            let by_hand = format!("run `rustup target add {TARGET}` where rustup can download");
            system::install("Clippy for wasm", &["rust-web-clippy"], "a few seconds", &by_hand)?;
        }
        let mut command = Command::new(program);
        command.arg("clippy");
        self.apply(&mut command);
        command.env("CARGO", debian.bin.join("cargo"));
        Ok(command)
    }

    /// Gives a command, such as `trunk`, the environment for building wasm.
    pub fn apply(&self, command: &mut Command) {
        for variable in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"] {
            command.env_remove(variable);
        }
        command.env("CARGO_TARGET_DIR", &self.target_dir).env("PATH", &self.path);
        if let Some(debian) = &self.debian {
            // `cargo run` puts the libraries of the active toolchain here.
            command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN");
            command.env("RUSTC", debian.bin.join("rustc"));
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &debian.linker);
        }
    }

    /// One line on which toolchain it is.
    #[must_use]
    pub fn description(&self) -> &'static str {
        if self.debian.is_some() {
            "Debian's rustc-web with its own standard library for wasm"
        } else {
            "the active Rust toolchain"
        }
    }
}

impl Debian {
    fn sysroot(&self) -> Result<PathBuf> {
        let mut rustc = Command::new(self.bin.join("rustc"));
        rustc.env_remove("LD_LIBRARY_PATH").args(["--print", "sysroot"]);
        process::output(&mut rustc).map(PathBuf::from)
    }
}

fn active_has_std() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::output(Command::new(rustc).args(["--print", "sysroot"])).is_ok_and(|sysroot| has_std(Path::new(&sysroot)))
}

fn std_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

fn has_std(sysroot: &Path) -> bool {
    let Ok(entries) = fs::read_dir(std_folder(sysroot)) else { return false };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    ["libcore-", "libstd-"].iter().all(|prefix| names.iter().any(|name| name.starts_with(prefix)))
}

/// Debian's toolchain, if it is installed whole and new enough.
fn debian() -> Option<Debian> {
    let bin = PathBuf::from("/usr/bin");
    // By one path whatever `PATH` says: cargo builds everything anew when it changes.
    let names = ["wasm-ld-19", "wasm-ld-20", "wasm-ld-21", "wasm-ld"];
    let linker = names.into_iter().map(|name| bin.join(name)).find(|path| path.is_file())?;
    let version =
        process::output(Command::new(bin.join("rustc")).env_remove("LD_LIBRARY_PATH").arg("--version")).ok()?;
    let new_enough = minor_version(&version).is_some_and(|minor| minor >= 95);
    (new_enough && bin.join("cargo").is_file()).then_some(Debian { bin, linker })
}

/// The 96 of `rustc 1.96.0 (…)`.
fn minor_version(text: &str) -> Option<u32> {
    text.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

fn install_debian() -> Result<Debian> {
    let what = "A Rust toolchain for wasm";
    let by_hand = format!("run `rustup target add {TARGET}` where rustup can download");
    system::install(what, DEBIAN_PACKAGES, "about 40 seconds", &by_hand)?;
    debian().ok_or_else(|| Error::missing(what, format!("run `rustup target add {TARGET}`; Debian's Rust is too old.")))
}

/// Symbolic links to Debian's tools in a folder of their own, so that they can go first on `PATH` and nothing else does.
fn shims(paths: &Paths, debian: &Debian) -> Result<PathBuf> {
    let folder = paths.tools().join("debian-rust");
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    for name in ["cargo", "rustc"] {
        let link = folder.join(name);
        if !link.exists() {
            symlink(debian.bin.join(name), &link).map_err(Error::io("create", &link))?;
        }
    }
    Ok(folder)
}

/// Builds the standard library for wasm from its source and puts it where the compiler looks for it.
fn build_std(paths: &Paths, debian: &Debian) -> Result<()> {
    let scratch = paths.tools().join("wasm-std");
    let built = scratch.join("target").join(TARGET).join("release/deps");
    say::step("Building Rust's standard library for wasm from Debian's source (about a minute).");
    let source = scratch.join("src");
    fs::create_dir_all(&source).map_err(Error::io("create", &source))?;
    let manifest = "[package]\nname = \"scratch\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\n\n[workspace]\n";
    for (name, text) in [("Cargo.toml", manifest), ("src/lib.rs", "")] {
        let path = scratch.join(name);
        fs::write(&path, text).map_err(Error::io("write", &path))?;
    }
    let mut cargo = Command::new(debian.bin.join("cargo"));
    for variable in ["CARGO", "LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN"] {
        cargo.env_remove(variable);
    }
    cargo.current_dir(&scratch).args(["build", "--release", "--quiet", "--target", TARGET]);
    // Unstable cargo, once: the standard library is the only thing that is built so. Bitcode is what fat LTO needs.
    cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Cembed-bitcode=yes");
    cargo.env("RUSTC", debian.bin.join("rustc")).env("CARGO_TARGET_DIR", scratch.join("target"));
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &debian.linker);
    process::run(&mut cargo).map_err(|_| {
        let remedy = format!("it could not be built; run `rustup target add {TARGET}` where rustup can download.");
        Error::missing("The standard library for wasm", remedy)
    })?;
    copy_std(&built, &std_folder(&debian.sysroot()?))?;
    fs::remove_dir_all(&scratch).map_err(Error::io("delete", &scratch))
}

fn copy_std(from: &Path, to: &Path) -> Result<()> {
    let prefix = system::administrator().ok_or_else(|| {
        let what = "The standard library for wasm";
        let place = to.display();
        Error::missing(
            what,
            format!("it is built, but only an administrator can put it into {place}; run this as root."),
        )
    })?;
    process::run(system::as_administrator(prefix, "mkdir").arg("-p").arg(to))?;
    let entries = fs::read_dir(from).map_err(Error::io("read", from))?;
    let libraries = entries.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".rlib") && !name.starts_with("libscratch-")
    });
    process::run(system::as_administrator(prefix, "cp").args(libraries).arg(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(minor_version("rustc 1.96.0 (abc 2026-05-25) (built from a source tarball)"), Some(96));
        assert_eq!(minor_version("rustc 1.95.0"), Some(95));
        assert_eq!(minor_version("gcc 12"), None);
    }
}
