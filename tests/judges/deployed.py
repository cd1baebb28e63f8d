"""The models that every target's files are judged on, and how those files are made."""
import os
import pathlib
import shutil
import subprocess

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

from samples import crop_to

SAMPLES = 24  # of calibration

# model: (calibration samples, samples to compare on, preset or None, shape of the input)
MODELS = {
    "kws_dscnn": ("kws/calib", "kws/eval", None, (1, 1, 49, 10)),
    "resnet20_cifar10_fused_dyn": ("cifar10/calib", "cifar10/lossless", "torch", (1, 3, 32, 32)),
    "mobilenet_v1_0.25_224": ("images/calib", "images/native", "tf", (1, 3, 224, 224)),
    "squeezenet1_1": ("images/calib", "images/native", "torch", (1, 3, 224, 224)),
    "mobilenet_v2_1.0_224_dq": ("images/calib", "images/native", "tf", (1, 3, 224, 224)),
    "efficientnet_lite0": ("images/calib", "images/native", "tf128", (1, 3, 224, 224)),
    "ppocr_v3_det": ("ocr/images", "images/native", "torch", (1, 3, 160, 320)),
}
# Compared layer by layer on photographs, since on a page one value, that of the paper, would count for most of each layer; as
# a whole on pages, since on photographs there is nothing to find.
PAGES = {"ppocr_v3_det": "ocr/images"}
SCALES = {
    "torch": lambda x: (x / 255 - np.array([.485, .456, .406])) / np.array([.229, .224, .225]),
    "tf": lambda x: x / 127.5 - 1,
    "tf128": lambda x: (x - 128) / 128,
}


def read_sample(path, preset, shape):
    if path.suffix == ".f32":
        return np.fromfile(path, np.float32).reshape(shape)
    image = Image.open(path).convert("RGB")
    if shape[2] == shape[3]:
        image = crop_to(image, shape[3])
    else:
        image = image.resize((shape[3], shape[2]), Image.BILINEAR)
    return np.ascontiguousarray(SCALES[preset](np.asarray(image, np.float32)).transpose(2, 0, 1)[None], np.float32)


def inputs_of(data, name, count, folder=None):
    """Samples as the model reads them; from `folder` below data/ instead of its usual one."""
    _, others, preset, shape = MODELS[name]
    paths = sorted(p for p in (data / (folder or others)).iterdir() if p.suffix in (".f32", ".png", ".jpg"))
    return [read_sample(path, preset, shape) for path in paths[:count]]


def quantize(steelyard, data, name, folder, targets, *settings):
    """Writes the files of these targets into `folder`; with SY_JUDGE_FILES those of <it>/<model> are taken, where there are."""
    files = {target: pathlib.Path(folder) / f"{name}.{target.lower()}.onnx" for target in targets}
    made = pathlib.Path(os.environ.get("SY_JUDGE_FILES", "/nowhere")) / name
    if made.is_dir() and not settings:
        for path in made.iterdir():
            shutil.copy(path, folder)
        targets = [target for target, file in files.items() if not file.exists()]
    if targets:
        subprocess.run(quantize_command(steelyard, data, name, folder, targets, *settings), check=True, stdout=subprocess.DEVNULL)
    return files


def quantize_command(steelyard, data, name, folder, targets, *settings):
    calib, _, preset, shape = MODELS[name]
    model = onnx.load(str(data / "models" / f"{name}.onnx"), load_external_data=False)
    given = "x".join(map(str, shape))
    shape_of = model.graph.input[0].name + ":" + given.replace("x", ",")
    command = [steelyard, "quantize", str(data / "models" / f"{name}.onnx"), "--data", str(data / calib),
               "--limit", str(SAMPLES), "--inputShape", shape_of, "--target", ",".join(targets), "--output", str(folder), "--quiet"]
    if preset:
        command += ["--set", "data_preprocess_param.preset=" + preset]
    if name == "ppocr_v3_det":
        command += ["--set", f"data_preprocess_param.resize_height={shape[2]}",
                    "--set", f"data_preprocess_param.resize_width={shape[3]}"]
    for setting in settings:
        command += ["--set", setting]
    return command


def session(model):
    """onnxruntime on the processor, with exact products."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    content = model if isinstance(model, (str, bytes)) else model.SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def cosine(a, b):
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    return 1. if np.array_equal(a, b) else float(a @ b / np.sqrt((a @ a) * (b @ b)))


def on_grid(model, x):
    """The values that the integers of the input stand for: pixels often lie halfway between two, and which way those are
    rounded is no matter of a layer."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    node, = [n for n in model.graph.node if n.op_type == "QuantizeLinear" and n.input[0] == model.graph.input[0].name]
    scale, zero = constants[node.input[1]], constants[node.input[2]]
    kind = np.iinfo(zero.dtype)
    codes = np.clip(np.rint(x / scale) + float(zero), kind.min, kind.max)
    return ((codes - float(zero)) * scale).astype(np.float32)


def separate_layers(model):
    """The same model with each layer by itself: integers that were passed on become an input, and all are outputs.

    Returns it and the names of the integer tensors. Layer by layer the results of two programs can then be compared
    without the differences of what came before.
    """
    quantized = {n.output[0]: n for n in model.graph.node if n.op_type == "QuantizeLinear"}
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {v.name: v for v in list(inferred.graph.value_info) + list(inferred.graph.input) + list(inferred.graph.output)}
    layers = onnx.ModelProto()
    layers.CopyFrom(model)
    graph = layers.graph
    del graph.node[:], graph.output[:], graph.value_info[:]
    read = set()
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in quantized:
            if node.output[0] in {o.name for o in model.graph.output}:
                continue
            read.add(node.input[0])
            copy = graph.node.add()
            copy.CopyFrom(node)
            copy.input[0] = node.input[0] + "_given"
        else:
            graph.node.add().CopyFrom(node)
    for name in quantized:
        described = known[name]
        graph.output.add().CopyFrom(described)
        if name in read:
            given = graph.input.add()
            given.CopyFrom(described)
            given.name = name + "_given"
    return layers, list(quantized)


def layer_inputs(model, names, feed):
    """What the separated layers read: all integers of the whole model on one sample."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {v.name: v for v in inferred.graph.value_info}
    whole.graph.output.extend(known[name] for name in names)
    values = dict(zip(names, session(whole).run(names, feed)))
    return {name + "_given": value for name, value in values.items()}
