"""HTTP/2 as frames on a socket, for what no client library would send. Header blocks are literals."""

import socket
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 1, 3, 6, 9, 11
SERVICE = "/inference.GRPCInferenceService/"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name, value):
    """A header that is neither indexed nor compressed (RFC 7541, 6.2.2); up to 126 bytes each."""
    name, value = name.encode(), value.encode()
    assert len(name) < 127 and len(value) < 127
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(method="ServerLive", path=None, **others):
    """The header block of a call; `None` leaves a header out."""
    fields = {":method": "POST", ":scheme": "http", ":path": path or SERVICE + method,
              ":authority": "localhost", "content-type": "application/grpc", "te": "trailers"}
    fields |= {name.replace("_", "-"): value for name, value in others.items()}
    return b"".join(literal(name, value) for name, value in fields.items() if value is not None)


def message(data=b"", flag=0):
    return struct.pack(">BI", flag, len(data)) + data


class Frames:
    """A connection that sends the frames it is told and reads those that come."""

    def __init__(self, server, timeout=20, handshake=True):
        self.socket = socket.create_connection(("127.0.0.1", server.grpc_port), timeout)
        self.buffer = b""
        self.next_stream = 1
        if handshake:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_all(self, data):
        """Sends as much as the server takes; false where it closed meanwhile."""
        try:
            self.socket.sendall(data)
            return True
        except (ConnectionError, socket.timeout):
            return False

    def call(self, method="ServerLive", body=message(), end=True, **headers):
        """Opens a call; gives its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        data = frame(HEADERS, END_HEADERS, stream, head(method, **headers))
        if body is not None:
            data += frame(DATA, END_STREAM if end else 0, stream, body)
        self.send(data)
        return stream

    def read(self):
        """The next frame as (kind, flags, stream, payload); `None` where the connection ends."""
        header = self._take(9)
        if header is None:
            return None
        length = int.from_bytes(header[:3], "big")
        payload = self._take(length)
        if payload is None:
            return None
        return header[3], header[4], int.from_bytes(header[5:9], "big") & 0x7FFFFFFF, payload

    def read_until(self, kind, stream=None):
        """Reads on to a frame of that kind; `None` where the connection ends before."""
        while (found := self.read()) is not None:
            if found[0] == kind and (stream is None or found[2] == stream):
                return found
        return None

    def trailers(self, stream):
        """Whether the call ended by trailers rather than by the connection's end."""
        while (found := self.read()) is not None:
            if found[2] == stream and found[0] == HEADERS and found[1] & END_STREAM:
                return True
            if found[2] == stream and found[0] == RST_STREAM:
                return False
        return False

    def farewell(self):
        """Reads to the connection's end; gives the error of the last GOAWAY, or `None`."""
        code = None
        while True:
            try:
                found = self.read()
            except ConnectionError:
                return code
            if found is None:
                return code
            if found[0] == GOAWAY:
                code = int.from_bytes(found[3][4:8], "big")

    def _take(self, count):
        while len(self.buffer) < count:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken
