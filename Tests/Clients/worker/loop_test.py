"""The worker's loop over its channel, with this test in the server's place."""

import array
import json
import mmap
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np

PACKAGE = pathlib.Path(__file__).resolve().parents[3] / "Sources/Runtimes/Python/Worker"
sys.path.insert(0, str(PACKAGE))

from apus_worker import channel as wire  # noqa: E402

MODEL = '''
import asyncio

import numpy as np

from apus_worker import api


class Model:
    async def load(self):
        self.lock = asyncio.Lock()

    async def predict(self, x: np.ndarray, context) -> np.ndarray:
        what = float(x[0, 0])
        if what == 2:
            async with self.lock:
                answers = await asyncio.gather(
                    context.call_async("other", {"x": x}), context.call_async("other", {"x": x + 1}))
            return answers[0]["y"] + 10 * answers[1]["y"]
        if what == 3:
            self.late = asyncio.get_running_loop().create_task(self.ask_late(context))
            return x
        if what == 4:
            return np.zeros((len(x), 100_000), np.float32)
        if what == 5:
            raise api.Refused("no such thing")
        await asyncio.sleep(what)
        return x * 2

    async def ask_late(self, context):
        await asyncio.sleep(0.05)
        try:
            await context.call_async("other", {"x": np.zeros((1, 1), np.float32)})
        except Exception as error:
            print("late:", error, flush=True)

    @api.method
    def count(self, text: str) -> dict:
        return {"words": len(text.split())}
'''

PLAIN = '''
import numpy as np


class Model:
    def predict(self, x: np.ndarray) -> np.ndarray:
        return x if x[0, 0] else x[:, :1]
'''


# Puts the channel where a worker expects it.
BECOME = """
import os, sys
if %d != 3:
    os.dup2(%d, 3)
os.set_inheritable(3, True)
os.execv(sys.executable, [sys.executable, "-u", "-m", "apus_worker"])
"""


