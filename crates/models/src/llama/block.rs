//! The weights of one block of the Llama family.

use burn::tensor::Tensor;

use super::names::Names;
use super::settings::{Bias, Relative, Settings};
use crate::error::ModelError;
use crate::linear::{Fused, Linear};
use crate::loader::Loader;

pub struct Block {
    /// Queries, keys and values, with the norm before them folded in.
    pub qkv: Linear,
    /// Weights of the norms of each query and key head, `[1, 1, heads and key-value heads, head width]`.
    pub qk_norm: Option<Tensor<4>>,
    pub out: Linear,
    /// Gate and up, with the norm before them folded in.
    pub gate_up: Linear,
    pub down: Linear,
    /// Whether it sees only a window.
    pub windowed: bool,
}

/// Which row of a file in llama.cpp's order, where a head's rows are interleaved pairs, is row `row` here, where they are
/// two halves.
fn split_pair(row: usize, head_width: usize) -> usize {
    let (half, within) = ((head_width / 2).max(1), row % head_width.max(1));
    row - within + within % half * 2 + within / half
}

/// The bias of a product, where it has one.
async fn bias(
    wanted: Bias,
    name: &str,
    length: usize,
    loader: &mut Loader<'_>,
) -> Result<Option<Vec<f32>>, ModelError> {
    let name = format!("{name}.bias");
    let read = wanted == Bias::Yes || wanted == Bias::AsInFile && loader.has(&name);
    if read { loader.values(&name, &[length]).await.map(Some) } else { Ok(None) }
}

impl Block {
    /// Reads the block `layer`.
    pub async fn open(
        layer: usize,
        names: &Names,
        settings: &Settings,
        loader: &mut Loader<'_>,
    ) -> Result<Self, ModelError> {
        let sizes = settings.architecture;
        let (width, head_width, inner) = (sizes.width, sizes.head_width, settings.inner);
        let block = names.block(layer);
        let name = |part: &str| format!("{block}{part}");
        let weight = |part: &str| format!("{block}{part}.weight");

        let attention_norm = loader.values(&weight(names.attention_norm), &[width]).await?;
        let (mut qkv, mut qkv_bias) = (Fused::new(width), Vec::new());
        for (index, part) in names.qkv.iter().enumerate() {
            let rows = head_width * if index == 0 { sizes.heads } else { sizes.key_value_heads };
            let interleaved = settings.interleaved && index < 2;
            let from = |row: usize| split_pair(row, head_width);
            qkv.read_rows(&weight(part), rows, interleaved.then_some(&from), loader).await?;
            // A file that has a bias of one of the three has all.
            let wanted = if qkv_bias.is_empty() { settings.qkv_bias } else { Bias::Yes };
            if let Some(values) = bias(wanted, &name(part), rows, loader).await? {
                if index > 0 && qkv_bias.is_empty() {
                    return Err(ModelError::Config(format!("{} has a bias and those before it have none", name(part))));
                }
                let from = |row: usize| if interleaved { split_pair(row, head_width) } else { row };
                qkv_bias.extend((0..rows).filter_map(|row| values.get(from(row)).copied()));
            }
        }
        let qk_norm = match settings.relative {
            Relative::Qwen3 => Some(qk_norm(&weight, names, settings, loader).await?),
            _ => None,
        };
        let mut out = Fused::new(sizes.heads * head_width);
        out.read(&weight(names.out), width, loader).await?;
        let out_bias = bias(settings.out_bias, &name(names.out), width, loader).await?;

        let mlp_norm = loader.values(&weight(names.mlp_norm), &[width]).await?;
        let (mut gate_up, mut gate_up_bias) = (Fused::new(width), Vec::new());
        for part in names.gate_up {
            gate_up.read(&weight(part), inner, loader).await?;
            let values = bias(settings.mlp_bias, &name(part), inner, loader).await?;
            gate_up_bias.push(values);
        }
        let gate_up_bias = match gate_up_bias.iter().any(Option::is_some) {
            true => Some(gate_up_bias.into_iter().flat_map(|bias| bias.unwrap_or_else(|| vec![0.0; inner])).collect()),
            false => None,
        };
        let mut down = Fused::new(inner);
        down.read(&weight(names.down), width, loader).await?;
        let down_bias = bias(settings.mlp_bias, &name(names.down), width, loader).await?;
        Ok(Self {
            qkv: qkv.scale_columns(&attention_norm).linear(Some(qkv_bias).filter(|bias| !bias.is_empty()), loader),
            qk_norm,
            out: out.linear(out_bias, loader),
            gate_up: gate_up.scale_columns(&mlp_norm).linear(gate_up_bias, loader),
            down: down.linear(down_bias, loader),
            windowed: settings.is_windowed(layer),
        })
    }
}

/// One weight a head, for the products that queries and keys go through together.
async fn qk_norm(
    weight: &impl Fn(&str) -> String,
    names: &Names,
    settings: &Settings,
    loader: &mut Loader<'_>,
) -> Result<Tensor<4>, ModelError> {
    let sizes = settings.architecture;
    let mut values = Vec::new();
    for (part, heads) in names.qk_norm.iter().zip([sizes.heads, sizes.key_value_heads]) {
        let one = loader.values(&weight(part), &[sizes.head_width]).await?;
        (0..heads).for_each(|_| values.extend_from_slice(&one));
    }
    Ok(loader.tensor(values, [1, 1, sizes.heads + sizes.key_value_heads, sizes.head_width]))
}
