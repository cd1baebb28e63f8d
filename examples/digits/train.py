#!/usr/bin/env python3
"""Makes everything in this folder: draws digits, trains a small network on them, writes model and samples.

The digits are strokes of our own, bent, turned, thickened and made noisy. The network is a small relative of MobileNet
(BatchNormalization not folded, depthwise convolutions, ReLU6, one residual Add), trained here with numpy alone, so that quantizing it
meets what quantizing a real network meets. Needs numpy, pillow and onnx; takes a few minutes on one core.

    python3 examples/digits/train.py            writes digits.onnx, calib/, eval/ and the label files beside this script
"""
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw

SIZE, CLASSES = 24, 10
HERE = pathlib.Path(__file__).resolve().parent

# Each digit as polylines in a unit square, y down.
STROKES = {
    0: [[(.5, .05), (.2, .2), (.15, .5), (.2, .8), (.5, .95), (.8, .8), (.85, .5), (.8, .2), (.5, .05)]],
    1: [[(.3, .25), (.55, .05), (.55, .95)]],
    2: [[(.2, .25), (.35, .07), (.65, .07), (.8, .28), (.65, .5), (.2, .93), (.85, .93)]],
    3: [[(.2, .1), (.75, .1), (.45, .42), (.78, .6), (.75, .85), (.45, .95), (.18, .85)]],
    4: [[(.65, .95), (.65, .05), (.15, .65), (.88, .65)]],
    5: [[(.8, .06), (.28, .06), (.24, .45), (.6, .42), (.82, .65), (.65, .92), (.2, .9)]],
    6: [[(.72, .08), (.35, .3), (.2, .65), (.35, .93), (.7, .9), (.8, .68), (.62, .5), (.25, .6)]],
    7: [[(.15, .07), (.85, .07), (.45, .95)], [(.32, .5), (.7, .5)]],
    8: [[(.5, .48), (.25, .28), (.5, .06), (.75, .28), (.5, .48), (.2, .73), (.5, .95), (.8, .73), (.5, .48)]],
    9: [[(.78, .35), (.5, .52), (.22, .35), (.4, .08), (.72, .12), (.78, .35), (.7, .7), (.4, .95)]],
}


def draw(digit, random):
    """One digit as SIZE x SIZE bytes, light on dark, never twice the same."""
    scale = 4
    angle, shear = random.normal(0, .16), random.normal(0, .14)
    wide, high = random.uniform(.55, .8), random.uniform(.65, .85)
    dx, dy = random.uniform(-.07, .07, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[wide, shear], [0, high]])
    image = Image.new("L", (SIZE * scale, SIZE * scale), 0)
    pen = ImageDraw.Draw(image)
    width = int(random.uniform(1.4, 3.2) * scale)
    ink = int(random.uniform(150, 255))
    for line in STROKES[digit]:
        points = (np.array(line) - .5 + random.normal(0, .025, (len(line), 2))) @ turn.T + .5 + [dx, dy]
        pen.line([tuple(p) for p in points * SIZE * scale], fill=ink, width=width, joint="curve")
    small = np.asarray(image.resize((SIZE, SIZE), Image.BOX), np.float32)
    small = small + random.normal(0, random.uniform(2, 18), small.shape) + random.uniform(0, 30)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def dataset(count, seed):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    random.shuffle(labels)
    return np.stack([draw(int(d), random) for d in labels]), labels


