"""Small networks exported from MindSpore, and files of them run in it, for judge_mindir.py.

    mindir_nets.py export FOLDER              writes NAME.mindir and, for each of BATCHES, NAME.N.npy (an input) and NAME.N.want.npy
                                              (what the network makes of it)
    mindir_nets.py run LIST.json              [[FILE, [[X.npy, Y.npy], ...]], ...]: loads each FILE and writes what it makes of
                                              each X to the Y beside it
"""
import json
import pathlib
import sys

import numpy as np

BATCHES = (1, 2, 5)


def build():
    import mindspore as ms
    from mindspore import Tensor, nn, ops

    class Cnn(nn.Cell):
        """Convolutions of three kinds, normalization, pooling, a residual sum and a dense layer."""

        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 24, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)
            self.norm = nn.BatchNorm2d(24)
            self.depthwise = nn.Conv2d(24, 24, 3, pad_mode="same", group=24)
            self.pointwise = nn.Conv2d(24, 24, 1, has_bias=True)
            self.pool = nn.MaxPool2d(2, 2)
            self.relu, self.relu6 = nn.ReLU(), nn.ReLU6()
            self.flatten = nn.Flatten()
            self.dense = nn.Dense(24 * 4 * 4, 10)

        def construct(self, x):
            x = self.relu(self.norm(self.first(x)))
            x = x + self.pointwise(self.relu6(self.depthwise(x)))
            return self.dense(self.flatten(self.pool(x)))

    class Transformer(nn.Cell):
        """Embedding, attention, layer norm, GELU, mean over tokens."""

        def __init__(self):
            super().__init__()
            self.table = ms.Parameter(Tensor(np.random.RandomState(5).randn(50, 32).astype(np.float32)), "table")
            self.query, self.key, self.value = nn.Dense(32, 32), nn.Dense(32, 32), nn.Dense(32, 32)
            self.norm = nn.LayerNorm((32,))
            self.up, self.down = nn.Dense(32, 64), nn.Dense(64, 32)
            self.gelu, self.softmax = nn.GELU(), nn.Softmax(-1)
            self.last = nn.Dense(32, 7)

        def construct(self, tokens):
            x = ops.gather(self.table, tokens, 0)
            a = self.softmax(ops.matmul(self.query(x), self.key(x).transpose(0, 2, 1)) * 0.176776695)
            x = self.norm(x + ops.matmul(a, self.value(x)))
            x = x + self.down(self.gelu(self.up(x)))
            return ops.tanh(self.last(x.mean(1)))

    class Mixed(nn.Cell):
        """What else is common: split, concat, average pooling, sigmoid, transposes, reductions."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 18, 3, pad_mode="valid", has_bias=True)
            self.average = nn.AvgPool2d(2, 2)
            self.dense = nn.Dense(18, 18, has_bias=False)
            self.sigmoid = nn.Sigmoid()

        def construct(self, x):
            x = self.average(self.conv(x))
            a, b = ops.split(x, 9, 1)
            x = ops.concat((ops.sub(b, a), ops.mul(a, self.sigmoid(b))), 1)
            x = ops.reshape(ops.transpose(x, (0, 2, 3, 1)), (-1, 9, 18))
            return ops.reduce_sum(self.dense(x), 1) / 3

    class Decoder(nn.Cell):
        """Transposed convolutions with each kind of padding, of which two ask for the sizes of the input."""

        def __init__(self):
            super().__init__()
            self.down = nn.Conv2d(3, 24, 3, stride=2, pad_mode="pad", padding=1, has_bias=True)
            self.valid = nn.Conv2dTranspose(24, 18, 2, stride=2, pad_mode="valid", has_bias=True)
            self.same = nn.Conv2dTranspose(18, 20, 3, stride=2, pad_mode="same", has_bias=True)
            self.padded = nn.Conv2dTranspose(20, 17, 4, stride=2, pad_mode="pad", padding=1, has_bias=False)
            self.wide = nn.Conv2dTranspose(17, 16, 3, stride=1, pad_mode="valid")
            self.swish = nn.HSwish()

        def construct(self, x):
            x = self.swish(self.valid(self.swish(self.down(x))))
            return ops.sigmoid(self.wide(self.padded(self.swish(self.same(x)))))

    class Mobile(nn.Cell):
        """Squeeze and excitation, limits, means over the image."""

        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 24, 3, stride=2, pad_mode="same")
            self.gate = nn.Conv2d(24, 24, 1, has_bias=True)
            self.swish, self.sigmoid, self.dense = nn.HSwish(), nn.HSigmoid(), nn.Dense(24, 10)

        def construct(self, x):
            x = self.swish(self.first(x))
            x = x * self.sigmoid(self.gate(ops.mean(x, (2, 3), True)))
            return self.dense(ops.clamp(x, 0., 6.).mean((2, 3)))

    class Bert(nn.Cell):
        """Attention of several heads with a mask, positions, the first token picked."""

        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(50, 32)
            self.position = ms.Parameter(Tensor(np.random.RandomState(7).randn(6, 32).astype(np.float32)), "position")
            self.query, self.key, self.value = nn.Dense(32, 32), nn.Dense(32, 32), nn.Dense(32, 32)
            self.norm, self.last = nn.LayerNorm((32,)), nn.Dense(32, 7)

        def heads(self, x):
            return x.reshape((-1, 6, 4, 8)).transpose((0, 2, 1, 3))

        def construct(self, tokens):
            mask = (tokens != 0).astype(ms.float32).expand_dims(1).expand_dims(1)
            x = self.embedding(tokens) + self.position
            scores = ops.matmul(self.heads(self.query(x)), self.heads(self.key(x)).swapaxes(-1, -2)) / 2.8284271
            a = ops.softmax(scores + (1 - mask) * -10000., -1)
            y = ops.matmul(a, self.heads(self.value(x))).transpose((0, 2, 1, 3)).reshape((-1, 6, 32))
            return ops.tanh(self.last(ops.gelu(self.norm(x + y))[:, 0]))

    class Block(nn.Cell):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.first, self.second = (nn.Conv2d(a, outputs, 3, stride=s, pad_mode="pad", padding=1) for a, s in ((inputs, stride), (outputs, 1)))
            self.norms = nn.CellList([nn.BatchNorm2d(outputs) for _ in range(3)])
            self.down, self.relu = nn.Conv2d(inputs, outputs, 1, stride=stride), nn.ReLU()

        def construct(self, x):
            y = self.norms[1](self.second(self.relu(self.norms[0](self.first(x)))))
            return self.relu(y + self.norms[2](self.down(x)))

    class ResNet(nn.Cell):
        """A padded pool, whose rank MindSpore forgets with an open batch: sub graphs and branches follow."""

        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 18, 7, stride=2, pad_mode="pad", padding=3), nn.BatchNorm2d(18)
            self.pool, self.relu = nn.MaxPool2d(3, 2, pad_mode="pad", padding=1), nn.ReLU()
            self.blocks = nn.SequentialCell([Block(18, 18, 1), Block(18, 24, 2)])
            self.mean, self.flatten, self.dense = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dense(24, 10)

        def construct(self, x):
            return self.dense(self.flatten(self.mean(self.blocks(self.pool(self.relu(self.norm(self.conv(x))))))))

    class Encoder(nn.Cell):
        """MindSpore's own layers of a transformer: one sub graph, called twice, that checks its inputs."""

        def __init__(self):
            super().__init__()
            self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2)

        def construct(self, x):
            return self.layers(x)

    class Padded(nn.Cell):
        """Pads, average pools with pads, group norm, PReLU, Mish, larger images, tiles and parts."""

        def __init__(self):
            super().__init__()
            self.pad, self.conv = nn.Pad(((0, 0), (0, 0), (1, 1), (2, 0))), nn.Conv2d(3, 18, 3, pad_mode="valid")
            self.groups, self.prelu, self.mish = nn.GroupNorm(3, 18), nn.PReLU(18), nn.Mish()
            self.average, self.mean = nn.AvgPool2d(3, 2, pad_mode="pad", padding=1), nn.AdaptiveAvgPool2d((2, 1))
            self.last = nn.Conv2d(18, 20, 3, pad_mode="valid")
            self.table = ms.Parameter(Tensor(np.random.RandomState(9).randn(1, 1, 2, 1).astype(np.float32)), "table")

        def construct(self, x):
            x = self.prelu(self.groups(self.conv(self.pad(x))))
            x = self.average(self.mish(x))
            x = self.last(ops.pad(x, (1, 0, 2, 1), value=.5)) if x.shape[1] == 18 else x
            a, b = ops.unbind(self.mean(x), 2)
            return a * b + ops.tile(self.table, (1, 20, 1, 1)).squeeze(3)[:, :, 0].expand_dims(2)

    return {
        "resnet": (ResNet(), [Tensor(shape=[None, 3, 32, 32], dtype=ms.float32)], lambda n, r: [r.randn(n, 3, 32, 32).astype(np.float32)]),
        "encoder": (Encoder(), [Tensor(shape=[None, 6, 32], dtype=ms.float32)], lambda n, r: [r.randn(n, 6, 32).astype(np.float32)]),
        "padded": (Padded(), [Tensor(shape=[None, 3, 9, 8], dtype=ms.float32)], lambda n, r: [r.randn(n, 3, 9, 8).astype(np.float32)]),
        "decoder": (Decoder(), [Tensor(shape=[None, 3, 8, 8], dtype=ms.float32)], lambda n, r: [r.randn(n, 3, 8, 8).astype(np.float32)]),
        "mobile": (Mobile(), [Tensor(shape=[None, 3, 16, 16], dtype=ms.float32)], lambda n, r: [r.randn(n, 3, 16, 16).astype(np.float32)]),
        "bert": (Bert(), [Tensor(shape=[None, 6], dtype=ms.int32)], lambda n, r: [r.randint(0, 50, (n, 6)).astype(np.int32)]),
        "cnn": (Cnn(), [Tensor(shape=[None, 3, 16, 16], dtype=ms.float32)], lambda n, r: [r.randn(n, 3, 16, 16).astype(np.float32)]),
        "transformer": (Transformer(), [Tensor(shape=[None, 6], dtype=ms.int32)], lambda n, r: [r.randint(0, 50, (n, 6)).astype(np.int32)]),
        "mixed": (Mixed(), [Tensor(shape=[None, 4, 8, 8], dtype=ms.float32)], lambda n, r: [r.randn(n, 4, 8, 8).astype(np.float32)]),
    }


