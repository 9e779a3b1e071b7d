"""Draws pictures, trains the detector on them, writes shapes.onnx and its examples."""

import io
import json
import pathlib
import time
from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np

import adam
import detection
import drawing
import graph
import network
from loss import loss

FOLDER = pathlib.Path(__file__).parent
SEED = 2026
PICTURES = 8000
HELD_OUT = 300
BATCH = 32
STEPS = 1600
RATE = 2.5e-3
# How much of the newest weights the running average takes: it spans some 200 steps.
AVERAGE_PART = 0.005
STATISTICS_PICTURES = 1280
ORDERS = list(permutations(range(3)))
EXAMPLE_BYTES_MAX = 60_000
EXAMPLES = {1: (640, 480), 2: (480, 640), 3: (500, 375)}


def main():
    began = time.monotonic()
    pictures = training_pictures()
    print(f"drew {PICTURES} pictures in {time.monotonic() - began:.0f} s", flush=True)
    weights = train(pictures)
    statistics = measure_statistics(weights, pictures)
    path = FOLDER / "shapes.onnx"
    graph.save(network.exported(weights, statistics, metadata()), path)
    session = graph.session(path)
    check(session)
    write_examples(session)
    print(f"shapes: done in {time.monotonic() - began:.0f} s")


def metadata():
    return {
        "description": "Apus demo detector of drawn circles, squares and triangles",
        "author": "Apus",
        "version": "1.0.0",
        "license": "MIT",
        "stride": str(max(network.STRIDES)),
        "task": "detect",
        "batch": "1",
        "imgsz": str([network.SIDE] * 2),
        "names": graph.names(drawing.LABELS),
    }


def training_pictures():
    """Letterboxed pixels, boxes, classes and the number of boxes of each picture."""
    random = np.random.default_rng(SEED)
    side = network.SIDE
    pixels = np.zeros((PICTURES, side, side, 3), np.uint8)
    boxes = np.zeros((PICTURES, drawing.SHAPES_MAX, 4), np.float32)
    classes = np.zeros((PICTURES, drawing.SHAPES_MAX), np.int32)
    counts = np.zeros(PICTURES, np.int32)
    for index in range(PICTURES):
        picture = drawing.draw(random, *sizes(random, 160, 420))
        square, (scale, left, top) = detection.letterbox(picture.image, side)
        counts[index] = count = len(picture.classes)
        pixels[index] = np.asarray(square)
        boxes[index, :count] = picture.boxes * scale + [left, top, left, top]
        classes[index, :count] = picture.classes
    return pixels, boxes, classes, counts


def sizes(random, least, most):
    """A width and a height, neither more than twice the other."""
    width = int(random.integers(least, most))
    return width, int(np.clip(width * random.uniform(0.5, 2), least, most))


def train(pictures):
    """The weights, a running average over the last steps."""
    random = np.random.default_rng(SEED + 1)
    weights = network.initial(SEED)
    state = (weights, weights, adam.initial(weights))
    order, began = np.array([], int), time.monotonic()
    for number in range(STEPS):
        if len(order) < BATCH:
            order = random.permutation(PICTURES)
        chosen, order = order[:BATCH], order[BATCH:]
        batch = mirrored(random, *(each[chosen] for each in pictures))
        state, value = step(state, batch, number)
        if number % 100 == 0 or number == STEPS - 1:
            seconds = time.monotonic() - began
            print(f"step {number}: loss {float(value):.3f}, {seconds:.0f} s", flush=True)
    return jax.device_get(state[1])


def measure_statistics(weights, pictures):
    """Mean and variance in front of each normalisation, for these weights."""
    measured = []
    for first in range(0, STATISTICS_PICTURES, BATCH):
        measured.append(jax.device_get(seen_by(weights, pictures[0][first:first + BATCH])))
    return {
        name: {
            "mean": np.mean([each[name]["mean"] for each in measured], axis=0),
            # Within the batches and between them.
            "variance": np.mean([each[name]["variance"] for each in measured], axis=0)
            + np.var([each[name]["mean"] for each in measured], axis=0)}
        for name in network.BLOCKS}


