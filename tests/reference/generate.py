"""Reference values of generation: what models write, what samplers leave, and Inseq's attributions of each written token.
usage: generate.py [smollm2|gpt2|marian-enpt|marian-pten]… [--models FOLDER] [--only greedy|samplers|steps]… [--check]

Writes `golden/generate/<model>/<name>.json`, or with --check compares with them; README.md says what is in them. What is
written is transformers' `generate`'s (marian_tiny.py's for Marian), in float32 and in float64 alike; values are float64's on
the float32 weights. `steps` needs Inseq besides: `pip install --no-deps -r requirements-inseq.txt`."""

import json
import warnings
from contextlib import contextmanager
from importlib.metadata import version

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

import llama
import marian_tiny
import sets
import smollm2
from common import (
    GOLDEN, HERE, READS, Wrapped, digits, number, numbers, one_file, plain_tokenizer, read_gradients, relative,
    sha256,
)  # fmt: skip
from methods import default_double
from methods_subjects import FAMILIES

SCHEMA = "headlight/generate@1"
FOLDER = GOLDEN / "generate"
TOLERANCE = 1e-4
LIMIT = 24
TOP = 5
LOGITS = 50
TEMPERATURE, TOP_K, TOP_P = 0.7, 20, 0.9
# Inseq's names of what is attributed at each step.
ATTRIBUTED = {"logit": ("logit", {}), "log_prob": ("probability", {"logprob": True}), "prob": ("probability", {})}
METHODS = ("saliency", "input_x_gradient")
# How far its values may be from the plain gradient's: it rounds each step's scores to float32, whatever the model is in.
AGREEMENT = 1e-6


# --- models --------------------------------------------------------------------------------------


class SmolLM2:
    def __init__(self, models_folder):
        self.model, path = smollm2.load(models_folder)
        self.about = {"model": "smollm2", "weights_sha256": sha256(path)}
        # Special tokens are read from a text here, and nothing is put before it. Digits as in text_ids.py.
        self.tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        self.tokenizer.backend_tokenizer.pre_tokenizer = smollm2.tokenizer(path).pre_tokenizer

    def precise(self):
        return llama.double_precision(self.model)

    def encode(self, case):
        return self.tokenizer(case["text"])["input_ids"]

    def text(self, case):
        return {"text": case["text"]}

    def written(self, ids):
        return {"greedy_text": self.tokenizer.decode(ids)}

    def forced(self, case):
        return case["text"], case["text"] + case["continuation"]


class SmallGPT2:
    """The small checkpoint has no tokenizer: its texts are ids. Inseq gets one with a word for each id."""

    def __init__(self, _models_folder):
        self.model = AutoModelForCausalLM.from_pretrained(
            FAMILIES / "gpt2", attn_implementation="eager", dtype=torch.float32
        )
        self.model.eval().requires_grad_(False)
        self.about = {"model": "gpt2"}
        words = Tokenizer(models.WordLevel({f"<{index}>": index for index in range(96)}, unk_token="<0>"))
        words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        self.tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=words, unk_token="<0>", bos_token="<1>", eos_token="<2>", pad_token="<2>"
        )

    @contextmanager
    def precise(self):
        self.model.double()
        try:
            yield
        finally:
            self.model.float()

    def encode(self, case):
        return case["ids"]

    def text(self, _case):
        return {}

    def written(self, _ids):
        return {}

    def forced(self, case):
        prompt, whole = (" ".join(f"<{id}>" for id in ids) for ids in (case["ids"], case["ids"] + case["continuation"]))
        return prompt, whole


CAUSAL = {"smollm2": SmolLM2, "gpt2": SmallGPT2}


def cases_of(model):
    return json.loads((HERE / "generate_texts.json").read_text(encoding="utf-8"))[model]


# --- what is written -----------------------------------------------------------------------------


def top(scores):
    """Of each step's log-probabilities [steps, vocabulary] the best ones, as the files hold them."""
    best = scores.topk(TOP)
    return {
        "top_ids": Wrapped(best.indices.flatten().tolist(), TOP),
        "top_log_probs": numbers(best.values, TOP),
    }


