#!/usr/bin/env python3
"""DSP files on Qualcomm's own stack: onnxruntime's QNN provider with the emulated Hexagon, fallback to the processor disabled.

For each model: the whole file compiles with nothing left to the processor; the lowered graph has 8 bits everywhere (activations uint8, weights
int8, biases int32); its outputs agree with onnxruntime's on the processor (cosine at least 0.98: one
step here and there adds up over fifty layers); and layer by layer, each given the
same integers, at most one step apart on at most 10 % of the values (of 3 values, in layers of less than 30). Files with 16-bit activations must compile too; their layers
are compared with a bound of 0.3 % of the codes, which is what the emulation keeps of 16 bits.

    judge_qnn.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason
"""
import json
import pathlib
import sys
import tempfile
import time

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    import onnxruntime_qnn
    from deployed import MODELS, cosine, inputs_of, layer_inputs, on_grid, quantize, separate_layers, session
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

IMAGES = 2
WIDE = "kws_dscnn"  # this model with 16 bits too, everywhere and for one node
# QNN's numbers of data types: uint8, uint16, int8, int32.
UINT8, UINT16, INT8, INT32 = 0x0408, 0x0416, 0x0308, 0x0332


def library_of(name):
    return str(pathlib.Path(onnxruntime_qnn.get_library_path()).parent / name)


def hexagon(content, folder=None):
    """A session on the emulated processor; fails where a node would be left to the host."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    settings = {"backend_path": library_of("libQnnHtp.so")}
    if folder:
        settings.update(dump_json_qnn_graph="1", json_qnn_graph_dir=str(folder))
    devices = [d for d in ort.get_ep_devices() if d.ep_name == "QNNExecutionProvider"]
    options.add_provider_for_devices(devices[:1], settings)
    return ort.InferenceSession(content.SerializeToString(), options)


def check_lowered(folder, encodings, wide):
    """The faults of the graph that the provider wrote as JSON, and how many tensors it has.

    Whatever a layer reads or writes has the widths it should; and each activation's scale and offset is one of the encodings beside
    the file (the scale to one unit in the last place: the provider computes some anew).
    """
    path, = [p for p in pathlib.Path(folder).glob("*.json") if not p.name.endswith("_tensor_log.json")]
    graph = json.loads(path.read_text())["graph"]
    known = [(e["scale"][0], e["offset"][0]) for kind in encodings.values() if isinstance(kind, list) for e in kind]
    faults = []
    for name, node in graph["nodes"].items():
        ends = {"Quantize": node["output_names"], "Dequantize": node["input_names"]}
        for tensor in ends.get(node["type"], node["input_names"] + node["output_names"]):
            kind = graph["tensors"][tensor]["data_type"]
            if kind not in (UINT8, INT8, INT32) + ((UINT16,) if wide else ()):
                faults.append(f"{node['type']} '{name}': '{tensor}' is of type {kind:#x}")
            grid = graph["tensors"][tensor]["quant_params"]["scale_offset"]
            if kind in (UINT8, UINT16) and not any(abs(grid["scale"] / scale - 1) < 2e-7 and grid["offset"] == offset
                                                   for scale, offset in known):
                faults.append(f"'{tensor}' has {grid}, which the encodings have not")
    return faults, len(graph["tensors"])


def compare_layers(model, feeds):
    """The largest difference (in steps, as part of all codes, and where), and the largest share of a layer that differs."""
    layers, names = separate_layers(model)
    wanted = {i.name for i in layers.graph.input}
    reference, tested = session(layers), hexagon(layers)
    apart = {name: [] for name in names}
    for feed in feeds:
        values = {k: v for k, v in {**feed, **layer_inputs(model, names, feed)}.items() if k in wanted}
        for name, a, b in zip(names, reference.run(names, values), tested.run(names, values)):
            apart[name].append(np.abs(a.astype(np.int64) - b.astype(np.int64)).ravel())
            codes = np.iinfo(a.dtype).max
    apart = {name: np.concatenate(parts) for name, parts in apart.items()}
    steps, where = max((int(part.max()), name) for name, part in apart.items())
    share = max(float((part > 0).sum() / max(part.size, 30)) for part in apart.values())
    return steps, steps / codes, where, share, len(names)


def judge(name, label, file, data, wide=False):
    began = time.time()
    model = onnx.load(str(file))
    onnx.checker.check_model(model, full_check=True)
    encodings = json.loads(file.with_suffix(".encodings.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        run = hexagon(model, folder)
        faults, tensors = check_lowered(folder, encodings, wide)
    output = model.graph.output[0].name
    feeds = [{model.graph.input[0].name: on_grid(model, x)} for x in inputs_of(data, name, IMAGES)]
    pairs = [(session(model).run([output], feed)[0], run.run([output], feed)[0]) for feed in feeds]
    worst = min(cosine(a, b) for a, b in pairs)
    steps, relative, where, share, count = compare_layers(model, feeds)
    fine = not faults and worst >= .98 and (relative <= .003 if wide else steps <= 1 and share <= .1)
    print(f"{name:28} {label:14} {tensors:4} tensors; cosine {worst:.6f}; {count} layers: {steps} steps ({where}), "
          f"{100 * share:.2f} % differ at most; {time.time() - began:.0f} s"
          + ("" if fine else "   FAILED " + "; ".join(faults[:3])), flush=True)
    return fine


def main():
    ort.register_execution_provider_library("QNNExecutionProvider", onnxruntime_qnn.get_library_path())
    data = data_folder()
    good = True
    for name in sys.argv[2:] or list(MODELS):
        with tempfile.TemporaryDirectory() as folder:
            good &= judge(name, "8 bits", quantize(sys.argv[1], data, name, folder, ["DSP"])["DSP"], data)
            if name == WIDE:
                everywhere = "full_quant_param.activation_bit_num=16"
                good &= judge(name, "16 bits", quantize(sys.argv[1], data, name, folder, ["DSP"], everywhere)["DSP"], data, True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
