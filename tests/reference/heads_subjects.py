"""What the scripts of heads are given: a model taken apart into layers, heads, MLPs and norms, two texts, and one number.

A place is (stack, layer), where the stack is `only`, `encoder`, `decoder`, or `cross` for a decoder's attention to its
encoder. Whatever the family, heads are looked at through the product behind them, MLPs through what they add to the
residual, patterns through the softmax that makes them."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch

import methods_seq2seq
import methods_subjects
from common import read_of
from methods_subjects import SMALL, Target, no_float32

# The texts of the small checkpoints, in which tokens come again, and their second texts: as long as the first, special tokens
# in the same places.
ENCODED, ROBERTA = [2, 17, 4, 33, 17, 4, 9, 3], [0, 17, 4, 33, 17, 4, 9, 2]
DECODED = [11, 48, 85, 26, 48, 85, 41]
SOURCE, WRITTEN = [48, 85, 26, 48, 85, 41], [11, 36, 11]
OTHER_ENCODED = [2, 21, 4, 50, 17, 33, 17, 3]
OTHER_ROBERTA = [0, 21, 4, 50, 17, 33, 17, 2]
OTHER_DECODED = [48, 26, 85, 26, 9, 63, 26]
OTHER_SOURCE, OTHER_WRITTEN = [26, 85, 41, 85, 9, 17], [36, 70, 11]


@dataclass
class Writer:
    """What adds to the residual: the attention of a stack, or an MLP, and the norm that follows, where one does."""

    stack: str
    layer: int
    # For attention the product behind the heads, for an MLP the module whose output is added.
    module: torch.nn.Module
    is_mlp: bool
    norm: torch.nn.Module | None = None


@dataclass
class Stack:
    """Blocks: the modules themselves, and what each of them adds, in order."""

    name: str
    layers: list
    writers: list


@dataclass
class Reader:
    """A model with two texts (tuples of ids: the encoder's where there is one, then the model's own) and its target."""

    texts: tuple
    other: tuple
    special: tuple
    target: Target
    heads: int
    causal: bool
    stacks: list
    # The order in which softmaxes are asked for.
    patterns: list
    embed: object
    # From embeddings to the target's scores [batch, entries] and the maps by place.
    scores: object
    # From the last block's output to the final hidden state, and from there to the scores.
    finish: object
    head: object
    final_norm: torch.nn.Module | None
    read_scores: object
    pooled: str = "position"
    # What a similarity is the cosine with.
    similar: torch.Tensor | None = None
    about: dict = field(default_factory=dict)

    @property
    def own(self):
        """The stack that the target is read from."""
        return self.stacks[-1]

    def value(self, inputs, read=None):
        """The target for each of the batch."""
        with no_float32():
            return self.read_scores(self.scores(inputs)[0], read)

    def maps(self, inputs):
        with no_float32():
            return self.scores(inputs)[1]

    def projections(self, name):
        """The products behind the heads of a stack, by layer."""
        return [w.module for stack in self.stacks for w in stack.writers if w.stack == name and not w.is_mlp]

    def mlps(self, name):
        return [w.module for stack in self.stacks for w in stack.writers if w.stack == name and w.is_mlp]

    def attentions(self):
        """The names of all stacks that attend, the encoder's first."""
        return list(dict.fromkeys(w.stack for stack in self.stacks for w in stack.writers if not w.is_mlp))

    @contextmanager
    def changed(self, z=None, mlp=None, pre=None, pattern=None):
        """Functions for what is found at places, each a dictionary: z [batch, T, head, head width], what an MLP adds
        [batch, T, width], what enters a block, and patterns [batch, head, query, key]. A function that gives None only looks."""
        heads = self.heads

        def on_z(change):
            def hook(_module, inputs):
                found = inputs[0]
                result = change(found.unflatten(-1, (heads, -1)))
                return None if result is None else (result.flatten(-2),)

            return hook

        def on_input(change):
            def hook(_module, inputs, options):
                # A layer may be given its input by name.
                if inputs:
                    result = change(inputs[0])
                    return None if result is None else ((result, *inputs[1:]), options)
                result = change(options["hidden_states"])
                return None if result is None else (inputs, options | {"hidden_states": result})

            return hook

        with ExitStack() as stack:
            def register(handle):
                stack.callback(handle.remove)

            for (name, layer), change in (z or {}).items():
                register(self.projections(name)[layer].register_forward_pre_hook(on_z(change)))
            for (name, layer), change in (mlp or {}).items():
                module = self.mlps(name)[layer]
                register(module.register_forward_hook(lambda _m, _i, out, change=change: change(out)))
            for (name, layer), change in (pre or {}).items():
                module = next(s for s in self.stacks if s.name == name).layers[layer]
                register(module.register_forward_pre_hook(on_input(change), with_kwargs=True))
            if pattern:
                stack.enter_context(self.softmaxes(pattern))
            yield

    @contextmanager
    def softmaxes(self, changes):
        softmax, seen = torch.nn.functional.softmax, []

        def ours(scores, *arguments, **options):
            found = softmax(scores, *arguments, **options)
            if found.dim() != 4:
                return found
            place = self.patterns[len(seen) % len(self.patterns)]
            seen.append(place)
            result = changes[place](found) if place in changes else None
            return found if result is None else result

        torch.nn.functional.softmax = ours
        try:
            yield
        finally:
            torch.nn.functional.softmax = softmax
        assert seen and len(seen) % len(self.patterns) == 0, len(seen)


