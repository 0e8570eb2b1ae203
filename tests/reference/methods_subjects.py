"""What an explanation method is given: a model in float64, a text, and the one number that is explained."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, field

import gguf
import torch
from transformers import AutoConfig, AutoModelForCausalLM

import bert
import families_encoders
import llama
import rampart
import sentiment
import smollm2
from common import GOLDEN, plain_tokenizer, read_of, sha256

FAMILIES = GOLDEN / "families"


@dataclass
class Target:
    """The number to explain: entry `id` (minus entry `foil`, where there is one) of the scores at `position`, as `read`."""

    kind: str
    id: int
    read: str
    position: int | None = None
    foil: int | None = None
    end: int | None = None


@dataclass
class Subject:
    """One text of one model with its target.

    `scores` takes word embeddings [batch, T, width] and the target's position to (scores [batch, entries], maps: a tuple of
    one [batch, heads, T, T] a layer). For an answer's span the scores are [batch, 2, T]."""

    model: torch.nn.Module
    words: torch.nn.Module
    scores: object
    ids: list
    special: list
    target: Target
    mask_id: int
    layers: list
    projections: list
    heads: int
    causal: bool
    pooled: str = "position"
    pad_id: int | None = None
    units: list = field(default_factory=list)

    def __post_init__(self):
        self.free = [index for index in range(len(self.ids)) if index not in self.special]
        self.units = self.units or [[index] for index in self.free]

    def embed(self, ids):
        return self.words(torch.as_tensor(ids)).detach()

    @property
    def x(self):
        """The word embeddings of the text: [1, T, width]."""
        return self.embed([self.ids])

    def read(self, scores, read=None, foil=True):
        """The target's value out of scores, one for each of the batch."""
        target, read = self.target, read or self.target.read
        if target.kind == "answer_span":
            values = scores if read == "logit" else torch.log_softmax(scores, -1)
            total = values[:, 0, target.position] + values[:, 1, target.end]
            return total.exp() if read == "prob" else total
        values = read_of(scores, read)
        if foil and target.foil is not None:
            return values[:, target.id] - values[:, target.foil]
        return values[:, target.id]

    def value(self, x, position=None, read=None, foil=True):
        """The target's value from word embeddings [batch, T, width]: [batch]."""
        at = self.target.position if position is None else position
        return self.read(self.scores(x, at)[0], read, foil)

    def value_of_ids(self, ids):
        """The target's value from ids [batch, T], through the model's own embedding."""
        return self.read(self.scores(self.words(ids), self.target.position)[0])

    def probability(self, x, position=None):
        return self.value(x, position, "prob", foil=False)

    def rows(self):
        """The tokens whose hidden states the target is read from: a token's value in a map of token by token is the mean
        over these rows of its column."""
        if self.pooled == "mean":
            return list(range(len(self.ids)))
        if self.pooled == "first":
            return [0]
        if self.target.kind == "answer_span":
            return [self.target.position, self.target.end]
        return [len(self.ids) - 1 if self.target.position is None else self.target.position]


@contextmanager
def no_float32():
    """Code of transformers that asks for float32 whatever the weights are (norms, softmax, rotation) gets float64."""
    before = torch.float32, torch.float, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = before


def run(model, x, **arguments):
    out = model(inputs_embeds=x, output_attentions=True, **arguments)
    return out, tuple(out.attentions)


# --- the registered models -----------------------------------------------------------------------


def encoded(tokenizer, text):
    encoding = tokenizer.encode(text)
    special = [index for index, mask in enumerate(encoding.special_tokens_mask) if mask]
    return encoding, special


def bert_parts(encoder):
    return dict(
        words=encoder.embeddings.word_embeddings, layers=list(encoder.encoder.layer),
        projections=[layer.attention.output.dense for layer in encoder.encoder.layer],
        heads=encoder.config.num_attention_heads, causal=False,
    )  # fmt: skip


def id_of(labels, name):
    return next(int(index) for index, label in labels.items() if label == name)


