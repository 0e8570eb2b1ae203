"""Golden values of Rampart, from the same ONNX file the engine reads: weights out of its blocks of four bits, in the
transformers library's BERT. onnxruntime must give the same logits."""

import numpy as np
import onnxruntime
import torch
from transformers import BertConfig, BertForTokenClassification

import bert
import onnx_weights
from common import (
    READS, SCHEMA, attention_block, attributions, number, one_file, plain_tokenizer, read_of, sha256, texts,
)  # fmt: skip

TOP = 10
# How far onnxruntime's logits may be from ours: both are float32 and sum in other orders. They are up to about 15.
AGREEMENT = 1e-4


def load(models_folder):
    """The model in float32 with dequantised weights, and the file they are from; weights take no gradient."""
    path = one_file(models_folder / "rampart", "*.onnx")
    config = BertConfig.from_json_file(path.parent / "config.json")
    config._attn_implementation = "eager"
    model = BertForTokenClassification(config)
    stored = {name: torch.from_numpy(np.array(values)) for name, values in onnx_weights.weights(path).items()}
    missing, unexpected = model.load_state_dict(stored, strict=False)
    if missing or unexpected:
        raise SystemExit(f"{path.name} lacks {missing} and has {unexpected} besides")
    model.eval().requires_grad_(False)
    return model, path


def check_logits(session, ids, logits, name):
    """The original file, run by onnxruntime, says the same."""
    row = np.array([ids], dtype=np.int64)
    feed = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    (theirs,) = session.run(["logits"], feed)
    difference = float(np.abs(theirs[0] - logits.numpy()).max())
    if not difference < AGREEMENT:
        raise SystemExit(f"rampart {name}: onnxruntime's logits differ by {difference}")
    return difference


def most_telling(special, outside):
    """The token, special ones aside, whose best label is most clearly another than O; that label; and the next best as its
    foil. The engine takes the same one where no target is named."""

    def choose(logits):
        inside = logits.clone()
        inside[:, outside] = -torch.inf
        margin = inside.max(-1).values - logits[:, outside]
        margin[special] = -torch.inf
        position = margin.argmax().item()
        label, foil = logits[position].argsort(descending=True)[:2].tolist()
        return position, label, foil

    return choose


def candidates(logits, names):
    """The best labels of one token, best first."""
    reads = {read: read_of(logits, read) for read in READS}
    return [
        {"id": index, "text": names[index], **{read: number(reads[read][index]) for read in READS}}
        for index in logits.argsort(descending=True)[:TOP].tolist()
    ]


def documents(models_folder, names=None):
    """(file stem, golden document) for each text."""
    model, path = load(models_folder)
    encoder, digest = plain_tokenizer(path.parent), sha256(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    labels = model.config.id2label
    outside = model.config.label2id["O"]
    worst = 0.0
    for text in texts("rampart"):
        if names and text["name"] not in names:
            continue
        encoding = encoder.encode(text["text"])
        ids = encoding.ids
        if text.get("tokens", len(ids)) != len(ids):
            raise SystemExit(f"{text['name']} is {len(ids)} tokens, not {text['tokens']}")
        special = [index for index, mask in enumerate(encoding.special_tokens_mask) if mask]
        single = bert.run_labels(model.bert, model.classifier, ids, most_telling(special, outside))
        worst = max(worst, check_logits(session, ids, single["logits"], text["name"]))
        with bert.double_precision(model):
            double = bert.run_labels(model.bert, model.classifier, ids, lambda _: single["chosen"])
        position, label, foil = single["chosen"]
        best = [(index, row.log_softmax(-1)) for index, row in zip(single["logits"].argmax(-1).tolist(), single["logits"])]
        yield text["name"], {
            "schema": SCHEMA,
            "model": "rampart",
            "weights_sha256": digest,
            "name": text["name"],
            "text": text["text"],
            "ids": ids,
            "pieces": encoding.tokens,
            "labels": [
                {"label": labels[index], "log_prob": number(row[index]), "prob": number(row[index].exp())}
                for index, row in best
            ],
            "top": candidates(single["logits"][position], labels),
            "target": {
                "kind": "token_label",
                "position": position,
                "id": label,
                "text": labels[label],
                "reads": attributions(single["reads"], single["embeddings"]),
            },
            "foil": {
                "id": foil,
                "text": labels[foil],
                "reads": attributions(single["foil_reads"], single["embeddings"]),
            },
            "attention": attention_block(single["maps"], causal=False),
            "float64": {
                "reads": attributions(double["reads"], double["embeddings"]),
                "foil_reads": attributions(double["foil_reads"], double["embeddings"]),
            },
            "rounding": bert.label_rounding(single, double),
        }
    print(f"rampart: onnxruntime's logits differ by {worst:.1e} at most")
