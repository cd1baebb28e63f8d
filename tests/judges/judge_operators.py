#!/usr/bin/env python3
"""Elementwise operators, data movement, shapes and reductions: one node at a time against onnxruntime.

judge_operators.py PROGRAM [OPERATOR ...]

Every case runs with its inputs supplied for the run, on the fastest kernels; every third one also with all of them
constants, which folds the node, on the reference kernels. Where onnxruntime has no kernel for the type, the specification's own
reference implementation judges.
"""
import dataclasses
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

RELATIVE, ABSOLUTE = 2e-6, 1e-6
NUMPY = {TensorProto.FLOAT: np.float32, TensorProto.DOUBLE: np.float64, TensorProto.FLOAT16: np.float16,
         TensorProto.INT8: np.int8, TensorProto.UINT8: np.uint8, TensorProto.INT16: np.int16,
         TensorProto.UINT16: np.uint16, TensorProto.INT32: np.int32, TensorProto.INT64: np.int64,
         TensorProto.BOOL: np.bool_}
ONNX = {np.dtype(v): k for k, v in NUMPY.items()}
F, I32, I64, I8, U8, BOOL = np.float32, np.int32, np.int64, np.int8, np.uint8, np.bool_
SHAPES = [(), (1,), (7,), (2, 3), (1, 3, 1, 5), (2, 1, 4, 3), (2, 3, 4, 5)]
PAIRS = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1, 4), (3, 1)), ((1, 3, 5, 7), (1, 3, 1, 1)), ((4, 5), (4, 5)),
         ((2, 1, 3, 1, 2), (1, 4, 3, 5, 1)), ((0, 3), (1, 3)), ((16, 33), (16, 1)), ((1,), (2, 2))]


@dataclasses.dataclass
class Case:
    op: str
    opset: int
    inputs: list  # arrays, or None where omitted
    attrs: dict = dataclasses.field(default_factory=dict)
    constant: tuple = ()  # inputs that must be constants
    outputs: int = 1
    relative: float = RELATIVE

    def __str__(self):
        shown = ", ".join("-" if x is None else f"{x.dtype}{list(x.shape)}" for x in self.inputs)
        return f"{self.op} (opset {self.opset}) of {shown}, {self.attrs}"


