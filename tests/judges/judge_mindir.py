#!/usr/bin/env python3
"""Weight quantization of MindIR models, judged by MindSpore.

Networks exported from MindSpore go through `steelyard convert` by every method (VARIANTS), are loaded by MindSpore on a CPU and
run at batch 1, 2 and 5. Outputs are those of the float file with its weights replaced by what the integers stand for, which numpy
computes, and as near to the float network's as the bits allow: within 1 % at 8 and 16. An independent reader of the wire format
(below) finds every field that was not to be touched byte for byte as it was, and checks on the integers what each method
promises. `steelyard run` computes what MindSpore computes, of the float files and of the quantized ones. Files that MindSpore
writes and cannot load (NOT_LOADED: they hold its operator `raise`) are run by `steelyard` alone, and the float one is compared
with what the network made before it was exported.

    judge_mindir.py STEELYARD [NET ...]  of mindir_nets.py, all by default; exit code 77: skipped, with the reason

SY_MINDSPORE names a Python with MindSpore 2.10.0 where this one has none.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

NETS = pathlib.Path(__file__).with_name("mindir_nets.py")
BATCHES = (1, 2, 5)
TYPES = {1: np.float32, 3: np.int8, 5: np.int16, 10: np.float16}

NOT_LOADED = ("encoder", "resnet")

# method, bits, correction of mean and deviation, how far outputs may be from the float network's
VARIANTS = [("MAX_MIN", 8, True, .01), ("MAX_MIN", 16, True, .01), ("MAX_MIN", 8, False, .01), ("MAX_MIN", 4, False, None),
            ("MSE", 8, True, .01),
            ("MSE", 8, False, .01), ("MSE", 4, True, .25), ("MSE", 4, False, .25), ("ADMM", 8, False, .01), ("ADMM", 4, False, .25),
            ("LOG2", 4, False, .5), ("LOG2", 5, False, .5), ("BINARY", 1, False, None), ("TERNARY", 2, False, None),
            ("GPTQ", 4, False, .25)]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value or bytes, the field as it stands) of a message."""
    found, at = [], 0
    while at < len(data):
        begin = at
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        else:
            width = {1: 8, 5: 4}[tag & 7]
            value, at = data[at:at + width], at + width
        found.append((tag >> 3, value, data[begin:at]))
    return found


def first(message, number, default=b""):
    return next((value for n, value, _ in fields(message) if n == number), default)


def graph_of(model):
    return first(model, 7)


def check_other_fields(before, after, ignored):
    """All fields but those in `ignored` are the same bytes in the same order."""
    kept = [[whole for n, _, whole in fields(m) if n not in ignored] for m in (before, after)]
    assert kept[0] == kept[1]


def retyped(before, after):
    """An AttributeProto in which only types of tensors may differ, at any depth."""
    for (n, x, whole), (m, y, other) in zip(fields(before), fields(after), strict=True):
        assert n == m
        if n == 17:
            retyped(x, y)
        elif n == 12:
            check_other_fields(x, y, {2})
        else:
            assert whole == other


def check_node(before, after, new_names):
    """Inputs may be new names; the attribute "shape" may have other types."""
    for (n, x, whole), (m, y, other) in zip(fields(before), fields(after), strict=True):
        assert n == m
        if whole == other:
            continue
        if n == 1:
            assert y in new_names, y
        else:
            assert n == 5 and first(x, 1) == b"shape", n
            retyped(x, y)


def tensor(message):
    shape = [v for n, v, _ in fields(message) if n == 1]
    return np.frombuffer(first(message, 9), TYPES[first(message, 2, 0)]).reshape(shape)


def integers_of(method, bits):
    """The least and the largest integer."""
    if method == "LOG2":
        return -2 ** (2 ** (bits - 1) - 2), 2 ** (2 ** (bits - 1) - 2)
    return {"BINARY": (-1, 1), "TERNARY": (-1, 1)}.get(method, (-2 ** (bits - 1), 2 ** (bits - 1) - 1))


def check_method(name, method, bits, floats, integers, scales, zps, square):
    """What a method promises of its integers; `square` is the squared error of MAX_MIN."""
    error = np.abs((integers + zps) * scales - floats)
    if method in ("ADMM", "LOG2", "BINARY", "TERNARY"):
        assert not zps.any(), name
    if method == "MAX_MIN":
        assert (error <= .75 * scales + 1e-7).all(), name
    if method == "MSE" and square is not None:
        assert (error ** 2).sum() <= 1.0001 * square, name
    if method == "ADMM":  # codes are the nearest of the scale, the scale is the best of the codes
        axes = tuple(i for i in range(floats.ndim) if scales.shape[i] == 1)
        best = (floats * integers).sum(axes, keepdims=True) / (integers ** 2).sum(axes, keepdims=True)
        assert (np.abs(best / scales - 1) < 1e-4).all(), name
        limit = 2 ** (bits - 1) - 1
        assert (np.abs(integers - np.clip(floats / scales, -limit, limit)) <= .5001).all(), name
    if method == "LOG2":
        magnitudes = np.abs(integers[integers != 0]).astype(int)
        assert (magnitudes & (magnitudes - 1) == 0).all() and (np.frexp(scales)[0] == .5).all(), name
    if method == "BINARY":
        assert ((integers > 0) == (floats >= 0)).all() and (integers != 0).all(), name


