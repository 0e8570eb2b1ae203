"""Figures of heads: where they look, what they matter, and what they write, on one text of a `heads_subjects.Reader`.

Everything is by stack and place (see there) and in units of the target as it is read, unless said otherwise."""

import torch

from common import number, numbers
from methods_subjects import no_float32

# How many runs go side by side.
BATCH = 16


def tidy(value):
    """A number that is nought but for rounding is nought."""
    return 0.0 if abs(value) < 1e-12 else number(value)


def flat(rows):
    """[layer][head] numbers as one flat list."""
    return [tidy(value) for row in rows for value in row]


# --- where a head looks ----------------------------------------------------------------------------


def marks(queries, keys, special, causal, own):
    """name -> [query, key], true where a key is at the place of that name for a query."""
    rows, columns = len(queries), len(keys)
    i, j = torch.arange(rows)[:, None], torch.arange(columns)[None]
    found = {"first": (j == 0).expand(rows, -1), "special": torch.tensor([k in special for k in range(columns)]).expand(rows, -1)}
    if not own:
        return found
    same_token = torch.tensor(queries)[:, None] == torch.tensor(keys)[None]
    # TransformerLens' head_detector has these for causal models: the same token earlier, and what came after it.
    duplicate = same_token & ((j < i) if causal else (j != i))
    induction = torch.zeros_like(duplicate)
    induction[:, 1:] = duplicate[:, :-1]
    return found | {
        "previous": j == i - 1, "next": j == i + 1, "same": j == i, "duplicate": duplicate, "induction": induction,
    }  # fmt: skip


def share(attention, mark):
    """The mean, over the queries that have a key at that place, of the attention that goes there; None where none has."""
    has = mark.any(-1)
    if not has.any():
        return None
    return (attention * mark).sum(-1)[..., has].mean(-1)


def profile(reader, name, maps):
    """`maps` [layers, heads, queries, keys] of one stack, or of `cross`. Entropy in nats, without smoothing, its mean over
    queries; distance Σα(i−j)/Σα, |i−j| where a stack is not causal; shares as `share` has them."""
    sides = {"only": (0, 0), "encoder": (0, 0), "decoder": (1, 1), "cross": (1, 0)}
    query_side, key_side = sides[name]
    queries, keys = reader.texts[query_side], reader.texts[key_side]
    own = name != "cross"
    causal = name == "decoder" or name == "only" and reader.causal
    found = {"entropy": numbers(-torch.xlogy(maps, maps).sum(-1).mean(-1))}
    if own:
        index = torch.arange(maps.shape[-1], dtype=maps.dtype)
        gap = index[:, None] - index[None]
        gap = gap if causal else gap.abs()
        found["distance"] = numbers((maps * gap).sum((-1, -2)) / maps.sum((-1, -2)))
    for key, mark in marks(queries, keys, reader.special[key_side], causal, own).items():
        value = share(maps, mark)
        found[key] = None if value is None else numbers(value)
    return found


def stacked(reader, name, maps):
    layers = [layer for place, layer in reader.patterns if place == name]
    return torch.stack([maps[name, layer][0].detach() for layer in layers])


def importance(reader, inputs):
    """|Σ A·∂f/∂A| over a head's pattern A (what Σ z·∂f/∂z is too), over its L2 norm in a layer (Michel et al. 2019)."""
    with no_float32():
        inputs = tuple(x.detach().requires_grad_(True) for x in inputs)
        found, maps = reader.scores(inputs)
        gradients = torch.autograd.grad(reader.read_scores(found, None).sum(), list(maps.values()))
    result = {}
    for (place, map_), gradient in zip(maps.items(), gradients):
        raw = (map_[0].detach() * gradient[0]).sum((-1, -2)).abs()
        result[place] = raw / raw.norm()
    return result


# --- what changes when something is changed ---------------------------------------------------------


def sweep(reader, inputs, count, change):
    """The target for `count` copies of the text; `change(range)` gives the keywords of `Reader.changed` for a range of them."""
    values = []
    with torch.no_grad():
        for start in range(0, count, BATCH):
            some = range(start, min(count, start + BATCH))
            with reader.changed(**change(some)):
                values.append(reader.value(tuple(x.expand(len(some), -1, -1) for x in inputs)))
    return torch.cat(values)


def at_head(some, instead=None, axis=2):
    """Puts nought, or what another text has there, in the place of head k for the k-th of the range; `axis` is the head's."""

    def change(found):
        found = found.clone()
        for row, head in enumerate(some):
            chosen = found[row].select(axis - 1, head)
            chosen.copy_(torch.zeros_like(chosen) if instead is None else instead[0].select(axis - 1, head))
        return found

    return change


