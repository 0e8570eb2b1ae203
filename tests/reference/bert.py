"""Reference values of the BERT family, with transformers' own code: a run from word embeddings, gradients, captures."""

from contextlib import contextmanager

import torch
from transformers.models.bert import modeling_bert

from common import digits, read_gradients, read_rounding


def pooled(hidden):
    """sentence-transformers' embedding: mean over tokens (none is padding here), then scaled to length one."""
    return torch.nn.functional.normalize(hidden.mean(1), dim=-1)


def forward(model, embeddings):
    """Last hidden state [batch, T, width] and maps [batch, layers, heads, T, T], from word embeddings; type ids are zero."""
    mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
    out = model(inputs_embeds=embeddings, attention_mask=mask, output_attentions=True)
    return out.last_hidden_state, torch.stack(out.attentions, 1)


def run(model, ids, second_ids):
    """The similarity target: the cosine of two texts' pooled embeddings, and its gradient at the first text's word
    embeddings (before position and type are added), the second text's embedding held constant."""
    words = model.embeddings.word_embeddings
    with torch.no_grad():
        second = pooled(forward(model, words(torch.tensor([second_ids])))[0])
    embeddings = words(torch.tensor([ids])).detach().requires_grad_(True)
    hidden, maps = forward(model, embeddings)
    first = pooled(hidden)
    value = (first * second).sum()
    (gradient,) = torch.autograd.grad(value, embeddings)
    return {
        "hidden": hidden[0].detach(),
        "maps": maps[0].detach(),
        "pooled": first[0].detach(),
        "second_pooled": second[0],
        "embeddings": embeddings[0].detach(),
        "value": value.item(),
        "gradient": gradient[0],
    }


def run_labels(encoder, classify, ids, choose):
    """A classifier's scores, and the gradients of one of them at the word embeddings.

    `classify` takes the last hidden state [T, width] to logits: [labels] of the text, or [T, labels]. `choose` takes these
    logits to (position or None, label, foil): which label of which token is explained, and which other it is held against.
    Gives logits, maps [layers, heads, T, T], embeddings [T, width], `chosen` (what `choose` gave), and `reads` and
    `foil_reads`: read -> (value, gradient [T, width])."""
    embeddings = encoder.embeddings.word_embeddings(torch.tensor([ids])).detach().requires_grad_(True)
    hidden, maps = forward(encoder, embeddings)
    logits = classify(hidden[0])
    position, label, foil = chosen = choose(logits.detach())
    reads, foil_reads = read_gradients(logits if position is None else logits[position], embeddings, label, foil)
    return {
        "logits": logits.detach(),
        "maps": maps[0].detach(),
        "embeddings": embeddings[0].detach(),
        "chosen": chosen,
        "reads": reads,
        "foil_reads": foil_reads,
    }


def label_rounding(single, double):
    """How far float32 is from float64 on this text: what no test can ask to be beaten."""
    log_probs = [r["logits"].double().log_softmax(-1) for r in (single, double)]
    return {
        "attention_max_abs": digits((single["maps"].double() - double["maps"]).abs().max().item()),
        "log_prob_abs": digits((log_probs[0] - log_probs[1]).abs().max().item()),
        **read_rounding(single, double),
    }


@contextmanager
def double_precision(model):
    """The model in float64; BERT's code in transformers has no step fixed to float32."""
    model.double()
    try:
        yield
    finally:
        model.float()


@torch.no_grad()
def captures(model, ids):
    """Every capture of a text by its TransformerLens name, batch dimension dropped.

    hook_q/k/v/z are [T, heads, head width], hook_attn_scores [heads, T, T] (scaled), hook_resid_* [T, width]. As in
    TransformerLens' BertBlock: resid_mid and resid_post are the sums *before* the two layer norms, and
    hook_normalized_resid_post, after the second, is the layer's output and the next one's resid_pre."""
    seen, handles = {}, []
    eager = modeling_bert.eager_attention_forward

    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        at = f"blocks.{module.layer_idx}.attn."
        z, pattern = eager(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        seen[at + "hook_attn_scores"] = (query @ key.transpose(2, 3) * scale)[0]
        seen[at + "hook_pattern"] = pattern[0]
        seen[at + "hook_z"] = z[0]
        return z, pattern

    def output(name, heads=None):
        def keep(_module, _inputs, out):
            out = out[0] if isinstance(out, tuple) else out
            seen[name] = out[0] if heads is None else out[0].view(out.shape[1], heads, -1)

        return keep

    def first_input(name):
        def keep(_module, inputs):
            seen[name] = inputs[0][0]

        return keep

    heads = model.config.num_attention_heads
    for index, layer in enumerate(model.encoder.layer):
        at, part = f"blocks.{index}.", layer.attention.self
        for short, projection in (("q", part.query), ("k", part.key), ("v", part.value)):
            handles.append(projection.register_forward_hook(output(f"{at}attn.hook_{short}", heads)))
        handles.append(layer.register_forward_pre_hook(first_input(at + "hook_resid_pre")))
        handles.append(layer.attention.output.LayerNorm.register_forward_pre_hook(first_input(at + "hook_resid_mid")))
        handles.append(layer.output.LayerNorm.register_forward_pre_hook(first_input(at + "hook_resid_post")))
        handles.append(layer.register_forward_hook(output(at + "hook_normalized_resid_post")))
    before, modeling_bert.eager_attention_forward = modeling_bert.eager_attention_forward, attention
    try:
        forward(model, model.embeddings.word_embeddings(torch.tensor([ids])))
    finally:
        modeling_bert.eager_attention_forward = before
    for handle in handles:
        handle.remove()
    return seen
