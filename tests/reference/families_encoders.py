"""Makes small checkpoints of the encoder families and their reference values. usage: families_encoders.py [FAMILY]…

`golden/families/<name>/` has `config.json` and `model.safetensors` as transformers would write them, and `golden.json`. The
weights are random (normal, seeded; norm weights around one, biases not zero) and one file has the weights of *every* head
of its family, so that it is opened as several classes; what a class changes in the configuration is its head's `config`.
Every class is loaded by transformers from that folder, and none of its weights may be missing there, which holds the
names in the file to be those that transformers reads.

`golden.json`: { "cases": [ { "ids", "types"?, "shape", "hidden", "attention": { "layers", "heads", "rows", "columns",
"values" }, "heads": { NAME: { "logits", "reads": { READ: { "value", "gradient" } } } } } ],
"heads": { NAME: { "config", "kind", "position"?, "start"?, "end"?, "id"? } } }
Values are computed in float64 from the float32 weights, with attn_implementation='eager'. `hidden` is the last hidden state,
`gradient` the target's gradient at the word embeddings [token, embedding width], before positions and types are added or
anything is normalised or projected. `logits` are [label], [token, label], [start or end, token], or [vocabulary] at the
position. The first two cases are as long as each other and make a batch."""

import copy
import json
import sys

import torch
import transformers
from safetensors.torch import save_file

from common import GOLDEN, SCHEMA, number, numbers, weights, write

FOLDER = GOLDEN / "families"
STD = 0.3
LABELS = {"0": "GOOD", "1": "BAD", "2": "O"}
SMALL = dict(
    vocab_size=60, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40, max_position_embeddings=24,
    type_vocab_size=2, pad_token_id=0,
)
TYPES = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
TEXTS = [
    [2, 17, 4, 33, 58, 3, 41, 9, 25, 3],
    [2, 50, 11, 29, 4, 3, 36, 20, 47, 3],
    [2, 44, 13, 4, 3],
]


def heads(prefix, extra=None):
    """The heads of a family whose classes begin with `prefix`: the class, what it is asked, and what its configuration says
    besides."""
    return {
        "none": dict(cls=f"{prefix}Model", kind="none"),
        "sequence": dict(cls=f"{prefix}ForSequenceClassification", kind="sequence", id=1, problem="single"),
        "multi_label": dict(
            cls=f"{prefix}ForSequenceClassification", kind="sequence", id=2, problem="multi",
            config={"problem_type": "multi_label_classification"},
        ),
        "token": dict(cls=f"{prefix}ForTokenClassification", kind="token", position=3, id=2),
        "span": dict(
            cls=f"{prefix}ForQuestionAnswering", kind="span", start=1, end=3,
            config={"id2label": {"0": "LABEL_0", "1": "LABEL_1"}},
        ),
        "word": dict(cls=f"{prefix}ForMaskedLM", kind="word", position=2, id=31),
    } | (extra or {})


def only(prefix, names, extra=None):
    return {name: head for name, head in heads(prefix, extra).items() if name in names}


# Configuration, heads, and the names that older files have. Activations differ so that each is seen to be read where
# transformers reads it: RoBERTa's and ELECTRA's heads take the exact GELU whatever the configuration says.
FAMILIES = {
    "bert": dict(
        config=transformers.BertConfig(**SMALL, hidden_act="gelu", id2label=LABELS),
        heads=heads("Bert"),
    ),
    # A regression, a decoder of its own, norms by TensorFlow's names, and a classifier of the mean, which is Headlight's.
    "bert-other": dict(
        config=transformers.BertConfig(**SMALL, hidden_act="gelu_new", tie_word_embeddings=False, id2label={"0": "SCORE"}),
        heads=only("Bert", ["word", "regression", "mean"], {
            "regression": dict(cls="BertForSequenceClassification", kind="sequence", id=0, problem="regression"),
            "mean": dict(
                cls="BertForSequenceClassification", kind="mean", id=0, problem="regression",
                config={"headlight_pooling": "mean"},
            ),
        }),
        old_norms=True,
    ),
    "distilbert": dict(
        config=transformers.DistilBertConfig(
            vocab_size=60, dim=24, n_layers=2, n_heads=4, hidden_dim=40, max_position_embeddings=24, activation="relu",
            pad_token_id=0, id2label=LABELS,
        ),
        heads=heads("DistilBert"),
    ),
    "roberta": dict(
        config=transformers.RobertaConfig(
            **SMALL | dict(type_vocab_size=1, pad_token_id=1, max_position_embeddings=22), bos_token_id=0, eos_token_id=2,
            layer_norm_eps=1e-5, hidden_act="silu", id2label=LABELS,
        ),
        heads=heads("Roberta"),
    ),
    "electra": dict(
        config=transformers.ElectraConfig(**SMALL, embedding_size=16, hidden_act="gelu_new", id2label=LABELS),
        heads=heads("Electra"),
    ),
}


def configured(config, head):
    """The configuration of one head."""
    for key, value in head.get("config", {}).items():
        setattr(config, key, {int(index): name for index, name in value.items()} if key == "id2label" else value)
    return config


def state(family):
    """The weights of all classes of a family in one dictionary, by the names of their files."""
    shapes = {}
    for head in family["heads"].values():
        # The base model's names have no prefix when it is saved alone; here it is read out of a file that has them.
        if head["kind"] == "none":
            continue
        model = getattr(transformers, head["cls"])(configured(copy.deepcopy(family["config"]), head))
        tied = set(model.all_tied_weights_keys)
        for name, value in model.state_dict().items():
            if name not in tied and value.is_floating_point():
                assert shapes.setdefault(name, value.shape) == value.shape, f"{name} differs between classes"
    generator = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in sorted(shapes.items()):
        values = torch.randn(shape, generator=generator) * STD
        norm = "layernorm" in name.lower().replace("_", "") and name.endswith("weight")
        if family.get("old_norms"):
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        made[name] = (values + 1 if norm else values).contiguous()
    return made


