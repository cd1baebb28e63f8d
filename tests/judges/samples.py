"""Samples of the models that the quantization judges use, as the raw tensors that both tools get."""
import dataclasses

import numpy as np
from PIL import Image

PICTURES = (".jpg", ".jpeg", ".png")
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def crop_to(image, side):
    """The middle square: what is a little too large is cropped, the rest is scaled to side / 0.875 first."""
    width, height = image.size
    if not (width == height and side <= width <= 1.05 * side):
        ratio = round(side / 0.875) / min(width, height)
        image = image.resize((round(width * ratio), round(height * ratio)), Image.BILINEAR)
        width, height = image.size
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))


def photographs(side, scale, colour="RGB"):
    def load(path):
        image = Image.open(path).convert(colour)
        if image.size != (side, side):
            image = crop_to(image, side)
        pixels = np.asarray(image, np.float32)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        return np.ascontiguousarray(scale(pixels).transpose(2, 0, 1)[None], np.float32)
    return load


def raw(dtype, *shape):
    return lambda path: np.fromfile(path, dtype).reshape(shape)


@dataclasses.dataclass
class Source:
    load: object
    calibration: str  # folders below data/
    evaluation: str

    def samples(self, data, folder, count):
        paths = sorted(p for p in (data / folder).iterdir() if p.suffix.lower() in PICTURES + (".f32", ".i64"))
        return [self.load(path) for path in paths[:count]]


IMAGENET = ("images/calib", "images/eval")
SOURCES = {
    "squeezenet1_1": Source(photographs(224, lambda x: (x / 255 - MEAN) / DEVIATION), *IMAGENET),
    "mobilenet_v1_0.25_224": Source(photographs(224, lambda x: x / 127.5 - 1), *IMAGENET),
    "mobilenet_v2_1.0_224_dq": Source(photographs(224, lambda x: x / 127.5 - 1), *IMAGENET),
    "efficientnet_lite0": Source(photographs(224, lambda x: (x - 127) / 128), *IMAGENET),
    "resnet8_cifar10": Source(photographs(32, lambda x: x), "cifar10/calib", "cifar10/lossless"),
    "lenet_mnist": Source(photographs(28, lambda x: x / 255, "L"), "mnist/calib", "mnist/eval"),
    "kws_dscnn": Source(raw(np.float32, 1, 1, 49, 10), "kws/calib", "kws/eval"),
    "banking77_encoder": Source(raw(np.int64, 1, 24), "text/calib", "text/eval"),
}
