#!/usr/bin/env python3
"""Layers with drawn attributes and shapes give onnxruntime's outputs, and the fast kernels the reference's bits.

judge_layers.py PROGRAM [FAMILY ...]

Layers: products, pooling, norms, LSTM, Resize, clamps, Q and DQ. Where onnxruntime does not do a case, ONNX's reference
implementation judges.
"""
import os
import pathlib
import random
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

TOLERANCE = 2e-5  # of the largest magnitude of an output, or of 1 where that is less
CASES = 24        # drawn for each family
LEVELS = ("reference", "")


class Case:
    """One node; `inputs` are arrays or None, `constants` the indices of those that the model holds."""

    def __init__(self, kind, inputs, outputs=1, opset=17, constants=(), **attributes):
        self.kind, self.inputs, self.opset, self.constants = kind, inputs, opset, constants
        self.attributes = attributes
        self.outputs = [f"y{i}" for i in range(outputs)]

    def __str__(self):
        shapes = " ".join("-" if x is None else f"{x.dtype}{list(x.shape)}" for x in self.inputs)
        return f"{self.kind}-{self.opset}({shapes}) {self.attributes}"

    def supplied(self):
        return {f"x{i}": x for i, x in enumerate(self.inputs) if x is not None and i not in self.constants}

    def model(self):
        names = ["" if x is None else f"x{i}" for i, x in enumerate(self.inputs)]
        node = helper.make_node(self.kind, names, self.outputs, **self.attributes)
        inputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                  for n, x in self.supplied().items()]
        held = [numpy_helper.from_array(self.inputs[i], f"x{i}") for i in self.constants]
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph([node], "case", inputs, outputs, held)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        inferred = onnx.shape_inference.infer_shapes(model)
        return inferred


