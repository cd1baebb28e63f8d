#!/usr/bin/env python3
"""TensorFlow Lite files in LiteRT: its XNNPACK kernels equal onnxruntime on the DSP file to the code, its reference kernels to one step.

For each model that has a .tflite: with XNNPACK the codes of the whole model's output are those that onnxruntime computes, 0 steps apart. XNNPACK
adds with factors of 21 bits, so that a sum all but halfway between two codes may go to the other one. Where the output differs, each operator is
therefore given the same codes: 0 steps apart, but 1 step for sums, and transposed convolutions (which onnxruntime adds in float), at one value in 1000 at most, and for HardSwish, which LiteRT computes in 16 bits, at
one in 20.
Our own integer execution (dsp/integer.h) with factors as floats computes XNNPACK's codes, sums included, 0 steps apart; rounding twice it is at most
1 step from the reference kernels, over the whole model; not judged for the detector of words, whose result is all or nothing (one step in a
mean moves a border): judge_fixed_point.py looks layer by layer.
The reference kernels round twice: each operator, given the same codes, is at most 1 step apart. The same for each operator in a network of
its own, with both kinds of kernels.

    judge_litert.py STEELYARD RUN_INTEGER [operators] [MODEL ...]            exit code 77: skipped, with the reason
"""
import copy
import pathlib
import subprocess
import sys
import tempfile

try:
    import flatbuffers
    import numpy as np
    import onnx
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    from deployed import MODELS, PAGES, inputs_of, on_grid, quantize, session
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

IMAGES = 4
SUMS = (schema.BuiltinOperator.ADD, schema.BuiltinOperator.SUB)
# Operators that onnxruntime has no integer kernel of: it adds floats.
FLOAT_SUMS = (schema.BuiltinOperator.TRANSPOSE_CONV,)
# Operators that XNNPACK computes in a way of its own, which ours does not follow to the code.
OWN_WAY = (schema.BuiltinOperator.LEAKY_RELU, schema.BuiltinOperator.RESIZE_BILINEAR)
# Operators that LiteRT approximates where onnxruntime does not.
APPROXIMATED = OWN_WAY + (schema.BuiltinOperator.HARD_SWISH,)


def interpreter(content, reference):
    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    made = Interpreter(model_content=bytes(content), experimental_op_resolver_type=kind, num_threads=1)
    made.allocate_tensors()
    return made


def to_model(x):
    """uint8 codes of the graph as int8 codes of the model, images as NHWC."""
    codes = (x.astype(np.int16) - 128).astype(np.int8)
    return codes.transpose(0, 2, 3, 1) if codes.ndim == 4 else codes


def run(made, *inputs):
    for detail, codes in zip(made.get_input_details(), inputs):
        made.set_tensor(detail["index"], codes)
    made.invoke()
    return made.get_tensor(made.get_output_details()[0]["index"])


def codes_of(model, names, feed):
    """The codes that onnxruntime computes, by the name of what they stand for and as the model has them."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    whole.graph.output.extend(onnx.helper.make_tensor_value_info(codes, onnx.TensorProto.UINT8, None) for codes in names.values())
    values = session(whole).run(list(names.values()), feed)
    return {name: to_model(value) for name, value in zip(names, values)}


def integers(program, file, rounding, codes, shape):
    """The output that our integer execution computes from the input's codes."""
    with tempfile.TemporaryDirectory() as folder:
        codes.tofile(f"{folder}/in")
        subprocess.run([program, str(file), rounding, f"{folder}/in", f"{folder}/out"], check=True)
        return np.fromfile(f"{folder}/out", np.int8).reshape(shape)


