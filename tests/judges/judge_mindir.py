#!/usr/bin/env python3
"""Weight quantization of MindIR models, judged by MindSpore.

Networks exported from MindSpore go through `steelyard convert` at 8 and 16 bits, are loaded by MindSpore on a CPU and run at
batch 1, 2 and 5: outputs are within 1 % of the float network's. An independent reader of the wire format (below) finds every
field that was not to be touched byte for byte as it was, and the integers stand for the floats they replaced. `steelyard run`
computes what MindSpore computes, of the float files and of the quantized ones.

    judge_mindir.py STEELYARD            exit code 77: skipped, with the reason

SY_MINDSPORE names a Python with MindSpore 2.10.0 where this one has none.
"""
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


def check_weight(name, before, after, added, bits):
    check_other_fields(before, after, {2, 9})
    floats, integers = tensor(before).astype(np.float64), tensor(after)
    assert integers.dtype == (np.int8 if bits <= 8 else np.int16)
    assert integers.min() >= -2 ** (bits - 1) and integers.max() < 2 ** (bits - 1)
    scales, zps = tensor(added[name + b"-scales"]).astype(np.float64), tensor(added[name + b"-zps"]).astype(np.float64)
    error = np.abs((integers + zps) * scales - floats)
    assert (error <= .75 * np.broadcast_to(scales, error.shape) + 1e-7).all(), name
    return floats.size


def check_file(before, after, bits):
    """Returns how many weights became integers."""
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
    weights = 0
    for (n, x, whole), (m, y, other) in zip(fields(graph_of(before)), kept, strict=True):
        assert n == m
        if whole == other:
            continue
        if n == 3:
            check_weight(first(x, 7), x, y, added, bits)
            weights += 1
        else:
            assert n == 1, n
            check_node(x, y, new_names)
    assert weights > 0 and len(new_names) == weights
    return weights


def mindspore():
    """A Python that has MindSpore; ends the test as skipped where there is none."""
    for python in (os.environ.get("SY_MINDSPORE"), sys.executable):
        if python and subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('mindspore'))"],
                                     check=False).returncode == 0:
            return python
    print("skipped: no MindSpore; SY_MINDSPORE names a Python that has it")
    sys.exit(77)


def run(python, file, name, folder, mark):
    pairs = []
    for batch in BATCHES:
        pairs += [str(folder / f"{name}.{batch}.npy"), str(folder / f"{name}.{mark}.{batch}.npy")]
    subprocess.run([python, str(NETS), "run", str(file), *pairs], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [np.load(path) for path in pairs[1::2]]


def ours(steelyard, file, name, folder):
    """What `steelyard run` makes of the first sample."""
    source = "tokens" if name in ("transformer", "bert") else "x"
    results = folder / "ours"
    subprocess.run([steelyard, "run", str(file), "--input", f"{source}={folder}/{name}.1.npy", "--output", str(results), "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    paths = list(results.glob("*.npy"))
    assert len(paths) == 1
    result = np.load(paths[0])
    paths[0].unlink()
    return result


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(a))


def judge(steelyard, python, name, folder):
    reference = run(python, folder / f"{name}.mindir", name, folder, "float")
    own = distance(reference[0], ours(steelyard, folder / f"{name}.mindir", name, folder))
    good = own < 1e-5
    print(f"{name:12} float: ours and MindSpore's are {own:.1e} apart" + ("" if good else "   FAILED"), flush=True)
    for bits in (8, 16):
        config = folder / "otf.ini"
        config.write_text(f"[common_quant_param]\nquant_type=WEIGHT_QUANT\nbit_num={bits}\nmin_quant_weight_size=0\n"
                          "min_quant_weight_channel=16\n[weight_quant_param]\ndequant_strategy=ON_THE_FLY\n")
        subprocess.run([steelyard, "convert", "--fmk=MINDIR", f"--modelFile={folder}/{name}.mindir", f"--outputFile={folder}/{name}.{bits}",
                        f"--configFile={config}"], check=True, stdout=subprocess.DEVNULL)
        file = folder / f"{name}.{bits}.mindir"
        weights = check_file((folder / f"{name}.mindir").read_bytes(), file.read_bytes(), bits)
        results = run(python, file, name, folder, str(bits))
        apart = [distance(a, b) for a, b in zip(reference, results)]
        own = distance(results[0], ours(steelyard, file, name, folder))
        fine = max(apart) < .01 and own < 1e-5 and all(a.shape == b.shape for a, b in zip(reference, results))
        print(f"{name:12} {bits:2} bits, {weights} weights; outputs apart at batch "
              + ", ".join(f"{b}: {100 * x:.4f} %" for b, x in zip(BATCHES, apart)) + f"; ours {own:.1e}" + ("" if fine else "   FAILED"), flush=True)
        good &= fine
    return good


def main():
    python = mindspore()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([python, str(NETS), "export", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        names = sorted(path.stem for path in folder.glob("*.mindir"))
        results = [judge(sys.argv[1], python, name, folder) for name in names]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
