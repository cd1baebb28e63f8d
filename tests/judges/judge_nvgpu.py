#!/usr/bin/env python3
"""NVGPU files in float16 and with 4-bit weights, and the files beside them, by ONNX's checker, onnxruntime and numpy.

Float16: the checker takes the file; everything between its ends is float16; onnxruntime, which computes its operators one by one in float16,
agrees with what `run` computes from the same file (cosine at least 0.99 on every image; 0.9 for the detector, of whose
results even the file in float32 is 0.7 to 0.98 from the float model: one rounding moves the border of a word). onnxruntime's optimizer is off: it turns
biases into integers with scales that float16 does not hold. 4 bits: codes and scales are those that numpy gives from the float weights, and
outputs agree with those of the float model. Ranges and calibration cache: they tell the scales in the file. "forms" is a model made here: Gemm both
ways, a Range of floats and a ConstantOfShape whose sizes the file leaves open.

    judge_nvgpu.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from deployed import MODELS, PAGES, cosine, inputs_of, quantize
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

IMAGES = 4
LEAST = {"ppocr_v3_det": .9}
HALF = "full_quant_param.float_type=FP16"
CACHE = "full_quant_param.tensorrt_version=100300"
TEXT = "banking77_encoder_ln17"  # the model with matrix products to give 4 bits
FLOAT, FLOAT16, INT4 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT4


def plain_session(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def ours(steelyard, file, x, folder):
    """What `run` computes."""
    source = onnx.load(str(file)).graph.input[0]
    np.save(folder / "x.npy", x)
    shape = source.name + ":" + ",".join(map(str, x.shape))
    subprocess.run([steelyard, "run", str(file), "--input", f"{source.name}={folder}/x.npy", "--inputShape", shape, "--output",
                    str(folder / "out"), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    path, = (folder / "out").rglob("*.npy")
    return np.load(path)


def half_faults(model):
    """Float32 tensors that are neither an end of the network nor a factor of Resize."""
    inferred = onnx.shape_inference.infer_shapes(model)
    ends = {v.name for v in list(model.graph.input) + list(model.graph.output)}
    factors = {n.input[2] for n in model.graph.node if n.op_type == "Resize"}
    typed = [(v.name, v.type.tensor_type.elem_type) for v in inferred.graph.value_info]
    typed += [(t.name, t.data_type) for t in model.graph.initializer]
    return [name for name, kind in typed if kind == FLOAT and name not in ends | factors]


def judge_half(steelyard, data, name, folder):
    file = quantize(steelyard, data, name, folder, ["NVGPU"], HALF, CACHE)["NVGPU"]
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    faults = half_faults(model)
    run, worst = plain_session(file), 1.
    for x in inputs_of(data, name, IMAGES, PAGES.get(name)):
        worst = min(worst, cosine(run.run(None, {model.graph.input[0].name: x})[0], ours(steelyard, file, x, folder)))
    faults += side_faults(file, model)
    fine = not faults and worst >= LEAST.get(name, .99)
    print(f"{name:28} float16, opset {model.opset_import[0].version}: cosine with what run computes {worst:.6f}"
          + ("" if fine else "   FAILED " + "; ".join(faults[:3])), flush=True)
    return fine


def side_faults(file, model):
    """Scales of the quantized tensors, by the two files beside the model."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    lines = file.with_suffix(".cache").read_text().splitlines()
    cache = {line.rsplit(": ", 1)[0]: struct.unpack(">f", bytes.fromhex(line.rsplit(": ", 1)[1]))[0] for line in lines[1:]}
    ranges = json.loads(file.with_suffix(".ranges.json").read_text())["ranges"]
    faults = [] if lines[0] == "TRT-100300-EntropyCalibration2" else [lines[0]]
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear":
            continue
        name, scale = node.name.removesuffix("_QuantizeLinear"), float(constants[node.input[1]])
        if name not in cache or cache[name] != scale:
            faults.append(f"the cache has {cache.get(name)} for '{name}', the file {scale}")
        largest = max(-ranges[name]["min"], ranges[name]["max"]) if name in ranges else 0
        if not largest / 127 <= scale * (1 + 1e-6) or not scale <= max(largest / 127 * 1.001, largest / 127 + 2 ** -24):
            faults.append(f"the range of '{name}' ends at {largest}, its scale is {scale}")
    return faults


