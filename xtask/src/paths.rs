//! Where things lie: the checkout, the cache outside it, and the folders that builds write to.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The folders that every command works with.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The checkout.
    pub root: PathBuf,
    /// The cache outside the checkout: tools, downloads, models. It outlives a clone.
    pub cache: PathBuf,
    /// Cargo's target folder for native builds.
    pub target: PathBuf,
}

impl Paths {
    /// Finds the folders from the environment.
    ///
    /// # Errors
    /// When the checkout can't be found, or neither `HEADLIGHT_CACHE` nor `HOME` says where the cache is.
    pub fn find() -> Result<Self> {
        let root = root().ok_or_else(|| {
            Error::Usage("Run this inside the checkout of Headlight: no folder above has its Cargo.toml.".to_owned())
        })?;
        let cache = headlight_catalogue::cache().ok_or_else(|| {
            Error::Usage("Set HEADLIGHT_CACHE to a folder to cache tools and models in: HOME is not set.".to_owned())
        })?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, cache, target })
    }

    /// Tools that were installed by `xtask`.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }

    /// Files as they were downloaded.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    /// One folder a model, and `manifest.json`.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.cache.join("models")
    }

    /// Cargo's target folder for wasm: its own, since another compiler may build it.
    #[must_use]
    pub fn wasm_target(&self) -> PathBuf {
        self.target.join("wasm")
    }

    /// The static site.
    #[must_use]
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The engine worker as the site has it; see `worker.rs`.
    #[must_use]
    pub fn worker_package(&self) -> PathBuf {
        self.root.join("web/worker/pkg")
    }

    /// The browser tests.
    #[must_use]
    pub fn end_to_end(&self) -> PathBuf {
        self.root.join("tests/e2e")
    }
}

fn root() -> Option<PathBuf> {
    // Read at run time: a shared target folder may hold a binary that another clone built.
    let start = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| env::current_dir().ok())?;
    start.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file()).map(Path::to_owned)
}
