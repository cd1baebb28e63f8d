#!/usr/bin/env python3
"""Compares our preprocessing of photographs with Pillow's and numpy's: judge_samples.py LOAD_SAMPLES.

Lossless pictures must agree exactly. JPEG decoders differ among themselves: there 98 % of the pixels must be within 1 grey level,
and all within 4. Skipped (77) without Pillow, numpy or the photographs.
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image
except ImportError as reason:
    print(f"skipped: {reason}")
    sys.exit(77)
from shared_data import data_folder

KEY = "data_preprocess_param."


def load(program, folder, channels, height, width, *settings):
    run = subprocess.run([program, str(folder), str(channels), str(height), str(width), *(KEY + s for s in settings)],
                         capture_output=True, check=False)
    if run.returncode:
        sys.exit(run.stderr.decode())
    return np.frombuffer(run.stdout, np.float32).reshape(-1, channels, height, width)


def crop(image, width, height):
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def short_side(image, length):
    shorter = min(image.size)
    size = (round(image.width * length / shorter), round(image.height * length / shorter))
    return image.resize(size, Image.BILINEAR)


def automatic(image, width, height):
    """The rule of docs/CONFIG.md, as an evaluation script would have it."""
    w, h = image.size
    if (w, h) == (width, height):
        return image
    if not (w == h and w >= width and h >= height and w <= 1.05 * width):
        image = short_side(image, round(max(width, height) / 0.875))
    return crop(image, width, height)


def expected(folder, channels, height, width, geometry):
    mode = "L" if channels == 1 else "RGB"
    for path in sorted(folder.iterdir()):
        image = geometry(Image.open(path).convert(mode), width, height)
        yield np.asarray(image, np.float32).reshape(height, width, channels).transpose(2, 0, 1)


def compare(name, got, want, exactly):
    want = np.stack(list(want))
    if got.shape != want.shape:
        sys.exit(f"{name}: {got.shape} where {want.shape} was expected")
    difference = np.abs(got - want)
    near = float((difference <= 1).mean())
    print(f"{name}: {len(got)} photographs, equal {float((difference == 0).mean()):.4f}, within 1 {near:.4f}, "
          f"largest {difference.max():.0f}")
    return difference.max() == 0 if exactly else near >= 0.98 and difference.max() <= 4


def lossless_copies(folder, count, out):
    """Photographs as PNG, so that only our own arithmetic is judged."""
    for path in sorted(folder.iterdir())[:count]:
        Image.open(path).convert("RGB").save(out / f"{path.stem}.png")


def main():
    program, data = sys.argv[1], data_folder()
    raw = "preset=raw255"
    good = True
    for name, channels, height, width, exactly in [
            ("images/native", 3, 224, 224, False), ("images/eval", 3, 224, 224, False), ("faces", 3, 240, 320, False),
            ("cifar10/lossless", 3, 32, 32, True), ("mnist/calib", 1, 28, 28, True)]:
        got = load(program, data / name, channels, height, width, raw)
        good &= compare(name, got, expected(data / name, channels, height, width, automatic), exactly)
    with tempfile.TemporaryDirectory() as copies:
        copies = pathlib.Path(copies)
        lossless_copies(data / "images/native", 20, copies)
        for channels in (3, 1):
            got = load(program, copies, channels, 224, 224, raw)
            good &= compare(f"as PNG, {channels} channels", got, expected(copies, channels, 224, 224, automatic), True)
        got = load(program, copies, 3, 96, 160, raw, "resize_short_side=173")
        good &= compare("short side 173", got,
                        expected(copies, 3, 96, 160, lambda i, w, h: crop(short_side(i, 173), w, h)), True)
        got = load(program, copies, 3, 224, 224, "preset=torch")
        mean, std = np.float32([.485, .456, .406]), np.float32([.229, .224, .225])
        want = [(p / 255 - mean[:, None, None]) / std[:, None, None]
                for p in expected(copies, 3, 224, 224, automatic)]
        worst = float(np.abs(got - np.stack(want)).max())
        print(f"preset torch: largest difference {worst:.2g}")
        good &= worst < 1e-6
    sys.exit(not good)


main()
