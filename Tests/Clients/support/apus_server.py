"""A running `apus serve` for tests that use it from outside, as a client would.

    with ApusServer("model.onnx") as server:
        requests.get(server.url + "/v2/health/ready")

The program is named by APUS_BINARY, else it is `.build/debug/apus` of this repository.
"""

import collections
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
ADDRESS = re.compile(r"https?://127\.0\.0\.1:(\d+)")
LOG_LINES_MAX = 2_000


def binary():
    """The program under test."""
    path = pathlib.Path(os.environ.get("APUS_BINARY") or REPOSITORY / ".build/debug/apus")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"no program at {path.name}; run `swift build` or set APUS_BINARY")
    return path


def shared_data():
    """The folder of real models and photos; skips the test where there is none."""
    folder = pathlib.Path(os.environ.get("APUS_SHARED_DATA") or REPOSITORY.parent / "shared/data")
    if not folder.is_dir():
        raise unittest.SkipTest("shared data is not here: real models and photos are not tested")
    return folder


def fixture(name):
    """A tiny model of Tests/Fixtures/onnx."""
    return REPOSITORY / "Tests/Fixtures/onnx" / f"{name}.onnx"


# Below those that the system gives to clients and to port 0, so that nobody is given one before its server
# has it; each process begins somewhere else.
PORTS = itertools.cycle(range(20_000, 32_000))
for _ in range(os.getpid() * 97 % 12_000):
    next(PORTS)


def free_port():
    """A port that nothing listens on now."""
    for port in PORTS:
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class ApusServer:
    """`apus serve --http-port 0 ARGUMENTS`, started on entry and stopped by its own process id.

    With `grpc` it listens for gRPC, too, at `grpc_url`.
    """

    def __init__(self, *arguments, grpc=False, start_seconds=60, stop_seconds=40):
        # The setting's 0 turns gRPC off, so a port has to be found for it here.
        self.grpc_port = free_port() if grpc else 0
        words = [str(word) for word in arguments]
        # Tests leave nothing in the home of whoever runs them.
        kept = [] if "--state-directory" in words else ["--state-directory", "off"]
        self.command = [
            str(binary()), "serve", "--http-port", "0", "--metrics-port", "0",
            "--grpc-port", str(self.grpc_port), *kept, *words
        ]
        self.start_seconds, self.stop_seconds = start_seconds, stop_seconds
        self.lines = collections.deque(maxlen=LOG_LINES_MAX)
        self.port = None
        self._found = threading.Event()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._found.wait(self.start_seconds) or self.port is None:
            self.stop()
            raise RuntimeError(f"no address was printed by {self.command}:\n{self.log}")
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def grpc_url(self):
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def log(self):
        """The last lines of both outputs."""
        return "".join(self.lines)

    def stop(self):
        """SIGTERM, then the exit status; kills it only when it does not drain in time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the server did not stop in {self.stop_seconds} s:\n{self.log}") from None
        self._reader.join()
        return status

    def _read(self):
        # The pipe is read to its end, else a talkative server would block on a full one.
        for line in self.process.stdout:
            self.lines.append(line)
            match = ADDRESS.search(line)
            if match and self.port is None:
                self.port = int(match[1])
                self._found.set()
        self._found.set()