class Random:
    """Values in reach of every operator: small, both signs, some zeros and equal ones."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def __call__(self, shape, dtype=F, low=-4, high=4):
        x = self.generator.uniform(low, high, shape)
        if np.dtype(dtype).kind == "u":
            x = np.abs(x)
        if np.dtype(dtype).kind in "iub" and dtype != BOOL:
            x = np.floor(x)
        if dtype == BOOL:
            x = x > 0
        return np.asarray(x).astype(dtype)


def unary(draw):
    positive = {"Sqrt": (0, 9), "Log": (1e-3, 50), "Acosh": (1, 20), "Reciprocal": (0.1, 4)}
    inside = {"Asin", "Acos", "Atanh"}
    plain = {7: "Abs Neg Floor Ceil Sqrt Reciprocal Exp Log Sigmoid Tanh HardSigmoid LeakyRelu Elu Selu Softplus Softsign "
                "Sin Cos Tan Asin Acos Atan", 9: "Sign Erf Sinh Cosh Asinh Acosh Atanh Shrink", 10: "ThresholdedRelu",
             11: "Round", 12: "Celu", 14: "HardSwish", 18: "Mish", 20: "Gelu"}
    for opset, names in plain.items():
        for name in names.split():
            low, high = positive.get(name, (-0.99, 0.99) if name in inside else (-9, 9))
            # The slope of these at their poles amplifies the half unit that rounding the input already is.
            loose = 1e-5 if name in {"Tan", "Acosh", "Atanh", "Sinh", "Cosh", "Exp"} else RELATIVE
            for shape in SHAPES:
                for version in {opset, 13, 22} if opset <= 13 else {opset, 22}:
                    if version >= opset:
                        yield Case(name, version, [draw(shape, F, low, high)], relative=loose)
    for name, attrs in [("HardSigmoid", {"alpha": 0.3, "beta": 0.4}), ("LeakyRelu", {"alpha": 0.3}), ("Elu", {"alpha": 2.0}),
                        ("Selu", {"alpha": 2.0, "gamma": 1.5}), ("Celu", {"alpha": 0.7}), ("ThresholdedRelu", {"alpha": 2.0}),
                        ("Shrink", {"lambd": 1.5, "bias": 0.5}), ("Gelu", {"approximate": "tanh"})]:
        yield Case(name, 20, [draw((3, 50), F, -6, 6)], attrs)
    for name, dtype in itertools.product(("Abs", "Neg", "Sign"), (I32, I64, I8)):
        yield Case(name, 13, [draw((4, 5), dtype, -100, 100)])
    yield Case("Not", 7, [draw((4, 5), BOOL)])
    special = np.array([0, 1, np.nan, np.inf, -np.inf], F)
    yield Case("IsNaN", 13, [special])
    for attrs in ({}, {"detect_negative": 0}, {"detect_positive": 0}, {"detect_negative": 0, "detect_positive": 0}):
        yield Case("IsInf", 10, [special], attrs)
    for name in "Floor Ceil Round Exp Log Sqrt Sigmoid Tanh Erf Softplus Sin Cos Atan Sinh Cosh Asinh Elu LeakyRelu".split():
        yield Case(name, 13, [np.array([0, -0.0, np.nan, np.inf, -np.inf, 1e-30, -1e-30, 1e30, 88, -88, 0.5, -0.5], F)],
                   relative=1e-5)


def binary(draw):
    def divisor(shape, dtype):
        x = draw(shape, dtype)
        return np.where(x == 0, np.asarray(3).astype(dtype), x).astype(dtype)

    for (a, b), opset in itertools.product(PAIRS, (7, 13, 14)):
        for name in ("Add", "Sub", "Mul"):
            for dtype in (F, I32, I64):
                yield Case(name, opset, [draw(a, dtype), draw(b, dtype)])
        for dtype in (F, I32, I64):
            yield Case("Div", opset, [draw(a, dtype, -90, 90), divisor(b, dtype)])
        yield Case("Pow", opset, [draw(a, F, 0.1, 4), draw(b)])
    for a, b in PAIRS:
        for name in ("Add", "Sub", "Mul"):
            yield Case(name, 14, [draw(a, U8, 0, 250), draw(b, U8, 0, 250)])
            yield Case(name, 14, [draw(a, I8, -128, 127), draw(b, I8, -128, 127)])
        for dtype in (I32, I64, I8, U8):
            yield Case("Mod", 13, [draw(a, dtype, -100, 100), divisor(b, dtype)])
            yield Case("Mod", 13, [draw(a, dtype, -100, 100), divisor(b, dtype)], {"fmod": 1})
        yield Case("Mod", 13, [draw(a), divisor(b, F)], {"fmod": 1})
        for name, dtype in itertools.product(("Equal", "Less", "Greater"), (F, I32, I64)):
            yield Case(name, 13, [draw(a, dtype, -2, 2), draw(b, dtype, -2, 2)])
        for name in ("LessOrEqual", "GreaterOrEqual"):
            yield Case(name, 16, [draw(a, F, -2, 2), draw(b, F, -2, 2)])
            yield Case(name, 16, [draw(a, I64, -2, 2), draw(b, I64, -2, 2)])
        for name in ("And", "Or", "Xor"):
            yield Case(name, 7, [draw(a, BOOL), draw(b, BOOL)])
        for name, dtype in itertools.product(("Min", "Max"), (F, I32, I64)):
            yield Case(name, 13, [draw(a, dtype), draw(b, dtype)])
        for name in ("Min", "Max", "Sum", "Mean"):
            yield Case(name, 8, [draw(a), draw(b), draw(())])
        for dtype in (F, I64, BOOL):
            yield Case("Where", 9, [draw(b, BOOL), draw(a, dtype), draw(b, dtype)])
            yield Case("Where", 16, [draw(a, BOOL), draw(b, dtype), draw((1,), dtype)])
    for exponent in (2, 3, 0.5, -1, 0, 1, 2.5, -2):
        yield Case("Pow", 13, [draw((3, 7), F, 0.1, 9), np.array(exponent, F)])
    for name in ("Min", "Max", "Sum", "Mean"):
        yield Case(name, 13, [draw((2, 3))])
        yield Case(name, 13, [draw((2, 3)) for _ in range(5)])
    yield Case("Pow", 13, [draw((5,), F), np.array([2, 3, -1, 0, -3], I64)])
    yield Case("Pow", 13, [draw((5,), I32), np.array([2, 3, 1, 0, 4], I32)])
    yield Case("Pow", 13, [draw((5,), I64, 1, 9), np.array(0.5, F)])
    for shape, slope in [((2, 3), (3,)), ((1, 3, 4, 5), (3, 1, 1)), ((4,), (1,)), ((2, 3), (1, 1)), ((3, 4), (3, 4))]:
        yield Case("PRelu", 9, [draw(shape), draw(slope)])


def casts(draw):
    types = [F, np.float64, np.float16, I8, U8, np.int16, np.uint16, I32, I64, BOOL]
    for a, b in itertools.product(types, types):
        low = 0 if np.dtype(b).kind == "u" and np.dtype(a).kind == "f" else -100
        for opset in (9, 13):
            yield Case("Cast", opset, [draw((3, 7), a, low, 100)], {"to": ONNX[np.dtype(b)]}, relative=1e-3)
        yield Case("CastLike", 15, [draw((3, 7), a, low, 100), draw((1,), b)], relative=1e-3)


def shapes(draw):
    for target in ([6, 4], [0, -1], [-1], [2, 0, 4, 1], [1, 24], [4, -1, 2]):
        for opset in (7, 13, 14):
            yield Case("Reshape", opset, [draw((2, 3, 4)), np.array(target, I64)], constant=(1,))
    yield Case("Reshape", 14, [draw((0, 3, 4)), np.array([3, 4, 0], I64)], {"allowzero": 1}, (1,))
    yield Case("Reshape", 14, [draw((1,)), np.array([], I64)], {}, (1,))
    for axis in range(-3, 4):
        yield Case("Flatten", 11, [draw((2, 3, 4))], {"axis": axis})
    yield Case("Flatten", 7, [draw((2, 3, 4))])
    for axes in ([0], [0, 2], [-1], [-4, 2]):
        yield Case("Squeeze", 11, [draw((1, 3, 1, 1))], {"axes": axes})
        yield Case("Squeeze", 13, [draw((1, 3, 1, 1)), np.array(axes, I64)], constant=(1,))
        yield Case("Unsqueeze", 11, [draw((3, 5))], {"axes": axes})
        yield Case("Unsqueeze", 13, [draw((3, 5)), np.array(axes, I64)], constant=(1,))
    yield Case("Squeeze", 13, [draw((1, 3, 1))])
    yield Case("Squeeze", 11, [draw((1, 3, 1))])
    for dtype in NUMPY.values():
        yield Case("Identity", 13, [draw((2, 3), dtype)])
    yield Case("Dropout", 7, [draw((2, 3))])
    yield Case("Dropout", 12, [draw((2, 3)), np.array(0.5, F)], outputs=2)
    yield Case("Dropout", 13, [draw((2, 3)), None, np.array(False)], constant=(2,))
    for shape in SHAPES + [(0, 3)]:
        yield Case("Shape", 13, [draw(shape)])
        yield Case("Size", 13, [draw(shape)])
    for start, end in itertools.product((-9, -2, 0, 1, 5), (-1, 0, 2, 9)):
        yield Case("Shape", 15, [draw((2, 3, 4))], {"start": start, "end": end})
    for value in (None, np.array([3], I64), np.array([2.5], F), np.array([True])):
        attrs = {} if value is None else {"value": numpy_helper.from_array(value)}
        for shape in ([2, 3], [], [0, 4]):
            yield Case("ConstantOfShape", 9, [np.array(shape, I64)], attrs, (0,))
    for start, limit, delta in ((0, 5, 1), (3, 10, 3), (5, 0, -2), (5, 5, 1), (0, -3, 1), (1.5, 2.9, 0.3)):
        for dtype in (I32, I64, F) if isinstance(start, int) else (F,):
            yield Case("Range", 11, [np.array(v, dtype) for v in (start, limit, delta)], constant=(0, 1, 2))


def movement(draw):
    for permutation in itertools.permutations(range(4)):
        yield Case("Transpose", 13, [draw((2, 3, 4, 5))], {"perm": list(permutation)})
    for shape in SHAPES + [(2, 3, 4, 2, 3, 2), (0, 3)]:
        yield Case("Transpose", 7, [draw(shape, I32)])
    yield Case("Transpose", 13, [draw((2, 1, 3, 2, 1, 2, 3))], {"perm": [6, 0, 3, 1, 5, 2, 4]})
    big = np.iinfo(I64).max
    for starts, ends, axes, steps in [([1], [3], [1], [1]), ([0, 1], [2, 4], [0, 2], [1, 2]), ([-1], [-9], [2], [-1]),
                                      ([3, 4], [-big, -big], [2, 3], [-2, -3]), ([0], [big], [3], [3]),
                                      ([5], [9], [3], [1]), ([2], [1], [2], [1]), ([-3, -2], [-1, big], [-1, -2], [1, 1]),
                                      ([100], [-100], [3], [-1]), ([-100], [100], [3], [2])]:
        lists = [np.array(v, I64) for v in (starts, ends, axes, steps)]
        for opset, dtype in itertools.product((10, 13), (F, I64)):
            yield Case("Slice", opset, [draw((2, 3, 4, 5), dtype), *lists], constant=(1, 2, 3, 4))
        yield Case("Slice", 13, [draw((2, 3, 4, 5)), *(np.clip(v, -2**31, 2**31 - 1).astype(I32) for v in lists)],
                   constant=(1, 2, 3, 4))
        if all(s == 1 for s in steps):
            yield Case("Slice", 9, [draw((2, 3, 4, 5))], {"starts": starts, "ends": ends, "axes": axes})
    yield Case("Slice", 13, [draw((4, 5)), np.array([1, 2], I64), np.array([3, 9], I64)], constant=(1, 2))
    for axis in range(-3, 3):
        parts = [draw(tuple(n if d == axis % 3 else 2 for d in range(3)), F) for n in (1, 3, 0, 2)]
        yield Case("Concat", 13, parts, {"axis": axis})
        yield Case("Concat", 7, parts[:1], {"axis": axis % 3})
        x = draw((6, 6, 6))
        yield Case("Split", 11, [x], {"axis": axis}, outputs=3)
        yield Case("Split", 11, [x], {"axis": axis, "split": [1, 2, 3]}, outputs=3)
        yield Case("Split", 13, [x, np.array([4, 2], I64)], {"axis": axis}, (1,), 2)
        yield Case("Split", 13, [x], {"axis": axis}, (), 2)
        yield Case("Split", 18, [x], {"axis": axis, "num_outputs": 4}, (), 4)
    for target in ([2, 3, 4], [3, 4], [5, 2, 3, 4], [1, 1], [2, 1, 1]):
        yield Case("Expand", 8, [draw((2, 3, 1)), np.array(target, I64)], constant=(1,))
        yield Case("Expand", 13, [draw((3, 1), I64), np.array(target, I64)], constant=(1,))
    for repeats in ([1, 1, 1], [2, 1, 3], [3, 2, 2], [1, 0, 2], [1, 4, 1]):
        yield Case("Tile", 13, [draw((2, 3, 2)), np.array(repeats, I64)], constant=(1,))
    for mode, pads in itertools.product(("constant", "reflect", "edge", "wrap"),
                                        ([0, 1, 0, 2], [1, 2, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0], [-1, 2, 1, -1])):
        if mode == "constant" or min(pads) >= 0:
            yield Case("Pad", 19, [draw((3, 4)), np.array(pads, I64)], {"mode": mode}, (1,))
        if mode != "wrap" and min(pads) >= 0:
            yield Case("Pad", 7, [draw((3, 4))], {"mode": mode, "pads": pads})
            yield Case("Pad", 11, [draw((3, 4)), np.array(pads, I64)], {"mode": mode}, (1,))
    yield Case("Pad", 7, [draw((3, 4))], {"pads": [1, 2, 3, 4], "value": 2.5})
    yield Case("Pad", 13, [draw((1, 2, 3, 4)), np.array([0, 0, 1, 2, 0, 0, 3, 1], I64), np.array(-7, F)], constant=(1,))
    yield Case("Pad", 13, [draw((3, 4), I32), np.array([1, 0, 0, 1], I64), np.array(9, I32)], constant=(1,))
    yield Case("Pad", 18, [draw((2, 3, 4)), np.array([1, 2, 0, 1], I64), None, np.array([-1, 0], I64)], constant=(1, 3))
    for mode, opset in (("DCR", 11), ("CRD", 13)):
        yield Case("DepthToSpace", opset, [draw((2, 12, 3, 4))], {"blocksize": 2, "mode": mode})
        yield Case("DepthToSpace", opset, [draw((1, 18, 2, 1))], {"blocksize": 3, "mode": mode})
    yield Case("SpaceToDepth", 13, [draw((2, 3, 4, 6))], {"blocksize": 2})
    yield Case("SpaceToDepth", 7, [draw((1, 2, 3, 6))], {"blocksize": 3})


def indexing(draw):
    for axis, indices in itertools.product((-3, 0, 1, 2), ((), (3,), (2, 2), (0,))):
        for dtype, kind in ((F, I64), (I64, I32)):
            yield Case("Gather", 13, [draw((4, 4, 4), dtype), draw(indices, kind, -4, 4)], {"axis": axis})
    for axis, shape in ((0, (5, 3)), (1, (2, 7)), (-1, (3, 1))):
        x = draw((3 if axis % 2 else 2, 4) if axis % 2 else (4, 3))
        size = x.shape[axis]
        yield Case("GatherElements", 13, [x, draw(shape, I64, -size, size)], {"axis": axis})
    for axis, dtype in itertools.product((-1, 0, 1), (I64, I32, F)):
        yield Case("OneHot", 11, [draw((3, 4), dtype, -5, 5).round(), np.array(5, I64), np.array([2, 7], F)],
                   {"axis": axis}, (1,))
    yield Case("OneHot", 9, [draw((3,), I64, 0, 5), np.array([5], I64), np.array([0, 1], I64)], {}, (1,))
    for name, axis, keep in itertools.product(("ArgMax", "ArgMin"), (-1, 0, 1), (0, 1)):
        for dtype in (F, I32):
            yield Case(name, 13, [draw((3, 4, 5), dtype, -2, 2)], {"axis": axis, "keepdims": keep})
        yield Case(name, 12, [draw((3, 40, 2), I32, -2, 2)], {"axis": axis, "keepdims": keep, "select_last_index": 1})
        yield Case(name, 7, [draw((6, 5))], {"axis": axis % 2})
    for axis, exclusive, reverse in itertools.product((0, 1, -1), (0, 1), (0, 1)):
        for dtype in (F, I32, I64):
            yield Case("CumSum", 14, [draw((3, 4, 5), dtype), np.array(axis, I64)],
                       {"exclusive": exclusive, "reverse": reverse}, (1,))


def reductions(draw):
    # Sums of both signs cancel: the error is relative to the sum of magnitudes, so the values here are positive.
    for name in "Sum Mean Max Min Prod SumSquare L1 L2 LogSum LogSumExp".split():
        since = 13 if name == "Sum" else 18
        for axes, keep in itertools.product(([0], [1], [-1], [0, 2], [1, -1], [0, 1, 2], None), (0, 1)):
            attrs = {"keepdims": keep}
            given = {} if axes is None else {"axes": axes}
            x = draw((3, 4, 5), F, 0.1, 2)
            yield Case("Reduce" + name, since - 1, [x], {**attrs, **given})
            lists = [] if axes is None else [np.array(axes, I64)]
            yield Case("Reduce" + name, since, [x, *lists], attrs, (1,) if lists else ())
        yield Case("Reduce" + name, 18, [draw((2, 7, 33, 5), F, 0.1, 2), np.array([2, 3], I64)], {}, (1,), relative=1e-5)
        yield Case("Reduce" + name, 18, [draw((2, 300), F, 0.1, 1.1)], {"keepdims": 0}, relative=1e-5)
        yield Case("Reduce" + name, 18, [draw(())], {"keepdims": 0}, relative=1e-5) if name in ("Sum", "Mean", "Max") else None
    for name, dtype in itertools.product("Sum Mean Max Min Prod SumSquare L1".split(), (I32, I64)):
        yield Case("Reduce" + name, 18, [draw((3, 4, 5), dtype, 1, 4), np.array([1, 2], I64)], {}, (1,))
    for name in ("Sum", "Max"):
        yield Case("Reduce" + name, 18, [draw((3, 4)), np.array([], I64)], {"noop_with_empty_axes": 1}, (1,))
        yield Case("Reduce" + name, 18, [draw((3, 4)), np.array([], I64)], {}, (1,))


def model_of(case, folded, types):
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(case.inputs)]
    constants = [i for i, x in enumerate(case.inputs) if x is not None and (folded or i in case.constant)]
    outputs = [f"y{i}" for i in range(case.outputs)]
    nodes = [helper.make_node(case.op, names, outputs, "node", **case.attrs)]
    graph = helper.make_graph(
        nodes, "case",
        [helper.make_tensor_value_info(names[i], ONNX[x.dtype], x.shape)
         for i, x in enumerate(case.inputs) if x is not None and i not in constants],
        [helper.make_tensor_value_info(name, type_, None) for name, type_ in zip(outputs, types)],
        [numpy_helper.from_array(case.inputs[i], names[i]) for i in constants])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=10)


def output_types(case):
    """By the specification's own type rules."""
    model = model_of(case, False, [TensorProto.UNDEFINED] * case.outputs)
    for value in model.graph.output:
        value.ClearField("type")
    inferred = onnx.shape_inference.infer_shapes(model)
    return [value.type.tensor_type.elem_type for value in inferred.graph.output]


