"""Small random encoder-decoder checkpoints and their golden values: Marian and T5 with transformers' own code, and the
"tiny" Marian with an SSRU decoder written out in plain PyTorch (marian_tiny.py).

    python tests/reference/families_seq2seq.py [marian|marian-separate|t5|t5-v1.1|marian-ssru]…

Writes tests/golden/families/<name>/{config.json,model.safetensors,golden.json}. There is no tokenizer: texts are token ids.
Weights are drawn with a fixed seed, larger than a training would start from, so that attention is far from even. Gradients
are float64's; everything else is float32's.

x is what a run starts from: the word embeddings, scaled where the family scales them, before positions are added.
"""

import json
import sys

import torch
from safetensors.torch import save_file
from transformers import GenerationConfig, MarianConfig, MarianMTModel, T5Config, T5ForConditionalGeneration

import marian_tiny
from common import GOLDEN, SCHEMA, number, numbers, weights, write

LIMIT = 24
BEAMS = 4

# For each a text (as `sequence` takes it) whose translation soon comes to its end, with something different in it. All of
# its ids are in both vocabularies, where there are two: one tokenizer serves both.
SHORT = {
    "marian": (69, 15, 9), "marian-separate": (93, 69, 7), "t5": (19, 42, 7), "t5-v1.1": (49, 63, 5), "marian-ssru": (13, 9, 9),
}  # fmt: skip


def sequence(step, start, length, vocabulary):
    return [(i * step + start) % (vocabulary - 4) + 3 for i in range(length)]


def marian(separate):
    """Marian in transformers' layout: shared embeddings with SiLU, or separate ones with GELU and a vocabulary each."""
    config = MarianConfig(
        vocab_size=96, decoder_vocab_size=80 if separate else 96, share_encoder_decoder_embeddings=not separate,
        d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=48, decoder_ffn_dim=48, max_position_embeddings=64, scale_embedding=True,
        activation_function="gelu" if separate else "swish", pad_token_id=79 if separate else 95,
        decoder_start_token_id=79 if separate else 95, eos_token_id=0, init_std=0.25, dropout=0.0,
        attn_implementation="eager",
    )  # fmt: skip
    torch.manual_seed(7 + separate)
    model = MarianMTModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "layer_norm" in name or name.endswith("bias"):
                parameter.add_(torch.randn_like(parameter) * 0.2)
        # Where the head is the embedding, a random decoder repeats its last token: signs at the last norm undo that.
        last = model.model.decoder.layers[-1].final_layer_norm.weight
        last.mul_(torch.randint(0, 2, last.shape) * 2 - 1)
        # More of what was written last, less of the bias alone.
        for table in {model.model.encoder.embed_tokens.weight, model.model.decoder.embed_tokens.weight}:
            table.mul_(1.6)
        model.final_logits_bias.copy_(torch.randn_like(model.final_logits_bias) * 0.3)
        # Else random models never come to an end.
        model.final_logits_bias[0, 0] += 3.0
    # Else the last token that the limit allows is always the end.
    model.config.forced_eos_token_id = model.generation_config.forced_eos_token_id = None
    return model


def t5(gated):
    """T5 with ReLU and a tied head, or v1.1 with gated GELU and a head of its own."""
    config = T5Config(
        vocab_size=96, d_model=32, d_kv=9 if gated else 10, d_ff=32, num_layers=2, num_decoder_layers=2, num_heads=4,
        relative_attention_num_buckets=16, relative_attention_max_distance=20,
        feed_forward_proj="gated-gelu" if gated else "relu", tie_word_embeddings=not gated, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0, dropout_rate=0.0, attn_implementation="eager",
    )  # fmt: skip
    torch.manual_seed(11 + gated)
    model = T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        if gated:
            model.lm_head.weight = torch.nn.Parameter(torch.randn(96, 32) * 0.4)
        for name, parameter in model.named_parameters():
            if name == "lm_head.weight":
                continue
            if "layer_norm" in name:
                parameter.copy_(1 + torch.randn_like(parameter) * 0.2)
            elif "relative_attention_bias" in name:
                parameter.copy_(torch.randn_like(parameter))
            elif parameter.dim() == 2 and "shared" not in name:
                parameter.copy_(torch.randn_like(parameter) * (0.5 if ".q." in name else 1.2) * parameter.shape[1] ** -0.5)
        last = model.decoder.final_layer_norm.weight
        last.mul_(torch.randint(0, 2, last.shape) * 2 - 1)
        model.shared.weight.copy_(torch.randn_like(model.shared.weight) * (1.0 if gated else 1.5))
    return model


