"""What a client sees when it sends something wrong: a status, a sentence that helps, and a server
that goes on."""

import json
import pathlib
import shutil
import socket
import struct
import tempfile
import time
import unittest
import zlib

from support.apus_server import ApusServer, fixture
from support.raw import RawConnection, exchange, request

INFER = "/v2/models/identity-FP32/infer"


def tensor(**changes):
    return {"name": "INPUT0", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2.5]} | changes


def infer(*inputs, **fields):
    return {"inputs": list(inputs) or [tensor()]} | fields


def png_head(width, height):
    """A PNG that claims a size and has next to nothing in it."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        models = []
        for name in ["identity-FP32", "identity-INT8", "identity-BYTES", "identity-UINT8",
                     "fails-at-run", "yolo-v8-layout", "yolo-segment", "slow"]:
            shutil.copy(fixture(name), cls.folder)
            models.append(cls.folder / f"{name}.onnx")
        cls.server = ApusServer(
            *models, "--body-bytes-max", "1MiB", "--header-timeout", "2s", "--body-grace", "1s",
            "--body-rate-min", "1KiB/s", "--idle-timeout", "4s", "--waiting-requests-max", "2",
            "--instances", "1", "--header-bytes-max", "8KiB")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def tearDown(self):
        answer = exchange(self.server, INFER, infer())
        self.assertEqual(answer.status, 200, "the server must go on")

    def refused(self, status, words, path=INFER, body=None, method="POST", headers=()):
        answer = exchange(self.server, path, infer() if body is None else body, method, headers)
        self.assertEqual(answer.status, status, answer)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, answer.error)
        self.assertTrue(answer.headers.get("x-request-id"))
        return answer

    def test_unknown_model_or_version(self):
        self.refused(404, ["no-such", "identity-FP32"], path="/v2/models/no-such/infer")
        self.refused(404, "7", path="/v2/models/identity-FP32/versions/7/infer")
        self.refused(404, "", path="/v2/models/%00%ff/infer")
        self.refused(404, "/v2", path="/v3/what")

    def test_wrong_method(self):
        answer = self.refused(405, "POST", method="DELETE")
        self.assertIn("POST", answer.headers["allow"])

    def test_tensors_that_do_not_fit(self):
        for words, change in [
            (["INPUT9", "INPUT0"], {"name": "INPUT9"}),
            (["FP32", "INT32"], {"datatype": "INT32"}),
            ("FP99", {"datatype": "FP99"}),
            ("shape", {"shape": [2]}),
            ("shape", {"shape": [1, 1, 2]}),
            (["3", "2"], {"shape": [1, 3]}),
            ("INPUT0", {"shape": [-1, 2]}),
            ("INPUT0", {"shape": [2**62, 2**62]}),
            ("8", {"shape": [1] * 200}),
            ("INPUT0", {"data": [[1], [2, 3]]}),
            ("INPUT0", {"data": ["a", "b"]}),
            ("INPUT0", {"data": [True, False]}),
            ("INPUT0", {"data": [None, 1]}),
            ("INPUT0", {"data": None}),
            ("data", {"data": {}}),
        ]:
            with self.subTest(change=change):
                self.refused(400, words, body=infer(tensor(**change)))

    def test_fields_that_are_missing_or_given_twice(self):
        for words, body in [
            ("inputs", {}), ("inputs", {"inputs": 3}), ("INPUT0", {"inputs": []}),
            ("INPUT0", infer(tensor(), tensor())),
            ("OUTPUT9", infer(outputs=[{"name": "OUTPUT9"}])),
            ("name", infer({"shape": [1, 2], "datatype": "FP32", "data": [1, 2]})),
        ]:
            with self.subTest(body=body):
                self.refused(400, words, body=body)

    def test_what_is_not_json(self):
        good = json.dumps(infer())
        for words, body in [
            ("JSON", good[:40]), ("JSON", good + "x"), ("JSON", ""), ("JSON", "\x00"),
            ("JSON", good.replace("1.5", "01.5")), ("JSON", good.replace("1.5", "1.")),
            ("JSON", good.replace("1.5", "+1.5")), ("string", good.replace('"INPUT0"', "'INPUT0'")),
            ("JSON", good.replace("INPUT0", "\\ud800")),
            ("nested", '{"other":' + "[" * 1000 + "]" * 1000 + "}"),
        ]:
            with self.subTest(body=body[:60]):
                self.refused(400, words, body=body)
        self.refused(400, "JSON", body=good.encode().replace(b"INPUT0", b"\xff\xfe"))

    def test_numbers_that_no_tensor_holds(self):
        good = json.dumps(infer())
        for words, number in [("binary", "NaN"), ("binary", "Infinity"), ("binary", "-Infinity"),
                              ("FP32", "1e400"), ("FP32", "1e39"), ("FP32", "-1e39")]:
            with self.subTest(number=number):
                self.refused(400, words, body=good.replace("1.5", number))
        int8 = "/v2/models/identity-INT8/infer"
        for number in ["128", "-129", "1.5", "1e3"]:
            with self.subTest(number=number):
                body = json.dumps(infer(tensor(datatype="INT8", data=[0, 1]))).replace("[0,", f"[{number},")
                self.refused(400, "INT8", path=int8, body=body)
        self.refused(400, "INPUT0", path="/v2/models/identity-BYTES/infer",
                     body=infer(tensor(datatype="BYTES", data=[1, 2])))

    def test_binary_lengths_that_contradict(self):
        head = json.dumps(infer({"name": "INPUT0", "datatype": "FP32", "shape": [1, 2],
                                 "parameters": {"binary_data_size": 8}})).encode()
        def send(body, length):
            return self.refused(400, "", body=body, headers=[f"Inference-Header-Content-Length: {length}"])
        send(head + bytes(8), len(head) + 1000)
        send(head + bytes(8), "x")
        send(head + bytes(8), -1)
        send(head + bytes(7), len(head))
        send(head + bytes(9), len(head))
        send(head.replace(b'"binary_data_size": 8', b'"binary_data_size": 12') + bytes(12), len(head) + 1)
        strings = json.dumps(infer({"name": "INPUT0", "datatype": "BYTES", "shape": [1, 1],
                                    "parameters": {"binary_data_size": 8}})).encode()
        self.refused(400, "", path="/v2/models/identity-BYTES/infer",
                     body=strings + struct.pack("<I", 99) + b"abcd",
                     headers=[f"Inference-Header-Content-Length: {len(strings)}"])

    def test_bodies_over_the_limit(self):
        self.refused(413, "1048576", body=bytes(2 << 20))
        with RawConnection(self.server) as connection:  # declared, never sent
            connection.send(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".encode())
            self.assertEqual(connection.answer().status, 413)
        with RawConnection(self.server) as connection:  # streamed
            connection.send(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            try:
                for _ in range(40):
                    connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
            except ConnectionError:
                pass
            self.assertEqual(connection.answer().status, 413)

    def test_a_bomb_of_zeros(self):
        bomb = zlib.compress(b" " * (200 << 20), 9)
        self.refused(413, "1048576", body=bomb, headers=["Content-Encoding: deflate"])

    def test_encodings(self):
        self.refused(415, "br", headers=["Content-Encoding: br"])
        self.refused(400, "gzip", body=b"not gzip at all", headers=["Content-Encoding: gzip"])

    def test_framing_that_contradicts_itself(self):
        body = json.dumps(infer()).encode()
        for lines in [
            [f"Content-Length: {len(body)}", f"Content-Length: {len(body) + 1}"],
            [f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"],
            ["Content-Length: -5"], ["Content-Length: 5x"], ["Transfer-Encoding: gzip"],
        ]:
            with self.subTest(lines=lines), RawConnection(self.server) as connection:
                head = "\r\n".join([f"POST {INFER} HTTP/1.1", "Host: localhost", *lines])
                connection.send(head.encode() + b"\r\n\r\n" + body)
                answer = connection.answer()
                self.assertEqual(answer.status // 100, 4, answer)
                self.assertTrue(connection.is_closed())

    def test_heads_that_are_no_http(self):
        for data in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HELLO\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\nHost localhost\r\n\r\n"]:
            with self.subTest(data=data), RawConnection(self.server) as connection:
                connection.send(data)
                answer = connection.answer()
                self.assertTrue(answer is None or answer.status // 100 in (4, 5), answer)

    def test_a_head_over_the_limit(self):
        with RawConnection(self.server) as connection:
            connection.send(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 20000 + b"\r\n\r\n")
            self.assertEqual(connection.answer("GET").status, 431)

    def test_a_stranger_may_not_drive_this_server(self):
        self.refused(403, "evil.example", headers=["Origin: https://evil.example"])
        with RawConnection(self.server) as connection:
            connection.send(b"GET /v2 HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            self.assertIn(connection.answer("GET").status, (403, 421))

    def test_expectations(self):
        with RawConnection(self.server) as connection:
            body = json.dumps(infer()).encode()
            connection.send(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode())
            self.assertEqual(connection._until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
            connection.send(body)
            self.assertEqual(connection.answer().status, 200)
        self.refused(417, "", headers=["Expect: 200-perhaps"])

    def test_what_is_no_photo(self):
        detect = "/v2/models/yolo-v8-layout/detect"
        self.refused(400, "", path=detect, body=b"hello", headers=["Content-Type: image/jpeg"])
        self.refused(400, "", path=detect, body=b"", headers=["Content-Type: image/jpeg"])
        whole = png_head(64, 64)
        self.refused(400, "", path=detect, body=whole[: len(whole) // 2], headers=["Content-Type: image/png"])
        self.refused(413, "50000", path=detect, body=png_head(50_000, 50_000), headers=["Content-Type: image/png"])
        self.refused(400, "image", path=detect, body={"parameters": {}}, headers=["Content-Type: application/json"])
        self.refused(400, "base64", path=detect, body={"image": {"b64": "!!!"}}, headers=["Content-Type: application/json"])
        self.refused(400, "confidence", path=detect + "?confidence=7", body=png_head(8, 8), headers=["Content-Type: image/png"])
        self.refused(400, "image", path=detect, body=b"hello", headers=["Content-Type: text/plain"])
        self.refused(400, "", path=detect, body=b"--x\r\nbroken", headers=["Content-Type: multipart/form-data; boundary=x"])

    def test_a_task_that_the_model_has_not(self):
        photo = ["Content-Type: image/png"]
        self.refused(400, "segment", path="/v2/models/yolo-segment/detect", body=png_head(8, 8), headers=photo)
        self.refused(400, "classify", path="/v2/models/yolo-v8-layout/classify", body=png_head(8, 8), headers=photo)
        self.refused(400, "detect", path="/v2/models/identity-FP32/detect", body=png_head(8, 8), headers=photo)

    def test_a_run_that_fails(self):
        body = infer(tensor(datatype="INT64", shape=[1], data=[99]))
        answer = exchange(self.server, "/v2/models/fails-at-run/infer", body)
        self.assertIn(answer.status, (400, 500))
        self.assertIn("idx=99", answer.error)

    def test_a_client_that_sends_one_byte_a_second(self):
        with RawConnection(self.server) as connection:
            connection.send(b"POST /v2")
            self.assertEqual(self.drip(connection, b" HTTP/1.1\r\n" * 9), 408)
        with RawConnection(self.server) as connection:
            connection.send(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n".encode())
            self.assertEqual(self.drip(connection, b"{" * 99), 408)

    def drip(self, connection, data):
        """Sends a byte every second until an answer comes; 12 seconds at most."""
        connection.socket.settimeout(1)
        for byte in data[:12]:
            try:
                connection.send(bytes([byte]))
                answer = connection.answer()
                return answer and answer.status
            except (TimeoutError, socket.timeout):
                continue
            except ConnectionError:
                return None
        return "nothing came"

    def test_two_thousand_connections_that_send_nothing(self):
        idle = [socket.create_connection(("127.0.0.1", self.server.port), 20) for _ in range(2000)]
        try:
            began = time.monotonic()
            self.assertEqual(exchange(self.server, INFER, infer()).status, 200)
            self.assertLess(time.monotonic() - began, 5)
            idle[0].settimeout(30)
            self.assertEqual(idle[0].recv(1), b"", "an idle connection is closed in time")
        finally:
            for each in idle:
                each.close()

    def test_a_full_queue_and_a_client_that_leaves(self):
        slow = infer({"name": "iterations", "datatype": "INT64", "shape": [1], "data": [3000]})
        path = "/v2/models/slow/infer"
        one = infer({"name": "iterations", "datatype": "INT64", "shape": [1], "data": [1]})
        self.assertEqual(exchange(self.server, path, one).status, 200)  # nothing runs any more
        connections = [RawConnection(self.server, 60) for _ in range(5)]
        try:
            for connection in connections:
                connection.send(request(path, slow))
                time.sleep(0.1)  # the order of arrival is what is tested
            refused = [c.answer() for c in connections[3:]]
            self.assertEqual([a.status for a in refused], [429, 429])
            self.assertGreaterEqual(int(refused[0].headers["retry-after"]), 1)
            connections[1].close()  # leaves while it waits: its place is free again
            time.sleep(0.2)
            with RawConnection(self.server, 60) as newcomer:
                newcomer.send(request(path, slow))
                self.assertEqual(connections[0].answer().status, 200)
                self.assertEqual(connections[2].answer().status, 200)
                self.assertEqual(newcomer.answer().status, 200)
        finally:
            for connection in connections:
                connection.close()

    def test_a_client_that_leaves_while_its_request_runs(self):
        slow = infer({"name": "iterations", "datatype": "INT64", "shape": [1], "data": [300]})
        with RawConnection(self.server) as connection:
            connection.send(request("/v2/models/slow/infer", slow))
            time.sleep(0.1)
        self.assertEqual(exchange(self.server, "/v2/models/slow/infer", slow).status, 200)

    def test_a_deadline(self):
        slow = infer({"name": "iterations", "datatype": "INT64", "shape": [1], "data": [2000]},
                     parameters={"timeout": 50_000})
        began = time.monotonic()
        self.refused(504, "", path="/v2/models/slow/infer", body=slow)
        self.assertLess(time.monotonic() - began, 1)

    def test_a_model_file_removed_or_cut_while_it_is_served(self):
        (self.folder / "identity-INT8.onnx").unlink()
        with open(self.folder / "identity-UINT8.onnx", "r+b") as file:
            file.truncate(10)
        for name in ["INT8", "UINT8"]:
            answer = exchange(self.server, f"/v2/models/identity-{name}/infer",
                              infer(tensor(datatype=name, data=[1, 2])))
            self.assertEqual(answer.status, 200)

    def test_ten_thousand_requests_in_one_breath(self):
        one = request(INFER, infer())
        with RawConnection(self.server, 60) as connection:
            connection.socket.setblocking(True)
            sent = 0
            for _ in range(20):
                connection.send(one * 500)
                for _ in range(500):
                    self.assertEqual(connection.answer().status, 200)
                    sent += 1
            self.assertEqual(sent, 10_000)


if __name__ == "__main__":
    unittest.main()