def check_weight(name, before, after, added, variant, squares):
    """Returns the floats that the integers stand for."""
    method, bits, corrected, _ = variant
    check_other_fields(before, after, {2, 9})
    floats, integers = tensor(before), tensor(after)
    least, largest = integers_of(method, bits)
    assert integers.dtype == (np.int8 if largest < 128 else np.int16)
    assert integers.min() >= least and integers.max() <= largest
    scales, zps = tensor(added[name + b"-scales"]), tensor(added[name + b"-zps"])
    wide = (np.broadcast_to(x, [1] * (floats.ndim - x.ndim) + list(x.shape)).astype(np.float64) for x in (scales, zps))
    check_method(name, method, bits, floats.astype(np.float64), integers.astype(np.float64), *wide, None if corrected else squares.get((name, bits)))
    back = (integers.astype(np.float32) + zps) * scales
    if method == "MAX_MIN" and not corrected:
        squares[name, bits] = ((back.astype(np.float64) - floats) ** 2).sum()
    return back


def check_file(before, after, variant, squares):
    """Returns by name, as the file spells it, the floats that each weight's integers stand for."""
    old, new = fields(before), fields(after)
    untouched = [whole for n, _, whole in old if n != 7]
    assert [whole for n, _, whole in new if n != 7][:len(untouched)] == untouched
    assert [n for n, _, _ in new].index(7) == [n for n, _, _ in old].index(7)
    assert all(n == 12 and b"steelyard" in value for n, value, _ in new[len(old):])

    known = {(n, first(v, 7) if n == 3 else first(v, 2)) for n, v, _ in fields(graph_of(before)) if n in (1, 3)}
    added, kept = {}, []
    for n, value, whole in fields(graph_of(after)):
        key = first(value, 7) if n == 3 else first(value, 2) if n == 1 else None
        if key is not None and (n, key) not in known:
            added[key] = value
        else:
            kept.append((n, value, whole))
    assert all(any(mark in name for mark in (b"-scales", b"-zps", b"-Cast", b"-Add", b"-Mul", b"steelyard-float")) for name in added)
    new_names = {name for name in added if b"-Mul" in name}
    weights = {}
    for (n, x, whole), (m, y, other) in zip(fields(graph_of(before)), kept, strict=True):
        assert n == m
        if whole == other:
            continue
        if n == 3:
            weights[first(x, 7)] = check_weight(first(x, 7), x, y, added, variant, squares)
        else:
            assert n == 1, n
            check_node(x, y, new_names)
    assert weights and len(new_names) == len(weights)
    return weights


def with_weights(model, weights):
    """The float model, each of these weights as it is here."""
    for n, value, whole in fields(graph_of(model)):
        if n == 3 and first(value, 7) in weights:
            old, new = first(value, 9), weights[first(value, 7)].astype(tensor(value).dtype).tobytes()
            assert len(old) == len(new) and model.count(whole) == whole.count(old) == 1
            model = model.replace(whole, whole.replace(old, new))
    return model


def mindspore():
    """A Python that has MindSpore; ends the test as skipped where there is none."""
    for python in (os.environ.get("SY_MINDSPORE"), sys.executable):
        if python and subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('mindspore'))"],
                                     check=False).returncode == 0:
            return python
    print("skipped: no MindSpore; SY_MINDSPORE names a Python that has it")
    sys.exit(77)


def run(python, files, folder):
    """By file: what MindSpore makes of the network's inputs at each batch."""
    work, results = [], {}
    for file in files:
        name = file.name.split(".")[0]
        results[file] = [file.with_suffix(f".{batch}.out.npy") for batch in BATCHES]
        work.append([str(file), [[str(folder / f"{name}.{batch}.npy"), str(out)] for batch, out in zip(BATCHES, results[file])]])
    (folder / "work.json").write_text(json.dumps(work))
    done = subprocess.run([python, str(NETS), "run", str(folder / "work.json")], check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"MindSpore does not run the files:\n{done.stderr[-3000:]}")
    return {file: [np.load(path) for path in paths] for file, paths in results.items()}


