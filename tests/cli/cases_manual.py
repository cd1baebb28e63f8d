"""Configurations of MindSpore Lite's manual: each configs/mslite_*.ini with the command line that stands in it."""
import json
import pathlib
import re
import shlex
import struct
import sys

from files import both, png, write
from harness import Case

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "fuzz"))
from make_mindir_corpus import field, product  # noqa: E402  both formats are protobuf

FLOAT = 1


def attribute(name, *ints):
    """AttributeProto of whole numbers."""
    if len(ints) == 1:
        return field(1, name) + field(3, ints[0]) + field(20, 2)
    return field(1, name) + b"".join(field(8, v) for v in ints) + field(20, 7)


def node(kind, inputs, output, *attributes):
    return (b"".join(field(1, i) for i in inputs) + field(2, output) + field(3, output) + field(4, kind)
            + b"".join(field(5, a) for a in attributes))


def weights(name, *dims):
    count = 1
    for size in dims:
        count *= size
    values = b"".join(struct.pack("<f", (i * 37 % 101 - 50) / 400) for i in range(count))
    return b"".join(field(1, d) for d in dims) + field(2, FLOAT) + field(8, name) + field(9, values)


def value(name, *dims):
    shape = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, shape)))


def image_network():
    """input_1 [N,32,32,4] -> channels first -> three convolutions -> mean -> a matrix, as TensorFlow's exports look."""
    nodes = [node("Transpose", ["input_1"], "t", attribute("perm", 0, 3, 1, 2)),
             node("Conv", ["t", "w1"], "c1", attribute("strides", 2, 2)), node("Relu", ["c1"], "r1"),
             node("Conv", ["r1", "w2"], "c2"), node("Relu", ["c2"], "r2"), node("Conv", ["r2", "w3"], "c3"),
             node("GlobalAveragePool", ["c3"], "g"), node("Flatten", ["g"], "f"), node("Gemm", ["f", "w4"], "y")]
    constants = [weights("w1", 24, 4, 3, 3), weights("w2", 32, 24, 1, 1), weights("w3", 32, 32, 3, 3), weights("w4", 32, 10)]
    graph = (b"".join(field(1, n) for n in nodes) + field(2, "g") + b"".join(field(5, c) for c in constants)
             + field(11, value("input_1", "N", 32, 32, 4)) + field(12, value("y", "N", 10)))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def photograph_network():
    """input [N,3,224,224] -> two convolutions -> mean."""
    nodes = [node("Conv", ["input", "w1"], "c1", attribute("strides", 4, 4)), node("Relu", ["c1"], "r1"),
             node("Conv", ["r1", "w2"], "c2", attribute("strides", 4, 4)), node("GlobalAveragePool", ["c2"], "y")]
    graph = (b"".join(field(1, n) for n in nodes) + field(2, "g") + field(5, weights("w1", 24, 3, 3, 3)) + field(5, weights("w2", 32, 24, 1, 1))
             + field(11, value("input", "N", 3, 224, 224)) + field(12, value("y", "N", 32, 1, 1)))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def sample(index):
    return b"".join(struct.pack("<f", ((i * 31 + index * 17) % 255) / 127.5 - 1) for i in range(32 * 32 * 4))


def prepare(name):
    """The models, calibration samples, and the configuration with its folder filled in."""
    text = (SOURCE / "configs" / name).read_text().replace("/path/to/calibration", "bins")
    if name == "mslite_images.ini":
        text = text.replace("calibrate_size=100", "calibrate_size=10")
        return both(write("photographs.onnx", photograph_network()), write(f"configs/{name}", text),
                    *[write(f"bins/{i:02}.png", png(300 + i, 270, 90 + 10 * i)) for i in range(10)])
    steps = [write("model.onnx", image_network()), write("model.mindir", product()), write(f"configs/{name}", text)]
    return both(*steps, *[write(f"bins/{i:02}.bin", sample(i)) for i in range(10)])


