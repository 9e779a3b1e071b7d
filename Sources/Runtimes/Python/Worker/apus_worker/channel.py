"""The worker's end of the channel: messages, and tensors in shared memory.

docs/protocols/worker-channel.md describes every message.
"""

import array
import mmap
import os
import socket
import struct
import time

import numpy

VERSION = 2
DESCRIPTOR = 3
MESSAGE_BYTES_MAX = 64 << 10
HEAD_BYTES = 64

HELLO, REGION, FORGET, RUN, CANCEL, ROOM, NO_ROOM, TAKEN, CALL_ANSWERED, CALL_REFUSED, STOP = range(1, 12)
READY, UNLOADABLE, OUTPUTS, ROW_FAILED, DONE, FAILED, GROW, METRIC, CALL, CONTINUED = range(65, 75)

_HEAD = struct.Struct("<HHIQ")
_RUN = struct.Struct("<IqIIHHH")
_TENSOR = struct.Struct("<HBBIQQ")
_PART = struct.Struct("<IIH")
_LENGTHS = tuple(struct.Struct("<%dQ" % rank) for rank in range(9))
_DIMENSIONS = tuple(struct.Struct("<%dq" % rank) for rank in range(9))
_LONG = struct.Struct("<Q")
_TEXT = struct.Struct("<I")

DATATYPES = (
    None, "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16",
    "FP32", "FP64", "BF16", "BYTES")
CODES = {name: code for code, name in enumerate(DATATYPES) if name}
_NUMPY = {
    "BOOL": numpy.bool_, "UINT8": numpy.uint8, "UINT16": numpy.uint16, "UINT32": numpy.uint32,
    "UINT64": numpy.uint64, "INT8": numpy.int8, "INT16": numpy.int16, "INT32": numpy.int32,
    "INT64": numpy.int64, "FP16": numpy.float16, "FP32": numpy.float32, "FP64": numpy.float64,
    # numpy has none of its own: the bits.
    "BF16": numpy.uint16, "BYTES": numpy.object_,
}
NUMPY = {name: numpy.dtype(kind) for name, kind in _NUMPY.items()}
_BY_CODE = tuple(NUMPY.get(name) for name in DATATYPES)
_BYTES = CODES["BYTES"]
# Which of a run's regions a tensor lies in.
_OUTPUT, _INPUT = 0, 1
# Arrays from this size on that a model gives back as it got them are not copied.
_GIVEN_BYTES_MIN = 64 << 10

# Longer than the usual wake-up, shorter than anybody notices.
_SPIN_SECONDS = 100e-6


class Gone(Exception):
    """The server has closed the channel."""


class NoRoom(Exception):
    """An answer is larger than the server allows."""


class Region:
    """Memory that both sides see."""

    __slots__ = ("number", "memory", "size", "words", "address")

    def __init__(self, number, descriptor, size):
        self.number = number
        self.size = size
        self.memory = mmap.mmap(descriptor, size)
        # Of an input region: nobody wants the answer; the run has begun.
        self.words = numpy.frombuffer(self.memory, numpy.uint32, 2)
        self.address = self.words.__array_interface__["data"][0]

    def offset(self, value):
        """Where an array lies as a tensor may; None where it does not, or not here."""
        offset = value.__array_interface__["data"][0] - self.address
        lies_here = 0 <= offset and offset + value.nbytes <= self.size
        return offset if lies_here and not offset & 63 and value.flags.c_contiguous else None


class Run:
    """A run as it was asked for."""

    __slots__ = (
        "request", "method", "rows", "deadline", "input", "output", "inputs", "wanted", "parameters", "words",
        "request_id", "open_calls", "free", "lock", "is_over")

    @property
    def cancelled(self):
        return bool(self.words[0])

    def begin(self):
        """From now on the run dies with this process; before, the server asks another one."""
        self.words[1] = 1

    def place(self):
        """Where in the output region something may be written: behind what calls under way lie in."""
        return self.free if self.open_calls else HEAD_BYTES


