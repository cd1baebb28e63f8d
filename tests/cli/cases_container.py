"""Containers of compressed models: written and read by the program, and by syw.py, which knows them from the text alone."""
import json
import pathlib
import random
import re
import struct
import sys

import onnx_file
import syw
from files import npy
from harness import Case, difference

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "fuzz"))
from make_mindir_corpus import product  # noqa: E402


def quantized(folder, world):
    random.seed(1)
    (folder / "q.onnx").write_bytes(onnx_file.integer_weights(normal(300 * 64, 6), 300, 64))


def with_data(folder, world):
    """A model whose weight stands in a file of its own, behind what is no weight."""
    random.seed(6)
    codes = struct.pack(f"<{300 * 64}b", *normal(300 * 64, 6))
    outside = onnx_file.integers_outside("codes", (300, 64), "parts/data", 7, len(codes))
    nodes = [onnx_file.node("DequantizeLinear", "widen", ["codes", "scale"], "w"),
             onnx_file.node("MatMul", "product", ["x", "w"], "y")]
    (folder / "q.onnx").write_bytes(onnx_file.model(
        nodes, [onnx_file.value("x", (1, 300))], [onnx_file.value("y", (1, 64))],
        [outside, onnx_file.tensor("scale", (), [0.01])]))
    (folder / "parts").mkdir()
    (folder / "parts" / "data").write_bytes(b"unknown" + codes)


def without_data(folder, world):
    with_data(folder, world)
    (folder / "parts" / "data").write_bytes(b"short")


def packed(folder, world):
    quantized(folder, world)
    world.must(folder, "pack q.onnx --output m.syw")


def comes_back(result):
    """What pack wrote, read from the specification alone."""
    files, tensors = syw.read((result.folder / "m.syw").read_bytes())
    model = (result.folder / "q.onnx").read_bytes()
    faults = [] if files == {"q.onnx": model} else ["the model does not come out of the container"]
    if not any(coding in (syw.FSE, syw.SHORT) for _, coding, _, _ in tensors):
        faults.append(f"no tensor is entropy coded: {tensors}")
    if any(count >= size for _, _, size, count in tensors):
        faults.append(f"a tensor has grown: {tensors}")
    return faults


def both_come_back(result):
    names = ["q.onnx", "parts/data"]
    files, tensors = syw.read((result.folder / "m.syw").read_bytes())
    faults = [] if files == {name: (result.folder / name).read_bytes() for name in names} else ["other files than those packed"]
    if [(name, size) for name, _, size, _ in tensors] != [("codes", 300 * 64)]:
        faults.append(f"the weight outside is not coded: {tensors}")
    result.world.must(result.folder, "unpack m.syw --output back")
    same = all((result.folder / "back" / name).read_bytes() == (result.folder / name).read_bytes() for name in names)
    return faults if same else faults + ["other files than those unpacked"]


def is_unpacked(result):
    same = (result.folder / "back" / "q.onnx").read_bytes() == (result.folder / "q.onnx").read_bytes()
    return [] if same else ["the unpacked model is another one"]


def normal(n, b):
    half = 1 << b - 1
    return [max(-half, min(half - 1, round(random.gauss(0, half / 3)))) for _ in range(n)]


