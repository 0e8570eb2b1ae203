"""A tiny BERT of random weights with the heads that no registered model has, and what PyTorch says of one text each, for
the browser tests of the tasks *fill in* and *answer a question*. usage: own_heads.py

It writes tests/e2e/fixtures/tiny-heads/model.safetensors and tiny-heads.json. Tokenizer and configuration are those of
tiny-bert (`hub_model.py`); the class that `architectures` names decides which head is read, as with transformers."""

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertForMaskedLM, BertForQuestionAnswering

from common import SCHEMA, attribution, number, sha256, write
from hub_model import CONFIG, FIXTURES

MASKED = "The small [MASK] slept in the garden."
PASSAGE, QUESTION = "The old cat slept in the red house.", "Where is the cat?"


def explained(model, encoding, read):
    """`read` of the model's output, with its gradient at the word embeddings."""
    ids, types = torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids])
    embeddings = model.bert.embeddings.word_embeddings(ids).detach().requires_grad_(True)
    value, more = read(model(inputs_embeds=embeddings, token_type_ids=types))
    (gradient,) = torch.autograd.grad(value, embeddings)
    return {"ids": encoding.ids, "target": {**attribution(value.detach(), gradient[0], embeddings.detach()[0]), **more}}


def fill(model, encoding):
    position = encoding.tokens.index("[MASK]")

    def read(output):
        logits = output.logits[0, position]
        top = logits.topk(10)
        return top.values[0], {"position": position, "id": top.indices[0].item(), "top": top.indices.tolist(),
                               "prob": number(logits.softmax(-1).max().detach())}  # fmt: skip

    return explained(model, encoding, read)


def answer(model, encoding):
    # The question comes first; the answer lies in the passage.
    passage = [at for at, part in enumerate(encoding.sequence_ids) if part == 1]

    def read(output):
        starts, ends = output.start_logits[0], output.end_logits[0]
        spans = [(starts[a] + ends[b], a, b) for a in passage for b in passage if a <= b < a + 30]
        value, start, end = max(spans, key=lambda span: span[0].item())
        return value, {"start": start, "end": end}

    return explained(model, encoding, read)


def main():
    torch.manual_seed(20261124)
    config = BertConfig(**CONFIG, initializer_range=0.2, attn_implementation="eager")
    models = [kind(config).eval() for kind in (BertForMaskedLM, BertForQuestionAnswering)]
    # One encoder below both heads.
    models[1].bert.load_state_dict(models[0].bert.state_dict())
    folder = FIXTURES / "tiny-heads"
    folder.mkdir(parents=True, exist_ok=True)
    state = models[1].state_dict() | models[0].state_dict()
    # The decoder's matrix is the embeddings', and its bias has a name of its own.
    state = {name: tensor.contiguous() for name, tensor in state.items() if not name.startswith("cls.predictions.decoder")}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})

    tokenizer = Tokenizer.from_file(str(FIXTURES / "tiny-bert" / "tokenizer.json"))
    write(FIXTURES / "tiny-heads.json", {
        "schema": SCHEMA,
        "model": "tiny-heads",
        "weights_sha256": sha256(folder / "model.safetensors"),
        "fill": {"class": "BertForMaskedLM", "text": MASKED, **fill(models[0], tokenizer.encode(MASKED))},
        "answer": {"class": "BertForQuestionAnswering", "text": PASSAGE, "second_text": QUESTION,
                   **answer(models[1], tokenizer.encode(QUESTION, PASSAGE))},
    })  # fmt: skip


if __name__ == "__main__":
    main()
