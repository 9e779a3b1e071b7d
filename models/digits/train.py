"""Trains a small convolutional net on scikit-learn's 8x8 digits, writes digits.onnx."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import adam
import graph

PATH = pathlib.Path(__file__).parent / "digits.onnx"
SEED = 2026
HELD_OUT = 360
BATCH = 64
STEPS = 2500
RATE = 2e-3
# load_digits counts ink in each cell from 0 to 16.
INK_MAX = 16
CHANNELS = (1, 24, 32, 48)


def main():
    digits = load_digits()
    pictures = (digits.images / INK_MAX).astype(np.float32)[:, None]
    learned, held, known, wanted = train_test_split(
        pictures, digits.target, test_size=HELD_OUT, random_state=SEED, stratify=digits.target)
    weights = train(learned, known)
    graph.save(exported(weights), PATH)
    check(weights, held, wanted)


def initial():
    """Three 3x3 convolutions, the last two followed by halving, and one matrix (He)."""
    random, weights = np.random.default_rng(SEED), {}
    for number, (inward, outward) in enumerate(zip(CHANNELS, CHANNELS[1:]), start=1):
        shape, spread = (outward, inward, 3, 3), np.sqrt(2 / (9 * inward))
        weights[f"conv{number}.weight"] = random.normal(0, spread, shape).astype(np.float32)
        weights[f"conv{number}.bias"] = np.zeros(outward, np.float32)
    inward = CHANNELS[-1] * 2 * 2
    matrix = random.normal(0, np.sqrt(1 / inward), (inward, 10)).astype(np.float32)
    return weights | {"full.weight": matrix, "full.bias": np.zeros(10, np.float32)}


def scores(weights, pictures):
    """The net in jax, before softmax; `exported` says the same in ONNX."""
    value = convolve(weights, "conv1", pictures)
    value = halve(convolve(weights, "conv2", value))
    value = halve(convolve(weights, "conv3", value))
    value = value.reshape(value.shape[0], -1)
    return value @ weights["full.weight"] + weights["full.bias"]


def convolve(weights, name, value):
    value = lax.conv_general_dilated(
        value, weights[f"{name}.weight"], (1, 1), [(1, 1)] * 2,
        dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return jax.nn.relu(value + weights[f"{name}.bias"][:, None, None])


def halve(value):
    count, channels, height, width = value.shape
    return value.reshape(count, channels, height // 2, 2, width // 2, 2).max((3, 5))


def train(pictures, known):
    """The weights after all steps; each picture is moved, scaled and smudged a little each time."""
    random = np.random.default_rng(SEED + 1)
    weights = initial()
    moments, order = adam.initial(weights), np.array([], int)
    for number in range(STEPS):
        if len(order) < BATCH:
            order = random.permutation(len(pictures))
        chosen, order = order[:BATCH], order[BATCH:]
        batch = smudged(random, pictures[chosen])
        weights, moments, value = step(weights, moments, batch, known[chosen], number)
        if number % 500 == 0 or number == STEPS - 1:
            print(f"step {number}: loss {float(value):.3f}", flush=True)
    return jax.device_get(weights)


def smudged(random, pictures):
    """Up to one cell aside, some ink more or less, some noise."""
    moved = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)))
    down, across = random.choice(3, 2, p=[0.15, 0.7, 0.15])
    moved = moved[:, :, down:down + 8, across:across + 8]
    moved = moved * random.uniform(0.75, 1.25, (len(pictures), 1, 1, 1))
    return np.clip(moved + random.normal(0, 0.05, moved.shape), 0, 1).astype(np.float32)


@jax.jit
def step(weights, moments, pictures, known, number):
    def loss(weights):
        certain = jax.nn.log_softmax(scores(weights, pictures))
        wanted = 0.95 * jax.nn.one_hot(known, 10) + 0.005
        return -(wanted * certain).sum(1).mean()

    value, slopes = jax.value_and_grad(loss)(weights)
    rate = RATE * adam.schedule(number, STEPS, warm=50)
    weights, moments = adam.step(weights, slopes, moments, number, rate)
    return weights, moments, value


def exported(weights):
    built = graph.Graph("digits")
    value = built.input("image", graph.FLOAT, ["batch", 1, 8, 8])
    stored = {name: built.constant(each, name) for name, each in weights.items()}
    for name in ("conv1", "conv2", "conv3"):
        value = built.node(
            "Conv", value, stored[f"{name}.weight"], stored[f"{name}.bias"],
            name=name, pads=[1] * 4)
        value = built.node("Relu", value)
        if name != "conv1":
            value = built.node("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
    value = built.node("Flatten", value)
    value = built.node("Gemm", value, stored["full.weight"], stored["full.bias"])
    built.node("Softmax", value, name="probabilities", axis=1)
    built.output("probabilities", graph.FLOAT, ["batch", 10])
    return built.model({
        "description": "Apus demo classifier of handwritten digits, 8x8 cells of ink",
        "author": "Apus",
        "version": "1.0.0",
        "license": "MIT",
        "task": "classify",
        "imgsz": "[8, 8]",
        "names": graph.names(str(each) for each in range(10)),
        "channels": "1",
        "input_scale": "0 (paper) to 1 (full ink); scikit-learn's load_digits divided by 16",
    })


def check(weights, held, wanted):
    """The served model is good enough and says what the trained one says."""
    probabilities = graph.session(PATH).run(None, {"image": held})[0]
    accuracy = float(np.mean(probabilities.argmax(1) == wanted))
    print(f"digits: {accuracy:.4f} of {len(held)} held-out pictures are right")
    assert accuracy >= 0.97, "the classifier is not good enough to be committed"
    np.testing.assert_allclose(probabilities, jax.nn.softmax(scores(weights, held)), atol=1e-4)


if __name__ == "__main__":
    main()