class Channel:
    """Messages out and in, on one thread."""

    def __init__(self, descriptor=DESCRIPTOR):
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        self._regions = {}
        self._spins = False
        self._spin_until = 0.0
        self._may_spin = len(os.sched_getaffinity(0)) > 1

    def fileno(self):
        return self._socket.fileno()

    # Receiving

    def receive(self, wait=True):
        """The next message as bytes, regions taken care of; None where there is none and none is waited for."""
        while True:
            message = self._next(wait)
            if message is None:
                return None
            kind = message[0]
            if kind == REGION:
                continue
            if kind == FORGET:
                self._regions.pop(_HEAD.unpack_from(message)[2], None)
                continue
            return message

    def _next(self, wait):
        if not wait:
            return self._take(socket.MSG_DONTWAIT)
        if self._spins and self._may_spin:
            limit = time.perf_counter() + _SPIN_SECONDS
            while time.perf_counter() < limit:
                message = self._take(socket.MSG_DONTWAIT)
                if message is not None:
                    return message
        started = time.perf_counter()
        message = self._take(0)
        # Who is asked again and again soon spins; who sleeps long does not.
        self._spins = time.perf_counter() - started < 2 * _SPIN_SECONDS
        return message

    def _take(self, flags):
        try:
            message, control, _, _ = self._socket.recvmsg(MESSAGE_BYTES_MAX, 64, flags)
        except BlockingIOError:
            return None
        except ConnectionError:
            raise Gone() from None
        if not message:
            raise Gone()
        if control:
            self._map(message, control)
        return message

    def _map(self, message, control):
        descriptors = array.array("i")
        for level, kind, content in control:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[:len(content) - len(content) % descriptors.itemsize])
        kind, _, number, _ = _HEAD.unpack_from(message)
        try:
            if kind == REGION and descriptors:
                size, = _LONG.unpack_from(message, _HEAD.size)
                self._regions[number] = Region(number, descriptors[0], size)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def run(self, message, ports):
        """Reads a run; its inputs are read-only views of the shared memory. `ports` are the inputs of each method."""
        run = Run()
        _, _, run.method, run.request = _HEAD.unpack_from(message)
        ports = ports[run.method]
        run.rows, left, source, target, tensors, wanted, parameters = _RUN.unpack_from(message, 16)
        run.deadline = None if left < 0 else time.monotonic() + left * 1e-9
        run.input = self._regions[source]
        run.output = self._regions[target]
        run.words = run.input.words
        run.open_calls, run.free, run.lock, run.is_over = 0, HEAD_BYTES, None, False
        place = 16 + _RUN.size
        run.inputs = {}
        for _ in range(tensors):
            index, array_, place = self._array(message, place, run.input)
            run.inputs[ports[index]["name"]] = array_
        if wanted:
            run.wanted = struct.unpack_from("<%dH" % wanted, message, place)
            place += 2 * wanted
        else:
            run.wanted = None
        run.parameters = {}
        for _ in range(parameters):
            name, place = text(message, place)
            run.parameters[name], place = _value(message, place)
        run.request_id = text(message, place)[0]
        return run

    def _array(self, message, place, region):
        index, code, rank, _, offset, count = _TENSOR.unpack_from(message, place)
        place += _TENSOR.size
        shape = _LENGTHS[rank].unpack_from(message, place)
        place += 8 * rank
        if code == _BYTES:
            return index, strings(region.memory, offset, count, shape), place
        view = numpy.ndarray(shape, _BY_CODE[code], region.memory, offset)
        view.flags.writeable = False
        return index, view, place

    # Sending

    def send(self, kind, request=0, part=0, rest=b"", marks=0):
        most = MESSAGE_BYTES_MAX - _HEAD.size
        while len(rest) > most:
            self._send(CONTINUED, request, part, rest[:most], marks)
            rest = rest[most:]
        self._send(kind, request, part, rest, marks)

    def _send(self, kind, request, part, rest, marks):
        try:
            self._socket.sendall(_HEAD.pack(kind, marks, part, request) + rest)
        except OSError as error:
            raise Gone() from error

    def outputs(self, run, first, count, arrays, start, is_last):
        """Writes arrays, as `coded` made them, where the server sees them, from `start` on, and says so."""
        rest = [_PART.pack(first, count, len(arrays))]
        for place, datatype, value, shape, size, given in arrays:
            if given is None:
                self._write(run.output.memory, start, datatype, value, shape, size)
                rest.append(_TENSOR.pack(place, CODES[datatype], len(shape), _OUTPUT, start, size))
                start = (start + size + 63) & ~63
            else:
                rest.append(_TENSOR.pack(place, CODES[datatype], len(shape), _INPUT, given, size))
            rest.append(_LENGTHS[len(shape)].pack(*shape))
        self.send(OUTPUTS, run.request, rest=b"".join(rest), marks=1 if is_last else 0)

    def call(self, run, number, model, arrays, start):
        """Asks another model with arrays, as `coded` made them of (name, datatype, array)."""
        rest = [packed(model), struct.pack("<H", len(arrays))]
        for place, (name, datatype, value, shape, size, _) in enumerate(arrays):
            self._write(run.output.memory, start, datatype, value, shape, size)
            rest.append(packed(name))
            rest.append(_TENSOR.pack(place, CODES[datatype], len(shape), _OUTPUT, start, size))
            rest.append(_LENGTHS[len(shape)].pack(*shape))
            start = (start + size + 63) & ~63
        self.send(CALL, run.request, number, b"".join(rest))

    @staticmethod
    def _write(memory, start, datatype, value, shape, size):
        if datatype == "BYTES":
            memory[start:start + size] = value
        elif size:
            numpy.ndarray(shape, value.dtype, memory, start)[...] = value

    def answer(self, message):
        """What another model gave, by name; views that hold until the run ends."""
        number, count = struct.unpack_from("<IH", message, 16)
        place = 22
        outputs = {}
        for _ in range(count):
            name, place = text(message, place)
            _, outputs[name], place = self._array(message, place, self._regions[number])
        return outputs

    def region(self, number):
        return self._regions[number]


