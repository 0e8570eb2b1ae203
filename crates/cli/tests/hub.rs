//! The command line and a hub: what is fetched, what is kept, and what is said where something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use headlight_document::Explanation;
use serde_json::Value;
use support::{COMMIT, Hub, WEIGHTS, fixture};

const SECRET: &str = "hf_this_must_not_be_seen";

/// A cache of a test's own.
struct Cache(PathBuf);

impl Cache {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("headlight-hub-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// The names of the files that are kept.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.join("hub/files")).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn golden() -> Value {
    serde_json::from_slice(&fs::read(fixture("bert").with_extension("json")).unwrap()).unwrap()
}

fn headlight(cache: &Cache, hub: &str, token: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headlight"));
    command.args(arguments).stdin(Stdio::null()).env("HEADLIGHT_CACHE", &cache.0).env("HEADLIGHT_HUB", hub);
    match token {
        Some(token) => command.env("HF_TOKEN", token),
        None => command.env_remove("HF_TOKEN"),
    };
    command.output().unwrap()
}

fn explain(cache: &Cache, hub: &str, model: &str, token: Option<&str>) -> Output {
    let golden = golden();
    let texts = [golden["text"].as_str().unwrap(), golden["second_text"].as_str().unwrap()];
    let arguments = ["explain", "--device", "cpu", "--model", model, "--text", texts[0], "--second-text", texts[1]];
    headlight(cache, hub, token, &arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The explanation, held against PyTorch's values.
fn right(output: &Output) -> Explanation {
    assert!(output.status.success(), "{}", said(output));
    let document: Explanation = serde_json::from_slice(&output.stdout).unwrap();
    let golden = golden();
    let target = &golden["target"];
    assert!((document.target.value - target["value"].as_f64().unwrap()).abs() < 1e-4);
    let expected: Vec<f64> = target["grad_x_input"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    let found = &document.attributions[0].values;
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let error = norm(&mut found.iter().zip(&expected).map(|(a, b)| a - b)) / norm(&mut expected.iter().copied());
    assert!(error < 1e-3, "gradient times input is off by {error:e}");
    document
}

#[test]
fn a_repository_is_explained_kept_and_used_without_a_network() {
    let (cache, hub) = (Cache::new("kept"), Hub::start());
    let document = right(&explain(&cache, &hub.address, "tiny/bert", None));
    assert_eq!(document.model.sha256, golden()["weights_sha256"]);
    assert_eq!((document.model.id.as_str(), document.model.license.as_str()), ("tiny/bert", "mit"));
    let asked = hub.asked();
    assert!(asked.iter().any(|asked| asked.path == "/api/models/tiny/bert/revision/main?blobs=true"));
    assert!(!asked.iter().any(|asked| asked.path.contains("README") || asked.path.contains("vocab.txt")));
    assert_eq!(cache.files().len(), 5, "{:?}", cache.files());
    assert!(cache.files().iter().all(|name| name.len() == 64), "files are named by their hash alone");

    right(&explain(&cache, &hub.address, "tiny/bert", None));
    let paths: Vec<String> = hub.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/api/models/tiny/bert/revision/main?blobs=true"], "only what is new is asked for");

    // Nobody listens there; what is here has to do, and a commit asks nobody at all.
    hub.faults().busy = usize::MAX;
    let pinned = format!("https://huggingface.co/tiny/bert/tree/{COMMIT}");
    let refused = explain(&cache, &hub.address, &pinned, None);
    assert!(said(&refused).contains("cannot answer now"), "{}", said(&refused));
    hub.faults().busy = 0;
    right(&explain(&cache, &hub.address, &pinned, None));
    hub.asked();
    right(&explain(&cache, &hub.address, &pinned, None));
    assert!(hub.asked().is_empty(), "a commit that is here asks nobody");
    let listed = headlight(&cache, &hub.address, None, &["models"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("tiny/bert"), "{}", said(&listed));
}

#[test]
fn what_is_here_does_where_nobody_answers() {
    let (cache, hub) = (Cache::new("offline"), Hub::start());
    right(&explain(&cache, &hub.address, "tiny/bert", None));
    // A port that was free a moment ago: connections to it are refused.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let record = fs::read_dir(cache.0.join("hub/models")).unwrap().flatten().next().unwrap().path();
    let text = fs::read_to_string(&record).unwrap().replace(&hub.address, &format!("http://{gone}"));
    fs::write(&record, text).unwrap();
    right(&explain(&cache, &format!("http://{gone}"), "tiny/bert", None));
    // A file that is gone is missed.
    let weights = cache.0.join("hub/files").join(golden()["weights_sha256"].as_str().unwrap());
    fs::write(&weights, b"cut").unwrap();
    let output = explain(&cache, &format!("http://{gone}"), "tiny/bert", None);
    assert!(said(&output).contains("could not be downloaded"), "{}", said(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_download_that_breaks_goes_on_from_there() {
    let (cache, hub) = (Cache::new("cut"), Hub::start());
    hub.faults().cut = 2;
    right(&explain(&cache, &hub.address, "tiny/bert", None));
    let ranges: Vec<_> = hub.asked().into_iter().filter(|asked| asked.is_cdn && asked.path.contains(WEIGHTS)).collect();
    assert_eq!(ranges.len(), 3);
    let of = |at: usize| ranges[at].headers.get("range").cloned();
    assert_eq!((of(0), of(1), of(2)), (None, Some("bytes=50668-".to_owned()), Some("bytes=76002-".to_owned())));

    let (cache, hub) = (Cache::new("whole"), Hub::start());
    (hub.faults().cut, hub.faults().no_ranges, hub.faults().busy) = (1, true, 2);
    right(&explain(&cache, &hub.address, "tiny/bert", None));
}

#[test]
fn what_another_run_left_is_gone_on_with() {
    let (cache, hub) = (Cache::new("left"), Hub::start());
    let folder = cache.0.join("hub/files");
    fs::create_dir_all(&folder).unwrap();
    let hash = golden()["weights_sha256"].as_str().unwrap().to_owned();
    let content = fs::read(fixture("bert").join(WEIGHTS)).unwrap();
    fs::write(folder.join(format!("{hash}.partial")), &content[..30_000]).unwrap();
    right(&explain(&cache, &hub.address, "tiny/bert", None));
    let asked = hub.asked();
    let weights = asked.iter().find(|asked| asked.is_cdn && asked.path.contains(WEIGHTS)).unwrap();
    assert_eq!(weights.headers["range"], "bytes=30000-");

    // What it left was not the file's beginning: the hash tells, and the next run begins anew.
    fs::remove_file(folder.join(&hash)).unwrap();
    fs::write(folder.join(format!("{hash}.partial")), [7; 30_000]).unwrap();
    assert!(said(&explain(&cache, &hub.address, "tiny/bert", None)).contains("damaged or was altered"));
    right(&explain(&cache, &hub.address, "tiny/bert", None));
}

#[test]
fn a_token_goes_to_the_hub_alone_and_is_never_shown() {
    let (cache, hub) = (Cache::new("token"), Hub::start());
    right(&explain(&cache, &hub.address, "tiny/bert", Some(SECRET)));
    let asked = hub.asked();
    let (cdn, own): (Vec<_>, Vec<_>) = asked.iter().partition(|asked| asked.is_cdn);
    assert!(own.iter().all(|asked| asked.headers["authorization"] == format!("Bearer {SECRET}")));
    assert!(cdn.len() == 5 && cdn.iter().all(|asked| !asked.headers.contains_key("authorization")), "{cdn:?}");
    for path in walk(&cache.0) {
        let content = fs::read(&path).unwrap();
        assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", path.display());
    }
    hub.faults().status = Some((401, ""));
    let output = explain(&cache, &hub.address, "tiny/bert", Some(SECRET));
    assert!(
        said(&output).contains("does not accept this token") && !said(&output).contains(SECRET),
        "{}",
        said(&output)
    );
    hub.faults().status = None;
    let output = explain(&cache, &hub.address, "tiny/bert", Some("hf\u{1}broken"));
    assert!(
        said(&output).contains("does not accept this token") && !said(&output).contains("broken"),
        "{}",
        said(&output)
    );
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn every_refusal_is_a_sentence_of_its_own_and_leaves_nothing() {
    let (cache, hub) = (Cache::new("refused"), Hub::start());
    type Change = fn(&mut support::Faults);
    let cases: [(&str, Change, &str); 13] = [
        ("tiny/bert", |faults| faults.status = Some((401, "")), "without a token"),
        ("tiny/bert", |faults| faults.status = Some((403, "GatedRepo")), "accept its terms"),
        ("tiny/bert", |faults| faults.status = Some((404, "RepoNotFound")), "There is no model tiny/bert"),
        ("tiny/bert@v9", |faults| faults.status = Some((404, "RevisionNotFound")), "has no revision \"v9\""),
        ("tiny/bert", |faults| faults.status = Some((418, "")), "makes no sense"),
        ("tiny/bert", |faults| faults.astray = true, "leads config.json to an address that is not secure"),
        ("tiny/bert", |faults| faults.wrong_content = true, "model.safetensors is damaged or was altered"),
        ("tiny/bert", |faults| faults.lie = 9, "model.safetensors has another length"),
        ("tiny/bert", |faults| faults.lie = -9, "model.safetensors has another length"),
        (
            "tiny/bert",
            |faults| faults.listed = Some(vec![("config.json", 1), ("pytorch_model.bin", 1)]),
            "can run code",
        ),
        ("tiny/bert", |faults| faults.listed = Some(vec![("../../x", 1)]), "a name that is not safe"),
        ("tiny/bert", |faults| faults.listed = Some(vec![]), "has no weights"),
        ("tiny/other", |_| {}, "There is no model tiny/other"),
    ];
    for (model, change, expected) in cases {
        *hub.faults() = support::Faults::default();
        change(&mut hub.faults());
        let output = explain(&cache, &hub.address, model, None);
        let message = said(&output);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(message.contains(expected), "{expected}: {message}");
        assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        assert!(!cache.files().iter().any(|name| name == golden()["weights_sha256"].as_str().unwrap()));
        assert!(!cache.files().iter().any(|name| name.ends_with(".partial")), "{expected}: {:?}", cache.files());
    }
    // Another base has to be a whole, secure address.
    for base in ["http://models.example", "models.example", "https://user@models.example"] {
        assert!(
            said(&explain(&cache, base, "tiny/bert", None)).contains("is no address to fetch models from"),
            "{base}"
        );
    }
}

#[test]
fn more_than_300_mb_need_consent() {
    let (cache, hub) = (Cache::new("consent"), Hub::start());
    hub.faults().listed = Some(vec![("model-Q8_0.gguf", 300_000_001), ("model-Q4_0.gguf", 290_000_000)]);
    let fetch = |more: &[&str]| {
        let mut arguments = vec!["models", "fetch", "tiny/bert"];
        arguments.extend(more);
        let output = headlight(&cache, &hub.address, None, &arguments);
        let asked = hub.asked().iter().any(|asked| asked.is_cdn);
        (said(&output), asked)
    };
    let (message, asked) = fetch(&["--weights", "q8_0"]);
    assert!(message.contains("tiny/bert:q8_0 needs a download of 300 MB; add --yes") && !asked, "{message}");
    // With consent, and without need of it, the download begins (the file is not there).
    assert!(fetch(&["--weights", "q8_0", "--yes"]).1);
    assert!(fetch(&[]).1);
    assert!(fetch(&["--weights", "Q6_K"]).0.contains("has no weights named \"Q6_K\""));
}

#[test]
fn weights_in_two_files_and_a_vocabulary_as_a_list_are_a_model_too() {
    let (cache, hub) = (Cache::new("shards"), Hub::start());
    right(&explain(&cache, &hub.address, "tiny/shards", None));
    assert_eq!(cache.files().len(), 7, "{:?}", cache.files());
    right(&explain(&cache, &hub.address, fixture("shards").to_str().unwrap(), None));
}

#[test]
fn a_folder_is_a_model_and_says_what_it_lacks() {
    let cache = Cache::new("folder");
    let document = right(&explain(&cache, "https://models.example", fixture("bert").to_str().unwrap(), None));
    assert_eq!(document.model.id, "tiny-bert");
    let folder = cache.0.join("pickled");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pytorch_model.bin"), b"x").unwrap();
    let message = said(&explain(&cache, "https://models.example", folder.to_str().unwrap(), None));
    assert!(message.contains("holds no model that can be opened") && message.contains("can run code"), "{message}");
}
