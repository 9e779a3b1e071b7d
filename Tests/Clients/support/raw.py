"""HTTP as bytes on a socket, for requests that no client library would send."""

import json
import socket


class Answer:
    """One answer: status, headers in lower case, body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def error(self):
        """The text of `{"error": ...}`."""
        return json.loads(self.body)["error"]

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class RawConnection:
    """A connection that sends what it is told and reads whole answers."""

    def __init__(self, server, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def is_closed(self):
        """Reads until the server closes; false where more comes instead."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def answer(self, method="POST"):
        """The next final answer; interim ones are left out. `None` where the connection ends first."""
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return None
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split()[1])
            headers = {k.strip().lower(): v.strip() for k, v in (l.split(":", 1) for l in lines[1:] if l)}
            if status >= 200:
                return Answer(status, headers, self._body(headers, method))

    def _body(self, headers, method):
        if method == "HEAD":
            return b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._until(b"\r\n"), 16):
                body += self._exactly(size)
                self._exactly(2)
            self._exactly(2)
            return body
        return self._exactly(int(headers.get("content-length", 0)))

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._read():
                return None
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def _exactly(self, count):
        while len(self.buffer) < count:
            if not self._read():
                raise AssertionError(f"the answer ended after {len(self.buffer)} of {count} bytes")
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def _read(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            return False
        self.buffer += data
        return bool(data)


def request(path, body=b"", method="POST", headers=()):
    """The bytes of a request with a right Content-Length."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def exchange(server, path, body=b"", method="POST", headers=()):
    """Sends one request on a connection of its own and gives the answer."""
    with RawConnection(server) as connection:
        connection.send(request(path, body, method, headers))
        return connection.answer(method)
