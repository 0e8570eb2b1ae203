"""Reference values of explanation methods on small encoder-decoder checkpoints: source and prefix are attributed together."""

import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, NoiseTunnel, Saliency
from safetensors.torch import load_file
from transformers import MarianMTModel, T5ForConditionalGeneration

import families_seq2seq
import marian_tiny
from common import number, numbers, read_of
from methods_gradient import BATCH, SAMPLES, SEED, SHARE, STEPS, Drawn
from methods_masks import Game, exact_shapley, lime_fixed
from methods_subjects import FAMILIES, no_float32

SOURCE = [48, 85, 26, 63, 4, 41]
WRITTEN = [11, 36, 70]
TARGET, FOIL, MASK = 7, 3, 5
NAMES = {"marian": "log_prob", "t5": "logit", "marian-ssru": "prob"}


def load(name):
    """The checkpoint behind `families_seq2seq.Library`'s calls, in float64, and the id that its decoder starts from."""
    folder = FAMILIES / name
    if name == "marian-ssru":
        model = marian_tiny.Tiny(load_file(folder / "model.safetensors"), heads=4, encoder_layers=2, decoder_layers=2)
        model.double()
        return model, model.vocabulary
    kind = T5ForConditionalGeneration if name.startswith("t5") else MarianMTModel
    built = kind.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval().requires_grad_(False)
    model = families_seq2seq.Library(built)
    model.double()
    return model, built.config.decoder_start_token_id


class Both:
    """The target as a function of both sides' embeddings, and the game in which tokens of both sides take part."""

    def __init__(self, name):
        self.model, start = load(name)
        self.reading = NAMES[name]
        self.source, self.prefix = SOURCE, [start, *WRITTEN]
        self.foil = FOIL if name == "t5" else None

    def embed(self, source, prefix):
        return self.model.embed(source, False).detach(), self.model.embed(prefix, True).detach()

    @property
    def x(self):
        return self.embed([self.source], [self.prefix])

    def value(self, source, prefix):
        with no_float32():
            logits = self.model.run(source, prefix)["logits"][:, -1]
        values = read_of(logits, self.reading)
        return values[:, TARGET] - (values[:, self.foil] if self.foil is not None else 0)

    def value_of_ids(self, source, prefix):
        return self.value(*self.embed(source.tolist(), prefix.tolist()))


class BothGame(Game):
    """Units are the tokens of the source, then those of the prefix but its start."""

    def __init__(self, both):
        self.both, self.known = both, {}
        self.units = [[index] for index in range(len(both.source) + len(both.prefix) - 1)]

    def values(self, masks):
        source, prefix = self.both.source, self.both.prefix
        count = len(source)
        sources = [[i if kept else MASK for i, kept in zip(source, mask)] for mask in masks]
        prefixes = [[prefix[0], *(i if kept else MASK for i, kept in zip(prefix[1:], mask[count:]))] for mask in masks]
        return self.both.value(*self.both.embed(sources, prefixes))


def sides(values):
    """Two tensors [1, T, width] or [T] as the file has them."""
    source, prefix = (value[0].sum(-1) if value.dim() == 3 else value for value in values)
    return {"source": numbers(source), "prefix": numbers(prefix)}


def document(name):
    both = Both(name)
    x = tuple(side.requires_grad_(True) for side in both.x)
    gradient = Saliency(both.value).attribute(x, abs=False)
    product = InputXGradient(both.value).attribute(x)
    zero = tuple(torch.zeros_like(side) for side in x)
    path, delta = IntegratedGradients(both.value).attribute(
        x, zero, n_steps=STEPS, method="gausslegendre", internal_batch_size=BATCH, return_convergence_delta=True
    )
    path, delta = [side.detach() for side in path], delta.detach()
    plain = tuple(side.detach() for side in x)
    sigma = tuple((SHARE * (side.max() - side.min())).item() for side in plain)
    with Drawn(SEED):
        smooth = NoiseTunnel(InputXGradient(both.value)).attribute(
            plain, nt_type="smoothgrad", nt_samples=SAMPLES, stdevs=sigma
        )
    ids = tuple(torch.tensor([side]) for side in (both.source, both.prefix))
    with torch.no_grad():
        value, base = both.value(*plain), both.value(*zero)
        occluded = FeatureAblation(both.value_of_ids).attribute(
            ids, baselines=(MASK, MASK),
            feature_mask=tuple(torch.arange(offset, offset + side.shape[1])[None] for offset, side in (
                (0, ids[0]), (ids[0].shape[1], ids[1])
            )),
        )  # fmt: skip
    game = BothGame(both)
    target = {"kind": "output_token", "position": len(both.prefix) - 1, "id": TARGET}
    if both.foil is not None:
        target["foil"] = {"id": both.foil}
    return {
        "model": name, "source": both.source, "prefix": both.prefix, "mask_id": MASK,
        "target": target | {"read": both.reading},
        "value": number(value),
        "saliency": sides([side[0].norm(dim=-1) for side in gradient]),
        "grad_x_input": sides([side.detach() for side in product]),
        "integrated_gradients": {
            "baseline": "zero", "steps": STEPS, "baseline_value": number(base),
            "sum": number(sum(side.sum() for side in path)), "delta": number(delta), **sides(path),
        },
        "smoothgrad": {
            "seed": SEED, "samples": SAMPLES, "share": SHARE, "sigma": [number(s) for s in sigma],
            "grad_x_input": sides([side.detach() for side in smooth]),
        },
        "occlusion": sides([side[0] for side in occluded]),
        "shapley": {"exact": numbers(torch.tensor(exact_shapley(game)))},
        "lime": {"fixed": lime_fixed(game)},
    }  # fmt: skip
