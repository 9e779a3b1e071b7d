"""How soon the server answers after it was started, and how much memory it holds."""

import contextlib
import json
import socket
import time

from .. import messages, processes
from ..figure import Bound, Figure, median, spread
from ..processes import Child
from ..workshop import Skip
from .yolo import yolo_message

IDLE_CONNECTIONS = 10_000


def measure(shop):
    figure = Figure(
        "starting", "Start to first answer",
        method="From exec to the whole answer of the first infer request, release build, files in "
        "the cache, on all cores; the port is tried every half millisecond, then readiness, then "
        "one request. Medians.",
        columns=["model", "median ms", "least", "most", "spread"])
    count = 5 if shop.is_quick else 15
    cases = {"iris": (shop.root / "models/iris/iris.onnx", 100)}
    with contextlib.suppress(Skip):
        cases["yolo11n"] = (shop.shared("yolo/yolo11n.onnx"), 200)
    if "yolo11n" not in cases:
        figure.notes.append("yolo11n is not in the shared test data here.")
    for name, (file, limit) in cases.items():
        message = first_message(shop, file)
        shop.quiet()
        times = [start(shop, file, name, message) * 1e3 for _ in range(count + 1)][1:]
        figure.add(name, median(times), min(times), max(times), spread(times))
        figure.bounds.append(
            Bound(f"start to first answer with {name}", median(times), limit, False, "ms"))
    return figure


def first_message(shop, file):
    """The request that this model's first answer is measured with."""
    with shop.serving(file, core=None) as (_, port):
        if file.stem == "yolo11n":
            return yolo_message(shop, port, messages.image_floats())
        taken, _ = shop.signature(port, file.stem)
        width = taken["shape"][-1]
        tensor = {
            "name": taken["name"], "shape": [1, width], "datatype": taken["datatype"],
            "data": [1.5] * width,
        }
        body = json.dumps({"inputs": [tensor]}).encode()
        return messages.message(f"/v2/models/{file.stem}/infer", body, "application/json")


def start(shop, file, model, message):
    """Seconds from exec to the first answer."""
    port = processes.free_port()
    ready = f"GET /v2/models/{model}/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    command = [
        shop.apus, "serve", file, "--http-port", port, "--grpc-port", "0", "--metrics-port", "0",
    ]
    begin = time.perf_counter()
    with Child(command, folder=shop.folder) as child:
        connection = connect(child, port, begin + 30)
        with connection:
            while not ask(connection, ready).startswith(b"HTTP/1.1 200"):
                if time.perf_counter() > begin + 30:
                    raise RuntimeError(f"{model} was not ready in 30 s: {child.complaint()}")
                time.sleep(0.0005)
            answer = ask(connection, message)
            passed = time.perf_counter() - begin
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer[:400].decode(errors="replace"))
    return passed


def connect(child, port, end):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            if child.process.poll() is not None or time.perf_counter() > end:
                raise RuntimeError(f"nothing listens: {child.complaint()}") from None
            time.sleep(0.0005)


def ask(connection, message):
    """One request; the whole answer, head and body."""
    connection.sendall(message)
    answer = bytearray()
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += receive(connection)
    head = bytes(answer[:end]).lower()
    length = 0
    if b"\r\ncontent-length:" in head:
        length = int(head.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0])
    while len(answer) < end + 4 + length:
        answer += receive(connection)
    return bytes(answer)


def receive(connection):
    piece = connection.recv(1 << 20)
    if not piece:
        raise RuntimeError("the server closed the connection")
    return piece


def measure_memory(shop):
    """Resident memory of the idle server, and with many idle connections."""
    figure = Figure(
        "memory", "Resident memory",
        method="Resident set of the server, half a second after it was ready or, with connections, "
        "after each was answered once and kept.",
        columns=["what", "MiB"])
    smallest = shop.root / "models/iris/iris.onnx"
    empty = shop.folder / "no-models"
    empty.mkdir(exist_ok=True)
    add_without_model(shop, figure, empty)
    cases = {"iris": [smallest], "demo models": []}
    with contextlib.suppress(Skip):
        cases["yolo11n"] = [shop.shared("yolo/yolo11n.onnx")]
    for name, models in cases.items():
        figure.add(name, resident(shop, models))
    add_connections(shop, figure, smallest)
    return figure


def resident(shop, models):
    """Memory of a server that was just started with these models."""
    with shop.serving(*models, core=None) as (child, _):
        time.sleep(0.5)
        return child.resident_mib()


def add_without_model(shop, figure, empty):
    try:
        found = resident(shop, [empty])
    except RuntimeError:
        figure.notes.append(
            "NOT MEASURED: idle without a model (at most 40 MiB): this build does not start with an "
            "empty directory.")
        return
    figure.add("no model", found)
    figure.bounds.append(Bound("idle without a model", found, 40, False, "MiB"))


def add_connections(shop, figure, model):
    wanted = 1_000 if shop.is_quick else IDLE_CONNECTIONS
    allowed = processes.raise_open_file_limit(2 * wanted + 1_000)
    count = min(wanted, allowed - 200)
    flags = ["--idle-timeout", "300s", "--connections-max", str(wanted + 10)]
    with shop.serving(model, core=None, flags=flags) as (child, port):
        found = with_connections(child, port, count)
    name = f"iris and {count:,} idle connections"
    figure.add(name, found)
    if count == IDLE_CONNECTIONS:
        figure.bounds.append(Bound(name, found, 200, False, "MiB"))
    else:
        figure.notes.append(f"Bound of {IDLE_CONNECTIONS:,} connections not tried in this run.")


def with_connections(child, port, count):
    live = b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with contextlib.ExitStack() as open_ones:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            open_ones.enter_context(connection)
            if not ask(connection, live).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a connection was refused")
        time.sleep(0.5)
        return child.resident_mib()