def expected(case, model):
    feeds = {f"x{i}": x for i, x in enumerate(case.inputs) if x is not None and i not in case.constant}
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"]).run(None, feeds), "ort"
    except Exception:
        return ReferenceEvaluator(model).run(None, feeds), "reference"


def ours(program, case, model, types, folded, folder):
    onnx.save(model, folder / "model.onnx")
    supplied = [x for i, x in enumerate(case.inputs) if x is not None and not folded and i not in case.constant]
    for i, x in enumerate(supplied):
        (folder / f"input_{i}.raw").write_bytes(x.tobytes())
    level = {"SY_CPU_LEVEL": "reference"} if folded else {}
    done = subprocess.run([program, folder / "model.onnx", folder], capture_output=True, text=True, env={**os.environ, **level})
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"exit code {done.returncode}")
    return [np.frombuffer((folder / f"output_{i}.raw").read_bytes(), NUMPY[t]) for i, t in enumerate(types)]


def differs(got, want, relative):
    want = np.asarray(want)
    if got.size != want.size or got.dtype != want.dtype:
        return f"{got.dtype} of {got.size} elements, not {want.dtype}{list(want.shape)}"
    got = got.reshape(want.shape)
    if want.dtype.kind != "f":
        wrong = got != want
    else:
        with np.errstate(all="ignore"):
            close = np.abs(got - want) <= ABSOLUTE + max(relative, np.finfo(want.dtype).eps) * np.abs(want)
        wrong = ~(close | (got == want) | (np.isnan(got) & np.isnan(want)))
    if wrong.any():
        where = np.argwhere(wrong)[0]
        return f"{wrong.sum()} of {wrong.size} differ, at {where.tolist()}: {got[tuple(where)]} not {want[tuple(where)]}"
    return None