def ablation(reader, inputs, value):
    """f(x) − f(x without): for every head, its z set to nought, and for every MLP, what it adds."""
    heads, mlps = {}, {}
    for name in reader.attentions():
        rows = []
        for layer in range(len(reader.projections(name))):
            changed = sweep(reader, inputs, reader.heads, lambda some: {"z": {(name, layer): at_head(some)}})
            rows.append((value - changed).tolist())
        heads[name] = flat(rows)
    for stack in reader.stacks:
        layers = range(len(stack.layers))
        rows = [
            (value - sweep(reader, inputs, 1, lambda _: {"mlp": {(stack.name, layer): torch.zeros_like}})).tolist()
            for layer in layers
        ]
        mlps[stack.name] = flat(rows)
    return heads, mlps


def kept(reader, inputs):
    """What a text has at every place: z, what enters blocks, and patterns."""
    found = {"z": {}, "pre": {}, "pattern": {}}

    def keep(kind, place):
        def look(tensor):
            found[kind][place] = tensor.detach().clone()

        return look

    places = reader.patterns
    pre = [(stack.name, layer) for stack in reader.stacks for layer in range(len(stack.layers))]
    looks = {
        "z": {place: keep("z", place) for place in places}, "pre": {place: keep("pre", place) for place in pre},
        "pattern": {place: keep("pattern", place) for place in places},
    }  # fmt: skip
    with torch.no_grad(), reader.changed(**looks):
        reader.value(inputs)
    return found


def patching(reader, inputs, other, value):
    """f(x with what the other text has at one place) − f(x): z and pattern of every head, over all tokens, and what enters
    every block at every token."""
    there = kept(reader, other)
    heads, residual = {}, {}
    for name in reader.attentions():
        heads[name] = {}
        for kind, axis in (("z", 2), ("pattern", 1)):
            rows = []
            for layer in range(len(reader.projections(name))):
                instead = there[kind][name, layer]
                changed = sweep(reader, inputs, reader.heads, lambda some: {kind: {(name, layer): at_head(some, instead, axis)}})
                rows.append((changed - value).tolist())
            heads[name][kind] = flat(rows)
    for stack in reader.stacks:
        rows = []
        for layer in range(len(stack.layers)):
            instead = there["pre"][stack.name, layer]
            tokens = instead.shape[1]
            changed = sweep(reader, inputs, tokens, lambda some: {"pre": {(stack.name, layer): at_head(some, instead, 1)}})
            rows.append((changed - value).tolist())
        residual[stack.name] = {"layers": len(rows), "tokens": tokens, "values": flat(rows)}
    return heads, residual


# --- what is read at each layer ----------------------------------------------------------------------


def residuals(reader, inputs):
    """What enters each block of the stack that the target is read from, and what leaves the last: [layers + 1, T, width]."""
    found, blocks = [], reader.own.layers

    def entered(_module, given, options):
        found.append((given[0] if given else options["hidden_states"]).detach())

    def left(_module, _given, out):
        found.append((out[0] if isinstance(out, tuple) else out).detach())

    handles = [block.register_forward_pre_hook(entered, with_kwargs=True) for block in blocks]
    handles.append(blocks[-1].register_forward_hook(left))
    with torch.no_grad():
        reader.value(inputs)
    for handle in handles:
        handle.remove()
    return torch.cat(found)


def lens(reader, inputs):
    """The target as it would be read after each number of blocks, from none up: the final norm with the statistics that it
    finds there, then the head, its bias included (nostalgebraist 2020; TransformerLens' accumulated residuals)."""
    with torch.no_grad(), no_float32():
        scores = reader.head(reader.finish(residuals(reader, inputs)))
        reads = {read: reader.read_scores(scores, read) for read in ("logit", "log_prob") if reader.similar is None}
    if reader.similar is not None:
        return {"value": numbers(scores[:, 0])}
    if scores.shape[-1] == 1:
        # A regression: its number is no label among several.
        return {"logit": numbers(reads["logit"])}
    found = {read: numbers(values) for read, values in reads.items()}
    if reader.target.kind == "answer_span":
        return found
    ranks = (scores > scores[:, reader.target.id, None]).sum(-1).tolist()
    wins = len(ranks)
    while wins > 0 and ranks[wins - 1] == 0:
        wins -= 1
    # None where the target is not first at the end.
    return found | {"rank": ranks, "best": scores.argmax(-1).tolist(), "wins": None if wins == len(ranks) else wins}


def linear_part(norm, x):
    """The map that a norm is where its statistics are those of `x`: v -> what v becomes, without the norm's bias."""
    weight, bias = norm.weight, getattr(norm, "bias", None)
    epsilon = next(getattr(norm, key) for key in ("eps", "variance_epsilon") if hasattr(norm, key))
    is_centred = isinstance(norm, torch.nn.LayerNorm)
    spread = (x.var(-1, unbiased=False, keepdim=True) if is_centred else x.pow(2).mean(-1, keepdim=True)) + epsilon

    def through(v):
        v = v - v.mean(-1, keepdim=True) if is_centred else v
        return v / spread.sqrt() * weight

    return through, bias


