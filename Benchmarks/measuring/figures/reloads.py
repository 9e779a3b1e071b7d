"""Whether memory comes back when a model is unloaded, round after round."""

from .. import messages, processes
from ..figure import Bound, Figure
from ..plot import Plot, Series
from .starting import ask, connect
from .yolo import yolo_message

ROUNDS = 50
MODEL = "yolo11n"


def measure(shop):
    figure = Figure(
        "reloads", "Memory over reloads",
        method="yolo11n loaded, asked once and unloaded, by request; resident set after each unload.",
        columns=["after round", "MiB"])
    file = shop.shared("yolo/yolo11n.onnx")
    folder = shop.folder / "reloads" / MODEL / "1"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "model.onnx").exists():
        (folder / "model.onnx").symlink_to(file)
    flags = ["--model-control-mode", "explicit", "--load-model", MODEL]
    count = 10 if shop.is_quick else ROUNDS
    with shop.serving(folder.parents[1], core=None, flags=flags) as (child, port):
        message = yolo_message(shop, port, messages.image_floats())
        order(port, "unload")
        resident = [one_round(child, port, message) for _ in range(count)]
    for place in sorted({1, 2, 5, 10, 20, 30, 40, count}):
        if place <= count:
            figure.add(str(place), resident[place - 1])
    limit = resident[1] * 1.05 + 2
    figure.bounds.append(
        Bound(f"after {count} rounds, against the second one", resident[-1], limit, False, "MiB"))
    figure.plots.append(Plot(
        "Resident set after unloading yolo11n", "round", "MiB", [
            Series("after unload", list(enumerate(resident, 1))),
            Series("bound", [(2, limit), (count, limit)], is_limit=True)], y_least=0))
    return figure


def one_round(child, port, message):
    """Resident memory after one more load, answer and unload."""
    order(port, "load")
    with connect(child, port, float("inf")) as connection:
        if not ask(connection, message).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the model did not answer")
    order(port, "unload")
    return child.resident_mib()


def order(port, verb):
    status, _, body = processes.fetch(port, f"/v2/repository/models/{MODEL}/{verb}", body=b"{}")
    if status != 200:
        raise RuntimeError(body.decode(errors="replace"))
