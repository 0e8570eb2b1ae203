"""Reference values of the Llama family, with transformers' own code: a run from embeddings, gradients, captures."""

from contextlib import contextmanager

import torch
from transformers.models.llama import modeling_llama

from common import read_gradients


def run(model, ids, foil_rank=None):
    """One text's forward pass and the gradients at its word embeddings.

    Gives logits [vocabulary] of the last position, maps [layers, heads, T, T], embeddings [T, width], target id, foil id,
    and `reads` and `foil_reads`: read -> (value, gradient [T, width]). The target is the most probable next token, the foil
    the one at `foil_rank`."""
    embeddings = model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)
    out = model(inputs_embeds=embeddings, output_attentions=True, use_cache=False)
    logits = out.logits[0, -1]
    order = logits.argsort(descending=True)
    target, foil = order[0].item(), None if foil_rank is None else order[foil_rank].item()
    reads, foil_reads = read_gradients(logits, embeddings, target, foil)
    return {
        "logits": logits.detach(),
        "maps": torch.stack([a[0] for a in out.attentions]).detach(),
        "embeddings": embeddings.detach()[0],
        "target": target,
        "foil": foil,
        "reads": reads,
        "foil_reads": foil_reads,
    }


@contextmanager
def patched(**names):
    """transformers' Llama module with some of its functions replaced."""
    before = {name: getattr(modeling_llama, name) for name in names}
    for name, function in names.items():
        setattr(modeling_llama, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(modeling_llama, name, function)


def _attention_64(module, query, key, value, attention_mask, scaling, **_):
    key = modeling_llama.repeat_kv(key, module.num_key_value_groups)
    value = modeling_llama.repeat_kv(value, module.num_key_value_groups)
    scores = query @ key.transpose(2, 3) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask
    pattern = scores.softmax(-1)
    return (pattern @ value).transpose(1, 2).contiguous(), pattern


def _norm_64(self, x):
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def _rope_64(self, x, position_ids):
    parameters = self.config.rope_parameters
    half = torch.arange(0, self.config.head_dim, 2, dtype=torch.float64) / self.config.head_dim
    angles = position_ids[..., None].double() * parameters["rope_theta"] ** -half
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


@contextmanager
def double_precision(model):
    """The model in float64 throughout. transformers computes the norms, the softmax and the rotation in float32 whatever
    the weights are, so those three are written out."""
    norm, rope = modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward
    modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward = _norm_64, _rope_64
    torch.nn.Module.double(model)
    try:
        with patched(eager_attention_forward=_attention_64):
            yield
    finally:
        torch.nn.Module.float(model)
        modeling_llama.LlamaRMSNorm.forward, modeling_llama.LlamaRotaryEmbedding.forward = norm, rope


@torch.no_grad()
def captures(model, ids):
    """Every capture of a text by its TransformerLens name, batch dimension dropped.

    hook_q/k/v (before rotation), hook_rot_q/rot_k and hook_z are [T, heads, head width] (k and v with the key-value heads),
    hook_attn_scores [heads, T, T] (scaled, before the mask), hook_resid_* [T, width]."""
    seen, handles = {}, []
    eager = modeling_llama.eager_attention_forward

    def attention(module, query, key, value, attention_mask, scaling, **kwargs):
        at = f"blocks.{module.layer_idx}.attn."
        z, pattern = eager(module, query, key, value, attention_mask, scaling, **kwargs)
        seen[at + "hook_rot_q"] = query[0].transpose(0, 1)
        seen[at + "hook_rot_k"] = key[0].transpose(0, 1)
        keys = modeling_llama.repeat_kv(key, module.num_key_value_groups)
        seen[at + "hook_attn_scores"] = (query @ keys.transpose(2, 3) * scaling)[0]
        seen[at + "hook_pattern"] = pattern[0]
        seen[at + "hook_z"] = z[0]
        return z, pattern

    def output(name, head_dim=None):
        def keep(_module, _inputs, out):
            out = out[0] if isinstance(out, tuple) else out
            seen[name] = out[0] if head_dim is None else out[0].view(out.shape[1], -1, head_dim)

        return keep

    def first_input(name):
        def keep(_module, inputs):
            seen[name] = inputs[0][0]

        return keep

    for index, layer in enumerate(model.model.layers):
        at, part = f"blocks.{index}.", layer.self_attn
        for short, projection in (("q", part.q_proj), ("k", part.k_proj), ("v", part.v_proj)):
            handles.append(projection.register_forward_hook(output(f"{at}attn.hook_{short}", part.head_dim)))
        handles.append(layer.register_forward_pre_hook(first_input(at + "hook_resid_pre")))
        handles.append(layer.post_attention_layernorm.register_forward_pre_hook(first_input(at + "hook_resid_mid")))
        handles.append(layer.register_forward_hook(output(at + "hook_resid_post")))
    with patched(eager_attention_forward=attention):
        model(inputs_embeds=model.get_input_embeddings()(torch.tensor([ids])), use_cache=False)
    for handle in handles:
        handle.remove()
    return seen
