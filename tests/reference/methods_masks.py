"""Methods that replace or remove tokens: occlusion, Shapley values, LIME, and Owen values over a hierarchy."""

import itertools
import math

import numpy as np
import shap
import sklearn.metrics
import torch
from captum.attr import KernelShap, Occlusion
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer
from shap.maskers._text import partition_tree

import splitmix
from common import number, numbers
from methods_gradient import spread

# All coalitions are gone through up to this many units.
EXACT = 10
BATCH = 32
LIME_SAMPLES, LIME_SEED, LIME_WIDTH = 200, 0, 25
# (samples, runs) with few units, whose values are all remembered, and with many.
LIME_FEW, LIME_MANY = (5000, 20), (1000, 6)
CAPTUM_SAMPLES, CAPTUM_RUNS, SHAP_RUNS = 2048, 20, 6
PARTITION_EVALUATIONS, PARTITION_BATCH = 500, 10


class Game:
    """The target's value when only some of the units are there and the mask token stands for the tokens of all others;
    special tokens always stay. Values are remembered, as samplers ask for the same ones again and again."""

    def __init__(self, subject, read=None, units=None):
        self.subject, self.read = subject, read
        self.units = units or subject.units
        self.known = {}

    def ids(self, mask):
        ids = list(self.subject.ids)
        for unit, kept in zip(self.units, mask):
            if not kept:
                for index in unit:
                    ids[index] = self.subject.mask_id
        return ids

    def values(self, masks):
        """The target's values for a few masks: [n]. A target that is read otherwise than the case says has no foil."""
        x = self.subject.embed([self.ids(mask) for mask in masks])
        return self.subject.value(x, read=self.read, foil=self.read is None)

    def __call__(self, masks):
        """Values [n] for masks [n, units], True where a unit is kept."""
        masks = np.asarray(masks).astype(bool)
        missing = [mask for key, mask in {mask.tobytes(): mask for mask in masks}.items() if key not in self.known]
        with torch.no_grad():
            for start in range(0, len(missing), BATCH):
                part = missing[start : start + BATCH]
                for mask, value in zip(part, self.values(part).tolist()):
                    self.known[mask.tobytes()] = value
        return np.array([self.known[mask.tobytes()] for mask in masks])


# --- leaving tokens out --------------------------------------------------------------------------


def without(subject, kept, read=None, foil=True):
    """The target's value of the text cut down to the tokens `kept`, or None where it has no such value: no token is left,
    or the token at which it is read is gone."""
    position = subject.target.position
    if not kept:
        return None
    # An answer's end moves with its start only while both stay; a masked word needs its mask.
    if position is not None:
        if position not in kept or subject.target.end is not None and subject.target.end not in kept:
            return None
    ids = [subject.ids[index] for index in kept]
    moved = None if position is None else kept.index(position)
    with torch.no_grad():
        if subject.target.end is not None:
            scores, _ = subject.scores(subject.embed([ids]), moved)
            start, end = subject.target.position, subject.target.end
            subject.target.position, subject.target.end = moved, kept.index(end)
            try:
                return subject.read(scores, read, foil).item()
            finally:
                subject.target.position, subject.target.end = start, end
        return subject.value(subject.embed([ids]), moved, read, foil).item()


def occlusion(subject):
    """f(x) − f(x without token i), for every token, special ones included: the token replaced by the mask token (Captum's
    Occlusion), and taken out of the text."""
    ids = torch.tensor([subject.ids])
    with torch.no_grad():
        values = Occlusion(subject.value_of_ids).attribute(
            ids, sliding_window_shapes=(1,), baselines=subject.mask_id, perturbations_per_eval=BATCH
        )[0]
        full = subject.value(subject.x).item()
    tokens = list(range(len(subject.ids)))
    removed = [without(subject, [other for other in tokens if other != index]) for index in tokens]
    return {
        "mask": numbers(values),
        "removal": [None if value is None else number(full - value) for value in removed],
    }


# --- Shapley values ------------------------------------------------------------------------------


