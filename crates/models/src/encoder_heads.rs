//! Which head an encoder's checkpoint has, and its weights.
//!
//! The class that the checkpoint was saved from says which (`BertForTokenClassification`); its weights must then be
//! there. A checkpoint that names no class is asked for the weights that only one kind of head has.

use crate::activation::Activation;
use crate::config::Config;
use crate::error::ModelError;
use crate::head::{Head, LabelHead, LabelKind, Pooling, Problem, Step, VocabularyHead};
use crate::linear::Linear;
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::postnorm::{Plan, PostNormEncoder};
use crate::table::Table;

/// What a class adds to an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Nothing,
    Words,
    Text,
    Token,
    Span,
}

/// What the classes of every family end in.
const CLASSES: [(&str, Task); 5] = [
    ("Model", Task::Nothing),
    ("ForMaskedLM", Task::Words),
    ("ForSequenceClassification", Task::Text),
    ("ForTokenClassification", Task::Token),
    ("ForQuestionAnswering", Task::Span),
];

/// Where a family keeps the weights of its heads, and what it does between its products. All families call the product
/// that labels tokens `classifier`, and that which scores spans `qa_outputs`.
pub(crate) struct HeadNames {
    /// What the family's classes begin with.
    pub classes: &'static [&'static str],
    /// Classes that no other family has, or not with this meaning.
    pub besides: &'static [(&'static str, Task)],
    /// The product between the first token's row and the labels of a text, and the activation after it.
    pub text_dense: String,
    pub text_activation: Activation,
    /// The product that makes labels of that.
    pub text_out: &'static str,
    /// The transform before a masked language model's unembedding.
    pub word_dense: &'static str,
    pub word_activation: Activation,
    pub word_norm: &'static str,
    /// The unembedding `{word_out}.weight`, where it is not the word embeddings again.
    pub word_out: &'static str,
    /// The bias where it is stored beside the unembedding rather than with it.
    pub word_bias: Option<&'static str>,
}

impl HeadNames {
    /// Which head `config` names, or the weights show where it names none.
    ///
    /// # Errors
    /// [`ModelError::UnknownArchitecture`] names a class with another head and lists the family's.
    fn task(&self, config: &Config, loader: &Loader<'_>) -> Result<Task, ModelError> {
        let Some(class) = config.class() else {
            return Ok(if loader.has(&format!("{}.weight", self.word_dense)) {
                Task::Words
            } else if loader.has("qa_outputs.weight") {
                Task::Span
            } else {
                Task::Nothing
            });
        };
        let plain = self.classes.iter().find_map(|family| {
            let rest = class.strip_prefix(family)?;
            CLASSES.iter().find(|(name, _)| *name == rest)
        });
        let found = plain.or_else(|| self.besides.iter().find(|(name, _)| *name == class));
        found.map(|(_, task)| *task).ok_or_else(|| ModelError::UnknownArchitecture {
            given: class.chars().take(60).collect(),
            known: self.known(),
        })
    }

    /// The family's classes, as a list in words.
    fn known(&self) -> String {
        let plain =
            self.classes.iter().flat_map(|family| CLASSES.iter().map(move |(name, _)| format!("{family}{name}")));
        plain.chain(self.besides.iter().map(|(name, _)| (*name).to_owned())).collect::<Vec<_>>().join(", ")
    }

    /// Reads the head for `task`, of an encoder of this plan with these word embeddings.
    ///
    /// # Errors
    /// [`ModelError`] where a weight or a value of the configuration is not as the head needs it.
    async fn open(
        &self,
        task: Task,
        config: &Config,
        plan: &Plan<'_>,
        embedding: &Table,
        loader: &mut Loader<'_>,
    ) -> Result<Head, ModelError> {
        let width = plan.width;
        Ok(match task {
            Task::Nothing => Head::None,
            Task::Words => Head::Vocabulary(self.words(config, plan, embedding, loader).await?),
            Task::Text => Head::Labels(self.text(config, width, loader).await?),
            Task::Token => {
                let names = config.labels(config.label_count());
                let steps = vec![Step::linear(Linear::open("classifier", names.len(), width, loader).await?)];
                Head::Labels(LabelHead { kind: LabelKind::Token, names, pooling: Pooling::First, steps })
            }
            Task::Span => {
                let names = vec!["start".to_owned(), "end".to_owned()];
                let steps = vec![Step::linear(Linear::open("qa_outputs", names.len(), width, loader).await?)];
                Head::Labels(LabelHead { kind: LabelKind::Span, names, pooling: Pooling::First, steps })
            }
        })
    }