def ours(steelyard, file, folder, batches=BATCHES[:1]):
    """What `steelyard run` makes of the network's inputs."""
    name, results, made = file.name.split(".")[0], folder / "ours", []
    source = "tokens" if name in ("transformer", "bert") else "x"
    for batch in batches:
        subprocess.run([steelyard, "run", str(file), "--input", f"{source}={folder}/{name}.{batch}.npy", "--output", str(results), "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        paths = list(results.glob("*.npy"))
        assert len(paths) == 1
        made.append(np.load(paths[0]))
        paths[0].unlink()
    return made


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(a)) if a.shape == b.shape else np.inf


def samples(name, folder):
    """Writes samples like the network's inputs; returns their shape."""
    shape, rng = np.load(folder / f"{name}.1.npy").shape, np.random.RandomState(17)
    (folder / f"{name}.samples").mkdir()
    for i in range(24):
        np.save(folder / f"{name}.samples" / f"{i:02}.npy", rng.randn(*shape).astype(np.float32))
    return shape


def variants_of(name, folder):
    """GPTQ gets samples where these are floats."""
    floats = np.load(folder / f"{name}.1.npy").dtype == np.float32
    return [variant for variant in VARIANTS if floats or variant[0] != "GPTQ"]


def quantize(steelyard, name, folder, variant, squares):
    """A network by one way: the file, the float file with the same weights, and how many there are."""
    method, bits, corrected, _ = variant
    stem = f"{name}.{method}{bits}{'c' if corrected else ''}"
    (folder / "otf.ini").write_text(
        f"[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num={bits}\nmin_quant_weight_size=0\nmin_quant_weight_channel=16\n"
        f"[weight_quant_param]\ndequant_strategy=ON_THE_FLY\nquant_strategy={method}\nbias_correction={'true' if corrected else 'false'}\n")
    command = [steelyard, "convert", "--fmk=MINDIR", f"--modelFile={folder}/{name}.mindir", f"--outputFile={folder}/{stem}",
               f"--configFile={folder}/otf.ini"]
    if method == "GPTQ":
        shape = ",".join(str(size) for size in samples(name, folder))
        command = [steelyard, "quantize", f"{folder}/{name}.mindir", "--config", f"{folder}/otf.ini", "--data", f"{folder}/{name}.samples",
                   "--inputShape", f"x:{shape}", "--output", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if method == "GPTQ":
        (folder / f"{name}.quant.mindir").rename(folder / f"{stem}.mindir")
    before, file, twin = folder / f"{name}.mindir", folder / f"{stem}.mindir", folder / f"{stem}.twin.mindir"
    weights = check_file(before.read_bytes(), file.read_bytes(), variant, squares)
    twin.write_bytes(with_weights(before.read_bytes(), weights))
    return file, twin, len(weights)


def worst(some, others):
    return max(distance(a, b) for a, b in zip(some, others))


def judge(steelyard, results, name, made, folder):
    """Compares the outputs of one network's files."""
    reference = [np.load(folder / f"{name}.{batch}.want.npy") for batch in BATCHES]
    own = worst(reference, ours(steelyard, folder / f"{name}.mindir", folder, BATCHES))
    good = own < 1e-5
    print(f"{name:12} float: ours and MindSpore's are {own:.1e} apart" + ("" if good else "   FAILED"), flush=True)
    far = {}
    for (method, bits, corrected, limit), (file, twin, weights) in zip(variants_of(name, folder), made):
        apart = [distance(a, b) for a, b in zip(reference, results[file])]
        same = worst(results[twin], results[file])
        own = worst(results[file], ours(steelyard, file, folder)) if name not in NOT_LOADED else 0
        far[method, bits, corrected] = sum(apart)
        fine = (limit is None or max(apart) < limit) and same < 1e-5 and own < 1e-5
        # Much less where all layers are products of known inputs; transposed convolutions are rounded alike.
        fine &= method != "GPTQ" or sum(apart) <= 1.01 * far["MSE", bits, corrected]
        print(f"{name:12} {method:7} {bits:2} bits{' corrected' if corrected else '':10}, {weights} weights; outputs apart at batch "
              + ", ".join(f"{b}: {100 * x:.4f} %" for b, x in zip(BATCHES, apart)) + f"; from the same floats {same:.1e}; ours {own:.1e}"
              + ("" if fine else "   FAILED"), flush=True)
        good &= fine
    return good


def main():
    python, steelyard = mindspore(), sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([python, str(NETS), "export", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = sorted(path.stem for path in folder.glob("*.mindir") if not sys.argv[2:] or path.stem in sys.argv[2:])
        made = {}
        for net in names:
            squares = {}
            made[net] = [quantize(steelyard, net, folder, variant, squares) for variant in variants_of(net, folder)]
        files = [file for net in names for pair in made[net] for file in pair[:2]]
        results = run(python, [file for file in files if file.name.split(".")[0] not in NOT_LOADED], folder)
        for file in set(files) - set(results):
            results[file] = ours(steelyard, file, folder, BATCHES)
        good = [judge(steelyard, results, net, made[net], folder) for net in names]
    sys.exit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