def command_of(name):
    line = re.search(r"^#   steelyard (convert .*)$", (SOURCE / "configs" / name).read_text(), re.MULTILINE)
    return shlex.join(shlex.split(line.group(1)))


def check(*more, quantized):
    """The model is there, with so many quantized operators, and so are the files beside it."""
    def checked(result):
        wrong = [] if result.stdout.endswith("CONVERT RESULT SUCCESS:0\n") else ["the last line is no success"]
        names = ["model_quant.mindir"] if "mindir" in quantized else ["model_quant.onnx", "model_quant.qstat", "manifest.json"]
        for name in [*names, *more]:
            if not (result.folder / name).is_file():
                wrong.append(f"{name} is not there")
        if quantized not in result.stdout and "mindir" not in quantized:
            wrong.append(f"'{quantized}' is not in {result.stdout}")
        if "manifest.json" in names and not wrong:
            manifest = json.loads((result.folder / "manifest.json").read_text())
            if manifest["samples"] != 10 or manifest["targets"][0]["verify"]["outputs"][0]["cosine"] < .99:
                wrong.append("the manifest shows another number of samples, or a model far from the float one")
        return wrong
    return checked


def dynamic(result):
    """Products of integers, and no file of statistics: nothing was run."""
    model = (result.folder / "model_quant.onnx").read_bytes()
    wrong = [kind for kind in (b"ConvInteger", b"MatMulInteger", b"DynamicQuantizeLinear") if kind not in model]
    wrong = [f"{kind.decode()} is not in the model" for kind in wrong]
    if "4 weights are in products of integers, 0 are tables, 0 float again, of 4" not in result.stdout:
        wrong.append(f"not every weight is in a product: {result.stdout}")
    return wrong + (["statistics were written"] if (result.folder / "model_quant.qstat").exists() else [])


def gears(result):
    wrong = check("model_quant.record.txt", "model_quant.atc.txt", quantized="Conv 2/3 Relu 1/2 Gemm 1/1")(result)
    text = (result.folder / "model_quant.atc.txt").read_text()
    for line in ('--input_shape="input_1:-1,32,32,4"', '--dynamic_batch_size="1,2,3,4,8,16"', "--framework=5"):
        if line not in text.splitlines():
            wrong.append(f"{line} is not in {text}")
    return wrong


def fixed(result):
    wrong = check("model_quant.record.txt", "model_quant.atc.txt", quantized="Conv 2/3 Relu 1/2 Gemm 1/1")(result)
    if '--input_shape="input_1:1,32,32,4"' not in (result.folder / "model_quant.atc.txt").read_text().splitlines():
        wrong.append("the shape is not that of calibration")
    return wrong


def on_the_fly(result):
    wrong = check(quantized="mindir")(result)
    model = (result.folder / "model_quant.mindir").read_bytes()
    for name in (b"g:w-Cast", b"g:w-Add", b"g:w-Mul", b"g:w-scales", b"g:w-zps"):
        if name not in model:
            wrong.append(f"{name} is not in the model")
    return wrong


def anti_quant(result):
    wrong = check(quantized="mindir")(result)
    model = (result.folder / "model_quant.mindir").read_bytes()
    return wrong + ([] if b"AscendAntiQuant" in model and b"g:w-Cast" not in model else ["no AscendAntiQuant"])


def smaller(*lines):
    """Nothing but the model is written, and the report says this."""
    def checked(result):
        size = (result.folder / "model_quant.onnx").stat().st_size
        wrong = [] if size < (result.folder / "model.onnx").stat().st_size / 3 else [f"the model has {size} bytes"]
        return wrong + [f"'{line}' is not in {result.stdout}" for line in lines if line not in result.stdout]
    return checked


def mixed(result):
    """The container is smaller than the model, and no weight misses more than it may."""
    wrong = smaller("mixed bits, init_scale 0.02", "4 of 4 weights are integers")(result)
    sizes = [(result.folder / f"model_quant.{ending}").stat().st_size for ending in ("syw", "onnx")]
    return wrong + ([] if sizes[0] < sizes[1] else [f"the container has {sizes[0]} bytes, the model {sizes[1]}"])


