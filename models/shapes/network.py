"""The detector's layers, said once and used twice: by jax to train and by ONNX to serve."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import graph

SIDE = 160
STRIDES = (8, 16)
CLASSES = 3

# Keeps normalisation from dividing by nothing.
EPSILON = 1e-3

# A level's cells hold boxes from about an eighth of a stride to 20 strides.
LOG_SIZE_MIN, LOG_SIZE_MAX = -2.0, 3.0

# name: (kernel, stride, channels in, channels out); each is convolution, normalisation, ReLU.
BLOCKS = {
    "stem": (12, 4, 3, 32),
    "p2": (3, 1, 32, 32),
    "p2_more": (3, 1, 32, 32),
    "p3": (3, 2, 32, 56),
    "p3_more": (3, 1, 56, 56),
    "p4": (3, 2, 56, 56),
    "p4_more": (3, 1, 56, 56),
    "p4_most": (3, 1, 56, 56),
    "joined": (1, 1, 112, 48),
    "head8": (3, 1, 48, 48),
    "head16": (3, 1, 56, 56),
}
# name: (channels in, channels out); convolutions of one cell that give boxes and class scores.
HEADS = {"out8": (48, 4 + CLASSES), "out16": (56, 4 + CLASSES)}


def layers(ops, picture):
    """The raw values of each level: centre x, y, log width, height, class scores before sigmoid."""
    p2 = ops.block("stem", picture)
    p2 = ops.add(p2, ops.block("p2", p2))
    p2 = ops.add(p2, ops.block("p2_more", p2))
    p3 = ops.block("p3", p2)
    p3 = ops.add(p3, ops.block("p3_more", p3))
    p4 = ops.block("p4", p3)
    p4 = ops.add(p4, ops.block("p4_more", p4))
    p4 = ops.add(p4, ops.block("p4_most", p4))
    fine = ops.block("joined", ops.join(p3, ops.double(p4)))
    fine = ops.add(fine, ops.block("head8", fine))
    coarse = ops.add(p4, ops.block("head16", p4))
    return [ops.head("out8", fine), ops.head("out16", coarse)]


def anchors():
    """Cell centres in pixels [anchors, 2] and the stride of each [anchors]."""
    centres, strides = [], []
    for stride in STRIDES:
        along = (np.arange(SIDE // stride, dtype=np.float32) + 0.5) * stride
        down, across = np.meshgrid(along, along, indexing="ij")
        centres.append(np.stack([across.ravel(), down.ravel()], 1))
        strides.append(np.full(along.size**2, stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)


def initial(seed):
    """Weights (He), and normalisation's scale and shift."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, (kernel, _, inward, outward) in BLOCKS.items():
        spread = np.sqrt(2 / (kernel * kernel * inward))
        shape = (kernel, kernel, inward, outward)
        weights[name] = {
            "kernel": random.normal(0, spread, shape).astype(np.float32),
            "scale": np.ones(outward, np.float32), "shift": np.zeros(outward, np.float32)}
    for name, (inward, outward) in HEADS.items():
        # At first: boxes three cells wide, and hardly ever a shape.
        bias = np.array([0, 0, np.log(3), np.log(3)] + [-4.0] * CLASSES, np.float32)
        kernel = random.normal(0, 0.01, (1, 1, inward, outward)).astype(np.float32)
        weights[name] = {"kernel": kernel, "bias": bias}
    return weights


class Training:
    """The layers in jax, NHWC, normalised by the batch; collects the statistics it saw."""

    def __init__(self, weights):
        self.weights, self.seen = weights, {}

    def block(self, name, value):
        kernel, stride, _, _ = BLOCKS[name]
        weights = self.weights[name]
        value = convolve(value, weights["kernel"], kernel, stride)
        mean, variance = value.mean((0, 1, 2)), value.var((0, 1, 2))
        self.seen[name] = {"mean": mean, "variance": variance}
        scale = weights["scale"] * lax.rsqrt(variance + EPSILON)
        return jax.nn.relu((value - mean) * scale + weights["shift"])

    def head(self, name, value):
        value = convolve(value, self.weights[name]["kernel"], 1, 1) + self.weights[name]["bias"]
        return value.reshape(value.shape[0], -1, 4 + CLASSES)

    def add(self, one, other):
        return one + other

    def join(self, one, other):
        return jnp.concatenate([one, other], -1)

    def double(self, value):
        return value.repeat(2, 1).repeat(2, 2)


