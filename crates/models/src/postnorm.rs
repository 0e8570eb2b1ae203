//! The encoder that BERT and its relatives share: learned positions, perhaps types, and blocks that normalise after
//! each half (Devlin et al. 2019). The families' own files say what its sizes and weights are called, and what differs.

mod products;

use burn::tensor::{Device, Tensor};

use crate::activation::Activation;
use crate::attention::{Attention, split};
use crate::batch::{Batch, Layout, positions_and_types};
use crate::config::Config;
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::linear::{Fused, Linear};
use crate::loader::Loader;
use crate::norm::LayerNorm;
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Stack, Transformer};
use crate::writer::{Norm, Writer};

/// What the weights of a block are called, after the block's own name.
pub(crate) struct BlockNames {
    pub qkv: [&'static str; 3],
    pub out: &'static str,
    pub attention_norm: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub mlp_norm: &'static str,
}

/// BERT's names, which RoBERTa and ELECTRA kept.
pub(crate) const BERT_BLOCK: BlockNames = BlockNames {
    qkv: ["attention.self.query", "attention.self.key", "attention.self.value"],
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    mlp_norm: "output.LayerNorm",
};

/// What one family's encoder is like.
pub(crate) struct Plan<'a> {
    pub family: &'static str,
    pub layers: usize,
    pub heads: usize,
    pub width: usize,
    /// Width of the word embeddings; where it is not `width`, `embeddings_project` follows.
    pub embedding_width: usize,
    /// Width between the two products of a block's second half.
    pub inner: usize,
    pub vocabulary: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// The row of the first token.
    pub first_position: usize,
    /// Rows of the table of types, where there is one.
    pub types: Option<usize>,
    pub epsilon: f64,
    pub activation: Activation,
    /// What all of the encoder's names begin with in this file: `bert.` or nothing.
    pub base: &'a str,
    /// What the blocks' names begin with after that, before their number: `encoder.layer`.
    pub blocks: &'static str,
    pub names: &'static BlockNames,
}

impl<'a> Plan<'a> {
    /// A plan from a configuration with BERT's keys: types, positions from the first row on, BERT's block names.
    ///
    /// # Errors
    /// [`ModelError::Config`] where a value is missing or makes no sense, or asks for what no family here computes.
    pub(crate) fn of(family: &'static str, config: &Config, base: &'a str) -> Result<Self, ModelError> {
        plain_encoder(config)?;
        let width = config.size("hidden_size")?;
        Ok(Self {
            family,
            layers: config.size("num_hidden_layers")?,
            heads: config.size("num_attention_heads")?,
            width,
            embedding_width: width,
            inner: config.size("intermediate_size")?,
            vocabulary: config.size("vocab_size")?,
            positions: config.size("max_position_embeddings")?,
            first_position: 0,
            types: Some(config.size_or("type_vocab_size", 2)?),
            epsilon: config.real("layer_norm_eps", 1e-12)?,
            activation: Activation::of(config, "hidden_act", Activation::Gelu)?,
            base,
            blocks: "encoder.layer",
            names: &BERT_BLOCK,
        })
    }
}

/// Refuses what no family here computes: positions other than one learned row each, and decoders.
///
/// # Errors
/// [`ModelError::Config`] says which.
fn plain_encoder(config: &Config) -> Result<(), ModelError> {
    if let Some(positions) = config.text("position_embedding_type").filter(|positions| *positions != "absolute") {
        let positions: String = positions.chars().take(60).collect();
        return Err(ModelError::Config(format!("position_embedding_type \"{positions}\" is not known")));
    }
    if config.flag("is_decoder", false) {
        return Err(ModelError::Config("is_decoder is set, and this family is only run as an encoder".to_owned()));
    }
    Ok(())
}

struct Block {
    qkv: Linear,
    out: Linear,
    attention_norm: LayerNorm,
    up: Linear,
    down: Linear,
    mlp_norm: LayerNorm,
}

/// An encoder of BERT's kind: BERT, DistilBERT, RoBERTa, ELECTRA.
pub struct PostNormEncoder {
    family: &'static str,
    /// What the blocks' names begin with, and what their weights are called.
    names: (&'static str, &'static BlockNames),
    architecture: Architecture,
    device: Device,
    activation: Activation,
    /// `[vocabulary, embedding width]`.
    embedding: Table,
    /// `[position, embedding width]`.
    positions: Tensor<2>,
    first_position: usize,
    /// `[type, embedding width]`.
    types: Option<Tensor<2>>,
    embedding_norm: LayerNorm,
    /// From the embeddings' width to the blocks', where these differ.
    project: Option<Linear>,
    blocks: Vec<Block>,
    head: Head,
}

/// What all names of an encoder begin with in this file: `prefix` as in classes with a head, or nothing.
pub(crate) fn base<'a>(prefix: &'a str, loader: &Loader<'_>) -> &'a str {
    if loader.has(&format!("{prefix}embeddings.word_embeddings.weight")) { prefix } else { "" }
}

