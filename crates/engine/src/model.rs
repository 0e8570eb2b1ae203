//! A model, opened from its files: tokenizer, configuration and weights on a device.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use burn::tensor::Device;
use headlight_document::{ModelEntry, TargetSpec, Task};
use headlight_models::Transformer;
use headlight_text::Tokenizer;

use crate::error::EngineError;
use crate::files::{self, Opened};
use crate::progress::{Progress, Relay};
use crate::untrained::Blueprint;

/// A model that can be asked.
pub struct Model {
    /// What it is called and where it is from.
    pub entry: ModelEntry,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) transformer: Box<dyn Transformer>,
    /// What another of its shape is made from.
    pub(crate) blueprint: Blueprint,
}

impl Model {
    /// Opens the model of `entry` on `device`. `files` are its files by their names there; weights are read from theirs
    /// one tensor at a time.
    ///
    /// # Errors
    /// [`EngineError`] says which file is missing or damaged, or why its architecture cannot be run.
    pub async fn open<R: Read + Seek>(
        entry: ModelEntry,
        files: BTreeMap<String, R>,
        device: &Device,
        progress: &dyn Progress,
    ) -> Result<Self, EngineError> {
        let Opened { tokenizer, blueprint, transformer } = files::open(&entry, files, device, &Relay(progress)).await?;
        let (known, has) = (tokenizer.vocabulary_size(), transformer.architecture().vocabulary);
        if known > has {
            return Err(EngineError::Inconsistent(format!("its tokenizer knows {known} tokens and its weights {has}")));
        }
        Ok(Self { entry, tokenizer, transformer, blueprint })
    }

    /// The model itself, for what goes beyond a request.
    #[must_use]
    pub fn transformer(&self) -> &dyn Transformer {
        self.transformer.as_ref()
    }

    /// The tasks that the model itself can do, whatever its entry says.
    #[must_use]
    pub fn tasks(&self) -> &'static [Task] {
        crate::tasks::of(self)
    }

    /// The task that is meant where none is named: the first of the model's own that has `target` and takes as many
    /// texts as there are; else the first of its own, whose error then says what is missing.
    #[must_use]
    pub fn task(&self, target: Option<&TargetSpec>, second_text: bool) -> Task {
        let own = self.tasks();
        let fits =
            |task: &&Task| target.is_none_or(|target| task.has(target)) && task.second_text().is_some() == second_text;
        let has = |task: &&Task| target.is_none_or(|target| task.has(target));
        own.iter().find(fits).or_else(|| own.iter().find(has)).or(own.first()).copied().unwrap_or(Task::Continue)
    }
}