def convolve(value, kernel, size, stride):
    if size == 3 * stride and stride > 1:
        value, kernel = cells(value, kernel, stride)
        size, stride = 3, 1
    edge = (size - 1) // 2
    return lax.conv_general_dilated(
        value, kernel, (stride, stride), [(edge, edge)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"))


def cells(value, kernel, stride):
    """The same convolution over cells of stride x stride pixels, which jax computes much faster."""
    count, height, width, channels = value.shape
    value = value.reshape(count, height // stride, stride, width // stride, stride, channels)
    value = value.transpose(0, 1, 3, 2, 4, 5)
    value = value.reshape(count, height // stride, width // stride, -1)
    kernel = kernel.reshape(3, stride, 3, stride, channels, -1).transpose(0, 2, 1, 3, 4, 5)
    return value, kernel.reshape(3, 3, stride * stride * channels, -1)


class Serving:
    """The layers as ONNX nodes, NCHW, normalisation folded into the convolutions."""

    def __init__(self, onnx_graph, weights, statistics):
        self.graph, self.weights, self.statistics = onnx_graph, weights, statistics

    def block(self, name, value):
        kernel, stride, _, _ = BLOCKS[name]
        weights, seen = self.weights[name], self.statistics[name]
        scale = weights["scale"] / np.sqrt(seen["variance"] + EPSILON)
        bias = weights["shift"] - seen["mean"] * scale
        edge = stride if kernel == 3 * stride else (kernel - 1) // 2
        made = self.convolve(name, value, weights["kernel"] * scale, bias, stride, edge)
        return self.graph.node("Relu", made)

    def head(self, name, value):
        weights = self.weights[name]
        made = self.convolve(name, value, weights["kernel"], weights["bias"], 1, 0)
        shape = self.graph.constant(np.array([1, 4 + CLASSES, -1], np.int64))
        return self.graph.node("Reshape", made, shape)

    def convolve(self, name, value, kernel, bias, stride, edge):
        kernel = kernel.transpose(3, 2, 0, 1).astype(np.float32)
        kernel = self.graph.constant(kernel, f"{name}.weight")
        bias = self.graph.constant(bias.astype(np.float32), f"{name}.bias")
        return self.graph.node(
            "Conv", value, kernel, bias, name=name, strides=[stride] * 2, pads=[edge] * 4)

    def add(self, one, other):
        return self.graph.node("Add", one, other)

    def join(self, one, other):
        return self.graph.node("Concat", one, other, axis=1)

    def double(self, value):
        scales = self.graph.constant(np.array([1, 1, 2, 2], np.float32))
        return self.graph.node(
            "Resize", value, "", scales, mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def exported(weights, statistics, metadata):
    """The model in YOLO v8's output layout: [1, 4 + classes, anchors], boxes decoded."""
    built = graph.Graph("shapes")
    picture = built.input("images", graph.FLOAT, [1, 3, SIDE, SIDE])
    levels = layers(Serving(built, weights, statistics), picture)
    raw = built.node("Concat", *levels, axis=2)
    parts = built.constant(np.array([2, 2, CLASSES], np.int64))
    middle, size, scores = built.node(
        "Split", raw, parts, outputs=["raw_middle", "raw_size", "raw_scores"], axis=1)
    centres, strides = anchors()
    centres, strides = built.constant(centres.T[None]), built.constant(strides[None, None])
    middle = built.node("Add", built.node("Mul", middle, strides), centres)
    low, high = (built.constant(np.float32(each)) for each in (LOG_SIZE_MIN, LOG_SIZE_MAX))
    size = built.node("Mul", built.node("Exp", built.node("Clip", size, low, high)), strides)
    scores = built.node("Sigmoid", scores)
    built.node("Concat", middle, size, scores, name="output0", axis=1)
    cells = sum((SIDE // stride) ** 2 for stride in STRIDES)
    built.output("output0", graph.FLOAT, [1, 4 + CLASSES, cells])
    return built.model(metadata)