impl Block {
    async fn open(name: &str, plan: &Plan<'_>, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let Plan { width, inner, epsilon, names, .. } = *plan;
        let at = |part: &str| format!("{name}.{part}");
        let (mut qkv, mut bias) = (Fused::new(width), Vec::new());
        for part in names.qkv {
            qkv.read(&at(&format!("{part}.weight")), width, loader).await?;
            bias.extend(loader.values(&at(&format!("{part}.bias")), &[width]).await?);
        }
        Ok(Self {
            qkv: qkv.linear(Some(bias), loader),
            out: Linear::open(&at(names.out), width, width, loader).await?,
            attention_norm: LayerNorm::open(&at(names.attention_norm), width, epsilon, loader).await?,
            up: Linear::open(&at(names.up), inner, width, loader).await?,
            down: Linear::open(&at(names.down), width, inner, loader).await?,
            mlp_norm: LayerNorm::open(&at(names.mlp_norm), width, epsilon, loader).await?,
        })
    }
}

impl PostNormEncoder {
    /// Reads the encoder that `plan` describes, without a head.
    ///
    /// # Errors
    /// [`ModelError`] where a size makes no sense or a weight is not as the plan says.
    pub(crate) async fn open(plan: &Plan<'_>, loader: &mut Loader<'_>) -> Result<Self, ModelError> {
        let Plan { heads, width, embedding_width, first_position, .. } = *plan;
        if !width.is_multiple_of(heads) {
            return Err(ModelError::Config(format!("{heads} heads do not divide a width of {width}")));
        }
        let Some(context) = plan.positions.checked_sub(first_position).filter(|context| *context > 0) else {
            let reason = format!("{} positions, the first at {first_position}, leave none for a text", plan.positions);
            return Err(ModelError::Config(reason));
        };
        let architecture = Architecture {
            layers: plan.layers,
            heads,
            key_value_heads: heads,
            head_width: width / heads,
            width,
            vocabulary: plan.vocabulary,
            context,
            causal: false,
        };
        let name = |part: &str| format!("{}{part}", plan.base);
        let table = |part: &str| name(&format!("embeddings.{part}_embeddings.weight"));
        let embedding = Table::read(&table("word"), plan.vocabulary, embedding_width, loader).await?;
        let positions = loader.matrix(&table("position"), plan.positions, embedding_width).await?;
        let types = match plan.types {
            Some(types) => Some(loader.matrix(&table("token_type"), types, embedding_width).await?),
            None => None,
        };
        let embedding_norm =
            LayerNorm::open(&name("embeddings.LayerNorm"), embedding_width, plan.epsilon, loader).await?;
        let project = if embedding_width == width {
            None
        } else {
            Some(Linear::open(&name("embeddings_project"), width, embedding_width, loader).await?)
        };
        let mut blocks = Vec::new();
        for layer in 0..plan.layers {
            blocks.push(Block::open(&name(&format!("{}.{layer}", plan.blocks)), plan, loader).await?);
        }
        Ok(Self {
            family: plan.family,
            names: (plan.blocks, plan.names),
            architecture,
            device: loader.device().clone(),
            activation: plan.activation,
            embedding,
            positions,
            first_position,
            types,
            embedding_norm,
            project,
            blocks,
            head: Head::None,
        })
    }

    /// The word embeddings `[vocabulary, embedding width]`, with which a head may share its unembedding.
    pub(crate) fn embedding(&self) -> &Table {
        &self.embedding
    }

    /// The same with a head.
    pub(crate) fn with_head(self, head: Head) -> Self {
        Self { head, ..self }
    }
}

impl Stack for PostNormEncoder {
    fn architecture(&self) -> Architecture {
        self.architecture
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        batch.embed(&self.embedding, &self.device)
    }

    fn frame(&self, layout: &Layout) -> Frame {
        let added = positions_and_types(self, &self.positions, self.first_position, self.types.as_ref(), layout);
        Frame { added: Some(added), ..Frame::default() }
    }

    fn enter(&self, embeddings: Tensor<3>, frame: &Frame) -> Tensor<3> {
        let sum = match &frame.added {
            Some(added) => embeddings + added.clone(),
            None => embeddings,
        };
        let normalised = self.embedding_norm.forward(sum);
        match &self.project {
            Some(project) => project.forward(normalised),
            None => normalised,
        }
    }

    fn block(&self, layer: usize, residual: Tensor<3>, _: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, head_width, .. } = self.architecture;
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);

        let qkv = split(block.qkv.forward(residual.clone()), heads, heads, head_width);
        qkv.keep(layer, captures);
        let z = Attention::own(layer, head_width, None).forward(qkv, captures);
        let sum = residual + captures.pass_residual(layer, Point::AttnOut, block.out.forward(z));
        captures.residual(layer, Point::ResidMid, &sum);
        let residual = block.attention_norm.forward(sum);

        let inner = self.activation.forward(block.up.forward(residual.clone()));
        let sum = residual + captures.pass_residual(layer, Point::MlpOut, block.down.forward(inner));
        captures.residual(layer, Point::ResidPost, &sum);
        let residual = block.mlp_norm.forward(sum);
        captures.residual(layer, Point::NormalizedResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        residual
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        let Some(block) = self.blocks.get(layer) else { return Vec::new() };
        vec![
            Writer {
                point: Point::AttnOut,
                heads: Some((Point::Z, &block.out)),
                norm: Some((Point::ResidMid, Norm::Layer(&block.attention_norm))),
            },
            Writer { point: Point::MlpOut, heads: None, norm: Some((Point::ResidPost, Norm::Layer(&block.mlp_norm))) },
        ]
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        None
    }
}

impl Transformer for PostNormEncoder {
    fn family(&self) -> &'static str {
        self.family
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
