#!/usr/bin/env python3
"""Writes the small models that fuzzing of the MindIR reader starts from: make_mindir_corpus.py corpus_mindir"""
import pathlib
import struct
import sys

FLOAT, INT8, INT32 = 1, 3, 6


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, dims, kind=FLOAT, data=None, extra=b""):
    count = 1
    for d in dims:
        count *= max(d, 1)
    if data is None:
        data = b"".join(struct.pack("<f", (i * 37 % 101 - 50) / 64) for i in range(count))
    raw = field(9, data) if data else b""
    return b"".join(field(1, d) for d in dims) + field(2, kind) + field(7, name) + raw + extra


def attribute(name, kind, *values, tuple_=False):
    out = field(1, name)
    if tuple_:
        return out + field(16, 20) + b"".join(field(17, field(10, v) + field(16, kind)) for v in values)
    for v in values:
        out += field(5 if isinstance(v, str) else 2 if isinstance(v, float) else 3, v)
    return out + field(16, kind)


def node(kind, inputs, output, *attributes, scope=""):
    return (b"".join(field(1, i) for i in inputs) + field(2, output) + field(3, output) + field(4, kind)
            + b"".join(field(5, a) for a in attributes) + (field(7, scope) if scope else b""))


def constant(name, *values, kind=7, tuple_=False):
    return node("Constant", [], name, attribute("value", kind, *values, tuple_=tuple_))


def value(name, dims, kind=FLOAT):
    return field(1, name) + field(2, b"".join(field(1, d) for d in dims) + field(2, kind))


def model(nodes, parameters, inputs, outputs, primitives=(), functions=(), extra=b""):
    graph = (b"".join(field(1, n) for n in nodes) + field(2, "g") + b"".join(field(3, p) for p in parameters)
             + b"".join(field(5, i) for i in inputs) + b"".join(field(6, o) for o in outputs))
    return (field(1, "1.1") + field(2, "MindSpore") + field(5, "2.10.0") + field(7, graph) + b"".join(field(8, f) for f in functions)
            + field(10, 1) + b"".join(field(12, p) for p in primitives) + field(13, 3) + extra)


def primitive(name, kind, *attributes):
    return field(1, name) + field(2, kind) + b"".join(field(3, a) for a in attributes) + field(5, 1)


def product(rows=6, columns=20):
    nodes = [constant("m", kind=23), constant("no", 0, kind=9), constant("yes", 1, kind=9),
             node("REF::Load:1", ["g:w", "m"], "g:l:1", attribute("shape", 19) + field(12, tensor("", [rows, columns], data=b""))),
             node("MatMul", ["g:x", "g:l:1", "no", "yes"], "g:y:2", scope="Default/MatMul-op0"),
             node("MakeTuple", ["g:l:1"], "g:t:3", attribute("shape", 20) + field(17, attribute("", 19) + field(12, tensor("", [rows, columns], data=b"")))),
             node("UpdateState", ["m", "g:t:3"], "g:u:4"), node("Depend", ["g:y:2", "g:u:4"], "g:d:5")]
    return model(nodes, [tensor("g:w", [rows, columns])], [value("g:x", [-1, columns])], [value("g:d:5", [-1, rows])], [primitive("Load:1", "Load")])


def convolution():
    window = [attribute("kernel_size", 7, 3, 3, tuple_=True), attribute("stride", 7, 1, 1, 2, 2, tuple_=True),
              attribute("pad_mode", 8, "pad"), attribute("pad_list", 7, 1, 1, 1, 1, tuple_=True), attribute("format", 8, "NCHW"),
              attribute("group", 7, 1)]
    nodes = [constant("zero", 0), constant("eps", 1e-5, kind=1), node("REF::c", ["x", "w"], "a"), node("BiasAdd", ["a", "b", "zero"], "c"),
             node("BatchNorm", ["c", "b", "b", "b", "b", "zero", "eps", "eps", "zero"], "n"), node("TupleGetItem", ["n", "zero"], "f"),
             node("ReLU6", ["f"], "r"),
             node("MaxPool", ["r"], "p", attribute("kernel_size", 7, 1, 1, 2, 2, tuple_=True), attribute("strides", 7, 1, 1, 2, 2, tuple_=True),
                  attribute("pad_mode", 8, "VALID")),
             node("Flatten", ["p"], "y")]
    return model(nodes, [tensor("w", [4, 3, 3, 3]), tensor("b", [4])], [value("x", [1, 3, 8, 8])], [value("y", [1, 16])],
                 [primitive("c", "Conv2D", *window)])


