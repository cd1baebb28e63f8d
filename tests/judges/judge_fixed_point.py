#!/usr/bin/env python3
"""The integer arithmetic of dsp/fixed_point, layer by layer, beside LiteRT's two kinds of kernels and onnxruntime's.

Each model runs once for each way of rounding, and every layer's codes are kept. Then each operator of the .tflite alone gets
the codes that ours had as its input, and so does each layer of the DSP file in onnxruntime:

    way of rounding    XNNPACK                 reference kernels    onnxruntime
    float factors      0 steps apart           at most 1            at most 1
    double rounding    at most 1               at most 1            at most 1
    single rounding    at most 1               at most 1            at most 1

onnxruntime adds in float what XNNPACK adds with factors of 21 bits: a sum all but halfway between two codes goes to one or the other. Where
that is so it is said (mobilenet_v2: one value), and ours goes with XNNPACK. Operators that LiteRT computes in a way of its own (LeakyRelu,
linear Resize) are at most 1 apart.

    judge_fixed_point.py STEELYARD RUN_INTEGER [MODEL ...]            exit code 77: skipped, with the reason
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from deployed import MODELS, PAGES, inputs_of, on_grid, quantize, separate_layers, session
    from judge_litert import OWN_WAY, interpreter, run, schema, single, to_model
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

ROUNDINGS = ("float", "double", "single")


def all_codes(program, file, rounding, codes, graph, buffers, folder):
    """Every computed tensor's codes by ours, by name."""
    codes.tofile(folder / "in")
    subprocess.run([program, str(file), rounding, str(folder / "in"), str(folder / "out"), str(folder / "all")], check=True)
    whole, values, at = np.fromfile(folder / "all", np.int8), {}, 0
    for tensor in graph.tensors:
        if tensor.type == schema.TensorType.INT8 and buffers[tensor.buffer].data is None:
            count = int(np.prod(tensor.shape))
            values[tensor.name.decode()] = whole[at:at + count].reshape(tensor.shape)
            at += count
    assert at == whole.size
    return values


class Tally:
    """The largest difference, and at how many values."""

    def __init__(self):
        self.steps, self.count, self.of, self.where = 0, 0, 0, ""

    def add(self, a, b, where):
        difference = np.abs(a.astype(int) - b.astype(int))
        if difference.size and difference.max() > self.steps:
            self.steps, self.where = int(difference.max()), where
        self.count += int((difference > 0).sum())
        self.of += difference.size

    def __str__(self):
        return "0" if not self.steps else f"{self.steps} at {self.count} of {self.of} ({self.where})"


def compare_operators(content, values):
    """Ours beside XNNPACK (what it computes in its own way apart) and the reference kernels, given the same codes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    fast, own, reference = Tally(), Tally(), Tally()
    for index, operator in enumerate(model.subgraphs[0].operators):
        part, inputs, output = single(model, index)
        given = [values[name] for name in inputs]
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        (own if code in OWN_WAY else fast).add(run(interpreter(part, False), *given), values[output], output)
        reference.add(run(interpreter(part, True), *given), values[output], output)
    return fast, own, reference


def to_graph(codes):
    """int8 codes of the model as uint8 codes of the graph."""
    return ((codes.transpose(0, 3, 1, 2) if codes.ndim == 4 else codes).astype(np.int16) + 128).astype(np.uint8)


def compare_layers(layers, names, feed, values):
    """Ours beside onnxruntime, layer by layer."""
    known = {q: values[name] for name, q in names.items()}
    given = {q + "_given": to_graph(codes) for q, codes in known.items()}
    wanted = {i.name for i in layers.graph.input}
    found, tally = session(layers).run(list(known), {k: v for k, v in {**feed, **given}.items() if k in wanted}), Tally()
    for (q, codes), other in zip(known.items(), found):
        tally.add(to_graph(codes), other, q.removesuffix("_QuantizeLinear_Output"))
    return tally


def judge(program, name, file, x, folder):
    model, content = onnx.load(str(file)), file.with_suffix(".tflite").read_bytes()
    made = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    feed = {model.graph.input[0].name: on_grid(model, x)}
    names = {n.input[0].removesuffix("_QuantizeLinear_Input"): n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    source = names[model.graph.input[0].name]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    whole.graph.output.append(onnx.helper.make_tensor_value_info(source, onnx.TensorProto.UINT8, None))
    codes = to_model(session(whole).run([source], feed)[0])
    layers, good = separate_layers(model)[0], True
    for rounding in ROUNDINGS:
        values = all_codes(program, file, rounding, codes, made.subgraphs[0], made.buffers, folder)
        present = {name: q for name, q in names.items() if name in values}
        fast, own, reference = compare_operators(content, values)
        other = compare_layers(layers, present, feed, values)
        fine = fast.steps <= (rounding != "float") and max(own.steps, reference.steps, other.steps) <= 1
        good &= fine
        print(f"{name:28} {rounding:6}: from XNNPACK {fast}{f' (its own way {own})' if own.of else ''}, from the reference kernels "
              f"{reference}, from onnxruntime {other}" + ("" if fine else "   FAILED"), flush=True)
    return good


def main():
    data, good = data_folder(), True
    steelyard, program, *names = sys.argv[1:]
    for name in names or list(MODELS):
        with tempfile.TemporaryDirectory() as folder:
            file = quantize(steelyard, data, name, folder, ["DSP"])["DSP"]
            good &= judge(program, name, file, inputs_of(data, name, 3, PAGES.get(name))[-1], pathlib.Path(folder))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
