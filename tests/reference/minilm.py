"""Golden values of all-MiniLM-L6-v2, from the same safetensors file the engine reads."""

import torch
from transformers import AutoModel

import bert
from common import SCHEMA, attention_block, attribution, digits, numbers, one_file, plain_tokenizer, relative, sha256, texts

HOOK_LAYERS = (0, 3, 5)
HIDDEN_SAMPLE = 16


def load(models_folder):
    """The model in float32 without its pooler, which all-MiniLM-L6-v2 does not use; weights take no gradient."""
    path = one_file(models_folder / "minilm", "model.safetensors")
    model = AutoModel.from_pretrained(
        path.parent, attn_implementation="eager", dtype=torch.float32, add_pooling_layer=False
    )
    model.eval().requires_grad_(False)
    return model, path


def hook_samples(model, ids):
    """A few rows of each capture: the last token and the middle one, two heads, three layers."""
    samples = []
    last, middle = len(ids) - 1, len(ids) // 2
    for name, tensor in bert.captures(model, ids).items():
        if int(name.split(".")[1]) not in HOOK_LAYERS or name.endswith("hook_pattern"):
            continue
        if name.endswith("hook_attn_scores"):
            picks = [([head, row], tensor[head, row]) for head in (0, 7) for row in (middle, last)]
        elif tensor.dim() == 3:
            picks = [([middle, 0], tensor[middle, 0]), ([last, 7], tensor[last, 7])]
        else:
            picks = [([middle], tensor[middle])]
        rows = [{"index": index, "values": numbers(values)} for index, values in picks]
        samples.append({"name": name, "shape": list(tensor.shape), "rows": rows})
    return sorted(samples, key=lambda s: (int(s["name"].split(".")[1]), s["name"]))


def rounding(single, double):
    """How far float32 is from float64 on this text: what no test can ask to be beaten."""
    products = [(r["gradient"] * r["embeddings"]).sum(-1) for r in (single, double)]
    norms = [r["gradient"].norm(dim=-1) for r in (single, double)]
    return {
        "attention_max_abs": digits((single["maps"].double() - double["maps"]).abs().max().item()),
        "similarity_abs": digits(abs(single["value"] - double["value"])),
        "pooled_max_abs": digits((single["pooled"].double() - double["pooled"]).abs().max().item()),
        "saliency_relative": digits(relative(*norms)),
        "grad_x_input_relative": digits(relative(*products)),
    }


def documents(models_folder, names=None):
    """(file stem, golden document) for each text."""
    model, path = load(models_folder)
    encoder, digest = plain_tokenizer(path.parent), sha256(path)
    for text in texts("minilm"):
        if names and text["name"] not in names:
            continue
        first, second = encoder.encode(text["text"]), encoder.encode(text["second_text"])
        if text.get("tokens", len(first.ids)) != len(first.ids):
            raise SystemExit(f"{text['name']} is {len(first.ids)} tokens, not {text['tokens']}")
        single = bert.run(model, first.ids, second.ids)
        with bert.double_precision(model):
            double = bert.run(model, first.ids, second.ids)
        hidden = single["hidden"]
        document = {
            "schema": SCHEMA,
            "model": "minilm",
            "weights_sha256": digest,
            "name": text["name"],
            "text": text["text"],
            "second_text": text["second_text"],
            "ids": first.ids,
            "type_ids": first.type_ids,
            "pieces": first.tokens,
            "second_ids": second.ids,
            "second_type_ids": second.type_ids,
            "second_pieces": second.tokens,
            "last_hidden_state": {
                "shape": list(hidden.shape),
                "norm": numbers(hidden.norm(dim=-1)),
                "sum": numbers(hidden.double().sum(-1)),
                "rows": [
                    {"index": [row], "values": numbers(hidden[row, :HIDDEN_SAMPLE])}
                    for row in (0, len(first.ids) // 2, len(first.ids) - 1)
                ],
            },
            "embedding": numbers(single["pooled"]),
            "second_embedding": numbers(single["second_pooled"]),
            "target": {
                "kind": "similarity",
                **attribution(single["value"], single["gradient"], single["embeddings"]),
            },
        }
        if text.get("hooks"):
            document["hooks"] = hook_samples(model, first.ids)
        document["attention"] = attention_block(single["maps"], causal=False)
        document["float64"] = attribution(double["value"], double["gradient"], double["embeddings"])
        document["rounding"] = rounding(single, double)
        yield text["name"], document
