#!/usr/bin/env python3
"""The models of deployed.py for NVGPU, DSP and ASCEND: one run makes all files, and every judge looks at those it is for.

For each model one `quantize --target NVGPU,DSP,ASCEND` with the default configuration; then a table: model, target, top-1 by onnxruntime (of
ASCEND files lowered to standard operators) and of the float model, and the judges. A judge that is not installed is skipped and said so.

    acceptance.py STEELYARD RUN_INTEGER [--modelopt-python PATH] [--images N] [--keep FOLDER] [MODEL ...]

Exit code 1 where a judge fails or a target is further from float than the limits below.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx

import deployed
from judge_ascend import Lowering
from shared_data import data_folder

TARGETS = ("NVGPU", "DSP", "ASCEND")
FOLDER = pathlib.Path(__file__).resolve().parent
# judge: (the targets whose files it is for, whether it wants RUN_INTEGER)
JUDGES = {
    "openvino": (("NVGPU", "DSP"), False),
    "modelopt": (("NVGPU",), False),
    "qnn": (("DSP",), False),
    "litert": (("DSP",), True),
    "fixed_point": (("DSP",), True),
    "ascend": (("ASCEND",), False),
}
# Points of top-1 that a target may lose.
LIMIT, LIMITS = 2., {("mobilenet_v1_0.25_224", "NVGPU"): 6.}
# Labelled samples to measure on, and what would be measured otherwise.
LABELS = {"images/native": "images/eval_labels.txt", "kws/eval": "kws/eval_labels.txt", "cifar10/lossless": "cifar10/lossless_labels.txt"}


def labelled(data, name, count):
    """Samples and their classes; none for a model without classes."""
    _, others, preset, shape = deployed.MODELS[name]
    if name in deployed.PAGES:
        return []
    path = data / LABELS[others]
    rows = [line.rsplit(" ", 1) for line in path.read_text().splitlines()]
    rows = rows[::max(1, len(rows) // count)][:count]
    return [(deployed.read_sample(path.parent / file, preset, shape), int(label)) for file, label in rows]


def classes(session, samples):
    source = session.get_inputs()[0].name
    return [int(session.run(None, {source: x})[0].reshape(-1).argmax()) for x, _ in samples]


def hits(session, samples):
    """Of a model whose first class is another than the labels' first, by one, the better of the two."""
    found, labels = np.array(classes(session, samples)), np.array([label for _, label in samples])
    return max(100 * float((found == labels).mean()), 100 * float((found == labels + 1).mean()))


def model_of(file, target):
    """What onnxruntime runs; checked by ONNX's checker."""
    model = onnx.load(str(file))
    if target == "ASCEND":
        return Lowering(model).run()
    onnx.checker.check_model(model, full_check=True)
    return model


def run_judge(judge, python, arguments, name, folder):
    script = FOLDER / f"judge_{judge}.py"
    wants = [arguments.run_integer] if JUDGES[judge][1] else []
    result = subprocess.run([python, str(script), arguments.steelyard, *wants, name], capture_output=True, text=True,
                            env={**os.environ, "SY_JUDGE_FILES": str(folder)})
    lines = [line for line in result.stdout.splitlines() if line.strip() and not line.startswith("#")]
    verdict = {0: "passes", 77: "skipped"}.get(result.returncode, "FAILED")
    if verdict == "FAILED":
        lines += result.stderr.splitlines()[-1:]
    return verdict, lines


def judge_model(arguments, data, name, folder):
    (folder / name).mkdir(exist_ok=True)
    began = time.time()
    subprocess.run(deployed.quantize_command(arguments.steelyard, data, name, folder / name, TARGETS), check=True, stdout=subprocess.DEVNULL)
    print(f"{name}: quantize --target {','.join(TARGETS)}, {time.time() - began:.0f} s, wrote "
          + ", ".join(sorted(path.name.removeprefix(name + ".") for path in (folder / name).iterdir())), flush=True)
    rows, good, samples = {}, True, labelled(data, name, arguments.images)
    before = hits(deployed.session(str(data / "models" / f"{name}.onnx")), samples) if samples else None
    for target in TARGETS:
        session = deployed.session(model_of(folder / name / f"{name}.{target.lower()}.onnx", target))
        rows[target] = {"checker": "passes", "onnxruntime": "passes", "float": before, "images": len(samples)}
        if samples:
            rows[target]["top1"] = after = hits(session, samples)
            good &= before - after <= LIMITS.get((name, target), LIMIT)
    for judge, (targets, _) in JUDGES.items():
        python = arguments.modelopt_python if judge == "modelopt" else sys.executable
        verdict, lines = run_judge(judge, python, arguments, name, folder)
        good &= verdict != "FAILED"
        for line in lines:
            print(f"    {judge}: {line.strip()}", flush=True)
        for target in targets:
            rows[target][judge] = verdict
    return rows, good


def print_row(name, target, row):
    top = f"{row['top1']:6.2f} (float {row['float']:.2f}, {row['images']})" if row.get("top1") is not None else "no classes"
    judges = ", ".join(f"{judge} {verdict}" for judge, verdict in row.items() if judge not in ("top1", "float", "images"))
    print(f"{name:28} {target:7} {top:28} {judges}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steelyard")
    parser.add_argument("run_integer")
    parser.add_argument("models", nargs="*", default=list(deployed.MODELS))
    parser.add_argument("--modelopt-python", default=sys.executable)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files and results.json")
    arguments = parser.parse_intermixed_args()
    data, good, table = data_folder(), True, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.models:
            table[name], fine = judge_model(arguments, data, name, folder)
            good &= fine
            for target in TARGETS:
                print_row(name, target, table[name][target])
            (folder / "results.json").write_text(json.dumps(table, indent=1))
    print(f"\n{'model':28} {'target':7} {'top-1, % (images)':28} judges")
    for name, rows in table.items():
        for target in TARGETS:
            print_row(name, target, rows[target])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