def integer_products(draw):
    """Up to more terms than fit below 2^24 in one product of floats, extreme codes among them."""
    codes = draw.generator.integers
    for k, extreme in itertools.product((1, 7, 258, 259, 1536, 4112), (False, True)):
        for a_type, b_type in ((U8, U8), (I8, I8), (I8, U8)):  # onnxruntime's uint8 x int8 saturates on some processors
            def of(dtype, shape):
                low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
                return np.full(shape, high, dtype) if extreme else codes(low, high, shape, dtype, endpoint=True)
            zeros = [of(a_type, ()) * 0 + np.iinfo(a_type).min, of(b_type, ()) * 0 + np.iinfo(b_type).min]
            yield Case("MatMulInteger", 10, [of(a_type, (2, 5, k)), of(b_type, (k, 3))])
            yield Case("MatMulInteger", 10, [of(a_type, (5, k)), of(b_type, (k, 3)), *zeros])
    for channels, group in ((3, 1), (4, 2), (130, 1)):
        x, w = codes(0, 256, (2, channels, 7, 6), U8), codes(0, 256, (4, channels // group, 3, 2), U8)
        attrs = {"group": group, "pads": [1, 0, 2, 1], "strides": [2, 1]}
        yield Case("ConvInteger", 10, [x, w, np.array(7, U8), np.array(128, U8)], attrs)
        yield Case("ConvInteger", 10, [x, w, np.array(255, U8)], {"group": group, "auto_pad": "SAME_UPPER"})
    for low, high in ((-3, 5), (2, 9), (-7, -1), (0, 0), (-1e-30, 1e-30), (-2e30, 1e30)):
        yield Case("DynamicQuantizeLinear", 11, [draw((3, 5, 7), F, low, high)], outputs=3)


def main():
    program, only = sys.argv[1], set(sys.argv[2:])
    draw = Random(1)
    cases = [c for family in (unary, binary, casts, shapes, movement, indexing, reductions, integer_products) for c in family(draw) if c]
    cases = [c for c in cases if not only or c.op in only]
    failures, by_reference, ran = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for index, case in enumerate(cases):
            types = output_types(case)
            want, judge = expected(case, model_of(case, False, types))
            by_reference += judge == "reference"
            for folded in (False, True) if index % 3 == 0 else (False,):
                ran += 1
                try:
                    got = ours(program, case, model_of(case, folded, types), types, folded, folder)
                    wrong = [d for d in map(differs, got, want, [case.relative] * len(want)) if d]
                except ValueError as error:
                    wrong = [str(error)]
                failures += [f"{case}{' folded' if folded else ''} [{judge}]: {d}" for d in wrong]
    for failure in failures:
        print(failure)
    print(f"{ran} runs of {len(cases)} cases, {by_reference} judged by the reference implementation, "
          f"{len(failures)} failures")
    sys.exit(1 if failures or not cases else 0)


if __name__ == "__main__":
    main()
