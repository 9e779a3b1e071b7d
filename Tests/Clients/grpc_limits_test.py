"""What an operator sets of gRPC's connections: sizes, windows, keep-alive, pings and age; as frames on a
socket, and as tritonclient sees it."""

import struct
import threading
import time
import unittest

import grpc
import numpy as np
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from support.apus_server import ApusServer, fixture
from support.http2 import ACK, ENHANCE_YOUR_CALM, GOAWAY, PING, SETTINGS, Frames, frame


def echo(client, count):
    """Whether a tensor of so many numbers comes back as it was."""
    values = np.arange(count, dtype=np.float32).reshape(1, count)
    tensor = triton.InferInput("INPUT0", [1, count], "FP32")
    tensor.set_data_from_numpy(values)
    return np.array_equal(client.infer("identity-FP32", [tensor]).as_numpy("OUTPUT0"), values)


class GRPCSizesTest(unittest.TestCase):
    def test_messages_windows_and_calls(self):
        with ApusServer(fixture("identity-FP32"), "--grpc-message-bytes-max", "1MiB", "--grpc-window-bytes", "65535",
                        "--grpc-streams-max", "3", grpc=True) as server:
            with Frames(server) as frames:
                settings = frames.read_until(SETTINGS)[3]
                found = dict(struct.iter_unpack(">HI", settings))
                self.assertEqual((found[3], found[4]), (3, 65_535))
            with triton.InferenceServerClient(server.grpc_url) as client:
                # More than the window, less than the message.
                self.assertTrue(echo(client, 200_000))
                with self.assertRaises(InferenceServerException) as raised:
                    echo(client, 300_000)
                self.assertEqual(raised.exception.status(), "StatusCode.RESOURCE_EXHAUSTED")
                self.assertIn("1048576", raised.exception.message())

    def test_without_a_size_of_its_own_that_of_bodies_counts(self):
        with ApusServer(fixture("identity-FP32"), "--body-bytes-max", "1MiB", grpc=True) as server:
            with triton.InferenceServerClient(server.grpc_url) as client:
                with self.assertRaises(InferenceServerException):
                    echo(client, 300_000)


class GRPCKeepAliveTest(unittest.TestCase):
    def test_who_answers_stays_and_who_does_not_is_closed(self):
        with ApusServer(
            fixture("add-sub"), "--grpc-keepalive-time", "1s", "--grpc-keepalive-timeout", "1s",
            "--grpc-keepalive-permit-without-calls", "--grpc-http2-max-pings-without-data", "0", grpc=True,
        ) as server:
            with Frames(server) as frames:
                for _ in range(3):
                    question = frames.read_until(PING)
                    self.assertEqual(question[1] & ACK, 0)
                    frames.send(frame(PING, ACK, 0, question[3]))
                self.assertTrue(frames.trailers(frames.call()))
                question, start = frames.read_until(PING), time.monotonic()
                self.assertIsNotNone(question)
                # No answer: no GOAWAY, which nobody would read.
                self.assertIsNone(frames.read_until(GOAWAY))
                self.assertLess(time.monotonic() - start, 10)

    def test_questions_without_data_are_few(self):
        with ApusServer(fixture("add-sub"), "--grpc-keepalive-time", "1s", "--grpc-keepalive-permit-without-calls",
                        "--idle-timeout", "6s", grpc=True) as server:
            with Frames(server) as frames:
                count = 0
                while (found := frames.read()) is not None and found[0] != GOAWAY:
                    if found[0] == PING:
                        count += 1
                        frames.send(frame(PING, ACK, 0, found[3]))
                self.assertEqual(count, 2)

    def test_a_client_that_asks_too_often_is_sent_away(self):
        with ApusServer(fixture("add-sub"), "--grpc-http2-max-ping-strikes", "2",
                        "--grpc-http2-min-recv-ping-interval-without-data", "1m", grpc=True) as server:
            with Frames(server) as frames:
                # The first is none too soon, and after an answer all is forgiven.
                for _ in range(3):
                    for _ in range(3):
                        frames.send(frame(PING, 0, 0, bytes(8)))
                    self.assertTrue(frames.trailers(frames.call()))
                frames.send(frame(PING, 0, 0, bytes(8)) * 4)
                self.assertEqual(frames.farewell(), ENHANCE_YOUR_CALM)


class GRPCAgeTest(unittest.TestCase):
    def test_a_connection_of_age_takes_no_more_calls_and_its_calls_end(self):
        with ApusServer(fixture("slow"), "--instances", "1", "--grpc-max-connection-age", "1s", grpc=True) as server:
            with Frames(server) as frames:
                self.assertTrue(frames.trailers(frames.call()))
                self.assertEqual(frames.farewell(), 0)
            # A client of gRPC goes on by another connection, and loses nothing.
            with grpc.insecure_channel(server.grpc_url) as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                limit = time.monotonic() + 4
                while time.monotonic() < limit:
                    self.assertTrue(stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=20).live)

    def test_calls_that_outlast_the_grace_are_cut(self):
        with ApusServer(fixture("slow"), "--instances", "1", "--grpc-max-connection-age", "1s",
                        "--grpc-max-connection-age-grace", "1s", grpc=True) as server:
            with grpc.insecure_channel(server.grpc_url) as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                # A stream with nothing to say lasts as long as its client wants.
                end = threading.Event()
                with self.assertRaises(grpc.RpcError) as raised:
                    list(stub.ModelStreamInfer(iter(end.wait, True), timeout=25))
                end.set()
                self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    unittest.main()
