"""auto_tune: the search ends just above its target, and gives the same answer when it is killed and goes on."""
import json
import random
import shutil
import subprocess

import onnx_file
from cases_container import read_floats
from harness import Case, complaints

TUNE = ("quantize w.onnx --output out --json --set common_quant_param.quant_type=WEIGHT_QUANT --set common_quant_param.bit_num=0 "
        "--set mixed_bit_weight_quant_param.auto_tune=true")
FILES = ["w.quant.onnx", "w.quant.syw", "w.quant.tune"]


def model(folder, world):
    """y = x W: an error e of W makes a cosine of about 1 - e * e / 2."""
    random.seed(4)
    (folder / "w.onnx").write_bytes(onnx_file.float_weights([random.gauss(0, 1) for _ in range(600 * 300)], 600, 300))


def tuned(folder, world):
    model(folder, world)
    world.must(folder, TUNE)


def contents(folder):
    return {path.name: path.read_bytes() if path.is_file() else "a folder" for path in sorted((folder / "out").iterdir())}


def in_band(result):
    report = json.loads(result.stdout)["auto_tune"]
    faults = [] if sorted(contents(result.folder)) == FILES else [f"out/ holds {sorted(contents(result.folder))}"]
    if not 0.995 <= report["cosine"] <= 0.9975:
        faults.append(f"the cosine is {report['cosine']}")
    if not 0.07 < report["init_scale"] < 0.13:
        faults.append(f"init_scale = {report['init_scale']}: a cosine of 0.995 is an error of 0.1")
    return faults


def nothing_is_tried_again(result):
    report = json.loads(result.stdout)["auto_tune"]
    return [] if report["resumed_probes"] == len(report["probes"]) > 0 else ["a finished search tries again"]


def killed_once(result, command, first_ms, growth):
    """Kills the search after ever longer times until it comes to its end; the probes that its last run found on disk."""
    for path in (result.folder / "out").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    wait = first_ms / 1000
    while True:
        with subprocess.Popen([str(result.world.program), *command.split()], cwd=result.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stdout, stderr = process.communicate(timeout=wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                wait *= growth
                continue
        if process.returncode:
            raise RuntimeError(f"exit code {process.returncode}: {stderr.decode()}")
        return json.loads(stdout)["auto_tune"]["resumed_probes"]


def survives_kills(command):
    def check(result):
        whole = contents(result.folder)
        for growth in (1.5, 1.1, 1.02):
            resumed = killed_once(result, command, 5, growth)
            again = {name: data for name, data in contents(result.folder).items() if ".tmp-" not in name}
            leftovers = sorted(again.keys() - whole.keys())
            if leftovers:
                return [f"left behind: {leftovers}"]
            different = [name for name in FILES if again[name] != whole[name]]
            if different:
                return [f"other than without interruption: {different}"]
            if resumed:
                return []
        return ["no run was killed between two probes"]
    return check


def is_near(result):
    cosine = json.loads(result.stdout)["auto_tune"]["cosine"]
    faults = [] if 0.995 <= cosine <= 0.9975 else [f"the cosine is {cosine}"]
    return faults + survives_kills(GPTQ)(result)


def begins_anew(result):
    text = complaints(result.stderr)
    wanted = "auto_tune: out/w.quant.tune is of another model, other samples or another configuration: the search begins anew"
    return [] if wanted in text and json.loads(result.stdout)["auto_tune"]["resumed_probes"] == 0 else [text]


def falls_short(result):
    names = sorted(contents(result.folder))
    faults = [] if names == ["w.quant.tune"] else [f"out/ holds {names}: only what was tried was expected"]
    if "reaches target_cosine = 0.9999999999999, the nearest has" not in result.stderr:
        faults.append(result.stderr)
    return faults


def tokens(folder, world):
    value = onnx_file.value("x", (1, 4)).replace(onnx_file.field(1, 1), onnx_file.field(1, 7), 1)
    (folder / "w.onnx").write_bytes(onnx_file.model(
        [onnx_file.node("Gather", "pick", ["w", "x"], "y")], [value], [onnx_file.value("y", (1, 4, 40))],
        [onnx_file.tensor("w", (100, 40), [0.01 * (i % 97) for i in range(4000)])]))


GPTQ = TUNE + " --set weight_quant_param.quant_strategy=GPTQ --data samples"

CASES = [
    Case("a search on drawn inputs", TUNE, 0, before=model, check=in_band),
    Case("a search by what the layers read", GPTQ, 0, before=read_floats, check=is_near),
    Case("a search by what drawn inputs are", TUNE + " --set weight_quant_param.quant_strategy=GPTQ", 2,
         "steelyard: auto_tune with quant_strategy = GPTQ: drawn inputs do not tell what layers read; name samples with --data, "
         "or with use_cv_data = true and calibrate_path\n", before=model),
    Case("a search that has ended", TUNE, 0, before=tuned, check=nothing_is_tried_again),
    Case("a search that is killed and goes on", TUNE, 0, before=model, check=survives_kills(TUNE)),
    Case("a search after another one", TUNE + " --set mixed_bit_weight_quant_param.target_cosine=0.99", 0, before=tuned,
         check=begins_anew),
    Case("a target that cannot be reached", TUNE + " --set mixed_bit_weight_quant_param.target_cosine=0.9999999999999", 10,
         before=model, check=falls_short),
    Case("inputs that cannot be drawn", TUNE, 5,
         "steelyard: auto_tune draws inputs of float32 only, and 'x' is int64: name samples with --data, or with "
         "use_cv_data = true and calibrate_path\n", before=tokens),
    Case("a file that is no search", TUNE, 5,
         "steelyard: out/w.quant.tune: is no file of a search by auto_tune; remove it, or write elsewhere\n",
         before=lambda folder, world: (model(folder, world), (folder / "out" / "w.quant.tune").write_text("hello\n"))),
    Case("a budget is a number", TUNE + " --time-budget none", 1,
         "steelyard: --time-budget none: expected SECONDS\n", before=model),
]
