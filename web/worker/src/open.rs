//! From a model's files to the model: the one place where the worker has the engine open one.

use std::collections::BTreeMap;

use headlight_document::ModelEntry;
use headlight_engine::{Chosen, EngineError, Model};

use crate::cache::Whole;
use crate::reporter::Reporter;

/// Opens the model of `entry`, whose files are `files` by their names.
pub async fn open(
    entry: ModelEntry,
    files: BTreeMap<String, Whole>,
    chosen: &Chosen,
    reporter: &Reporter,
) -> Result<Model, EngineError> {
    let mut model = Model::open(entry, files, &chosen.device, reporter).await?;
    // What nobody has registered can do what its architecture can.
    if model.entry.tasks.is_empty() {
        model.entry.tasks = model.tasks().to_vec();
    }
    Ok(model)
}
