//! The tools that make a site out of Rust and Markdown: `wasm-bindgen`, `trunk` and `mdbook`, in the cache unless they are on `PATH`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{process, say};

/// The last version of trunk that the oldest supported compiler builds.
const TRUNK: &str = "0.21.14";

/// What looks at the crates that Headlight is built from.
const CARGO_DENY: &str = "0.20.2";

/// The version of mdBook that the guide's theme is for.
const MDBOOK: &str = "0.5.4";

/// Where the tools are.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `wasm-bindgen`, of exactly the version of the library.
    pub wasm_bindgen: PathBuf,
    /// `wasm-bindgen-test-runner`, of the same version.
    pub test_runner: PathBuf,
    /// `trunk`.
    pub trunk: PathBuf,
}

impl Tools {
    /// Finds the tools, and builds those that are missing.
    ///
    /// # Errors
    /// When a tool is missing and can't be built.
    pub fn ensure(paths: &Paths) -> Result<Self> {
        let wanted = locked_version(paths, "wasm-bindgen")?;
        let bindgen = Install {
            package: "wasm-bindgen-cli",
            binaries: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            version: &wanted,
            // Its own lock file names versions that not every registry still has.
            locked: false,
            optimised: "1",
            default_features: true,
            how_long: "2 to 4 minutes on two cores",
        };
        let bindgen = bindgen.ensure(paths)?;
        let trunk = Install {
            package: "trunk",
            binaries: &["trunk"],
            version: TRUNK,
            // Without its lock file, newer versions of what it depends on don't compile.
            locked: true,
            optimised: "0",
            // They fetch tools and look for updates, which is not wanted.
            default_features: false,
            how_long: "2 to 5 minutes on two cores",
        };
        let trunk = trunk.ensure(paths)?;
        Ok(Self {
            wasm_bindgen: bindgen.join("wasm-bindgen"),
            test_runner: bindgen.join("wasm-bindgen-test-runner"),
            trunk: trunk.join("trunk"),
        })
    }
}

/// `cargo-deny`, built where it is missing.
///
/// # Errors
/// When it is missing and can't be built.
pub fn ensure_cargo_deny(paths: &Paths) -> Result<PathBuf> {
    let deny = Install {
        package: "cargo-deny",
        binaries: &["cargo-deny"],
        version: CARGO_DENY,
        locked: true,
        optimised: "0",
        default_features: true,
        how_long: "3 to 6 minutes on two cores",
    };
    Ok(deny.ensure(paths)?.join("cargo-deny"))
}

/// What makes the user guide.
const GUIDE: Install<'_> = Install {
    package: "mdbook",
    binaries: &["mdbook"],
    version: MDBOOK,
    locked: true,
    optimised: "0",
    // They watch, serve and search.
    default_features: false,
    how_long: "1 to 2 minutes on two cores",
};

/// `mdbook`, which makes the user guide, built if it is missing.
///
/// # Errors
/// When it is missing and can't be built.
pub fn mdbook(paths: &Paths) -> Result<PathBuf> {
    Ok(GUIDE.ensure(paths)?.join("mdbook"))
}

/// `mdbook`, unless it is missing.
#[must_use]
pub fn mdbook_at_hand(paths: &Paths) -> Option<PathBuf> {
    Some(GUIDE.find(paths)?.join("mdbook"))
}

struct Install<'a> {
    package: &'a str,
    binaries: &'a [&'a str],
    version: &'a str,
    locked: bool,
    optimised: &'a str,
    default_features: bool,
    how_long: &'a str,
}

impl Install<'_> {
    /// The folder that has all binaries, where there is one.
    fn find(&self, paths: &Paths) -> Option<PathBuf> {
        let on_path = self.binaries.first().and_then(|name| process::which(name));
        let on_path = on_path.and_then(|path| path.parent().map(Path::to_owned));
        let mut folders = [paths.tools().join("bin")].into_iter().chain(on_path);
        folders.find(|folder| self.binaries.iter().all(|name| has_version(&folder.join(name), self.version)))
    }

    /// The folder that has all binaries.
    fn ensure(&self, paths: &Paths) -> Result<PathBuf> {
        if let Some(folder) = self.find(paths) {
            return Ok(folder);
        }
        say::step(&format!("Building {} {} from source ({}).", self.package, self.version, self.how_long));
        let build = paths.tools().join("build");
        fs::create_dir_all(&build).map_err(Error::io("create", &build))?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["install", self.package, "--version", self.version, "--force", "--quiet", "--root"]);
        cargo.arg(paths.tools());
        for name in self.binaries {
            cargo.args(["--bin", name]);
        }
        if self.locked {
            cargo.arg("--locked");
        }
        if !self.default_features {
            cargo.arg("--no-default-features");
        }
        // The tools run for seconds: what counts is how soon they are there.
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.optimised).env("CARGO_PROFILE_RELEASE_LTO", "off");
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        cargo.env("CARGO_TARGET_DIR", &build).current_dir(&paths.cache);
        process::run(&mut cargo).map_err(|_| {
            let locked = if self.locked { " --locked" } else { "" };
            let by_hand = format!("cargo install {} --version {}{locked}", self.package, self.version);
            // What cargo said stands above.
            let remedy = format!("it could not be built; run `{by_hand}` where cargo reaches its registry.");
            Error::missing(format!("The tool {}", self.package), remedy)
        })?;
        fs::remove_dir_all(&build).map_err(Error::io("delete", &build))?;
        Ok(paths.tools().join("bin"))
    }
}

fn has_version(program: &Path, version: &str) -> bool {
    program.is_file() && process::output(Command::new(program).arg("--version")).is_ok_and(|text| says(&text, version))
}

/// Whether a program says that it is of this version: `trunk 0.21.14`, `mdbook v0.5.4`.
fn says(text: &str, version: &str) -> bool {
    text.split_whitespace().nth(1).is_some_and(|said| said.trim_start_matches('v') == version)
}

fn locked_version(paths: &Paths, package: &str) -> Result<String> {
    let path = paths.root.join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    version_in_lock(&text, package)
        .ok_or_else(|| Error::Check(format!("Cargo.lock has no package {package}: the wasm modules need it.")))
}

fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_its_version() {
        assert!(says("trunk 0.21.14", "0.21.14") && says("mdbook v0.5.4", "0.5.4"));
        assert!(!says("mdbook v0.5.40", "0.5.4") && !says("mdbook", "0.5.4"));
    }

    #[test]
    fn the_version_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n[[package]]\n\
                    name = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in_lock(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version_in_lock(lock, "trunk"), None);
    }
}