def foreign():
    """A container that only syw.py had to do with: every coding, segments, widths, and external data."""
    random.seed(2)
    content, parts, fills = b"head", [(0, 4, b"head", None)], [1, -2, 0]
    spotted = [random.choice([-8, 7]) if random.random() < 0.1 else fills[i // 2 % 3] for i in range(1200)]

    def add(codes, bits, signed, b, coding, stream, **more):
        nonlocal content
        piece = syw.elements(codes, bits, signed)
        content += piece
        parts.append((0, len(piece), stream, syw.entry_of_codes(f"t{len(parts)}", bits, signed, b, coding, len(codes), **more)))

    for b in range(1, 17):
        bits = 4 if b <= 4 else 8 if b <= 8 else 16
        codes = normal(201, b)
        add(codes, bits, True, b, syw.PACKING, syw.pack_bits(codes, b))
        add(codes, bits, False, bits, syw.INDEXING, syw.index(codes, bits))
        add(codes, bits, True, b, syw.FSE, syw.fse(codes, 1, 12))
        add(codes, bits, True, b, syw.FSE, syw.fse(codes, 5, 9), segments=5)
        add(codes, bits, True, b, syw.SHORT, syw.fse(codes, 1, 10, b))
        add(codes, bits, True, b, syw.SHORT, syw.fse(codes, 3, 8, b), segments=3)
        add(codes, bits, True, b, syw.SPARSE, syw.sparse(codes, b, 1, 1, [0], 2), channels=1, inner=1, fills=[0])
    add(spotted, 8, True, 4, syw.SPARSE, syw.sparse(spotted, 4, 3, 2, fills, 5), channels=3, inner=2, fills=fills)
    add([7] * 5000, 8, True, 4, syw.FSE, syw.fse([7] * 5000, 1, 4))
    add(normal(50, 8), 8, True, 8, syw.NONE, syw.elements(normal(50, 8), 8, True))
    content = content[:-50] + parts[-1][2]
    parts.append((2, 5, b"other", None))
    return [("model.bin", content), ("empty", b""), ("weights/data", b"other")], parts


def write_foreign(folder, world):
    (folder / "f.syw").write_bytes(syw.write(*foreign()))


def is_foreign(result):
    faults = []
    for name, content in foreign()[0]:
        if (result.folder / "back" / name).read_bytes() != content:
            faults.append(f"back/{name} is not what was packed")
    return faults


def damaged(place):
    """The container of the model with one bit turned over."""
    def before(folder, world):
        packed(folder, world)
        data = bytearray((folder / "m.syw").read_bytes())
        data[place] ^= 1
        (folder / "m.syw").write_bytes(data)
    return before


WHOLE = syw.write([("m", bytes(5000))], [(0, 5000, bytes(5000), None)])


def shortened(folder, world):
    (folder / "m.syw").write_bytes(WHOLE[:3000])


def of_version_2(folder, world):
    packed(folder, world)
    data = bytearray((folder / "m.syw").read_bytes())
    struct.pack_into("<I", data, 8, 2)
    (folder / "m.syw").write_bytes(data)


def outside(folder, world):
    (folder / "m.syw").write_bytes(syw.write([("../m.onnx", b"x")], [(0, 1, b"x", None)]))


def bomb(folder, world):
    stream = syw.fse([0] * 70, 1, 4)
    (folder / "m.syw").write_bytes(syw.write([("m", bytes(1 << 20))],
                                      [(0, 1 << 20, stream, syw.entry_of_codes("w", 8, 1, 1, syw.FSE, 1 << 20))]))


def inspected(result):
    lines = result.stdout.splitlines()
    faults = [] if lines[0].startswith("m.syw: a container of ") else ["the container is not described"]
    return faults if any("operators (" in line for line in lines) else faults + ["the model in it is not described"]


def with_samples(folder, world):
    packed(folder, world)
    (folder / "samples").mkdir()
    for i in range(3):
        (folder / "samples" / f"{i}.npy").write_bytes(npy((1, 300), value=i + 1))


def verified(result):
    """A container does in the place of its model; only its size is its own."""
    model = result.world.run(result.folder, result_command("q.onnx"))
    if model.code != 0:
        return [model.stderr]
    size = (result.folder / "m.syw").stat().st_size
    return difference("stdout", re.sub(r'"bytes":\t\d+', f'"bytes":\t{size}', model.stdout), result.stdout)


def result_command(path):
    return f"verify q.onnx {path} --data samples --json --quiet"


WEIGHTS = "quantize w.onnx --output out --set common_quant_param.quant_type=WEIGHT_QUANT"


MIXED = " --set common_quant_param.bit_num=0 --json"


def float_model(folder, world):
    random.seed(3)
    (folder / "w.onnx").write_bytes(onnx_file.float_weights([random.gauss(0, 1) for _ in range(300 * 64)], 300, 64))


def encoded(names):
    """The model, and where it is wanted a container of it."""
    def check(result):
        found = sorted(path.name for path in (result.folder / "out").iterdir())
        if found != names:
            return [f"out/ holds {found}, expected {names}"]
        if len(names) == 1:
            return []
        files, _ = syw.read((result.folder / "out" / "w.quant.syw").read_bytes())
        model = (result.folder / "out" / "w.quant.onnx").read_bytes()
        return [] if files == {"w.quant.onnx": model} else ["the container holds another model"]
    return check


def mindir_model(folder, world):
    (folder / "w.mindir").write_bytes(product(60, 200))


def is_mindir(result):
    files, tensors = syw.read((result.folder / "out" / "w.quant.syw").read_bytes())
    faults = [] if files == {"w.quant.mindir": (result.folder / "out" / "w.quant.mindir").read_bytes()} else ["another model"]
    if [size for _, coding, size, _ in tensors if coding != syw.NONE] != [60 * 200]:
        faults.append(f"the weight is not coded: {tensors}")
    return faults


def mixed(result):
    """Codes of a normal weight at an error of 2 % have 2.05 - log2(0.02 sqrt(12)) = 5.9 bits of entropy."""
    report = json.loads(result.stdout)["mixed"]
    (weight,) = report["weights"]
    faults = encoded(["w.quant.onnx", "w.quant.syw"])(result)
    if abs(report["error"] - 0.02) > 0.0002 or abs(weight["entropy"] - 5.9) > 0.05 or weight["fixed_bits"]:
        faults.append(f"not what an error of 2 % makes: {report}")
    return faults


def write_samples(folder, count, size):
    """Vectors whose elements go together, so that there is something to know about them."""
    (folder / "samples").mkdir()
    head = npy((1, size))[:-4 * size]
    for i in range(count):
        shared = random.gauss(0, 1)
        (folder / "samples" / f"{i:03}.npy").write_bytes(
            head + struct.pack(f"<{size}f", *[shared + 0.5 * random.gauss(0, 1) for _ in range(size)]))


def read_floats(folder, world):
    """y = x W"""
    random.seed(8)
    (folder / "w.onnx").write_bytes(onnx_file.float_weights([random.gauss(0, 1) for _ in range(96 * 80)], 96, 80))
    write_samples(folder, 160, 96)


def mindir_read(folder, world):
    mindir_model(folder, world)
    random.seed(8)
    write_samples(folder, 300, 200)


def mixed_by_inputs(result):
    """The outputs miss less than 2 %, as the report says and as a comparison of the files does, while the weight misses more."""
    (weight,) = json.loads(result.stdout)["mixed"]["weights"]
    (model,) = [path.name for path in result.folder.glob("w.*")]
    written = "out/w.quant" + pathlib.Path(model).suffix
    seen = result.world.run(result.folder, f"verify {model} {written} --data samples --json --quiet"
                            + (" --inputShape x:1,200" if "mindir" in model else ""))
    error = 10 ** (-json.loads(seen.stdout)["outputs"][0]["sqnr_db"] / 20) if seen.code == 0 else seen.stderr
    # a mean over the samples, in which those of small outputs count like the others
    if not (isinstance(error, float) and error < 0.02 and 0.7 < weight["output_error"] / error < 1.05):
        return [f"outputs are apart by {error}: {weight}"]
    if "mindir" in model:  # whose weights lie on a grid
        return []
    faults = [] if weight["error"] > 1.5 * error else ["the weight is no farther than its outputs"]
    return faults + encoded(["w.quant.onnx", "w.quant.syw"])(result)


def mixed_mindir(result):
    """The error, and that the program itself finds the weight back: y = x W of the quantized file."""
    report = json.loads(result.stdout)["mixed"]
    # these weights lie on a grid, whose error jumps
    faults = is_mindir(result) if 0.018 < report["error"] < 0.0202 else [f"not an error of 2 %: {report}"]
    (result.folder / "samples").mkdir()
    (result.folder / "samples" / "x.npy").write_bytes(npy((1, 200), value=0.5))
    verified = result.world.run(result.folder, "verify w.mindir out/w.quant.mindir --data samples --json --quiet --inputShape x:1,200")
    cosine = json.loads(verified.stdout)["outputs"][0]["cosine"] if verified.code == 0 else verified.stderr
    return faults if isinstance(cosine, float) and cosine > 0.99 else faults + [f"outputs are apart: {cosine}"]


def mixed_small(result):
    """A small weight pays for no table, and a step is left out where 8 bits take no more."""
    (weight,) = json.loads(result.stdout)["mixed"]["weights"]
    return [] if weight["fixed_bits"] == 8 and weight["error"] < 0.01 else [f"not in 8 bits: {weight}"]


def small_model(folder, world):
    random.seed(3)
    (folder / "w.onnx").write_bytes(onnx_file.float_weights([random.gauss(0, 1) for _ in range(60 * 8)], 60, 8))


UNPACK = "unpack m.syw --output back"

CASES = [
    Case("a model is packed", "pack q.onnx --output m.syw", 0, before=quantized, check=comes_back),
    Case("with one segment", "pack q.onnx --output m.syw --set weight_quant_param.max_segments=1", 0,
         before=quantized, check=comes_back),
    Case("a model with external data", "pack q.onnx --output m.syw", 0, before=with_data, check=both_come_back),
    Case("a model without its external data", "pack q.onnx --output m.syw", 3,
         "steelyard: m.syw: tensor 'codes' does not stand inside 'parts/data'\n", before=without_data),
    Case("and unpacked", UNPACK, 0, before=packed, check=is_unpacked),
    Case("containers of others are unpacked", "unpack f.syw --output back", 0, before=write_foreign, check=is_foreign),
    Case("a container is inspected", "inspect m.syw", 0, before=packed, check=inspected),
    Case("a container is verified", result_command("m.syw"), 0, before=with_samples, check=verified),
    Case("a container of many files is not run", "inspect f.syw", 4,
         "steelyard: f.syw: holds a model of 3 files; 'steelyard unpack' writes them, and that model can be used\n",
         before=write_foreign),
    Case("unpack a model", "unpack m.onnx --output back", 3,
         "steelyard: m.onnx: no container of a compressed model: it does not begin as one\n"),
    Case("pack a container", "pack m.syw --output n.syw", 1, "steelyard: m.syw: is a container already\n", before=packed),
    Case("pack over the model", "pack m.onnx --output m.onnx", 1,
         "steelyard: m.onnx: is the model; name another file for the container\n"),
    Case("pack without an output", "pack m.onnx", 1, "steelyard: --output FILE.syw is missing\n"),
    Case("unpack without an output", "unpack m.syw", 1, "steelyard: --output FOLDER is missing\n", before=packed),
    Case("weights are encoded where that is written down", WEIGHTS + " --set common_quant_param.enable_encode=true --set "
         "common_quant_param.bit_num=6", 0, before=float_model, check=encoded(["w.quant.onnx", "w.quant.syw"])),
    Case("and not otherwise", WEIGHTS, 0, before=float_model, check=encoded(["w.quant.onnx"])),
    Case("weights of MindIR are encoded too", WEIGHTS.replace("w.onnx", "w.mindir") + " --set common_quant_param.bit_num=4 --set "
         "common_quant_param.enable_encode=true --set weight_quant_param.dequant_strategy=ON_THE_FLY", 0, before=mindir_model,
         check=is_mindir),
    Case("mixed bits of MindIR", WEIGHTS.replace("w.onnx", "w.mindir") + MIXED + " --set "
         "weight_quant_param.dequant_strategy=ON_THE_FLY", 0, before=mindir_model, check=mixed_mindir),
    Case("mixed bits", WEIGHTS + MIXED, 0, before=float_model, check=mixed),
    Case("mixed bits by what the layers read", WEIGHTS + MIXED + " --set weight_quant_param.quant_strategy=GPTQ --data samples",
         0, before=read_floats, check=mixed_by_inputs),
    Case("mixed bits of MindIR by what the layers read", WEIGHTS.replace("w.onnx", "w.mindir") + MIXED + " --set "
         "weight_quant_param.dequant_strategy=ON_THE_FLY --set weight_quant_param.quant_strategy=GPTQ --data samples --inputShape x:1,200",
         0, before=mindir_read, check=mixed_by_inputs),
    Case("mixed bits of a small weight", WEIGHTS + MIXED + " --set mixed_bit_weight_quant_param.init_scale=0.002", 0,
         before=small_model, check=mixed_small),
    Case("mixed bits without a container", WEIGHTS + MIXED + " --set common_quant_param.enable_encode=false", 0,
         before=float_model, check=encoded(["w.quant.onnx"])),
    Case("mixed bits in blocks", WEIGHTS + MIXED + " --set weight_quant_param.block_size=32", 4,
         "steelyard: bit_num = 0 (mixed bits) has no blocks: leave block_size out, or choose 1 to 16 bits\n",
         before=float_model),
    Case("pack what is no model", "pack calib_labels.txt --output m.syw", 3,
         "steelyard: calib_labels.txt: the model is damaged: the fields of a message do not fill its bytes\n"),
    Case("a cut container", UNPACK, 3, "steelyard: m.syw: the container has 3000 bytes, its head says "
         f"{len(WHOLE)}: it was cut short or added to\n", before=shortened),
    Case("a damaged head", UNPACK, 3, "steelyard: m.syw: the container's head is damaged\n", before=damaged(20)),
    Case("a damaged table", UNPACK, 3, "steelyard: m.syw: the container's table is damaged\n", before=damaged(-1)),
    Case("a damaged section", UNPACK, 3, "steelyard: m.syw: section 0 of the container is damaged\n", before=damaged(104)),
    Case("a later version", UNPACK, 4,
         "steelyard: m.syw: a container of version 2 with flags 0: version 1 without flags is read\n", before=of_version_2),
    Case("a file outside the folder", UNPACK, 3,
         "steelyard: m.syw: the container holds a file named '../m.onnx': its name must have no empty part, '.' or '..'\n",
         before=outside),
    Case("a container that asks for too much", UNPACK, 3,
         "steelyard: m.syw: section 0, tensor 'w', of the container would grow more than 4096 times\n", before=bomb),
]