def load(folder, head):
    """A class as transformers loads it, in double precision."""
    config = configured(transformers.AutoConfig.from_pretrained(folder), head)
    model, info = getattr(transformers, head["cls"]).from_pretrained(
        folder, config=config, output_loading_info=True, attn_implementation="eager", dtype=torch.float32
    )
    missing = [name for name in info["missing_keys"] if "pooler" not in name or head["kind"] == "sequence"]
    assert not missing and not info["mismatched_keys"], (head["cls"], info)
    return model.eval().double()


def outputs(model, head, embeddings, types):
    """The last hidden state, the attention maps and the logits from word embeddings `[token, width]`."""
    arguments = {"token_type_ids": torch.tensor([types])} if types else {}
    run = model(inputs_embeds=embeddings[None], output_attentions=True, output_hidden_states=True, **arguments)
    hidden = run.last_hidden_state if head["kind"] == "none" else run.hidden_states[-1]
    logits = None
    if head["kind"] == "mean":
        logits = model.classifier(hidden[0].mean(0))
    elif head["kind"] == "span":
        logits = torch.stack([run.start_logits[0], run.end_logits[0]])
    elif head["kind"] == "word":
        logits = run.logits[0, head["position"]]
    elif head["kind"] != "none":
        logits = run.logits[0]
    return hidden[0], torch.cat(run.attentions), logits


def read(logits, head, read):
    """The target's number out of the logits."""
    if head["kind"] == "span":
        scores = logits if read == "logit" else logits.log_softmax(-1)
        total = scores[0, head["start"]] + scores[1, head["end"]]
        return total.exp() if read == "prob" else total
    at = logits[head["position"]] if head["kind"] == "token" else logits
    problem = head.get("problem", "single")
    if read == "logit" or problem == "regression":
        return at[head["id"]]
    scores = torch.nn.functional.logsigmoid(at) if problem == "multi" else at.log_softmax(-1)
    return scores[head["id"]].exp() if read == "prob" else scores[head["id"]]


def case(models, family, ids, types, first):
    """The values of one text."""
    entry = {"ids": ids} | ({"types": types} if types else {})
    common, found = None, {}
    for name, (model, head) in models.items():
        table = model.get_input_embeddings().weight.detach()
        x = table[torch.tensor(ids)].requires_grad_()
        hidden, attention, logits = outputs(model, head, x, types)
        by_ids = model(input_ids=torch.tensor([ids]), output_hidden_states=True,
                       **({"token_type_ids": torch.tensor([types])} if types else {}))
        last = by_ids.last_hidden_state if head["kind"] == "none" else by_ids.hidden_states[-1]
        assert torch.equal(last[0], hidden), name
        if common is None:
            common = hidden.detach(), attention.detach()
        assert torch.equal(common[0], hidden) and torch.equal(common[1], attention), name
        if logits is None:
            continue
        reads = ["logit"] if head.get("problem") == "regression" else ["logit", "log_prob", "prob"] if first else ["log_prob"]
        found[name] = {"logits": numbers(logits), "reads": {}}
        for how in reads:
            value = read(logits, head, how)
            (gradient,) = torch.autograd.grad(value, x, retain_graph=True)
            found[name]["reads"][how] = {"value": number(value.detach()), "gradient": numbers(gradient, gradient.shape[1])}
    hidden, attention = common
    layers, count, rows, columns = attention.shape
    entry |= {"shape": list(hidden.shape), "hidden": numbers(hidden, hidden.shape[1])}
    entry["attention"] = {"layers": layers, "heads": count, "rows": rows, "columns": columns,
                          "values": weights(attention, columns)}
    return entry | {"heads": found}


def check_relatives(folder, ids):
    """XLM-R and CamemBERT are RoBERTa under other names: the same file gives the same hidden state, bit for bit."""
    states = []
    for cls in ("RobertaModel", "XLMRobertaModel", "CamembertModel"):
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = getattr(transformers, cls).config_class(**{k: v for k, v in config.items() if k != "model_type"})
        model = getattr(transformers, cls).from_pretrained(folder, config=config, attn_implementation="eager").eval()
        states.append(model(torch.tensor([ids])).last_hidden_state)
    assert all(torch.equal(state, states[0]) for state in states)


def make(name):
    family = FAMILIES[name]
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    first = next(iter(family["heads"].values()))
    config = family["config"].to_dict() | {"architectures": [first["cls"]]}
    config = {key: value for key, value in config.items() if value is not None and key not in ("dtype", "_name_or_path")}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    save_file(state(family), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    models = {key: (load(folder, head), head) for key, head in family["heads"].items()}
    typed = family["config"].to_dict().get("type_vocab_size", 1) > 1
    cases = [case(models, family, ids, TYPES if typed and len(ids) == len(TYPES) else None, index == 0)
             for index, ids in enumerate(TEXTS)]
    if name == "roberta":
        check_relatives(folder, TEXTS[0])
    described = {
        key: {"config": {"architectures": [head["cls"]]} | head.get("config", {})}
        | {part: head[part] for part in ("kind", "position", "start", "end", "id") if part in head}
        for key, head in family["heads"].items()
    }
    write(folder / "golden.json", {"schema": SCHEMA, "model": name, "heads": described, "cases": cases})
    print(f"  weights {(folder / 'model.safetensors').stat().st_size:,} bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for family in sys.argv[1:] or FAMILIES:
        make(family)
