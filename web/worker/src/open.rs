//! From a model's files to the model: the one place where the worker has the engine open one.

use std::collections::BTreeMap;

use headlight_document::{FileRole, ModelEntry};
use headlight_engine::{Chosen, EngineError, Files, Model};

use crate::cache::Whole;
use crate::reporter::Reporter;

/// Opens the model of `entry`, whose files are `files` by their names.
pub async fn open(
    entry: ModelEntry,
    mut files: BTreeMap<String, Whole>,
    chosen: &Chosen,
    reporter: &Reporter,
) -> Result<Model, EngineError> {
    let mut take = |role| {
        let name = entry.file(role).map(|file| file.name.clone())?;
        files.remove(&name)
    };
    let weights = take(FileRole::Weights).ok_or(EngineError::MissingFile("weights"))?;
    let mut content = |role| match take(role).map(Whole::content) {
        Some(Ok(content)) => Ok(Some(content)),
        Some(Err(error)) => Err(EngineError::Inconsistent(format!("a file of it could not be read back ({error})"))),
        None => Ok(None),
    };
    let (config, tokenizer) = (content(FileRole::Config)?, content(FileRole::Tokenizer)?);
    if entry.file(FileRole::Index).is_some() {
        return Err(EngineError::Inconsistent(
            "its weights are cut into several files, which cannot be opened".to_owned(),
        ));
    }
    let mut model = Model::open(entry, Files { weights, config, tokenizer }, &chosen.device, reporter).await?;
    // What nobody has registered can do what its architecture can.
    if model.entry.tasks.is_empty() {
        model.entry.tasks = model.tasks().to_vec();
    }
    Ok(model)
}
