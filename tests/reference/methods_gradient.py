"""Gradient methods by Captum: saliency, gradient times input, integrated gradients, SmoothGrad, and what reaches each layer
and head. Everything is at the word embeddings x [T, width], before positions and types are added."""

import statistics

import captum.attr._core.noise_tunnel as noise_tunnel
import torch
from captum.attr import (
    InputXGradient, IntegratedGradients, LayerGradientXActivation, LayerIntegratedGradients, NoiseTunnel, Saliency,
)  # fmt: skip
from captum.metrics import sensitivity_max

import splitmix
from common import number, numbers

STEPS = 50
# How many of a path's points go through the model at once; the sum does not depend on it beyond the last digits.
BATCH = 10
SAMPLES, SHARE, SEED = 5, 0.1, 0
SPREAD = 20
RADIUS, PERTURBATIONS = 0.02, 10


def plain(subject):
    """Saliency (L2 over width) and gradient times input (sum over width): one number a token."""
    x = subject.x.requires_grad_(True)
    gradient = Saliency(subject.value).attribute(x, abs=False)[0]
    product = InputXGradient(subject.value).attribute(x)[0]
    return {"saliency": gradient.norm(dim=-1), "grad_x_input": product.sum(-1).detach()}


# --- integrated gradients ------------------------------------------------------------------------


def replaced(subject, index):
    """The ids with every token but the special ones replaced."""
    return [id if at in subject.special else index for at, id in enumerate(subject.ids)]


def baselines(subject):
    """name -> (baseline embeddings [1, T, width], baseline ids or None). `zero` is nought everywhere, special tokens
    included; the others keep special tokens as they are."""
    x = subject.x
    found = {"zero": (torch.zeros_like(x), None)}
    if subject.pad_id is not None:
        ids = replaced(subject, subject.pad_id)
        found["pad"] = (subject.embed([ids]), ids)
    ids = replaced(subject, subject.mask_id)
    found["mask"] = (subject.embed([ids]), ids)
    mean = x.clone()
    mean[0, subject.free] = subject.words.weight.detach().mean(0)
    found["mean"] = (mean, None)
    return found


def integrated(subject, names=None, steps=STEPS):
    """Integrated gradients along the straight line from each baseline, with Gauss and Legendre's points and weights."""
    x, found = subject.x, []
    options = dict(n_steps=steps, method="gausslegendre", internal_batch_size=BATCH, return_convergence_delta=True)
    for name, (baseline, ids) in baselines(subject).items():
        if names is not None and name not in names:
            continue
        values, delta = IntegratedGradients(subject.value).attribute(x, baseline, **options)
        if ids is not None:
            # The same through Captum's layer form, from ids to the model's own embedding.
            layer = LayerIntegratedGradients(subject.value_of_ids, subject.words)
            same, _ = layer.attribute(torch.tensor([subject.ids]), torch.tensor([ids]), **options)
            gap = (values - same).norm() / values.norm()
            assert gap < 1e-6, (name, gap)
        values = values[0].sum(-1).detach()
        with torch.no_grad():
            base = subject.value(baseline)
        found.append({
            "baseline": name, **({"ids": ids} if ids is not None else {}), "steps": steps,
            "baseline_value": number(base), "sum": number(values.sum()), "delta": number(delta.detach()),
            "values": numbers(values),
        })  # fmt: skip
    return found


# --- SmoothGrad ----------------------------------------------------------------------------------


class Drawn:
    """Captum's NoiseTunnel asks `torch.normal` for its noise; this gives it the documented sequence instead."""

    def __init__(self, seed):
        self.source = splitmix.bits(seed, splitmix.NOISE)

    def __enter__(self):
        self.torch, noise_tunnel.torch = noise_tunnel.torch, self
        return self

    def __exit__(self, *_):
        noise_tunnel.torch = self.torch

    def __getattr__(self, name):
        return getattr(torch, name)

    def normal(self, mean, std):
        assert mean == 0
        return splitmix.normal(std.shape, self.source).to(std.dtype) * std


def by_token(values):
    return values[0].sum(-1).detach()


def smooth(subject, base, sigma, **options):
    tunnel = NoiseTunnel(base)
    values = tunnel.attribute(subject.x, nt_type="smoothgrad", nt_samples=SAMPLES, stdevs=sigma, **options)
    return by_token(values)