def direction(reader, hidden):
    """What the final hidden state [T, width] is multiplied with, and summed, to make the target's logit: its gradient. The
    length of a mean that a similarity divides by stays what it is, as statistics of norms do."""
    with torch.enable_grad(), no_float32():
        leaf = hidden.detach().requires_grad_(True)
        if reader.similar is not None:
            mean = leaf.mean(0)
            logit = mean @ reader.similar / mean.detach().norm()
        else:
            logit = reader.read_scores(reader.head(leaf[None]), "logit")[0]
        (gradient,) = torch.autograd.grad(logit, leaf)
    return gradient, logit.item()


def direct(reader, inputs):
    """The target's logit as a sum over what was written into the residual: each part goes through the norms behind it, their
    statistics what they were, and is multiplied with the target's direction. `biases` has the products' behind the heads,
    the norms' and a linear head's; an MLP's own is its part. `rest` is what a head that is not linear leaves."""
    seen = {}

    def look(module, given, out):
        seen[module] = given[0].detach(), out.detach()

    own = reader.own
    modules = [w.module for w in own.writers] + [w.norm for w in own.writers if w.norm] + [reader.final_norm]
    handles = [module.register_forward_hook(look) for module in modules if module is not None]
    states = residuals(reader, inputs)
    for handle in handles:
        handle.remove()
    zero = torch.zeros_like(states[0])
    parts = {"embedding": states[0], "biases": zero}
    with torch.no_grad(), no_float32():
        for writer in own.writers:
            given, out = seen[writer.module]
            if writer.is_mlp:
                parts["mlp", writer.layer] = out[0]
            else:
                z = given[0].unflatten(-1, (reader.heads, -1))
                nothing = writer.module(torch.zeros_like(given))[0]
                for head in range(reader.heads):
                    alone = torch.zeros_like(z)
                    alone[:, head] = z[:, head]
                    parts[writer.stack, writer.layer, head] = writer.module(alone.flatten(-2)[None])[0] - nothing
                parts["biases"] = parts["biases"] + nothing
            if writer.norm is not None:
                parts = through(parts, writer.norm, seen[writer.norm][0][0])
        if reader.final_norm is not None:
            parts = through(parts, reader.final_norm, seen[reader.final_norm][0][0])
        hidden = reader.finish(states[-1])
    assert (sum(parts.values()) - hidden).abs().max() < 1e-9 * hidden.abs().max()
    along, logit = direction(reader, hidden)
    value = {name: (part * along).sum().item() for name, part in parts.items()}
    rest = logit - sum(value.values())
    if is_linear(reader):
        value["biases"], rest = value["biases"] + rest, 0.0
    layers, heads = len(own.layers), range(reader.heads)
    names = [name for name in reader.attentions() if name != "encoder"]
    return {
        "logit": number(logit), "embedding": tidy(value["embedding"]),
        "heads": {name: flat([[value[name, layer, head] for head in heads] for layer in range(layers)]) for name in names},
        "mlps": [tidy(value["mlp", layer]) for layer in range(layers)],
        "biases": tidy(value["biases"]), "rest": tidy(rest),
    }  # fmt: skip


def through(parts, norm, x):
    move, bias = linear_part(norm, x)
    parts = {name: move(part) for name, part in parts.items()}
    if bias is not None:
        parts["biases"] = parts["biases"] + bias
    return parts


def is_linear(reader):
    """Whether a hidden state's score is linear in it: twice the state gives twice the score, but for a bias."""
    width = reader.own.layers[0]
    if reader.similar is not None:
        return True
    size = next(width.parameters()).shape[-1]
    tokens = max(reader.target.position or 0, reader.target.end or 0) + 1
    states = torch.randn(3, tokens, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    states = torch.stack([torch.zeros_like(states[0]), states[0], states[1], states[0] + states[1]])
    with torch.no_grad(), no_float32():
        none, one, two, both = reader.read_scores(reader.head(states), "logit").tolist()
    return abs((one - none) + (two - none) - (both - none)) < 1e-9


# --- induction ---------------------------------------------------------------------------------------


def induction(reader, texts):
    """The mean of the diagonal at offset 1 − L over texts of L random tokens said twice: [layers, heads] (TransformerLens'
    demo; 0 is none, 1 is all)."""
    length = len(texts[0]) // 2
    scores = []
    with torch.no_grad():
        for text in texts:
            maps = stacked(reader, "only", reader.maps(reader.embed((text,))))
            scores.append(maps.diagonal(offset=1 - length, dim1=-2, dim2=-1).mean(-1))
    return torch.stack(scores).mean(0)
