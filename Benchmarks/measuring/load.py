"""Rounds of load from native/load.c, in a closed or an open loop, and what became of each request."""

import contextlib
import dataclasses
import json
import shutil
import socket
import struct
import subprocess
import time

from .processes import Child
from .workshop import ROOT, Skip

RECORD = struct.Struct("<dffII")
# Above this part of its core the generator may be what is measured.
GENERATOR_SHARE_MAX = 0.8


@dataclasses.dataclass
class Request:
    """One request: when it was due, counted from the start of what is measured, and its end."""

    due: float
    took: float
    lag: float
    status: int
    is_starved: bool

    @property
    def end(self):
        return self.due + self.took


@dataclasses.dataclass
class Round:
    """What one round measured; requests of the warm-up are left out."""

    seconds: float
    requests: list
    # All that were answered between the end of the warm-up and the end, whenever they were due.
    answered_count: int
    generator_share: float
    # On the monotonic clock, which all processes share.
    begin: float

    @property
    def answered(self):
        return [one for one in self.requests if one.status == 200]

    @property
    def refused(self):
        return [one for one in self.requests if one.status == 429]

    @property
    def answered_rate(self):
        """Answers a second that came while requests were due."""
        return self.answered_count / self.seconds

    @property
    def tail_seconds(self):
        """How long after the last request was due the last answer came."""
        return max([0.0, *(one.end - self.seconds for one in self.answered)])

    @property
    def is_limited_by_generator(self):
        """Whether the generator was short of processor time or of connections."""
        starved = sum(one.is_starved for one in self.requests)
        return (
            self.generator_share > GENERATOR_SHARE_MAX or starved > 0.001 * len(self.requests))


def rank(values, part):
    """The value below which that part of them lies; `None` of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else None


def milliseconds(requests, part):
    found = rank([one.took for one in requests], part)
    return None if found is None else found * 1e3


class Generator:
    """A running generator with its request prepared."""

    def __init__(self, shop, child):
        self.shop, self.child = shop, child
        self.records = shop.folder / f"records-{child.pid}"
        self.turn = 0

    def closed(self, connections, seconds, warm_up=0.0):
        """Every connection asks again as soon as it has its answer.

        What counts are the answers that come between the end of the warm-up and the end.
        """
        return self.finished(self.begin(connections, seconds, warm_up, 0))

    def open(self, rate, seconds, warm_up=0.0, connections=256):
        """Requests come due at that rate, at random moments, whatever is answered."""
        return self.finished(self.begin(connections, seconds, warm_up, rate))

    def begin(self, connections, seconds, warm_up, rate):
        """Starts a round and gives what `finished` needs."""
        self.turn += 1
        order = f"{connections} {warm_up} {seconds} {rate} {self.turn} {self.records}\n"
        self.child.process.stdin.write(order)
        self.child.process.stdin.flush()
        return rate == 0

    def finished(self, is_closed):
        """Waits for the end of the round that was begun."""
        found = json.loads(self.child.line())
        if found["failure"]:
            raise RuntimeError(f"a request failed: {found['failure']}")
        requests = [Request(*fields) for fields in RECORD.iter_unpack(self.records.read_bytes())]
        seconds = found["seconds"]
        answered_count = sum(
            one.status == 200 and 0 <= one.end <= seconds for one in requests)
        if is_closed:
            requests = [one for one in requests if 0 <= one.end <= seconds]
        else:
            requests = [one for one in requests if one.due >= 0]
        return Round(
            seconds, requests, answered_count, found["cpu_s"] / found["wall_s"], found["begin"])


def program(shop):
    """The generator, compiled with the compiler that comes with Swift, or cc."""
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler:
        raise Skip("no C compiler here")
    file = shop.folder / "load"
    if not file.exists():
        source = ROOT / "Benchmarks/native/load.c"
        subprocess.run([compiler, "-O2", "-o", file, source, "-lm"], check=True)
    return file


def wait_until_answered(port, message, limit_seconds=30):
    """Asks until some fresh connections in a row have an answer with 200.

    A server may call itself ready a moment before each of its loops knows the model.
    """
    end = time.monotonic() + limit_seconds
    answered = 0
    while answered < 4:
        if (status := status_of(port, message)) == 200:
            answered += 1
        elif time.monotonic() > end:
            raise RuntimeError(f"an answer with status {status} for {limit_seconds} s")
        else:
            answered = 0
            time.sleep(0.02)


def status_of(port, message):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(message)
        head = b""
        while b"\r\n\r\n" not in head and (part := connection.recv(1 << 16)):
            head += part
    return int(head.split(b" ", 2)[1]) if b" " in head else 0


@contextlib.contextmanager
def generator(shop, port, message, core="client"):
    """A generator of this request, on the client's core unless another is named."""
    wait_until_answered(port, message)
    file = shop.write(f"load-{port}-{abs(hash(message)):x}.http", message)
    pinned = shop.cores.client if core == "client" else core
    with Child([program(shop), port, file], core=pinned, pipes=True) as child:
        child.line()
        yield Generator(shop, child)