    /// Reads the encoder of `plan` and its head.
    ///
    /// # Errors
    /// As [`HeadNames::task`], and [`ModelError`] where a weight is not as the plan or the head needs it.
    pub async fn encoder(
        &self,
        config: &Config,
        plan: &Plan<'_>,
        loader: &mut Loader<'_>,
    ) -> Result<PostNormEncoder, ModelError> {
        // Before anything large is read, so that a class that is not known is said at once.
        let task = self.task(config, loader)?;
        let encoder = PostNormEncoder::open(plan, loader).await?;
        let head = self.open(task, config, plan, encoder.embedding(), loader).await?;
        Ok(encoder.with_head(head))
    }

    async fn words(
        &self,
        config: &Config,
        plan: &Plan<'_>,
        embedding: &Table,
        loader: &mut Loader<'_>,
    ) -> Result<VocabularyHead, ModelError> {
        let Plan { vocabulary, width, embedding_width: inner, epsilon, .. } = *plan;
        let transform = Step {
            linear: Linear::open(self.word_dense, inner, width, loader).await?,
            activation: Some(self.word_activation),
            norm: Some(LayerNorm::open(self.word_norm, inner, epsilon, loader).await?),
        };
        let beside = self.word_bias.map(str::to_owned);
        let with = Some(format!("{}.bias", self.word_out));
        // transformers ties both of the unembedding's weights or neither. Untied, the bias stored with it counts.
        let (unembedding, biases) = if config.flag("tie_word_embeddings", true) {
            (embedding.clone(), [beside, with])
        } else {
            (Table::read(&format!("{}.weight", self.word_out), vocabulary, inner, loader).await?, [with, beside])
        };
        let bias = loader.first_of(&biases.into_iter().flatten().collect::<Vec<_>>());
        let bias = Some(loader.vector(&bias, vocabulary).await?);
        Ok(VocabularyHead { masked: true, transform: Some(transform), scale: 1.0, unembedding, bias })
    }

    async fn text(&self, config: &Config, width: usize, loader: &mut Loader<'_>) -> Result<LabelHead, ModelError> {
        let names = config.labels(config.label_count());
        let kind = LabelKind::Sequence(problem(config, names.len())?);
        let (pooling, steps) = match config.text("headlight_pooling") {
            None => {
                let linear = Linear::open(&self.text_dense, width, width, loader).await?;
                let dense = Step { linear, activation: Some(self.text_activation), norm: None };
                let out = Step::linear(Linear::open(self.text_out, names.len(), width, loader).await?);
                (Pooling::First, vec![dense, out])
            }
            Some("mean") => {
                (Pooling::Mean, vec![Step::linear(Linear::open("classifier", names.len(), width, loader).await?)])
            }
            Some(other) => {
                let other: String = other.chars().take(60).collect();
                return Err(ModelError::Config(format!("headlight_pooling is \"{other}\"; \"mean\" is known")));
            }
        };
        Ok(LabelHead { kind, names, pooling, steps })
    }
}

/// How labels exclude each other: as the configuration says, else as transformers guesses when it trains, which is that
/// one label is a number.
fn problem(config: &Config, labels: usize) -> Result<Problem, ModelError> {
    match config.text("problem_type") {
        Some("regression") => Ok(Problem::Regression),
        Some("multi_label_classification") => Ok(Problem::MultiLabel),
        // A softmax over a single label would always be one.
        Some("single_label_classification") | None if labels == 1 => Ok(Problem::Regression),
        Some("single_label_classification") | None => Ok(Problem::SingleLabel),
        Some(other) => {
            let other: String = other.chars().take(60).collect();
            Err(ModelError::Config(format!("the problem_type \"{other}\" is not known")))
        }
    }
}
