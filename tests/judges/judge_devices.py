#!/usr/bin/env python3
"""Statistics of real models are the same file on every device, with any batch.

For each model and each device that `steelyard devices` lists, `steelyard stats` runs with batches of 1, 3 and 8, and its .qstat file must equal the one
that the CPU makes. Where only the CPU is listed there is nothing to compare, and the judge is skipped with what is missing.

    judge_devices.py STEELYARD [MODEL ...]            exit code 77: skipped, with the reason
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from shared_data import data_folder

SAMPLES = 9  # a batch of 8 and one of 1
BATCHES = (1, 3, 8)

# model: (samples, preset or None)
MODELS = {
    "squeezenet1_1": ("images/calib", "torch"),
    "mobilenet_v2_1.0_224_dq": ("images/calib", "tf"),
    "resnet8_cifar10": ("cifar10/calib", "u1"),
    "banking77_encoder": ("text/calib", None),
}


def devices(program):
    """The names of those that can be used besides the CPU, and why others cannot."""
    report = json.loads(subprocess.run([program, "devices", "--json"], capture_output=True, check=True).stdout)
    rows = [row for row in report["devices"] if not row["device"].startswith("cpu")]
    return ([row["device"] for row in rows if "missing" not in row],
            [f"{row['device']}: {row['missing']}" for row in rows if "missing" in row])


def statistics(program, data, model, device, batch, output):
    samples, preset = MODELS[model]
    command = [program, "stats", data / "models" / f"{model}.onnx", "--data", data / samples, "--limit", str(SAMPLES),
               "--device", device, "--batch", str(batch), "--output", output, "--quiet"]
    if preset:
        command += ["--set", f"data_preprocess_param.preset={preset}"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        return None, done.stderr.strip()
    return output.read_bytes(), ""


def judge(program, data, model, names, folder):
    expected, error = statistics(program, data, model, "cpu", 1, folder / "cpu.qstat")
    if expected is None:
        return [f"{model} on cpu: {error}"]
    wrong = []
    for device in names:
        for batch in BATCHES:
            got, error = statistics(program, data, model, device, batch, folder / "other.qstat")
            verdict = error if got is None else "the same file" if got == expected else "differs from the CPU's"
            print(f"{model:26} {device:10} batch {batch}: {verdict}", flush=True)
            if got != expected:
                wrong.append(f"{model} on {device}, batch {batch}: {verdict}")
    return wrong


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    data = data_folder()
    names, missing = devices(program)
    print("\n".join(missing))
    if not names:
        print("skipped: no device but the CPU")
        return 77
    models = sys.argv[2:] or list(MODELS)
    absent = [model for model in models if not (data / "models" / f"{model}.onnx").exists()]
    if absent:
        print(f"skipped: no {', '.join(absent)} in {data / 'models'}")
        return 77
    with tempfile.TemporaryDirectory(prefix="steelyard-devices-") as folder:
        wrong = [line for model in models for line in judge(program, data, model, names, pathlib.Path(folder))]
    print("\n".join(wrong) if wrong else f"{len(models)} models, {len(names)} devices: all the same")
    return 1 if wrong else 0


sys.exit(main())
