"""TLS, client certificates and Unix-domain sockets, as Python's ssl, requests and curl see them."""

import concurrent.futures
import contextlib
import http.client
import json
import math
import os
import pathlib
import random
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest

import requests

from support.apus_server import ApusServer, fixture
from support.certificates import Certificates, TLSServer, connect, eventually, serial


def request_for(metadata):
    """Zeros for every input of a model."""
    inputs = []
    for tensor in metadata["inputs"]:
        shape = [max(length, 1) for length in tensor["shape"]]
        inputs.append({"name": tensor["name"], "datatype": tensor["datatype"], "shape": shape,
                       "data": [0] * math.prod(shape)})
    return {"inputs": inputs}


class TLSTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = Certificates()
        cls.server = cls.made.server().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_requests_is_answered_within_tls(self):
        with requests.Session() as session:
            # Variables of this machine may name other authorities.
            session.trust_env = False
            session.verify = str(self.made["ca.pem"])
            self.assertEqual(session.get(self.server.url + "/v2/health/live").json(), {"live": True})
            metadata = session.get(self.server.url + "/v2/models/add-sub").json()
            self.assertEqual(metadata["name"], "add-sub")
            answer = session.post(
                self.server.url + "/v2/models/add-sub/infer", json=request_for(metadata))
            self.assertEqual(answer.status_code, 200, answer.text)
            # A page of several records.
            page = session.get(self.server.url + "/", headers={"Accept-Encoding": "identity"})
            self.assertEqual(page.status_code, 200)
            self.assertEqual(len(page.content), int(page.headers["Content-Length"]))

    def test_curl_is_answered(self):
        answer = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", self.made["ca.pem"],
             f"https://localhost:{self.server.port}/v2/health/ready"], capture_output=True, text=True)
        self.assertEqual(answer.stdout, '{"ready":true}', answer.stderr)

    def test_http_1_1_is_agreed_on(self):
        context = self.made.context()
        context.set_alpn_protocols(["h3", "http/1.1"])
        with connect(self.server, context) as connection:
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")

    def test_nothing_below_1_2_is_spoken(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                context = self.made.context(maximum_version=version, minimum_version=version)
                with connect(self.server, context) as connection:
                    self.assertEqual(connection.version(), version.name.replace("_", "."))
        context = self.made.context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connect(self.server, context)

    def test_a_plain_client_is_told_so_and_harms_nobody(self):
        answer = requests.get(self.server.url.replace("https", "http") + "/v2/health/live")
        self.assertEqual(answer.status_code, 400)
        self.assertIn("this port speaks TLS", answer.text)
        # In pieces, with a body that nobody reads, and what is no protocol at all.
        for pieces in ([b"P", b"O", b"ST / HTTP/1.1\r\n", b"x" * 1_000_000], [b"\0\1\2\3"]):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as plain:
                rest = b""
                with contextlib.suppress(ConnectionError):
                    for piece in pieces:
                        plain.sendall(piece)
                        time.sleep(0.05)
                    while part := plain.recv(4096):
                        rest += part
                self.assertNotIn(b"200", rest)
        self.assertEqual(
            requests.get(self.server.url + "/v2/health/live", verify=self.made["ca.pem"]).status_code, 200)

    def test_one_that_does_not_end_the_handshake_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as silent:
            start = time.monotonic()
            with contextlib.suppress(ConnectionError):
                self.assertEqual(silent.recv(1), b"")
            self.assertTrue(8 < time.monotonic() - start < 16)

    def test_many_requests_one_after_the_other(self):
        connection = http.client.HTTPSConnection("localhost", self.server.port, context=self.made.context())
        for _ in range(200):
            connection.request("GET", "/v2/health/live")
            self.assertEqual(connection.getresponse().read(), b'{"live":true}')
        connection.close()

    def test_a_refused_body_gets_its_answer(self):
        with connect(self.server, self.made.context()) as connection:
            connection.sendall(b"POST /v2/models/add-sub/infer HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Length: 999999999\r\n\r\n" + b" " * 100_000)
            answer = b""
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                while part := connection.recv(4096):
                    answer += part
            self.assertIn(b" 413 ", answer.split(b"\r\n")[0])

    def test_tensors_of_megabytes_come_and_go_whole(self):
        count = 3 * 640 * 640
        values = random.Random(1).randbytes(count * 4)
        # Not every pattern of bits is a number that is equal to itself, so bytes are compared.
        head = json.dumps({"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [1, count], "parameters": {
            "binary_data_size": len(values)}}], "parameters": {"binary_data_output": True}}).encode()

        def ask(_):
            connection = http.client.HTTPSConnection("localhost", self.server.port, context=self.made.context())
            for _ in range(3):
                connection.request("POST", "/v2/models/identity-FP32/infer", body=head + values, headers={
                    "Inference-Header-Content-Length": str(len(head))})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or body[int(answer.headers["Inference-Header-Content-Length"]):] != values:
                    return body[:300]
            connection.close()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(ask, range(4))), [None] * 4)


