"""The whole of `steelyard stats` on every device: one content hash, whatever the device and the batch; and what is said when
memory is short or a device dies.

    devices.py PROGRAM SOURCE [--models | --fast COMPARE_STATS] [--real]

Without --real, CUDA is the executor of tests/ptx (SY_LIBCUDA), which can be told to fail. With --models the models of
SY_SHARED are run, a few samples each, in the place of the one of this repository. With --fast all of them are run with
arithmetic = FAST, and their statistics compared with the exact ones by the program COMPARE_STATS.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

BATCHES = (1, 3, 8)
USABLE = 45
MODELS = {
    "squeezenet1_1": ("images/calib", 8),
    "mobilenet_v2_1.0_224_dq": ("images/calib", 8),
    "resnet8_cifar10": ("cifar10/calib", 11),
    "banking77_encoder": ("text/calib", 11),
}
# Of a tensor's largest magnitude: docs/decisions/fast_arithmetic.md
FAST_BOUND = 2.0 ** -14
EXIT_ARGUMENT, EXIT_DATA, EXIT_MEMORY, EXIT_DEVICE = 1, 5, 7, 8


class Run:
    def __init__(self, program, model, data, limit, folder):
        self.base = [program, "stats", str(model), "--data", str(data), "--limit", str(limit), "--json"]
        self.name = pathlib.Path(model).stem
        self.file = pathlib.Path(folder) / "x.qstat"

    def __call__(self, *options, **environment):
        self.file.unlink(missing_ok=True)
        return run([*self.base, "--output", str(self.file), *options], **environment)

    def hash(self, *options, **environment):
        done = self(*options, **environment)
        if done.returncode:
            raise SystemExit(f"{self.name} {' '.join(options)}: exit code {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)["content_hash"]


# PoCL up to 5 tells kernels apart by hash and group size when it lets one go, but keeps one for small and one for large
# grids: with two workers it now and then takes the wrong one, and ends the program.
POCL_ABORT = "pocl_release_dlhandle_cache: Assertion"


def run(command, **environment):
    """Runs the program, once more where PoCL aborted it."""
    for attempt in (1, 2):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=1800, check=False)
        if attempt == 2 or done.returncode != -signal.SIGABRT or POCL_ABORT not in done.stderr:
            return done
        print(f"PoCL aborted, run again: {' '.join(map(str, command[1:4]))} ...")


def devices(program):
    """The names of what can be used here; says what cannot, and why."""
    done = subprocess.run([program, "devices", "--json"], capture_output=True, text=True, check=True)
    found = []
    for device in json.loads(done.stdout)["devices"]:
        if "missing" in device:
            print(f"not tested on {device['device']}: {device['missing']}")
        elif not device["device"].startswith("cpu") and device["device"].endswith(":0"):
            found.append(device["device"])
    return found


def check_hashes(run, names):
    wrong = 0
    expected = run.hash("--device", "cpu", "--batch", "1", "--workers", "1")
    for name in ["cpu:0", *names]:
        for batch in BATCHES:
            got = run.hash("--device", name, "--batch", str(batch), "--workers", "1")
            wrong += got != expected
            print(f"{run.name:26} {name:9} batch {batch}: {got[:16]} {'same' if got == expected else 'ANOTHER HASH'}",
                  flush=True)
    return wrong


def damaged_samples(data, folder):
    """USABLE samples, enough for corrected biases to be kept, and one among them that cannot be read."""
    samples = pathlib.Path(folder) / "samples"
    samples.mkdir()
    for path in sorted(data.iterdir())[:USABLE]:
        shutil.copy(path, samples)
    (samples / "004_damaged.png").write_bytes(b"no photograph")
    return samples


def quantize(program, model, samples, folder, *options, **environment):
    return run([program, "quantize", str(model), "--data", str(samples), "--allow-bad-samples", "--workers", "2",
                "--output", folder, "--set", "full_quant_param.bias_correction=true", *options], **environment)


def check_late_death(program, model, samples, folder):
    """A device that dies after the statistics leaves them, and quantize goes on from there: no sample is gathered again."""
    written = pathlib.Path(folder) / f"{model.stem}.generic.onnx"
    expected = written.read_bytes()
    written.unlink()
    done = quantize(program, model, samples, folder, "--device", "cuda", "--workers", "1", SY_PTX_FAIL_LAUNCH="300")
    wrong = expect("the device dies after the statistics", done, EXIT_DEVICE, "; the statistics are whole: with --resume the "
                   "same command goes on from them, on any device\n", written)
    done = quantize(program, model, samples, folder, "--device", "cpu", "--resume")
    wrong += expect("quantize goes on after them", done, 0, f"goes on from the {USABLE} of {USABLE} samples", written)
    return wrong + (done.returncode == 0 and written.read_bytes() != expected)


def check_quantize(program, model, samples, names, folder):
    """quantize, with biases corrected on the device in batches, writes the same bytes as on the CPU."""
    wrong, expected = 0, None
    for name in ["cpu:0", *names]:
        for batch in BATCHES:
            done = quantize(program, model, samples, folder, "--device", name, "--batch", str(batch))
            written = (pathlib.Path(folder) / f"{model.stem}.generic.onnx").read_bytes()
            told = [line for line in done.stdout.splitlines() if "bias" in line]
            expected = expected or (written, told)
            good = done.returncode == 0 and ": kept" in done.stdout and (written, told) == expected
            fault = "ANOTHER FILE OR REPORT" if (written, told) != expected else "biases were not kept as corrected"
            wrong += not good
            print(f"{'quantize':26} {name:9} batch {batch}: {'same' if good else f'{fault}: {done.stdout}{done.stderr}'}",
                  flush=True)
    return wrong


def check_verify(program, model, samples, names, folder):
    """verify says the same, to the last digit, on every device and with any batch."""
    quantized = pathlib.Path(folder) / f"{model.stem}.generic.onnx"
    wrong, expected = 0, None
    for name in ["cpu:0", *names]:
        for batch in BATCHES:
            done = run([program, "verify", str(model), str(quantized), "--data", str(samples), "--allow-bad-samples",
                        "--json", "--quiet", "--workers", "2", "--device", name, "--batch", str(batch)])
            expected = expected or done.stdout
            good = done.returncode == 0 and json.loads(done.stdout)["samples"] == USABLE and done.stdout == expected
            wrong += not good
            print(f"{'verify':26} {name:9} batch {batch}: {'same' if good else f'ANOTHER REPORT: {done.stdout}{done.stderr}'}",
                  flush=True)
    return wrong


def check_fast(run, name, compare, exact):
    """1 unless the statistics on this device are within the bound of those in the file `exact`. The stand-in for cuBLAS
    rounds as nothing else does, so there they must not be the same."""
    done = run("--device", name, "--workers", "4", "--batch", "3", "--set", "run_param.arithmetic=FAST")
    if "no CLBlast" in done.stderr:
        print(f"not tested on {name}: {done.stderr[done.stderr.index('no CLBlast'):].splitlines()[0]}")
        return 0
    if done.returncode or "arithmetic is FAST" not in done.stderr:
        print(f"{run.name} on {name}: exit code {done.returncode}, or not FAST\n{done.stderr}")
        return 1
    told = subprocess.run([compare, str(exact), str(run.file)], capture_output=True, text=True, check=True).stdout
    distance, tensor = told.split(maxsplit=1)
    good = float(distance) <= FAST_BOUND and (float(distance) > 0 or not name.startswith("cuda"))
    print(f"{run.name:26} {name:9} at most {float(distance):.2e} of the largest magnitude apart, in {tensor.strip()}: "
          f"{'within the bound' if good else f'THE BOUND IS {FAST_BOUND:.2e}'}", flush=True)
    return not good


def check_all_fast(run, names, compare):
    exact = run.file.with_name("exact.qstat")
    run.hash("--device", "cpu")
    run.file.rename(exact)
    return sum(check_fast(run, name, compare, exact) for name in names)


def expect(what, done, code, words, file):
    good = done.returncode == code and words in done.stderr and file.exists() == (code == 0)
    print(f"{what}: {'as it must be' if good else f'exit code {done.returncode}, file {file.exists()}: {done.stderr}'}")
    return not good


def check_halving(run, device, exact, what, *options, **environment):
    """There is memory for half of a batch: told, and nothing else changes."""
    done = run("--device", device, "--workers", "1", "--batch", "8", *options, **environment)
    wrong = expect(f"{what} on {device}", done, 0, "no memory for batches of 8 samples, going on with batches of 4",
                   run.file)
    if not done.returncode and json.loads(done.stdout)["content_hash"] != exact:
        print(f"{what} on {device}: ANOTHER HASH")
        wrong += 1
    return wrong


def check_limits(run, names):
    exact = run.hash("--device", "cpu")
    wrong = 0
    for name in names:
        wrong += check_halving(run, name, exact, "--max-mem 2", "--max-mem", "2")
        done = run("--device", name, "--workers", "8", "--batch", "1", "--max-mem", "1")
        wrong += expect(f"--max-mem 1 on {name}", done, EXIT_MEMORY, "or a larger --max-mem", run.file)
    return wrong


def check_resumed(run, exact, what, *options, **environment):
    """The run goes on from what is kept, and gives the bits of an uninterrupted one."""
    kept = run.file.with_name("x.qstat.part").read_bytes()
    done = run("--resume", *options, **environment)
    wrong = expect(f"it goes on {what}", done, 0, "stats: goes on from the ", run.file)
    if not wrong and json.loads(done.stdout)["content_hash"] != exact:
        print(f"it goes on {what}: ANOTHER HASH")
        wrong = True
    if run.file.with_name("x.qstat.part").exists():
        print(f"it goes on {what}: what was kept is still there")
        wrong = True
    run.file.with_name("x.qstat.part").write_bytes(kept)
    return wrong


def check_death(run, exact):
    """A device that dies in the middle leaves no statistics but those of the samples so far, and any device goes on."""
    every = ("--workers", "1", "--batch", "2", "--set", "run_param.keep_seconds=0")
    done = run("--device", "cuda", *every, SY_PTX_FAIL_LAUNCH="160")
    part = run.file.with_name("x.qstat.part")
    words = f" samples are kept in {part}: with --resume the same command goes on from there, on any device\n"
    wrong = expect("the device dies in the middle", done, EXIT_DEVICE, words, run.file)
    if wrong or not part.exists() or "sample " not in done.stderr or "device cuda:0" not in done.stderr:
        print(f"it is not told where the device died, or nothing is kept: {done.stderr}")
        return 1
    wrong += check_resumed(run, exact, "on the CPU", "--device", "cpu")
    wrong += check_resumed(run, exact, "on another device", "--device", "cuda", "--workers", "2", "--batch", "3")
    done = run("--device", "cuda", "--resume", *every, SY_PTX_FAIL_LAUNCH="100")
    wrong += expect("the device dies again", done, EXIT_DEVICE, words, run.file)
    wrong += check_resumed(run, exact, "after two deaths", "--device", "cpu", "--workers", "2")
    part.unlink()
    return wrong


def check_death_in_fast(run, exact):
    """What was gathered in FAST arithmetic does not become part of a run that promises bits."""
    fast = ("--set", "run_param.arithmetic=FAST")
    every = ("--workers", "1", "--batch", "2", "--set", "run_param.keep_seconds=0")
    done = run("--device", "cuda", *every, *fast, SY_PTX_FAIL_LAUNCH="160")
    wrong = expect("the device dies in FAST arithmetic", done, EXIT_DEVICE, "are kept in", run.file)
    done = run("--device", "cpu", "--resume")
    wrong += expect("it does not go on in EXACT arithmetic", done, EXIT_DATA,
                    "was gathered with arithmetic = FAST, and this run is to be EXACT", run.file)
    done = run("--device", "cpu", "--resume", *fast)
    wrong += expect("it goes on where FAST was asked for", done, 0, "stats: goes on from the ", run.file)
    if run.hash("--device", "cpu", *fast) != exact or run.hash("--device", "cuda", *fast) == exact:
        print("a device that is always exact notes FAST arithmetic, or one that is not does not")
        wrong += 1
    return wrong


def check_trouble(run):
    """With an executor that fails as it is told."""
    exact = run.hash("--device", "cpu")
    cuda = ("--device", "cuda", "--workers", "1")
    wrong = 0
    for launch in (1, 9, 40):
        done = run(*cuda, SY_PTX_FAIL_LAUNCH=str(launch))
        wrong += expect(f"the device dies at launch {launch}", done, EXIT_DEVICE, "CUDA_ERROR_LAUNCH_FAILED", run.file)
    wrong += check_death(run, exact) + check_death_in_fast(run, exact)
    done = run(*cuda, SY_PTX_FAIL_ALLOC="1")
    wrong += expect("no memory for constants", done, EXIT_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", run.file)
    wrong += check_halving(run, "cuda", exact, "a card with little memory", SY_PTX_MEMORY="2500000")
    done = run("--device", "cpu", "--max-mem", "1")
    wrong += expect("--max-mem on the CPU", done, EXIT_ARGUMENT, "--max-mem: device cpu keeps to no limit", run.file)
    return wrong


def shared_models(folder):
    shared = pathlib.Path(os.environ.get("SY_SHARED", "no such folder")) / "data"
    if not shared.is_dir():
        print("models are not tested: SY_SHARED names no folder with data/models")
        raise SystemExit(77)
    for name, (data, limit) in MODELS.items():
        yield Run(sys.argv[1], shared / f"models/{name}.onnx", shared / data, limit, folder)


def main():
    program, source = sys.argv[1:3]
    real = "--real" in sys.argv
    digits = pathlib.Path(source) / "examples" / "digits"
    names = devices(program)
    with tempfile.TemporaryDirectory(prefix="steelyard-devices-") as folder:
        small = Run(program, digits / "digits.onnx", digits / "calib", 11, folder)
        if "--models" in sys.argv:
            wrong = sum(check_hashes(run, names) for run in shared_models(folder))
        elif "--fast" in sys.argv:
            compare = sys.argv[sys.argv.index("--fast") + 1]
            wrong = check_all_fast(small, names, compare)
            wrong += sum(check_all_fast(run, names, compare) for run in shared_models(folder))
        else:
            wrong = check_hashes(small, names) + check_limits(small, names)
            samples = damaged_samples(digits / "calib", folder)
            wrong += check_quantize(program, digits / "digits.onnx", samples, names, folder)
            wrong += check_verify(program, digits / "digits.onnx", samples, names, folder)
            if "cuda:0" in names and not real:
                wrong += check_late_death(program, digits / "digits.onnx", samples, folder)
                wrong += check_trouble(small)
    raise SystemExit(1 if wrong else 0)


main()
