"""Devices: what is listed, what is refused, and that the statistics are the same on each."""
import json

from harness import Case, Skip

STATS = "stats m.onnx --data calib --output out/m.qstat --set data_preprocess_param.preset=u1"
MISSING = ("OpenCL is not installed here: no-such-libOpenCL.so: cannot open shared object file: No such file or directory: "
           "install ocl-icd-libopencl1 and the driver of the device, or use --device cpu, which gives the same bits")


def listed(world, folder, environment=None):
    """{name: what is missing, or None}, as `devices --json` tells it."""
    report = json.loads(world.run(folder, "devices --json", environment).stdout)
    return {row["device"]: row.get("missing") for row in report["devices"]}


def needs_backend(folder, world):
    if "does not have it" in (listed(world, folder).get("opencl") or ""):
        raise Skip("this build has no OpenCL backend")


def needs_device(folder, world):
    missing = listed(world, folder, {}).get("opencl")
    if missing:
        raise Skip(f"no OpenCL device: {missing}")


def cpu_is_listed(result):
    lines = result.stdout.splitlines()
    return [] if any(line.startswith("cpu:0 ") for line in lines) else ["cpu:0 is not listed"]


def missing_is_told(result):
    lines = [line for line in result.stdout.splitlines() if line.startswith("opencl")]
    return [] if lines == [f"opencl     not available: {MISSING}"] else ["the line of opencl is:", *lines]


def auto_says_why(result):
    wrong = [] if f"device opencl: not used: {MISSING}" in result.stderr else ["why opencl is not used is not told"]
    return wrong + ([] if "device cpu:0: " in result.stderr else ["cpu is not told"])


def same_as_cpu(result):
    """The whole file but for the line that names the device would differ if one bit did."""
    there = (result.folder / "out" / "m.qstat").read_bytes()
    cpu = result.world.run(result.folder, STATS.replace("m.qstat", "cpu.qstat") + " --device cpu")
    if cpu.code:
        return cpu.stderr.splitlines()
    here = (result.folder / "out" / "cpu.qstat").read_bytes()
    return [] if there == here else ["the statistics differ from those of --device cpu"]


CASES = [
    Case("devices", "devices", 0, check=cpu_is_listed),
    Case("devices without a driver", "devices", 0, check=missing_is_told, before=needs_backend),
    Case("opencl without a driver", STATS + " --device opencl", 8, f"steelyard: {MISSING}\n", before=needs_backend),
    Case("auto without a driver", STATS + " --device auto", 0, check=auto_says_why, before=needs_backend),
    Case("opencl gives what cpu gives", STATS + " --device opencl", 0, check=same_as_cpu, before=needs_device,
         environment={}),
]
