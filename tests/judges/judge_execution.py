#!/usr/bin/env python3
"""Quantized models end to end: `steelyard quantize` on real models, judged by onnx and onnxruntime.

For each model and target the file passes onnx's checker and loads in onnxruntime. What is compared is printed as the largest difference in
steps of the output's scale, and the share of values more than half a step apart.

GENERIC: all convolutions become integer kernels in onnxruntime, and its outputs are our own (`steelyard run` of the same file) within the
bounds below. onnxruntime is asked for exact products (its kernels otherwise saturate on processors with AVX2 but without VNNI).

NVGPU files are computed in float between their Q/DQ pairs. The sum of a convolution then depends on the order of its terms, and a value that falls on
the other side of a rounding changes everything behind it. So onnxruntime is also compared with itself, computing the same file in the ways of other_ways(),
and the outputs must be within the bounds of one of those ways. Where onnxruntime is not within them of itself, it is enough that each layer
is: the file cut at every Q/DQ pair, each layer given what onnxruntime computed before it. See docs/decisions/judging_float_sums.md.

    judge_execution.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason
"""
import dataclasses
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

SAMPLES = 12
LAYER_SAMPLES = 2  # each compares every value of every layer
STEPS_MAX, SHARE_MAX = 1.001, .001  # one step, whose own rounding in float32 needs a little room

# model: (calibration samples, samples to compare on, preset or None)
MODELS = {
    "squeezenet1_1": ("images/calib", "images/native", "torch"),
    "mobilenet_v1_0.25_224": ("images/calib", "images/native", "tf"),
    "mobilenet_v2_1.0_224_dq": ("images/calib", "images/native", "tf"),
    "efficientnet_lite0": ("images/calib", "images/native", "tf128"),
    "resnet8_cifar10": ("cifar10/calib", "cifar10/lossless", "raw255"),
    "lenet_mnist": ("mnist/calib", "mnist/eval", "u1"),
    "kws_dscnn": ("kws/calib", "kws/eval", None),
    "banking77_encoder": ("text/calib", "text/eval", None),
}


def pixels(path, shape, preset):
    image = Image.open(path).convert("L" if shape[1] == 1 else "RGB")
    width, height = image.size
    size = shape[3]
    if (width, height) != (size, shape[2]):
        short = round(size / .875)
        least = min(width, height)
        image = image.resize((round(width * short / least), round(height * short / least)), Image.BILINEAR)
        left, top = (image.size[0] - size) // 2, (image.size[1] - shape[2]) // 2
        image = image.crop((left, top, left + size, top + shape[2]))
    x = np.asarray(image, np.float32)
    x = x[..., None] if x.ndim == 2 else x
    if preset == "torch":
        x = (x / 255 - np.array([.485, .456, .406])) / np.array([.229, .224, .225])
    elif preset == "tf":
        x = x / 127.5 - 1
    elif preset == "tf128":
        x = (x - 128) / 128
    elif preset == "u1":
        x = x / 255
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None], np.float32)


def sample(path, source, preset):
    if path.suffix in (".jpg", ".png"):
        return pixels(path, source.shape, preset)
    dtype = {"tensor(float)": np.float32, "tensor(int64)": np.int64}[source.type]
    return np.fromfile(path, dtype).reshape(source.shape)


def session(path, optimize=True, threads=1, optimized=None, without=()):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL if optimize else ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.x64quantprecision", "1")
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=list(without))


