"""Runs that end in the middle: what they keep, how the next one goes on, and what it refuses to go on from."""
import shlex
import shutil
import subprocess

import onnx_file
from harness import Case, complaints, tree

EVERY = "--workers 1 --set run_param.keep_seconds=0 --set data_preprocess_param.preset=u1"
STATS = f"stats m.onnx --data calib --output out/m.qstat {EVERY}"
QUANTIZE = f"quantize m.onnx --data calib --output out {EVERY}"
CONVERT = "convert --fmk=ONNX --modelFile=m.onnx --outputFile=out/m --configFile=c.ini"
PART = "out/m.qstat.part"
ANEW = "without --resume the run begins anew"
GOES_ON = (f"statistics of 3 of 4 samples are kept in {PART}: with --resume the same command goes on from there, on any "
           "device")
INI = """[common_quant_param]
quant_type=FULL_QUANT
[data_preprocess_param]
calibrate_path=image:calib
calibrate_size=4
input_type=IMAGE
preset=u1
[run_param]
keep_seconds=0
"""


def last_sample(folder):
    return sorted((folder / "calib").iterdir())[-1]


def spoil(folder):
    """The head and the end of the photograph are good, so it is found out when its turn comes."""
    path = last_sample(folder)
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * 40 + data[140:])


def interrupted(command):
    """The run of `command` has ended at its last sample, which is good again."""
    def before(folder, world):
        path = last_sample(folder)
        good = path.read_bytes()
        if command.startswith("convert"):
            (folder / "c.ini").write_text(INI)
        spoil(folder)
        result = world.run(folder, command)
        if result.code != 5 or not (folder / PART).exists():
            raise RuntimeError(f"steelyard {command}: exit code {result.code}\n{result.stderr}")
        path.write_bytes(good)
    return before


def then(*steps):
    def before(folder, world):
        for step in steps:
            step(folder, world)
    return before


def only_kept(result):
    names = sorted(path.name for path in (result.folder / "out").iterdir())
    faults = [] if names == ["m.qstat.part"] else [f"out/ holds {names}"]
    lines = complaints(result.stderr).splitlines()
    return faults + ([] if lines and lines[-1].endswith("; " + GOES_ON) else ["the last line is:", *lines[-1:]])


def as_one_run(command):
    """Everything below out/ is what the run alone would have left."""
    def check(result):
        again = tree(result.folder / "out")
        told = "" if "stats: goes on from the " in result.stderr else "it does not say that it goes on"
        shutil.rmtree(result.folder / "out")
        (result.folder / "out").mkdir()
        whole = result.world.run(result.folder, command)
        if whole.code:
            return whole.stderr.splitlines()
        wanted = tree(result.folder / "out")
        return [told] * bool(told) + [f"other than of one run: {name}" for name in sorted(again.keys() | wanted.keys())
                                      if again.get(name) != wanted.get(name)]
    return check


def begun_anew(result):
    text = complaints(result.stderr)
    wanted = f"{PART}: an earlier run did not come to its end; --resume goes on from it, and this run begins anew"
    names = sorted(path.name for path in (result.folder / "out").iterdir())
    return ([] if wanted in text else [text]) + ([] if names == ["m.qstat"] else [f"out/ holds {names}"])


def survives_kills(result):
    """Killed after ever longer times; resumed whenever something is kept."""
    shutil.rmtree(result.folder / "calib")
    shutil.copytree(result.world.digits / "calib", result.folder / "calib")
    result.world.must(result.folder, STATS)
    whole = (result.folder / "out" / "m.qstat").read_bytes()
    for growth in (1.3, 1.1, 1.03):
        (result.folder / "out" / "m.qstat").unlink()
        wait, resumed, killed = 0.02, 0, True
        while killed:
            has_part = (result.folder / PART).exists()
            command = [str(result.world.program), *shlex.split(STATS), "--device", "cpu", *(["--resume"] if has_part else [])]
            with subprocess.Popen(command, cwd=result.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                try:
                    error, killed = process.communicate(timeout=wait)[1], False
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    wait *= growth
                    continue
            if process.returncode:
                return [f"exit code {process.returncode}", error.decode()]
            resumed += has_part
        names = sorted(path.name for path in (result.folder / "out").iterdir() if ".tmp-" not in path.name)
        if names != ["m.qstat"] or (result.folder / "out" / "m.qstat").read_bytes() != whole:
            return [f"out/ holds {names}, or the statistics are others than without interruption"]
        if resumed:
            return []
    return ["no run was killed after it had kept something"]


def change_model(folder, world):
    """Another version number, which says nothing about what the model computes."""
    path = folder / "m.onnx"
    path.write_bytes(path.read_bytes() + onnx_file.field(5, 7))


def change_sample(folder, world):
    first = sorted((folder / "calib").iterdir())
    shutil.copy(first[1], first[0])


def damage(folder, world):
    data = bytearray((folder / PART).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / PART).write_bytes(data)


def refused(what, command, message, *steps):
    return Case(what, f"{command} --resume", 5, f"steelyard: --resume: {PART}: {message}; {ANEW}\n",
                before=then(interrupted(STATS), *steps))


CASES = [
    Case("a sample that ends stats", STATS, 5, before=lambda folder, world: spoil(folder), check=only_kept),
    Case("stats goes on", STATS + " --resume", 0, before=interrupted(STATS), check=as_one_run(STATS)),
    Case("stats goes on with other workers and batches", STATS + " --resume --workers 2 --batch 3", 0,
         before=interrupted(STATS), check=as_one_run(STATS)),
    Case("quantize goes on", QUANTIZE + " --resume", 0, before=interrupted(QUANTIZE), check=as_one_run(QUANTIZE)),
    Case("convert goes on", CONVERT + " --resume=true", 0, before=interrupted(CONVERT), check=as_one_run(CONVERT)),
    Case("stats that have ended are gone on with", STATS + " --resume", 0,
         before=lambda folder, world: world.must(folder, STATS), check=as_one_run(STATS)),
    Case("more samples than before", STATS + " --resume", 0,
         before=lambda folder, world: world.must(folder, STATS + " --limit 2"), check=as_one_run(STATS)),
    Case("a run that is killed and goes on", STATS, 0, check=survives_kills),
    Case("what was kept is not used unasked", STATS, 0, before=interrupted(STATS), check=begun_anew),
    Case("nothing to go on from", STATS + " --resume", 1,
         f"steelyard: --resume: there is neither {PART} nor out/m.qstat to go on from; {ANEW}\n"),
    Case("statistics that are damaged", STATS + " --resume", 5,
         f"steelyard: {PART} is damaged: its checksum does not fit its contents; make it again with `steelyard stats`; "
         f"{ANEW}\n", before=then(interrupted(STATS), damage)),
    refused("statistics of another model", STATS, "holds statistics of another model file", change_model),
    refused("statistics with other preprocessing", STATS.replace("preset=u1", "preset=tf"),
            "was gathered with other preprocessing ([data_preprocess_param])"),
    refused("statistics of more samples", STATS + " --limit 2",
            "holds sample 002.png, which is none of the 2 of this run (--data, --limit)"),
    refused("statistics of samples that are others now", STATS, "holds sample 000.png, whose bytes are others now",
            change_sample),
    Case("weights have no statistics to go on from",
         QUANTIZE + " --resume --set common_quant_param.quant_type=WEIGHT_QUANT", 1,
         "steelyard: --resume: goes on with statistics, which quant_type = FULL_QUANT alone gathers; auto_tune goes on "
         "without it\n"),
]