class Masker:
    """A masker of shap's whose masked input is the mask itself."""

    def __init__(self, units, clustering=None):
        self.shape = (1, units)
        self.clustering = clustering

    def __call__(self, mask, _x):
        return np.array([mask])


def exact_shapley(game):
    """Σ over coalitions S without i of |S|! (d−|S|−1)! / d! · (v(S ∪ i) − v(S))."""
    count = len(game.units)
    masks = np.array(list(itertools.product([False, True], repeat=count)))
    values = dict(zip(map(tuple, masks.tolist()), game(masks)))
    shapley = np.zeros(count)
    for mask, value in values.items():
        size = sum(mask)
        for unit in range(count):
            if not mask[unit]:
                weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
                joined = (*mask[:unit], True, *mask[unit + 1 :])
                shapley[unit] += weight * (values[joined] - value)
    # shap's own enumeration agrees.
    explainer = shap.explainers.ExactExplainer(game, Masker(count))
    theirs = explainer(np.ones((1, count), dtype=bool), max_evals=2**count, silent=True).values[0]
    assert np.allclose(shapley, theirs, rtol=1e-7, atol=1e-10), (shapley, theirs)
    return shapley


def captum_kernel_shap(game):
    count = len(game.units)
    explainer = KernelShap(lambda masks: torch.tensor(game(masks.numpy() > 0.5)))
    runs = []
    for seed in range(CAPTUM_RUNS):
        torch.manual_seed(seed)
        runs.append(explainer.attribute(
            torch.ones(1, count), baselines=torch.zeros(1, count), n_samples=CAPTUM_SAMPLES, perturbations_per_eval=BATCH
        )[0])  # fmt: skip
    return {"samples": CAPTUM_SAMPLES, "runs": CAPTUM_RUNS, **spread(runs)}


def shap_kernel(game):
    """shap's KernelExplainer with 2d + 2048 samples and no selection of features: where there are more coalitions than
    that, it goes through the smallest and the largest ones and draws the others."""
    count = len(game.units)
    samples = 2 * count + 2048
    explainer = shap.KernelExplainer(lambda masks: game(masks > 0.5), np.zeros((1, count)))
    runs = []
    for seed in range(SHAP_RUNS):
        np.random.seed(seed)
        runs.append(explainer.shap_values(np.ones(count), nsamples=samples, l1_reg=False, silent=True))
    return {"samples": samples, "runs": SHAP_RUNS, **spread(runs)}


def shapley(game):
    count = len(game.units)
    ends = game([[False] * count, [True] * count])
    result = {"base_value": number(ends[0]), "value": number(ends[1])}
    if count <= EXACT:
        result["exact"] = numbers(torch.tensor(exact_shapley(game)))
        result["captum"] = captum_kernel_shap(game)
    else:
        result["shap"] = shap_kernel(game)
    return result


# --- LIME ----------------------------------------------------------------------------------------


def kernel(distance):
    """lime's own, as its LimeTextExplainer makes it."""
    return np.sqrt(np.exp(-(distance**2) / LIME_WIDTH**2))


def lime_fixed(game):
    """lime's weighted ridge regression on masks that are drawn in a documented way."""
    count = len(game.units)
    masks = splitmix.lime_masks(count, LIME_SAMPLES, splitmix.bits(LIME_SEED, splitmix.LIME_MASKS))
    data = np.array(masks, dtype=float)
    values = game(masks)
    distances = sklearn.metrics.pairwise.pairwise_distances(data, data[:1], metric="cosine").ravel() * 100
    base = LimeBase(kernel, random_state=np.random.RandomState(0))
    intercept, pairs, score, local = base.explain_instance_with_data(
        data, values[:, None], distances, 0, count, feature_selection="none"
    )
    coefficients = np.zeros(count)
    for unit, coefficient in pairs:
        coefficients[unit] = coefficient
    # In closed form.
    weight = kernel(distances)
    centre, middle = np.average(data, axis=0, weights=weight), np.average(values, weights=weight)
    z, y = data - centre, values - middle
    solved = np.linalg.solve(z.T @ (z * weight[:, None]) + np.eye(count), z.T @ (y * weight))
    assert np.allclose(solved, coefficients, rtol=1e-6, atol=1e-9)
    assert np.allclose(middle - centre @ solved, intercept, rtol=1e-6, atol=1e-9)
    return {
        "seed": LIME_SEED, "samples": LIME_SAMPLES,
        "first_masks": ["".join("01"[kept] for kept in mask) for mask in masks[:4]],
        "weights_sum": number(weight.sum()),
        "values": numbers(torch.tensor(coefficients)), "intercept": number(intercept), "r2": number(score),
        "local_value": number(local[0]),
    }  # fmt: skip


