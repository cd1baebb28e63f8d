#!/usr/bin/env python3
"""What we quantize, judged by onnx and onnxruntime.

judge_quantize.py PROGRAM files [MODEL ...]   the files are valid, load, use integer kernels, and lose no more than is known
judge_quantize.py PROGRAM peers [MODEL ...]   on the same samples our best method is no worse than onnxruntime's best
"""
import collections
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process
    from samples import SOURCES
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from shared_data import data_folder

# SQNR of the logits in dB over 50 samples, with MAX_MIN and 32 calibration samples: (GENERIC, NVGPU), less 1.5 dB.
FLOORS = {
    "squeezenet1_1": (32, 28),
    "mobilenet_v1_0.25_224": (12, 11),
    "mobilenet_v2_1.0_224_dq": (21, 18.5),
    "efficientnet_lite0": (19, 18),
    "resnet8_cifar10": (29, 30),
    "lenet_mnist": (34.5, 37),
    "kws_dscnn": (27, 21),
    "banking77_encoder": (35, 34),
}
METHODS = ("MAX_MIN", "KL", "PERCENTILE", "MSE", "AUTO")
PEERS = ("squeezenet1_1", "mobilenet_v1_0.25_224", "efficientnet_lite0")
FLOAT_CONVOLUTIONS = ("Conv", "FusedConv", "NhwcFusedConv")


def open_session(path, exact=False, optimized=None):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if exact:  # products of uint8 and int8 that do not saturate in 16 bits on processors with AVX2 and no VNNI
        options.add_session_config_entry("session.x64quantprecision", "1")
    if optimized:
        options.optimized_model_filepath = str(optimized)
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def logits(session, samples):
    name = session.get_inputs()[0].name
    return np.stack([session.run(None, {name: x})[0].reshape(-1) for x in samples]).astype(np.float64)


def sqnr(want, got):
    noise = np.maximum(((want - got) ** 2).sum(1), 1e-30)
    return float(np.mean(10 * np.log10((want ** 2).sum(1) / noise)))


def quantize(program, model, samples, jobs, folder):
    """jobs: (target, method, path)"""
    inputs = folder / "samples"
    inputs.mkdir()
    for i, x in enumerate(samples):
        x.tofile(inputs / f"{i:04}.raw")
    words = [str(word) for job in jobs for word in job]
    subprocess.run([program, str(model), str(inputs), *words], check=True)


def operators(path):
    return collections.Counter(node.op_type for node in onnx.load(str(path)).graph.node)


def judge_file(path, target, model, want, samples, floor, folder):
    onnx.checker.check_model(str(path), full_check=True)
    optimized = folder / "optimized.onnx"
    quality = sqnr(want, logits(open_session(path, optimized=optimized), samples))
    faults = [] if quality >= floor else [f"{quality:.1f} dB, less than {floor}"]
    kinds = operators(optimized)
    if target == "GENERIC":
        left = {kind: kinds[kind] for kind in FLOAT_CONVOLUTIONS if kinds[kind]}
        convolutions = operators(model)["Conv"]
        if left or kinds["QLinearConv"] != convolutions:
            faults.append(f"{kinds['QLinearConv']} of {convolutions} convolutions run on integers, left: {left}")
    print(f"  {target}: {quality:.1f} dB, {'; '.join(faults) or 'ok'}", flush=True)
    return not faults


def judge_files(program, data, name):
    model, source = data / f"models/{name}.onnx", SOURCES[name]
    samples = source.samples(data, source.evaluation, 50)
    want = logits(open_session(model), samples)
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        paths = {target: folder / f"{target}.onnx" for target in ("GENERIC", "NVGPU")}
        quantize(program, model, source.samples(data, source.calibration, 32),
                 [(target, "MAX_MIN", path) for target, path in paths.items()], folder)
        good = [judge_file(path, target, model, want, samples, floor, folder)
                for (target, path), floor in zip(paths.items(), FLOORS[name])]
    return all(good)


class Reader(CalibrationDataReader):
    def __init__(self, name, samples):
        self.feeds = iter([{name: x} for x in samples])

    def get_next(self):
        return next(self.feeds, None)


def best_peer(model, calibration, want, samples, folder):
    """onnxruntime's static quantization: integers around everything, uint8 activations, int8 weights a channel."""
    prepared, quantized = folder / "prepared.onnx", folder / "peer.onnx"
    quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
    name = open_session(model).get_inputs()[0].name
    best = -1000.0
    for method in (CalibrationMethod.MinMax, CalibrationMethod.Percentile, CalibrationMethod.Entropy):
        quantize_static(str(prepared), str(quantized), Reader(name, calibration), quant_format=QuantFormat.QDQ,
                        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                        calibrate_method=method)
        quality = sqnr(want, logits(open_session(quantized, exact=True), samples))
        print(f"  onnxruntime {method.name}: {quality:.2f} dB", flush=True)
        best = max(best, quality)
    return best


def judge_peers(program, data, name):
    model, source = data / f"models/{name}.onnx", SOURCES[name]
    samples = source.samples(data, source.evaluation, 200)
    calibration = source.samples(data, source.calibration, 100)
    want = logits(open_session(model), samples)
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        paths = {method: folder / f"{method}.onnx" for method in METHODS}
        quantize(program, model, calibration, [("GENERIC", method, path) for method, path in paths.items()], folder)
        ours = {method: sqnr(want, logits(open_session(path), samples)) for method, path in paths.items()}
        print("  ours " + ", ".join(f"{method}: {quality:.2f}" for method, quality in ours.items()), flush=True)
        peer = best_peer(model, calibration, want, samples, folder)
    good = max(ours.values()) >= peer
    print(f"  {'ok' if good else 'WORSE'}: {max(ours.values()):.2f} dB against {peer:.2f}", flush=True)
    return good


def main():
    program, mode, *names = sys.argv[1:]
    data = data_folder()
    judge, known = (judge_files, SOURCES) if mode == "files" else (judge_peers, PEERS)
    failed = []
    for name in names or known:
        print(name, flush=True)
        if not judge(program, data, name):
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
