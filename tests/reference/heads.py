"""Reference values of what heads look at, what they matter, and what they write.
usage: heads.py [smollm2|sentiment|families]… [--models FOLDER] [--only NAME]… [--check]

Writes `golden/heads/<model>/<name>.json`, or with --check compares with them; README.md says what is in them. Everything is
float64, with transformers and plain hooks. heads_transformer_lens.py holds the small causal checkpoints against
TransformerLens."""

import json

import torch

import heads_figures as figures
import heads_subjects
import methods_subjects
import sets
import splitmix
from common import GOLDEN, HERE, number, numbers
from methods import default_double, target_entry

SCHEMA = "headlight/heads@1"
FOLDER = GOLDEN / "heads"
TOLERANCE = 1e-4
MODELS = {"smollm2": methods_subjects.SmolLM2, "sentiment": methods_subjects.Sentiment}
# Random tokens said twice: which ids are drawn, how many, and of how many texts the mean is taken. SmolLM2's first seventeen
# are special.
REPEATED = {"smollm2": (17, 49152, 24, 4)}
SMALL_REPEATED = (6, 90, 8, 2)
SEED = 0


def document(reader, name):
    inputs, other = reader.embed(reader.texts), reader.embed(reader.other)
    with torch.no_grad():
        value, second = reader.value(inputs)[0], reader.value(other)[0]
        maps = reader.maps(inputs)
    important = figures.importance(reader, inputs)
    ablated, without_mlps = figures.ablation(reader, inputs, value)
    patched, residual = figures.patching(reader, inputs, other, value)
    stacks = []
    for stack in reader.attentions():
        layers = len(reader.projections(stack))
        stacks.append({
            "stack": stack, "layers": layers, "heads": reader.heads,
            "profile": figures.profile(reader, stack, figures.stacked(reader, stack, maps)),
            "importance": figures.flat([important[stack, layer].tolist() for layer in range(layers)]),
            "ablation": ablated[stack], "patching": patched[stack],
        })  # fmt: skip
    keys = ("ids",) if len(reader.texts) == 1 else ("source", "prefix")
    return {
        "schema": SCHEMA, **reader.about,
        **dict(zip(keys, reader.texts)), **{f"other_{key}": text for key, text in zip(keys, reader.other)},
        "special": reader.special[0] if len(keys) == 1 else [len(reader.texts[0]) + i for i in reader.special[1]],
        "target": target_entry(reader.target, name), "value": number(value), "other_value": number(second),
        "stacks": stacks, "mlps": without_mlps, "residual": residual,
        "lens": figures.lens(reader, inputs), "direct": figures.direct(reader, inputs),
    }  # fmt: skip


def repeated(start, end, length, texts):
    """Texts of `length` random ids, each said twice."""
    source = splitmix.bits(SEED, splitmix.REPEATED)
    drawn = [[start + next(source) % (end - start) for _ in range(length)] for _ in range(texts)]
    return [ids + ids for ids in drawn]


def induction(reader, settings):
    start, end, length, count = settings
    texts = repeated(*settings)
    return {
        "seed": SEED, "start": start, "end": end, "length": length, "texts": count, "first_ids": texts[0][:4],
        "scores": numbers(figures.induction(reader, texts)),
    }  # fmt: skip


def registered(model, models_folder, only):
    handle = MODELS[model](models_folder)
    cases = json.loads((HERE / "heads_texts.json").read_text(encoding="utf-8"))[model]
    for index, case in enumerate(cases):
        if only and case["name"] not in only:
            continue
        # The loader's model refuses its own method.
        torch.nn.Module.double(handle.model)
        with default_double():
            reader = heads_subjects.registered(handle, case)
            found = document(reader, handle.name)
            if index == 0 and model in REPEATED:
                found["induction"] = induction(reader, REPEATED[model])
        yield case["name"], found


def families(_models_folder, only):
    for name in heads_subjects.NAMES:
        if only and name not in only:
            continue
        reader = heads_subjects.family(name)
        with default_double():
            found = document(reader, None)
            if len(reader.texts) == 1 and reader.causal:
                found["induction"] = induction(reader, SMALL_REPEATED)
        yield name, found


def documents(model, models_folder, only=None):
    """(file stem, golden document) for each text of a model, or for each small checkpoint."""
    if model == "families":
        return families(models_folder, only)
    return registered(model, models_folder, only)


if __name__ == "__main__":
    sets.main(__doc__, FOLDER, [*MODELS, "families"], documents, TOLERANCE)
