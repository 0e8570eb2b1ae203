"""The committed values of heads of the small causal checkpoints against TransformerLens (the bridge of its version 4, raw
weights, float32): hooks, ablation, head scores, induction, lens, direct attribution, patching. Writes nothing; prints the
greatest difference of each figure, over the greatest of its values.

    python tests/reference/heads_transformer_lens.py"""

import json
import tempfile

import torch
from tokenizers import Tokenizer, models
from transformer_lens import head_detector, patching
from transformer_lens.model_bridge import TransformerBridge
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from common import GOLDEN, read_of
from heads import SMALL_REPEATED, repeated
from methods_subjects import FAMILIES

TOLERANCE = 1e-4
NAMES = ("gpt2", "gpt_neox", "llama")


def tokenizer(folder):
    """The bridge asks for one, though texts are ids: a word for each id."""
    words = Tokenizer(models.WordLevel({str(index): index for index in range(96)}, unk_token="0"))
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="0", bos_token="1", eos_token="2", pad_token="2")
    made.save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder, add_bos_token=True)


def bridge(name, folder):
    model = AutoModelForCausalLM.from_pretrained(FAMILIES / name, attn_implementation="eager", dtype=torch.float32).eval()
    return TransformerBridge.boot_transformers(
        str(FAMILIES / name), hf_model=model, tokenizer=tokenizer(folder), device="cpu"
    )


@torch.no_grad()
def compare(name, model):
    golden = json.loads((GOLDEN / "heads" / "families" / f"{name}.json").read_text(encoding="utf-8"))
    text, other = (torch.tensor([golden[key]]) for key in ("ids", "other_ids"))
    target, (stack,) = golden["target"], golden["stacks"]
    layers, heads = stack["layers"], stack["heads"]

    def metric(logits):
        values = read_of(logits[0, -1], target["read"])
        return values[target["id"]] - (values[target["foil"]["id"]] if "foil" in target else 0)

    logits, cache = model.run_with_cache(text)
    _, there = model.run_with_cache(other)
    value, found = metric(logits), {}
    found["value"] = value, golden["value"]

    def without(name, head=None):
        def hook(activation, hook):
            activation = activation.clone()
            if head is None:
                return torch.zeros_like(activation)
            activation[:, :, head] = 0
            return activation

        return (value - metric(model.run_with_hooks(text, fwd_hooks=[(name, hook)]))).item()

    ablation = [without(f"blocks.{layer}.attn.hook_z", head) for layer in range(layers) for head in range(heads)]
    found["ablation of heads"] = ablation, stack["ablation"]
    found["ablation of MLPs"] = [without(f"blocks.{layer}.hook_mlp_out") for layer in range(layers)], golden["mlps"]["only"]

    # What TransformerLens calls corrupted is what something is put into.
    for kind, patch, ours in (
        ("patched z", patching.get_act_patch_attn_head_out_all_pos, stack["patching"]["z"]),
        ("patched patterns", patching.get_act_patch_attn_head_pattern_all_pos, stack["patching"]["pattern"]),
        ("patched residual", patching.get_act_patch_resid_pre, golden["residual"]["only"]["values"]),
    ):
        found[kind] = patch(model, text, there, metric) - value, ours

    # Its head detector's share is of all attention, ours of the queries that have such a key.
    maps = torch.stack([cache["pattern", layer][0] for layer in range(layers)])
    for ours, theirs in (("previous", "previous_token_head"), ("duplicate", "duplicate_token_head"), ("induction", "induction_head")):
        pattern = getattr(head_detector, f"get_{theirs}_detection_pattern")(text)
        scores = [
            head_detector.compute_head_attention_similarity_score(
                map_, pattern, exclude_bos=False, exclude_current_token=False, error_measure="mul"
            )
            for map_ in maps.flatten(0, 1)
        ]
        queries = (pattern.sum(-1) > 0).sum().item()
        found[f"share on {ours}"] = torch.tensor(scores) * text.shape[1] / queries, stack["profile"][ours]

    scores = 0
    texts = repeated(*SMALL_REPEATED)
    for ids in texts:
        _, drawn = model.run_with_cache(torch.tensor([ids]))
        length = len(ids) // 2
        diagonal = [drawn["pattern", layer][0].diagonal(offset=1 - length, dim1=-2, dim2=-1) for layer in range(layers)]
        scores = scores + torch.stack(diagonal).mean(-1)
    found["induction"] = scores / len(texts), golden["induction"]["scores"]

    # The lens. `accumulated_resid` can keep the norm's scale as it was at the end, which is another thing; so the norm is
    # asked anew.
    states = cache.accumulated_resid(layer=None, incl_mid=False)[:, 0]
    read = model.unembed(model.ln_final(states))[:, -1]
    foil = read[:, target["foil"]["id"]] if "foil" in target else 0
    found["lens"] = read[:, target["id"]] - foil, golden["lens"]["logit"]

    # Direct attribution: what each part wrote, the final norm's scale what it was, times the target's direction. The norm's
    # weight has to be folded into the unembedding for that, and nothing else may move.
    model.enable_compatibility_mode(
        disable_warnings=True, fold_ln=True, center_writing_weights=False, center_unembed=False, fold_value_biases=False
    )
    _, cache = model.run_with_cache(text)
    tokens = target["id"]
    wrong = {"incorrect_tokens": target["foil"]["id"]} if "foil" in target else {}
    direct = golden["direct"]
    written = cache.stack_head_results(layer=-1, pos_slice=-1, incl_remainder=False)
    found["direct, heads"] = cache.logit_attrs(written, tokens, pos_slice=-1, **wrong), direct["heads"]["only"]
    mlps = cache.decompose_resid(layer=-1, mlp_input=False, mode="mlp", incl_embeds=False, pos_slice=-1)
    found["direct, MLPs"] = cache.logit_attrs(mlps, tokens, pos_slice=-1, **wrong), direct["mlps"]

    greatest = 0.0
    for figure, (theirs, ours) in found.items():
        theirs, ours = torch.as_tensor(theirs).flatten().double(), torch.as_tensor(ours).flatten().double()
        off = ((theirs - ours).abs().max() / ours.abs().max()).item()
        print(f"{name}: {figure}: {off:.1e}", flush=True)
        greatest = max(greatest, off)
    return greatest


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        worst = max(compare(name, bridge(name, folder)) for name in NAMES)
    if worst > TOLERANCE:
        raise SystemExit(f"Some values differ by more than {TOLERANCE}.")