CHECKS = {
    "mslite_images.ini": check(quantized="Conv 2/2"),
    "mslite_mixed_bits.ini": mixed,
    "mslite_cpu.ini": check(quantized="Conv 3/3"),
    "mslite_cpu_per_layer.ini": check(quantized="Conv 3/3"),
    "mslite_nvgpu.ini": check(quantized="Conv 3/3"),
    "mslite_dsp.ini": check("model_quant.encodings.json", quantized="Conv 3/3"),
    "mslite_ascend.ini": fixed,
    "mslite_ascend_dynamic.ini": gears,
    "mslite_on_the_fly.ini": on_the_fly,
    "mslite_dynamic.ini": dynamic,
    "mslite_weights.ini": smaller("int8   w3 ", "4 of 4 weights are integers"),
    "mslite_weights_gptq.ini": smaller("int4   w3 ", "4 of 4 weights are integers"),
}

DYNAMIC = "[common_quant_param]\nquant_type=DYNAMIC_QUANT\n%s\n[dynamic_quant_param]\nquant_strategy=ACWL\n"
OTF = "[common_quant_param]\nquant_type=WEIGHT_QUANT\n%s\n[weight_quant_param]\ndequant_strategy=ON_THE_FLY\n%s"


def refused(name, config, arguments, code, message):
    line = f"convert --modelFile=model.mindir --outputFile=q --configFile=c.ini {arguments}"
    line += "" if "--fmk" in arguments else " --fmk=MINDIR"
    return Case(name, line, code, f"steelyard: {message}\n", f"CONVERT RESULT FAILED:{code}\n",
                before=both(write("model.mindir", product()), write("model.onnx", image_network()), write("c.ini", config)))