def dequantize_weights(model):
    """The same model with every constant dequantized beforehand: float for float what DequantizeLinear makes of it."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in constants:
            nodes.append(node)
            continue
        codes, scale = constants[node.input[0]].astype(np.int32), constants[node.input[1]]
        zero = constants[node.input[2]].astype(np.int32) if len(node.input) > 2 and node.input[2] else np.zeros(scale.shape, np.int32)
        if scale.ndim:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
            along = [-1 if i == axis % codes.ndim else 1 for i in range(codes.ndim)]
            scale, zero = scale.reshape(along), zero.reshape(along)
        values = (codes - zero).astype(np.float32) * scale
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def other_ways(file, target, folder):
    """Other ways in which onnxruntime computes a file.

    "blocked": with constant float weights it takes other convolution kernels, in a layout of channels in blocks, which sum in another order. The
    optimizer left out would quantize those weights once more, with scales of its own.
    """
    ways = {"unoptimized": session(file, optimize=False), "two threads": session(file, threads=2)}
    if target == "nvgpu":
        onnx.save(dequantize_weights(onnx.load(str(file))), folder / "blocked.onnx")
        ways["blocked"] = session(folder / "blocked.onnx", without=["WeightBiasQuantization"])
    return ways


@dataclasses.dataclass
class Distance:
    """How far values are apart: the largest difference in steps, and the share more than half a step apart."""
    largest: float
    share: float

    def __str__(self):
        return f"{self.largest:8.3f} steps, {100 * self.share:8.4f} % differ"

    def holds(self):
        return self.largest <= STEPS_MAX and self.share <= SHARE_MAX


def distance(a, b, step):
    apart = np.abs(a - b) / step
    return Distance(float(apart.max()), float((apart > .5).mean()))


def output_step(model, name, low, high):
    """The scale of the DequantizeLinear that makes the output; for float outputs the range seen in 8 bits."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if name in node.output and node.op_type == "DequantizeLinear":
            return float(constants[node.input[1]])
    return (high - low) / 255


