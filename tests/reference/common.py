"""What every reference script shares: where models lie, how a golden file is written, and figures of an attention map."""

import argparse
import hashlib
import json
import math
import os
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers.utils import logging

# Loading reports and progress bars would drown what the scripts print.
logging.set_verbosity_error()
logging.disable_progress_bar()

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
SCHEMA = "headlight/golden@1"
READS = ("logit", "log_prob", "prob")
# Up to this many tokens a golden file holds every attention map in full; above it, a sample (see attention_block).
FULL_ATTENTION_TOKENS = 13


def default_models():
    """The models folder that `cargo xtask models` fills."""
    if os.environ.get("HEADLIGHT_CACHE"):
        return Path(os.environ["HEADLIGHT_CACHE"]) / "models"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "headlight" / "models"


def arguments(description):
    """The arguments every script takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--models", type=Path, default=default_models(), help="folder with smollm2/ and minilm/")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    return parser


def one_file(folder, pattern):
    """The only file under `folder` whose name matches `pattern`."""
    found = sorted(Path(folder).rglob(pattern))
    if len(found) != 1:
        raise SystemExit(f"expected one {pattern} under {folder}, found {len(found)}; run `cargo xtask models` first")
    return found[0]


def plain_tokenizer(folder):
    """A folder's tokenizer.json without the truncation and padding that it may ask for."""
    result = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    result.no_truncation()
    result.no_padding()
    return result


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def texts(model):
    """The texts of one model, from texts.json."""
    return json.loads((HERE / "texts.json").read_text(encoding="utf-8"))[model]


# --- numbers -------------------------------------------------------------------------------------


class Wrapped(list):
    """A flat list written with `width` numbers a line, so that one row of a matrix is one line of the file."""

    def __init__(self, values, width):
        super().__init__(values)
        self.width = width


def finite(x):
    if not math.isfinite(x):
        raise ValueError(f"a reference value is {x}")
    return x


def number(x):
    """A scalar at seven significant digits."""
    return float(f"{finite(float(x)):.7g}")


def numbers(tensor, width=None):
    """A tensor flattened row-major at seven significant digits."""
    flat = [number(x) for x in tensor.detach().flatten().tolist()]
    return Wrapped(flat, width) if width else flat


def weights(tensor, width=None):
    """Attention weights flattened row-major at seven decimals: they are compared absolutely."""
    flat = [round(finite(x), 7) for x in tensor.detach().flatten().tolist()]
    return Wrapped(flat, width) if width else flat


def scalar_text(value):
    if isinstance(value, float):
        return "0" if value == 0 else f"{value:.7g}"
    return json.dumps(value, ensure_ascii=False)


def dump(value, depth=0):
    """JSON with lists of scalars on one line each, so that a change of values reads well in a diff."""
    pad, inner = " " * depth, " " * (depth + 1)
    if isinstance(value, Wrapped):
        rows = [value[i : i + value.width] for i in range(0, len(value), value.width)]
        return "[\n" + ",\n".join(inner + ",".join(map(scalar_text, row)) for row in rows) + f"\n{pad}]"
    if isinstance(value, dict):
        if all(not isinstance(v, (dict, list)) for v in value.values()):
            return "{" + ", ".join(f"{json.dumps(k)}: {scalar_text(v)}" for k, v in value.items()) + "}"
        parts = [f"{inner}{json.dumps(k)}: {dump(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{pad}}}"
    if isinstance(value, list):
        if all(not isinstance(v, (dict, list)) for v in value):
            return "[" + ",".join(map(scalar_text, value)) + "]"
        return "[\n" + ",\n".join(inner + dump(v, depth + 1) for v in value) + f"\n{pad}]"
    return scalar_text(value)


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(document) + "\n", encoding="utf-8")
    print(f"{path.relative_to(GOLDEN.parent.parent)}  {path.stat().st_size:,} bytes", flush=True)


# --- attention -----------------------------------------------------------------------------------


