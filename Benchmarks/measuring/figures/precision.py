"""YOLO11n at each precision beside ONNX Runtime: throughput, alternating, and accuracy."""

import concurrent.futures
import contextlib
import io
import json
import pathlib
import urllib.parse

from .. import messages, processes
from ..figure import Bound, Figure, median, spread
from ..workshop import Skip, timed
from .yolo import yolo_message

# What is served, and how; the first is what the others are compared with.
PLAIN, FAST = "f32, ONNX Runtime", "auto, OpenVINO"
CONTESTANTS = {
    PLAIN: ("yolo/yolo11n.onnx", ["--precision", "f32"]),
    "f32, OpenVINO": ("yolo/yolo11n.onnx", ["--precision", "f32", "--runtime", "openvino"]),
    FAST: ("yolo/yolo11n.onnx", ["--precision", "auto"]),
    "int8 of a quantised file, OpenVINO": ("yolo/yolo11n-int8-qdq.onnx", ["--precision", "int8"]),
}


def measure(shop):
    figure = Figure(
        "precision", "YOLO11n by precision and runtime, one server core",
        method="Each is a server of its own with one instance and one thread on the same core; they "
        "take turns, two requests at a time, a 4.9 MB tensor in and 2.8 MB out. Ratios are taken "
        "within a round, then their median. Accuracy is that of `/detect` on the 106 photos of "
        "coco-val106, by pycocotools.",
        columns=["precision", "per s", "spread", "to the first", "p50 ms", "mAP50-95"])
    with contextlib.ExitStack() as open_servers:
        tensor = messages.image_floats()
        rounds, ports = {}, {}
        for name, (file, flags) in CONTESTANTS.items():
            model = shop.shared(file)
            server, port = open_servers.enter_context(shop.serving(
                model, flags=["--instances", "1", "--runtime-threads", "1", *flags]))
            message = yolo_message(shop, port, tensor, model.stem)
            client = open_servers.enter_context(shop.client(port, message))
            shop.load(client, 1, count=5)
            ports[name] = (port, model.stem)
            rounds[name] = lambda server=server, client=client: timed(
                server, lambda: shop.load(client, 2))
        found = shop.alternate(rounds)
        accuracies = {} if shop.is_quick else accuracies_of(shop, ports)
    report(figure, found, accuracies)
    return figure


def report(figure, found, accuracies):
    rates = {name: [one["count"] / one["seconds"] for one in each] for name, each in found.items()}
    ratios = {
        name: median([own / first for own, first in zip(each, rates[PLAIN])])
        for name, each in rates.items()
    }
    for name, each in found.items():
        accuracy = accuracies.get(name)
        figure.add(
            name, median(rates[name]), spread(rates[name]), f"{ratios[name]:.2f}",
            median([one["p50_us"] / 1e3 for one in each]),
            f"{accuracy:.4f}" if accuracy else "")
    if has_short_floats():
        figure.bounds.append(
            Bound("YOLO11n throughput at precision auto / ONNX Runtime at f32", ratios[FAST], 1.6, True))
    else:
        figure.notes.append(
            "This processor has neither AVX-512 BF16 nor AMX: auto computes with f32 here, and its "
            "bound is not asked of it.")
    if accuracies:
        moved = abs(accuracies[FAST] - accuracies[PLAIN])
        figure.bounds.append(
            Bound("mAP50-95 at precision auto, distance to f32", moved, 0.005, False))


def has_short_floats():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def accuracies_of(shop, ports):
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise Skip("pycocotools is not installed; run scripts/bootstrap bench") from None
    folder = shop.shared("coco-val106/instances.json").parent
    table = json.loads(shop.shared("yolo/class-index-to-coco-category-id.json").read_text())
    categories = dict(enumerate(table)) if isinstance(table, list) else \
        {int(index): category for index, category in table.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(folder / "instances.json"))

    def accuracy(port, model):
        def ask(image):
            return detections(port, model, folder / "images" / image["file_name"], image, categories)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = [each for some in pool.map(ask, truth.dataset["images"]) for each in some]
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])

    return {name: accuracy(*place) for name, place in ports.items()}


def detections(port, model, file, image, categories):
    """A photo's detections as COCO results, as many as its rules count."""
    query = urllib.parse.urlencode(
        {"confidence": 0.001, "iou": 0.7, "multi_label": "true", "max_detections": 300})
    status, _, body = processes.fetch(
        port, f"/v2/models/{model}/detect?{query}", file.read_bytes(),
        {"Content-Type": "image/jpeg"})
    if status != 200:
        raise RuntimeError(f"detect: {status} {body[:300]!r}")
    results = []
    for found in json.loads(body)["detections"]:
        box = found["box"]
        results.append({
            "image_id": image["id"], "category_id": categories[found["class_id"]],
            "score": found["score"],
            "bbox": [box["x1"], box["y1"], box["x2"] - box["x1"], box["y2"] - box["y1"]],
        })
    return results
