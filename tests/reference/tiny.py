"""Golden values of two tiny models whose weights are a formula, so that no weights are committed.

A tensor's values depend on its Hugging Face name alone: an LCG (x = 1664525 x + 1013904223 mod 2^32, advanced before each
draw) seeded with the name's 32-bit FNV-1a hash gives u = (x >> 8) / 2^24, and the value is (u - 0.5) * 0.5, row-major, exact
in float32. Norm weights are one plus that. There is no tokenizer: texts are token ids."""

import torch
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM

import bert
import llama
from common import READS, SCHEMA, attribution, attributions, number, numbers, read_of, weights

NORMS = ("layernorm.weight", "norm.weight", "LayerNorm.weight")
TOP = 10
LLAMA = dict(
    hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
    vocab_size=256, max_position_embeddings=2048, rms_norm_eps=1e-5, tie_word_embeddings=True, attention_bias=False,
    mlp_bias=False, hidden_act="silu",
)
BERT = dict(
    hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, vocab_size=256, type_vocab_size=2,
    max_position_embeddings=64, hidden_act="gelu", layer_norm_eps=1e-12,
)


def values(name, count):
    """The first `count` values of the tensor called `name`."""
    x = 2166136261
    for byte in name.encode():
        x = ((x ^ byte) * 16777619) & 0xFFFFFFFF
    result = []
    for _ in range(count):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        result.append(x >> 8)
    return (torch.tensor(result, dtype=torch.float32) / 16777216.0 - 0.5) * 0.5


def fill(model, skip=()):
    """Gives every parameter its formula's values; `skip` names tied ones."""
    state = {}
    for name, tensor in model.state_dict().items():
        if name in skip:
            continue
        drawn = values(name, tensor.numel()).view(tensor.shape)
        state[name] = 1.0 + drawn if name.endswith(NORMS) else drawn
    missing, unexpected = model.load_state_dict(state, strict=False)
    if set(missing) != set(skip) or unexpected:
        raise SystemExit(f"tiny model: missing {missing}, unexpected {unexpected}")
    return model.eval().requires_grad_(False), state


def llama_model():
    config = LlamaConfig(**LLAMA, rope_parameters={"rope_type": "default", "rope_theta": 10000.0})
    config._attn_implementation = "eager"
    model, state = fill(LlamaForCausalLM(config), skip=("lm_head.weight",))
    model.tie_weights()
    if not torch.equal(model.lm_head.weight, model.model.embed_tokens.weight):
        raise SystemExit("tiny llama: the output layer is not tied to the embedding")
    return model, state


def bert_model():
    config = BertConfig(**BERT)
    config._attn_implementation = "eager"
    return fill(BertModel(config, add_pooling_layer=False))


def sequence(step, start, length):
    return [(i * step + start) % 256 for i in range(length)]


SHORT, LONG = sequence(37, 11, 8), sequence(37, 11, 13)
SECOND, OTHER_SHORT = sequence(53, 7, 9), sequence(53, 7, 8)


def maps_block(maps):
    layers, heads, rows, columns = maps.shape
    return {"layers": layers, "heads": heads, "rows": rows, "columns": columns, "values": weights(maps, columns)}


def llama_case(model, ids, gradients):
    result = llama.run(model, ids)
    reads = {read: read_of(result["logits"], read) for read in READS}
    case = {
        "ids": ids,
        "top": [
            {"id": index, **{read: number(reads[read][index]) for read in READS}}
            for index in result["logits"].argsort(descending=True)[:TOP].tolist()
        ],
        "target": {
            "kind": "next_token",
            "position": len(ids) - 1,
            "id": result["target"],
            "reads": attributions(result["reads"], result["embeddings"]),
        },
        "attention": maps_block(result["maps"]),
    }
    if gradients:
        gradient = result["reads"]["log_prob"][1]
        case["gradient"] = {"read": "log_prob", "shape": list(gradient.shape), "values": numbers(gradient, 64)}
        case["hooks"] = hooks(llama.captures(model, ids))
    return case, result


def bert_case(model, ids, second_ids, gradients):
    result = bert.run(model, ids, second_ids)
    case = {
        "ids": ids,
        "second_ids": second_ids,
        "embedding": numbers(result["pooled"]),
        "second_embedding": numbers(result["second_pooled"]),
        "target": {"kind": "similarity", **attribution(result["value"], result["gradient"], result["embeddings"])},
        "attention": maps_block(result["maps"]),
    }
    if gradients:
        gradient = result["gradient"]
        case["gradient"] = {"shape": list(gradient.shape), "values": numbers(gradient, 64)}
        case["hooks"] = hooks(bert.captures(model, ids))
    return case, result


def hooks(captured):
    """Layer 1's captures in full, but for the pattern; scores are before the causal mask, so skip columns past the row."""
    return [
        {"name": name, "shape": list(tensor.shape), "values": numbers(tensor, tensor.shape[-1])}
        for name, tensor in sorted(captured.items())
        if name.startswith("blocks.1.") and not name.endswith("hook_pattern")
    ]


def first_values(state):
    """The first four values of every tensor: the quickest way to see that another generator agrees."""
    return {name: numbers(tensor.flatten()[:4]) for name, tensor in state.items()}


def documents(_models_folder=None, names=None):
    """llama, bert and the small subset that the engine embeds for its start-up self-test."""
    llama_net, llama_state = llama_model()
    bert_net, bert_state = bert_model()
    llama_cases = [llama_case(llama_net, ids, ids is SHORT) for ids in (SHORT, LONG)]
    bert_cases = [bert_case(bert_net, ids, SECOND, ids is SHORT) for ids in (SHORT, LONG)]
    llama_batch = [llama_case(llama_net, ids, False)[0] for ids in (SHORT, OTHER_SHORT)]
    bert_batch = [bert_case(bert_net, ids, SECOND, False)[0] for ids in (SHORT, OTHER_SHORT)]

    rope = {"rope_theta": 10000.0}
    result = {
        "llama": {
            "schema": SCHEMA, "model": "tiny-llama", "config": {**LLAMA, **rope}, "first_values": first_values(llama_state),
            "cases": [case for case, _ in llama_cases], "batch": llama_batch,
        },
        "bert": {
            "schema": SCHEMA, "model": "tiny-bert", "config": BERT, "first_values": first_values(bert_state),
            "cases": [case for case, _ in bert_cases], "batch": bert_batch,
        },
    }  # fmt: skip

    (_, causal), (_, encoder) = llama_cases[0], bert_cases[0]
    value, gradient = causal["reads"]["log_prob"]

    def small(maps):
        return [round(x, 6) for x in maps[1].flatten().tolist()]

    result["self_test"] = {
        "schema": SCHEMA,
        "llama": {
            "ids": SHORT, "target": causal["target"], "read": "log_prob", "value": number(value),
            "saliency": numbers(gradient.norm(dim=-1)), "layer": 1, "attention": small(causal["maps"]),
        },
        "bert": {
            "ids": SHORT, "second_ids": SECOND, "value": number(encoder["value"]),
            "saliency": numbers(encoder["gradient"].norm(dim=-1)), "layer": 1, "attention": small(encoder["maps"]),
        },
    }  # fmt: skip
    for stem, document in result.items():
        if not names or stem in names:
            yield stem, document
