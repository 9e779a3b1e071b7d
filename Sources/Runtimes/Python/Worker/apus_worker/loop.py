"""What a worker does: loads one model, then answers run after run."""

import asyncio
import inspect
import json
import signal
import struct
import sys
import time
import traceback

import numpy

from apus_worker import channel as wire
from apus_worker.channel import Channel, Gone, NoRoom

# Places in the list of failures of the channel.
_REFUSED = 1
_STOPPED = 4
_OUT_OF_MEMORY = 5
_FAILED = 6
_TEXT_CHARACTERS_MAX = 4000


class CallFailed(Exception):
    """Another model was asked and gave no answer."""


class Context:
    """What a model sees of the run beside its inputs."""

    __slots__ = ("_worker", "_run", "failures", "method")

    def __init__(self, worker, run):
        self._worker = worker
        self._run = run
        self.failures = {}
        self.method = str(run.parameters.get("method", ""))

    @property
    def cancelled(self):
        return self._run.cancelled

    @property
    def deadline(self):
        """Seconds left, or None where nobody set a limit."""
        if self._run.deadline is None:
            return None
        return max(0.0, self._run.deadline - time.monotonic())

    def fail_row(self, row, message):
        if not 0 <= row < self._run.rows:
            raise IndexError("row %d of %d" % (row, self._run.rows))
        self.failures[int(row)] = str(message)

    def metric(self, name, value, kind="counter"):
        self._worker.metric(name, value, kind)

    def call(self, model, inputs):
        return self._worker.call(self._run, model, inputs)

    async def call_async(self, model, inputs):
        return self._worker.call(self._run, model, inputs)


class Worker:
    def __init__(self, channel):
        self.channel = channel
        self.served = None
        self._waiting = []
        self._runs = {}
        self._loop = None
        self._is_asynchronous = False

    # Loading

    def load(self):
        message = self.channel.receive()
        version = int.from_bytes(message[16:18], "little")
        if version != wire.VERSION:
            self._unloadable(0, "the server speaks version %d of the channel, and this worker %d" % (version, wire.VERSION))
            return False
        settings = json.loads(wire.text(message, 18)[0])
        folder = settings.pop("folder")
        try:
            from apus_worker import models
            self.served = models.open(folder, settings)
            self._describe()
        except MemoryError:
            self._unloadable(_OUT_OF_MEMORY, "there was not enough memory to load it")
            return False
        except BaseException as error:
            self._unloadable(0, self._said(error))
            return False
        return True

    @staticmethod
    def _said(error):
        """What people are told; of what is no sentence already, the way to it goes to the log."""
        models = sys.modules.get("apus_worker.models")
        if models is not None and isinstance(error, models.Unservable):
            return str(error)
        traceback.print_exception(error)
        return sentence(error)

    def _describe(self):
        served = self.served
        self._outputs = [(port["name"], port["datatype"], wire.NUMPY[port["datatype"]]) for port in served.outputs]
        self._all = range(len(self._outputs))
        marks = (1 if served.has_row_axis else 0) | (2 if served.decoupled else 0)
        self.channel.send(wire.READY, rest=b"".join((
            wire.VERSION.to_bytes(2, "little"), bytes((marks,)), wire.ports(served.inputs),
            wire.ports(served.outputs), wire.pairs(served.methods), wire.pairs(served.metadata))))

    def _unloadable(self, code, words):
        self.channel.send(wire.UNLOADABLE, part=code, rest=wire.packed(words[:_TEXT_CHARACTERS_MAX]))

    # Answering

    def serve(self):
        while True:
            message = self._waiting.pop(0) if self._waiting else self.channel.receive()
            kind = message[0]
            if kind == wire.RUN:
                self.answer(self.channel.run(message, self.served.inputs))
            elif kind == wire.STOP:
                return

    def answer(self, run):
        context = Context(self, run)
        try:
            result = self.served.predict(run.inputs, run.parameters, context)
            if inspect.iscoroutine(result):
                result = self._asynchronous().run_until_complete(result)
            if isinstance(result, dict):
                self._give(run, result, context, True)
            elif hasattr(result, "__aiter__"):
                self._asynchronous().run_until_complete(self._stream(run, result, context))
            elif hasattr(result, "__next__"):
                self._parts(run, result, context)
            else:
                raise TypeError("predict gave %s, and a dict of arrays is expected" % type(result).__name__)
        except Gone:
            raise
        except NoRoom as error:
            self._fail(run, _FAILED, str(error))
        except MemoryError:
            self._fail(run, _OUT_OF_MEMORY, "there was not enough memory")
        except Exception as error:
            self._refuse(run, error)

    def _refuse(self, run, error):
        from apus_worker import api
        if isinstance(error, api.Refused):
            return self._fail(run, _REFUSED, str(error))
        traceback.print_exc()
        self._fail(run, _FAILED, sentence(error))

    def _fail(self, run, code, words):
        self.channel.send(wire.FAILED, run.request, code, wire.packed(words[:_TEXT_CHARACTERS_MAX]))

    def _asynchronous(self):
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _parts(self, run, parts, context):
        for part in parts:
            if run.cancelled:
                parts.close()
                return self._fail(run, _STOPPED, "the run was stopped")
            self._give(run, part, context, False)
            self._wait_until_taken(run)
        self.channel.send(wire.DONE, run.request)

    async def _stream(self, run, parts, context):
        async for part in parts:
            if run.cancelled:
                await parts.aclose()
                return self._fail(run, _STOPPED, "the run was stopped")
            self._give(run, part, context, False)
            self._wait_until_taken(run)
        self.channel.send(wire.DONE, run.request)

    def _give(self, run, result, context, is_last):
        rows = run.rows if self.served.has_row_axis else 1
        arrays = []
        outputs = self._outputs
        for place in run.wanted or self._all:
            name, datatype, kind = outputs[place]
            try:
                value = result[name]
            except KeyError:
                raise KeyError("predict gave no output %s; it gave %s" % (name, ", ".join(map(str, result)) or "none")) from None
            if type(value) is not numpy.ndarray or value.dtype != kind:
                value = cast(value, kind, name, datatype)
            if self.served.has_row_axis and (value.ndim == 0 or value.shape[0] != rows):
                raise ValueError("output %s has the shape %s for %d rows" % (name, list(value.shape), rows))
            arrays.append((place, datatype, value))
        if context.failures:
            for row, words in context.failures.items():
                self.channel.send(wire.ROW_FAILED, run.request, row, wire.packed(words[:_TEXT_CHARACTERS_MAX]))
            context.failures = {}
        self.channel.outputs(run, 0, rows, arrays, is_last, self._room)

    def _wait_for(self, run, kinds):
        """The next message of these kinds for the run; others are kept."""
        while True:
            message = self.channel.receive()
            kind, _, part, request = wire.head(message)
            if kind == wire.CANCEL:
                continue
            if request == run.request and kind in kinds:
                return kind, part, message
            self._waiting.append(message)

    def _room(self, run, size):
        self.channel.send(wire.GROW, run.request, rest=size.to_bytes(8, "little"))
        kind, part, message = self._wait_for(run, (wire.ROOM, wire.NO_ROOM))
        if kind == wire.NO_ROOM:
            raise NoRoom(wire.text(message, 16)[0])
        return self.channel.region(part)

    def _wait_until_taken(self, run):
        _, part, _ = self._wait_for(run, (wire.TAKEN,))
        run.output = self.channel.region(part)

    # What models ask for

    def metric(self, name, value, kind):
        kinds = {"counter": 0, "gauge": 1}
        if kind not in kinds:
            raise ValueError("a metric is a counter or a gauge, not %r" % (kind,))
        self.channel.send(
            wire.METRIC, rest=struct.pack("<Bd", kinds[kind], float(value)) + wire.packed(str(name)))

    def call(self, run, model, inputs):
        """Asks another served model and waits for its one answer."""
        self.channel.call(run, 1, str(model), [named(*each) for each in inputs.items()], self._room)
        kind, _, message = self._wait_for(run, (wire.CALL_ANSWERED, wire.CALL_REFUSED))
        if kind == wire.CALL_REFUSED:
            raise CallFailed(wire.text(message, 16)[0])
        return self.channel.answer(message)


