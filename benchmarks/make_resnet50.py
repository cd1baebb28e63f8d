"""A model with the shapes of ResNet-50 and random weights, for timing: make_resnet50.py OUT.onnx"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride of the first
EXPANSION = 4


class Net:
    def __init__(self):
        self.random = np.random.default_rng(50)
        self.nodes, self.weights = [], []

    def node(self, kind, inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, array):
        name = f"w_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def conv(self, x, channels, filters, kernel, stride):
        deviation = np.sqrt(2 / (channels * kernel * kernel))
        weight = self.constant(self.random.normal(0, deviation, (filters, channels, kernel, kernel)))
        bias = self.constant(self.random.normal(0, 0.1, filters))
        return self.node("Conv", [x, weight, bias], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                         pads=[kernel // 2] * 4)

    def block(self, x, channels, width, stride):
        y = self.node("Relu", [self.conv(x, channels, width, 1, 1)])
        y = self.node("Relu", [self.conv(y, width, width, 3, stride)])
        y = self.conv(y, width, width * EXPANSION, 1, 1)
        if stride != 1 or channels != width * EXPANSION:
            x = self.conv(x, channels, width * EXPANSION, 1, stride)
        return self.node("Relu", [self.node("Add", [x, y])])

    def whole(self):
        x = self.node("Relu", [self.conv("x", 3, 64, 7, 2)])
        x = self.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        channels = 64
        for width, blocks, stride in STAGES:
            for index in range(blocks):
                x = self.block(x, channels, width, stride if index == 0 else 1)
                channels = width * EXPANSION
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x])])
        weight = self.constant(self.random.normal(0, 0.02, (1000, channels)))
        return self.node("Gemm", [x, weight, self.constant(np.zeros(1000))], transB=1)


def main():
    net = Net()
    y = net.whole()
    graph = helper.make_graph(net.nodes, "resnet50_shaped",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 224, 224))],
                              [helper.make_tensor_value_info(y, TensorProto.FLOAT, (1, 1000))], net.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[1])


main()
