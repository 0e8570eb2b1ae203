//! `cargo xtask study methods`: every method and measure on held-out snippets.

use std::fs;

use headlight_catalogue::{VALENCES, fetch_dataset};

use crate::error::{Error, Result};
use crate::paths::Paths;
use crate::{models, process, say};

use super::{cargo, headlight, put};

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

/// Every method and measure on the first `count` short snippets that the sentiment classifier did not learn from. The documents stay
/// in the target folder, where a study that was cut off goes on.
///
/// # Errors
/// When something is missing and can't be set up, or a command fails.
pub fn run(paths: &Paths, count: usize) -> Result<()> {
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
        let mut batch = headlight(paths);
        batch.args(["batch", "--model", "sentiment", "--device", "cpu", "--target", "label", "--format", format]);
        batch.args(["--lime-samples", LIME_SAMPLES]);
        batch.arg("--input").arg(&texts).arg("--output").arg(&documents).arg("--lexicon").arg(&lexicon);
        batch.args(METHODS.iter().flat_map(|method| ["--method", method]));
        process::output(batch.args(MEASURES.iter().flat_map(|measure| ["--measure", measure])))
    };
    let page = paths.root.join("docs/methods/README.md");
    put(&page, "methods", &table("markdown")?)?;
    let json = paths.root.join("docs/methods/table.json");
    fs::write(&json, table("json")? + "\n").map_err(Error::io("write", &json))?;
    say::note(&format!(
        "Written: {} and {}. What the page concludes is written by hand.",
        page.display(),
        json.display()
    ));
    Ok(())
}
