"""Reference values of the explanation methods, by Captum, SHAP, lime, networkx and written-out definitions.
usage: methods.py [sentiment|rampart|smollm2|families]… [--models FOLDER] [--only NAME]… [--check]

Writes `golden/methods/<model>/<name>.json`, or with --check compares with them; README.md says what is in them and how each number is defined. Everything is
float64, but where a library itself computes in float32 (Captum's KernelShap and the weights of its integration steps).
The texts are in `methods_texts.json`, the small checkpoints in `methods_subjects.py` and `methods_seq2seq.py`."""

import json
from contextlib import contextmanager

import numpy as np
import torch

import methods_attention
import methods_faithfulness
import methods_gradient
import methods_masks
import methods_seq2seq
import methods_subjects
import sets
from common import GOLDEN, HERE, digits, number, numbers, relative

SCHEMA = "headlight/methods@1"
FOLDER = GOLDEN / "methods"
TOLERANCE = 1e-4
MODELS = {
    "sentiment": methods_subjects.Sentiment, "rampart": methods_subjects.Rampart, "smollm2": methods_subjects.SmolLM2,
}  # fmt: skip


@contextmanager
def default_double():
    """What libraries make without saying of which type is float64 too."""
    torch.set_default_dtype(torch.float64)
    np.random.seed(0)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def single_precision(subject):
    """The values that are also computed in float32, to see how far rounding alone goes."""
    paths = methods_gradient.integrated(subject)
    return methods_gradient.plain(subject) | {
        "integrated_gradients": {path["baseline"]: torch.tensor(path["values"]) for path in paths}
    }


def rounding(single, plain, paths):
    """How far float32 is from float64: for each method, and for each baseline of integrated gradients."""
    off = {name: digits(relative(single[name], values)) for name, values in plain.items()}
    for path in paths:
        values = torch.tensor(path["values"])
        single_path = single["integrated_gradients"][path["baseline"]]
        off.setdefault("integrated_gradients", {})[path["baseline"]] = digits(relative(single_path, values))
    return off


def tree_tokens(subject, pieces, byte_level):
    """The units' texts as shap's tree of a text wants them: parts of words behind ##."""
    tokens = []
    for unit in subject.units:
        text = "".join(pieces[index] for index in unit)
        if byte_level:
            begins = text.startswith("Ġ") or not tokens or not text[0].isalpha()
            text = text.replace("Ġ", "")
            tokens.append(text if begins else "##" + text)
        else:
            tokens.append(pieces[unit[0]] + "".join(pieces[index].removeprefix("##") for index in unit[1:]))
    return tokens


def target_entry(target, name):
    entry = {"kind": target.kind}
    if target.position is not None:
        entry["position"] = target.position
    if target.end is not None:
        entry["end"] = target.end
    else:
        entry |= {"id": target.id, "text": name(target.id)} if name else {"id": target.id}
    if target.foil is not None:
        entry["foil"] = {"id": target.foil, "text": name(target.foil)} if name else {"id": target.foil}
    return entry | {"read": target.read}


def free_only(subject, values):
    return [values[index] for index in subject.free]


def methods(subject, tree=None, single=None, rationale=None, judged=True):
    """Every method on one text, in float64."""
    plain = methods_gradient.plain(subject)
    paths = methods_gradient.integrated(subject)
    occlusion = methods_masks.occlusion(subject)
    game = methods_masks.Game(subject)
    with torch.no_grad():
        value = subject.value(subject.x)
    found = {
        "value": number(value),
        **{name: numbers(values) for name, values in plain.items()},
        "integrated_gradients": paths,
        "smoothgrad": methods_gradient.smoothgrad(subject, with_path=len(subject.layers) < 12),
        "layers": methods_gradient.layers(subject),
        "sensitivity_max": methods_gradient.sensitivity(subject),
        "occlusion": occlusion,
        "shapley": methods_masks.shapley(game),
        "lime": methods_masks.lime(game),
        "partition_shap": methods_masks.partition_shap(game, tree),
        "attention": methods_attention.attention(subject),
    }
    if tree is not None:
        found["tree_tokens"] = tree
    if judged:
        tokens = methods_masks.Game(subject, "prob", [[index] for index in subject.free])
        scores = {
            "grad_x_input": free_only(subject, found["grad_x_input"]), "occlusion": free_only(subject, occlusion["mask"]),
        }  # fmt: skip
        found["faithfulness"] = {
            name: methods_faithfulness.faithfulness(tokens, subject, values) for name, values in scores.items()
        }
        zero = next(path for path in paths if path["baseline"] == "zero")
        found["agreement"] = methods_faithfulness.agreement({
            "saliency": free_only(subject, found["saliency"]), **scores,
            "integrated_gradients": free_only(subject, zero["values"]),
            "rollout": free_only(subject, found["attention"]["rollout"]["values"]),
        })  # fmt: skip
        if rationale:
            places = [subject.free.index(index) for index in rationale]
            found["plausibility"] = methods_faithfulness.plausibility(scores["grad_x_input"], places)
    if single is not None:
        found["rounding"] = rounding(single, plain, paths)
    return found


def registered(name, models_folder, only):
    handle = MODELS[name](models_folder)
    texts = json.loads((HERE / "methods_texts.json").read_text(encoding="utf-8"))[name]
    for case in texts:
        if only and case["name"] not in only:
            continue
        subject, pieces = handle.subject(case)
        single = single_precision(subject)
        with handle.precise(), default_double():
            tree = tree_tokens(subject, pieces, byte_level=name == "smollm2")
            found = methods(subject, tree, single, case.get("rationale"))
        yield case["name"], {
            "schema": SCHEMA, **handle.about, "name": case["name"], "text": case["text"], "ids": subject.ids,
            "pieces": pieces, "special": subject.special, "mask_id": subject.mask_id, "units": subject.units,
            "target": target_entry(subject.target, handle.name), **found,
        }  # fmt: skip


def families(_models_folder, only):
    for name in methods_subjects.SMALL:
        if only and name not in only:
            continue
        subject, about = methods_subjects.small(name)
        with default_double():
            found = methods(subject, judged=False)
        yield name, {
            "schema": SCHEMA, **about, "name": name, "ids": subject.ids,
            "special": subject.special, "mask_id": subject.mask_id, "units": subject.units,
            "target": target_entry(subject.target, None), **found,
        }  # fmt: skip
    for name in methods_seq2seq.NAMES:
        if only and name not in only:
            continue
        with default_double():
            found = methods_seq2seq.document(name)
        yield name, {"schema": SCHEMA, "name": name, **found}


def documents(name, models_folder, only=None):
    """(file stem, golden document) for each text of a model, or for each small checkpoint."""
    if name == "families":
        return families(models_folder, only)
    return registered(name, models_folder, only)


if __name__ == "__main__":
    sets.main(__doc__, FOLDER, [*MODELS, "families"], documents, TOLERANCE)