@jax.jit
def seen_by(weights, pixels):
    ops = network.Training(weights)
    network.layers(ops, pixels.astype(jnp.float32) / 255)
    return ops.seen


def mirrored(random, pixels, boxes, classes, counts):
    """The batch turned over, its colours exchanged, as chance wants it."""
    side = network.SIDE
    if random.random() < 0.5:
        pixels = pixels[:, :, ::-1]
        boxes = boxes[..., [2, 1, 0, 3]] * [-1, 1, -1, 1] + [side, 0] * 2
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes = boxes[..., [0, 3, 2, 1]] * [1, -1, 1, -1] + [0, side] * 2
    if random.random() < 0.5:
        pixels, boxes = pixels.transpose(0, 2, 1, 3), boxes[..., [1, 0, 3, 2]]
    pixels = pixels[..., ORDERS[random.integers(len(ORDERS))]]
    return np.ascontiguousarray(pixels), boxes.astype(np.float32), classes, counts


@jax.jit
def step(state, batch, number):
    weights, average, moments = state
    pixels, boxes, classes, counts = batch

    def measured(weights):
        ops = network.Training(weights)
        levels = network.layers(ops, pixels.astype(jnp.float32) / 255)
        return loss(jnp.concatenate(levels, 1), boxes, classes, counts)

    value, slopes = jax.value_and_grad(measured)(weights)
    rate = RATE * adam.schedule(number, STEPS, warm=100)
    weights, moments = adam.step(weights, slopes, moments, number, rate)
    part = jnp.maximum(AVERAGE_PART, 1 / (1 + number))
    average = jax.tree.map(lambda old, new: old + part * (new - old), average, weights)
    return (weights, average, moments), value


def check(session):
    """Measures the served model on pictures it never saw, at the sizes that users send."""
    random = np.random.default_rng(SEED + 2)
    pictures = [drawing.draw(random, *sizes(random, 320, 960)) for _ in range(HELD_OUT)]
    kinds = range(network.CLASSES)
    at_half, averaged = detection.mean_average_precision(session, pictures, kinds)
    precision, recall = detection.precision_and_recall(session, pictures)
    print(f"shapes: mAP50 {at_half:.4f}, mAP50-95 {averaged:.4f}, at confidence 0.25 precision "
          f"{precision:.3f} and recall {recall:.3f} on {HELD_OUT} held-out pictures")
    assert at_half >= 0.9, "the detector is not good enough to be committed"


def write_examples(session):
    """Small pictures and what the reference pipeline finds on them."""
    expected = {}
    for number, size in EXAMPLES.items():
        path = FOLDER / f"example-{number}.png"
        content, picture = example(number, size)
        path.write_bytes(content)
        expected[path.name] = [
            {"label": drawing.LABELS[kind], "class_id": int(kind), "score": round(float(score), 5),
             "box": {key: round(float(v), 2) for key, v in zip(("x1", "y1", "x2", "y2"), box)}}
            for box, score, kind in zip(*detection.detect(session, picture.image))]
    text = {"confidence": 0.25, "iou": 0.45, "detections": expected}
    (FOLDER / "expected.json").write_text(json.dumps(text, indent=1) + "\n")


def example(number, size):
    """The first picture of its seeds that shows all kinds and is small enough to commit."""
    for attempt in range(1000):
        picture = drawing.draw(np.random.default_rng([SEED, number, attempt]), *size)
        file = io.BytesIO()
        picture.image.save(file, format="png", optimize=True)
        shown = len(picture.classes) >= 5 and len(set(picture.classes)) == network.CLASSES
        if shown and len(file.getvalue()) < EXAMPLE_BYTES_MAX:
            return file.getvalue(), picture
    raise AssertionError("no seed gives an example small enough")


if __name__ == "__main__":
    main()