def unpacked(tensor):
    return onnx.numpy_helper.to_array(tensor).astype(np.int32)


def block_faults(model, original, block):
    """Codes and scales of every DequantizeLinear with blocks, from the float weights."""
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in original.graph.initializer}
    weights.update({n.output[0]: onnx.numpy_helper.to_array(n.attribute[0].t) for n in original.graph.node if n.op_type == "Constant"})
    made = {t.name: t for t in model.graph.initializer}
    faults, count = [], 0
    for node in model.graph.node:
        if not any(a.name == "block_size" for a in node.attribute):
            continue
        count += 1
        name = node.input[0].removesuffix("_quantized")
        w = weights[name].astype(np.float64)
        if any(n.op_type == "Gemm" and n.input[1] == name and any(a.name == "transB" and a.i for a in n.attribute) for n in original.graph.node):
            w = w.T
        if made[node.input[1]].data_type == FLOAT16:
            w = w.astype(np.float16).astype(np.float64)
        scales, codes = onnx.numpy_helper.to_array(made[node.input[1]]), unpacked(made[node.input[0]])
        blocks = w.reshape(-1, block, w.shape[1])
        expected = (np.abs(blocks).max(axis=1) / 7).astype(np.float32)
        if scales.dtype == np.float16:
            lower = expected.astype(np.float16)
            expected = np.where(lower.astype(np.float32) < expected, np.nextafter(lower, np.float16(np.inf)), lower)
        if made[node.input[0]].data_type != INT4 or not np.array_equal(scales, expected):
            faults.append(f"scales of {node.input[0]}")
        steps = np.rint((blocks.astype(np.float32) / scales.astype(np.float32)[:, None, :])).reshape(w.shape)
        if not np.array_equal(codes, np.clip(steps, -7, 7)):
            faults.append(f"codes of {node.input[0]}")
    return faults, count


def judge_blocks(steelyard, data, folder, block, half):
    original = onnx.load(str(data / "models" / f"{TEXT}.onnx"))
    command = [steelyard, "quantize", str(data / "models" / f"{TEXT}.onnx"), "--data", str(data / "text/calib"), "--limit", "16", "--target", "NVGPU",
               "--output", str(folder), "--quiet", "--set", f"full_quant_param.int4_block_size={block}"] + (["--set", HALF] if half else [])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    model = onnx.load(str(folder / f"{TEXT}.nvgpu.onnx"))
    onnx.checker.check_model(model, full_check=True)
    faults, count = block_faults(model, original, block)
    before, after = plain_session(data / "models" / f"{TEXT}.onnx"), plain_session(folder / f"{TEXT}.nvgpu.onnx")
    source, same, worst = original.graph.input[0].name, 0, 1.
    samples = sorted((data / "text/eval").glob("*.i64"))[:100]
    for path in samples:
        x = np.fromfile(path, np.int64).reshape(1, -1)
        a, b = before.run(None, {source: x})[0], after.run(None, {source: x})[0]
        same += a.argmax() == b.argmax()
        worst = min(worst, cosine(a, b))
    fine = not faults and count == 12 and same >= .97 * len(samples) and worst >= .97
    print(f"{TEXT:28} {count} matrices of int4 in blocks of {block}, {'float16' if half else 'float32'}: same answer as float {same} of {len(samples)}, "
          f"cosine {worst:.6f} at least" + ("" if fine else "   FAILED " + "; ".join(faults[:3])), flush=True)
    return fine


