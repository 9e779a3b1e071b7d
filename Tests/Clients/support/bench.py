"""What the suites of `apus bench` share: the command itself, and a server that answers what it is told to."""

import json
import socket
import subprocess
import threading

from support.apus_server import REPOSITORY, binary

METADATA = json.dumps({
    "name": "m", "platform": "p", "outputs": [],
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
}).encode()
ANSWER = json.dumps({"model_name": "m", "outputs": []}).encode()


def http(body, status="200 OK", extra=b""):
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode() + extra + b"\r\n" + body)


class Listener:
    """Listens on a free port, and calls `serve(connection)` for each connection on a thread of its own."""

    # Where `bench` finds the server, by its port.
    address = "http://127.0.0.1:%d/v2/models/m"

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = self.address % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()


class OddServer(Listener):
    """Answers what it is told to: `answer(number, request)` gives bytes, None to close, or
    a pair of bytes and whether the connection goes on."""

    def __init__(self, answer):
        self.answer, self.count, self.lock = answer, 0, threading.Lock()
        self.requests = []

    def serve(self, connection):
        stream = connection.makefile("rb")
        with connection, stream:
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = stream.readline()
                    if not line:
                        return
                    head += line
                length = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                          if line.lower().startswith(b"content-length:")]
                body = stream.read(length[0]) if length else b""
                if head.startswith(b"GET"):
                    connection.sendall(http(METADATA))
                    continue
                with self.lock:
                    number, self.count = self.count, self.count + 1
                    self.requests.append((head, body))
                answer = self.answer(number, body)
                answer, goes_on = answer if isinstance(answer, tuple) else (answer, answer is not None)
                connection.sendall(answer or b"")
                if not goes_on:
                    return


def bench(*arguments, **options):
    return subprocess.run(
        [str(binary()), "bench", *map(str, arguments)], capture_output=True, text=True, timeout=300,
        cwd=REPOSITORY, **options)


def measured(*arguments, **options):
    """The command's result, and its document; the failure of one that wrote none says what it said."""
    result = bench(*arguments, "--json", "-", **options)
    assert result.stdout, result.stderr
    return result, json.loads(result.stdout)
