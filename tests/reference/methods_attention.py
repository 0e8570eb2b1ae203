"""What attention maps say: rollout and flow, attention times gradient, and value zeroing. Each comes to a map of token by
token, [T, T], and to one number a token: the mean of its column over the rows that the target is read from."""

import sys
from contextlib import contextmanager

import networkx
import torch

from common import number, numbers

# networkx takes a second for some hundred flows; past this many tokens only the rows that are read are computed.
FULL_FLOW = 13


def column_means(matrix, rows):
    return matrix[rows].mean(0)


def described(matrix, rows, full=True):
    found = {"values": numbers(column_means(matrix, rows))}
    return {"matrix": numbers(matrix, matrix.shape[-1]), **found} if full else found


def maps(subject):
    """Attention maps [layers, heads, T, T] of the text."""
    with torch.no_grad():
        _, attentions = subject.scores(subject.x, subject.target.position)
    return torch.stack([attention[0] for attention in attentions])


def residual(attention):
    """Half attention (its mean over heads), half staying where one is: [layers, T, T]."""
    return 0.5 * attention.mean(1) + 0.5 * torch.eye(attention.shape[-1], dtype=attention.dtype)


def rollout(attention, rows):
    """Ã_l = A_l · Ã_{l−1}, from the first layer up (Abnar & Zuidema 2020)."""
    matrix = torch.eye(attention.shape[-1], dtype=attention.dtype)
    for layer in residual(attention):
        matrix = layer @ matrix
    return described(matrix, rows)


def flow(attention, rows):
    """The greatest flow from a token above the last layer down to each token below the first, through edges (layer l,
    query i) → (layer l−1, key j) of capacity A_l[i, j] (Abnar & Zuidema 2020; Edmonds and Karp's algorithm by networkx). A
    row is divided by its sum, as in their code; `unscaled` is what it was."""
    graph = networkx.DiGraph()
    layers = residual(attention).double()
    count = layers.shape[-1]
    for level, layer in enumerate(layers, 1):
        for query in range(count):
            for key in range(count):
                if layer[query, key] > 0:
                    graph.add_edge((level, query), (level - 1, key), capacity=layer[query, key].item())
    wanted = range(count) if count <= FULL_FLOW and len(layers) <= 12 else rows
    algorithm = networkx.algorithms.flow.edmonds_karp
    flows = torch.zeros(count, count, dtype=torch.float64)
    for query in wanted:
        for key in range(count):
            if networkx.has_path(graph, (len(layers), query), (0, key)):
                flows[query, key] = networkx.maximum_flow_value(
                    graph, (len(layers), query), (0, key), flow_func=algorithm
                )
    scaled = flows / flows.sum(-1, keepdim=True)
    found = {"rows": list(wanted), "unscaled": numbers(flows[list(wanted)], count)}
    return found | {"values": numbers(column_means(scaled, rows))}


def attention_gradient(subject, rows):
    """Ā = mean over heads of (∇A ⊙ A)⁺, R ← R + Ā·R from R = I, from the first layer up (Chefer, Gur & Wolf 2021, the rule
    for self-attention). `matrix` is R − I."""
    x = subject.x.requires_grad_(True)
    scores, attentions = subject.scores(x, subject.target.position)
    gradients = torch.autograd.grad(subject.read(scores).sum(), attentions)
    identity = torch.eye(x.shape[1], dtype=x.dtype)
    matrix = identity.clone()
    for attention, gradient in zip(attentions, gradients):
        mean = (gradient[0] * attention[0].detach()).clamp(min=0).mean(0)
        matrix = matrix + mean @ matrix
    return described(matrix - identity, rows)


# --- value zeroing -------------------------------------------------------------------------------


@contextmanager
def replaced_attention(subject, replace):
    """transformers' eager attention of the model's family, with `replace(layer, value)` giving the values [batch, heads, T,
    width] that are mixed in a layer. Layers are told apart by the order in which they are called."""
    module = sys.modules[type(subject.layers[0]).__module__]
    eager, seen = module.eager_attention_forward, {}

    def attention(part, query, key, value, *arguments, **options):
        layer = seen.setdefault(id(part), len(seen))
        return eager(part, query, key, replace(layer, value), *arguments, **options)

    module.eager_attention_forward = attention
    try:
        yield
    finally:
        module.eager_attention_forward = eager


def layer_outputs(subject, x):
    """The output of every layer: a list of [batch, T, width]."""
    kept, handles = [], []

    def keep(_module, _inputs, out):
        kept.append(out[0] if isinstance(out, tuple) else out)

    for layer in subject.layers:
        handles.append(layer.register_forward_hook(keep))
    try:
        with torch.no_grad():
            subject.scores(x, subject.target.position)
    finally:
        for handle in handles:
            handle.remove()
    return kept


def cosine_distance(a, b):
    return 1 - torch.nn.functional.cosine_similarity(a, b, dim=-1, eps=1e-30)


def zeroed(subject, layer, head=None):
    """1 − cos of each token's output of `layer` with and without token j's value vectors there, [i, j]: those of all heads,
    or of one (of its key-value head's copy, where heads share them)."""
    count = len(subject.ids)
    x = subject.x.expand(count, -1, -1)
    plain = layer_outputs(subject, x[:1])[layer]

    def replace(at, value):
        if at != layer:
            return value
        if head is not None and value.shape[1] != subject.heads:
            raise ValueError("one head of several that share their values")
        value = value.clone()
        for token in range(count):
            value[token, slice(None) if head is None else head, token] = 0
        return value

    with replaced_attention(subject, replace):
        without = layer_outputs(subject, x)[layer]
    return cosine_distance(without, plain).T


def value_zeroing(subject, rows):
    """Mohebbi et al. 2023: in each layer by itself, how far each token's output moves when token j's value vectors are nought
    there; rows divided by their sums, and multiplied from the first layer up. `distances` are the undivided ones."""
    count = len(subject.ids)
    distances = torch.stack([zeroed(subject, layer) for layer in range(len(subject.layers))])
    if subject.causal:
        assert distances.triu(1).abs().max() < 1e-12
        distances = distances.tril()
    matrix = torch.eye(count, dtype=distances.dtype)
    for layer in distances / distances.sum(-1, keepdim=True):
        matrix = layer @ matrix
    found = {"distances": numbers(distances, count), **described(matrix, rows)}
    layer = len(subject.layers) // 2
    if getattr(subject.model.config, "num_key_value_heads", subject.heads) == subject.heads:
        single = zeroed(subject, layer, 1)
        single = single.tril() if subject.causal else single
        found["head"] = {"layer": layer, "head": 1, "distances": numbers(single, count)}
    return found


def attention(subject):
    rows = subject.rows()
    found = maps(subject)
    return {
        "rows": rows,
        "raw": {"layer": len(found) - 1, "values": numbers(column_means(found[-1].mean(0), rows))},
        "rollout": rollout(found, rows),
        "flow": flow(found, rows),
        "gradient": attention_gradient(subject, rows),
        "value_zeroing": value_zeroing(subject, rows),
    }
