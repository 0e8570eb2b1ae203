"""Small, randomly initialised checkpoints of the causal families and what transformers computes with them.

usage: families_decoders.py [NAME]…

Writes tests/golden/families/<name>/: `config.json` and, but for variants, `model.safetensors` as the library saves
them, and `golden.json`. A variant has another configuration, written by hand with the keys that older checkpoints have,
and takes the weights of the checkpoint it names. `model.gguf` is the same checkpoint for llama.cpp (gguf_checkpoint.py).

Everything is float32 with `attn_implementation='eager'`. Weights are drawn wide enough that attention is far from
uniform, and norms and biases are drawn as well, so that one that is left out shows."""

import json
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from common import GOLDEN, SCHEMA, number, numbers, weights, write
from gguf_checkpoint import write_gguf

FOLDER = GOLDEN / "families"
VOCABULARY = 96
SEED = 20260
COMMON = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
)  # fmt: skip
SHARED = dict(**COMMON, num_key_value_heads=2)
DEFAULT_ROPE = {"rope_type": "default", "rope_theta": 100.0}
LLAMA3_ROPE = {
    "rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}  # fmt: skip
GPT2 = dict(
    vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=32, bos_token_id=1, eos_token_id=2,
    activation_function="gelu_new",
)  # fmt: skip
LABELS = {0: "bad", 1: "fair", 2: "good"}

# name -> (model_type, configuration, head)
CHECKPOINTS = {
    "gpt2": ("gpt2", GPT2, "ForCausalLM"),
    "gpt2_classifier": ("gpt2", {**GPT2, "n_layer": 1, "id2label": LABELS}, "ForSequenceClassification"),
    "gpt_neox": ("gpt_neox", {
        **COMMON, "layer_norm_eps": 1e-5, "hidden_act": "gelu", "use_parallel_residual": True, "attention_bias": True,
        "rope_parameters": {**DEFAULT_ROPE, "partial_rotary_factor": 0.5},
    }, "ForCausalLM"),
    "llama": ("llama", {
        **SHARED, "attention_bias": True, "mlp_bias": True, "rope_parameters": LLAMA3_ROPE,
    }, "ForCausalLM"),
    "llama_tied": ("llama", {**SHARED, "tie_word_embeddings": True, "rope_parameters": DEFAULT_ROPE}, "ForCausalLM"),
    "mistral": ("mistral", {**SHARED, "sliding_window": 6, "rope_parameters": DEFAULT_ROPE}, "ForCausalLM"),
    "qwen2": ("qwen2", {**SHARED, "use_sliding_window": False, "rope_parameters": DEFAULT_ROPE}, "ForCausalLM"),
    "qwen3": ("qwen3", {
        **SHARED, "head_dim": 12, "tie_word_embeddings": True, "rope_parameters": DEFAULT_ROPE,
    }, "ForCausalLM"),
}  # fmt: skip

# name -> (whose weights, what replaces the configuration's keys; a key with None is left out)
OLD_ROPE = {"rope_parameters": None, "rope_theta": 100.0}
VARIANTS = {
    "gpt2_scaled": ("gpt2", {
        "scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True, "activation_function": "relu",
    }),
    "gpt_neox_sequential": ("gpt_neox", {
        "rope_parameters": None, "rotary_pct": 0.25, "rotary_emb_base": 100, "use_parallel_residual": False,
    }),
    "llama_linear": ("llama", {**OLD_ROPE, "rope_scaling": {"type": "linear", "factor": 2.5}}),
    "llama_dynamic": ("llama", {**OLD_ROPE, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}),
    "mistral_full": ("mistral", {**OLD_ROPE, "sliding_window": "null"}),
    "qwen2_sliding": ("qwen2", {
        **OLD_ROPE, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1, "layer_types": None,
    }),
    "qwen2_yarn": ("qwen2", {
        **OLD_ROPE, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256},
    }),
}  # fmt: skip


def sequence(step, start, length):
    return [(i * step + start) % VOCABULARY for i in range(length)]


# The longest is longer than every window; the middle one repeats a token.
FULL = [sequence(37, 11, 6), sequence(24, 5, 9), sequence(53, 7, 18)]
SHORT = [sequence(53, 7, 18)]


