"""Allocations, copies and instructions by request: counts, which do not depend on the machine's load."""

import contextlib
import os
import shutil
import struct
import subprocess

from . import messages, processes
from .load_client import Connection
from .workshop import ROOT, Skip

NAMES = ("allocations", "allocated_bytes", "copied_bytes", "copied_bytes_of_runtime")


def preload(shop):
    """Compiles the counting library with the compiler that comes with Swift, or cc."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise Skip("no C compiler here")
    library = shop.folder / "counting.so"
    if not library.exists():
        subprocess.run([
            compiler, "-O2", "-fPIC", "-shared", "-fno-builtin", "-o", library,
            ROOT / "Benchmarks/native/counting.c", "-ldl",
        ], check=True)
    return library


class Counters:
    """The figures of a preloaded process, read from the file that it maps."""

    def __init__(self, shop):
        self.file = shop.write(f"counts-{os.urandom(4).hex()}", bytes(8 * len(NAMES)))

    def environment(self, shop):
        return {"LD_PRELOAD": str(preload(shop)), "BENCH_COUNTS": str(self.file)}

    def read(self):
        return dict(zip(NAMES, struct.unpack(f"{len(NAMES)}Q", self.file.read_bytes())))


def per_request(counters, connection, warm, count):
    """Counts by request, in steady state on one connection."""
    for _ in range(warm):
        connection.exchange()
    before = counters.read()
    for _ in range(count):
        connection.exchange()
    after = counters.read()
    return {name: (after[name] - before[name]) / count for name in NAMES}


@contextlib.contextmanager
def sharing_the_core(shop):
    """This process on the server's core: how many reads a body takes then depends on the sizes of the
    socket's buffers, and not on who else keeps the machine busy."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {shop.cores.server})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@contextlib.contextmanager
def connected(port, message):
    connection = Connection(port, message)
    try:
        yield connection
    finally:
        connection.close()


def small_message(model="identity-FP32"):
    return messages.message(
        f"/v2/models/{model}/infer", messages.small_json(), "application/json")


def tabular_model():
    """A model of trees that is about as cheap as the identity."""
    return ROOT / "Tests/Fixtures/tabular/iris-classifier.json"


def tabular_message():
    """A row of numbers for it."""
    return messages.message(
        "/v2/models/iris-classifier/infer", messages.row_json([5.1, 3.5, 1.4, 0.2]), "application/json")


def of_small_request(shop, model=None, message=None):
    """Counts of a small JSON request, to the identity where no other model is named."""
    counters = Counters(shop)
    with shop.serving(
        model or shop.fixture("identity-FP32.onnx"), flags=["--loops", "1"],
        environment=counters.environment(shop),
    ) as (_, port), connected(port, message or small_message()) as connection:
        return per_request(counters, connection, warm=1000, count=2000)


def of_image_request(shop):
    """Counts of a binary request with an image tensor."""
    from .figures.binary import echo_message

    counters = Counters(shop)
    with shop.serving(
        shop.fixture("identity-image.onnx"), flags=["--loops", "1"],
        environment=counters.environment(shop),
    ) as (_, port), connected(port, echo_message(shop, port)) as connection, sharing_the_core(shop):
        return per_request(counters, connection, warm=20, count=50)


def of_image_grpc_request(shop):
    """Counts of a gRPC ModelInfer with the image tensor raw; the connection's beginning is spread over all."""
    from .figures.grpc import h2load

    if not shutil.which("h2load"):
        raise Skip("h2load is not here: apt-get install nghttp2-client")
    counters, at = Counters(shop), processes.free_port()
    body = shop.write("image.grpc", messages.grpc(messages.IMAGE_SHAPE, messages.image_floats(), "identity-image"))
    with shop.serving(
        shop.fixture("identity-image.onnx"), flags=["--loops", "1"], grpc_port=at,
        environment=counters.environment(shop),
    ):
        h2load(shop, at, body, 1, 1, count=20)
        before = counters.read()
        h2load(shop, at, body, 1, 1, count=50)
        after = counters.read()
    return {name: (after[name] - before[name]) / 50 for name in NAMES}


def copies_per_tensor(shop):
    """How often the tensor is copied in the server, and inside the runtime."""
    counts = of_image_request(shop)
    return {
        "server": counts["copied_bytes"] / messages.IMAGE_BYTES,
        "runtime": counts["copied_bytes_of_runtime"] / messages.IMAGE_BYTES,
    }


def instructions_per_small_request(shop, model=None, message=None, warm=300, count=300):
    """Instructions of a small JSON request, by callgrind on the whole server."""
    if not shutil.which("valgrind"):
        raise Skip("valgrind is not here: apt-get install valgrind")
    output = shop.folder / f"callgrind-{os.urandom(4).hex()}"
    wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}"]
    with shop.serving(
        model or shop.fixture("identity-FP32.onnx"), flags=["--loops", "1"], wrapper=wrapper,
        program=stripped(shop), environment={"APUS_NATIVE": str(ROOT / ".native")},
    ) as (child, port), connected(port, message or small_message()) as connection:
        for _ in range(warm):
            connection.exchange()
        control(child, "--zero")
        for _ in range(count):
            connection.exchange()
        control(child, "--dump")
        dumps = sorted(shop.folder.glob(f"{output.name}.[0-9]*"))
        if not dumps:
            raise RuntimeError("callgrind wrote no dump")
        return instructions(dumps) / count


def stripped(shop):
    """A copy of the server without debug information, which valgrind of Debian 12 cannot read."""
    program = shop.folder / "apus-stripped"
    strip = shutil.which("strip") or shutil.which("llvm-strip")
    if not strip:
        raise Skip("strip is not here: apt-get install binutils")
    subprocess.run([strip, "-o", program, shop.apus], check=True)
    return program


def control(child, order):
    subprocess.run(
        ["callgrind_control", order, str(child.pid)], check=True, capture_output=True, timeout=60)


def instructions(dumps):
    """The sum of the dumps' totals; there is one for each part, or for each thread."""
    total = 0
    for dump in dumps:
        for line in dump.read_text().splitlines():
            if line.startswith("totals:"):
                total += int(line.split()[1])
    return total
