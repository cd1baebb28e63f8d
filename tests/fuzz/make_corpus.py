#!/usr/bin/env python3
"""Writes the small models that fuzzing of the ONNX reader starts from: make_corpus.py corpus_onnx"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, constants=(), opset=13, **rest):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants), **rest)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def convolution():
    random = np.random.default_rng(0)
    weights = random.standard_normal((2, 1, 3, 3)).astype(np.float32)
    bn = [constant(n, np.full(2, v, np.float32)) for n, v in zip("gbmv", (1.5, 0.5, 0.25, 2))]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", *"gbmv"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("Identity", ["r"], ["y"]),
    ]
    return model(nodes, [value("x", ["N", 1, 4, 4])], [value("y", ["N", 2, 4, 4])], [constant("w", weights), *bn])


def typed_fields():
    kinds = [(TensorProto.FLOAT, [1.5]), (TensorProto.DOUBLE, [1.5]), (TensorProto.INT64, [7]), (TensorProto.UINT64, [7]),
             (TensorProto.INT8, [-7]), (TensorProto.BOOL, [1]), (TensorProto.FLOAT16, [1.5]),
             (TensorProto.BFLOAT16, [1.5]), (TensorProto.INT4, [-3]), (TensorProto.UINT4, [5])]
    constants = [helper.make_tensor(f"c{i}", kind, [1], list_) for i, (kind, list_) in enumerate(kinds)]
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    return model(nodes, [value("x", [1])], [value("y", [1])], constants, opset=21)


def constant_nodes():
    nodes = [
        helper.make_node("Constant", [], ["a"], value=constant("", np.ones((2, 2), np.float32))),
        helper.make_node("Constant", [], ["b"], value_float=2.5),
        helper.make_node("Constant", [], ["s"], value_ints=[1, 4]),
        helper.make_node("Add", ["a", "b"], ["t"]),
        helper.make_node("Reshape", ["t", "s"], ["u"]),
        helper.make_node("Mul", ["x", "u"], ["y"]),
    ]
    return model(nodes, [value("x", [1, 4])], [value("y", [1, 4])])


def subgraph():
    branch = helper.make_graph([helper.make_node("Relu", ["x"], ["o"])], "b", [], [value("o", [1])])
    nodes = [helper.make_node("If", ["q"], ["y"], then_branch=branch, else_branch=branch)]
    return model(nodes, [value("q", [], TensorProto.BOOL), value("x", [1])], [value("y", [1])])


def quantized():
    constants = [constant("s", np.float32(0.5)), constant("z", np.uint8(3)), constant("w", np.ones((2, 3), np.int8)),
                 constant("ws", np.array([0.1, 0.2], np.float32)), constant("wz", np.zeros(2, np.int8))]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=0),
        helper.make_node("Gemm", ["d", "wd"], ["y"], transB=1),
    ]
    return model(nodes, [value("x", [1, 3])], [value("y", [1, 2])], constants)


def external():
    made = model([helper.make_node("Add", ["x", "w"], ["y"])], [value("x", [2])], [value("y", [2])],
                 [constant("w", np.ones(2, np.float32))])
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    return made


def main(folder):
    for make in (convolution, typed_fields, constant_nodes, subgraph, quantized, external):
        made = make()
        onnx.checker.check_model(made) if make is not external else None
        made.producer_name = "make_corpus"
        (pathlib.Path(folder) / f"{make.__name__}.onnx").write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