class Library:
    """A model of transformers behind the same few calls as `marian_tiny.Tiny`."""

    def __init__(self, model):
        self.model = model
        self.generation = model.config
        self.is_t5 = model.config.model_type == "t5"
        self.encoder, self.decoder = model.get_encoder(), model.get_decoder()

    def embed(self, ids, decoder):
        stack = self.decoder if decoder else self.encoder
        return stack.embed_tokens(torch.tensor(ids)) * (1.0 if self.is_t5 else stack.embed_scale)

    def run(self, source, prefix):
        """From embeddings [batch, token, width] to logits [batch, token, vocabulary] and everything on the way."""
        # transformers scales what a Marian decoder is given, but not what its encoder is given.
        scale = 1.0 if self.is_t5 else self.decoder.embed_scale
        out = self.model(
            inputs_embeds=source, decoder_inputs_embeds=prefix / scale, output_attentions=True, output_hidden_states=True,
            use_cache=False,
        )
        return {
            "logits": out.logits, "encoder": out.encoder_attentions, "decoder": out.decoder_attentions,
            "cross": out.cross_attentions, "memory": out.encoder_last_hidden_state, "hidden": out.decoder_hidden_states[-1],
        }  # fmt: skip

    def double(self):
        self.model.double()

    def generate(self, source, beams):
        config = self.model.config
        never = [] if self.is_t5 else [[config.pad_token_id]]
        options = GenerationConfig(
            num_beams=beams, do_sample=False, max_new_tokens=LIMIT, length_penalty=1.0, early_stopping=False,
            eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id,
            decoder_start_token_id=config.decoder_start_token_id, bad_words_ids=never or None, forced_eos_token_id=None,
            return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
        out = self.model.generate(torch.tensor([source]), generation_config=options)
        ids = out.sequences[0, 1:].tolist()
        score = out.sequences_scores[0].item() if beams > 1 else None
        if config.eos_token_id in ids:
            ids = ids[: ids.index(config.eos_token_id) + 1]
        return ids, score

    def save(self, folder):
        state = {name: tensor.contiguous() for name, tensor in self.model.state_dict().items()}
        drop = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "model.shared.weight"}
        config = json.loads(self.model.config.to_json_string(use_diff=False))
        if self.is_t5:
            if state["lm_head.weight"].data_ptr() == state["shared.weight"].data_ptr():
                drop |= {"lm_head.weight"}
        else:
            drop |= {"lm_head.weight", "model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight"}
            if config["share_encoder_decoder_embeddings"]:
                drop = drop - {"model.shared.weight"}
                drop |= {"model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"}
        save_file({name: t for name, t in state.items() if name not in drop}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def maps(attentions):
    """A stack's maps [layer, head, query, key] of the first of the batch."""
    stacked = torch.stack([attention[0] for attention in attentions])
    layers, heads, rows, columns = stacked.shape
    return {"layers": layers, "heads": heads, "rows": rows, "columns": columns, "values": weights(stacked, columns)}


def gradients(model, source, prefix, target):
    """The logit and log-probability of `target` after the prefix, and their gradients at both embeddings."""
    result = {}
    for read in ("logit", "log_prob"):
        x, y = (model.embed([ids], which).detach().requires_grad_(True) for ids, which in ((source, False), (prefix, True)))
        logits = model.run(x, y)["logits"][0, -1]
        value = (logits if read == "logit" else torch.log_softmax(logits, -1))[target]
        at_source, at_prefix = torch.autograd.grad(value, (x, y))
        result[read] = {
            "value": number(value.item()), "source": numbers(at_source, at_source.shape[-1]),
            "prefix": numbers(at_prefix, at_prefix.shape[-1]),
        }  # fmt: skip
    return result


def case(model, source, prefix, full):
    with torch.no_grad():
        out = model.run(model.embed([source], False), model.embed([prefix], True))
    target = out["logits"][0, -1].argmax().item()
    kept = {
        "source": source,
        "prefix": prefix,
        "memory": numbers(out["memory"][0], out["memory"].shape[-1]),
        "hidden": numbers(out["hidden"][0], out["hidden"].shape[-1]),
        "logits": numbers(out["logits"][0, -1]),
        "encoder": maps(out["encoder"]),
        "cross": maps(out["cross"]),
        "target": target,
    }
    if out["decoder"] is not None:
        kept["decoder"] = maps(out["decoder"])
    if full:
        kept["gradients"] = None
    return kept


def document(name, model, vocabulary, start, target_vocabulary=None):
    written = target_vocabulary or vocabulary
    first = (sequence(37, 11, 9, vocabulary), [start, *sequence(29, 5, 6, written)])
    # Long enough to come to T5's last bucket on either side.
    second = (sequence(23, 2, 26, vocabulary), [start, *sequence(41, 8, 3, written)])
    third = (sequence(53, 7, 9, vocabulary), [start, *sequence(19, 1, 6, written)])
    cases = [case(model, *first, True), case(model, *second, False), case(model, *third, True)]
    # What a program that translates is in when it explains the last token of what it wrote.
    source = sequence(*SHORT[name], vocabulary)
    greedy, _ = model.generate(source, 1)
    cases.append(case(model, source, [start, *greedy[:-1]], True))
    assert cases[-1]["target"] == greedy[-1] and len(greedy) < LIMIT, greedy
    decoded = []
    for step, begin, length in ((37, 11, 9), (23, 2, 14), (53, 7, 5), (61, 30, 7), (13, 40, 11), (71, 3, 3)):
        source = sequence(step, begin, length, vocabulary)
        greedy, _ = model.generate(source, 1)
        ids, score = model.generate(source, BEAMS)
        decoded.append({"source": source, "greedy": greedy, "beam": ids, "beam_score": number(score)})
    model.double()
    for one in cases:
        if "gradients" in one:
            one["gradients"] = gradients(model, one["source"], one["prefix"], one["target"])
    return {
        "schema": SCHEMA, "model": name, "limit": LIMIT, "beams": BEAMS, "cases": cases, "decoded": decoded,
    }  # fmt: skip


def make(name):
    folder = GOLDEN / "families" / name
    folder.mkdir(parents=True, exist_ok=True)
    if name == "marian-ssru":
        model = marian_tiny.random_model(23)
        model.save(folder)
        doc = document(name, model, model.vocabulary, model.vocabulary)
    else:
        built = marian(name == "marian-separate") if name.startswith("marian") else t5(name == "t5-v1.1")
        model = Library(built)
        model.save(folder)
        target = built.config.decoder_vocab_size if name.startswith("marian") else None
        doc = document(name, model, 96, built.config.decoder_start_token_id, target)
        if name == "t5":
            doc["buckets"] = buckets()
    write(folder / "golden.json", doc)
    for file in ("model.safetensors", "golden.json"):
        size = (folder / file).stat().st_size
        print(f"  {file}: {size:,} bytes")
    print("  ", [(d["greedy"], d["beam"], round(d["beam_score"], 3)) for d in doc["decoded"]])
    rows = torch.tensor(doc["cases"][0]["cross"]["values"]).view(-1, doc["cases"][0]["cross"]["columns"])
    print("   cross-attention's greatest weight, mean:", round(rows.max(-1).values.mean().item(), 3))


def buckets():
    """Which bucket transformers gives each distance of T5's own sizes, both ways and for a decoder."""
    from transformers.models.t5.modeling_t5 import T5Attention

    offsets = torch.arange(-300, 301)
    return {
        str(both).lower(): T5Attention._relative_position_bucket(offsets, both, 32, 128).tolist() for both in (True, False)
    }


NAMES = ("marian", "marian-separate", "t5", "t5-v1.1", "marian-ssru")

if __name__ == "__main__":
    torch.set_num_threads(1)
    for chosen in sys.argv[1:] or NAMES:
        make(chosen)
