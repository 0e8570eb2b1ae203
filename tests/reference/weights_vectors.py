"""Reference values for `crates/weights`: dequantised blocks, and a checksum of every tensor of the two real models.

    python tests/reference/weights_vectors.py [CACHE]

CACHE is the folder that `cargo xtask models` fills (default: $HEADLIGHT_CACHE, then ~/.cache/headlight).
Needs `gguf`, `numpy` and `safetensors`. Values are written as the hexadecimal bytes of little-endian float32.
"""

import json
import os
import pathlib
import sys

import gguf
import numpy as np
import safetensors.numpy

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "weights"
CACHE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEADLIGHT_CACHE", "~/.cache/headlight"))
MODELS = CACHE.expanduser() / "models"
TYPES = [
    gguf.GGMLQuantizationType.F16,
    gguf.GGMLQuantizationType.BF16,
    gguf.GGMLQuantizationType.Q4_0,
    gguf.GGMLQuantizationType.Q4_1,
    gguf.GGMLQuantizationType.Q5_0,
    gguf.GGMLQuantizationType.Q5_1,
    gguf.GGMLQuantizationType.Q8_0,
]
# Blocks of 256, which the package can read and not write: byte offsets of their half-precision scales.
K_TYPES = {
    gguf.GGMLQuantizationType.Q4_K: [0, 2],
    gguf.GGMLQuantizationType.Q5_K: [0, 2],
    gguf.GGMLQuantizationType.Q6_K: [208],
}


def float32_bytes(values):
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def case(kind, row, stored, values):
    return {
        "dtype": kind.name,
        "kind": int(kind),
        "row": row,
        "bytes": stored.tobytes().hex(),
        "values": float32_bytes(values).hex(),
    }


def blocks():
    """Rows of 64: quantised normal and tiny numbers, and for the block formats random bytes (any finite scale). Rows of
    256 for the formats with blocks of 256, random bytes alone, the first with subnormal negative scales."""
    random = np.random.default_rng(0)
    cases = []
    for kind in TYPES:
        weights = np.concatenate([random.standard_normal((1, 64)), random.standard_normal((1, 64)) * 1e-5]).astype("f4")
        stored = [gguf.quants.quantize(weights, kind).view(np.uint8).reshape(-1)]
        size, block = gguf.GGML_QUANT_SIZES[kind]
        if size == 32:
            noise = random.integers(0, 256, (4, block), dtype=np.uint8)
            # Scale (and minimum) below 0x7c00, so neither infinite nor a NaN; the first one subnormal.
            noise[:, 1] &= 0x7B
            noise[0, 1] = 0x02
            noise[:, 3] &= 0xFB if kind.name in ("Q4_1", "Q5_1") else 0xFF
            stored.append(noise.reshape(-1))
        stored = np.concatenate(stored)
        values = gguf.quants.dequantize(stored.reshape(-1, 64 // size * block), kind)
        assert np.isfinite(values).all()
        cases.append(case(kind, 64, stored, values))
    for kind, scales in K_TYPES.items():
        _, block = gguf.GGML_QUANT_SIZES[kind]
        stored = random.integers(0, 256, (3, block), dtype=np.uint8)
        for at in scales:
            stored[:, at + 1] &= 0xBB
            stored[0, at + 1] = 0x82
        values = gguf.quants.dequantize(stored, kind)
        assert np.isfinite(values).all()
        cases.append(case(kind, 256, stored, values))
    return {"made_by": "tests/reference/weights_vectors.py", "gguf": "0.19.0", "cases": cases}


def checksum(values):
    """The bit patterns summed, and summed again times their index from 1, both modulo 2**64."""
    bits = np.frombuffer(float32_bytes(values), dtype="<u4").astype(np.uint64)
    placed = bits * np.arange(1, bits.size + 1, dtype=np.uint64)
    return f"{int(bits.sum()):016x}{int(placed.sum()):016x}"


def entry(name, values):
    return {"name": name, "shape": list(values.shape), "checksum": checksum(values)}


def smollm2():
    reader = gguf.GGUFReader(MODELS / "smollm2" / "model.gguf")
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        yield entry(tensor.name, values.reshape([int(size) for size in reversed(tensor.shape)]))


def minilm():
    tensors = safetensors.numpy.load_file(MODELS / "minilm" / "model.safetensors")
    for name, values in sorted(tensors.items()):
        if values.dtype.kind == "f":
            yield entry(name, values)


def write(name, value):
    """One line an entry, so that a change can be read in a diff."""
    text = json.dumps(value, separators=(",", ":")).replace('{"', '\n{"')
    (GOLDEN / name).write_text(text.lstrip() + "\n")


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    write("blocks.json", blocks())
    for name, tensors in {"smollm2": smollm2, "minilm": minilm}.items():
        write(f"{name}.json", {"made_by": "tests/reference/weights_vectors.py", "tensors": list(tensors())})