class ReloadTest(unittest.TestCase):
    def test_a_new_certificate_is_used_without_a_restart(self):
        made = Certificates()
        with made.server() as server:
            context = made.context()
            first = serial(server, context)
            with connect(server, context) as old:
                made.make("server", "subjectAltName=DNS:localhost")
                self.assertTrue(eventually(lambda: serial(server, context) != first))
                # The connection from before goes on.
                old.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertIn(b"200", old.recv(4096))
            second = serial(server, context)
            # What cannot be used changes nothing.
            made["server.key"].write_text("no key")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: "stays as it was" in server.log), server.log)
            self.assertEqual(serial(server, context), second)
            made.make("server", "subjectAltName=DNS:localhost")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: serial(server, context) not in (first, second)))


class ClientCertificateTest(unittest.TestCase):
    def test_only_clients_with_a_certificate_are_answered(self):
        made, strangers = Certificates(), Certificates()
        with made.server("--tls-client-ca", made["ca.pem"]) as server:
            live = server.url + "/v2/health/live"
            own = (str(made["client.pem"]), str(made["client.key"]))
            self.assertEqual(requests.get(live, verify=made["ca.pem"], cert=own).status_code, 200)
            with self.assertRaises(requests.ConnectionError):
                requests.get(live, verify=made["ca.pem"])
            foreign = (str(strangers["client.pem"]), str(strangers["client.key"]))
            with self.assertRaises(requests.ConnectionError):
                requests.get(live, verify=made["ca.pem"], cert=foreign)


class FilesTest(unittest.TestCase):
    """What is wrong with the files is said before anything is served."""

    def refusal(self, *arguments):
        with self.assertRaises(RuntimeError) as caught:
            TLSServer(fixture("add-sub"), *arguments).__enter__()
        return str(caught.exception)

    def test_each_fault_names_its_file(self):
        made, other = Certificates(), Certificates()
        empty = made["empty.pem"]
        empty.write_text("")
        cases = [
            (made["missing.pem"], made["server.key"], "missing.pem: cannot be read: No such file"),
            (made.folder, made["server.key"], "cannot be read: it is no file"),
            (empty, made["server.key"], "empty.pem: expected certificates in PEM"),
            (made["server.pem"], empty, "empty.pem: expected a private key in PEM"),
            (made["server.pem"], other["server.key"], "the key does not belong to the certificate"),
        ]
        for certificate, key, expected in cases:
            with self.subTest(expected):
                self.assertIn(expected, self.refusal("--tls-certificate", certificate, "--tls-key", key))
        made.make("server", "subjectAltName=DNS:localhost", days=-1)
        with made.server() as server:
            self.assertTrue(eventually(lambda: "server.pem has expired" in server.log), server.log)
        self.assertIn("TLS needs both", self.refusal("--tls-certificate", made["server.pem"]))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def get(path, target="/v2/health/live", method="GET", body=None):
    connection = UnixConnection(path)
    connection.request(method, target, body)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


class UnixSocketTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.path = self.folder / "apus.sock"

    def server(self, *arguments):
        return ApusServer(fixture("add-sub"), "--http-socket", self.path, *arguments)

    def test_it_answers_has_its_permissions_and_goes_with_the_server(self):
        with self.server("--socket-mode", "660", "--access-log", "all") as server:
            self.assertEqual(get(self.path).status, 200)
            self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
            answer = subprocess.run(
                ["curl", "--silent", "--unix-socket", self.path, "http://localhost/v2/health/live"],
                capture_output=True, text=True)
            self.assertEqual(answer.stdout, '{"live":true}', answer.stderr)
            self.assertIn("socket", server.log)
            self.assertTrue(eventually(lambda: f'"client.address":"uid:{os.getuid()}"' in server.log), server.log)
        self.assertFalse(self.path.exists())

    def test_management_is_allowed_there(self):
        with self.server("--model-control-mode", "explicit") as server:
            answer = get(self.path, "/v2/repository/models/nothing/unload", "POST", b"")
            # It may: there only is no such model.
            self.assertIn(b"nothing", answer.body)
            self.assertNotEqual(answer.status, 403)

    def test_what_a_dead_server_left_is_replaced_and_nothing_else(self):
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(self.path))
        left.close()
        with self.server():
            self.assertEqual(get(self.path).status, 200)
            # A second server does not take it away from the first.
            with self.assertRaises(RuntimeError) as caught:
                self.server().__enter__()
            self.assertIn("another program listens there", str(caught.exception))
            self.assertEqual(get(self.path).status, 200)
        self.path.write_text("mine")
        with self.assertRaises(RuntimeError) as caught:
            self.server().__enter__()
        self.assertIn("it is no socket", str(caught.exception))
        self.assertEqual(self.path.read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