def furthest(single, double):
    """The largest difference of float32's log-probabilities from float64's, over each step's best candidates."""
    best = double.topk(TOP)
    return (single.double().gather(-1, best.indices) - best.values).abs().max().item()


def generate(model, ids, end):
    """transformers' greedy `generate`: the tokens it writes after `ids`."""
    out = model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
        max_new_tokens=LIMIT, eos_token_id=end, pad_token_id=end[0],
    )  # fmt: skip
    return out[0, len(ids) :].tolist()


@torch.no_grad()
def followed(model, ids, written):
    """Log-probabilities before each written token [steps, vocabulary], in one run over all of them (`generate` itself
    rounds its logits to float32)."""
    logits = model(torch.tensor([[*ids, *written[:-1]]]), use_cache=False).logits[0, len(ids) - 1 :]
    return torch.log_softmax(logits, -1)


def greedy(handle, cases):
    usual = handle.model.generation_config.eos_token_id
    entries, worst = [], 0.0
    for case in cases:
        ids, end = handle.encode(case), case.get("end", [usual])
        single = generate(handle.model, ids, end)
        single_scores = followed(handle.model, ids, single)
        with handle.precise():
            written = generate(handle.model, ids, end)
            scores = followed(handle.model, ids, written)
        if not written == single == scores.argmax(-1).tolist():
            raise SystemExit(f"{case['name']}: float32 and float64, or a run with and one without a cache, write otherwise")
        worst = max(worst, furthest(single_scores, scores))
        entries.append({
            "name": case["name"], **handle.text(case), "ids": ids, "end": end,
            "greedy": written, **handle.written(written), "ended": written[-1] in end,
            "log_probs": numbers(scores.gather(-1, torch.tensor(written)[:, None])), **top(scores),
        })  # fmt: skip
    return {"schema": SCHEMA, **handle.about, "limit": LIMIT, "cases": entries, "rounding": {"log_prob_abs": digits(worst)}}


def marian(name, models_folder, cases):
    """Ten of the sentences in translations.json, which has what is written."""
    path = one_file(models_folder / name, "model.*.intgemm.alphas.bin")
    model = marian_tiny.Tiny(marian_tiny.read_binary(path), heads=8, encoder_layers=6, decoder_layers=2)
    tokenizer = plain_tokenizer(path.parent)
    known = json.loads((GOLDEN / name / "translations.json").read_text(encoding="utf-8"))
    known = {entry["text"]: entry for entry in known["sentences"]}
    entries, worst = [], 0.0

    @torch.no_grad()
    def scores_of(source, written):
        prefix = [model.vocabulary, *written[:-1]]
        logits = model.run(model.embed([source], False), model.embed([prefix], True))["logits"][0]
        scores = torch.log_softmax(logits, -1)
        # Shares are of the whole vocabulary; what is never written is not among the candidates.
        scores[:, list(model.never)] = -torch.inf
        return scores

    for sentence in cases:
        text = marian_tiny.SENTENCES[name][sentence]
        source = [*tokenizer.encode(text).ids, model.end]
        single, _ = model.generate(source, 1, marian_tiny.LIMIT)
        single_scores = scores_of(source, single)
        model.double()
        written, _ = model.generate(source, 1, marian_tiny.LIMIT)
        scores = scores_of(source, written)
        model.float()
        if not written == single == scores.argmax(-1).tolist() or written != known[text]["greedy"]:
            raise SystemExit(f"{name}: {text!r} is written otherwise than in translations.json")
        worst = max(worst, furthest(single_scores, scores))
        entries.append({
            "text": text, "source": source, "greedy": written, "greedy_text": tokenizer.decode(written[:-1]),
            "ended": written[-1] == model.end,
            "log_probs": numbers(scores.gather(-1, torch.tensor(written)[:, None])), **top(scores),
        })  # fmt: skip
    return {
        "schema": SCHEMA, "model": name, "weights_sha256": sha256(path), "limit": marian_tiny.LIMIT, "end": [model.end],
        "never": list(model.never), "cases": entries, "rounding": {"log_prob_abs": digits(worst)},
    }  # fmt: skip


# --- samplers ------------------------------------------------------------------------------------


