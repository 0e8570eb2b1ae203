//! What the page says about what is going on.

use headlight_document::message::Stage;

use super::conductor::Progress;
use super::format::{megabytes, megabytes_number};

use crate::locale::{fill, say};

/// One line about how far a request has come; `title` is the model's name.
#[must_use]
pub fn progress(progress: Progress, title: &str) -> String {
    let Progress { stage, done, total } = progress;
    let bytes = || match total {
        Some(total) => fill("words.of", &[&megabytes_number(done.min(total)), &megabytes(total)]),
        None => megabytes(done),
    };
    let steps = |some: &'static str, all: &'static str| match total {
        Some(total) => fill(all, &[&done.min(total), &total]),
        None => fill(some, &[&done]),
    };
    match stage {
        Stage::Download => fill("words.download", &[&title, &bytes()]),
        Stage::Cache => fill("words.cache", &[&title, &bytes()]),
        Stage::Verify => fill("words.verify", &[&title, &bytes()]),
        Stage::Unpack => fill("words.unpack", &[&title, &steps("words.tensor", "words.tensor.of")]),
        Stage::Forward => fill("words.forward", &[&steps("words.layer", "words.layer.of")]),
        Stage::Backward => fill("words.backward", &[&steps("words.layer", "words.layer.of")]),
        Stage::Attribute => fill("words.attribute", &[&steps("words.layer", "words.layer.of")]),
        Stage::Readback => say("words.readback").to_owned(),
        Stage::Generate => say("words.generate").to_owned(),
    }
}

/// How much is done, from 0 to 1, where that is known.
#[must_use]
pub fn share(progress: Progress) -> Option<f64> {
    let total = progress.total.filter(|&total| total > 0)?;
    Some((progress.done as f64 / total as f64).clamp(0.0, 1.0))
}

/// What a document's `model.device` is called in a sentence.
#[must_use]
pub fn device(name: &str) -> String {
    match name.strip_prefix("webgpu") {
        Some(adapter) => format!("WebGPU{adapter}"),
        None if name == "cpu" => say("words.cpu").to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_said_in_the_unit_of_its_stage() {
        let bytes = Progress { stage: Stage::Download, done: 41_000_000, total: Some(98_000_000) };
        assert_eq!(progress(bytes, "SmolLM2"), "Downloading SmolLM2: 41 of 98 MB");
        let open = Progress { total: None, ..bytes };
        assert_eq!(progress(open, "SmolLM2"), "Downloading SmolLM2: 41 MB");
        let layers = Progress { stage: Stage::Forward, done: 12, total: Some(30) };
        assert_eq!(progress(layers, "SmolLM2"), "Reading your text: layer 12 of 30");
        assert_eq!(share(layers), Some(0.4));
        assert_eq!(share(open), None);
        assert_eq!(share(Progress { total: Some(0), ..bytes }), None);
        assert_eq!((device("cpu"), device("webgpu (Apple M2)")), ("the CPU".into(), "WebGPU (Apple M2)".into()));
    }
}
