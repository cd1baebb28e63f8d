"""A model of two inputs: a folder for each, a file for each, and what can be wrong with that."""
import json
import re
import struct

from files import both, cut, remove, write
from harness import Case
from onnx_file import TWO, result, sample, two_inputs

SAMPLES = 5
BOTH = "--data left:l,right:0:r"


def raw(values):
    return struct.pack(f"<{len(values)}f", *values)


def npy(values):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {len(values)}), }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + raw(values)


def two(folder, world):
    """two.onnx, l/ and r/ with raw samples that pair by position, and the first of each as an array."""
    write("two.onnx", two_inputs())(folder, world)
    for name, place in zip(TWO, "lr"):
        for index in range(SAMPLES):
            write(f"{place}/{place}{index}.bin", raw(sample(name, index)))(folder, world)
        write(f"{place}.npy", npy(sample(name, 0)))(folder, world)


def expect(*claims):
    """The texts of the claims that do not hold; a claim is (text, truth)."""
    return [text for text, truth in claims if not truth]


def content_hash(text):
    return re.search(r"content hash (\w+)", text).group(1)


def ran(outcome):
    data = (outcome.folder / "out" / "y.npy").read_bytes()
    found, wanted = struct.unpack("<4f", data[-16:]), result(0)
    return expect((f"y is {found}, not {wanted}", all(abs(a - b) < 1e-5 for a, b in zip(found, wanted))),
                  ("the case is of no use: y is zero", any(wanted)))


def quantized(outcome):
    files = sorted(p.name for p in (outcome.folder / "out").iterdir())
    manifest = json.loads((outcome.folder / "out" / "manifest.json").read_text())
    return expect((f"out/ holds {files}", files == ["manifest.json", "two.generic.onnx", "two.qstat"]),
                  (f"{manifest['samples']} samples", manifest["samples"] == SAMPLES),
                  (f"input shape {manifest['input_shape']}", manifest["input_shape"] == "left:1,8;right:0:1,6"))


def orders_agree(outcome):
    """The order in which the folders are named is of no matter; which folder is whose is."""
    other = outcome.world.must(outcome.folder, "stats two.onnx --data right:0:r,left:l --output out/other.qstat")
    return expect(("another order of inputs gives other statistics",
                   content_hash(outcome.stdout) == content_hash(other.stdout)))


def verified(outcome):
    same = json.loads(outcome.stdout)["outputs"][0]
    return expect(("a model is not its own equal", same["sqnr_db"] == 200), ("the name", same["name"] == "y"))


def works(name, command, check, before=two):
    return Case(name, command, 0, check=check, before=before)


def refused(name, message, data, before=two, code=1):
    return Case(name, f"stats two.onnx --data {data} --output out/two.qstat", code, f"{message}\n", before=before)


def run_refused(name, message, inputs, code=1):
    return Case(name, f"run two.onnx {inputs} --output out", code, f"{message}\n", before=two)


def swapped():
    """Every sample is named, and its first file that does not fit."""
    bad = [f"r{i}.bin: has 24 bytes where input left, [1,8] of float32, needs 32" for i in range(SAMPLES)]
    return ("".join(f"warning {i + 1}: bad sample: {reason}\n" for i, reason in enumerate(bad)) +
            f"steelyard: {SAMPLES} of {SAMPLES} samples cannot be used: " + "; ".join(bad))


CASES = [
    works("run with an array for each input",
            "run two.onnx --input left=l.npy --input right:0=r.npy --output out", ran),
    works("run with the inputs in another order",
            "run two.onnx --input right:0=r.npy --input left=l.npy --output out", ran),
    works("quantize with a folder for each input", f"quantize two.onnx {BOTH} --output out", quantized),
    works("statistics with folders in any order", f"stats two.onnx {BOTH} --output out/two.qstat", orders_agree),
    works("verify with a folder for each input", f"verify two.onnx two.onnx {BOTH} --json", verified),
    refused("one folder for two inputs",
            "steelyard: --data l: the model has 2 inputs: write left:DIR,right:0:DIR", "l"),
    refused("an input without a folder",
            "steelyard: --data: input right:0 has no folder: write left:DIR,right:0:DIR", "left:l"),
    refused("an input with an empty folder name", "steelyard: --data: input right:0 has no folder", "left:l,right:0:"),
    refused("an input twice", "steelyard: --data: input left is given twice", "left:l,left:r"),
    refused("a name that no input has",
            "steelyard: --data: the model has no input rihgt:0; it has left, right:0", "left:l,rihgt:0:r"),
    refused("missing folder of one input", "steelyard: nothing: no such folder", "left:l,right:0:nothing", code=5),
    refused("folders swapped", swapped(), "left:r,right:0:l", code=5),
    refused("more samples of one input than of the other",
            "steelyard: input left has 5 files and input right:0 has 4: files pair by sorted position, so "
            "there must be as many of each", "left:l,right:0:r", both(two, remove("r/r4.bin")), 5),
    refused("a sample of one input cut short",
            "warning 1: bad sample: r3.bin: has 20 bytes where input right:0, [1,6] of float32, needs "
            "24\nsteelyard: 1 of 5 samples cannot be used: r3.bin: has 20 bytes where input right:0, [1,6] "
            "of float32, needs 24 (--allow-bad-samples or skip_bad_samples = true goes on without them)",
            "left:l,right:0:r", both(two, cut("r/r3.bin", 20)), 5),
    run_refused("run without one of its inputs",
            "steelyard: input 'right:0' is missing: --input right:0=FILE.npy", "--input left=l.npy"),
    run_refused("run with an input it does not have",
            "steelyard: --input rihgt:0=r.npy: the model has no input 'rihgt:0'; its inputs are 'left', "
            "'right:0'", "--input left=l.npy --input rihgt:0=r.npy"),
    run_refused("run with the arrays swapped",
            "steelyard: r.npy: is [1,6] where input 'left' wants [1,8]", "--input left=r.npy --input right:0=l.npy", 5),
]
