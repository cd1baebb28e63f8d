#!/usr/bin/env python3
"""ASCEND files, judged by onnxruntime: only the file is read, and lowered to standard operators.

AscendQuant becomes Mul and QuantizeLinear, a product of int8 ConvInteger or MatMulInteger (ConvTranspose on whole numbers) and an
int32 Add, AscendDequant Cast and Mul. Two comparisons with `steelyard run` on the same file:

- Layers: cut at every AscendQuant and AscendDequant and given what onnxruntime computed before it, every quantized layer is equal
  in every bit.
- Outputs: what stays float is summed in another order there, so a value may fall on the other side of a rounding; the
  outputs are as close as that allows (10 %; 30 % for the detector of words, where one rounding moves a border), and the largest element is
  the same (not asked of the detector: there is no class).

    judge_ascend.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason
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
    from PIL import Image  # noqa: F401  deployed needs it
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

import deployed
from shared_data import data_folder

SAMPLES = 3

TEXT = "banking77_encoder"


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


class Lowering:
    """The same model on standard operators."""

    def __init__(self, model):
        self.model, self.nodes, self.constants = model, [], []
        self.values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        self.offsets = {n.output[0]: int(attributes(n)["offset"]) for n in model.graph.node if n.op_type == "AscendQuant"}
        self.products = {}  # int32 tensor: is it of a convolution

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind, inputs, output, **attrs):
        self.nodes.append(helper.make_node(kind, inputs, [output], **attrs))
        return output

    def quant(self, node):
        at, q = attributes(node), node.output[0]
        steps = self.add("Mul", [node.input[0], self.constant(q + "/scale", np.float32(at["scale"]))], q + "/steps")
        self.add("QuantizeLinear", [steps, self.constant(q + "/one", np.float32(1)),
                                    self.constant(q + "/zero", np.int8(at["offset"]))], q)

    def product(self, node):
        at, (x, w), y = attributes(node), node.input[:2], node.output[0]
        weights = self.values[w]
        assert weights.dtype == np.int8 and weights.min() >= -127
        biased = len(node.input) > 2
        out = y + "/sums" if biased else y
        zero = self.constant(y + "/zero", np.int8(self.offsets[x]))
        if node.op_type == "Conv":
            # onnxruntime multiplies uint8: both sides are moved by 128, which changes no difference
            moved = self.add("Cast", [x], y + "/x32", to=TensorProto.INT32)
            moved = self.add("Add", [moved, self.constant(y + "/128", np.int32(128))], y + "/moved")
            moved = self.add("Cast", [moved], y + "/u8", to=TensorProto.UINT8)
            self.add("ConvInteger", [moved, self.constant(y + "/w", (weights.astype(np.int32) + 128).astype(np.uint8)),
                                     self.constant(y + "/z", np.uint8(self.offsets[x] + 128)), self.constant(y + "/wz", np.uint8(128))],
                     out, **at)
        elif node.op_type == "ConvTranspose":
            whole = self.add("DequantizeLinear", [x, self.constant(y + "/one", np.float32(1)), zero], y + "/x")
            floats = self.add("ConvTranspose", [whole, self.constant(y + "/w", weights.astype(np.float32))], y + "/floats", **at)
            self.add("Cast", [floats], out, to=TensorProto.INT32)
        else:
            weights = weights.T if at.get("transB") else weights
            assert not at.get("transA") and at.get("alpha", 1) == 1 and at.get("beta", 1) == 1
            self.add("MatMulInteger", [x, self.constant(y + "/w", weights), zero], out)
        channelled = node.op_type.startswith("Conv")
        self.products[y] = channelled
        if biased:
            bias = self.values[node.input[2]]
            assert bias.dtype == np.int32
            shape = [1, -1] + [1] * (weights.ndim - 2) if channelled else [-1]
            self.add("Add", [out, self.constant(y + "/bias", bias.reshape(shape))], y)

    def dequant(self, node):
        words, y = self.values[node.input[1]], node.output[0]
        assert words.dtype == np.uint64 and not (words >> np.uint64(32)).any()
        scales = (words & np.uint64(0xffffffff)).astype(np.uint32).view(np.float32)
        shape = [1, -1] + [1] * (self.rank(node.input[0]) - 2) if self.products[node.input[0]] and len(scales) > 1 else [-1]
        floats = self.add("Cast", [node.input[0]], y + "/floats", to=TensorProto.FLOAT)
        self.add("Mul", [floats, self.constant(y + "/scales", scales.reshape(shape))], y)

    def rank(self, tensor):
        maker = next(n for n in self.model.graph.node if tensor in n.output)
        return self.values[maker.input[1]].ndim

    def run(self):
        for node in self.model.graph.node:
            if node.op_type == "AscendQuant":
                self.quant(node)
            elif node.op_type == "AscendDequant":
                self.dequant(node)
            elif node.input and node.input[0] in self.offsets:
                self.product(node)
            else:
                if any(i in self.products for i in node.input):
                    assert node.op_type == "Add", node.op_type
                    self.products[node.output[0]] = False
                self.nodes.append(node)
        graph = self.model.graph
        used = {i for n in self.nodes for i in n.input}
        kept = [t for t in graph.initializer if t.name in used]
        lowered = helper.make_model(helper.make_graph(self.nodes, "lowered", graph.input, graph.output, kept + self.constants),
                                    opset_imports=self.model.opset_import, ir_version=8)
        onnx.checker.check_model(lowered, full_check=True)
        return lowered


def cut(model):
    """Only the quantized layers. What AscendQuant reads becomes an input, with "/given" behind its name, what AscendDequant
    makes an output."""
    layers = onnx.ModelProto()
    layers.CopyFrom(model)
    integers, kept, sources, results = set(), [], [], []
    for node in layers.graph.node:
        if node.op_type == "AscendQuant":
            sources.append(node.input[0])
            node.input[0] += "/given"
        if node.op_type == "AscendDequant":
            results.append(node.output[0])
        elif node.op_type == "AscendQuant" or any(i in integers for i in node.input):
            integers.update(node.output)
        else:
            continue
        kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
    graph = layers.graph
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend(kept)
    return layers, list(dict.fromkeys(sources)), results


def declared(model):
    shapes = {v.name: v for v in onnx.shape_inference.infer_shapes(Lowering(model).run()).graph.value_info}
    shapes.update({v.name: v for v in list(model.graph.input) + list(model.graph.output)})
    return shapes


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def steelyard_run(steelyard, file, inputs, names, folder):
    command = [steelyard, "run", str(file), "--output", str(folder / "y"), "--quiet"]
    for i, (name, value) in enumerate(inputs.items()):
        np.save(folder / f"in{i}.npy", value)
        command += ["--input", f"{name}={folder}/in{i}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [np.load(folder / "y" / f"{name.replace('/', '_')}.npy") for name in names]


def compare(steelyard, file, samples, folder):
    model = onnx.load(str(file))
    layers, sources, results = cut(model)
    shapes = declared(model)
    for name in sources:
        layers.graph.input.add().CopyFrom(shapes[name])
        layers.graph.input[-1].name += "/given"
    layers.graph.output.extend(shapes[name] for name in results)
    whole = Lowering(model).run()
    outputs = [o.name for o in model.graph.output]
    extra = [n for n in sources if n not in outputs and n not in [i.name for i in model.graph.input]]
    whole.graph.output.extend(helper.make_empty_tensor_value_info(n) for n in extra)
    run, run_layers = session(whole), session(Lowering(layers).run())
    onnx.save(layers, folder / "layers.onnx")
    unequal, elements, furthest, agree = 0, 0, 0., 0
    source = run.get_inputs()[0]
    for x in samples:
        values = dict(zip(outputs + extra, run.run(outputs + extra, {source.name: x})))
        values[source.name] = x
        given = {name + "/given": values[name] for name in sources}
        theirs = run_layers.run(results, given)
        for a, b in zip(theirs, steelyard_run(steelyard, folder / "layers.onnx", given, results, folder)):
            unequal += int((a != b).sum())
            elements += a.size
        ours = steelyard_run(steelyard, file, {source.name: x}, outputs, folder)
        a, b = values[outputs[0]], ours[0]
        furthest = max(furthest, float(np.linalg.norm(a - b) / np.linalg.norm(a)))
        agree += int(a.argmax() == b.argmax())
    return len(results), unequal, elements, furthest, agree


def quantize_text(steelyard, data, folder):
    subprocess.run([steelyard, "quantize", str(data / "models" / f"{TEXT}.onnx"), "--data", str(data / "text/calib"), "--limit", "50",
                    "--target", "ASCEND", "--output", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    files = sorted((data / "text/eval").glob("*.i64"))[:SAMPLES]
    return folder / f"{TEXT}.ascend.onnx", [np.fromfile(path, np.int64).reshape(1, -1) for path in files]


def judge(steelyard, name, data, folder):
    if name == TEXT:
        file, samples = quantize_text(steelyard, data, folder)
    else:
        file = deployed.quantize(steelyard, data, name, folder, ["ASCEND"])["ASCEND"]
        samples = deployed.inputs_of(data, name, SAMPLES, deployed.PAGES.get(name))
    layers, unequal, elements, furthest, agree = compare(steelyard, file, samples, folder)
    whole = furthest < .3 if name in deployed.PAGES else furthest < .1 and agree == len(samples)
    fine = layers > 0 and unequal == 0 and whole
    print(f"{name:26} {layers:3} integer layers, {unequal} of {elements} values differ; outputs {100 * furthest:.3f} % apart, "
          f"largest element the same in {agree} of {len(samples)}" + ("" if fine else "   FAILED"), flush=True)
    return fine


def main():
    data = data_folder()
    good = True
    for name in sys.argv[2:] or [*deployed.MODELS, TEXT]:
        with tempfile.TemporaryDirectory() as folder:
            good &= judge(sys.argv[1], name, data, pathlib.Path(folder))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
