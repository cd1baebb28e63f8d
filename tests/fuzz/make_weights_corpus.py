#!/usr/bin/env python3
"""Writes the small models that fuzzing of the ONNX editor starts from: make_weights_corpus.py corpus_weights"""
import pathlib
import sys

import numpy as np
import onnx
from make_corpus import constant, model, value
from onnx import TensorProto, helper

random = np.random.default_rng(7)


def weights(name, *shape, kind=np.float32):
    return constant(name, random.standard_normal(shape).astype(kind))


def products():
    """Conv and Gemm with biases, MatMul of weights in half precision."""
    nodes = [
        helper.make_node("Conv", ["x", "c", "cb"], ["h"], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["h"], ["f"]),
        helper.make_node("Gemm", ["f", "g", "gb"], ["a"], transB=1),
        helper.make_node("Cast", ["a"], ["b"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["b", "m"], ["y"]),
    ]
    constants = [weights("c", 4, 2, 3, 3), weights("cb", 4), weights("g", 8, 16), weights("gb", 8),
                 weights("m", 8, 6, kind=np.float16)]
    return model(nodes, [value("x", [1, 2, 2, 2])], [value("y", [1, 6], TensorProto.FLOAT16)], constants)


def table_and_recurrence():
    """A table, a weight of two readers seen through Transpose, LSTM; a weight in a Constant node."""
    nodes = [
        helper.make_node("Constant", [], ["r"], value=weights("", 1, 16, 4)),
        helper.make_node("Gather", ["t", "i"], ["e"]),
        helper.make_node("Transpose", ["p"], ["q"], perm=[1, 0]),
        helper.make_node("MatMul", ["e", "q"], ["m"]),
        helper.make_node("MatMul", ["m", "p"], ["n"]),
        helper.make_node("LSTM", ["n", "w", "r"], ["y"], hidden_size=4),
    ]
    constants = [weights("t", 9, 8), weights("p", 8, 8), weights("w", 1, 16, 8)]
    return model(nodes, [value("i", [2, 1], TensorProto.INT64)], [value("y", [2, 1, 1, 4])], constants, opset=11)


def bodies():
    """What is quantized is read in a body, which has a constant of its own."""
    inner = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["u"]), helper.make_node("Add", ["u", "k"], ["o"])], "b", [],
                              [value("o", [2, 8])], [weights("k", 2, 8)])
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]),
             helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)]
    return model(nodes, [value("c", [], TensorProto.BOOL), value("x", [2, 32])], [value("y", [2, 8]), value("z", [2, 8])],
                 [weights("w", 32, 8)])


def unknown():
    """Operators of others, weights listed as inputs, quantization annotations."""
    made = model([helper.make_node("ConvTranspose", ["x", "w"], ["h"]), helper.make_node("Strange", ["h", "w"], ["y"], domain="org.other")],
                 [value("x", [1, 4, 3, 3]), value("w", [4, 8, 2, 2])], [value("y", None)], [weights("w", 4, 8, 2, 2)], opset=12)
    made.opset_import.add(domain="org.other", version=1)
    made.graph.quantization_annotation.add(tensor_name="w")
    return made


def typed():
    """Elements as lists of numbers in the place of bytes."""
    half = np.arange(16, dtype=np.float16).view(np.uint16).tolist()
    constants = [helper.make_tensor("a", TensorProto.FLOAT, [4, 4], [0.5 * i for i in range(16)]),
                 helper.make_tensor("b", TensorProto.FLOAT16, [4, 4], np.array(half, np.uint16).view(np.float16))]
    nodes = [helper.make_node("MatMul", ["x", "a"], ["m"]), helper.make_node("Cast", ["b"], ["c"], to=1),
             helper.make_node("MatMul", ["m", "c"], ["y"])]
    return model(nodes, [value("x", [1, 4])], [value("y", [1, 4])], constants)


def main(folder):
    pathlib.Path(folder).mkdir(exist_ok=True)
    for make in (products, table_and_recurrence, bodies, unknown, typed):
        made = make()
        made.producer_name = "make_weights_corpus"
        if make is not unknown:
            onnx.checker.check_model(made)
        (pathlib.Path(folder) / f"{make.__name__}.onnx").write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
