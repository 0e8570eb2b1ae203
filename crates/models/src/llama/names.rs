//! What the weights of the Llama family are called, without `.weight` and `.bias`.

use headlight_weights::TensorSource;

use crate::config::{Config, Format};

/// The names of one way to write a checkpoint. All but `unembedding` and `frequencies` stand behind `prefix`.
pub struct Names {
    /// Before every name: `model.`, `transformer.` (a question answering model's) or nothing (a model without a head).
    pub prefix: &'static str,
    pub embedding: &'static str,
    pub final_norm: &'static str,
    pub unembedding: &'static str,
    /// What llama.cpp divides rotary frequencies by.
    pub frequencies: Option<&'static str>,
    block: &'static str,
    pub attention_norm: &'static str,
    pub qkv: [&'static str; 3],
    pub qk_norm: [&'static str; 2],
    pub out: &'static str,
    pub mlp_norm: &'static str,
    pub gate_up: [&'static str; 2],
    pub down: &'static str,
}

impl Names {
    /// Those of the checkpoint in `source`.
    pub fn of(config: &Config, source: &dyn TensorSource) -> Self {
        if config.format() == Format::Gguf {
            return GGUF;
        }
        let has = |prefix: &&str| source.info(&format!("{prefix}{}.weight", HUGGING_FACE.embedding)).is_some();
        let prefix = ["model.", "transformer.", ""].into_iter().find(has).unwrap_or("model.");
        Self { prefix, ..HUGGING_FACE }
    }

    /// A weight's name.
    pub fn weight(&self, part: &str) -> String {
        format!("{}{part}.weight", self.prefix)
    }

    /// What stands before a part of a block: `model.layers.3.`.
    pub fn block(&self, layer: usize) -> String {
        format!("{}{}.{layer}.", self.prefix, self.block)
    }
}

const HUGGING_FACE: Names = Names {
    prefix: "model.",
    embedding: "embed_tokens",
    final_norm: "norm",
    unembedding: "lm_head.weight",
    frequencies: None,
    block: "layers",
    attention_norm: "input_layernorm",
    qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    qk_norm: ["self_attn.q_norm", "self_attn.k_norm"],
    out: "self_attn.o_proj",
    mlp_norm: "post_attention_layernorm",
    gate_up: ["mlp.gate_proj", "mlp.up_proj"],
    down: "mlp.down_proj",
};

const GGUF: Names = Names {
    prefix: "",
    embedding: "token_embd",
    final_norm: "output_norm",
    unembedding: "output.weight",
    frequencies: Some("rope_freqs.weight"),
    block: "blk",
    attention_norm: "attn_norm",
    qkv: ["attn_q", "attn_k", "attn_v"],
    qk_norm: ["attn_q_norm", "attn_k_norm"],
    out: "attn_output",
    mlp_norm: "ffn_norm",
    gate_up: ["ffn_gate", "ffn_up"],
    down: "ffn_down",
};
