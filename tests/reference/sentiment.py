"""The committed sentiment adapter, merged with PyTorch and transformers alone: golden values, and a second opinion.

Run by itself it scores the adapter: it reads the data set that `cargo xtask train sentiment` left in the cache, holds out
the same tenth by the same seed, and compares with `models/sentiment/metrics.json`. Nothing is written.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import BertModel

import bert
import splitmix
from common import (
    HERE, READS, SCHEMA, arguments, attention_block, attributions, number, plain_tokenizer, read_of, sha256, texts,
)  # fmt: skip

FOLDER = HERE.parent.parent / "models" / "sentiment"


def held_out(path, seed):
    """Texts and labels that were not learnt from."""
    kept, seen = [], set()
    for line in path.read_bytes().decode("utf-8").split("\n"):
        line = line.removesuffix("\r")
        if not line:
            continue
        _, rating, text = line.split("\t")
        text = text.strip()
        if float(rating) != 0 and text.lower() not in seen:
            seen.add(text.lower())
            kept.append((text, int(float(rating) > 0)))
    splitmix.shuffle(kept, splitmix.bits(seed, splitmix.HELD_OUT))
    return kept[: len(kept) // 10]


def load(models_folder):
    """MiniLM in float32 with the adapter merged into it, its classifier of the mean hidden state (weight and bias), the
    number of weights that were merged, and the folder of MiniLM's files; weights take no gradient."""
    recipe = json.loads((FOLDER / "metrics.json").read_text())["recipe"]
    base = Path(models_folder) / "minilm"
    model = BertModel.from_pretrained(base, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32)
    model.eval().requires_grad_(False)
    adapter = load_file(FOLDER / "adapter_model.safetensors")
    adapter = {name.removeprefix("base_model.model."): tensor.float() for name, tensor in adapter.items()}
    weights = dict(model.named_parameters())
    merged = 0
    with torch.no_grad():
        for name, down in adapter.items():
            if name.endswith(".lora_A.weight"):
                module = name.removesuffix(".lora_A.weight")
                up = adapter[f"{module}.lora_B.weight"]
                weights[f"{module}.weight"] += recipe["alpha"] / recipe["rank"] * up @ down
                merged += 1
    return model, (adapter["classifier.weight"], adapter["classifier.bias"]), merged, base


def classifier(weight, bias):
    """From the last hidden state [T, width] to logits [2]: the mean over all tokens, special ones included."""
    return lambda hidden: hidden.mean(0) @ weight.to(hidden.dtype).T + bias.to(hidden.dtype)


def documents(models_folder, names=None):
    """(file stem, golden document) for each text. The target is the better class, the foil the other."""
    model, head, _, base = load(models_folder)
    encoder, classify = plain_tokenizer(base), classifier(*head)
    labels = json.loads((FOLDER / "config.json").read_text())["id2label"]
    digests = sha256(base / "model.safetensors"), sha256(FOLDER / "adapter_model.safetensors")

    def choose(logits):
        best = logits.argmax().item()
        return None, best, 1 - best

    for text in texts("sentiment"):
        if names and text["name"] not in names:
            continue
        encoding = encoder.encode(text["text"])
        ids = encoding.ids
        if text.get("tokens", len(ids)) != len(ids):
            raise SystemExit(f"{text['name']} is {len(ids)} tokens, not {text['tokens']}")
        single = bert.run_labels(model, classify, ids, choose)
        with bert.double_precision(model):
            double = bert.run_labels(model, classify, ids, lambda _: single["chosen"])
        _, label, foil = single["chosen"]
        reads = {read: read_of(single["logits"], read) for read in READS}
        yield text["name"], {
            "schema": SCHEMA,
            "model": "sentiment",
            "weights_sha256": digests[0],
            "adapter_sha256": digests[1],
            "name": text["name"],
            "text": text["text"],
            "ids": ids,
            "pieces": encoding.tokens,
            "top": [
                {"id": index, "text": labels[str(index)], **{read: number(reads[read][index]) for read in READS}}
                for index in (label, foil)
            ],
            "target": {
                "kind": "class",
                "id": label,
                "text": labels[str(label)],
                "reads": attributions(single["reads"], single["embeddings"]),
            },
            "foil": {
                "id": foil,
                "text": labels[str(foil)],
                "reads": attributions(single["foil_reads"], single["embeddings"]),
            },
            "attention": attention_block(single["maps"], causal=False),
            "float64": {
                "reads": attributions(double["reads"], double["embeddings"]),
                "foil_reads": attributions(double["foil_reads"], double["embeddings"]),
            },
            "rounding": bert.label_rounding(single, double),
        }


def main():
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    metrics = json.loads((FOLDER / "metrics.json").read_text())
    recipe = metrics["recipe"]
    model, head, merged, base = load(options.models)
    encoder, classify = plain_tokenizer(base), classifier(*head)
    data = Path(options.models).parent / "data" / "movie_snippets.tsv"
    held = held_out(data, recipe["seed"])
    right, loss = 0, 0.0
    with torch.no_grad():
        for text, label in held:
            ids = encoder.encode(text).ids
            if len(ids) > recipe["tokens"]:
                ids = [*ids[: recipe["tokens"] - 1], ids[-1]]
            scores = classify(model(torch.tensor([ids])).last_hidden_state[0])
            right += int(scores.argmax() == label)
            loss += float(-scores.log_softmax(0)[label])
    stated = metrics["held_out"]
    print(f"{merged} weights merged; {right} of {len(held)} right ({right / len(held):.4f}), loss {loss / len(held):.5f}")
    print(f"metrics.json: {stated['right']} of {stated['texts']} right ({stated['accuracy']:.4f}), loss {stated['loss']:.5f}")
    if abs(loss / len(held) - stated["loss"]) > 1e-4 or abs(right - stated["right"]) > 2:
        raise SystemExit("They differ.")


if __name__ == "__main__":
    main()