def cast(value, kind, name, datatype):
    """The value as an array of the declared type; refuses what would lose its kind."""
    array = numpy.asarray(value)
    if datatype == "BYTES":
        if array.dtype.kind not in "OSU":
            raise TypeError("output %s is declared BYTES, and predict gave %s" % (name, array.dtype))
        return array.astype(numpy.object_)
    if array.dtype == kind:
        return array
    # Of one kind to another as numpy's own arithmetic would: numbers may lose digits, not their meaning.
    if not numpy.can_cast(array.dtype, kind, "same_kind") and not (
            array.dtype.kind in "iu" and kind.kind in "iu"):
        raise TypeError("output %s is declared %s, and predict gave %s" % (name, datatype, array.dtype))
    return array.astype(kind)


def named(name, value):
    """An input for another model, with the datatype that its array says."""
    array = numpy.ascontiguousarray(value) if numpy.ndim(value) else numpy.asarray(value)
    if array.dtype.kind in "OSU":
        return name, "BYTES", array.astype(numpy.object_)
    for datatype, kind in wire.NUMPY.items():
        if kind == array.dtype and datatype != "BF16":
            return name, datatype, array
    raise TypeError("input %s is %s, which no model takes" % (name, array.dtype))


def sentence(error):
    words = str(error).strip()
    name = type(error).__name__
    return "%s: %s" % (name, words) if words else name


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Lines leave as they are written, so that the last ones are known.
    sys.stdout.reconfigure(line_buffering=True)
    worker = Worker(Channel())
    try:
        if worker.load():
            worker.serve()
            close = getattr(worker.served, "close", None)
            if close:
                close()
    except Gone:
        pass
