//! Llama and its relatives Mistral and Qwen: RMSNorm before each half, rotary positions, shared key-value heads, SwiGLU,
//! tied or separate unembedding (Touvron et al. 2023; transformers' `modeling_llama.py`, `modeling_mistral.py`,
//! `modeling_qwen2.py`, `modeling_qwen3.py`).

mod block;
mod names;
mod settings;

use burn::tensor::{Device, Tensor};
use headlight_weights::TensorSource;

use self::block::Block;
use self::names::Names;
use self::settings::Settings;
use crate::activation::Activation;
use crate::attention::{Attention, Heads, causal_mask, sliding_mask};
use crate::batch::{Batch, Layout};
use crate::causal;
use crate::config::Config;
use crate::error::ModelError;
use crate::head::Head;
use crate::hook::{Captures, Point};
use crate::loader::Loader;
use crate::pulse::Pulse;
use crate::rotary::{Rotary, rotate};
use crate::table::Table;
use crate::transformer::{Architecture, Frame, Stack, Transformer};
use crate::writer::{Norm, Writer};
use headlight_host::{rms_norm, swiglu};

pub use self::settings::Relative;

/// A decoder of the Llama family.
pub struct Llama {
    settings: Settings,
    device: Device,
    rotary: Rotary,
    /// `[vocabulary, width]`.
    embedding: Table,
    head: Head,
    blocks: Vec<Block>,
    /// `[1, 1, width]`.
    final_norm: Tensor<3>,
}

impl Llama {
    /// Opens a model of this family.
    ///
    /// # Errors
    /// [`ModelError`] where the configuration or a weight is not as the family needs it.
    pub async fn open(
        relative: Relative,
        config: &Config,
        source: &mut dyn TensorSource,
        device: &Device,
        pulse: &dyn Pulse,
    ) -> Result<Self, ModelError> {
        let settings = Settings::read(relative, config)?;
        let Architecture { layers, head_width, width, vocabulary, context, .. } = settings.architecture;
        let names = Names::of(config, source);
        let mut loader = Loader::new(source, device, pulse);
        let embedding = Table::read(&names.weight(names.embedding), vocabulary, width, &mut loader).await?;
        let mut blocks = Vec::new();
        for layer in 0..layers {
            blocks.push(Block::open(layer, &names, &settings, &mut loader).await?);
        }
        let final_norm = loader.vector(&names.weight(names.final_norm), width).await?.reshape([1, 1, width]);
        let head = causal::head(config, names.unembedding, &embedding, false, &mut loader).await?;
        let mut frequencies = settings.rotary.frequencies(head_width);
        if let Some(name) = names.frequencies.filter(|name| loader.has(name)) {
            let divisors = loader.values(name, &[head_width / 2]).await?;
            frequencies.iter_mut().zip(divisors).for_each(|(frequency, divisor)| *frequency /= divisor);
        }
        let rotary = Rotary::new(&settings.rotary, &frequencies, context, device)?;
        Ok(Self { settings, device: device.clone(), rotary, embedding, head, blocks, final_norm })
    }
}

impl Stack for Llama {
    fn architecture(&self) -> Architecture {
        self.settings.architecture
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn embed(&self, batch: &Batch) -> Tensor<3> {
        batch.embed(&self.embedding, &self.device)
    }

    fn frame(&self, layout: &Layout) -> Frame {
        let (before, tokens) = (layout.before, layout.tokens);
        let window = self.settings.window.as_ref().map(|(size, _)| *size).filter(|size| *size < before + tokens);
        Frame {
            mask: Some(causal_mask(before, tokens, &self.device)),
            window: window.map(|size| sliding_mask(before, tokens, size, &self.device)),
            rotary: Some(self.rotary.range(before, tokens)),
            ..Frame::default()
        }
    }

    fn enter(&self, embeddings: Tensor<3>, _: &Frame) -> Tensor<3> {
        embeddings
    }

    fn block(&self, layer: usize, residual: Tensor<3>, frame: &Frame, captures: &mut Captures) -> Tensor<3> {
        let Some(block) = self.blocks.get(layer) else { return residual };
        let Architecture { heads, key_value_heads: groups, head_width, .. } = self.settings.architecture;
        let epsilon = self.settings.epsilon;
        let [batch, tokens, _] = residual.dims();
        let residual = captures.pass_residual(layer, Point::ResidPre, residual);

        let qkv = block.qkv.forward(rms_norm(residual.clone(), epsilon));
        let qkv = qkv.reshape([batch, tokens, heads + 2 * groups, head_width]);
        let v = qkv.clone().narrow(2, heads + groups, groups);
        captures.by_head(layer, Point::Q, || qkv.clone().narrow(2, 0, heads));
        captures.by_head(layer, Point::K, || qkv.clone().narrow(2, heads, groups));
        captures.by_head(layer, Point::V, || v.clone());
        // Queries and keys are normalised and turned together, before they are taken apart.
        let mut qk = qkv.narrow(2, 0, heads + groups);
        if let Some(weight) = &block.qk_norm {
            qk = rms_norm(qk, epsilon) * weight.clone();
        }
        if let Some(rotary) = &frame.rotary {
            qk = rotate(qk, rotary);
        }
        let (q, k) = (qk.clone().narrow(2, 0, heads), qk.narrow(2, heads, groups));
        captures.by_head(layer, Point::RotQ, || q.clone());
        captures.by_head(layer, Point::RotK, || k.clone());
        let mask = frame.window.as_ref().filter(|_| block.windowed).or(frame.mask.as_ref());
        let attention = Attention::own(layer, head_width, mask);
        let attended = block.out.forward(attention.forward(Heads { q, k, v }, captures));
        let residual = residual + captures.pass_residual(layer, Point::AttnOut, attended);
        captures.residual(layer, Point::ResidMid, &residual);

        let gate_up = block.gate_up.forward(rms_norm(residual.clone(), epsilon));
        let inner = match self.settings.activation {
            Activation::Silu => swiglu(gate_up),
            activation => {
                let inner = gate_up.dims()[2] / 2;
                activation.forward(gate_up.clone().narrow(2, 0, inner)) * gate_up.narrow(2, inner, inner)
            }
        };
        let residual = residual + captures.pass_residual(layer, Point::MlpOut, block.down.forward(inner));
        captures.residual(layer, Point::ResidPost, &residual);
        residual
    }

    fn finish(&self, residual: Tensor<3>) -> Tensor<3> {
        rms_norm(residual, self.settings.epsilon) * self.final_norm.clone()
    }

    fn writers(&self, layer: usize) -> Vec<Writer<'_>> {
        self.blocks.get(layer).map(|block| Writer::of_pre_norm(&block.out).into()).unwrap_or_default()
    }

    fn last_norm(&self) -> Option<Norm<'_>> {
        Some(Norm::Rms { weight: &self.final_norm, epsilon: self.settings.epsilon })
    }
}

impl Transformer for Llama {
    fn family(&self) -> &'static str {
        self.settings.relative.name()
    }

    fn head(&self) -> &Head {
        &self.head
    }
}
