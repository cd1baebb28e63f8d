#!/usr/bin/env python3
"""Reads and writes every model (or fuses it in between) and lets onnxruntime compare the outputs, and onnx check the file.

judge_roundtrip.py PROGRAM copy|fuse [MODEL ...]
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
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

from shared_data import data_folder

# BatchNormalization nodes that follow no convolution or product, so that they stay when the others are folded.
BATCH_NORMS_LEFT = {"magika_fast_v2_1": 1}
TOLERANCE = 1e-4  # of a tensor's range; folding rounds weights once
SMALLEST_RANGE = 1e-3  # a text detector shown noise answers 0.0000001 everywhere


def size_of(dim, index, rank):
    if isinstance(dim, int):
        return dim
    return 2 if index == 0 else 64 if rank == 4 else 24


def random_inputs(session, seed):
    random = np.random.default_rng(seed)
    feeds = {}
    for value in session.get_inputs():
        shape = [size_of(dim, i, len(value.shape)) for i, dim in enumerate(value.shape)]
        if value.type == "tensor(float)":
            feeds[value.name] = random.standard_normal(shape).astype(np.float32)
        else:
            kind = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}[value.type]
            feeds[value.name] = random.integers(0, 100, shape).astype(kind)
    return feeds


def open_session(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def count_ops(model):
    return collections.Counter(node.op_type for node in model.graph.node)


def names_of(values, model):
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value.name for value in values if value.name not in constants]


def computed_names(model):
    return [name for node in model.graph.node for name in node.output if name]


def with_outputs(model, names):
    """A copy of the model that also outputs these tensors."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    present = {value.name for value in copy.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in present)
    return copy


def largest_difference(before, after, seed):
    """Over every tensor that both models compute under the same name, relative to its range with 0 in it."""
    shared = sorted(set(computed_names(before)) & set(computed_names(after)))
    one, other = open_session(with_outputs(before, shared)), open_session(with_outputs(after, shared))
    feeds = random_inputs(one, seed)
    worst = (0.0, "any tensor")
    for name, want, got in zip(shared, one.run(shared, feeds), other.run(shared, feeds)):
        if want.shape != got.shape or want.dtype != got.dtype:
            return float("inf"), name
        if want.size:
            want, got = want.astype(np.float64), got.astype(np.float64)
            spread = max(want.max(), 0) - min(want.min(), 0) + SMALLEST_RANGE
            worst = max(worst, (float(np.max(np.abs(want - got))) / spread, name))
    return worst


def judge(program, mode, model, folder):
    written = folder / model.name
    command = [program] + (["--fuse"] if mode == "fuse" else []) + [str(model), str(written)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        return f"exit code {run.returncode}: {run.stderr.strip()}"
    onnx.checker.check_model(str(written), full_check=True)
    before, after = onnx.load(model), onnx.load(written)
    if names_of(before.graph.input, before) != names_of(after.graph.input, after):
        return "the inputs have other names"
    if names_of(before.graph.output, before) != names_of(after.graph.output, after):
        return "the outputs have other names"
    worst, where = max(largest_difference(before, after, seed) for seed in range(2))
    ops_before, ops_after = count_ops(before), count_ops(after)
    left = ops_after["BatchNormalization"]
    print(f"  largest difference {worst:.2g} at {where}, nodes {sum(ops_before.values())} -> {sum(ops_after.values())}, "
          f"BatchNormalization {ops_before['BatchNormalization']} -> {left}")
    if mode == "copy":
        ops_before.pop("Constant", 0)
        if ops_before != ops_after:
            return f"other operators: {ops_before - ops_after} became {ops_after - ops_before}"
        return "the outputs differ" if worst else None
    if left != BATCH_NORMS_LEFT.get(model.stem, 0):
        return f"{left} BatchNormalization nodes are left"
    return "the outputs differ" if worst > TOLERANCE else None


def main(program, mode, *models):
    paths = [pathlib.Path(m) for m in models] or sorted((data_folder() / "models").glob("*.onnx"))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in paths:
            print(model.name)
            problem = judge(program, mode, model, pathlib.Path(folder))
            if problem:
                print(f"  FAILED: {problem}")
                failed += 1
    print(f"{len(paths) - failed} of {len(paths)} passed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