def lime_plain(game, samples, runs):
    """lime's LimeTextExplainer as it is, on a text of one word a unit, over seeds."""
    count = len(game.units)
    found, scores = [], []

    def classifier(texts):
        masks = [[word != "-" for word in text.split()] for text in texts]
        return game(masks)[:, None]

    for seed in range(runs):
        explainer = LimeTextExplainer(
            kernel_width=LIME_WIDTH, split_expression=r"\s+", bow=False, mask_string="-", feature_selection="none",
            random_state=seed, class_names=["target"],
        )  # fmt: skip
        text = " ".join(f"unit{index}" for index in range(count))
        explained = explainer.explain_instance(text, classifier, labels=(0,), num_features=count, num_samples=samples)
        pairs = dict(explained.local_exp[0])
        found.append(torch.tensor([pairs[index] for index in range(count)]))
        scores.append(torch.tensor([explained.score]))
    return {"samples": samples, "runs": runs, **spread(found), "r2": spread(scores)["mean"][0]}


def lime(game):
    samples, runs = LIME_FEW if len(game.units) <= EXACT else LIME_MANY
    return {"fixed": lime_fixed(game), "plain": lime_plain(game, samples, runs)}


# --- Owen values ---------------------------------------------------------------------------------


def balanced(count):
    """Halves of halves: a range of units is cut behind its first half (rounded up), each half is merged before the whole,
    the left before the right. Rows of left, right, height, size, as scipy writes them."""
    rows = []

    def merge(start, end):
        if end - start == 1:
            return start
        middle = start + (end - start + 1) // 2
        left, right = merge(start, middle), merge(middle, end)
        rows.append([left, right, 0.0, end - start])
        return count + len(rows) - 1

    merge(0, count)
    table = np.array(rows, dtype=float)
    table[:, 2] = table[:, 3] / count
    return table


def by_text(tokens):
    """shap's own tree of a text's tokens, as its Text masker makes it of wordpieces."""
    table = partition_tree(tokens, [])
    table[:, 2] = table[:, 3] / table[:, 3].max()
    return table


def partition(game, hierarchy, table, evaluations=PARTITION_EVALUATIONS):
    count = len(game.units)
    asked = []

    def counted(masks):
        asked.append(len(masks))
        return game(masks)

    explainer = shap.explainers.PartitionExplainer(counted, Masker(count, table))
    explained = explainer(
        np.ones((1, count), dtype=bool), max_evals=evaluations, batch_size=PARTITION_BATCH, silent=True
    )
    values = explained.values[0]
    ends = game([[False] * count, [True] * count])
    assert abs(values.sum() - (ends[1] - ends[0])) < 1e-9
    return {
        "hierarchy": hierarchy, "merges": [[int(left), int(right)] for left, right in table[:, :2]],
        "evaluations": evaluations, "batch": PARTITION_BATCH, "used": sum(asked), "values": numbers(torch.tensor(values)),
    }  # fmt: skip


def partition_shap(game, tokens):
    """Owen values over two hierarchies, in full or as far as the evaluations go."""
    count = len(game.units)
    trees = {"balanced": balanced(count)}
    if tokens is not None:
        trees["text"] = by_text(tokens)
    found = [partition(game, name, table) for name, table in trees.items()]
    # What is left on a group is shared out among its units by its size.
    if count <= EXACT:
        found.append(partition(game, "balanced", trees["balanced"], 16))
    return found
