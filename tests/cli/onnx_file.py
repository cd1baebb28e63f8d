"""A small ONNX model, written with the standard library: protobuf's wire format of the few messages it takes."""
import math
import struct

FLOAT, INT = 1, 2  # an element type; an attribute's type


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, value):
    """An integer as a varint; text, bytes or a message with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name, shape, values):
    dims = b"".join(field(1, size) for size in shape)
    return dims + field(2, FLOAT) + field(8, name) + field(9, struct.pack(f"<{len(values)}f", *values))


def integers(name, shape, values):
    """Of 8 bits."""
    dims = b"".join(field(1, size) for size in shape)
    return dims + field(2, 3) + field(8, name) + field(9, struct.pack(f"<{len(values)}b", *values))


def integers_outside(name, shape, location, offset, length):
    """The same, held in another file."""
    pairs = {"location": location, "offset": str(offset), "length": str(length)}
    dims = b"".join(field(1, size) for size in shape)
    return (dims + field(2, 3) + field(8, name) + b"".join(field(13, field(1, k) + field(2, v)) for k, v in pairs.items())
            + field(14, 1))


def value(name, shape):
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))


def node(kind, name, inputs, output):
    return b"".join(field(1, i) for i in inputs) + field(2, output) + field(3, name) + field(4, kind)


def model(nodes, inputs, outputs, constants):
    graph = b"".join(field(1, n) for n in nodes) + field(2, "g") + b"".join(field(5, c) for c in constants)
    graph += b"".join(field(11, i) for i in inputs) + b"".join(field(12, o) for o in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def weights(rows, columns, seed):
    """Numbers that repeat nowhere, by row."""
    return [math.sin(seed + 1.7 * i) for i in range(rows * columns)]


TWO = {"left": 8, "right:0": 6}  # the inputs of two_inputs() and their sizes
CLASSES = 4


def two_inputs():
    """y = Relu(left W + right V), of one row each; the second input's name has a colon, as those of TensorFlow."""
    constants = [tensor("w", (8, CLASSES), weights(8, CLASSES, 1)), tensor("v", (6, CLASSES), weights(6, CLASSES, 2))]
    nodes = [node("MatMul", "first", ["left", "w"], "a"), node("MatMul", "second", ["right:0", "v"], "b"),
             node("Add", "sum", ["a", "b"], "c"), node("Relu", "relu", ["c"], "y")]
    return model(nodes, [value(name, (1, size)) for name, size in TWO.items()], [value("y", (1, CLASSES))], constants)


def integer_weights(codes, rows, columns):
    """y = x W, where W is made of codes of 8 bits."""
    constants = [integers("codes", (rows, columns), codes), tensor("scale", (), [0.01])]
    nodes = [node("DequantizeLinear", "widen", ["codes", "scale"], "w"), node("MatMul", "product", ["x", "w"], "y")]
    return model(nodes, [value("x", (1, rows))], [value("y", (1, columns))], constants)


def float_weights(values, rows, columns):
    """y = x W."""
    return model([node("MatMul", "product", ["x", "w"], "y")], [value("x", (1, rows))], [value("y", (1, columns))],
                 [tensor("w", (rows, columns), values)])


def sample(name, index):
    return [math.cos(index + 0.3 * i) * (1 + 0.1 * index) for i in range(TWO[name])]


def result(index):
    """What two_inputs() makes of the samples of that index."""
    left, right = sample("left", index), sample("right:0", index)
    w, v = weights(8, CLASSES, 1), weights(6, CLASSES, 2)
    sums = [sum(x * w[k * CLASSES + c] for k, x in enumerate(left)) + sum(x * v[k * CLASSES + c] for k, x in enumerate(right))
            for c in range(CLASSES)]
    return [max(0.0, s) for s in sums]
