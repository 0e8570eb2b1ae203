//! The models that an installation of Headlight offers, and the files each is made of.

use serde::{Deserialize, Serialize};

/// The schema that [`Manifest::schema`] names.
pub const SCHEMA: &str = "headlight/models@1";

/// The list of models beside the page (`models/manifest.json`) or in the cache of the command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The models, in the order in which they are offered.
    pub models: Vec<ModelEntry>,
}

/// One model: what it is called, what it can do, and its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// The registered name, which is also its folder's name: `smollm2`. Of a repository's model its id and revision:
    /// `owner/name@v1`.
    pub id: String,
    /// The name that people know it by: `SmolLM2 135M Instruct`.
    pub title: String,
    /// The architecture's family: `llama` or `bert`. Empty where the files alone tell.
    pub family: String,
    /// The files, relative to the model's folder.
    pub files: Vec<ModelFile>,
    /// The licence of the weights, as an SPDX expression where there is one.
    pub license: String,
    /// The tasks it is offered for. Empty where the files alone tell.
    pub tasks: Vec<crate::Task>,
    /// Texts that show it well.
    pub examples: Vec<Example>,
    /// Where it comes from, in words.
    pub source: String,
    /// What it is weak at, in one or two sentences.
    pub card: String,
}

impl ModelEntry {
    /// The first file that plays `role`.
    #[must_use]
    pub fn file(&self, role: FileRole) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.role == role)
    }

    /// The size of all files together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// What the file is for.
    pub role: FileRole,
    /// Its name in the model's folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its content, in lower-case hexadecimal.
    pub sha256: String,
}

/// What a model's file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// Weights: safetensors, GGUF, ONNX or Marian's `.bin`. Several where they are cut into several files.
    Weights,
    /// A low-rank adapter that is merged into the weights, as safetensors in PEFT's layout.
    Adapter,
    /// `model.safetensors.index.json`: which tensor is in which of several files.
    Index,
    /// `tokenizer.json`. A GGUF file carries its own.
    Tokenizer,
    /// `vocab.txt` or `vocab.json`, where there is no `tokenizer.json`.
    Vocabulary,
    /// `merges.txt`, beside `vocab.json`.
    Merges,
    /// `tokenizer_config.json`: which tokenizer it is, and its special tokens.
    TokenizerConfig,
    /// `special_tokens_map.json`.
    SpecialTokens,
    /// `added_tokens.json`.
    AddedTokens,
    /// `config.json`. A GGUF and a Marian file carry their own.
    Config,
    /// `generation_config.json`: how the model likes to go on.
    GenerationConfig,
}

/// A text worth trying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The task that it is an example of.
    pub task: crate::Task,
    /// The text.
    pub text: String,
    /// The text it is compared with, for tasks that take two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_text: Option<String>,
    /// What to look out for, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