def tokens():
    nodes = [constant("zero", 0), constant("axis", -1, tuple_=True), constant("one", 1, kind=9), constant("two", 2), constant("id", 43),
             constant("dims", -1, 8, tuple_=True), node("Gather", ["table", "x", "zero", "zero"], "g"), node("Reshape", ["g", "dims"], "r"),
             node("Split", ["r", "two", "two"], "bad"), node("Split", ["r", "zero", "two"], "bad2"), node("Muls", ["r", "two"], "m"),
             node("Softmax", ["m", "axis"], "s"), node("MatMul", ["s", "w", "zero", "one"], "p"), node("MakeTuple", ["p", "p"], "t"),
             node("Concat", ["t", "two"], "c"), node("ReduceMean", ["p", "axis", "one"], "y"), node("Cast", ["y", "id"], "z")]
    nodes = [n for n in nodes if b"bad" not in n and n != nodes[14]]
    return model(nodes, [tensor("table", [10, 8]), tensor("w", [8, 8])], [value("x", [1, 4], INT32)], [value("z", [4, 1])])


def shared():
    nodes = [node("ReLU", ["w"], "a"), node("MatMulExt", ["x", "w"], "y"), node("Sigmoid", ["y"], "z"), node("GeLU", ["z"], "q")]
    function = field(1, node("ReLU", ["v"], "i")) + field(2, "f")
    return model(nodes, [tensor("w", [4, 4]), tensor("v", [4, 4], extra=field(17, field(1, "linear_quant")))], [value("x", [2, 4])],
                 [value("q", [2, 4])], functions=[function])


def branches():
    nodes = [constant("two", 2), constant("one", 1, kind=9), constant("axis", 2), node("Shape", ["x"], "s"), node("sequence_len", ["s"], "r"), node("ScalarLt", ["r", "two"], "c"),
             node("Partial", ["f", "x"], "a"), node("Switch", ["c", "a", "g"], "h"), node("REF::h", ["x"], "y"), node("REF::g", ["y"], "z"),
             node("ExpandDims", ["z", "axis"], "e"),
             node("MaxPool3DWithArgmax", ["e"], "m", attribute("ksize", 7, 1, 3, 3, tuple_=True), attribute("strides", 7, 1, 2, 2, tuple_=True),
                  attribute("pads", 7, 0, 1, 1, tuple_=True)),
             node("TupleGetItem", ["m", "two"], "bad"), constant("first", 0), node("TupleGetItem", ["m", "first"], "t"), node("Squeeze", ["t", "axis"], "q")]
    nodes = [n for n in nodes if b"bad" not in n]
    functions = [field(1, node(kind, inputs, out)) + field(2, name) + b"".join(field(5, field(1, i)) for i in inputs) + field(6, field(1, out))
                 for name, kind, inputs, out in (("f", "Add", ["f:a", "f:b"], "f:y"), ("g", "ReLU", ["g:a"], "g:y"), ("e", "raise", ["e:a"], "e:y"))]
    return model(nodes, [], [value("x", [-1, 3, 8, 8])], [value("q", [-1, 3, 4, 4])], functions=functions)


def external():
    outside = field(12, field(1, "../side.bin") + field(2, 64) + field(3, 64))
    return model([node("MatMulExt", ["x", "w"], "y")], [tensor("w", [4, 4], data=b"", extra=outside)], [value("x", [2, 4])], [value("y", [2, 4])])


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    whole = product()
    files = {"product": whole, "convolution": convolution(), "tokens": tokens(), "shared": shared(), "branches": branches(), "external": external(),
             "cut": whole[:-40], "huge_dims": model([], [tensor("w", [1 << 30, 1 << 30], data=b"1")], [], []),
             "unknown_operator": model([node("Spectral", ["x"], "y")], [], [value("x", [1])], [value("y", [1])]),
             "big_endian": field(1, "1.1") + field(7, b"") + field(10, 0), "empty_graph": field(1, "1.1") + field(7, b"")}
    for name, data in files.items():
        (folder / f"{name}.mindir").write_bytes(data)


if __name__ == "__main__":
    main()