CASES = [Case(path.name, command_of(path.name), 0, before=prepare(path.name), check=CHECKS[path.name])
         for path in sorted((SOURCE / "configs").glob("mslite_*.ini"))] + [
    Case("chip", command_of("mslite_on_the_fly.ini") + ":910b", 0, before=prepare("mslite_on_the_fly.ini"), check=anti_quant),
    refused("every weight stays float", OTF % ("min_quant_weight_size=1000", ""), "", 2,
            "no weight was quantized; of the first, 'w': 120 elements are not more than min_quant_weight_size = 1000"),
    refused("skipped node", OTF % ("skip_quant_node=Default/MatMul-op0", ""), "", 2,
            "no weight was quantized; of the first, 'w': skip_quant_node"),
    refused("skipped node that is none", OTF % ("skip_quant_node=MatMul", ""), "", 2,
            "skip_quant_node names 'MatMul', which is no node of the model: names are scopes, such as "
            "Default/dense-Dense/MatMul-op0"),
    refused("when the model is loaded", "[common_quant_param]\nquant_type=WEIGHT_QUANT\n", "", 4,
            "weights that become float when the model is loaded need MindSpore Lite's own format, which is not written: set "
            "[weight_quant_param] dequant_strategy = ON_THE_FLY"),
    refused("mixed bits for a chip of 8", OTF % ("bit_num=0", ""), "--optimize=ascend_oriented:910b", 4,
            "bit_num = 0 (mixed bits) may need 16 bits, and AscendAntiQuant, which ascend_oriented:910b asks for, takes 8: "
            "choose at most 8, or leave the chip out"),
    refused("bits that AscendAntiQuant has not", OTF % ("bit_num=9", ""), "--optimize=ascend_oriented:910b", 4,
            "bit_num = 9: AscendAntiQuant, which ascend_oriented:910b asks for, takes 8 bits; choose at most 8, or leave the chip "
            "out"),
    refused("blocks of MindIR", OTF % ("", "block_size=32\n"), "", 4,
            "[weight_quant_param] block_size: scales of a MindIR model are one for each channel, or one: leave it out"),
    refused("key that is for ONNX", OTF % ("", "onnx_opset_max=13\n"), "", 4,
            "[weight_quant_param] onnx_opset_max: it is for ONNX models only"),
    refused("levels that AscendAntiQuant has not", OTF % ("bit_num=5", "quant_strategy=LOG2\n"), "--optimize=ascend_oriented:910b", 4,
            "quant_strategy = LOG2 with bit_num = 5 has levels of 16 bits, and AscendAntiQuant, which ascend_oriented:910b asks "
            "for, takes 8: choose a smaller bit_num, or leave the chip out"),
    refused("bits of MindIR that the method has not", OTF % ("bit_num=8", "quant_strategy=TERNARY\n"), "", 2,
            "quant_strategy = TERNARY has 2 bits: set bit_num = 2, not 8"),
    refused("weights of ONNX into MindIR", OTF % ("", ""), "--fmk=ONNX --modelFile=model.onnx --saveType=MINDIR", 4,
            "q.mindir: the model is ONNX and so is what is written of it (--saveType=ONNX)"),
    refused("bits that the method has not", OTF % ("bit_num=4", "quant_strategy=BINARY\n"), "--fmk=ONNX --modelFile=model.onnx", 2,
            "quant_strategy = BINARY has 1 bit: set bit_num = 1, not 4"),
    refused("more bits than the method has", OTF % ("bit_num=8", "quant_strategy=LOG2\n"), "--fmk=ONNX --modelFile=model.onnx", 2,
            "quant_strategy = LOG2 takes bit_num = 2 to 5, not 8"),
    refused("skipped node that is misspelt", OTF % ("skip_quant_node=c11", ""), "--fmk=ONNX --modelFile=model.onnx", 2,
            "skip_quant_node names 'c11', which is no node of the model; did you mean 'c1'?"),
    refused("blocks without an operator set for them", OTF % ("", "block_size=32\nonnx_opset_max=13\n"), "--fmk=ONNX --modelFile=model.onnx", 4,
            "block_size = 32 needs opset 21, the model is of opset 13 and cannot be raised: onnx_opset_max does not allow more"),
    refused("weights of ONNX for Ascend", OTF % ("", ""), "--fmk=ONNX --modelFile=model.onnx --optimize=ascend_oriented", 4,
            "--optimize=ascend_oriented: weights alone are written for Ascend into MindIR models; export the network as MindIR"),
    refused("activations at run time of MindIR", DYNAMIC % "", "", 4,
            "model.mindir: is a MindIR model, and quant_type = DYNAMIC_QUANT is for ONNX models; WEIGHT_QUANT is for both"),
    refused("activations at run time into MindIR", DYNAMIC % "", "--fmk=ONNX --modelFile=model.onnx --saveType=MINDIR", 4,
            "q.mindir: the model is ONNX and so is what is written of it (--saveType=ONNX)"),
    refused("activations at run time for Ascend", DYNAMIC % "", "--fmk=ONNX --modelFile=model.onnx --optimize=ascend_oriented", 4,
            "--optimize=ascend_oriented: dynamic quantization is not for Ascend; quant_type = FULL_QUANT with target_device = "
            "ASCEND is"),
    refused("every product skipped", DYNAMIC % "skip_quant_node=c1,c2,c3,y", "--fmk=ONNX --modelFile=model.onnx", 2,
            "no weight was quantized; of the first, 'w1': skip_quant_node"),
    refused("activations into MindIR", "[common_quant_param]\nquant_type=FULL_QUANT\n", "", 4,
            "q.mindir: full quantization writes ONNX (--saveType=ONNX); quant_type = WEIGHT_QUANT writes MindIR"),
    refused("Ascend without its target", "[common_quant_param]\nquant_type=FULL_QUANT\n",
            "--fmk=ONNX --optimize=ascend_oriented", 2,
            "--optimize=ascend_oriented, but the target is GENERIC: set [full_quant_param] target_device = ASCEND"),
    refused("provider without Ascend", OTF % ("", "[ascend_context]\nprovider=ge\n"), "", 2,
            "[ascend_context] provider = ge is Ascend's compiler: --optimize=ascend_oriented says that the model is for it"),
]
