//! Names of files, which come from elsewhere.

use crate::error::{HubError, shortened};
use crate::limits;

/// Whether `path` is one or more plain names below a folder, with `/` between them: nothing that a file system or an
/// address takes for a step elsewhere.
#[must_use]
pub fn is_plain_path(path: &str) -> bool {
    // A drive's letter (`C:`) and an alternate stream (`file:stream`) are steps elsewhere on Windows.
    let plain = |c: char| !c.is_control() && !matches!(c, '\\' | ':');
    path.len() <= limits::PATH_BYTES
        && path.chars().all(plain)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Checks every name of a listing or folder.
pub(crate) fn check<'a>(paths: impl Iterator<Item = &'a str>) -> Result<(), HubError> {
    let mut sorted = Vec::new();
    for path in paths {
        if sorted.len() == limits::FILES {
            return Err(HubError::TooMany { what: "files", limit: limits::FILES });
        }
        if !is_plain_path(path) {
            return Err(HubError::UnsafeName { name: shortened(path) });
        }
        sorted.push(path);
    }
    sorted.sort_unstable();
    match sorted.array_windows().find(|[a, b]| a == b) {
        Some([name, _]) => Err(HubError::Duplicate { name: shortened(name) }),
        None => Ok(()),
    }
}

/// The folder that all of `paths` lie in, with its `/`; empty where there is none. A dropped folder's files carry its
/// name, and dropped files do not.
#[must_use]
pub fn common_folder<'a>(paths: &[&'a str]) -> &'a str {
    let Some(first) = paths.first() else { return "" };
    let Some(end) = first.find('/') else { return "" };
    let folder = first.get(..=end).unwrap_or_default();
    // A step elsewhere is not taken away, so that it is seen and refused.
    if !first.get(..end).is_some_and(is_plain_path) {
        return "";
    }
    if paths.iter().all(|path| path.starts_with(folder)) { folder } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for path in
            ["config.json", "onnx/model.onnx", "a b.txt", "ü.json", "..a", ".gitattributes", "1_Pooling/config.json"]
        {
            assert!(is_plain_path(path), "{path}");
        }
        let long = "a".repeat(513);
        for path in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a\\b",
            "..\\a",
            "C:/a",
            "a\0b",
            "a\nb",
            &long,
        ] {
            assert!(!is_plain_path(path), "{path:?}");
        }
    }

    #[test]
    fn a_dropped_folders_name_is_found() {
        assert_eq!(common_folder(&["m/config.json", "m/x/y.json"]), "m/");
        assert_eq!(common_folder(&["m/config.json", "n/y.json"]), "");
        assert_eq!(common_folder(&["config.json", "m/y.json"]), "");
        assert_eq!(common_folder(&[]), "");
        assert_eq!(
            (common_folder(&["../a", "../b"]), common_folder(&["/a", "/b"]), common_folder(&["./a"])),
            ("", "", "")
        );
    }

    #[test]
    fn hostile_lists_are_refused() {
        assert!(matches!(check(["a", "b/../../c"].into_iter()), Err(HubError::UnsafeName { .. })));
        assert!(matches!(check(["a", "b", "a"].into_iter()), Err(HubError::Duplicate { .. })));
        let many: Vec<String> = (0..=limits::FILES).map(|i| i.to_string()).collect();
        assert!(matches!(check(many.iter().map(String::as_str)), Err(HubError::TooMany { .. })));
    }
}
