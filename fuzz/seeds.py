"""Writes the seeds of the tokenizer targets and of the shard index, from the committed golden files; the seeds of the
binary formats and of the link are written by the tests that build such files (`cargo test -- --ignored seeds`).

    python fuzz/seeds.py
"""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE.parent / "tests" / "golden" / "text" / "files"
RECORD, UNIT = "\x1e", "\x1f"
TEXT = "The lamp's café 12 <mask> <s>北京 🦤!"
NAMES = [
    "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
]


def write(target, name, text):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode())


def smaller(name, text):
    """Vocabularies of about a hundred entries: enough for every branch, and quick."""
    if name == "vocab.txt":
        return "".join(text.splitlines(True)[:120])
    if name == "vocab.json":
        vocab = json.loads(text)
        return json.dumps({token: id for token, id in vocab.items() if id < 330}, ensure_ascii=False)
    return text


def folders():
    for folder in sorted(FILES.iterdir()):
        if not folder.is_dir() or folder.name.startswith("gguf") or folder.name == "t5":
            continue
        parts = []
        vocab = None
        for name in NAMES:
            path = folder / name
            text = smaller(name, path.read_text()) if path.exists() else ""
            if name == "vocab.json" and text:
                vocab = json.loads(text)
            if name == "merges.txt" and text:
                pairs = (line.split(" ") for line in text.splitlines()[1:])
                text = "".join(f"{a} {b}\n" for a, b in pairs if {a, b, a + b} <= vocab.keys())
            if name == "added_tokens.json" and text:
                text = json.dumps({token: 330 + index for index, token in enumerate(json.loads(text))})
            text = text.replace('"600"', '"330"').replace('"601"', '"331"')
            parts.append(text)
        write("tokenizer_files", folder.name, RECORD.join([TEXT, *parts]))


def ggufs():
    for folder in sorted(FILES.glob("gguf-*")):
        vocabulary = json.loads((folder / "ids.json").read_text())["vocabulary"]
        size = 340
        kept = set(vocabulary["tokens"][:size])
        pairs = (merge.split(" ") for merge in vocabulary.get("merges", []))
        merges = [f"{a} {b}" for a, b in pairs if {a, b, a + b} <= kept]
        listed = [
            vocabulary["tokens"][:size],
            merges,
            [f"{score:g}" for score in vocabulary.get("scores", [])[:size]],
            [str(kind) for kind in vocabulary["token_types"][:size]],
            [str(vocabulary.get(role, "")) for role in ["bos", "eos", "unk", "pad", "cls", "sep", "mask"]],
        ]
        parts = [TEXT, vocabulary["model"], vocabulary.get("pre", ""), *(UNIT.join(part) for part in listed)]
        write("tokenizer_gguf", folder.name, RECORD.join([*parts, "bs" if "bos" in vocabulary else ""]))


def jsons():
    t5 = json.loads((FILES / "t5" / "tokenizer.json").read_text())
    t5["model"]["vocab"] = t5["model"]["vocab"][:120]
    t5["added_tokens"] = t5["added_tokens"][:3]
    write("tokenizer_json", "t5", RECORD.join([TEXT, json.dumps(t5, ensure_ascii=False)]))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "lamp", "##s", "cafe", "1", "##2"]
    bert = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {word: id for id, word in enumerate(words)}},
    }
    write("tokenizer_json", "bert", RECORD.join([TEXT, json.dumps(bert)]))
    bytes_ = {
        "version": "1.0", "added_tokens": [{"id": 4, "content": "<s>", "special": True, "single_word": False,
                                            "lstrip": False, "rstrip": False, "normalized": False}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace",
                       "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "unk_token": None, "vocab": {"a": 0, "\u0120": 1, "l": 2, "\u0120l": 3, "<s>": 4},
                  "merges": [["\u0120", "l"]]},
    }
    write("tokenizer_json", "bytes", RECORD.join([TEXT, json.dumps(bytes_)]))


def shards():
    index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors",
                                                          "b": "model-00002-of-00002.safetensors"}}
    write("shards", "two", json.dumps(index))
    write("shards", "elsewhere", json.dumps({"weight_map": {"a": "../a", "b": "%2e", "c": "c"}}))


if __name__ == "__main__":
    folders()
    ggufs()
    jsons()
    shards()