# --- one stack -----------------------------------------------------------------------------------


def writers_of(kind, layer, index):
    """What a block of the family `kind` adds to the residual, in order."""

    def both(attention, mlp, norms=(None, None), name="only"):
        return [Writer(name, index, attention, False, norms[0]), Writer(name, index, mlp, True, norms[1])]

    if kind == "gpt2":
        return both(layer.attn.c_proj, layer.mlp)
    if kind == "gpt_neox":
        return both(layer.attention.dense, layer.mlp)
    if kind == "distilbert":
        return both(layer.attention.out_lin, layer.ffn, (layer.sa_layer_norm, layer.output_layer_norm))
    if kind in ("llama", "mistral", "qwen3"):
        return both(layer.self_attn.o_proj, layer.mlp)
    output = layer.attention.output
    return both(output.dense, layer.output.dense, (output.LayerNorm, layer.output.LayerNorm))


def final_norm(model, kind):
    base = getattr(model, model.base_model_prefix, model)
    if kind == "gpt2":
        return base.ln_f
    if kind == "gpt_neox":
        return base.final_layer_norm
    return base.norm if kind in ("llama", "mistral", "qwen3") else None


def of_subject(subject, head, other, similar=None, about=None):
    """A reader of one of `methods_subjects`' subjects; `head` takes final hidden states [batch, T, width] to scores."""
    kind = subject.model.config.model_type
    norm = final_norm(subject.model, kind)
    writers = [writer for index, layer in enumerate(subject.layers) for writer in writers_of(kind, layer, index)]
    stack = Stack("only", subject.layers, writers)
    patterns = [("only", layer) for layer in range(len(subject.layers))]

    def scores(inputs):
        found, maps = subject.scores(inputs[0], subject.target.position)
        return found, dict(zip(patterns, maps))

    return Reader(
        (subject.ids,), (other,), (subject.special,), subject.target, subject.heads, subject.causal, [stack], patterns,
        lambda text: (subject.embed([text[0]]),), scores, norm or (lambda x: x), head, norm,
        lambda found, read=None: subject.read(found, read), subject.pooled, similar, about or {},
    )  # fmt: skip


def small(name):
    """One of `methods_subjects.SMALL`."""
    subject, about = methods_subjects.small(name)
    more = [78] if name == "mistral" else []
    subject.ids = ROBERTA if name.startswith("roberta") else [*DECODED, *more] if SMALL[name][1] is None else ENCODED
    model, position = subject.model, subject.target.position
    kind = SMALL[name][1]
    similar = None
    if kind is None:
        unembed, other = model.get_output_embeddings(), [*OTHER_DECODED, *more]

        def head(hidden):
            return unembed(hidden[:, -1])
    else:
        other = OTHER_ROBERTA if name.startswith("roberta") else OTHER_ENCODED
        if kind == "none":
            with torch.no_grad():
                second = model(inputs_embeds=model.get_input_embeddings()(torch.tensor([about["second_ids"]])))
                mean = second.last_hidden_state[0].mean(0)
            similar = mean / mean.norm()

        def head(hidden):
            if kind == "none":
                mean = hidden.mean(1)
                return (mean / mean.norm(dim=-1, keepdim=True)) @ similar[:, None]
            if kind == "mean":
                return model.classifier(hidden.mean(1))
            if kind == "span":
                return model.qa_outputs(hidden).transpose(1, 2)
            if kind == "word":
                return model.lm_head(hidden)[:, position]
            if kind == "token":
                return model.classifier(hidden)[:, position]
            return model.classifier(model.bert.pooler(hidden))

    return of_subject(subject, head, other, similar, about)