def columns(x, kernel, stride, pad):
    """Patches of NCHW as [N, C, k, k, H', W'], a view."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    n, c, h, w = x.shape
    out_h, out_w = (h - kernel) // stride + 1, (w - kernel) // stride + 1
    s = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (n, c, kernel, kernel, out_h, out_w), (s[0], s[1], s[2], s[3], s[2] * stride, s[3] * stride))


class Conv:
    def __init__(self, random, inputs, outputs, kernel, stride=1, depthwise=False):
        self.kernel, self.stride, self.pad, self.depthwise = kernel, stride, kernel // 2, depthwise
        fan = kernel * kernel * (1 if depthwise else inputs)
        shape = (outputs, 1 if depthwise else inputs, kernel, kernel)
        self.params = {"w": random.normal(0, np.sqrt(2 / fan), shape).astype(np.float32)}

    def forward(self, x, training):
        self.shape, self.patches = x.shape, columns(x, self.kernel, self.stride, self.pad)
        w = self.params["w"]
        if self.depthwise:
            return np.einsum("nckljm,ckl->ncjm", self.patches, w[:, 0], optimize=True)
        n, c, k, _, h, v = self.patches.shape
        self.flat = np.ascontiguousarray(self.patches).reshape(n, c * k * k, h * v)
        return (w.reshape(len(w), -1) @ self.flat).reshape(n, len(w), h, v)

    def backward(self, d):
        w, k = self.params["w"], self.kernel
        n, c, h, v = self.patches.shape[0], self.patches.shape[1], d.shape[2], d.shape[3]
        if self.depthwise:
            self.grads = {"w": np.einsum("nckljm,ncjm->ckl", self.patches, d, optimize=True)[:, None]}
            dp = d[:, :, None, None] * w[:, 0][None, :, :, :, None, None]
        else:
            flat = d.reshape(n, len(w), h * v)
            self.grads = {"w": np.einsum("nop,nkp->ok", flat, self.flat, optimize=True).reshape(w.shape)}
            dp = (w.reshape(len(w), -1).T @ flat).reshape(n, c, k, k, h, v)
        dx = np.zeros((n, c, self.shape[2] + 2 * self.pad, self.shape[3] + 2 * self.pad), np.float32)
        for y in range(k):
            for x in range(k):
                dx[:, :, y:y + h * self.stride:self.stride, x:x + v * self.stride:self.stride] += dp[:, :, y, x]
        p = self.pad
        return dx[:, :, p:p + self.shape[2], p:p + self.shape[3]]


class BatchNorm:
    def __init__(self, channels):
        self.params = {"g": np.ones(channels, np.float32), "b": np.zeros(channels, np.float32)}
        self.mean, self.var = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def forward(self, x, training):
        mean, var = (x.mean((0, 2, 3)), x.var((0, 2, 3))) if training else (self.mean, self.var)
        if training:
            self.mean, self.var = .9 * self.mean + .1 * mean, .9 * self.var + .1 * var
        self.scale = 1 / np.sqrt(var + 1e-3)
        self.unit = (x - mean[:, None, None]) * self.scale[:, None, None]
        return self.unit * self.params["g"][:, None, None] + self.params["b"][:, None, None]

    def backward(self, d):
        self.grads = {"g": (d * self.unit).sum((0, 2, 3)), "b": d.sum((0, 2, 3))}
        count = d.size / d.shape[1]
        d = d * self.params["g"][:, None, None]
        d = d - (d.sum((0, 2, 3)) / count)[:, None, None] - self.unit * ((d * self.unit).sum((0, 2, 3)) / count)[:, None, None]
        return d * self.scale[:, None, None]


class Relu6:
    params, grads = {}, {}

    def forward(self, x, training):
        self.pass_through = (x > 0) & (x < 6)
        return np.clip(x, 0, 6)

    def backward(self, d):
        return d * self.pass_through


class Residual:
    def __init__(self, *layers):
        self.layers = layers
        self.params, self.grads = {}, {}

    def forward(self, x, training):
        y = x
        for layer in self.layers:
            y = layer.forward(y, training)
        return x + y

    def backward(self, d):
        y = d
        for layer in reversed(self.layers):
            y = layer.backward(y)
        return d + y


class PoolDense:
    """Mean over the image, then a product with weights and a bias."""

    def __init__(self, random, inputs):
        self.params = {"w": random.normal(0, .1, (CLASSES, inputs)).astype(np.float32), "b": np.zeros(CLASSES, np.float32)}

    def forward(self, x, training):
        self.shape, self.mean = x.shape, x.mean((2, 3))
        return self.mean @ self.params["w"].T + self.params["b"]

    def backward(self, d):
        self.grads = {"w": d.T @ self.mean, "b": d.sum(0)}
        area = self.shape[2] * self.shape[3]
        return np.broadcast_to((d @ self.params["w"])[:, :, None, None] / area, self.shape).astype(np.float32)


def network(random):
    block = lambda c: (Conv(random, c, c, 3, depthwise=True), BatchNorm(c), Relu6(), Conv(random, c, c, 1), BatchNorm(c))
    return [Conv(random, 1, 16, 3, 2), BatchNorm(16), Relu6(),
            Conv(random, 16, 16, 3, depthwise=True), BatchNorm(16), Relu6(),
            Conv(random, 16, 32, 1), BatchNorm(32), Relu6(),
            Conv(random, 32, 32, 3, 2, depthwise=True), BatchNorm(32), Relu6(),
            Conv(random, 32, 48, 1), BatchNorm(48), Relu6(),
            Residual(*block(48)), PoolDense(random, 48)]


def flatten(layers):
    for layer in layers:
        yield from (flatten(layer.layers) if isinstance(layer, Residual) else [layer])


def prepare(images):
    return (images[:, None].astype(np.float32) - 127.5) / 127.5


def train(layers, images, labels, epochs, random):
    moments, step = {}, 0
    for epoch in range(epochs):
        order, loss = random.permutation(len(images)), 0.
        for start in range(0, len(order) - 63, 64):
            pick = order[start:start + 64]
            x = prepare(images[pick])
            for layer in layers:
                x = layer.forward(x, True)
            p = np.exp(x - x.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            loss -= np.log(p[np.arange(64), labels[pick]] + 1e-9).mean()
            p[np.arange(64), labels[pick]] -= 1
            d = (p / 64).astype(np.float32)
            for layer in reversed(layers):
                d = layer.backward(d)
            step += 1
            rate = 2e-3 * .5 * (1 + np.cos(np.pi * step / (epochs * (len(order) // 64))))
            for layer in flatten(layers):
                for key in layer.params:
                    g = layer.grads[key] + 1e-4 * layer.params[key]
                    m, v = moments.get((id(layer), key), (0, 0))
                    m, v = .9 * m + .1 * g, .999 * v + .001 * g * g
                    moments[id(layer), key] = m, v
                    layer.params[key] -= (rate * (m / (1 - .9 ** step)) / (np.sqrt(v / (1 - .999 ** step)) + 1e-8)).astype(np.float32)
        print(f"epoch {epoch + 1}/{epochs}: loss {loss / (len(order) // 64):.4f}", file=sys.stderr, flush=True)


def accuracy(layers, images, labels):
    x = prepare(images)
    for layer in layers:
        x = layer.forward(x, False)
    return float((x.argmax(1) == labels).mean())


def save_model(layers, path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    nodes, weights, counter = [], [], {}

    def name(kind):
        counter[kind] = counter.get(kind, 0) + 1
        return f"{kind}{counter[kind]}"

    def weight(label, array):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), label))
        return label

    def add(layer, x):
        if isinstance(layer, Conv):
            n = name("conv")
            k, p = layer.kernel, layer.pad
            group = len(layer.params["w"]) if layer.depthwise else 1
            nodes.append(helper.make_node("Conv", [x, weight(n + ".weight", layer.params["w"])], [n], n, kernel_shape=[k, k],
                                          strides=[layer.stride] * 2, pads=[p] * 4, group=group))
        elif isinstance(layer, BatchNorm):
            n = name("norm")
            inputs = [weight(f"{n}.{k}", v) for k, v in (("scale", layer.params["g"]), ("bias", layer.params["b"]),
                                                         ("mean", layer.mean), ("variance", layer.var))]
            nodes.append(helper.make_node("BatchNormalization", [x, *inputs], [n], n, epsilon=1e-3))
        elif isinstance(layer, Relu6):
            n = name("relu")
            low, high = weight(n + ".low", np.float32(0)), weight(n + ".high", np.float32(6))
            nodes.append(helper.make_node("Clip", [x, low, high], [n], n))
        elif isinstance(layer, Residual):
            y = x
            for inner in layer.layers:
                y = add(inner, y)
            n = name("add")
            nodes.append(helper.make_node("Add", [x, y], [n], n))
        else:
            nodes.append(helper.make_node("GlobalAveragePool", [x], ["pool"], "pool"))
            nodes.append(helper.make_node("Flatten", ["pool"], ["features"], "flatten"))
            n = "logits"
            nodes.append(helper.make_node("Gemm", ["features", weight("dense.weight", layer.params["w"]),
                                                   weight("dense.bias", layer.params["b"])], [n], "dense", transB=1))
        return n

    x = "image"
    for layer in layers:
        x = add(layer, x)
    graph = helper.make_graph(nodes, "digits", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIZE, SIZE])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="examples/digits/train.py")
    model.ir_version = 7
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def save_samples(folder, images, labels):
    folder.mkdir(exist_ok=True)
    lines = []
    for i, (image, label) in enumerate(zip(images, labels)):
        file = folder / f"{i:03d}.png"
        Image.fromarray(image).save(file, optimize=True)
        lines.append(f"{folder.name}/{file.name} {label}\n")
    (folder.parent / f"{folder.name}_labels.txt").write_text("".join(lines))


def main():
    random = np.random.default_rng(1)
    images, labels = dataset(8000, 2)
    calib, calib_labels = dataset(100, 3)
    test, test_labels = dataset(300, 4)
    layers = network(random)
    train(layers, images, labels, 12, random)
    print(f"accuracy on the eval set: {accuracy(layers, test, test_labels):.4f}")
    save_model(layers, HERE / "digits.onnx")
    save_samples(HERE / "calib", calib, calib_labels)
    save_samples(HERE / "eval", test, test_labels)


if __name__ == "__main__":
    main()
