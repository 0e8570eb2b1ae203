"""The tiny model that the tests of a hub serve: a BERT encoder of random weights with a tokenizer of 160 entries, as
`transformers` writes it, and what PyTorch says of one pair of texts. usage: hub_model.py

It writes tests/e2e/fixtures/tiny-bert/ (files of a repository), tiny-shards/ (the same model with its weights in two files
and its vocabulary as a list) and tiny-bert.json (values)."""

import json
import string

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

import bert
from common import HERE, SCHEMA, attribution, sha256, weights, write

FIXTURES = HERE.parent / "e2e" / "fixtures"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """the cat dog sat on mat rug in house garden sun is was not and of to old young small big red blue ran slept
looks like one two three light head tree river road night day""".split()
CONFIG = dict(
    hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=160, type_vocab_size=2,
    max_position_embeddings=64, hidden_act="gelu", layer_norm_eps=1e-12,
)  # fmt: skip
TEXT, SECOND = "The cat sat on the mat.", "A small dog slept in the garden."


def tokenizer():
    letters = list(string.ascii_lowercase + string.digits)
    vocabulary = SPECIAL + letters + ["##" + letter for letter in letters] + list(".,!?;:'\"-()") + WORDS
    vocabulary += [f"[unused{i}]" for i in range(CONFIG["vocab_size"] - len(vocabulary))]
    if len(vocabulary) != CONFIG["vocab_size"] or len(set(vocabulary)) != len(vocabulary):
        raise SystemExit(f"the vocabulary has {len(vocabulary)} entries, {len(set(vocabulary))} of them different")
    result = Tokenizer(WordPiece({piece: index for index, piece in enumerate(vocabulary)}, unk_token="[UNK]"))
    result.normalizer, result.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    result.add_special_tokens(SPECIAL)
    result.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return result, vocabulary


def cut(state, folder):
    """The weights in two files with an index, as `save_pretrained` names them."""
    names = list(state)
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    where = {}
    for number, half in enumerate(halves, 1):
        name = f"model-{number:05}-of-{len(halves):05}.safetensors"
        save_file({weight: state[weight] for weight in half}, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(half, name)
    size = sum(tensor.nbytes for tensor in state.values())
    index = {"metadata": {"total_size": size}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def main():
    torch.manual_seed(20261123)
    config = BertConfig(**CONFIG, initializer_range=0.2)
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False).eval().requires_grad_(False)
    encoder, vocabulary = tokenizer()
    folder, shards = FIXTURES / "tiny-bert", FIXTURES / "tiny-shards"
    for each in (folder, shards):
        each.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    cut(state, shards)
    declared = {"architectures": ["BertModel"], "model_type": "bert", **CONFIG}
    for name, value in {
        "config.json": declared,
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64},
        "special_tokens_map.json": {f"{piece[1:-1].lower()}_token": piece for piece in SPECIAL},
    }.items():
        for each in (folder, shards):
            (each / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    encoder.save(str(folder / "tokenizer.json"))
    for each in (folder, shards):
        (each / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")

    first, second = encoder.encode(TEXT), encoder.encode(SECOND)
    result = bert.run(model, first.ids, second.ids)
    maps = result["maps"]
    document = {
        "schema": SCHEMA,
        "model": "tiny-bert",
        "weights_sha256": sha256(folder / "model.safetensors"),
        "text": TEXT,
        "second_text": SECOND,
        "ids": first.ids,
        "second_ids": second.ids,
        "target": {"kind": "similarity", **attribution(result["value"], result["gradient"], result["embeddings"])},
        "attention": {
            "layers": maps.shape[0], "heads": maps.shape[1], "rows": maps.shape[2], "columns": maps.shape[3],
            "values": weights(maps, maps.shape[3]),
        },
    }  # fmt: skip
    write(FIXTURES / "tiny-bert.json", document)


if __name__ == "__main__":
    main()
