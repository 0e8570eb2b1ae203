"""How far a ranking of tokens can be trusted: ferret's measures written out, curves, and agreement between methods."""

import statistics

import numpy as np
from scipy.stats import kendalltau, spearmanr
from sklearn.metrics import auc, precision_recall_curve

import splitmix
from common import number, numbers
from methods_masks import without

TENTHS = range(1, 11)
ORDERS, SEED = 20, 0


def optional(value):
    return None if value is None else number(value)


def best(scores, count, positive=True):
    """The places of the `count` greatest scores, greatest first, the earlier of equal ones first; positive ones alone."""
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:count]
    return [place for place in order if scores[place] > 0 or not positive]


def rationales(scores):
    """(tenths, places of the top tokens) for each tenth of the tokens, as ferret takes them: with m = ⌊tenths·n/10⌋, the m
    greatest positive scores; none where m is 0, and none where they are those of the tenth before."""
    found, before = [], None
    for tenths in TENTHS:
        size = tenths * len(scores) // 10
        places = best(scores, size)
        if size == 0 or not places or set(places) == before:
            continue
        before = set(places)
        found.append((tenths, places))
    return found


def eraser(game, subject, scores):
    """Comprehensiveness p(x) − p(x without the top tokens), sufficiency p(x) − p(the top tokens alone), and their means,
    with tokens masked and with tokens taken out. `game` has one unit a token."""
    free, count = subject.free, len(subject.free)
    full = game([[True] * count])[0]
    found = {"p": number(full), "tenths": [], "sizes": []}
    for kind in ("mask", "removal"):
        found[kind] = {"comprehensiveness": [], "sufficiency": []}
    for tenths, places in rationales(scores):
        found["tenths"].append(tenths)
        found["sizes"].append(len(places))
        top = [place in places for place in range(count)]
        rest = [not kept for kept in top]
        masked = full - game([rest, top])
        found["mask"]["comprehensiveness"].append(number(masked[0]))
        found["mask"]["sufficiency"].append(number(masked[1]))
        for name, kept in (("comprehensiveness", rest), ("sufficiency", top)):
            tokens = sorted([*subject.special, *(free[place] for place in range(count) if kept[place])])
            value = without(subject, tokens, "prob", foil=False)
            found["removal"][name].append(None if value is None else number(full - value))
    for kind in ("mask", "removal"):
        for name in ("comprehensiveness", "sufficiency"):
            values = [value for value in found[kind][name] if value is not None]
            found[kind][f"aopc_{name}"] = number(statistics.fmean(values)) if values else None
    return found


def area(curve):
    """The mean height of a curve of equal steps (trapezoids)."""
    return sum((a + b) / 2 for a, b in zip(curve, curve[1:])) / (len(curve) - 1)


def curves(game, order):
    """p as tokens are masked one after the other (deletion), and as they come back to a text all masked (insertion)."""
    count = len(order)
    masks = []
    for left in range(count + 1):
        gone = set(order[:left])
        masks.append([place not in gone for place in range(count)])
    deletion = game(masks)
    insertion = game(~np.array(masks))
    return deletion, insertion


def deletion_insertion(game, scores):
    order = best(scores, len(scores), positive=False)
    deletion, insertion = curves(game, order)
    source = splitmix.bits(SEED, splitmix.ORDERS)
    count = len(scores)
    random = [splitmix.shuffle(list(range(count)), source) for _ in range(ORDERS)]
    areas = [tuple(map(area, curves(game, chosen))) for chosen in random]
    return {
        "order": order,
        "deletion": [number(value) for value in deletion], "deletion_area": number(area(deletion)),
        "insertion": [number(value) for value in insertion], "insertion_area": number(area(insertion)),
        "random": {
            "seed": SEED, "orders": ORDERS, "first_order": random[0],
            "deletion_areas": [number(deletion) for deletion, _ in areas],
            "insertion_areas": [number(insertion) for _, insertion in areas],
        },
    }  # fmt: skip


def tau_loo(game, subject, scores):
    """Kendall's τ-b between the scores and leave-one-out differences of p: with the token masked, and taken out. Tokens
    whose removal leaves nothing to read are left out of the second."""
    count = len(scores)
    full = game([[True] * count])[0]
    masked = [full - game([[place != gone for place in range(count)]])[0] for gone in range(count)]
    pairs = []
    for place in range(count):
        kept = [index for index in range(len(subject.ids)) if index != subject.free[place]]
        value = without(subject, kept, "prob", foil=False)
        if value is not None:
            pairs.append((scores[place], full - value))
    removed = kendalltau(*zip(*pairs)).statistic if len(pairs) > 1 else None
    return {"mask": number(kendalltau(scores, masked).statistic), "removal": optional(removed)}


def faithfulness(game, subject, scores):
    """Everything about one ranking: `scores` has one number for each token that is not special."""
    return {
        "scores": [number(score) for score in scores],
        **eraser(game, subject, scores),
        **deletion_insertion(game, scores),
        "tau_loo": tau_loo(game, subject, scores),
    }


def agreement(methods):
    """Spearman's ρ of each two methods' values over the tokens that are not special, and how many of the three greatest by
    absolute value they share, over three."""
    found = []
    names = list(methods)
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            a, b = methods[first], methods[second]
            tops = [set(best([abs(value) for value in values], 3, positive=False)) for values in (a, b)]
            found.append({
                "methods": [first, second], "spearman": number(spearmanr(a, b).statistic),
                "top_3": number(len(tops[0] & tops[1]) / 3),
            })  # fmt: skip
    return found


def plausibility(scores, rationale):
    """Against tokens that a person marked (places among those that are not special): precision, recall, F1 and overlap over
    union of as many top positive scores as were marked, and the area under the precision-recall curve (trapezoids, with
    negative scores as nought), as ferret has them."""
    marked = [place in rationale for place in range(len(scores))]
    top = best(scores, len(rationale))
    shared = len(set(top) & set(rationale))
    precision = shared / len(top) if top else 0.0
    recall = shared / len(rationale)
    f1 = 2 * precision * recall / (precision + recall) if shared else 0.0
    curve = precision_recall_curve(marked, [max(score, 0.0) for score in scores])
    return {
        "rationale": rationale, "precision": number(precision), "recall": number(recall), "f1": number(f1),
        "iou": number(shared / len(set(top) | set(rationale))), "auprc": number(auc(curve[1], curve[0])),
    }  # fmt: skip
