#!/usr/bin/env python3
"""Every float model gives onnxruntime's outputs, on real samples.

judge_models.py PROGRAM [MODEL_STEM ...]; PROGRAM is steelyard, or run_model to run the graphs as they are in the files.
"""
import dataclasses
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnxruntime as ort
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from shared_data import data_folder

TOLERANCE = 1e-4  # of the output's range over all samples
SAMPLES = 3


# What the models want of a pixel, by the names of MANIFEST.md.
PRESETS = {
    "torch": lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "tf": lambda x: x / 127.5 - 1,
    "tf128": lambda x: (x - 128) / 128,
    "lite0": lambda x: (x - 127) / 128,
    "u1": lambda x: x / 255,
    "raw255": lambda x: x,
}


def photograph(path, size, preset, colour="RGB"):
    """[1, channels, height, width] of a picture squeezed to size (width, height)."""
    pixels = np.asarray(Image.open(path).convert(colour).resize(size, Image.BILINEAR), np.float64)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return PRESETS[preset](pixels).astype(np.float32).transpose(2, 0, 1)[None].copy()


def photographs(folder, size, preset, colour="RGB"):
    def load(data):
        paths = sorted(p for p in (data / folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp"))
        return [[photograph(p, size, preset, colour)] for p in paths[:SAMPLES]]
    return load


def raw(pattern, dtype, shape):
    def load(data):
        return [[np.fromfile(p, dtype).reshape(shape)] for p in sorted(data.glob(pattern))[:SAMPLES]]
    return load


def voice(data):
    inputs = sorted((data / "audio/vad").glob("*.input.f32"))[:: 150 // SAMPLES][:SAMPLES]
    return [[np.fromfile(p, np.float32).reshape(1, 576),
             np.fromfile(str(p).replace(".input.", ".state."), np.float32).reshape(2, 1, 128)] for p in inputs]


def pairs(load):
    """The same samples two at a time, for models whose batch is open."""
    def load_pairs(data):
        singles = load(data)
        return [[np.concatenate(both) for both in zip(one, next_one)] for one, next_one in zip(singles, singles[1:])]
    return load_pairs


IMAGENET = "images/eval"
CIFAR = "cifar10/lossless"
MODELS = {
    "banking77_encoder": raw("text/eval/*.i64", np.int64, (1, 24)),
    "banking77_encoder_dyn": pairs(raw("text/eval/*.i64", np.int64, (1, 24))),
    "banking77_encoder_ln17": raw("text/eval/*.i64", np.int64, (1, 24)),
    "efficientnet_lite0": photographs(IMAGENET, (224, 224), "lite0"),
    "kws_dscnn": raw("kws/eval/*.f32", np.float32, (1, 1, 49, 10)),
    "lenet_mnist": photographs("mnist/eval", (28, 28), "u1", "L"),
    "lenet_mnist_fused_dyn": pairs(photographs("mnist/eval", (28, 28), "u1", "L")),
    "magika_fast_v2_1": raw("filetype/eval/*.i32", np.int32, (1, 1024)),
    "mobilenet_v1_0.25_224": photographs(IMAGENET, (224, 224), "tf"),
    "mobilenet_v1_0.25_224_dyn": pairs(photographs(IMAGENET, (224, 224), "tf")),
    "mobilenet_v1_1.0_224_dq": photographs(IMAGENET, (224, 224), "tf128"),
    "mobilenet_v2_1.0_224_dq": photographs(IMAGENET, (224, 224), "tf"),
    "mobilenet_v2_bn_cifar10_96": photographs(CIFAR, (96, 96), "torch"),
    "ppocr_v3_det": photographs("ocr/images", (320, 192), "torch"),
    "resnet20_cifar10": photographs(CIFAR, (32, 32), "torch"),
    "resnet20_cifar10_fused_dyn": pairs(photographs(CIFAR, (32, 32), "torch")),
    "resnet8_cifar10": photographs(CIFAR, (32, 32), "raw255"),
    "resnet8_cifar10_dyn": pairs(photographs(CIFAR, (32, 32), "raw255")),
    "silero_vad_16k_static": voice,
    "squeezenet1_1": photographs(IMAGENET, (224, 224), "torch"),
    "squeezenet1_1_dyn": pairs(photographs(IMAGENET, (224, 224), "torch")),
    "ultraface_rfb_320": photographs("faces", (320, 240), "lite0"),
}


def open_session(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def run_checked(command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"exit code {run.returncode}: {run.stderr.strip()}")


def run_steelyard(program, model, names, sample, outputs, folder):
    """By `steelyard run`, which fuses the graph first."""
    inputs = []
    for i, (name, array) in enumerate(zip(names, sample)):
        np.save(f"{folder}/in_{i}.npy", array)
        inputs += ["--input", f"{name}=" + f"{folder}/in_{i}.npy"]
    run_checked([program, "run", model, *inputs, "--output", f"{folder}/out", "--quiet"])
    return [np.load(f"{folder}/out/{name.replace('/', '_')}.npy") for name, _ in outputs]


def run_plainly(program, model, names, sample, outputs, folder):
    """By run_model: the graph as it is in the file."""
    for i, array in enumerate(sample):
        array.tofile(f"{folder}/input_{i}.raw")
    shapes = ";".join(f"{name}:{','.join(map(str, array.shape))}" for name, array in zip(names, sample))
    run_checked([program, model, folder, "--inputShape", shapes])
    return [np.fromfile(f"{folder}/output_{i}.raw", like.dtype).reshape(like.shape)
            for i, (_, like) in enumerate(outputs)]


def run_ours(program, model, names, sample, outputs):
    """Our outputs; `outputs` holds names and onnxruntime's arrays."""
    run = run_plainly if pathlib.Path(program).name == "run_model" else run_steelyard
    with tempfile.TemporaryDirectory() as folder:
        return run(program, model, names, sample, outputs, folder)


@dataclasses.dataclass
class Extent:
    """What was seen of one output over the samples."""
    low: float = np.inf
    high: float = -np.inf
    difference: float = 0.0

    def add(self, want, got):
        want, got = want.astype(np.float64), got.astype(np.float64)
        self.low, self.high = min(self.low, want.min()), max(self.high, want.max())
        apart = np.abs(want - got).max()
        self.difference = max(self.difference, apart if np.isfinite(apart) else np.inf)

    def relative(self):
        return self.difference / (self.high - self.low) if self.difference else 0.0


def judge(program, model, load, data):
    session = open_session(model)
    names = [value.name for value in session.get_inputs()]
    extents = [Extent() for _ in session.get_outputs()]
    samples = load(data)
    if not samples:
        raise RuntimeError("no samples")
    for sample in samples:
        wanted = session.run(None, dict(zip(names, sample)))
        outputs = list(zip([value.name for value in session.get_outputs()], wanted))
        for extent, want, got in zip(extents, wanted, run_ours(program, model, names, sample, outputs)):
            if (want.shape, want.dtype) != (got.shape, got.dtype):
                raise RuntimeError(f"{got.dtype}{got.shape} instead of {want.dtype}{want.shape}")
            extent.add(want, got)
    for value, extent in zip(session.get_outputs(), extents):
        print(f"  {value.name}: {extent.relative():.2g} of the range {extent.low:.4g} to {extent.high:.4g}")
    worst = max(extent.relative() for extent in extents)
    return f"differs by {worst:.2g} of the range, at most {TOLERANCE} is allowed" if worst > TOLERANCE else None


def main(program, *stems):
    data = data_folder()
    models = sorted((data / "models").glob("*.onnx"))
    failed = 0
    chosen = [m for m in models if not stems or m.stem in stems]
    for model in chosen:
        print(model.stem, flush=True)
        try:
            problem = judge(program, model, MODELS[model.stem], data) if model.stem in MODELS else "no samples listed"
        except RuntimeError as error:
            problem = str(error)
        if problem:
            print(f"  FAILED: {problem}")
            failed += 1
    print(f"{len(chosen) - failed} of {len(chosen)} passed")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
