"""MiniLM as ONNX with every attention map as an output, for timing onnxruntime on the same weights and the same work.
usage: export_onnx.py [--models FOLDER] [--output minilm.onnx]

Input `ids` [1, t] int64. Outputs `h` [1, t, width], the last hidden state, and `att` [layers, 1, heads, t, t]."""

from pathlib import Path

import onnx
import torch
from onnx.reference import ReferenceEvaluator

import minilm
from common import arguments


class WithAttentions(torch.nn.Module):
    """All tokens are attended to and all type ids are zero, as for a single unpadded text. Type and position ids are given,
    because the gather that transformers otherwise makes them with is not exported well."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        out = self.model(
            input_ids=ids,
            token_type_ids=torch.zeros_like(ids),
            position_ids=torch.arange(ids.shape[1])[None],
            output_attentions=True,
        )
        return out.last_hidden_state, torch.stack(out.attentions)


@torch.no_grad()
def difference(model, path, ids):
    """The exported graph, run by ONNX's own reference evaluator at a length it was not traced with, against PyTorch."""
    found = ReferenceEvaluator(str(path)).run(None, {"ids": ids.numpy()})
    worst = max((torch.from_numpy(a) - b).abs().max().item() for a, b in zip(found, model(ids), strict=True))
    if not worst <= 1e-4:
        raise SystemExit(f"the exported model is {worst:.1e} off PyTorch")
    return worst


def main():
    parser = arguments(__doc__)
    parser.add_argument("--output", type=Path, default=Path("minilm.onnx"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, _ = minilm.load(options.models)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    # The exporter puts the whole module back into the mode it found its outermost part in.
    wrapped = WithAttentions(model).eval()
    torch.onnx.export(
        wrapped,
        (torch.randint(1000, 20000, (1, 32)),),
        str(options.output),
        input_names=["ids"],
        output_names=["h", "att"],
        dynamic_axes={"ids": {1: "t"}, "h": {1: "t"}, "att": {3: "t", 4: "t"}},
        opset_version=17,
        dynamo=False,
    )
    onnx.checker.check_model(str(options.output))
    ids = torch.randint(1000, 20000, (1, 9))
    print(f"largest difference from PyTorch at {ids.shape[1]} tokens: {difference(wrapped, options.output, ids):.1e}")
    print(f"{options.output}  {options.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