def apart(a, b):
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def single(model, index):
    """A model of one operator of another, its computed inputs, and its output."""
    graph = model.subgraphs[0]
    operator = graph.operators[index]
    used = set(operator.inputs) | set(operator.outputs)
    computed = [t for t in operator.inputs if t >= 0 and model.buffers[graph.tensors[t].buffer].data is None]
    part = copy.copy(model)
    part.subgraphs = [copy.copy(graph)]
    part.subgraphs[0].operators = [operator]
    part.subgraphs[0].inputs, part.subgraphs[0].outputs = computed, list(operator.outputs)
    kept = {graph.tensors[t].buffer for t in used if t >= 0}
    part.buffers = [buffer if i in kept else schema.BufferT() for i, buffer in enumerate(model.buffers)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(part.Pack(builder), b"TFL3")
    return builder.Output(), [graph.tensors[t].name.decode() for t in computed], graph.tensors[operator.outputs[0]].name.decode()


def compare_layers(content, known, reference):
    """How far each operator's kernel is from onnxruntime, given its codes: (steps, share that differs, operator, its result)."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    values, found = dict(known), []
    for index, operator in enumerate(model.subgraphs[0].operators):
        part, inputs, output = single(model, index)
        result = run(interpreter(part, reference), *[values[name] for name in inputs])
        if output in known:
            difference = np.abs(result.astype(int) - known[output].astype(int))
            found.append((int(difference.max()), float((difference > 0).mean()), model.operatorCodes[operator.opcodeIndex].builtinCode, output))
        else:
            values[output] = result
    return found


def judge(program, name, file, samples):
    model = onnx.load(str(file))
    content = file.with_suffix(".tflite").read_bytes()
    source, output = model.graph.input[0].name, model.graph.output[0].name
    names = {n.input[0].removesuffix("_QuantizeLinear_Input"): n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    made, twice, fine, line, ours = interpreter(content, False), interpreter(content, True), True, "", []
    for x in samples:
        codes = codes_of(model, names, {source: on_grid(model, x)})
        found, double = run(made, codes[source]), run(twice, codes[source])
        largest = apart(found, codes[output])
        line += f"{largest} "
        ours.append((apart(integers(program, file, "float", codes[source], found.shape), found),
                     apart(integers(program, file, "double", codes[source], found.shape), double)))
        if largest:
            layers = [layer for layer in compare_layers(content, codes, False) if layer[0]]
            limits = {**dict.fromkeys(SUMS + FLOAT_SUMS, 1e-3), **dict.fromkeys(APPROXIMATED, .05)}
            fine &= all(steps <= 1 and share <= limits.get(code, 0) for steps, share, code, _ in layers)
            steps, share, _, where = max(layers)
            line += f"({len(layers)} layers differ, by {steps} step, at most {share:.6f} of {where}) "
    steps, share, _, where = max(compare_layers(content, codes, True))
    fine &= steps <= 1 and max(ours)[0] == 0 and (name in PAGES or max(d for _, d in ours) <= 1)
    print(f"{name:28} XNNPACK, steps by image: {line}; reference kernels, by layer: {steps} ({100 * share:.2f} % of {where}); "
          f"our integers from XNNPACK {max(ours)[0]}, from the reference kernels {max(d for _, d in ours)}"
          + ("" if fine else "   FAILED"), flush=True)
    return fine


def node(kind, *inputs, **attributes):
    return lambda source, result: onnx.helper.make_node(kind, [source, *inputs], [result], name=kind.lower(), **attributes)


def constants():
    random = np.random.default_rng(1)
    return {"turned": random.normal(size=(8, 6, 2, 2)), "grouped": random.normal(size=(8, 4, 3, 3)), "tall": random.normal(size=(1, 8, 1, 1)),
            "low": 0., "high": 3., "none": np.zeros(0), "twice": [1., 1, 2, 2],
            "flat": np.int64([2, -1]), "image": np.int64([1, 4, 24, 10]), "starts": np.int64([1, 2]), "ends": np.int64([9, -1]),
            "axes": np.int64([2, 1]), "steps": np.int64([2, 1]), "around": np.int64([0, 1, 2, 0, 0, 0, 1, 3]), "matrix": random.normal(size=(10, 7)),
            "rows": np.int64([8, 12, 10])}


# What follows a convolution to 8 channels of 12 by 10.
OPERATORS = {
    "stride and odd padding": node("Conv", "grouped", group=2, strides=[2, 2], pads=[1, 1, 1, 1]),
    "max pool, odd padding": node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 2, 2]),
    "max pool, same": node("MaxPool", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]),
    "average pool": node("AveragePool", kernel_shape=[3, 2], strides=[3, 2]),
    "average pool, zeros count": node("AveragePool", kernel_shape=[2, 2], pads=[1, 0, 0, 1], count_include_pad=1),
    "mean": node("ReduceMean", axes=[2, 3]),
    "transposed convolution": node("ConvTranspose", "turned", strides=[2, 2]),
    "nearest": node("Resize", "", "twice", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "linear": node("Resize", "", "twice", mode="linear", coordinate_transformation_mode="half_pixel"),
    "slice": node("Slice", "starts", "ends", "axes", "steps"),
    "pad": node("Pad", "around"),
    "depth to space": node("DepthToSpace", blocksize=2),
    "space to depth": node("SpaceToDepth", blocksize=2),
    "turned": node("Transpose", perm=[0, 3, 1, 2]),
    "to rows": node("Reshape", "flat"),
    "to another image": node("Reshape", "image"),
    "to rows and a matrix": [node("Reshape", "rows"), node("MatMul", "matrix")],
    "add a constant": node("Add", "tall"),
    "times a constant": node("Mul", "tall"),
    "less a constant": node("Sub", "tall"),
    "leaky": node("LeakyRelu", alpha=.2),
    "sigmoid": node("Sigmoid"),
    "tanh": node("Tanh"),
    "hard sigmoid": node("HardSigmoid"),
    "hard sigmoid, by a sixth": node("HardSigmoid", alpha=1 / 6, beta=.5),
    "hard sigmoid, lower": node("HardSigmoid", alpha=.1, beta=-.05),
    "hard swish": node("HardSwish"),
    "softmax": [node("Reshape", "flat"), node("Softmax")],
    "clip": [node("MaxPool", kernel_shape=[2, 2]), node("Clip", "low", "high")],
}


# XNNPACK computes these in a way of its own, which ours does not follow to the code.
APPROXIMATE = ("linear", "leaky")


def operator_model(nodes):
    """A convolution, then the nodes."""
    random = np.random.default_rng(0)
    graph, last = [onnx.helper.make_node("Conv", ["x", "first", "bias"], ["v0"])], "v0"
    for i, make in enumerate(nodes if isinstance(nodes, list) else [nodes]):
        graph.append(make(last, f"v{i + 1}"))
        last = f"v{i + 1}"
    values = {**constants(), "first": random.normal(size=(8, 3, 1, 1)), "bias": random.normal(size=8)}
    used = {i for n in graph for i in n.input}
    tensors = [onnx.numpy_helper.from_array(v if isinstance(v, np.ndarray) and v.dtype == np.int64 else np.float32(v), k)
               for k, v in values.items() if k in used]
    made = onnx.helper.make_graph(graph, "operator", [onnx.helper.make_tensor_value_info("x", 1, [1, 3, 12, 10])],
                                  [onnx.helper.make_tensor_value_info(last, 1, None)], tensors)
    return onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def judge_operator(steelyard, program, name, folder):
    """One operator in a small network of random numbers."""
    random, folder = np.random.default_rng(2), pathlib.Path(folder)
    samples = [random.normal(size=(1, 3, 12, 10)).astype(np.float32) for _ in range(6)]
    (folder / "data").mkdir()
    for i, sample in enumerate(samples):
        np.save(folder / "data" / f"{i}.npy", sample)
    onnx.save(operator_model(OPERATORS[name]), folder / "m.onnx")
    report = subprocess.run([steelyard, "quantize", str(folder / "m.onnx"), "--data", str(folder / "data"), "--target", "DSP", "--output",
                             str(folder), "--quiet"], check=True, capture_output=True, text=True).stdout
    file = folder / "m.dsp.tflite"
    if not file.exists():
        print(f"{name:28} FAILED: " + "".join(line for line in report.splitlines() if "Lite" in line))
        return False
    model = onnx.load(str(folder / "m.dsp.onnx"))
    names = {n.input[0].removesuffix("_QuantizeLinear_Input"): n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    codes = codes_of(model, names, {"x": on_grid(model, samples[0])})
    worst = [max(compare_layers(file.read_bytes(), codes, reference)) for reference in (False, True)]
    ours = []
    for reference, rounding in ((False, "float"), (True, "double")):
        found = run(interpreter(file.read_bytes(), reference), codes["x"])
        ours.append(apart(integers(program, folder / "m.dsp.onnx", rounding, codes["x"], found.shape), found))
    fine = all(steps <= 1 for steps, *_ in worst) and ours[0] <= (name in APPROXIMATE) and ours[1] <= 1
    print(f"{name:28} XNNPACK {worst[0][0]}, reference {worst[1][0]} steps; our integers from them {ours[0]}, {ours[1]}"
          + ("" if fine else "   FAILED"), flush=True)
    return fine


def main():
    data = data_folder()
    good = True
    steelyard, program, *names = sys.argv[1:]
    for name in OPERATORS if not names or "operators" in names else []:
        with tempfile.TemporaryDirectory() as folder:
            good &= judge_operator(steelyard, program, name, folder)
    for name in [name for name in names if name != "operators"] if names else list(MODELS):
        with tempfile.TemporaryDirectory() as folder:
            file = quantize(steelyard, data, name, folder, ["DSP"])["DSP"]
            if file.with_suffix(".tflite").exists():
                good &= judge(program, name, file, inputs_of(data, name, IMAGES, PAGES.get(name)))
            else:
                print(f"{name}: there is no .tflite   FAILED")
                good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