def floats(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def window(draw, rank, kernel, fill):
    """Attributes of a sliding window; the padding stays below the kernel, as onnxruntime's pooling asks."""
    attributes = {"strides": [draw.randint(1, 3) for _ in range(rank)]}
    if draw.random() < 0.5:
        attributes["dilations"] = [draw.randint(1, 2) for _ in range(rank)]
    style = draw.choice(["pads", "pads", "SAME_UPPER", "SAME_LOWER", "VALID", "none"])
    if style == "pads":
        attributes["pads"] = [draw.randint(0, max(0, kernel[i % rank] - 1)) for i in range(2 * rank)]
    elif style != "none":
        attributes["auto_pad"] = style
        if style != "VALID":
            attributes.pop("dilations", None)  # onnxruntime refuses both together
    attributes.update(fill)
    return attributes


def conv(draw, rng):
    rank = draw.choice([1, 2, 2, 2])
    group = draw.choice([1, 1, 2, 4])
    kernel = [draw.randint(1, 5) for _ in range(rank)]
    channels, filters = group * draw.choice([1, 2, 3, 8]), group * draw.choice([1, 2, 5, 8])
    if draw.random() < 0.3:
        group = filters = channels
    x = floats(rng, draw.randint(1, 2), channels, *[draw.randint(9, 20) for _ in range(rank)])
    inputs = [x, floats(rng, filters, channels // group, *kernel)]
    if draw.random() < 0.6:
        inputs.append(floats(rng, filters))
    attributes = window(draw, rank, kernel, {"group": group})
    if draw.random() < 0.5:
        attributes["kernel_shape"] = kernel
    return Case("Conv", inputs, constants=range(1, len(inputs)), **attributes)


def conv_transpose(draw, rng):
    rank = draw.choice([1, 2, 2])
    group = draw.choice([1, 1, 2, 3])
    kernel = [draw.randint(1, 4) for _ in range(rank)]
    strides = [draw.randint(1, 3) for _ in range(rank)]
    channels, filters = group * draw.randint(1, 3), draw.randint(1, 3)
    inputs = [floats(rng, draw.randint(1, 2), channels, *[draw.randint(3, 7) for _ in range(rank)]),
              floats(rng, channels, filters, *kernel)]
    if draw.random() < 0.6:
        inputs.append(floats(rng, group * filters))
    attributes = {"strides": strides, "group": group}
    style = draw.choice(["pads", "none", "SAME_UPPER", "SAME_LOWER"])
    if style == "pads":
        attributes["pads"] = [draw.randint(0, (kernel[i % rank] - 1) // 2) for i in range(2 * rank)]
        attributes["output_padding"] = [draw.randint(0, s - 1) for s in strides]
    elif style != "none" and all(k >= s for k, s in zip(kernel, strides)):
        attributes["auto_pad"] = style
    if "auto_pad" not in attributes and draw.random() < 0.5:
        attributes["dilations"] = [draw.randint(1, 2) for _ in range(rank)]
    return Case("ConvTranspose", inputs, constants=range(1, len(inputs)), **attributes)


def pool(draw, rng):
    rank = draw.choice([1, 2, 2])
    kernel = [draw.randint(1, 4) for _ in range(rank)]
    x = floats(rng, draw.randint(1, 2), draw.randint(1, 5), *[draw.randint(8, 15) for _ in range(rank)])
    kind = draw.choice(["MaxPool", "AveragePool"])
    fill = {"kernel_shape": kernel}
    if draw.random() < 0.5:
        fill["ceil_mode"] = 1
    if kind == "AveragePool" and draw.random() < 0.5:
        fill["count_include_pad"] = 1
    attributes = window(draw, rank, kernel, fill)
    if "SAME" in attributes.get("auto_pad", ""):
        # Where a stride passes over elements, onnxruntime shifts the windows; ONNX and we leave them where they are.
        attributes["strides"] = [min(s, k) for s, k in zip(attributes["strides"], kernel)]
    if kind == "AveragePool":
        attributes.pop("dilations", None)
    return Case(kind, [x], opset=19 if kind == "AveragePool" else 12, **attributes)


def global_pool(draw, rng):
    shape = [draw.randint(1, 3) for _ in range(2)] + [draw.randint(1, 9) for _ in range(draw.randint(1, 3))]
    return Case(draw.choice(["GlobalAveragePool", "GlobalMaxPool"]), [floats(rng, *shape)])


def gemm(draw, rng):
    m, n, k = (draw.randint(1, 40) for _ in range(3))
    a_turned, b_turned = draw.randint(0, 1), draw.randint(0, 1)
    inputs = [floats(rng, *((k, m) if a_turned else (m, k))), floats(rng, *((n, k) if b_turned else (k, n)))]
    c_shape = draw.choice([None, (n,), (m, n), (1, n), (m, 1), (1,), ()])
    if c_shape is not None:
        inputs.append(floats(rng, *c_shape))
    attributes = {"transA": a_turned, "transB": b_turned}
    if draw.random() < 0.5:
        attributes.update(alpha=0.7, beta=draw.choice([1.0, 0.3]))
    return Case("Gemm", inputs, opset=13, constants=draw.choice([(), range(1, len(inputs))]), **attributes)


def matmul(draw, rng):
    m, n, k = (draw.randint(1, 33) for _ in range(3))
    a, b = draw.choice([((m, k), (k, n)), ((2, m, k), (k, n)), ((m, k), (3, k, n)), ((2, 1, m, k), (3, k, n)), ((k,), (k, n)),
                        ((m, k), (k,)), ((k,), (k,)), ((2, 3, m, k), (2, 3, k, n)), ((k,), (2, k, n)), ((2, m, k), (k,)),
                        ((2, 3, m, k), (2, 1, k, n)), ((1, m, k), (1, k, n))])
    return Case("MatMul", [floats(rng, *a), floats(rng, *b)], opset=13, constants=draw.choice([(), (1,)]))


def norm(draw, rng):
    kind = draw.choice(["BatchNormalization", "InstanceNormalization", "LayerNormalization"])
    shape = [draw.randint(1, 3), draw.randint(1, 5)] + [draw.randint(1, 9) for _ in range(draw.randint(1, 2))]
    x = floats(rng, *shape)
    if kind == "BatchNormalization":
        held = [floats(rng, shape[1]) for _ in range(3)] + [np.abs(floats(rng, shape[1])) + np.float32(0.1)]
        return Case(kind, [x] + held, opset=15, constants=range(1, 5), epsilon=draw.choice([1e-5, 1e-2]))
    if kind == "InstanceNormalization":
        return Case(kind, [x, floats(rng, shape[1]), floats(rng, shape[1])], constants=(1, 2))
    axis = draw.randint(-len(shape), len(shape) - 1)
    row = shape[axis:] if axis < 0 else shape[axis:]
    inputs = [x, floats(rng, *row)] + ([floats(rng, *row)] if draw.random() < 0.6 else [])
    return Case(kind, inputs, axis=axis, epsilon=1e-5, constants=range(1, len(inputs)), outputs=draw.choice([1, 3]))


def softmax(draw, rng):
    shape = [draw.randint(1, 6) for _ in range(draw.randint(1, 4))]
    opset = draw.choice([11, 13])
    axis = draw.randint(-len(shape), len(shape) - 1)
    x = floats(rng, *shape) * np.float32(draw.choice([1, 30]))
    return Case(draw.choice(["Softmax", "LogSoftmax"]), [x], opset=opset, axis=axis)


def lstm(draw, rng):
    steps, batch, size, hidden = draw.randint(1, 5), draw.randint(1, 3), draw.randint(1, 6), draw.randint(1, 7)
    direction = draw.choice(["forward", "reverse", "bidirectional"])
    d = 2 if direction == "bidirectional" else 1
    inputs = [floats(rng, steps, batch, size), floats(rng, d, 4 * hidden, size), floats(rng, d, 4 * hidden, hidden),
              draw.choice([None, floats(rng, d, 8 * hidden)]), draw.choice([None, np.full(batch, steps, np.int32)]),
              draw.choice([None, floats(rng, d, batch, hidden)]), draw.choice([None, floats(rng, d, batch, hidden)]),
              draw.choice([None, floats(rng, d, 3 * hidden)])]
    constants = [i for i in (1, 2, 3, 4, 7) if inputs[i] is not None]
    attributes = {"hidden_size": hidden, "direction": direction}
    if draw.random() < 0.2:
        attributes["input_forget"] = 1
    if draw.random() < 0.3:
        attributes["activations"] = ["Sigmoid", "Tanh", "Tanh"] * d
    return Case("LSTM", inputs, outputs=draw.randint(1, 3), opset=14, constants=constants, **attributes)


def resize(draw, rng):
    shape = [1, draw.randint(1, 3), draw.randint(2, 9), draw.randint(2, 9)]
    mode = draw.choice(["nearest", "linear", "cubic"])
    coordinate = draw.choice(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinate}
    if mode == "nearest":
        attributes["nearest_mode"] = draw.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic":
        attributes["cubic_coeff_a"] = draw.choice([-0.75, -0.5])
        attributes["exclude_outside"] = draw.randint(0, 1) if coordinate == "half_pixel" else 0
    inputs = [floats(rng, *shape), None, None, None]
    if draw.random() < 0.5:
        # Whole or halved sizes: what a size that is cut off does to align_corners is disputed.
        scales = [1, 1, draw.choice([0.5, 2, 3, 1]), draw.choice([2, 1, 1.5])]
        if any((d * s) % 1 for d, s in zip(shape, scales)):
            attributes["coordinate_transformation_mode"] = "asymmetric"
        inputs[2] = np.array(scales, np.float32)
    else:
        inputs[3] = np.array(shape[:2] + [draw.randint(1, 14), draw.randint(1, 14)], np.int64)
    held = 2 if inputs[3] is None else 3
    return Case("Resize", inputs[:held + 1], opset=draw.choice([11, 13, 18]), constants=[held], **attributes)


def upsample(draw, rng):
    x = floats(rng, 1, 2, draw.randint(1, 5), draw.randint(1, 5))
    scales = [1.0, 1.0, float(draw.randint(1, 3)), float(draw.randint(1, 3))]
    mode = draw.choice(["nearest", "linear"])
    if draw.random() < 0.3:
        return Case("Upsample", [x], opset=8, mode=mode, scales=scales)
    return Case("Upsample", [x, np.array(scales, np.float32)], opset=9, mode=mode, constants=(1,))


def quantize(draw, rng):
    dtype = draw.choice([np.uint8, np.int8, np.uint16, np.int16])
    shape = [draw.randint(1, 3), draw.randint(2, 5), draw.randint(1, 6)]
    per_axis = draw.random() < 0.5
    axis = draw.choice([0, 1, 2, -1, -2]) if per_axis else 1
    count = (shape[axis],) if per_axis else draw.choice([(), (1,)])
    info = np.iinfo(dtype)
    scale = (np.abs(floats(rng, *count)) * np.float32(0.02) + np.float32(1e-3)).astype(np.float32)
    zero = rng.integers(info.min, info.max, size=count, endpoint=True).astype(dtype)
    opset = 21 if dtype in (np.uint16, np.int16) else 13
    if draw.random() < 0.5:
        x = floats(rng, *shape) * np.float32(4)
        return Case("QuantizeLinear", [x, scale, zero], opset=opset, constants=(1, 2), axis=axis)
    q = rng.integers(info.min, info.max, size=shape, endpoint=True).astype(dtype)
    inputs = [q, scale] + ([zero] if draw.random() < 0.7 else [])
    return Case("DequantizeLinear", inputs, opset=opset, constants=range(1, len(inputs)), axis=axis)


def clip(draw, rng):
    x = floats(rng, 3, 7)
    if draw.random() < 0.3:
        return Case("Clip", [x], opset=10, min=-0.5, max=draw.choice([0.25, 6.0]))
    if draw.random() < 0.3:
        return Case("Clip", [(x * 9).astype(np.int32), np.array(-3, np.int32), np.array(4, np.int32)], opset=13,
                    constants=(1, 2))
    bounds = [draw.choice([None, np.array(-0.5, np.float32)]), np.array(0.75, np.float32)]
    return Case("Clip", [x] + bounds, opset=13, constants=draw.choice([(2,), ()]))


FAMILIES = [conv, conv_transpose, pool, global_pool, gemm, matmul, norm, softmax, lstm, resize, upsample, quantize, clip]


def run_ours(program, case, model, level):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        onnx.save(model, path)
        for i, array in enumerate(case.supplied().values()):
            array.tofile(f"{folder}/input_{i}.raw")
        env = dict(os.environ, **({"SY_CPU_LEVEL": level} if level else {}))
        run = subprocess.run([program, str(path), folder], capture_output=True, text=True, env=env)
        if run.returncode:
            raise RuntimeError(run.stderr.strip())
        return [(pathlib.Path(folder) / f"output_{i}.raw").read_bytes() for i in range(len(case.outputs))]


def run_judge(case, model):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, case.supplied())
    except Exception:  # onnxruntime has many types for "not implemented"
        return ReferenceEvaluator(model).run(None, case.supplied())


def difference(want, got):
    """In words, or None."""
    if len(got) != want.nbytes:
        return f"{len(got)} bytes, {want.nbytes} of {want.dtype}{list(want.shape)} are wanted"
    got = np.frombuffer(got, want.dtype).reshape(want.shape)
    if want.dtype != np.float32:
        return None if np.array_equal(want, got) else f"{got.ravel()} instead of {want.ravel()}"
    allowed = TOLERANCE * max(1.0, float(np.abs(want).max(initial=0)))
    apart = float(np.abs(want.astype(np.float64) - got).max(initial=0))
    return None if apart <= allowed else f"{apart:.3g} apart, {allowed:.3g} is allowed"


def judge(program, case):
    model = case.model()
    wanted = run_judge(case, model)
    runs = [run_ours(program, case, model, level) for level in LEVELS]
    if runs[0] != runs[1]:
        return "the fast kernels give other bits than the reference"
    for i, (want, got) in enumerate(zip(wanted, runs[0])):
        problem = difference(np.asarray(want), got)
        if problem:
            return f"output {i}: {problem}"
    return None


def main(program, *names):
    failed = count = 0
    for family in FAMILIES:
        if names and family.__name__ not in names:
            continue
        draw, rng = random.Random(family.__name__), np.random.default_rng(7)
        for _ in range(CASES):
            case = family(draw, rng)
            count += 1
            try:
                problem = judge(program, case)
            except RuntimeError as error:
                problem = str(error)
            if problem:
                failed += 1
                print(f"{case}\n  FAILED: {problem}", flush=True)
    print(f"{count - failed} of {count} passed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
