"""MindSpore Lite's converter command line."""
import json

from files import both, write
from harness import Case, sha256

ALL = "--fmk=ONNX --modelFile=m.onnx --outputFile=out/q --configFile=c.ini"
CONFIG = """[common_quant_param]
quant_type=FULL_QUANT
bit_num=8
[data_preprocess_param]
calibrate_path=image:calib
calibrate_size=3
input_type=IMAGE
image_to_format=GRAY
normalize_mean=[0]
normalize_std=[255]
[full_quant_param]
activation_quant_method=KL
bias_correction=false
"""


def refused(name, arguments, code, message):
    """Refused before anything is read."""
    return Case(name, f"convert {arguments}", code, f"steelyard: {message}\n")


def failed(name, arguments, code, message, before=None):
    """Refused by what the files hold; the converter's last line says so too."""
    return Case(name, f"convert {arguments}", code, f"steelyard: {message}\n", f"CONVERT RESULT FAILED:{code}\n",
                before=both(write("c.ini", CONFIG), *[before] if before else []))


def weights(result):
    wrong = []
    names = [path.name for path in (result.folder / "out").iterdir()]
    if names != ["q.onnx"] or (result.folder / "out/q.onnx").stat().st_size >= (result.folder / "m.onnx").stat().st_size:
        wrong.append(f"out/ holds {names}, or what it holds is no smaller")
    for line in ("  float  conv1.weight                             16 output channels are not more than "
                 "min_quant_weight_channel = 16\n", "6 of 8 weights are integers", "CONVERT RESULT SUCCESS:0\n"):
        if line not in result.stdout:
            wrong.append(f"it does not say {line!r}")
    return wrong


def converted(result):
    names = sorted(path.name for path in (result.folder / "out").iterdir())
    manifest = json.loads((result.folder / "out" / "manifest.json").read_text())
    wrong = []
    if names != ["manifest.json", "q.onnx", "q.qstat"]:
        wrong.append(f"out/ holds {names}")
    if not result.stdout.endswith("CONVERT RESULT SUCCESS:0\n"):
        wrong.append("the last line is not CONVERT RESULT SUCCESS:0")
    if manifest["samples"] != 3 or "activation_quant_method = KL" not in manifest["config"]:
        wrong.append("the manifest does not show the configuration file's samples and method")
    if manifest["targets"][0]["sha256"] != sha256(result.folder / "out" / "q.onnx"):
        wrong.append("the manifest's hash is not the model's")
    return wrong


CASES = [
    refused("nothing", "", 1, "convert: --fmk= is missing"),
    refused("no fmk", "--modelFile=m.onnx --outputFile=out/q --configFile=c.ini", 1, "convert: --fmk= is missing"),
    refused("no model", "--fmk=ONNX --outputFile=out/q --configFile=c.ini", 1, "convert: --modelFile= is missing"),
    refused("no output", "--fmk=ONNX --modelFile=m.onnx --configFile=c.ini", 1, "convert: --outputFile= is missing"),
    refused("no configuration", "--fmk=ONNX --modelFile=m.onnx --outputFile=out/q", 1,
            "convert: --configFile= is missing"),
    refused("another framework", ALL.replace("ONNX", "TFLITE"), 4,
            "convert: --fmk=TFLITE: only ONNX and MINDIR models can be read by this version"),
    refused("optimization that is none", ALL + " --optimize=ascend", 4,
            "convert: --optimize=ascend: there are none, general, gpu_oriented, ascend_oriented and ascend_oriented:CHIP"),
    refused("chip without a name", ALL + " --optimize=ascend_oriented:", 4,
            "convert: --optimize=ascend_oriented:: there are none, general, gpu_oriented, ascend_oriented and ascend_oriented:CHIP"),
    refused("float16", ALL + " --fp16=on", 4, "convert: --fp16=on: float16 output is not supported by this version"),
    refused("layout that is nonsense", ALL + " --inputDataFormat=CHWN", 4,
            "convert: --inputDataFormat=CHWN: the layouts are NHWC and NCHW"),
    refused("misspelt option", ALL + " --inputShapes=image:1,1,24,24", 1,
            "convert: unknown option --inputShapes: did you mean --inputShape=?"),
    refused("unknown option", ALL + " --decryptKey=0", 1,
            "convert: unknown option --decryptKey: this version has no such option"),
    refused("option without a value", ALL + " --optimize", 1, "convert: '--optimize' is not --NAME=VALUE"),
    refused("positional", ALL + " m.onnx", 1, "convert: 'm.onnx' is not --NAME=VALUE"),
    Case("missing configuration", f"convert {ALL}", 6, "steelyard: c.ini: No such file or directory\n",
         "CONVERT RESULT FAILED:6\n"),
    failed("unknown key", ALL, 2, "c.ini:14: [full_quant_param] has no key quant; --help-config lists its keys",
           write("c.ini", CONFIG + "quant=1\n")),
    failed("weights only, none of them large", ALL, 2,
           "no weight was quantized; of the first, 'conv1.weight': 144 elements are not more than min_quant_weight_size = 65535",
           write("c.ini", CONFIG.replace("FULL_QUANT", "WEIGHT_QUANT\nmin_quant_weight_size=65535", 1))),
    Case("weights only", f"convert {ALL}", 0, before=write("c.ini", CONFIG.replace("FULL_QUANT", "WEIGHT_QUANT", 1)),
         check=weights),
    failed("missing model", ALL.replace("m.onnx", "n.onnx"), 6, "n.onnx: No such file or directory"),
    failed("missing samples", ALL, 5, "nothing: no such folder",
           write("c.ini", CONFIG.replace("calib\n", "nothing\n"))),
    failed("output over the model", ALL.replace("out/q", "m"), 1,
           "m.onnx: is the float model; name another file to write"),
    failed("output below a file", ALL.replace("out/q", "m.onnx/q"), 6, "m.onnx: is a file, a folder was expected"),
    failed("shape that does not fit", ALL + " --inputShape=image:1,3,24,24", 1,
           "m.onnx: input 'image': shape [1,3,24,24] does not fit the model's [1,1,24,24]; only named or unknown "
           "dimensions can be chosen"),
    Case("good run", f"convert {ALL} --optimize=general --inputDataFormat=NCHW", 0, before=write("c.ini", CONFIG),
         check=converted),
]