def forms_model():
    """x [N, 128] -> Gemm -> Relu -> Gemm of the other form -> with rows of 0, 1, ... and .25 added."""
    rng, make, constant = np.random.RandomState(5), onnx.helper.make_node, onnx.numpy_helper.from_array
    constants = {"w1": rng.randn(192, 128) / 12, "b1": rng.randn(192) / 4, "w2": rng.randn(192, 64) / 14, "b2": rng.randn(64) / 4}
    tensors = [constant(value.astype(np.float32), name) for name, value in constants.items()]
    tensors += [constant(np.float32(0), "none"), constant(np.float32(.125), "eighth"), constant(np.array(1), "one"), constant(np.array([1]), "axis")]
    nodes = [make("Gemm", ["x", "w1", "b1"], ["g1"], "g1", transB=1), make("Relu", ["g1"], ["r"], "r"),
             make("Gemm", ["r", "w2", "b2"], ["g2"], "g2"), make("Shape", ["g2"], ["sizes"], "sizes"),
             make("Gather", ["sizes", "one"], ["columns"], "columns"), make("Cast", ["columns"], ["ends"], "ends", to=FLOAT),
             make("Mul", ["ends", "eighth"], ["end"], "end"), make("Range", ["none", "end", "eighth"], ["steps"], "steps"),
             make("ConstantOfShape", ["sizes"], ["filled"], "filled", value=onnx.helper.make_tensor("v", FLOAT, [1], [.25])),
             make("Add", ["g2", "steps"], ["s"], "s"), make("Mul", ["s", "filled"], ["y"], "y")]
    graph = onnx.helper.make_graph(nodes, "forms", [onnx.helper.make_tensor_value_info("x", FLOAT, ["N", 128])],
                                   [onnx.helper.make_tensor_value_info("y", FLOAT, ["N", 64])], tensors)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def judge_forms(steelyard, folder, more):
    original, rng = forms_model(), np.random.RandomState(6)
    (folder / "samples").mkdir()
    onnx.save(original, str(folder / "forms.onnx"))
    for i in range(16):
        np.save(folder / "samples" / f"{i:02}.npy", rng.randn(2, 128).astype(np.float32))
    command = [steelyard, "quantize", str(folder / "forms.onnx"), "--data", str(folder / "samples"), "--inputShape", "x:2,128", "--target", "NVGPU",
               "--output", str(folder), "--quiet"] + [part for key in more for part in ("--set", key)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    file = folder / "forms.nvgpu.onnx"
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    faults, count = block_faults(model, original, 64)
    kinds, blocks = [node.op_type for node in model.graph.node], "full_quant_param.int4_block_size=64" in more
    if ("Gemm" in kinds, count) != ((False, 2) if blocks else (True, 0)) or not {"Range", "ConstantOfShape"} <= set(kinds):
        faults.append(f"the file holds {kinds} and {count} matrices of int4")
    before, after, worst, own = plain_session(folder / "forms.onnx"), plain_session(file), 1., 1.
    for batch in (1, 2, 5):
        x = rng.randn(batch, 128).astype(np.float32)
        result = after.run(None, {"x": x})[0]
        worst = min(worst, cosine(before.run(None, {"x": x})[0], result))
        own = min(own, cosine(ours(steelyard, file, x, folder), result))
    fine = not faults and worst >= .99 and own >= .9999
    print(f"{'forms':28} {' '.join(key.split('.')[1] for key in more):40} cosine with the float model {worst:.6f}, with what run computes {own:.6f}"
          + ("" if fine else "   FAILED " + "; ".join(faults[:3])), flush=True)
    return fine


def main():
    data, good = data_folder(), True
    names = sys.argv[2:] or ["forms", *MODELS, TEXT]
    for name in names:
        if name == "forms":
            for more in ([HALF], ["full_quant_param.int4_block_size=64"], ["full_quant_param.int4_block_size=64", HALF]):
                with tempfile.TemporaryDirectory() as folder:
                    good &= judge_forms(sys.argv[1], pathlib.Path(folder), more)
            continue
        if name == TEXT:
            for block, half in ((64, False), (128, False), (128, True)):
                with tempfile.TemporaryDirectory() as folder:
                    good &= judge_blocks(sys.argv[1], data, pathlib.Path(folder), block, half)
            continue
        with tempfile.TemporaryDirectory() as folder:
            good &= judge_half(sys.argv[1], data, name, pathlib.Path(folder))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