def head(message):
    return _HEAD.unpack_from(message)


def text(message, place):
    count, = _TEXT.unpack_from(message, place)
    place += 4
    return message[place:place + count].decode("utf-8", "replace"), place + count


def packed(words):
    raw = words.encode("utf-8", "replace")
    return _TEXT.pack(len(raw)) + raw


def _value(message, place):
    kind = message[place]
    place += 1
    if kind == 0:
        return message[place] != 0, place + 1
    if kind == 1:
        return struct.unpack_from("<q", message, place)[0], place + 8
    if kind == 2:
        return struct.unpack_from("<d", message, place)[0], place + 8
    return text(message, place)


def strings(memory, offset, count, shape):
    """The elements of a tensor of strings, as bytes."""
    raw = memory[offset:offset + count]
    elements = []
    place = 0
    while place < count:
        size, = _TEXT.unpack_from(raw, place)
        place += 4
        elements.append(raw[place:place + size])
        place += size
    result = numpy.empty(len(elements), numpy.object_)
    result[:] = elements
    return result.reshape(shape)


def coded(arrays, source=None):
    """Arrays, which are (place or name, datatype, array), ready to be written, and the bytes that they need.

    Those that lie in the region `source` stay there.
    """
    total = 0
    found = []
    for place, datatype, value in arrays:
        given = None
        if datatype == "BYTES":
            value, shape = encoded(value)
            size = len(value)
        else:
            shape = value.shape
            size = value.nbytes
            if source is not None and size >= _GIVEN_BYTES_MIN:
                given = source.offset(value)
        found.append((place, datatype, value, shape, size, given))
        if given is None:
            total = (total + size + 63) & ~63
    return found, total


def encoded(value):
    """A tensor of strings as its bytes, and its shape."""
    parts = []
    for element in value.ravel():
        if isinstance(element, str):
            element = element.encode("utf-8")
        elif not isinstance(element, (bytes, bytearray, memoryview)):
            element = str(element).encode("utf-8")
        parts.append(_TEXT.pack(len(element)))
        parts.append(bytes(element))
    return b"".join(parts), value.shape


def ports(described):
    """Inputs or outputs as the server reads them."""
    parts = [struct.pack("<H", len(described))]
    for port in described:
        shape = port["shape"]
        marks = (1 if port.get("optional") else 0) | (2 if shape is None else 0) | (32 if port.get("document") else 0)
        marks |= (16 if "table" in port else 0) | (64 if port.get("setting") else 0)
        lengths = [] if shape is None else [-1 if length is None else int(length) for length in shape]
        parts.append(packed(port["name"]))
        parts.append(struct.pack("<BBB", CODES[port["datatype"]], marks, len(lengths)))
        parts.append(_DIMENSIONS[len(lengths)].pack(*lengths))
        if "table" in port:
            parts.append(_table(port["table"] or ()))
    return b"".join(parts)


def methods(described):
    """Methods by their names: ports of their own, and what is known of each."""
    parts = [struct.pack("<H", len(described))]
    for name, method in described.items():
        marks = (1 if method["has_row_axis"] else 0) | (2 if method["decoupled"] else 0)
        parts += [packed(name), bytes((marks,)), ports(method["inputs"]), ports(method["outputs"]),
                  pairs(method["metadata"])]
    return b"".join(parts)


def _table(names):
    return struct.pack("<BI", 0, len(names)) + b"".join(packed(str(name)) for name in names)


def pairs(words):
    return struct.pack("<H", len(words)) + b"".join(
        packed(str(name)) + packed(str(value)) for name, value in words.items())
