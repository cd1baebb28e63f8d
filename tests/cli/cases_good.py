"""What works, and what it leaves behind."""
import ast
import json
import re
import struct

from files import both, cut, npy, write
from harness import Case, difference, sha256

PIXELS = " --set data_preprocess_param.preset=u1"
QUANTIZE = "quantize m.onnx --data calib --output out" + PIXELS
COMMANDS = ["quantize", "stats", "emit", "verify", "run", "inspect", "config", "devices", "convert"]
VERSION = re.compile(r"steelyard \d+\.\d+\.\d+\n")


def expect(*claims):
    """The texts of the claims that do not hold; a claim is (text, truth)."""
    return [text for text, truth in claims if not truth]


def out_holds(result, *names):
    found = sorted(path.name for path in (result.folder / "out").iterdir())
    return ["out/ holds {}, expected {}".format(found, sorted(names))] if found != sorted(names) else []


def overview(result):
    return expect(*[(f"{name} is not listed", re.search(rf"^  {name} ", result.stdout, re.M)) for name in COMMANDS],
                  ("errors were printed", not result.stderr))


def help_of(name):
    def check(result):
        options = re.findall(r"^  --(\S+)", result.stdout, re.M)
        return expect(("the first line does not show the command", result.stdout.startswith(f"steelyard {name}")),
                      ("no options are listed", len(options) >= 4),
                      ("an option is listed twice", len(set(options)) == len(options)),
                      ("errors were printed", not result.stderr))
    return Case(f"help of {name}", f"{name} --help", 0, check=check)


def version(result):
    return expect(("not 'steelyard X.Y.Z'", VERSION.fullmatch(result.stdout)))


def inspected(result):
    report = json.loads(result.stdout)
    return expect(("operators", {row["type"]: row["count"] for row in report["operators"]}["Conv"] == 7),
                  ("input", report["inputs"] == [{"name": "image", "dtype": "float32", "shape": "[1,1,24,24]"}]),
                  ("hash", report["sha256"] == sha256(result.folder / "m.onnx")))


def quantized(result):
    out = result.folder / "out"
    manifest = json.loads((out / "manifest.json").read_text())
    targets = manifest["targets"]
    return out_holds(result, "m.qstat", "m.generic.onnx", "m.nvgpu.onnx", "m.nvgpu.ranges.json", "manifest.json") + expect(
        ("targets", [row["target"] for row in targets] == ["GENERIC", "NVGPU"]),
        ("model's hash", manifest["model_sha256"] == sha256(result.folder / "m.onnx")),
        ("hashes of the written models", all(row["sha256"] == sha256(result.folder / row["file"]) for row in targets)),
        ("sizes of the written models",
         all(row["bytes"] == (result.folder / row["file"]).stat().st_size for row in targets)),
        ("number of samples", manifest["samples"] == 4),
        ("samples compared, those of the labels file", all(row["verify"]["samples"] == 4 for row in targets)),
        ("accuracy of the float model", all(row["verify"]["top1_float"]["count"] == 4 for row in targets)),
        ("content hash in the report", manifest["content_hash"] in result.stdout))


def tabled(result):
    """The last lines are the table; what a DSP is given lies beside its model."""
    out = result.folder / "out"
    rows = [line for line in result.stdout.splitlines() if line][-3:]
    encodings = json.loads((out / "m.dsp.encodings.json").read_text())
    return out_holds(result, "m.qstat", "m.nvgpu.onnx", "m.nvgpu.ranges.json", "m.dsp.onnx", "m.dsp.encodings.json", "m.dsp.tflite", "manifest.json") + expect(
        ("header", rows[0].split() == ["target", "file", "bytes", "accuracy", "left", "in", "float"]),
        ("rows", [row.split()[:2] for row in rows[1:]] == [["NVGPU", "out/m.nvgpu.onnx"], ["DSP", "out/m.dsp.onnx"]]),
        ("accuracy", all("top-1 " in row for row in rows[1:])),
        ("what stayed float", "(a product with a single row is faster in float)" in rows[1] and rows[2].endswith("nothing")),
        ("version of the encodings", encodings["version"] == "0.6.1"),
        ("the input's encoding", encodings["activation_encodings"]["image"][0]["bitwidth"] == 8),
        ("identifier of the .tflite", (out / "m.dsp.tflite").read_bytes()[4:8] == b"TFL3"))


