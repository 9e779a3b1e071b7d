"""What gRPC clients do by mistake or by malice: the connection goes, the server stays as it was."""

import gzip
import os
import struct
import time
import unittest

from support.apus_server import ApusServer, fixture
from support.http2 import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    FRAME_SIZE_ERROR, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, Frames, frame, head, literal, message)


def resident_mebibytes(process):
    with open(f"/proc/{process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class GRPCAttacksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ApusServer(
            fixture("add-sub"), "--header-timeout", "1s", "--body-grace", "1s", "--idle-timeout", "2s",
            "--connections-max", "20", "--waiting-bytes-max", "16MiB", grpc=True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.before = resident_mebibytes(self.server.process)

    def tearDown(self):
        """The server lives, answers others, and has not grown."""
        self.assertIsNone(self.server.process.poll())
        deadline = time.monotonic() + 20
        while True:
            with Frames(self.server) as frames:
                if frames.trailers(frames.call()):
                    break
            self.assertLess(time.monotonic(), deadline, "no more answers")
            time.sleep(0.1)
        self.assertLess(resident_mebibytes(self.server.process) - self.before, 48)

    def assert_cut(self, frames, *codes):
        """The connection is closed by the server, saying why."""
        self.assertIn(frames.farewell(), codes)

    # Frames that are wrong.

    def test_no_preface(self):
        for garbage in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4, os.urandom(4096), PREFACE[:-1] + b"x" * 40):
            with self.subTest(garbage[:8]), Frames(self.server, handshake=False) as frames:
                frames.send_all(garbage)
                self.assert_cut(frames, PROTOCOL_ERROR, None)

    def test_malformed_frames(self):
        wrong = {
            "settings of 5 bytes": frame(SETTINGS, 0, 0, b"12345"),
            "settings on a stream": frame(SETTINGS, 0, 1),
            "ping of 7 bytes": frame(PING, 0, 0, b"1234567"),
            "data before headers": frame(DATA, 0, 1, b"x"),
            "headers on stream 0": frame(HEADERS, END_HEADERS, 0, head()),
            "headers on an even stream": frame(HEADERS, END_HEADERS | END_STREAM, 2, head()),
            "continuation out of nowhere": frame(CONTINUATION, END_HEADERS, 1, head()),
            "a window grown beyond its bound": frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2,
            "a push from a client": frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + head()),
            "a broken header block": frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            "an index out of the table": frame(HEADERS, END_HEADERS, 1, b"\xfe"),
        }
        for name, data in wrong.items():
            with self.subTest(name), Frames(self.server) as frames:
                frames.send_all(data)
                self.assertIsNotNone(frames.farewell(), "closed without GOAWAY")

    def test_a_frame_over_the_size_that_was_agreed(self):
        with Frames(self.server) as frames:
            stream = frames.call(body=None)
            frames.send_all(struct.pack(">I", (1 << 20) + 1)[1:] + struct.pack(">BBI", DATA, 0, stream) + b"x" * 4096)
            self.assert_cut(frames, FRAME_SIZE_ERROR, PROTOCOL_ERROR)

    def test_streams_that_go_backwards(self):
        with Frames(self.server) as frames:
            frames.send(frame(HEADERS, END_HEADERS | END_STREAM, 5, head()))
            frames.send_all(frame(HEADERS, END_HEADERS | END_STREAM, 3, head()))
            self.assert_cut(frames, PROTOCOL_ERROR)

    def test_headers_that_http2_forbids(self):
        for name, block in {
            "upper case": head() + literal("X-Name", "1"), "no path": literal(":method", "POST") + literal(":scheme", "http"),
            "connection": head() + literal("connection", "close"), "pseudo after plain": head() + literal(":path", "/x"),
            "te": head() + literal("te", "gzip"), "line end": head() + literal("x", "a\nb"), "strange pseudo": literal(
                ":status", "200") + head(), "path twice": literal(":path", "/x") + head(), "no scheme": literal(":method", "POST") + literal(":path", "/x"),
        }.items():
            with self.subTest(name), Frames(self.server) as frames:
                frames.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
                found = frames.read_until(RST_STREAM, 1)
                self.assertIsNotNone(found, "the call was not reset")

    def test_many_calls_that_http2_forbids(self):
        with Frames(self.server) as frames:
            for n in range(200):
                if not frames.send_all(frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, head() + literal("X", "1"))):
                    break
            self.assert_cut(frames, ENHANCE_YOUR_CALM, None)

    # Too much of it.

    def test_header_bomb(self):
        """One large header in the dynamic table, then references to it: a few bytes each."""
        name, value = b"x" * 30, b"y" * 3_900
        first = b"\x40" + bytes([len(name)]) + name + b"\x7f" + bytes([0x80 | (3_900 - 127) % 128, (3_900 - 127) // 128]) + value
        with Frames(self.server) as frames:
            frames.send_all(frame(HEADERS, END_HEADERS | END_STREAM, 1, head() + first + b"\xbe" * 12_000))
            self.assert_cut(frames, PROTOCOL_ERROR, ENHANCE_YOUR_CALM, 9)

    def test_headers_over_the_limit(self):
        block = head() + b"".join(literal(f"name-{n}", "v" * 100) for n in range(400))
        parts = [block[n:n + 16_000] for n in range(0, len(block), 16_000)]
        with Frames(self.server) as frames:
            frames.send(frame(HEADERS, END_STREAM, 1, parts[0]))
            for part in parts[1:]:
                frames.send_all(frame(CONTINUATION, 0 if part is not parts[-1] else END_HEADERS, 1, part))
            self.assert_cut(frames, PROTOCOL_ERROR, ENHANCE_YOUR_CALM)

    def test_continuation_flood(self):
        with Frames(self.server) as frames:
            frames.send(frame(HEADERS, 0, 1, head()))
            for n in range(1_000):
                if not frames.send_all(frame(CONTINUATION, 0, 1, literal(f"n{n}", "v")) * 50):
                    break
            self.assert_cut(frames, ENHANCE_YOUR_CALM, None)

    def test_packed_bombs(self):
        """Messages of a few kilobytes that are megabytes when unpacked, faster than they can be decoded."""
        size = 1 << 20
        # An unknown field of so many bytes behind the model's name.
        plain = b"\x0a\x07add-sub\xa2\x06" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128,
                                                     size >> 21]) + bytes(size)
        bomb = message(gzip.compress(plain), 1)
        count = 300
        with Frames(self.server) as frames:
            frames.read_until(WINDOW_UPDATE)
            stream = frames.call("ModelStreamInfer", body=None, grpc_encoding="gzip")
            for _ in range(count):
                frames.send(frame(DATA, 0, stream, bomb))
            frames.send(frame(DATA, END_STREAM, stream))
            peak, refused, missing = 0, 0, 0
            while refused + missing < count:
                kind, _, _, payload = frames.read()
                peak = max(peak, resident_mebibytes(self.server.process))
                if kind == DATA:
                    refused += b"waiting bytes" in payload
                    missing += b"is missing" in payload
        self.assertGreater(missing, 0)
        self.assertGreater(refused, 0)
        self.assertLess(peak - self.before, 100)

    def test_rapid_reset(self):
        with Frames(self.server) as frames:
            for start in range(1, 40_001, 200):
                burst = b"".join(
                    frame(HEADERS, END_HEADERS, n, head()) + frame(RST_STREAM, 0, n, struct.pack(">I", 8))
                    for n in range(start, start + 200, 2))
                if not frames.send_all(burst):
                    break
            self.assert_cut(frames, ENHANCE_YOUR_CALM, None)

    def flood(self, data, times=40_000, *codes):
        with Frames(self.server) as frames:
            for _ in range(times // 1_000):
                if not frames.send_all(data * 1_000):
                    break
            self.assert_cut(frames, ENHANCE_YOUR_CALM, *codes)

    def test_settings_flood(self):
        self.flood(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)), 40_000, None)

    def test_ping_flood(self):
        self.flood(frame(PING, 0, 0, b"12345678"), 40_000, None)

    def test_priority_flood(self):
        self.flood(frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 1)), 40_000, None)

    def test_window_update_flood(self):
        self.flood(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)), 60_000, None)

    def test_empty_data_flood(self):
        with Frames(self.server) as frames:
            stream = frames.call("ModelInfer", body=None)
            for _ in range(40):
                if not frames.send_all(frame(DATA, 0, stream) * 1_000):
                    break
            self.assert_cut(frames, ENHANCE_YOUR_CALM, None)

    def test_pings_that_keep_an_honest_connection_alive(self):
        with Frames(self.server) as frames:
            for n in range(30):
                frames.send(frame(PING, 0, 0, struct.pack(">Q", n)))
                while True:
                    kind, flags, _, payload = frames.read()
                    if kind == PING and flags & ACK:
                        break
                self.assertEqual(payload, struct.pack(">Q", n))
            self.assertTrue(frames.trailers(frames.call()))

    # Too slow.

    def test_a_client_that_never_begins(self):
        with Frames(self.server, handshake=False) as frames:
            self.assertIsNone(frames.farewell())

    def test_an_idle_connection_is_told_to_go(self):
        with Frames(self.server) as frames:
            self.assertTrue(frames.trailers(frames.call()))
            self.assertEqual(frames.farewell(), 0)

    def test_a_message_that_trickles(self):
        with Frames(self.server) as frames:
            stream = frames.call("ModelInfer", body=message(b"x" * 100_000)[:50], end=False)
            self.assertTrue(frames.trailers(stream))

    def test_answers_that_nobody_takes(self):
        """Windows of nothing: the answer waits for a while, then the call is reset."""
        with Frames(self.server, 30, handshake=False) as frames:
            frames.send(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)))
            stream = frames.call("ServerMetadata")
            while (found := frames.read()) is not None:
                self.assertNotEqual(found[0], DATA)
                if found[0] in (RST_STREAM, GOAWAY):
                    break
            self.assertTrue(found is None or found[2] in (stream, 0))

    def test_more_connections_than_allowed(self):
        held = []
        try:
            # Connections of the test before may still be there, so one of the first 21 is over. We send
            # nothing, as the system drops an answer where something is left unread.
            for _ in range(21):
                held.append(Frames(self.server, handshake=False))
                if held[-1].socket.recv(64).startswith(b"HTTP/1.1 503 "):
                    return
            self.fail("all were taken")
        finally:
            for frames in held:
                frames.socket.close()

    def test_more_calls_than_allowed(self):
        """256 were agreed on; the one over that is a client that does not keep to it."""
        with Frames(self.server) as frames:
            frames.read_until(SETTINGS)
            frames.send(frame(SETTINGS, ACK, 0))
            for _ in range(257):
                frames.call("ModelInfer", body=None)
            self.assert_cut(frames, PROTOCOL_ERROR)


if __name__ == "__main__":
    unittest.main()
