"""Golden values of SmolLM2-135M-Instruct, from the same GGUF file the engine reads."""

import gguf
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM

import llama
from common import (
    READS, SCHEMA, attention_block, attributions, digits, number, numbers, one_file, read_of, read_rounding, sha256, texts,
)  # fmt: skip

TOP = 10
HOOK_LAYERS = (0, 14, 29)


def load(models_folder):
    """The model in float32, dequantised by transformers' own GGUF loader; weights take no gradient."""
    path = one_file(models_folder / "smollm2", "*.gguf")
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, attn_implementation="eager", dtype=torch.float32
    )
    model.eval().requires_grad_(False)
    return model, path


def check_weights(model, path):
    """Loader against format: a query matrix taken from the file by hand (dequantised, llama.cpp's row order undone) is
    bit for bit the one transformers loaded."""
    reader = gguf.GGUFReader(path)
    tensor = next(t for t in reader.tensors if t.name == "blk.0.attn_q.weight")
    plain = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
    heads, width = model.config.num_attention_heads, plain.shape[1]
    plain = plain.view(heads, -1, 2, width).transpose(1, 2).reshape(-1, width)
    if not torch.equal(plain, model.model.layers[0].self_attn.q_proj.weight):
        raise SystemExit("the GGUF loader and the file disagree on blk.0.attn_q.weight")


def tokenizer(path):
    """The byte-level BPE kept inside the GGUF file; `tokenizer.ggml.pre` = smollm splits digits one by one first."""
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    result = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    result.decoder = decoders.ByteLevel()
    return result


def hook_samples(model, ids):
    """A few rows of each capture: the last token (and the middle one for what has heads), two heads, three layers."""
    samples = []
    last, middle = len(ids) - 1, len(ids) // 2
    for name, tensor in llama.captures(model, ids).items():
        if int(name.split(".")[1]) not in HOOK_LAYERS or name.endswith("hook_pattern"):
            continue
        if name.endswith("hook_attn_scores"):
            # Only keys a query may see: columns 0 to row.
            picks = [([head, row], tensor[head, row, : row + 1]) for head in (0, 4) for row in (middle, last)]
        elif tensor.dim() == 3:
            heads = tensor.shape[1]
            picks = [([middle, 0], tensor[middle, 0]), ([last, heads // 2], tensor[last, heads // 2])]
        else:
            picks = [([last], tensor[last])]
        rows = [{"index": index, "values": numbers(values)} for index, values in picks]
        samples.append({"name": name, "shape": list(tensor.shape), "rows": rows})
    return sorted(samples, key=lambda s: (int(s["name"].split(".")[1]), s["name"]))


def rounding(single, double):
    """How far float32 is from float64 on this text: what no test can ask to be beaten."""
    log_probs = [torch.log_softmax(r["logits"].double(), -1)[single["target"]] for r in (single, double)]
    return {
        "attention_max_abs": digits((single["maps"].double() - double["maps"]).abs().max().item()),
        "log_prob_abs": digits((log_probs[0] - log_probs[1]).abs().item()),
        **read_rounding(single, double),
    }


def documents(models_folder, names=None):
    """(file stem, golden document) for each text."""
    model, path = load(models_folder)
    check_weights(model, path)
    encoder, digest = tokenizer(path), sha256(path)
    for text in texts("smollm2"):
        if names and text["name"] not in names:
            continue
        encoding = encoder.encode(text["text"])
        ids = encoding.ids
        if text.get("tokens", len(ids)) != len(ids):
            raise SystemExit(f"{text['name']} is {len(ids)} tokens, not {text['tokens']}")
        rank = 1 if text.get("foil") == "second" else None
        single = llama.run(model, ids, rank)
        with llama.double_precision(model):
            double = llama.run(model, ids, rank)
        logits = single["logits"]
        reads = {read: read_of(logits, read) for read in READS}

        def piece(index):
            return encoder.decode([index])

        document = {
            "schema": SCHEMA,
            "model": "smollm2",
            "weights_sha256": digest,
            "name": text["name"],
            "text": text["text"],
            "ids": ids,
            "pieces": encoding.tokens,
            "top": [
                {"id": index, "text": piece(index), **{read: number(reads[read][index]) for read in READS}}
                for index in logits.argsort(descending=True)[:TOP].tolist()
            ],
            "target": {
                "kind": "next_token",
                "position": len(ids) - 1,
                "id": single["target"],
                "text": piece(single["target"]),
                "reads": attributions(single["reads"], single["embeddings"]),
            },
        }
        if rank is not None:
            document["foil"] = {
                "id": single["foil"],
                "text": piece(single["foil"]),
                "reads": attributions(single["foil_reads"], single["embeddings"]),
            }
        if text.get("hooks"):
            document["hooks"] = hook_samples(model, ids)
        document["attention"] = attention_block(single["maps"], causal=True)
        document["float64"] = {"reads": attributions(double["reads"], double["embeddings"])}
        document["rounding"] = rounding(single, double)
        yield text["name"], document