def json_is_the_manifest(result):
    return expect(("standard output is not the manifest",
                   json.loads(result.stdout) == json.loads((result.folder / "out" / "manifest.json").read_text())))


def collected(count):
    def check(result):
        return out_holds(result, "m.qstat") + expect(("number of samples", f"over {count} samples\n" in result.stdout))
    return check


def bad_ones_left_out(result):
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning")]
    return collected(3)(result) + difference("warnings", "\n".join([
        "warning 1: bad sample: 001.png: is cut short: the end of the picture is missing",
        "warning 2: bad sample: 003.jpg: is empty",
        "warning 3: 2 of 5 samples are left out"]), "\n".join(warnings))


def like_quantize(result):
    """Statistics, then emit: the bytes that quantize writes where no bias is corrected."""
    result.world.must(result.folder, QUANTIZE.replace("output out", "output whole --quiet") +
                      " --set full_quant_param.bias_correction=false")
    return out_holds(result, "m.generic.onnx") + expect(
        ("the model is another one",
         sha256(result.folder / "out/m.generic.onnx") == sha256(result.folder / "whole/m.generic.onnx")))


def same_model(result):
    report = json.loads(result.stdout)
    output = report["outputs"][0]
    return expect(("samples", report["samples"] == 4), ("name", output["name"] == "logits"),
                  ("cosine", abs(output["cosine"] - 1) < 1e-9),
                  ("fusing changed more than roundings", output["sqnr_db"] > 100),
                  ("agreement", report["agreement"]["share"] == 1),
                  ("accuracy", report["top1_float"] == report["top1_quantized"]))


def other_model(result):
    output = json.loads(result.stdout)["outputs"][0]
    return expect(("not close", output["cosine"] > 0.95), ("not quantized", output["largest_difference"] > 0),
                  ("tensors", len(json.loads(result.stdout)["tensors"]) >= 4))


def simulated(result):
    """Side by side; on a network this small the ways to round are steps apart at most."""
    as_dsp = json.loads(result.stdout)["as_dsp"]
    rows = {row["arithmetic"]: row for row in as_dsp["rows"]}
    return expect(("the ways to compute", list(rows) == ["fake quantization", "double rounding", "single rounding", "float factors"]),
                  ("samples", as_dsp["samples"] == 4), ("findings", as_dsp["findings"] == []),
                  ("steps", max(row["largest_step"] for row in rows.values()) <= 3),
                  ("fake quantization is itself", rows["fake quantization"]["largest_step"] == 0),
                  ("close to the float model", min(row["sqnr_db"] for row in rows.values()) > 15))


def ran(result):
    content = (result.folder / "out" / "logits.npy").read_bytes()
    length = struct.unpack("<H", content[8:10])[0]
    header = ast.literal_eval(content[10:10 + length].decode())
    values = struct.unpack("<10f", content[10 + length:])
    return out_holds(result, "logits.npy") + expect(
        ("header", header == {"descr": "<f4", "fortran_order": False, "shape": (1, 10)}),
        ("all the same", len(set(values)) == 10))


def configuration_again(result):
    """What is printed is a configuration file that says the same; only where each value comes from differs."""
    (result.folder / "again.ini").write_text(result.stdout)
    again = result.world.must(result.folder, "config --config again.ini")
    plain = re.compile(r" +# .*")
    return difference("configuration", plain.sub("", result.stdout), plain.sub("", again.stdout)) + expect(
        ("where a value comes from", "activation_quant_method = KL             # c.ini:2" in result.stdout),
        ("where an override comes from", "preset = torch                           # --set" in result.stdout))