def prepare():
    import mindspore as ms
    ms.set_context(mode=ms.GRAPH_MODE)
    ms.set_device("CPU")
    ms.set_seed(3)
    return ms


def export(folder):
    ms = prepare()
    for name, (net, inputs, sample) in build().items():
        net.set_train(False)
        rng = np.random.RandomState(11)
        for parameter in net.get_parameters():
            if "variance" in parameter.name or "gamma" in parameter.name:
                parameter.set_data(ms.Tensor(1 + .2 * rng.rand(*parameter.shape).astype(np.float32)))
            elif "mean" in parameter.name or "beta" in parameter.name or "bias" in parameter.name:
                parameter.set_data(ms.Tensor(.2 * rng.randn(*parameter.shape).astype(np.float32)))
        ms.export(net, *inputs, file_name=str(folder / name), file_format="MINDIR")
        for batch in BATCHES:
            x = sample(batch, rng)[0]
            np.save(folder / f"{name}.{batch}.npy", x)
            np.save(folder / f"{name}.{batch}.want.npy", net(ms.Tensor(x)).asnumpy())


def run(path):
    ms = prepare()
    from mindspore import Tensor, nn
    for file, pairs in json.loads(pathlib.Path(path).read_text()):
        net = nn.GraphCell(ms.load(file))
        for source, result in pairs:
            np.save(result, net(Tensor(np.load(source))).asnumpy())


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(pathlib.Path(sys.argv[2]))
    else:
        run(sys.argv[2])
