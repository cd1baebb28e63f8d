#!/usr/bin/env python3
"""What statistics cost: on top of our own forward, and against onnxruntime's calibrators.

    stats.py --build BUILD --images FOLDER MODEL.onnx...

Prints for each model, as ratios:
- overhead: CPU time that statistics add to our float forward (benchmark.collect: both in turn, the median; one thread);
- time, memory: CPU time and peak memory of `steelyard stats` on 100 photographs, decoding included, against
  onnxruntime's MinMax and Entropy calibration of the same photographs, decoded beforehand (their time without
  starting Python, their memory with it); above 1 means that we need less;
- flat: peak memory at 10, 100 and 1000 samples, and the largest over the smallest.
Needs onnxruntime, onnx, numpy and pillow. --json prints one object instead of a table.

Peak memory is what the system counts for a child, which begins with that of its parent: so this process imports nothing large,
and what needs to runs in a child of its own.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
CONFIG = """[data_preprocess_param]
image_to_format = RGB
normalize_mean = [{}]
normalize_std = [{}]
""".format(",".join(map(str, MEAN)), ",".join(map(str, STD)))


def run(command):
    """Its CPU seconds, peak memory in MB and what it printed."""
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"stats.py: {' '.join(map(str, command))} failed with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def decode(model, folder, path, raw):
    """In a process of its own: 100 images as one .npy, [n, 1, 3, side, side], as the configuration above prepares them, and
    the first few as raw files."""
    import numpy
    import onnx
    from PIL import Image

    side = onnx.load(model, load_external_data=False).graph.input[0].type.tensor_type.shape.dim[3].dim_value
    images = find_images(pathlib.Path(folder))[:100]
    decoded = numpy.lib.format.open_memmap(path, "w+", numpy.float32, (len(images), 1, 3, side, side))
    for i, image in enumerate(images):
        picture = Image.open(image).convert("RGB")
        if min(picture.size) < side or min(picture.size) > 1.05 * side:
            scale = side / 0.875 / min(picture.size)
            picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BILINEAR)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        pixels = numpy.asarray(picture.crop((left, top, left + side, top + side)), numpy.float32)
        decoded[i, 0] = ((pixels - numpy.float32(MEAN)) / numpy.float32(STD)).transpose(2, 0, 1)
        if i < 20:
            decoded[i].tofile(os.path.join(raw, f"{i:03}.f32"))
    decoded.flush()


def calibrate_with_onnxruntime(method, model, decoded):
    """In a process of its own: prints its CPU seconds."""
    import time

    import numpy
    import onnxruntime
    from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator

    class Reader:
        def __init__(self, name):
            self.name, self.left = name, iter(numpy.load(decoded, mmap_mode="r"))

        def get_next(self):
            x = next(self.left, None)
            return None if x is None else {self.name: numpy.array(x)}

    name = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        calibrator = create_calibrator(model, None, os.path.join(folder, "augmented.onnx"),
                                       CalibrationMethod[method], providers=["CPUExecutionProvider"])
        calibrator.execution_providers = ["CPUExecutionProvider"]
        calibrator.collect_data(Reader(name))
        calibrator.compute_data()
        print(time.process_time() - start)


OVERHEADS = 7  # runs of a few seconds; a single one is off by 0.02 either way


def measure_overhead(build, model, raw):
    overheads = []
    for _ in range(OVERHEADS):
        _, _, text = run([build / "benchmarks" / "benchmark.collect", model, raw, 100])
        overheads.append(float(dict(line.split() for line in text.splitlines())["overhead"]))
    return statistics.median(overheads)


def find_images(folder):
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))


def repeat_images(images, count, folder):
    """A folder of `count` photographs: links to the images, round and round."""
    folder.mkdir()
    for i in range(count):
        image = images[i % len(images)].resolve()
        os.symlink(image, folder / f"{i:05}{image.suffix}")
    return folder


def ours(build, model, images, config, folder):
    command = [build / "steelyard", "stats", model, "--data", images, "--config", config, "--output",
               folder / "x.qstat", "--workers", "1", "--quiet", "--limit", "1000000"]
    seconds, memory, _ = run(command)
    return seconds, memory


def compare(build, model, images, rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config, decoded, raw = folder / "config.ini", folder / "decoded.npy", folder / "raw"
        config.write_text(CONFIG)
        raw.mkdir()
        run([sys.executable, __file__, "--decode", model, images[0].parent, decoded, raw])
        result = {"model": pathlib.Path(model).stem, "overhead": measure_overhead(build, model, raw)}
        sets = {n: repeat_images(images, n, folder / str(n)) for n in (10, 100, 1000)}
        runs = [ours(build, model, sets[100], config, folder) for _ in range(rounds)]
        result["seconds"] = min(r[0] for r in runs)
        result["memory_mb"] = {n: ours(build, model, sets[n], config, folder)[1] for n in sets}
        result["flat"] = max(result["memory_mb"].values()) / min(result["memory_mb"].values())
        for method in ("MinMax", "Entropy"):
            _, memory, text = run([sys.executable, __file__, "--calibrate", method, model, decoded])
            seconds = float(text.split()[-1])  # after what onnxruntime prints
            result[method] = {"seconds": seconds, "memory_mb": memory, "time_ratio": seconds / result["seconds"],
                              "memory_ratio": memory / result["memory_mb"][100]}
        return result


def show(r):
    memory = ", ".join(f"{mb:.0f} MB at {n}" for n, mb in r["memory_mb"].items())
    print(f"{r['model']}: statistics add {r['overhead']:.2f} of the forward; 100 photographs {r['seconds']:.2f} s CPU")
    print(f"  peak memory {memory}: {r['flat']:.3f}")
    for method in ("MinMax", "Entropy"):
        m = r[method]
        print(f"  onnxruntime {method}: {m['seconds']:.1f} s, {m['memory_mb']:.0f} MB: "
              f"{m['time_ratio']:.1f} times our time, {m['memory_ratio']:.1f} times our memory")


def main():
    if sys.argv[1:2] == ["--calibrate"]:
        calibrate_with_onnxruntime(*sys.argv[2:])
        return
    if sys.argv[1:2] == ["--decode"]:
        decode(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("models", nargs="+")
    options = parser.parse_args()
    images = find_images(options.images)
    if not images:
        sys.exit(f"stats.py: no photographs in {options.images}")
    results = [compare(options.build, model, images, options.rounds) for model in options.models]
    if options.json:
        print(json.dumps(results))
    else:
        for result in results:
            show(result)


if __name__ == "__main__":
    main()
