//! The registered models: where each comes from, the hash of every file, and fetching them into a cache outside the
//! checkout, which the page's build and the command line read.

mod dataset;
mod error;
mod fetch;
pub mod hash;
mod pinned;

use std::env;
use std::path::PathBuf;

pub use dataset::{Dataset, MOVIE_SNIPPETS, VALENCES, fetch_dataset};
pub use error::Error;
pub use fetch::{fetch, read_manifest};
// For who has the catalogue and needs the names of tasks and methods besides.
pub use headlight_document as document;
pub use pinned::{MODELS, Package, Pinned, PinnedExample, PinnedFile};

/// The folder that outlives a clone: `HEADLIGHT_CACHE`, else `headlight` in `XDG_CACHE_HOME`, else in `~/.cache`. None
/// where the environment names none of them.
#[must_use]
pub fn cache() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HEADLIGHT_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("headlight")))
        .or_else(|| set("HOME").map(|home| home.join(".cache").join("headlight")))
}