class Server:
    """One end of the channel, and the memory behind it."""

    def __init__(self, folder):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        self.regions = {}
        self.worker = subprocess.Popen(
            [sys.executable, "-c", BECOME % (theirs.fileno(), theirs.fileno())], env=dict(os.environ, PYTHONPATH=str(PACKAGE)),
            pass_fds=(theirs.fileno(),), stdout=subprocess.PIPE, text=True)
        theirs.close()
        settings = {"folder": str(folder), "name": "m", "version": "1"}
        self.send(wire.HELLO, rest=struct.pack("<H", wire.VERSION) + wire.packed(json.dumps(settings)))

    def send(self, kind, request=0, part=0, rest=b"", descriptor=None):
        message = wire._HEAD.pack(kind, 0, part, request) + rest
        control = [] if descriptor is None else [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self.socket.sendmsg([message], control)

    def region(self, number, size):
        descriptor = os.memfd_create("test")
        os.ftruncate(descriptor, size)
        self.regions[number] = mmap.mmap(descriptor, size)
        self.send(wire.REGION, part=number, rest=struct.pack("<Q", size), descriptor=descriptor)
        os.close(descriptor)

    def tensor(self, region, place, value):
        """Writes it where tensors of a region begin, and says so."""
        if value.dtype == object:
            raw, code = wire.encoded(value)[0], wire.CODES["BYTES"]
        else:
            raw, code = value.tobytes(), wire.CODES["FP32"]
        self.regions[region][64:64 + len(raw)] = raw
        return wire._TENSOR.pack(place, code, value.ndim, 0, 64, len(raw)) + struct.pack(
            "<%dQ" % value.ndim, *value.shape)

    def run(self, number, value, method=0, size=1 << 16, begins=True, parameters=()):
        source, target = 2 * number, 2 * number + 1
        self.region(source, max(size, value.nbytes + 64))
        self.region(target, size)
        if not begins:
            self.regions[source][:4] = b"\x01\x00\x00\x00"
        tensor = self.tensor(source, 0, value)
        given = b"".join(
            wire.packed(name) + b"\x03" + wire.packed(text) for name, text in parameters)
        head = wire._RUN.pack(len(value), -1, source, target, 1, 0, len(parameters))
        self.send(wire.RUN, number, method, head + tensor + given + wire.packed("id"))

    def hear(self):
        """Kind, marks, part, request, and the fields."""
        message = self.socket.recv(wire.MESSAGE_BYTES_MAX)
        return *wire.head(message), message[wire._HEAD.size:]

    def output(self, request, rest, region=None):
        """The one output, and which of the run's regions has it."""
        _, code, rank, where, offset, size = wire._TENSOR.unpack_from(rest, wire._PART.size)
        memory = self.regions[2 * request if where else region or 2 * request + 1]
        raw = memory[offset:offset + size]
        if code == wire.CODES["BYTES"]:
            return wire.strings(raw, 0, size, (-1,)).tolist(), where
        return np.frombuffer(raw, np.float32).tolist(), where

    def begun(self, request):
        return int.from_bytes(self.regions[2 * request][4:8], "little")


def row(*values):
    return np.array([values], np.float32)


class LoopTest(unittest.TestCase):
    def start(self, source):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        (pathlib.Path(folder.name) / "model.py").write_text(source)
        server = Server(folder.name)
        self.addCleanup(server.worker.stdout.close)
        self.addCleanup(server.worker.wait, 20)
        self.addCleanup(server.socket.close)
        kind, _, _, _, rest = server.hear()
        self.assertEqual(kind, wire.READY, rest)
        self.ready = rest
        return server

    def failure(self, server):
        kind, _, part, request, rest = server.hear()
        self.assertEqual(kind, wire.FAILED)
        return request, part, wire.text(rest, 0)[0]

    def test_runs_wait_beside_each_other_and_end_as_they_are_done(self):
        server = self.start(MODEL)
        for number, seconds in ((1, 0.5), (2, 0.3), (3, 0.1)):
            server.run(number, row(seconds, 1))
        self.assertEqual([server.hear()[3] for _ in range(3)], [3, 2, 1])

    def test_one_that_nobody_wants_is_cancelled(self):
        server = self.start(MODEL)
        server.run(1, row(1000, 0))
        server.run(2, row(0.2, 0))
        server.send(wire.CANCEL, 1)
        self.assertEqual(self.failure(server), (1, 4, "the run was stopped"))
        self.assertEqual(server.hear()[3], 2)

    def test_one_that_is_cancelled_as_it_comes_ends_too(self):
        server = self.start(MODEL)
        server.run(1, row(0.3, 0))
        # Both lie there when the worker looks.
        os.kill(server.worker.pid, signal.SIGSTOP)
        server.run(2, row(1000, 0))
        server.send(wire.CANCEL, 2)
        os.kill(server.worker.pid, signal.SIGCONT)
        self.assertEqual(self.failure(server), (2, 4, "the run was stopped"))
        self.assertEqual(server.hear()[3], 1)

    def test_one_that_nobody_wants_before_it_begins_is_not_run(self):
        server = self.start(PLAIN)
        server.run(1, row(1, 2), begins=False)
        self.assertEqual(self.failure(server), (1, 4, "the run was stopped"))
        self.assertEqual(server.begun(1), 0)
        server.run(2, row(1, 2))
        self.assertEqual(server.hear()[3], 2)
        self.assertEqual(server.begun(2), 1)

    def test_one_that_fails_harms_no_other(self):
        server = self.start(MODEL)
        server.run(1, row(0.2, 1))
        server.run(2, row(5, 1))
        self.assertEqual(self.failure(server), (2, 1, "no such thing"))
        kind, _, _, request, rest = server.hear()
        self.assertEqual((kind, request), (wire.OUTPUTS, 1))
        np.testing.assert_allclose(server.output(1, rest)[0], [0.4, 2])

    def test_a_method_has_ports_of_its_own(self):
        server = self.start(MODEL)
        self.assertIn(b"count", self.ready)
        text = np.array([b"a b c"], object)
        server.run(1, text, method=1)
        _, _, _, request, rest = server.hear()
        self.assertEqual(server.output(request, rest)[0], [b'{"words":3}'])
        server.run(2, row(0, 1), parameters=[("method", "count")])
        request, part, words = self.failure(server)
        self.assertEqual((request, part), (2, 1))
        self.assertIn("ask it at /v2/models/m/methods/count", words)

    def test_calls_of_one_run_are_under_way_together_in_memory_of_their_own(self):
        server = self.start(MODEL)
        server.run(1, row(2, 0))
        calls = [server.hear(), server.hear()]
        self.assertEqual([each[0] for each in calls], [wire.CALL] * 2)
        self.assertEqual(np.frombuffer(server.regions[3][64:72], np.float32).tolist(), [2, 0])
        self.assertEqual(np.frombuffer(server.regions[3][128:136], np.float32).tolist(), [3, 1])
        for region, call, value in ((50, calls[1], row(3)), (51, calls[0], row(4))):
            server.region(region, 4096)
            answer = struct.pack("<IH", region, 1) + wire.packed("y") + server.tensor(region, 0, value)
            server.send(wire.CALL_ANSWERED, 1, call[2], answer)
        _, _, _, request, rest = server.hear()
        self.assertEqual(server.output(request, rest)[0], [34])

    def test_a_call_after_the_answer_is_not_made(self):
        server = self.start(MODEL)
        server.run(1, row(3, 0))
        self.assertEqual(server.hear()[0], wire.OUTPUTS)
        self.assertIn("has its answer already", server.worker.stdout.readline())

    def test_an_answer_that_needs_more_memory_asks_for_it_while_others_go_on(self):
        server = self.start(MODEL)
        server.run(1, row(4, 0))
        kind, _, _, request, rest = server.hear()
        self.assertEqual((kind, request), (wire.GROW, 1))
        server.run(2, row(0, 0))
        self.assertEqual(server.hear()[3], 2)
        server.region(50, int.from_bytes(rest, "little"))
        server.send(wire.ROOM, 1, 50)
        kind, _, _, request, rest = server.hear()
        self.assertEqual((kind, request), (wire.OUTPUTS, 1))
        self.assertEqual(len(server.output(1, rest, region=50)[0]), 100_000)

    def test_what_is_given_back_as_it_came_stays_where_it_is(self):
        server = self.start(PLAIN)
        large = np.ones((2, 40_000), np.float32)
        server.run(1, large)
        output, where = server.output(1, server.hear()[4])
        self.assertEqual((len(output), where), (80_000, 1))
        large[0, 0] = 0
        server.run(2, large, size=1 << 20)
        self.assertEqual(server.output(2, server.hear()[4]), ([0, 1], 0))


if __name__ == "__main__":
    unittest.main()