def registered(handle, case):
    """A text of a registered model, whose second text has as many tokens. Its model has to be in float64."""
    subject, pieces = handle.subject(case)
    second, _ = handle.subject({**case, "text": case["second"]})
    assert len(subject.ids) == len(second.ids), (case["name"], pieces, second.ids)
    if isinstance(handle, methods_subjects.SmolLM2):
        def head(hidden):
            return handle.model.lm_head(hidden[:, -1])
    else:
        def head(hidden):
            return hidden.mean(1) @ handle.weight.to(hidden.dtype).T + handle.bias.to(hidden.dtype)

    about = {**handle.about, "name": case["name"], "text": case["text"], "second_text": case["second"], "pieces": pieces}
    return of_subject(subject, head, second.ids, about=about)


# --- two stacks ----------------------------------------------------------------------------------


def two_stacks(name):
    """One of the encoder-decoder checkpoints with `methods_seq2seq`'s text and target; of T5 and Marian in transformers'
    layout."""
    both = methods_seq2seq.Both(name)
    both.source, both.prefix = SOURCE, [both.prefix[0], *WRITTEN]
    library, model = both.model, both.model.model
    is_t5 = library.is_t5
    stacks = []
    for side, module in (("encoder", library.encoder), ("decoder", library.decoder)):
        blocks = list(module.block) if is_t5 else list(module.layers)
        writers = []
        for index, block in enumerate(blocks):
            if is_t5:
                parts = list(block.layer)
                writers.append(Writer(side, index, parts[0].SelfAttention.o, False))
                if side == "decoder":
                    writers.append(Writer("cross", index, parts[1].EncDecAttention.o, False))
                writers.append(Writer(side, index, parts[-1].DenseReluDense, True))
            else:
                writers.append(Writer(side, index, block.self_attn.out_proj, False, block.self_attn_layer_norm))
                if side == "decoder":
                    writers.append(Writer("cross", index, block.encoder_attn.out_proj, False, block.encoder_attn_layer_norm))
                writers.append(Writer(side, index, block.fc2, True, block.final_layer_norm))
        stacks.append(Stack(side, blocks, writers))
    encoder_layers, decoder_layers = (len(stack.layers) for stack in stacks)
    patterns = [("encoder", layer) for layer in range(encoder_layers)]
    patterns += [(side, layer) for layer in range(decoder_layers) for side in ("decoder", "cross")]
    norm = library.decoder.final_layer_norm if is_t5 else None
    target = Target("output_token", methods_seq2seq.TARGET, both.reading, len(both.prefix) - 1, both.foil)

    def scores(inputs):
        out = library.run(*inputs)
        found = {(side, layer): map_ for side in ("encoder", "decoder", "cross") for layer, map_ in enumerate(out[side])}
        return out["logits"][:, -1], found

    def head(hidden):
        row = hidden[:, -1]
        if is_t5:
            scale = model.config.d_model**-0.5 if model.config.scale_decoder_outputs else 1.0
            return model.lm_head(row * scale)
        return model.lm_head(row) + model.final_logits_bias[0]

    def read(found, read=None):
        values = read_of(found, read or target.read)
        return values[:, target.id] - (values[:, target.foil] if target.foil is not None else 0)

    return Reader(
        (both.source, both.prefix), (OTHER_SOURCE, [both.prefix[0], *OTHER_WRITTEN]), ([], [0]), target,
        model.config.num_attention_heads, True, stacks, patterns,
        lambda text: both.embed([text[0]], [text[1]]), scores,
        norm or (lambda x: x), head, norm, read, about={"model": name},
    )  # fmt: skip


NAMES = (*SMALL, "marian", "t5")


def family(name):
    return two_stacks(name) if name in ("marian", "t5") else small(name)
