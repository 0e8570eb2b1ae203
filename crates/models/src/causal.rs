//! What the causal families have in common: how their checkpoints end.

use crate::config::{Config, Format};
use crate::error::ModelError;
use crate::head::{Head, LabelHead, LabelKind, Pooling, Problem, Step, VocabularyHead};
use crate::linear::Linear;
use crate::loader::Loader;
use crate::table::Table;

/// Opens the head that the checkpoint's class asks for (transformers' `…ForCausalLM`, `…ForSequenceClassification`,
/// `…ForTokenClassification`, `…ForQuestionAnswering`, or `…Model` for none).
///
/// `unembedding` is the name of the language model's head, `[vocabulary, width]`; where the file lacks it and the
/// configuration ties it (`tied` where the configuration is silent), it is `embedding`.
///
/// # Errors
/// [`ModelError`] where a weight is missing or not as expected.
pub async fn head(
    config: &Config,
    unembedding: &str,
    embedding: &Table,
    tied: bool,
    loader: &mut Loader<'_>,
) -> Result<Head, ModelError> {
    let [vocabulary, width] = embedding.dims();
    let class = config.class().unwrap_or_default();
    if class.ends_with("ForSequenceClassification") {
        let count = config.label_count();
        let problem = match config.text("problem_type") {
            Some("regression") => Problem::Regression,
            Some("multi_label_classification") => Problem::MultiLabel,
            Some("single_label_classification") => Problem::SingleLabel,
            _ if count == 1 => Problem::Regression,
            _ => Problem::SingleLabel,
        };
        let linear = Linear::open("score", count, width, loader).await?;
        return Ok(labels(LabelKind::Sequence(problem), config.labels(count), linear));
    }
    if class.ends_with("ForTokenClassification") {
        let count = config.label_count();
        let name = if loader.has("classifier.weight") { "classifier" } else { "score" };
        let linear = Linear::open(name, count, width, loader).await?;
        return Ok(labels(LabelKind::Token, config.labels(count), linear));
    }
    if class.ends_with("ForQuestionAnswering") {
        let linear = Linear::open("qa_outputs", 2, width, loader).await?;
        return Ok(labels(LabelKind::Span, vec!["start".to_owned(), "end".to_owned()], linear));
    }
    if loader.has(unembedding) {
        let unembedding = Table::read(unembedding, vocabulary, width, loader).await?;
        return Ok(Head::Vocabulary(VocabularyHead::plain(unembedding)));
    }
    // llama.cpp leaves a tied head out and says nothing of it; neither do configurations without a class.
    let silent = config.format() == Format::Gguf || class.is_empty();
    if silent || config.flag("tie_word_embeddings", tied) {
        return Ok(Head::Vocabulary(VocabularyHead::plain(embedding.clone())));
    }
    if class.ends_with("Model") && !class.ends_with("HeadModel") {
        return Ok(Head::None);
    }
    Err(ModelError::Config(format!("its weights lack the head \"{unembedding}\", which is not tied to the embedding")))
}

fn labels(kind: LabelKind, names: Vec<String>, linear: Linear) -> Head {
    Head::Labels(LabelHead { kind, names, pooling: Pooling::Last, steps: vec![Step::linear(linear)] })
}
