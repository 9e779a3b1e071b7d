"""Models that take a picture: detectors with known boxes in each of YOLO's layouts."""

import numpy as np
from onnx import TensorProto

import graph

SIDE = 64
ANCHORS = 8 * 8 + 4 * 4 + 2 * 2
LABELS = ("ant", "bee", "cat")

# Cell: corners in input pixels, class scores. Other cells are all zero.
BOXES = {
    3: ((8, 8, 24, 24), (0.9, 0, 0)),
    4: ((9, 9, 25, 25), (0.8, 0, 0)),
    10: ((8, 8, 24, 24), (0, 0.7, 0)),
    40: ((40, 32, 60, 56), (0, 0.3, 0.6)),
    41: ((12, 8, 28, 24), (0.5, 0, 0)),
    70: ((32, 2, 48, 18), (0, 0.2, 0)),
}
# The cell whose score for class 0 is the mean of the input.
LIGHT_CELL, LIGHT_BOX = 80, (2, 44, 14, 62)


def make(folder):
    """Writes all of them into the folder and runs each."""
    detectors = {
        "yolo-v8-layout": v8(TensorProto.FLOAT, TensorProto.FLOAT),
        "yolo-fp16": v8(TensorProto.FLOAT16, TensorProto.FLOAT16),
        "yolo-u8-input": v8(TensorProto.UINT8, TensorProto.FLOAT),
        "yolo-v5-layout": v5(),
        "yolo-v10-layout": v10(),
        "yolo-segment": of_task("segment", 2, 32, {"output1": (1, 32, 16, 16)}),
        "yolo-pose": of_task("pose", 1, 17 * 3, {}, kpt_shape="[17, 3]"),
        "yolo-obb": of_task("obb", 2, 1, {}),
    }
    for name, (model, values) in detectors.items():
        graph.save(model, folder / f"{name}.onnx")
        check(graph.session(folder / f"{name}.onnx"), values)
    classify(folder)


def metadata(task, labels, side=SIDE, **more):
    return {
        "description": "Apus test model",
        "author": "Apus",
        "version": "1.0.0",
        "stride": "32",
        "task": task,
        "batch": "1",
        "imgsz": str([side, side]),
        "names": graph.names(labels),
    } | more


def check(session, values):
    """The model answers its constants, and the mean of the input where it shall."""
    asked = session.get_inputs()[0]
    kind = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
    kind = kind[asked.type]
    full = np.array(255 if kind == np.uint8 else 1, kind)
    for light in (0, 1):
        answer = session.run(None, {"images": np.full(asked.shape, full * kind(light))})[0]
        wanted = values(light)
        assert answer.shape == wanted.shape, (answer.shape, wanted.shape)
        np.testing.assert_allclose(answer, wanted, atol=1e-3 if kind == np.float16 else 1e-6)


def centred(box):
    x1, y1, x2, y2 = box
    return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]


def answering(name, element, made, values, facts, others=None):
    """A model whose first output is `values(mean of the input)`, which is linear in the mean."""
    built = graph.Graph(name)
    built.input("images", element, [1, 3, SIDE, SIDE])
    picture = built.node("Cast", "images", to=graph.FLOAT)
    if element == TensorProto.UINT8:
        picture = built.node("Div", picture, built.constant(np.float32(255)))
    mean = built.node("ReduceMean", picture, keepdims=0)
    dark, slope = values(0), values(1) - values(0)
    # A constant that is mostly zeros is stored as the few values it has.
    lit = built.node("Mul", sparse(built, slope), mean)
    total = built.node("Add", sparse(built, dark), lit)
    built.node("Cast", total, name="output0", to=made)
    built.output("output0", made, list(dark.shape))
    for other, shape in (others or {}).items():
        zeros = built.node("ConstantOfShape", built.constant(np.array(shape, np.int64)))
        built.node("Add", zeros, mean, name=other)
        built.output(other, graph.FLOAT, list(shape))
    return built.model(facts), values