class Sentiment:
    def __init__(self, models_folder):
        self.model, head, _, base = sentiment.load(models_folder)
        self.tokenizer = plain_tokenizer(base)
        self.weight, self.bias = head
        self.labels = json.loads((sentiment.FOLDER / "config.json").read_text())["id2label"]
        self.about = {
            "model": "sentiment", "weights_sha256": sha256(base / "model.safetensors"),
            "adapter_sha256": sha256(sentiment.FOLDER / "adapter_model.safetensors"),
        }  # fmt: skip

    def precise(self):
        return bert.double_precision(self.model)

    def name(self, index):
        return self.labels[str(index)]

    def subject(self, case):
        encoding, special = encoded(self.tokenizer, case["text"])

        def scores(x, _position):
            out, maps = run(self.model, x)
            return out.last_hidden_state.mean(1) @ self.weight.to(x.dtype).T + self.bias.to(x.dtype), maps

        foil = id_of(self.labels, case["foil"]) if "foil" in case else None
        subject = Subject(
            self.model, scores=scores, ids=encoding.ids, special=special, pooled="mean",
            target=Target("class", id_of(self.labels, case["label"]), case["read"], foil=foil),
            mask_id=self.tokenizer.token_to_id("[MASK]"), pad_id=self.tokenizer.token_to_id("[PAD]"),
            units=case.get("units", []), **bert_parts(self.model),
        )  # fmt: skip
        return subject, encoding.tokens


class Rampart:
    def __init__(self, models_folder):
        self.model, path = rampart.load(models_folder)
        self.tokenizer = plain_tokenizer(path.parent)
        self.labels = self.model.config.id2label
        self.about = {"model": "rampart", "weights_sha256": sha256(path)}

    def precise(self):
        return bert.double_precision(self.model)

    def name(self, index):
        return self.labels[index]

    def subject(self, case):
        encoding, special = encoded(self.tokenizer, case["text"])

        def scores(x, position):
            out, maps = run(self.model, x)
            return out.logits[:, position], maps

        foil = id_of(self.labels, case["foil"]) if "foil" in case else None
        subject = Subject(
            self.model, scores=scores, ids=encoding.ids, special=special,
            target=Target("token_label", id_of(self.labels, case["label"]), case["read"], case["position"], foil),
            mask_id=self.tokenizer.token_to_id("[MASK]"), pad_id=self.tokenizer.token_to_id("[PAD]"),
            units=case.get("units", []), **bert_parts(self.model.bert),
        )  # fmt: skip
        return subject, encoding.tokens


class SmolLM2:
    """Its vocabulary has no mask; the token for what is unknown, <|endoftext|>, stands in for it."""

    def __init__(self, models_folder):
        self.model, path = smollm2.load(models_folder)
        self.tokenizer = smollm2.tokenizer(path)
        self.mask_id = int(gguf.GGUFReader(path).fields["tokenizer.ggml.unknown_token_id"].contents())
        self.about = {"model": "smollm2", "weights_sha256": sha256(path)}

    def precise(self):
        return llama.double_precision(self.model)

    def name(self, index):
        return self.tokenizer.decode([index])

    def entry(self, text):
        (index,) = self.tokenizer.encode(text).ids
        return index

    def subject(self, case):
        encoding = self.tokenizer.encode(case["text"])

        def scores(x, _position):
            out, maps = run(self.model, x, use_cache=False, logits_to_keep=1)
            return out.logits[:, -1], maps

        foil = self.entry(case["foil"]) if "foil" in case else None
        layers = self.model.model.layers
        subject = Subject(
            self.model, self.model.get_input_embeddings(), scores, encoding.ids, [],
            Target("next_token", self.entry(case["next"]), case["read"], None, foil), self.mask_id, list(layers),
            [layer.self_attn.o_proj for layer in layers], self.model.config.num_attention_heads, causal=True,
            units=case.get("units", []),
        )  # fmt: skip
        return subject, encoding.tokens


# --- small checkpoints of families ---------------------------------------------------------------