def summary(maps, causal):
    """Figures of every head, [layers][heads], means over queries: entropy in nats (no smoothing), distance (mean of i-j,
    or |i-j| for an encoder, weighted by attention), and the attention to the first token, to oneself, to the token before."""
    maps = maps.double()
    tokens = maps.shape[-1]
    index = torch.arange(tokens, dtype=torch.float64)
    gap = index[:, None] - index[None, :]
    figures = {
        "entropy": -torch.xlogy(maps, maps).sum(-1).mean(-1),
        "distance": (maps * (gap if causal else gap.abs())).sum((-1, -2)) / maps.sum((-1, -2)),
        "first": maps[..., 0].mean(-1),
        "self": maps.diagonal(dim1=-2, dim2=-1).mean(-1),
        "previous": maps.diagonal(offset=-1, dim1=-2, dim2=-1).mean(-1),
    }
    return {name: [numbers(layer) for layer in figure] for name, figure in figures.items()}


def attention_block(maps, causal):
    """`maps` [layers, heads, rows, columns] as the golden files hold it: in full for a short text, else a fixed sample of
    rows from every layer; the summary covers every head of every layer either way."""
    layers, heads, rows, columns = maps.shape
    block = {"layers": layers, "heads": heads, "rows": rows, "columns": columns}
    if rows <= FULL_ATTENTION_TOKENS:
        block["values"] = weights(maps, columns)
    else:
        count = 2 if layers > 12 else 4
        picks = []
        for layer in range(layers):
            chosen = [(layer * count + i) % heads for i in range(count)]
            picks += [(layer, head, rows - 1) for head in chosen]
            picks.append((layer, chosen[0], (layer * 37 + 11) % (rows - 1)))
        block["samples"] = [
            {"layer": layer, "head": head, "row": row, "values": weights(maps[layer, head, row], columns)}
            for layer, head, row in picks
        ]
    block["summary"] = summary(maps, causal)
    return block


# --- attributions --------------------------------------------------------------------------------


def read_of(logits, read):
    """All values of one position's logits, over the whole vocabulary or all labels."""
    if read == "logit":
        return logits
    return torch.log_softmax(logits, -1) if read == "log_prob" else torch.softmax(logits, -1)


def read_gradients(logits, embeddings, target, foil=None):
    """The target's reads of logits (flat) and their gradients at `embeddings` [batch of 1, T, width], as two dictionaries,
    read -> (value, gradient [T, width]): the target's, and the target's minus the foil's (empty without one)."""
    reads, foil_reads = {}, {}
    for read in READS:
        values = read_of(logits, read)
        scalars = [(reads, values[target])]
        if foil is not None:
            scalars.append((foil_reads, values[target] - values[foil]))
        for into, scalar in scalars:
            (gradient,) = torch.autograd.grad(scalar, embeddings, retain_graph=True)
            into[read] = (scalar.item(), gradient[0])
    return reads, foil_reads


def attribution(value, gradient, embeddings):
    """Saliency and gradient times input of one target, one number a token, with the target's value."""
    return {
        "value": number(value),
        "saliency": numbers(gradient.norm(dim=-1)),
        "grad_x_input": numbers((gradient * embeddings).sum(-1)),
    }


def attributions(reads, embeddings):
    """`attribution` for every read of `reads`, read -> (value, gradient)."""
    return {read: attribution(value, gradient, embeddings) for read, (value, gradient) in reads.items()}


def relative(a, b):
    """The relative distance of `a` from `b`, in the L2 norm."""
    return ((a.double() - b.double()).norm() / b.double().norm()).item()


def read_rounding(single, double):
    """How far float32's gradients are from float64's on this text, over all reads."""
    worst = {"saliency": 0.0, "grad_x_input": 0.0}
    for read in READS:
        (_, a), (_, b) = single["reads"][read], double["reads"][read]
        products = [(g * r["embeddings"]).sum(-1) for g, r in ((a, single), (b, double))]
        worst["saliency"] = max(worst["saliency"], relative(a.norm(dim=-1), b.norm(dim=-1)))
        worst["grad_x_input"] = max(worst["grad_x_input"], relative(*products))
    return {f"{name}_relative": digits(value) for name, value in worst.items()}


def digits(x):
    """A measured error, at two significant digits: more would only be noise in the file."""
    return float(f"{x:.1e}")