def smooth_saliency(subject, sigma, seed):
    """The mean over noisy copies of each copy's saliency. Captum's own would average gradients before the norm."""
    x = subject.x
    noise = splitmix.normal((SAMPLES, *x.shape[1:]), splitmix.bits(seed, splitmix.NOISE))
    noisy = (x + noise * sigma).requires_grad_(True)
    return Saliency(subject.value).attribute(noisy, abs=False).norm(dim=-1).mean(0).detach()


def smoothgrad(subject, with_path):
    """SmoothGrad of three base methods with documented noise, and the spread of Captum's own with its own noise."""
    x = subject.x
    sigma = (SHARE * (x.max() - x.min())).item()
    with Drawn(SEED):
        product = smooth(subject, InputXGradient(subject.value), sigma)
    # The tunnel did nothing but average the base method over the noisy copies.
    noise = splitmix.normal((SAMPLES, *x.shape[1:]), splitmix.bits(SEED, splitmix.NOISE))
    noisy = (x + noise * sigma).requires_grad_(True)
    assert torch.allclose(product, InputXGradient(subject.value).attribute(noisy).sum(-1).mean(0), rtol=1e-9, atol=1e-12)
    result = {
        "seed": SEED, "samples": SAMPLES, "share": SHARE, "sigma": number(sigma),
        "first_noise": numbers(splitmix.normal((4,), splitmix.bits(SEED, splitmix.NOISE))),
        "saliency": numbers(smooth_saliency(subject, sigma, SEED)), "grad_x_input": numbers(product),
    }  # fmt: skip
    if with_path:
        with Drawn(SEED):
            base = IntegratedGradients(subject.value)
            path = smooth(subject, base, sigma, baselines=torch.zeros_like(x), n_steps=16, method="gausslegendre")
        result["integrated_gradients"] = {"baseline": "zero", "steps": 16, "values": numbers(path)}
    runs = []
    for seed in range(SPREAD):
        torch.manual_seed(seed)
        runs.append(smooth(subject, InputXGradient(subject.value), sigma))
    result["captum"] = {"base": "grad_x_input", "runs": SPREAD, **spread(runs)}
    return result


def spread(runs):
    """Mean and standard deviation (over n - 1) of each number over runs."""
    columns = list(zip(*(run.tolist() for run in runs)))
    return {
        "mean": [number(statistics.fmean(column)) for column in columns],
        "std": [number(statistics.stdev(column)) for column in columns],
    }


# --- layers and heads ----------------------------------------------------------------------------


def layers(subject):
    """Gradient times activation, summed over width: at each layer's output [layers, T], and for each head at its share of
    `hook_z` [layers, heads, T]."""
    x = subject.x.requires_grad_(True)
    outputs, heads = [], []
    for layer, projection in zip(subject.layers, subject.projections):
        product = LayerGradientXActivation(subject.value, layer).attribute(x)
        product = product[0] if isinstance(product, tuple) else product
        outputs.append(product[0].sum(-1).detach())
        z = LayerGradientXActivation(subject.value, projection).attribute(x, attribute_to_layer_input=True)
        z = z[0] if isinstance(z, tuple) else z
        tokens = len(subject.ids)
        heads.append(z.reshape(tokens, subject.heads, -1).sum(-1).T.detach())
    return {
        "outputs": numbers(torch.stack(outputs), len(subject.ids)),
        "heads": numbers(torch.stack(heads), len(subject.ids)),
    }


# --- sensitivity ---------------------------------------------------------------------------------


def sensitivity(subject, seed=SEED):
    """Captum's sensitivity_max of gradient times input and of saliency, a number a token, with documented perturbations:
    the greatest of the distances of the perturbed explanations from the original, over the original's length."""
    x = subject.x
    found = {"seed": seed, "radius": RADIUS, "samples": PERTURBATIONS}
    drawn = splitmix.uniform((PERTURBATIONS, *x.shape[1:]), RADIUS, splitmix.bits(seed, splitmix.SENSITIVITY)).to(x.dtype)
    for name in ("saliency", "grad_x_input"):

        def explain(inputs, name=name):
            at = (inputs[0] if isinstance(inputs, tuple) else inputs).detach().requires_grad_(True)
            with torch.enable_grad():
                (gradient,) = torch.autograd.grad(subject.value(at).sum(), at)
            return (gradient.norm(dim=-1) if name == "saliency" else (gradient * at.detach()).sum(-1),)

        def perturb(inputs, _radius):
            return inputs + drawn

        value = sensitivity_max(explain, x, perturb, RADIUS, PERTURBATIONS)
        found[name] = number(value)
    return found
