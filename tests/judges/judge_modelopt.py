#!/usr/bin/env python3
"""Where NVIDIA's ModelOpt puts Q and DQ, and where we do, on the NVGPU files of the models.

Compared is what each operator reads: through DQ or not. What differs must be in the list below, which has the reasons
(nvgpu/LAYOUT.md has them too).

    judge_modelopt.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason

Needs the packages of requirements-modelopt.txt, in an environment of their own. torch is touched at import only: where it is missing an
empty module stands in for it.
"""
import collections
import importlib.machinery
import importlib.util
import logging
import pathlib
import sys
import tempfile
import types
import unittest.mock


class EmptyModules:
    """Finds torch and whatever is below it: modules in which every name is a mock."""

    class Module(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            return unittest.mock.MagicMock(name=f"{self.__name__}.{name}")

    def find_spec(self, name, path, target=None):
        if name == "torch" or name.startswith("torch."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = self.Module(spec.name)
        module.__path__, module.__version__ = [], "2.8.0"
        return module

    def exec_module(self, module):
        pass


if importlib.util.find_spec("torch") is None:
    sys.meta_path.insert(0, EmptyModules())
try:
    import numpy as np
    import onnx
    from modelopt.onnx.quantization import quantize as modelopt
    from deployed import MODELS, inputs_of, quantize
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from shared_data import data_folder

# What differs, and why: (operator, ours, ModelOpt's), each True where that input is read through DQ.
ELEMENTWISE = "we leave what is elementwise to be fused in float; ModelOpt quantizes what it reads"
REASONS = {
    ("Conv", (True, True), (False, False)):
        "ModelOpt leaves convolutions of less than 16 channels and an odd window in float, for speed; skip_quant_node does it here",
    ("Gemm", (True, True), (False, False)): "the number of rows is open in the model; ModelOpt goes by one shape, with one row",
    ("Gemm", (False, False), (True, False)): "the pool before it has a pair behind too; its product is float in both",
    ("Pad", (False, False), (True, False)): "TensorRT moves the pair behind it to before it",
    ("Resize", (False, False), (True, False)): ELEMENTWISE,
    ("HardSwish", (False,), (True,)): ELEMENTWISE,
    ("Mul", (False, False), (True, True)): ELEMENTWISE,
    ("Add", (False, False), (True, True)): "a sum without a product right before it on one side cannot join one; we leave it in float",
    ("Add", (True, False), (False, True)):
        "one side comes out of a convolution that ModelOpt leaves in float, so it fuses the other one",
}
# Operators that only move values: where a pair stands before or behind one is no difference, TensorRT moves it across.
MOVES = ("Concat", "Split", "Slice", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Dropout", "Cast")


def reads(path):
    """{(operator, what its result is called): the inputs it reads through DQ} of all that compute something."""
    model = onnx.load(str(path))
    producer = {o: n for n in model.graph.node for o in n.output}

    def dequantized(name):
        node = producer.get(name)
        while node is not None and node.op_type in MOVES:
            node = producer.get(node.input[0])
        return node is not None and node.op_type == "DequantizeLinear"

    found = {}
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Constant", "Clip", "Relu") + MOVES:
            continue
        found[node.name] = (node.op_type, tuple(dequantized(i) for i in node.input[:2]))
    return found


def compare(name, ours, theirs):
    kinds = collections.Counter()
    for node in sorted(ours.keys() & theirs.keys()):
        kind, mine = ours[node]
        its = theirs[node][1]
        if mine != its:
            kinds[kind, mine, its] += 1
    good = True
    for key, count in sorted(kinds.items(), key=str):
        kind, mine, its = key
        good &= key in REASONS
        print(f"  {count} {kind}: reads through DQ {mine}, ModelOpt {its}: {REASONS.get(key, 'no reason is known   FAILED')}")
    same = sum(ours[n] == theirs[n] for n in ours.keys() & theirs.keys())
    print(f"{name:28} {same} operators the same, {sum(kinds.values())} not; only ours {len(ours.keys() - theirs.keys())}, "
          f"only ModelOpt's {len(theirs.keys() - ours.keys())}", flush=True)
    return good


def main():
    logging.disable(logging.CRITICAL)
    data = data_folder()
    good = True
    for name in sys.argv[2:] or list(MODELS):
        with tempfile.TemporaryDirectory() as folder:
            file = quantize(sys.argv[1], data, name, folder, ["NVGPU"])["NVGPU"]
            samples = np.concatenate(inputs_of(data, name, 4, MODELS[name][0]))
            made = pathlib.Path(folder) / "modelopt.onnx"
            model = onnx.load(str(data / "models" / f"{name}.onnx"))
            shape = model.graph.input[0].name + ":" + "x".join(map(str, samples[:1].shape))
            modelopt(str(data / "models" / f"{name}.onnx"), calibration_data={model.graph.input[0].name: samples}, calibration_method="max",
                     output_path=str(made), high_precision_dtype="fp32", calibration_eps=["cpu"], calibration_shapes=shape,
                     override_shapes=shape, log_level="ERROR")
            good &= compare(name, reads(file), reads(made))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