def sparse(built, values):
    """A tensor of zeros with the few other values put where they belong."""
    places = np.argwhere(values != 0).astype(np.int64)
    zeros = built.node("ConstantOfShape", built.constant(np.array(values.shape, np.int64)))
    rest = built.constant(values[values != 0].astype(np.float32))
    return built.node("ScatterND", zeros, built.constant(places), rest)


def rows(light, classes=len(LABELS)):
    """[anchors, 4 + classes]: centre, size, class scores."""
    values = np.zeros((ANCHORS, 4 + classes), np.float32)
    for cell, (box, scores) in (BOXES | {LIGHT_CELL: (LIGHT_BOX, (light, 0, 0))}).items():
        values[cell] = [*centred(box), *scores[:classes]]
    return values


def v8(element, made):
    """[1, 4 + classes, anchors]."""
    return answering(
        "yolo-v8", element, made, lambda light: rows(light).T[None], metadata("detect", LABELS))


def v5():
    """[1, anchors, 5 + classes]: the objectness of a cell times its class score is what counts."""
    def values(light):
        plain = rows(light)
        found = np.zeros((3 * ANCHORS, 5 + len(LABELS)), np.float32)
        cells = plain[:, 4:].max(1) > 0
        found[:ANCHORS][cells, :4] = plain[cells, :4]
        found[:ANCHORS][cells, 4] = 0.9
        found[:ANCHORS][cells, 5:] = plain[cells, 4:] / 0.9
        # Both parts are over 0.25, their product is not.
        found[200] = [*centred((32, 40, 44, 52)), 0.5, 0, 0, 0.4]
        found[LIGHT_CELL, :5] = [*centred(LIGHT_BOX), 1]
        found[LIGHT_CELL, 5:] = [light, 0, 0]
        return found[None]

    return answering(
        "yolo-v5", graph.FLOAT, graph.FLOAT, values, metadata("detect", LABELS))


def v10():
    """[1, 300, 6]: corners, score, class; best first, nothing left to suppress."""
    def values(light):
        found = np.zeros((300, 6), np.float32)
        best = sorted(
            ((max(scores), int(np.argmax(scores)), box) for box, scores in BOXES.values()),
            reverse=True)
        for row, (score, kind, box) in enumerate(best):
            found[row] = [*box, score, kind]
        found[len(best)] = [*LIGHT_BOX, light, 0]
        return found[None]

    return answering(
        "yolo-v10", graph.FLOAT, graph.FLOAT, values, metadata("detect", LABELS))


def of_task(task, classes, extra, others, **more):
    """[1, 4 + classes + extra, anchors]; the extra rows (masks, joints, angle) are all 0.25."""
    def values(light):
        rest = np.zeros((ANCHORS, extra), np.float32)
        rest[3] = 0.25
        return np.concatenate([rows(light, classes), rest], 1).T[None]

    return answering(
        f"yolo-{task}", graph.FLOAT, graph.FLOAT, values,
        metadata(task, LABELS[:classes], **more), others)


def classify(folder):
    """Which colour is strongest: the means of red, green and blue against two constants."""
    built = graph.Graph("classify")
    built.input("images", graph.FLOAT, [1, 3, 32, 32])
    means = built.node("ReduceMean", "images", axes=[2, 3], keepdims=0)
    scores = built.node("Mul", means, built.constant(np.float32(8)))
    rest = built.constant(np.array([[3, -3]], np.float32))
    built.node("Softmax", built.node("Concat", scores, rest, axis=1), name="output0", axis=1)
    built.output("output0", graph.FLOAT, [1, 5])
    labels = ("red", "green", "blue", "dark", "never")
    path = folder / "classify.onnx"
    graph.save(built.model(metadata("classify", labels, side=32)), path)
    picture = np.zeros((1, 3, 32, 32), np.float32)
    picture[:, 1] = 1
    answer = graph.session(path).run(None, {"images": picture})[0][0]
    weighed = np.exp([0, 8, 0, 3, -3])
    np.testing.assert_allclose(answer, weighed / weighed.sum(), atol=1e-6)
