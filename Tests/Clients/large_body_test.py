"""Large binary tensors, however the network cuts, delays or interrupts them: every bit arrives."""

import concurrent.futures
import json
import pathlib
import random
import socket
import tempfile
import time
import unittest

from support.apus_server import ApusServer

CONFIG = """
backend: "identity"
max_batch_size: 8
input [ { name: "A" data_type: TYPE_UINT8 dims: -1 }, { name: "B" data_type: TYPE_FP32 dims: -1 } ]
output [ { name: "X" data_type: TYPE_UINT8 dims: -1 }, { name: "Y" data_type: TYPE_FP32 dims: -1 } ]
"""


def request(first, second):
    """The binary request of two tensors, as bytes."""
    head = json.dumps({
        "inputs": [
            {"name": "A", "shape": [1, len(first)], "datatype": "UINT8",
             "parameters": {"binary_data_size": len(first)}},
            {"name": "B", "shape": [1, len(second) // 4], "datatype": "FP32",
             "parameters": {"binary_data_size": len(second)}},
        ],
        "parameters": {"binary_data_output": True},
    }).encode()
    body = head + first + second
    return (
        f"POST /v2/models/two/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        f"Inference-Header-Content-Length: {len(head)}\r\n\r\n").encode() + body


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.reader = self.socket.makefile("rb")

    def answer(self):
        """The status, and the tensors of a good answer."""
        status = int(self.reader.readline().split()[1])
        headers = {}
        while (line := self.reader.readline().strip()):
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        body = self.reader.read(int(headers["content-length"]))
        if status != 200:
            return status, body, b""
        head_length = int(headers["inference-header-content-length"])
        sizes = [
            output["parameters"]["binary_data_size"]
            for output in json.loads(body[:head_length])["outputs"]
        ]
        first = body[head_length:head_length + sizes[0]]
        return status, first, body[head_length + sizes[0]:]

    def close(self):
        self.reader.close()
        self.socket.close()


class LargeBodyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        model = pathlib.Path(cls.folder.name, "two")
        (model / "1").mkdir(parents=True)
        (model / "config.pbtxt").write_text(CONFIG)
        cls.server = ApusServer(cls.folder.name)
        cls.server.__enter__()
        numbers = random.Random(7)
        cls.first = numbers.randbytes(1_500_001)
        cls.second = numbers.randbytes(4 * 800_000)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def connect(self):
        connection = Connection(self.server.port)
        self.addCleanup(connection.close)
        return connection

    def check(self, connection, first=None, second=None):
        found = connection.answer()
        self.assertEqual(found[0], 200, found[1][:300])
        self.assertTrue(found[1:] == (first or self.first, second or self.second), "bits changed")

    def test_in_pieces_of_every_size(self):
        connection = self.connect()
        whole = request(self.first, self.second)
        for seed in range(6):
            numbers, place = random.Random(seed), 0
            while place < len(whole):
                size = numbers.choice([1, 100, 5_000, 70_000, 300_000, 2_000_000])
                connection.socket.sendall(whole[place:place + size])
                place += size
            self.check(connection)

    def test_pauses_hide_nothing(self):
        """What came before a pause is taken while others compute, and the end of a body at once."""
        connection = self.connect()
        whole = request(self.first, self.second)
        for end in (600, 700_000, len(whole) - 3):
            connection.socket.sendall(whole[:end])
            time.sleep(1.3)
            connection.socket.sendall(whole[end:])
            self.check(connection)

    def test_many_at_once(self):
        def work(seed):
            connection = Connection(self.server.port)
            numbers = random.Random(seed)
            for _ in range(8):
                first = numbers.randbytes(numbers.choice([10, 65_536, 1_200_000]))
                second = numbers.randbytes(4 * numbers.choice([1, 20_000, 700_000]))
                connection.socket.sendall(request(first, second))
                self.check(connection, first, second)
            connection.close()

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))

    def test_the_next_request_may_follow_at_once(self):
        connection = self.connect()
        numbers = random.Random(3)
        others = (numbers.randbytes(900_000), numbers.randbytes(4 * 300_000))
        both = request(self.first, self.second) + request(*others)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sent = pool.submit(connection.socket.sendall, both)
            self.check(connection)
            self.check(connection, *others)
            sent.result()

    def test_a_client_that_leaves_in_between_harms_nobody(self):
        whole = request(self.first, self.second)
        for share in (0.2, 0.5, 0.999):
            leaver = Connection(self.server.port)
            leaver.socket.sendall(whole[:int(len(whole) * share)])
            leaver.close()
        connection = self.connect()
        connection.socket.sendall(whole)
        self.check(connection)

    def test_a_body_that_is_refused_midway_harms_nobody(self):
        """A short rest is read and thrown away, a long one costs the connection."""
        def wrong(*tensors):
            return request(*tensors).replace(b'"name": "B"', b'"name": "Z"', 1)

        connection = self.connect()
        connection.socket.sendall(wrong(self.first[:20_000], self.second[:40_000]))
        self.assertEqual(connection.answer()[0], 400)
        connection.socket.sendall(request(self.first, self.second))
        self.check(connection)
        connection.socket.sendall(wrong(self.first, self.second))
        self.assertEqual(connection.answer()[0], 400)
        connection = self.connect()
        connection.socket.sendall(request(self.first, self.second))
        self.check(connection)


if __name__ == "__main__":
    unittest.main()