# name -> (folder, head of families_encoders.FAMILIES or None, target, ids)
ENCODED = [2, 17, 4, 33, 58, 41, 9, 3]
DECODED = [11, 48, 85, 26, 63, 4, 41]
SMALL = {
    "bert-sequence": ("bert", "sequence", Target("class", 1, "log_prob", foil=None), ENCODED),
    "bert-mean": ("bert-other", "mean", Target("class", 0, "logit"), ENCODED),
    "bert-similarity": ("bert", "none", Target("similarity", 0, "logit"), ENCODED),
    "distilbert-span": ("distilbert", "span", Target("answer_span", 0, "log_prob", 2, end=4), ENCODED),
    "roberta-word": ("roberta", "word", Target("masked_word", 31, "prob", 2), [0, 17, 4, 33, 58, 41, 9, 2]),
    "electra-token": ("electra", "token", Target("token_label", 2, "logit", 3, foil=0), ENCODED),
    "gpt2": ("gpt2", None, Target("next_token", 7, "log_prob"), DECODED),
    "gpt_neox": ("gpt_neox", None, Target("next_token", 7, "logit", foil=3), DECODED),
    "llama": ("llama", None, Target("next_token", 7, "prob"), DECODED),
    "mistral": ("mistral", None, Target("next_token", 7, "logit"), [*DECODED, 78]),
    "qwen3": ("qwen3", None, Target("next_token", 7, "log_prob", foil=3), DECODED),
}  # fmt: skip
SMALL_MASK = 5
# What the text of `bert-similarity` is compared with.
SECOND = [2, 50, 11, 29, 36, 3]


def blocks(model):
    """The layers of a model, and in each the product that takes the heads' outputs together."""
    base = getattr(model, model.base_model_prefix, model)
    kind = model.config.model_type
    if kind == "gpt2":
        return list(base.h), [layer.attn.c_proj for layer in base.h]
    if kind == "gpt_neox":
        return list(base.layers), [layer.attention.dense for layer in base.layers]
    if kind == "distilbert":
        return list(base.transformer.layer), [layer.attention.out_lin for layer in base.transformer.layer]
    if kind in ("llama", "mistral", "qwen3"):
        return list(base.layers), [layer.self_attn.o_proj for layer in base.layers]
    return list(base.encoder.layer), [layer.attention.output.dense for layer in base.encoder.layer]


def small(name):
    """A small checkpoint in float64 with its text of ids: the subject, and what its file says besides. What its classes read
    is as in `families_encoders.py`: a classifier of BERT's reads the first token's pooled state, `mean` the mean of all. The
    one similarity is the cosine of both texts' mean hidden states."""
    folder, head_name, target, ids = SMALL[name]
    if head_name is None:
        config = AutoConfig.from_pretrained(FAMILIES / folder)
        model = AutoModelForCausalLM.from_pretrained(
            FAMILIES / folder, config=config, attn_implementation="eager", dtype=torch.float32
        )
        model = model.eval().requires_grad_(False).double()

        def scores(x, _position):
            with no_float32():
                out, maps = run(model, x, use_cache=False)
            return out.logits[:, -1], maps

        special, pooled = [], "position"
    else:
        head = families_encoders.FAMILIES[folder]["heads"][head_name]
        model = families_encoders.load(FAMILIES / folder, head).requires_grad_(False)
        pooled = {"sequence": "first", "mean": "mean", "none": "mean"}.get(head_name, "position")

        def embedding(x):
            out, maps = run(model, x)
            return bert.pooled(out.last_hidden_state), maps

        if head_name == "none":
            with torch.no_grad():
                other = embedding(model.get_input_embeddings()(torch.tensor([SECOND])))[0][0]

        def scores(x, position):
            if head_name == "none":
                mine, maps = embedding(x)
                return mine @ other[:, None], maps
            out, maps = run(model, x, **({"output_hidden_states": True} if head_name == "mean" else {}))
            if head_name == "mean":
                return model.classifier(out.hidden_states[-1].mean(1)), maps
            if head_name == "span":
                return torch.stack([out.start_logits, out.end_logits], 1), maps
            return out.logits if head_name == "sequence" else out.logits[:, position], maps

        special = [0, len(ids) - 1]
    layers, projections = blocks(model)
    heads = model.config.num_attention_heads
    subject = Subject(
        model, model.get_input_embeddings(), scores, ids, special, target, SMALL_MASK, layers, projections, heads,
        head_name is None, pooled,
    )  # fmt: skip
    about = {"model": folder, **({"head": head_name} if head_name else {})}
    return subject, about | ({"second_ids": SECOND} if head_name == "none" else {})
