"""Graphs of three steps beside the model among them, asked alone and called in a loop."""

import json
import pathlib
import shutil

from .. import messages, peers
from ..figure import Bound, Figure, median, spread
from ..workshop import timed

PHOTO_SHAPE = [480, 640, 3]

YOLO = """
graph:
  inputs: [{name: pixels, datatype: UINT8, shape: [-1, -1, 3]}]
  outputs: [{name: boxes, datatype: FP32, shape: [-1, 4]}]
  steps:
    - built-in: letterbox
      inputs: {pixels: pixels}
      outputs: {tensor: input, placement: placement}
    - model: detector
      inputs: {images: input}
      outputs: {output0: found}
    - built-in: suppression
      inputs: {output: found, placement: placement}
      outputs: {boxes: boxes}
"""

MOBILENET = """
graph:
  inputs: [{name: pixels, datatype: UINT8, shape: [-1, -1, 3]}]
  outputs: [{name: classes, datatype: INT64, shape: [-1, 5]}]
  steps:
    - built-in: resize
      settings: {size: 224, fraction: 0.875, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]}
      inputs: {pixels: pixels}
      outputs: {tensor: input}
    - model: classifier
      inputs: {input: input}
      outputs: {output: scores}
    - built-in: top-k
      inputs: {values: scores}
      outputs: {indices: classes}
"""

RESIZING = """
graph:
  inputs: [{name: pixels, datatype: UINT8, shape: [-1, -1, 3]}]
  outputs: [{name: placement, datatype: FP32, shape: [8]}]
  steps:
    - built-in: resize
      settings: {size: 224, fraction: 0.875, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]}
      inputs: {pixels: pixels}
      outputs: {placement: placement}
"""


def measure(shop):
    figure = Figure(
        "graphs", "Graphs of three steps beside their slowest step alone, one server core",
        method="Over HTTP, concurrency 4, one instance with one thread. A graph gets the pixels of a "
        "480x640 photo (0.9 MB) and makes the model's input itself (letterbox, or resize); the model "
        "alone gets the finished tensor (4.9 or 0.6 MB) and gives its whole output. The loop is ONNX "
        "Runtime called from memory to memory on the same core. All take turns, and all steps share "
        "the one core.",
        columns=["what", "per s", "spread", "p50 ms", "p99 ms", "CPU ms"])
    folder = repository(shop)
    tensor = messages.image_floats()
    small = tensor[: 4 * 3 * 224 * 224]
    flags = ["--instances", "1", "--runtime-threads", "1"]
    yolo = shop.shared("yolo/yolo11n-dynbatch.onnx")
    runtime = peers.loop(
        shop, "RuntimeLoop", shop.runtime_library(), yolo, shop.write("graph-pixels.f32", tensor),
        "1x3x640x640", "1x84x8400")
    with shop.serving(folder, flags=flags) as (apus, port), runtime as loop:
        requests = {
            "YOLO11n: letterbox, model, suppression": photo("detection", "boxes"),
            "YOLO11n alone": alone("detector", tensor, "images", [1, 3, 640, 640], "output0"),
            "MobileNetV2: resize, model, top-k": photo("classification", "classes"),
            "resize alone": photo("resizing", "placement"),
            "MobileNetV2 alone": alone("classifier", small, "input", [1, 3, 224, 224], "output"),
        }
        contestants = {}
        for name, message in requests.items():
            client = shop.enter_context(shop.client(port, message))
            shop.load(client, 4, count=4)
            contestants[name] = lambda client=client: timed(apus, lambda: shop.load(client, 4))
        contestants["YOLO11n in a loop"] = lambda: own(loop(1, shop.seconds))
        loop(1, 0.5)
        results = shop.alternate(contestants)
    for name, found in results.items():
        row(figure, name, found)
    yolo_graph = results["YOLO11n: letterbox, model, suppression"]
    small_graph = results["MobileNetV2: resize, model, top-k"]
    small = results["MobileNetV2 alone"]
    figure.bounds = [
        Bound(
            "three steps around YOLO11n / YOLO11n alone",
            ratio(yolo_graph, results["YOLO11n alone"]), 0.9, True),
        Bound(
            "three steps around MobileNetV2 / MobileNetV2 alone", ratio(small_graph, small), 0.9, True),
    ]
    figure.notes.append(
        f"Around YOLO11n the graph reaches {ratio(yolo_graph, results['YOLO11n in a loop']):.3f} of "
        f"the bare loop; around MobileNetV2 {share_of_sum(small_graph, small, results['resize alone']):.3f} "
        "of its steps one after the other, which share the one core.")
    return figure


def repository(shop):
    """A model repository with two models and a graph around each."""
    folder = pathlib.Path(shop.folder) / "graphs"
    for name, file in [
        ("detector", "yolo/yolo11n-dynbatch.onnx"),
        ("classifier", "onnx-classifiers/mobilenetv2-12-qdq.onnx"),
    ]:
        (folder / name / "1").mkdir(parents=True)
        shutil.copy(shop.shared(file), folder / name / "1" / "model.onnx")
    for name, text in [
        ("detection", YOLO), ("classification", MOBILENET), ("resizing", RESIZING),
    ]:
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "model.yaml").write_text(text)
    return folder


def photo(model, output):
    pixels = bytes(index * 7919 >> 5 & 255 for index in range(640 * 3)) * PHOTO_SHAPE[0]
    return infer(model, "pixels", PHOTO_SHAPE, "UINT8", pixels, output)


def alone(model, tensor, name, shape, output):
    return infer(model, name, shape, "FP32", tensor, output)


def infer(model, name, shape, datatype, content, output):
    head = json.dumps({
        "inputs": [{
            "name": name, "shape": shape, "datatype": datatype,
            "parameters": {"binary_data_size": len(content)},
        }],
        "outputs": [{"name": output, "parameters": {"binary_data": True}}],
    }).encode()
    return messages.message(
        f"/v2/models/{model}/infer", head + content, "application/octet-stream", len(head))


def own(found):
    found["server_cpu_s"] = found["cpu_s"]
    return found


def row(figure, name, found):
    rates = [one["count"] / one["seconds"] for one in found]
    figure.add(
        name, median(rates), spread(rates), median([one["p50_us"] / 1e3 for one in found]),
        median([one["p99_us"] / 1e3 for one in found]),
        median([one["server_cpu_s"] / max(1, one["count"]) * 1e3 for one in found]))


def rate(found):
    return found["count"] / found["seconds"]


def ratio(ours, theirs):
    """Within each round, then the median: what moves both cancels."""
    return median([rate(one) / rate(other) for one, other in zip(ours, theirs)])


def share_of_sum(ours, first, second):
    """Beside what would come of the two done one after the other."""
    return median([
        rate(one) * (1 / rate(left) + 1 / rate(right))
        for one, left, right in zip(ours, first, second)
    ])