def fill(model):
    """Draws every weight: normal with a standard deviation of 0.3, norms around one."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            drawn = torch.randn(parameter.shape, generator=generator) * 0.3
            is_norm = name.endswith(".weight") and parameter.dim() == 1
            parameter.copy_(drawn + 1.0 if is_norm else drawn)
    return model.eval().requires_grad_(False)


def build(config, head):
    kind = AutoModelForCausalLM if head == "ForCausalLM" else AutoModelForSequenceClassification
    return kind.from_config(config, attn_implementation="eager")


def base(model):
    """The stack of blocks without its head."""
    return getattr(model, model.base_model_prefix)


def run(model, ids):
    """Final hidden states, attention maps, scores of the last position, and the gradients at the word embeddings."""
    embeddings = model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
    seen = {}
    handle = base(model).register_forward_hook(lambda _m, _i, out: seen.update(hidden=out.last_hidden_state))
    out = model(inputs_embeds=embeddings, output_attentions=True, use_cache=False)
    handle.remove()
    logits = out.logits[0, -1] if out.logits.dim() == 3 else out.logits[0]
    target = logits.argmax().item()
    reads = {"logit": logits, "log_prob": torch.log_softmax(logits, -1)}
    gradients = {
        read: (values[target], torch.autograd.grad(values[target], embeddings, retain_graph=True)[0][0])
        for read, values in reads.items()
    }
    width = embeddings.shape[-1]
    maps = torch.stack([a[0] for a in out.attentions]).detach()
    return {
        "ids": ids,
        "hidden": numbers(seen["hidden"][0], width),
        "attention": weights(maps, len(ids)),
        "logits": numbers(logits),
        "log_probs": numbers(reads["log_prob"]),
        "target": {
            "id": target,
            "reads": {
                read: {"value": number(value.item()), "gradient": numbers(gradient, width)}
                for read, (value, gradient) in gradients.items()
            },
        },
    }


@torch.no_grad()
def captures(model, ids):
    """Layer 1's captures by their TransformerLens names, batch dimension dropped: hook_q, k and v as the products give
    them (before a norm of heads and before rotation), rot_q and rot_k as they enter the scores."""
    seen, handles = {}, []
    layers = base(model).h if model.config.model_type == "gpt2" else base(model).layers
    index = len(layers) - 1
    layer, at = layers[index], f"blocks.{index}."
    module = sys.modules[type(model).__module__]
    eager = module.eager_attention_forward
    rotary = model.config.model_type != "gpt2"

    def attention(part, query, key, value, attention_mask, scaling, **kwargs):
        z, pattern = eager(part, query, key, value, attention_mask, scaling=scaling, **kwargs)
        if part.layer_idx == index:
            if rotary:
                seen[at + "attn.hook_rot_q"] = query[0].transpose(0, 1)
                seen[at + "attn.hook_rot_k"] = key[0].transpose(0, 1)
            seen[at + "attn.hook_v"] = value[0].transpose(0, 1)
            seen[at + "attn.hook_z"] = z[0]
        return z, pattern

    def product(names, width, heads_first):
        def keep(_module, _inputs, out):
            sizes = (-1, len(names)) if heads_first else (len(names), -1)
            parts = out[0].view(out.shape[1], *sizes, width)
            for part, name in enumerate(names):
                seen[at + "attn." + name] = parts[:, :, part] if heads_first else parts[:, part]

        return keep

    def first_input(name):
        def keep(_module, inputs):
            seen[at + name] = inputs[0][0]

        return keep

    def output(_module, _inputs, out):
        seen[at + "hook_resid_post"] = (out[0] if isinstance(out, tuple) else out)[0]

    kind = model.config.model_type
    if kind == "gpt2":
        width = layer.attn.head_dim
        handles.append(layer.attn.c_attn.register_forward_hook(product(["hook_q", "hook_k", "hook_v"], width, False)))
        middle = layer.ln_2
    elif kind == "gpt_neox":
        width = layer.attention.head_size
        fused = layer.attention.query_key_value
        handles.append(fused.register_forward_hook(product(["hook_q", "hook_k", "hook_v"], width, True)))
        middle = None if model.config.use_parallel_residual else layer.post_attention_layernorm
    else:
        part = layer.self_attn
        for name, projection in (("hook_q", part.q_proj), ("hook_k", part.k_proj), ("hook_v", part.v_proj)):
            handles.append(projection.register_forward_hook(product([name], part.head_dim, True)))
        middle = layer.post_attention_layernorm
    handles.append(layer.register_forward_pre_hook(first_input("hook_resid_pre")))
    if middle is not None:
        handles.append(middle.register_forward_pre_hook(first_input("hook_resid_mid")))
    handles.append(layer.register_forward_hook(output))
    module.eager_attention_forward = attention
    try:
        model(inputs_embeds=model.get_input_embeddings()(torch.tensor([ids])), use_cache=False)
    finally:
        module.eager_attention_forward = eager
        for handle in handles:
            handle.remove()
    return [
        {"name": name, "shape": list(tensor.shape), "values": numbers(tensor, tensor.shape[-1])}
        for name, tensor in sorted(seen.items())
    ]


def document(model, name, of, sequences):
    config = model.config
    cases = [run(model, ids) for ids in sequences]
    return {
        "schema": SCHEMA, "model": name, "weights": of, "family": config.model_type,
        "layers": config.num_hidden_layers, "heads": config.num_attention_heads,
        "key_value_heads": getattr(config, "num_key_value_heads", None) or config.num_attention_heads,
        "width": config.hidden_size, "cases": cases,
        "hooks": {"ids": sequences[0][:6], "values": captures(model, sequences[0][:6])},
    }  # fmt: skip


# --- files ---------------------------------------------------------------------------------------


def checkpoint(name):
    kind, settings, head = CHECKPOINTS[name]
    model = fill(build(AutoConfig.for_model(kind, **settings), head))
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name in ("gpt2", "llama", "qwen2", "qwen3"):
        write_gguf(model, folder / "model.gguf")
    return document(model, name, name, FULL)


def variant(name):
    of, changes = VARIANTS[name]
    settings = json.loads((FOLDER / of / "config.json").read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is None:
            settings.pop(key, None)
        else:
            settings[key] = None if value == "null" else value
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    config = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(FOLDER / of, config=config, attn_implementation="eager")
    return document(model.eval().requires_grad_(False), name, of, SHORT)


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or [*CHECKPOINTS, *VARIANTS]:
        made = checkpoint(name) if name in CHECKPOINTS else variant(name)
        write(FOLDER / name / "golden.json", made)


if __name__ == "__main__":
    main()
