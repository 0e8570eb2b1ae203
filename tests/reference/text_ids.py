"""Reference token ids for `crates/text`: SmolLM2's and MiniLM's, by the transformers library, from the real files.

    python tests/reference/text_ids.py [CACHE]

CACHE is the folder that `cargo xtask models` fills (default: $HEADLIGHT_CACHE, then ~/.cache/headlight).

SmolLM2's tokenizer comes out of its GGUF file. What transformers makes of that file splits a text by GPT-2's rule
alone; the published tokenizer puts each digit by itself first (llama.cpp's "smollm" does the same), which makes a
difference where several spaces or line ends stand before a digit. So that step is put back here.
"""

import json
import os
import pathlib
import sys

import transformers
from tokenizers import pre_tokenizers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "text"
CACHE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEADLIGHT_CACHE", "~/.cache/headlight"))
MODELS = CACHE.expanduser() / "models"

LONG = (
    "The lighthouse stood on the northern rocks, and every evening its keeper climbed the hundred and twelve steps to "
    "light the lamp. He had done so for thirty years, through storms that tore the slates from the roof and through "
    "summers so still that the sea looked like glass. Ships that passed at night saw the beam sweep over the water and "
    "knew where they were; few of those on board ever thought of the man behind it. One autumn a letter came. The lamp, "
    "it said, would be replaced by a machine that needed no keeper, and he might stay in the house until the spring. "
    "He read it twice, folded it, and put it under the clock. That night he climbed the stairs as always, and when the "
    "lamp was burning he sat down beside it and, for the first time, did not go back to bed, but watched the beam go "
    "round until the sky turned grey, counting the ships as they went by, one after the other, each of them safe, and "
    "none of them knowing his name or that this was one of the last times that a hand had lit the way for them."
)
TEXTS = {
    "plain": "The capital of France is",
    "capitals": "Headlight shows WHICH Words An Answer Rests On",
    "punctuation": "Wait -- what?! \"Yes,\" (she said); don't you've we'll... it's #1 & co/op @home: 50% [sic] {x} <y> ~`^_|\\",
    "digits": "In 1984, 3.14159 was 22/7 and 1000000 > 999,999; call +49 30 1234567.",
    "digits after spaces": "a  12   345\n\n6\t7 ½ ² ٣ ①",
    "emoji": "I ❤️ this 😀👍🏽! A family: 👨‍👩‍👧‍👦, a flag: 🇵🇹, and a 🦤.",
    "chinese": "北京是中国的首都。我喜欢用显微镜观察注意力，𠮷野家也很好吃！",
    "long": LONG,
    "empty": "",
    "one space": " ",
    "whitespace": "   \t  two  spaces \u00a0 and\u3000wide  ",
    "newlines": "one\ntwo\r\nthree\n\n\n four\n",
    "right to left": "שלום עולם, مرحبا بالعالم! (abc)",
    "combining marks": "cafe\u0301 naïve Z\u0351a\u0317l\u0310g\u033do\u0301 ệ ệ",
    "scripts": "Привет, κόσμε, नमस्ते दुनिया, こんにちは、안녕하세요 ไทย",
    "special names": "<|im_start|>user\nHi<|im_end|> [SEP] and [CLS][MASK] <|endoftext|>[UNK] [PAD]<|im_start",
    "control characters": "a\u0004b !\u0004? x\u0000y\u007fz\u001d",
    "rare planes": "\U0001f9a4 \U000e0041 \U0010ffff \U00040000 \ufeff\u200b\u200d\ufffd",
    "one long word": "a" * 300,
    "long unbroken": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2,
    "code": "def f(x):\n    return x**2  # square\n\tif x != 0x1F: pass",
    "unassigned": "日本語\u0378 ﬁ ﷺ ㎏ Ⅷ",
}
PAIRS = {
    "two sentences": ("A man is eating food.", "Someone eats a meal."),
    "second empty": ("Only the first.", ""),
    "first empty": ("", "Only the second."),
    "mixed": ("北京 😀", "café [SEP] x"),
}


def smollm2():
    folder = MODELS / "smollm2"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file="model.gguf")
    plain = {name: tokenizer(text)["input_ids"] for name, text in TEXTS.items()}
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    cases = [{"name": name, "text": text, "ids": tokenizer(text)["input_ids"]} for name, text in TEXTS.items()]
    print("the digits step matters for:", [case["name"] for case in cases if case["ids"] != plain[case["name"]]])
    return {"vocabulary_size": len(tokenizer), "cases": cases}


def byte_spans(text, encoded):
    """Transformers counts in characters; ours counts in bytes. `None` for what the tokenizer inserted."""
    at = [0]
    for character in text:
        at.append(at[-1] + len(character.encode()))
    return [
        [at[start], at[end]] if sequence is not None else None
        for (start, end), sequence in zip(encoded["offset_mapping"], encoded.sequence_ids())
    ]


def minilm():
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODELS / "minilm")
    cases = []
    for name, text in TEXTS.items():
        encoded = tokenizer(text, return_offsets_mapping=True)
        cases.append({"name": name, "text": text, "ids": encoded["input_ids"], "spans": byte_spans(text, encoded)})
    for name, (first, second) in PAIRS.items():
        encoded = tokenizer(first, second)
        cases.append({
            "name": name,
            "text": first,
            "second": second,
            "ids": encoded["input_ids"],
            "type_ids": encoded["token_type_ids"],
        })
    return {"vocabulary_size": len(tokenizer), "cases": cases}


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for model, make in {"smollm2": smollm2, "minilm": minilm}.items():
        result = {"made_by": "tests/reference/text_ids.py", "transformers": transformers.__version__, **make()}
        text = json.dumps(result, ensure_ascii=True, separators=(",", ":")).replace('{"name"', '\n{"name"')
        (GOLDEN / f"{model}.json").write_text(text + "\n")
