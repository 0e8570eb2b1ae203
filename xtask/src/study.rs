//! `cargo xtask study`: the tables of the docs, made anew by the command line itself.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use headlight_catalogue::{VALENCES, fetch_dataset};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, say};

/// What stands around a table in a page of the docs.
const MARKS: [&str; 2] = ["<!-- table: cargo xtask study methods -->\n", "<!-- end of the table -->"];

const METHODS: &[&str] = &[
    "saliency",
    "grad_x_input",
    "integrated_gradients",
    "smoothgrad",
    "occlusion",
    "lime",
    "kernel_shap",
    "partition_shap",
    "attention",
    "attention_rollout",
    "attention_flow",
    "attention_gradient",
    "value_zeroing",
];

/// Longer texts are left out: what methods that leave words out cost grows with the square of a text's length.
const WORDS: usize = 16;

/// LIME's texts; its own default of 5,000 would take most of the time for itself.
const LIME_SAMPLES: &str = "1000";

const MEASURES: &[&str] = &["curves", "erasure", "tau_loo"];

/// Makes a study's table.
///
/// # Errors
/// When there is no such study, something is missing and can't be set up, or a command fails.
pub fn run(paths: &Paths, arguments: &[&str]) -> Result<()> {
    let usage = || Error::Usage("There is one study: `cargo xtask study methods [--count N]`.".to_owned());
    match arguments {
        ["methods"] => methods(paths, 200),
        ["methods", "--count", count] => methods(paths, count.parse().map_err(|_| usage())?),
        _ => Err(usage()),
    }
}

/// Every method and measure on the first `count` short snippets that the sentiment classifier did not learn from. The documents stay
/// in the target folder, where a study that was cut off goes on.
fn methods(paths: &Paths, count: usize) -> Result<()> {
    models::fetch(paths, &[])?;
    let lexicon = fetch_dataset(&paths.cache, &VALENCES, &|text| say::note(text))?;
    let folder = paths.target.join("study");
    fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    let texts = folder.join(format!("held-out-{count}.jsonl"));
    let documents = folder.join(format!("methods-{count}.jsonl"));
    say::step("Building the trainer, which knows what was held out (3 to 10 minutes the first time).");
    let mut held_out = cargo(paths, &["run", "--quiet", "--package", "headlight-train", "--", "held-out"]);
    let lines = process::output(held_out.args([count, WORDS].map(|number| number.to_string())))?;
    fs::write(&texts, lines + "\n").map_err(Error::io("write", &texts))?;
    say::step("Building the command line in release (3 to 15 minutes the first time).");
    say::note("Then it explains every text in every way: about an hour for 200 texts on two cores.");
    let table = |format: &str| {
        let mut batch =
            cargo(paths, &["run", "--release", "--quiet", "--package", "headlight-cli", "--no-default-features"]);
        batch.args(["--", "batch", "--model", "sentiment", "--device", "cpu", "--target", "label", "--format", format]);
        batch.args(["--lime-samples", LIME_SAMPLES]);
        batch.arg("--input").arg(&texts).arg("--output").arg(&documents).arg("--lexicon").arg(&lexicon);
        batch.args(METHODS.iter().flat_map(|method| ["--method", method]));
        process::output(batch.args(MEASURES.iter().flat_map(|measure| ["--measure", measure])))
    };
    let page = paths.root.join("docs/methods/README.md");
    put(&page, &table("markdown")?)?;
    let json = paths.root.join("docs/methods/table.json");
    fs::write(&json, table("json")? + "\n").map_err(Error::io("write", &json))?;
    say::note(&format!(
        "Written: {} and {}. What the page concludes is written by hand.",
        page.display(),
        json.display()
    ));
    Ok(())
}

fn cargo(paths: &Paths, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).env("HEADLIGHT_CACHE", &paths.cache).args(arguments);
    cargo
}

/// Puts a table in the place of the one that stands between the marks.
fn put(page: &Path, table: &str) -> Result<()> {
    let text = fs::read_to_string(page).map_err(Error::io("read", page))?;
    let put =
        between(&text, table).ok_or_else(|| Error::Usage(format!("{} has no place for a table.", page.display())))?;
    fs::write(page, put).map_err(Error::io("write", page))
}

fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some(format!("{before}{}\n{table}\n\n{}{after}", MARKS[0], MARKS[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last_one() {
        let page = format!("# A\n\n{}old\n{}\n\nAfter.\n", MARKS[0], MARKS[1]);
        let once = between(&page, "| new |").unwrap();
        assert_eq!(once, format!("# A\n\n{}\n| new |\n\n{}\n\nAfter.\n", MARKS[0], MARKS[1]));
        assert_eq!(between(&once, "| new |").unwrap(), once);
        assert_eq!(between("# A", "| new |"), None);
    }
}
