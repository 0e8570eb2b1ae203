//! `cargo xtask models`: fetches models into the cache. What they are, and how they are checked, is `headlight-catalogue`'s.

use crate::error::Result;
use crate::paths::Paths;
use crate::say;

/// Fetches the models named by `ids`, or all, and writes `manifest.json` with every model that is there.
///
/// # Errors
/// When an id is unknown, a download fails, or a file is not what was pinned.
pub fn fetch(paths: &Paths, ids: &[String]) -> Result<()> {
    Ok(headlight_catalogue::fetch(&paths.cache, ids, &|text| say::note(text))?)
}