def together(model):
    """The warpers that `generate` itself would use, in its order."""
    config = model.generation_config.__class__.from_model_config(model.config)
    config.update(do_sample=True, temperature=TEMPERATURE, top_k=TOP_K, top_p=TOP_P)
    return list(model._get_logits_processor(config))


def filtered(names, warpers, logits, single):
    """What is left of a distribution: ids from the most probable down, and their probabilities, of all that are left."""
    after = []
    for scores in (logits, single):
        for warper in warpers:
            scores = warper(None, scores)
        after.append(torch.softmax(scores[0], -1))
    kept = [int((probabilities > 0).sum()) for probabilities in after]
    if kept[0] != kept[1]:
        raise SystemExit(f"{names}: float32 keeps {kept[1]}, float64 {kept[0]}")
    best = after[0].topk(min(kept[0], LOGITS if logits.shape[-1] > 2 * LOGITS else kept[0]))
    ids, probabilities = best.indices.tolist(), numbers(best.values)
    return {"warpers": names, "kept": kept[0], "ids": ids, "probs": probabilities}, (
        (after[1].double()[best.indices] - best.values).abs().max().item()
    )


def samplers(handle, cases):
    separate = {
        "temperature": TemperatureLogitsWarper(TEMPERATURE), "top_k": TopKLogitsWarper(TOP_K),
        "top_p": TopPLogitsWarper(TOP_P),
    }  # fmt: skip
    every = together(handle.model)
    if [type(warper) for warper in every] != [type(warper) for warper in separate.values()]:
        raise SystemExit(f"generate uses {every}")
    ways = [*(([name], [warper]) for name, warper in separate.items()), (list(separate), every)]
    entries, worst = [], 0.0
    for case in cases:
        ids = handle.encode(case)
        with torch.no_grad():
            single = handle.model(torch.tensor([ids])).logits[:, -1]
            with handle.precise():
                logits = handle.model(torch.tensor([ids])).logits[:, -1]
        best = logits[0].topk(LOGITS if logits.shape[-1] > 2 * LOGITS else logits.shape[-1])
        left = []
        for names, warpers in ways:
            entry, off = filtered(names, warpers, logits, single)
            left.append(entry)
            worst = max(worst, off)
        entries.append({
            "name": case["name"], **handle.text(case), "ids": ids,
            "logits": {
                "log_sum_exp": number(logits.logsumexp(-1)), "ids": best.indices.tolist(), "values": numbers(best.values),
            },
            "left": left,
        })  # fmt: skip
    return {
        "schema": SCHEMA, **handle.about, "vocabulary": logits.shape[-1],
        "temperature": TEMPERATURE, "top_k": TOP_K, "top_p": TOP_P, "cases": entries,
        "rounding": {"prob_abs": digits(worst)},
    }  # fmt: skip


# --- attributions of each step -------------------------------------------------------------------


def plain_gradients(model, ids, start):
    """For each token from `start` on, the reads of its logits and their gradients at the embeddings before it: a list of
    (embeddings [t, width], read -> (value, gradient [t, width]))."""
    steps = []
    for position in range(start, len(ids)):
        x = model.get_input_embeddings()(torch.tensor([ids[:position]])).detach().requires_grad_(True)
        logits = model(inputs_embeds=x, use_cache=False).logits[0, -1]
        reads, _ = read_gradients(logits, x, ids[position])
        steps.append((x.detach()[0], reads))
    return steps


def attributed(model, prompt, whole, method, read):
    """Inseq's attribution of all tokens that `whole` has after `prompt`, before it is aggregated."""
    function, extra = ATTRIBUTED[read]
    out = model.attribute(
        prompt, whole, method=method, attributed_fn=function, show_progress=False, pretty_progress=False, **extra
    )
    (sequence,) = out.sequence_attributions
    return sequence


def columns(sequence, start, **how):
    """One list for each written token, of the values of all tokens before it, of what Inseq makes of them."""
    values = sequence.aggregate(**how).target_attributions
    steps = values.shape[1]
    return [values[: start + step, step] for step in range(steps)]


