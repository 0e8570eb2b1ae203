"""Writes the page that BertViz's model_view makes of attention weights.

usage: python model_view.py WEIGHTS DESCRIPTION OUTPUT LIMIT
WEIGHTS holds little-endian float32, [layers, heads, tokens, tokens]; DESCRIPTION is JSON with `layers`, `heads` and
`tokens`, the tokens' texts. BertViz's own function does it, within LIMIT bytes of memory. Of PyTorch it uses five
operations on tensors and of IPython two classes that hold a string; the stand-ins below save installing gigabytes. They
change no byte: `tolist` widens single precision to double there too. Prints one JSON line: seconds, peak memory, and how
often the page has the weights in it: its script names the place where they go twice, once in a comment.
"""

import array
import json
import math
import resource
import sys
import time
import types


class Tensor:
    """As much of torch.Tensor as model_view uses, on memory that is in order."""

    def __init__(self, values, shape):
        self.values = values
        self.shape = shape

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        if isinstance(index, list):
            if index != list(range(len(self))):
                raise NotImplementedError("all heads are shown")
            return self
        if not 0 <= index < len(self):
            raise IndexError(index)
        size = math.prod(self.shape[1:])
        return Tensor(self.values[index * size : (index + 1) * size], self.shape[1:])

    def size(self, axis):
        return self.shape[axis]

    def squeeze(self, axis):
        if axis != 0 or self.shape[0] != 1:
            raise NotImplementedError("only the batch of one is squeezed")
        return Tensor(self.values, self.shape[1:])

    def tolist(self):
        return self.values.cast("B").cast("f", self.shape).tolist()


def stack(tensors):
    joined = memoryview(b"".join(tensor.values for tensor in tensors)).cast("f")
    return Tensor(joined, (len(tensors), *tensors[0].shape))


class Shown:
    """IPython's HTML and Javascript, which keep what they are given."""

    def __init__(self, data):
        self.data = data


def main():
    weights, description, output, limit = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    torch = types.ModuleType("torch")
    torch.stack = stack
    display = types.ModuleType("IPython.display")
    display.HTML = display.Javascript = Shown
    display.display = print
    sys.modules.update({"torch": torch, "IPython": types.ModuleType("IPython"), "IPython.display": display})
    from bertviz import model_view

    with open(description, encoding="utf-8") as file:
        described = json.load(file)
    layers, heads, tokens = described["layers"], described["heads"], described["tokens"]
    values = array.array("f")
    with open(weights, "rb") as file:
        values.frombytes(file.read())
    shape = (1, heads, len(tokens), len(tokens))
    size = math.prod(shape)
    assert len(values) == layers * size, "as many weights as the description says"
    view = memoryview(values)
    began = time.perf_counter()
    attention = [Tensor(view[layer * size : (layer + 1) * size], shape) for layer in range(layers)]
    html = model_view(attention, tokens, html_action="return")
    with open(output, "w", encoding="utf-8") as file:
        file.write(html.data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak, "copies": html.data.count('"default_filter"')}))


main()