def keys_listed(result):
    return expect(*[(key, key in result.stdout) 
                    for key in ("[full_quant_param]", "activation_quant_method", "bin_layout")])


def stats_file(folder, world):
    world.must(folder, "stats m.onnx --data calib --output m.qstat --quiet" + PIXELS)


def written_model(folder, world):
    world.must(folder, QUANTIZE.replace("output out", "output made") + " --quiet")


CASES = [
    Case("overview", "--help", 0, check=overview),
    Case("no command", "", 1, check=overview),
    Case("version", "--version", 0, check=version),
    *[help_of(name) for name in COMMANDS],
    Case("inspect", "inspect m.onnx --json", 0, check=inspected),
    Case("quantize for two targets", QUANTIZE + " --labels eval_labels.txt --target GENERIC,NVGPU", 0, check=quantized),
    Case("quantize for a processor and a table", QUANTIZE + " --labels eval_labels.txt --target NVGPU,DSP"
         " --set full_quant_param.encodings_version=0.6.1", 0, check=tabled),
    Case("quantize as JSON", QUANTIZE + " --json", 0, check=json_is_the_manifest),
    Case("quantize into a new folder", QUANTIZE.replace("output out", "output out/new/folder"), 0,
         check=lambda result: out_holds(result, "new")),
    Case("stats", "stats m.onnx --data calib --output out/m.qstat" + PIXELS, 0, check=collected(4)),
    Case("stats over the first samples", "stats m.onnx --data calib --limit 2 --output out/m.qstat" + PIXELS, 0,
         check=collected(2)),
    Case("stats with a shape without a name",
         "stats m.onnx --data calib --output out/m.qstat --inputShape 1,1,24,24" + PIXELS, 0, check=collected(4)),
    Case("stats with a pattern of names", "stats m.onnx --data 'calib/00[01].png' --output out/m.qstat" + PIXELS, 0,
         check=collected(2)),
    Case("stats of raw files", "stats m.onnx --data s --output out/m.qstat", 0, check=collected(2),
         before=both(write("s/a.bin", b"\0" * 2304), write("s/b.f32", b"\0\0\0\x3f" * 576))),
    Case("stats of arrays without the first dimension", "stats m.onnx --data s --output out/m.qstat", 0,
         check=collected(1), before=write("s/a.npy", npy((1, 24, 24)))),
    Case("stats without bad samples", "stats m.onnx --data calib --allow-bad-samples --output out/m.qstat" + PIXELS, 0,
         check=bad_ones_left_out, before=both(cut("calib/001.png", 60), write("calib/003.jpg", ""))),
    Case("emit", "emit m.qstat --model m.onnx --output out", 0, before=stats_file, check=like_quantize),
    Case("verify a model with itself", "verify m.onnx m.onnx --labels eval_labels.txt --json" + PIXELS, 0,
         check=same_model),
    Case("verify a written model", "verify m.onnx made/m.generic.onnx --data eval --json" + PIXELS, 0,
         before=written_model, check=other_model),
    Case("verify as a DSP", "verify m.onnx made/m.dsp.onnx --labels eval_labels.txt --json --as DSP" + PIXELS, 0,
         before=lambda folder, world: world.must(folder, QUANTIZE.replace("output out", "output made") + " --quiet --target DSP"),
         check=simulated),
    Case("run", "run m.onnx --input image=x.npy --output out", 0, before=write("x.npy", npy((1, 1, 24, 24))),
         check=ran),
    Case("run a written model", "run made/m.generic.onnx --input image=x.npy --output out", 0, check=ran,
         before=both(written_model, write("x.npy", npy((1, 1, 24, 24))))),
    Case("config round trip", "config --config c.ini --set data_preprocess_param.preset=torch", 0,
         check=configuration_again,
         before=write("c.ini", "[full_quant_param]\nactivation_quant_method = KL\n"
                                "[common_quant_param]\nskip_quant_node = dense, conv1\n")),
    Case("configuration keys", "config --help-config", 0, check=keys_listed),
]
