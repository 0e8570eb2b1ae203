"""Times PyTorch eager on the CPU: forward with every attention map gathered, and that plus the gradient at the word
embeddings; with `--method`, Captum's InputXGradient or integrated gradients (50 steps, as one batch). One line of JSON a row:
{"name", "tokens", "threads", "median_ms", "min_ms", "runs"}.
usage: bench_torch.py [--models FOLDER] [--model smollm2|minilm|sentiment]… [--method NAME]… [--tokens N]… [--threads N]… [--repeat N] [--json FILE]

Rows are <model>-forward and <model>-forward-backward. SmolLM2 computes the logits of the last position alone (as an
explanation of the next token needs); `--all-logits` computes every position's. Its target is the most probable next
token's log-probability; MiniLM's is the cosine to a fixed vector. Weights take no gradient. Threads 0 means all cores;
without `--threads`, one thread and then all cores are timed. Ids are (i·37 + 11) mod 20000."""

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import torch
from captum.attr import InputXGradient, IntegratedGradients

import minilm
import sentiment
import smollm2
from bert import pooled
from common import default_models

TOKENS = {"smollm2": (32, 64), "minilm": (32, 128), "sentiment": (40,)}


def smollm2_step(models, all_logits):
    model, _ = smollm2.load(models)
    keep = 0 if all_logits else 1

    def forward(embeddings):
        out = model(inputs_embeds=embeddings, output_attentions=True, use_cache=False, logits_to_keep=keep)
        # Stacking makes one array of all maps, which is what a caller reads back.
        return torch.log_softmax(out.logits[0, -1], -1).max(), torch.stack(out.attentions)

    return model.get_input_embeddings(), forward


def minilm_step(models, _all_logits):
    model, _ = minilm.load(models)
    other = torch.nn.functional.normalize(torch.linspace(-1, 1, model.config.hidden_size), dim=0)

    def forward(embeddings):
        mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
        out = model(inputs_embeds=embeddings, attention_mask=mask, output_attentions=True)
        return (pooled(out.last_hidden_state)[0] * other).sum(), torch.stack(out.attentions)

    return model.embeddings.word_embeddings, forward


def sentiment_step(models, _all_logits):
    model, (weight, bias), _, _ = sentiment.load(models)

    def forward(embeddings):
        mask = torch.ones(embeddings.shape[:2], dtype=torch.long)
        out = model(inputs_embeds=embeddings, attention_mask=mask, output_attentions=True)
        return (out.last_hidden_state.mean(1) @ weight.T + bias)[:, 0].sum(), torch.stack(out.attentions)

    return model.embeddings.word_embeddings, forward


STEPS = {"smollm2": smollm2_step, "minilm": minilm_step, "sentiment": sentiment_step}


def methods(name, models):
    """What Captum explains: one number for each sequence of embeddings, without attention maps."""
    if name == "smollm2":
        model, _ = smollm2.load(models)
        return lambda x: model(inputs_embeds=x, use_cache=False, logits_to_keep=1).logits[:, -1, 1]
    if name == "sentiment":
        model, (weight, bias), _, _ = sentiment.load(models)
    else:
        model, _ = minilm.load(models)
        weight, bias = torch.ones(1, model.config.hidden_size), torch.zeros(1)

    def value(x):
        mask = torch.ones(x.shape[:2], dtype=torch.long)
        hidden = model(inputs_embeds=x, attention_mask=mask).last_hidden_state
        return (hidden.mean(1) @ weight.T + bias)[:, 0]

    return value


def timed(work, repeat):
    """Milliseconds of each of `repeat` runs, after two that warm up."""
    for _ in range(2):
        work()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", "--model-dir", type=Path, default=default_models())
    parser.add_argument("--model", action="append", choices=list(STEPS))
    parser.add_argument("--tokens", action="append", type=int)
    parser.add_argument("--threads", action="append", type=int)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--all-logits", action="store_true")
    parser.add_argument("--method", action="append", choices=["grad_x_input", "integrated_gradients"])
    parser.add_argument("--json", type=Path, help="also write the rows, as one JSON array, to this file")
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    threads = [count or cores for count in options.threads or sorted({1, cores})]
    options_models = options.models
    rows = []
    for name in options.model or STEPS:
        words, forward = STEPS[name](options.models, options.all_logits)
        for count in threads:
            torch.set_num_threads(count)
            for tokens in options.tokens or TOKENS[name]:
                ids = torch.tensor([[(i * 37 + 11) % 20000 for i in range(tokens)]])

                @torch.inference_mode()
                def forward_only():
                    forward(words(ids))

                def forward_backward():
                    embeddings = words(ids).detach().requires_grad_(True)
                    value, _maps = forward(embeddings)
                    torch.autograd.grad(value, embeddings)

                def captum(method, **options):
                    explain = method(methods(name, options_models))

                    def work():
                        x = words(ids).detach().requires_grad_(True)
                        explain.attribute(x, **options).sum(-1)

                    return work

                kinds = [("forward", forward_only), ("forward-backward", forward_backward)]
                if options.method:
                    known = {
                        "grad_x_input": captum(InputXGradient),
                        "integrated_gradients": captum(IntegratedGradients, n_steps=50),
                    }
                    kinds = [(method, known[method]) for method in options.method]
                for kind, work in kinds:
                    times = timed(work, options.repeat)
                    rows.append(
                        {
                            "name": f"{name}-{kind}",
                            "tokens": tokens,
                            "threads": count,
                            "median_ms": round(statistics.median(times), 3),
                            "min_ms": round(min(times), 3),
                            "runs": options.repeat,
                        }
                    )
                    print(json.dumps(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
