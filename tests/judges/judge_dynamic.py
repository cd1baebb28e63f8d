#!/usr/bin/env python3
"""Dynamic quantization, judged by onnxruntime: it runs every file, and gives what we give.

judge_dynamic.py PROGRAM [MODEL_STEM ...]; without models the networks of our own too

For each model and strategy: onnx's checker accepts the file, onnxruntime's outputs are within a step (1/255 of the output's
range) of `steelyard run`, and what the files say of themselves holds. Of the text classifiers the accuracy and the cosine of
the logits too, on all sentences. Small networks of our own have what those models lack: Gemm with all its attributes, weights
that several nodes read, a bias that is computed, other ranks and operator sets.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper, numpy_helper
    from PIL import Image  # noqa: F401: of judge_models
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from judge_models import MODELS
from shared_data import data_folder

FLOAT = TensorProto.FLOAT
STRATEGIES = ("ALWC", "ACWL")
STEPS = 1.0
POINTS, COSINE, SHARE = 0.005, 0.9993, 0.28
TEXT = ("banking77_encoder", "banking77_encoder_ln17", "banking77_encoder_dyn")
# What the file must hold besides Cast, Mul and Add; LSTM stays, with integer weights.
EXPECTED = {
    **{stem: {"MatMulInteger"} for stem in TEXT},
    "squeezenet1_1": {"ConvInteger"},
    "kws_dscnn": {"ConvInteger", "MatMulInteger"},
    "lenet_mnist": {"ConvInteger", "MatMulInteger"},
    "resnet8_cifar10": {"ConvInteger", "MatMulInteger"},
    "silero_vad_16k_static": {"ConvInteger", "LSTM"},
}


def session(path):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds(model, sample):
    return {i.name: x for i, x in zip(model.get_inputs(), sample)}


def quantize(program, model, strategy, folder):
    command = [program, "quantize", model, "--output", folder, "--quiet", "--set",
               "common_quant_param.quant_type=DYNAMIC_QUANT", "--set", f"dynamic_quant_param.quant_strategy={strategy}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{model.stem}: quantize failed: {done.stderr}")
    return folder / f"{model.stem}.quant.onnx"


def run_ours(program, path, names, sample, outputs, folder):
    command = [program, "run", path, "--output", folder, "--quiet"]
    shapes = []
    for i, (name, x) in enumerate(zip(names, sample)):
        np.save(folder / f"input{i}.npy", x)
        command += ["--input", f"{name}={folder / f'input{i}.npy'}"]
        shapes.append(f"{name}:{','.join(map(str, x.shape))}")
    command += ["--inputShape", ";".join(shapes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{path.stem}: run failed: {done.stderr}")
    return [np.load(folder / f"{name.replace('/', '_')}.npy") for name in outputs]


def compare(program, path, samples, folder):
    """The largest difference in steps, over all outputs and samples."""
    model = session(path)
    names, outputs = [i.name for i in model.get_inputs()], [o.name for o in model.get_outputs()]
    theirs = [model.run(None, feeds(model, s)) for s in samples]
    ours = [run_ours(program, path, names, s, outputs, folder) for s in samples]
    worst = 0.0
    for o in range(len(outputs)):
        a, b = np.stack([t[o] for t in theirs]), np.stack([t[o] for t in ours])
        step = (max(a.max(), 0) - min(a.min(), 0)) / 255
        worst = max(worst, float(np.abs(a - b).max() / (step or 1)))
    return worst


def judge_text(data, model, path):
    """Accuracy in points below the float model, the cosine of all logits, the share of bytes."""
    rows = [line.split() for line in (data / "text/eval_labels.txt").read_text().splitlines()]
    labels = np.array([int(label) for _, label in rows])
    logits = []
    for file in (model, path):
        runner = session(file)
        sentences = (np.fromfile(data / "text" / name, np.int64).reshape(1, 24) for name, _ in rows)
        logits.append(np.stack([runner.run(None, feeds(runner, [s]))[0][0] for s in sentences]))
    accuracy = [float((x.argmax(1) == labels).mean()) for x in logits]
    a, b = logits[0].ravel().astype(np.float64), logits[1].ravel().astype(np.float64)
    cosine = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    share = path.stat().st_size / model.stat().st_size
    print(f"  accuracy {accuracy[0]:.3f} -> {accuracy[1]:.3f}, cosine {cosine:.6f}, bytes {share:.3f}")
    return accuracy[0] - accuracy[1] <= POINTS and cosine >= COSINE and share <= SHARE


def net(nodes, inputs, outputs, constants, opset=17):
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def nets():
    """name, model, samples, operators that must be there, operators that must not."""
    draw, node = np.random.default_rng(7), helper.make_node

    def normal(*shape):
        return draw.normal(size=shape).astype(np.float32)

    def samples(*shape):
        return [[normal(*shape) * 2 + 1] for _ in range(3)]

    yield ("gemm", net([node("Gemm", ["x", "w", "c"], ["y"], "g", transB=1, alpha=0.5, beta=-2.0)], [("x", FLOAT, [4, 24])],
                       ["y"], {"w": normal(7, 24), "c": normal(7)}), samples(4, 24), {"MatMulInteger"}, {"Gemm"})
    yield ("gemm of old", net([node("Gemm", ["x", "w", "c"], ["y"], "g")], [("x", FLOAT, [4, 24])], ["y"],
                              {"w": normal(24, 7), "c": normal(7)}, 9), samples(4, 24), {"MatMulInteger"}, {"Gemm"})
    # The weights stand in the file in the other order than their nodes; both read x.
    yield ("shared activation",
           net([node("MatMul", ["x", "w1"], ["a"], "first"), node("Relu", ["a"], ["b"]),
                node("MatMul", ["x", "w2"], ["c"], "second"), node("Add", ["b", "c"], ["y"])], [("x", FLOAT, [2, 3, 16])],
               ["y"], {"w2": normal(16, 8), "w1": normal(16, 8)}), samples(2, 3, 16), {"MatMulInteger"}, {"MatMul"})
    yield ("shared weight", net([node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])],
                                [("x", FLOAT, [5, 16])], ["y"], {"w": normal(16, 16)}), samples(5, 16),
           {"MatMulInteger"}, {"MatMul"})
    yield ("weight of a table and a product",
           net([node("Gather", ["w", "i"], ["a"]), node("MatMul", ["a", "w"], ["y"])], [("i", TensorProto.INT64, [5])],
               ["y"], {"w": normal(16, 16)}), [[draw.integers(-16, 16, 5)] for _ in range(3)], {"Gather", "MatMul"},
           {"MatMulInteger"})
    yield ("table", net([node("Gather", ["w", "i"], ["y"])], [("i", TensorProto.INT64, [5, 2])], ["y"],
                        {"w": normal(16, 24) + 3}), [[draw.integers(-16, 16, (5, 2))] for _ in range(3)], {"Gather"}, set())
    yield ("grouped convolution",
           net([node("Conv", ["x", "w", "b"], ["y"], group=2, strides=[2, 1], pads=[1, 0, 2, 1], dilations=[1, 2])],
               [("x", FLOAT, [2, 4, 9, 8])], ["y"], {"w": normal(6, 2, 3, 2), "b": normal(6)}), samples(2, 4, 9, 8),
           {"ConvInteger"}, {"Conv"})
    yield ("convolution of one dimension",
           net([node("Conv", ["x", "w"], ["y"], auto_pad="SAME_LOWER")], [("x", FLOAT, [1, 4, 19])], ["y"],
               {"w": normal(6, 4, 5)}), samples(1, 4, 19), {"ConvInteger"}, {"Conv"})
    yield ("computed bias",
           net([node("Conv", ["x", "w", "b"], ["y"])], [("x", FLOAT, [1, 4, 6, 6]), ("b", FLOAT, [6])], ["y"],
               {"w": normal(6, 4, 3, 3)}), [[normal(1, 4, 6, 6), normal(6)] for _ in range(3)], {"Conv"}, {"ConvInteger"})
    yield ("a row of nothing but 0",
           net([node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, [4, 16])], ["y"], {"w": normal(16, 8)}),
           [[normal(4, 16) * np.float32([[1], [0], [1], [0.5]])], [np.zeros((4, 16), np.float32)]], {"MatMulInteger"},
           {"MatMul"})
    yield ("opset 18", net([node("MatMul", ["x", "w"], ["y"])], [("x", FLOAT, [4, 16])], ["y"], {"w": normal(16, 8)}, 18),
           samples(4, 16), {"MatMulInteger"}, {"MatMul"})


def judge_net(program, name, net_of, strategy, folder):
    model, samples, present, absent = net_of
    file = folder / f"{name.replace(' ', '_')}.onnx"
    onnx.save(model, file)
    path = quantize(program, file, strategy, folder)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    kinds = {n.op_type for n in proto.graph.node}
    runners = [session(file), session(path)]
    wanted, got = [[r.run(None, feeds(r, s))[0] for s in samples] for r in runners]
    error = sum(float(np.square(a - b).sum()) for a, b in zip(wanted, got))
    snr = 10 * np.log10(sum(float(np.square(a).sum()) for a in wanted) / max(error, 1e-30))
    apart = compare(program, path, samples, folder)
    good = snr > 33 and apart <= 0.01 and present <= kinds and not absent & kinds
    print(f"{name} {strategy}: {snr:.1f} dB, {apart:.4f} steps apart{'' if good else f'  FAILED: {sorted(kinds)}'}")
    return good


def judge(program, data, stem, strategy, folder):
    model = data / "models" / f"{stem}.onnx"
    path = quantize(program, model, strategy, folder)
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
    missing = EXPECTED[stem] - {node.op_type for node in proto.graph.node}
    worst = compare(program, path, MODELS[stem](data), folder)
    good = worst <= STEPS and not missing
    print(f"{stem} {strategy}: {worst:.4f} steps apart at most{f', lacks {missing}' if missing else ''}"
          f"{'' if good else '  FAILED'}", flush=True)
    if stem in TEXT and not judge_text(data, model, path):
        print("  FAILED")
        good = False
    return good


def main():
    program, chosen = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        results = [judge_net(program, name, rest, strategy, folder) for name, *rest in ([] if chosen else nets())
                   for strategy in STRATEGIES]
        data = data_folder()
        results += [judge(program, data, stem, strategy, folder) for stem in chosen or EXPECTED
                    for strategy in STRATEGIES]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
