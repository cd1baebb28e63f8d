"""What does not depend on workers, order and spelling: to the bit."""
import json

from harness import Case, sha256

PIXELS = " --set data_preprocess_param.preset=u1"
STATS = "stats m.onnx --data {} --output {} --json" + PIXELS


def content_hash(result):
    return json.loads(result.stdout)["content_hash"]


def same_as(command):
    """The other command gives the content hash, and the file, that the case gave."""
    def check(result):
        other = result.world.must(result.folder, command)
        wrong = [] if content_hash(other) == content_hash(result) else ["another content hash"]
        if sha256(result.folder / "out/a.qstat") != sha256(result.folder / "out/b.qstat"):
            wrong.append("another file")
        return wrong
    return check


def written_backwards(folder, world):
    """The photographs in a folder that lists them in another order."""
    (folder / "back").mkdir()
    for photo in sorted((folder / "calib").iterdir(), reverse=True):
        (folder / "back" / photo.name).write_bytes(photo.read_bytes())


def names_backwards(folder, world):
    """The photographs under names that sort the other way. Names are in the statistics, so models are compared."""
    (folder / "back").mkdir()
    photos = sorted((folder / "calib").iterdir())
    for index, photo in enumerate(photos):
        (folder / "back" / f"{len(photos) - index:03}.png").write_bytes(photo.read_bytes())


def same_models(result):
    """Every range method gives one model, whichever sample came first."""
    wrong = []
    result.world.must(result.folder, STATS.format("back", "out/b.qstat"))
    for method in ("MAX_MIN", "KL", "REMOVAL_OUTLIER", "PERCENTILE", "MSE", "AUTO"):
        for name in ("a", "b"):
            result.world.must(result.folder, f"emit out/{name}.qstat --model m.onnx --output {name}.{method} --quiet "
                                             f"--set full_quant_param.activation_quant_method={method}")
        if sha256(result.folder / f"a.{method}/m.generic.onnx") != sha256(result.folder / f"b.{method}/m.generic.onnx"):
            wrong.append(f"{method}: another model")
    return wrong


def labels_backwards(folder, world):
    lines = (folder / "eval_labels.txt").read_text().splitlines()
    (folder / "back.txt").write_text("\n".join(reversed(lines)) + "\n")


def same_report(command):
    def check(result):
        other = result.world.must(result.folder, command)
        return [] if other.stdout == result.stdout else ["another report"]
    return check


def same_quantized(result):
    result.world.must(result.folder, "quantize m.onnx --data calib --output out --workers 3 --quiet" + PIXELS)
    first = json.loads(result.stdout)
    second = json.loads((result.folder / "out/manifest.json").read_text())
    return [] if first == second else ["another manifest"]


def other_samples(result):
    """The hash is one of something: other samples have another."""
    other = result.world.must(result.folder, STATS.format("eval", "out/b.qstat"))
    return ["the same content hash"] if content_hash(other) == content_hash(result) else []


ONE = STATS.format("calib", "out/a.qstat") + " --workers 1"
VERIFY = "verify m.onnx m.onnx --json --labels {}" + PIXELS
CASES = [
    Case("two workers", ONE, 0, check=same_as(STATS.format("calib", "out/b.qstat") + " --workers 2")),
    Case("more workers than samples", ONE, 0, check=same_as(STATS.format("calib", "out/b.qstat") + " --workers 7")),
    Case("batches of three, the last one short", ONE, 0,
         check=same_as(STATS.format("calib", "out/b.qstat") + " --workers 1 --batch 3")),
    Case("batches of eight by the configuration", ONE, 0,
         check=same_as(STATS.format("calib", "out/b.qstat") + " --set run_param.batch=8")),
    Case("a folder written backwards", ONE, 0, before=written_backwards,
         check=same_as(STATS.format("back", "out/b.qstat"))),
    Case("the input named", ONE, 0, check=same_as(STATS.format("image:calib", "out/b.qstat"))),
    Case("a pattern that all match", ONE, 0, check=same_as(STATS.format("'calib/*.png'", "out/b.qstat"))),
    Case("names backwards", ONE, 0, before=names_backwards, check=same_models),
    Case("other samples", ONE, 0, check=other_samples),
    Case("labels backwards", VERIFY.format("eval_labels.txt"), 0, before=labels_backwards,
         check=same_report(VERIFY.format("back.txt"))),
    Case("verify with two workers", VERIFY.format("eval_labels.txt") + " --workers 1", 0,
         check=same_report(VERIFY.format("eval_labels.txt") + " --workers 2")),
    Case("quantize with three workers", "quantize m.onnx --data calib --output out --workers 1 --json" + PIXELS, 0,
         check=same_quantized),
]