def run_all(steelyard, file, files, preset, folder, ways):
    """The first output over all files: ours, and onnxruntime's in each way."""
    source, output = ways["default"].get_inputs()[0], ways["default"].get_outputs()[0].name
    ours, theirs = [], {way: [] for way in ways}
    for path in files:
        x = sample(path, source, preset)
        np.save(folder / "x.npy", x)
        subprocess.run([steelyard, "run", str(file), "--input", f"{source.name}={folder}/x.npy", "--output", str(folder / "y"), "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        ours.append(np.load(folder / "y" / f"{output.replace('/', '_')}.npy"))
        for way, run in ways.items():
            theirs[way].append(run.run([output], {source.name: x})[0])
    return output, np.stack(ours), {way: np.stack(values) for way, values in theirs.items()}


def compare_outputs(steelyard, file, target, files, preset, folder):
    """Distances of ours from onnxruntime's outputs, and of its other ways from its default; by way."""
    ways = {"default": session(file), **other_ways(file, target, folder)}
    output, ours, theirs = run_all(steelyard, file, files, preset, folder, ways)
    default = theirs["default"]
    step = output_step(onnx.load(str(file)), output, default.min(), default.max())
    return ({way: distance(values, ours, step) for way, values in theirs.items()},
            {way: distance(values, default, step) for way, values in theirs.items() if way != "default"})


def cut_at_pairs(model):
    """The same model with each activation's Q/DQ pair cut: what was dequantized becomes an input, what was quantized an output."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    quantize = {n.output[0]: n for n in model.graph.node if n.op_type == "QuantizeLinear"}
    pairs = {n.output[0]: quantize[n.input[0]] for n in model.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in quantize}
    scales = {q.input[0]: float(constants[q.input[1]]) for q in quantize.values()}
    produced = {o for n in model.graph.node for o in n.output}
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend(n for n in model.graph.node if n.op_type != "QuantizeLinear" and n.output[0] not in pairs)
    shapes = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.value_info}
    shapes.update({v.name: v for v in model.graph.input})
    read = {i for n in graph.node for i in n.input}
    graph.input.extend(shapes[name] for name in pairs)
    graph.input.extend(v for v in model.graph.input if v.name in read)
    graph.output.extend(shapes[name] for name in scales if name in produced)
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    cut.graph.CopyFrom(graph)
    return cut, list(pairs), scales


def compare_layers(steelyard, file, files, preset, folder):
    """Codes of every quantized tensor, each layer given what onnxruntime computed before it.

    Without optimizations: where the pairs are gone, they would join layers that a runtime of the whole file keeps apart.
    """
    model = onnx.load(str(file))
    cut, sources, scales = cut_at_pairs(model)
    onnx.save(cut, folder / "cut.onnx")
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    known = {o.name for o in whole.graph.output}
    whole.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in sources if name not in known)
    onnx.save(whole, folder / "whole.onnx")
    run, layers = session(folder / "whole.onnx"), session(folder / "cut.onnx", optimize=False)
    source, names = run.get_inputs()[0], sources
    largest, apart, count = 0., 0, 0
    for path in files:
        x = sample(path, source, preset)
        values = dict(zip(names, run.run(names, {source.name: x})))
        if source.name in [i.name for i in layers.get_inputs()]:
            values[source.name] = x
        command = [steelyard, "run", str(folder / "cut.onnx"), "--output", str(folder / "layers"), "--quiet"]
        for i, name in enumerate(values):
            np.save(folder / f"in{i}.npy", values[name])
            command += ["--input", f"{name}={folder}/in{i}.npy"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        outputs = [o.name for o in layers.get_outputs()]
        for name, theirs in zip(outputs, layers.run(outputs, values)):
            ours = np.load(folder / "layers" / f"{name.replace('/', '_')}.npy")
            difference = np.abs(np.clip(np.rint(theirs / scales[name]), -128, 127) - np.clip(np.rint(ours / scales[name]), -128, 127))
            largest, apart, count = max(largest, float(difference.max())), apart + int((difference > 0).sum()), count + difference.size
    return Distance(largest, apart / count)


def integer_convolutions(file, folder):
    session(file, optimized=folder / "optimized.onnx")
    types = [n.op_type for n in onnx.load(str(folder / "optimized.onnx")).graph.node]
    floats = sum(t in ("Conv", "FusedConv", "NhwcFusedConv") for t in types)
    return types.count("QLinearConv"), floats


def judge(steelyard, name, data, folder):
    calib, others, preset = MODELS[name]
    model = data / "models" / f"{name}.onnx"
    command = [steelyard, "quantize", str(model), "--data", str(data / calib), "--limit", "100", "--target", "GENERIC,NVGPU",
               "--output", str(folder), "--quiet", "--verify-data", str(data / calib)]
    if preset:
        command += ["--set", "data_preprocess_param.preset=" + preset]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    files = sorted(p for p in (data / others).iterdir() if p.is_file())[:SAMPLES]
    good = True
    for target in ("generic", "nvgpu"):
        file = folder / f"{name}.{target}.onnx"
        onnx.checker.check_model(onnx.load(str(file)), full_check=True)
        ours, itself = compare_outputs(steelyard, file, target, files, preset, folder)
        print(f"{name} {target}")
        for way, apart in ours.items():
            print(f"    onnxruntime, {way + ',':12} and steelyard   {apart}")
        for way, apart in itself.items():
            print(f"    onnxruntime, {way + ',':12} and its default {apart}")
        if target == "generic":
            quantized, floats = integer_convolutions(file, folder)
            print(f"    {quantized} integer convolutions, {floats} float")
            fine = ours["default"].holds() and floats == 0
        else:
            layers = compare_layers(steelyard, file, files[:LAYER_SAMPLES], preset, folder)
            print(f"    each layer by itself                        {layers}")
            fine = ours["default"].holds() or ours["blocked"].holds() or (not all(d.holds() for d in itself.values()) and layers.holds())
        print("    good" if fine else "    FAILED", flush=True)
        good &= fine
    return good


def main():
    data = data_folder()
    names = sys.argv[2:] or list(MODELS)
    good = True
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            good &= judge(sys.argv[1], name, data, pathlib.Path(folder))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
