"""The committed sentiment adapter, merged and scored with PyTorch and transformers alone: a second opinion.

Reads the data set that `cargo xtask train sentiment` left in the cache, holds out the same tenth by the same seed, and
compares with `models/sentiment/metrics.json`. Nothing is written.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertModel

from common import HERE, arguments

FOLDER = HERE.parent.parent / "models" / "sentiment"
MASK = (1 << 64) - 1


def random(seed, purpose):
    """SplitMix64, as crates/train/src/random.rs."""
    state = seed ^ (purpose * 0xD1B54A32D192ED03 & MASK)
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        yield z ^ (z >> 31)


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
    bits = random(seed, 1)
    for last in range(len(kept) - 1, 0, -1):
        other = next(bits) % (last + 1)
        kept[last], kept[other] = kept[other], kept[last]
    return kept[: len(kept) // 10]


def main():
    options = arguments(__doc__).parse_args()
    torch.set_num_threads(options.threads)
    metrics = json.loads((FOLDER / "metrics.json").read_text())
    recipe = metrics["recipe"]
    base = Path(options.models) / "minilm"
    model = BertModel.from_pretrained(base, attn_implementation="eager", add_pooling_layer=False).eval()
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
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    data = Path(options.models).parent / "data" / "movie_snippets.tsv"
    texts = held_out(data, recipe["seed"])
    right, loss = 0, 0.0
    with torch.no_grad():
        for text, label in texts:
            ids = tokenizer.encode(text).ids
            if len(ids) > recipe["tokens"]:
                ids = [*ids[: recipe["tokens"] - 1], ids[-1]]
            hidden = model(torch.tensor([ids])).last_hidden_state.mean(1)
            scores = (hidden @ adapter["classifier.weight"].T + adapter["classifier.bias"])[0]
            right += int(scores.argmax() == label)
            loss += float(-scores.log_softmax(0)[label])
    stated = metrics["held_out"]
    print(f"{merged} weights merged; {right} of {len(texts)} right ({right / len(texts):.4f}), loss {loss / len(texts):.5f}")
    print(f"metrics.json: {stated['right']} of {stated['texts']} right ({stated['accuracy']:.4f}), loss {stated['loss']:.5f}")
    if abs(loss / len(texts) - stated["loss"]) > 1e-4 or abs(right - stated["right"]) > 2:
        raise SystemExit("They differ.")


if __name__ == "__main__":
    main()