def steps(handle, cases):
    import inseq

    # Captum says of each step that it asks for gradients.
    warnings.filterwarnings("ignore", module="captum")
    entries, rounding = [], {"saliency_relative": 0.0, "input_x_gradient_relative": 0.0}
    for case in cases:
        prompt, whole = handle.forced(case)
        ids, before = (handle.tokenizer(text)["input_ids"] for text in (whole, prompt))
        start = len(before)
        if ids[:start] != before:
            raise SystemExit(f"{case['name']}: the tokens of the prompt change with what follows")
        single = plain_gradients(handle.model, ids, start)
        reads = {}
        with handle.precise(), default_double():
            double = plain_gradients(handle.model, ids, start)
            model = inseq.load_model(handle.model, "saliency", tokenizer=handle.tokenizer)
            for read in READS:
                found = {method: attributed(model, prompt, whole, method, read) for method in METHODS}
                if [token.id for token in found["saliency"].target] != ids:
                    raise SystemExit(f"{case['name']}: Inseq has other tokens")
                # The default aggregator's two parts (vnorm, then normalize), and the signed sum.
                norms = {method: columns(sequence, start, normalize=False) for method, sequence in found.items()}
                shares = {method: columns(sequence, start) for method, sequence in found.items()}
                sums = columns(found["input_x_gradient"], start, aggregator="sum", normalize=False)
                compare_with_plain(case["name"], read, double, norms, shares, sums)
                reads[read] = {
                    "values": numbers(torch.tensor([reads_there[read][0] for _, reads_there in double])),
                    **{
                        method: {
                            "norm": [numbers(column) for column in norms[method]],
                            "share": [numbers(column) for column in shares[method]],
                        }
                        for method in norms
                    },
                }
                reads[read]["input_x_gradient"]["sum"] = [numbers(column) for column in sums]
        for (x32, one), (x64, two) in zip(single, double):
            for read in READS:
                a, b = one[read][1], two[read][1]
                rounding["saliency_relative"] = max(
                    rounding["saliency_relative"], relative(a.norm(dim=-1), b.norm(dim=-1))
                )
                rounding["input_x_gradient_relative"] = max(
                    rounding["input_x_gradient_relative"], relative((a * x32).sum(-1), (b * x64).sum(-1))
                )
        entries.append({
            "name": case["name"], **({"text": whole, "prompt": prompt} if handle.text(case) else {}),
            "ids": ids, "start": start, "reads": reads,
        })  # fmt: skip
    return {
        "schema": SCHEMA, **handle.about, "library": f"inseq {version('inseq')}", "cases": entries,
        "rounding": {name: digits(value) for name, value in rounding.items()},
    }  # fmt: skip


def compare_with_plain(name, read, double, norms, shares, sums):
    """Inseq's numbers are what README.md says they are: norms, shares and sums of the plain gradient."""
    for step, (x, reads) in enumerate(double):
        _, gradient = reads[read]
        products = gradient * x
        pairs = [
            (norms["saliency"][step], gradient.norm(dim=-1)), (norms["input_x_gradient"][step], products.norm(dim=-1)),
            (sums[step], products.sum(-1)),
        ]  # fmt: skip
        pairs += [(shares[method][step], norms[method][step] / norms[method][step].sum()) for method in norms]
        worst = max(relative(theirs, ours) for theirs, ours in pairs)
        if not worst <= AGREEMENT:
            raise SystemExit(f"{name}, {read}, step {step}: Inseq is {worst:.1e} off the plain gradient")


# --- files ---------------------------------------------------------------------------------------

PARTS = {"greedy": greedy, "samplers": samplers, "steps": steps}


def documents(name, models_folder, only=None):
    """(file stem, golden document) for each of a model's files."""
    cases = cases_of(name)
    if name not in CAUSAL:
        if not only or "greedy" in only:
            yield "greedy", marian(name, models_folder, cases)
        return
    handle = CAUSAL[name](models_folder)
    for part, make in PARTS.items():
        if not only or part in only:
            chosen = cases["steps"] if part == "steps" else cases["prompts"]
            yield part, make(handle, [case for case in chosen if part != "samplers" or case.get("samplers")])


if __name__ == "__main__":
    sets.main(__doc__, FOLDER, [*CAUSAL, *marian_tiny.PAIRS], documents, TOLERANCE)
