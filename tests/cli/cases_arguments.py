"""The command line itself."""
from harness import Case


def refused(name, command, message, code=1):
    return Case(name, command, code, f"steelyard: {message}\n")


CASES = [
    refused("unknown command", "quantise m.onnx", "unknown command 'quantise': did you mean 'quantize'? ('steelyard --help' lists them)"),
    refused("unknown command nothing like any", "frobnicate", "unknown command 'frobnicate' ('steelyard --help' lists them)"),
    refused("option without a command", "--quiet", "unknown command '--quiet' ('steelyard --help' lists them)"),
    refused("empty command", "''", "unknown command '' ('steelyard --help' lists them)"),
    refused("unknown option", "stats m.onnx --frob 3", "unknown option --frob ('steelyard stats --help' lists what it takes)"),
    refused("misspelt option", "stats m.onnx --ouput out/m.qstat", "unknown option --ouput: did you mean --output?"),
    refused("option of another command", "inspect m.onnx --labels calib_labels.txt", "steelyard inspect does not take --labels ('steelyard inspect --help' lists what it takes)"),
    refused("short option", "stats m.onnx -o out/m.qstat", "unknown option -o: options begin with two dashes ('steelyard stats --help' lists them)"),
    refused("missing positional", "stats --data calib --output out/m.qstat", "MODEL is missing ('steelyard stats --help' shows the command)"),
    refused("missing second positional", "verify m.onnx --data calib", "QUANTIZED is missing ('steelyard verify --help' shows the command)"),
    refused("too many positionals", "inspect m.onnx calib", "'calib' is one argument too many for steelyard inspect"),
    refused("positional where there is none", "devices m.onnx", "'m.onnx' is one argument too many for steelyard devices"),
    refused("option without its value", "stats m.onnx --data", "--data: expected DIR"),
    refused("option with an empty value", "stats m.onnx --data= --output out/m.qstat", "--data: expected DIR"),
    refused("option in the place of a value", "stats m.onnx --data --output out/m.qstat", "--data: expected DIR"),
    refused("switch with a value", "stats m.onnx --quiet=yes", "--quiet is a switch and takes no value"),
    refused("workers 0", "stats m.onnx --data calib --output out/m.qstat --workers 0", "--workers 0: expected a whole number from 1 to 1000000000"),
    refused("workers not a number", "stats m.onnx --data calib --output out/m.qstat --workers many", "--workers many: expected a whole number from 1 to 1000000000"),
    refused("workers far too many", "stats m.onnx --data calib --output out/m.qstat --workers 99999999999", "--workers 99999999999: expected a whole number from 1 to 1000000000"),
    refused("limit 0", "stats m.onnx --data calib --output out/m.qstat --limit 0", "--limit 0: expected a whole number from 1 to 1000000000"),
    refused("limit negative", "stats m.onnx --data calib --output out/m.qstat --limit -3", "--limit -3: expected a whole number from 1 to 1000000000"),
    refused("progress of an unknown kind", "stats m.onnx --progress dots", "--progress dots: expected auto|plain|json|none"),
    refused("target list with a hole", "quantize m.onnx --data calib --output out --target GENERIC,,NVGPU", "--target GENERIC,,NVGPU: expected TARGET,TARGET"),
    refused("target twice", "quantize m.onnx --data calib --output out --target GENERIC,NVGPU,GENERIC", "target GENERIC is asked for twice"),
    refused("unknown target", "quantize m.onnx --data calib --output out --target NVGPUS", "there is no target 'NVGPUS' (did you mean NVGPU?); there are GENERIC and NVGPU"),
    refused("target of a later version", "quantize m.onnx --data calib --output out --target DSP", "target DSP: this build cannot write for Qualcomm's and other DSPs yet; it writes GENERIC and NVGPU", 4),
    refused("no output", "quantize m.onnx --data calib", "--output FOLDER is missing"),
    refused("stats without output", "stats m.onnx --data calib", "--output FILE.qstat is missing"),
    refused("run without output", "run m.onnx", "--output FOLDER is missing"),
    refused("emit without model", "emit m.qstat --output out", "--model MODEL is missing"),
    refused("no samples", "stats m.onnx --output out/m.qstat", "there are no samples: name a folder with --data or calibrate_path", 5),
    refused("device cuda", "stats m.onnx --data calib --output out/m.qstat --device cuda", "device cuda: this build has no cuda backend; use cpu, which gives the same bits", 4),
    refused("device opencl", "stats m.onnx --data calib --output out/m.qstat --device opencl", "device opencl: this build has no opencl backend; use cpu, which gives the same bits", 4),
    refused("device that is nonsense", "stats m.onnx --data calib --output out/m.qstat --device abacus", "device abacus: there is no such device; use auto or cpu"),
    refused("device number that is not there", "stats m.onnx --data calib --output out/m.qstat --device cpu:7", "device cpu:7: the processors are one device, cpu:0; --workers says how many are used", 8),
    refused("layout that is nonsense", "stats m.onnx --data calib --output out/m.qstat --inputDataFormat NWCH", "--inputDataFormat NWCH: expected NCHW|NHWC"),
]
