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
from apus_worker import events
from apus_worker.channel import Channel, Gone, NoRoom

# Places in the list of failures of the channel.
_REFUSED = 1
_STOPPED = 4
_OUT_OF_MEMORY = 5
_FAILED = 6
_TEXT_CHARACTERS_MAX = 4000


class CallFailed(Exception):
    """Another model was asked and gave no answer."""


class Form:
    """The ports of the model itself, or of one of its methods."""

    def __init__(self, name, inputs, outputs, has_row_axis):
        self.name, self.inputs, self.has_row_axis = name, inputs, has_row_axis
        self.ports = [port for port in inputs if not port.get("optional")], outputs, has_row_axis
        self.outputs = [(port["name"], port["datatype"], wire.NUMPY[port["datatype"]]) for port in outputs]
        self.all = range(len(outputs))

    def is_like(self, other):
        """Whether a request that is made for the other may ask it, too."""
        return self.ports == other.ports


class Context:
    """What a model sees of the run beside its inputs."""

    __slots__ = ("_worker", "_run", "failures", "method")

    def __init__(self, worker, run):
        self._worker = worker
        self._run = run
        self.failures = {}
        self.method = str(run.parameters.get("method", ""))

    @property
    def request_id(self):
        """As the log has it; empty where the run is of several requests."""
        return self._run.request_id

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
        return await self._worker.call_later(self._run, model, inputs)


class Worker:
    def __init__(self, channel):
        self.channel = channel
        self.served = None
        # Messages that came while another one was waited for.
        self._waiting = []
        self._is_asynchronous = False
        # Of runs by their numbers, and who waits for a message, by run and call.
        self._tasks = {}
        self._waiters = {}
        self._call_count = 0
        self._end = None

    # Loading

    def load(self):
        message = self.channel.receive()
        version = int.from_bytes(message[16:18], "little")
        if version != wire.VERSION:
            self._unloadable(0, "the server speaks version %d of the channel, and this worker %d" % (version, wire.VERSION))
            return False
        settings = json.loads(wire.text(message, 18)[0])
        folder = settings.pop("folder")
        self._name = settings.get("name", "")
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
        traceback.print_exception(type(error), error, error.__traceback__)
        return sentence(error)

    def _describe(self):
        served = self.served
        self._forms = [Form("", served.inputs, served.outputs, served.has_row_axis)] + [
            Form(name, each["inputs"], each["outputs"], each["has_row_axis"]) for name, each in served.methods.items()]
        self._inputs = [form.inputs for form in self._forms]
        self._apart = {form.name for form in self._forms[1:] if not form.is_like(self._forms[0])}
        marks = (1 if served.has_row_axis else 0) | (2 if served.decoupled else 0)
        self.channel.send(wire.READY, rest=b"".join((
            wire.VERSION.to_bytes(2, "little"), bytes((marks,)), wire.ports(served.inputs),
            wire.ports(served.outputs), wire.methods(served.methods), wire.pairs(served.metadata))))

    def _unloadable(self, code, words):
        self.channel.send(wire.UNLOADABLE, part=code, rest=wire.packed(words[:_TEXT_CHARACTERS_MAX]))

    # Answering

    def serve(self):
        """Answers run after run; once something in the model is asynchronous, several at a time on its loop."""
        while not self._is_asynchronous:
            message = self._waiting.pop(0) if self._waiting else self.channel.receive()
            kind = message[0]
            if kind == wire.RUN:
                self.answer(message)
            elif kind == wire.STOP:
                return
        self._serve_asynchronously()

    def answer(self, message):
        run = self.channel.run(message, self._inputs)
        if run.cancelled:
            return self._fail(run, _STOPPED, "the run was stopped")
        run.begin()
        context = Context(self, run)
        try:
            self._choose(run)
            result = self.served.predict(run.inputs, run.parameters, context)
            if isinstance(result, dict):
                self._now(run, self._give(run, result, context, True))
            elif inspect.isawaitable(result) or hasattr(result, "__aiter__"):
                self._attend(run, result, context)
            elif hasattr(result, "__next__"):
                self._parts(run, result, context)
            else:
                raise TypeError("predict gave %s, and a dict of arrays is expected" % type(result).__name__)
        except Gone:
            raise
        except Exception as error:
            self._refuse(run, error)

    def _choose(self, run):
        """Names the method that was asked where the model looks for it."""
        if run.method:
            run.parameters["method"] = self._forms[run.method].name
        elif run.parameters.get("method") in self._apart:
            from apus_worker import api
            name = run.parameters["method"]
            raise api.Refused("the method %s has inputs of its own; ask it at /v2/models/%s/methods/%s"
                              % (name, self._name, name))

    def _refuse(self, run, error):
        from apus_worker import api
        if isinstance(error, api.Refused):
            return self._fail(run, _REFUSED, str(error))
        if isinstance(error, NoRoom):
            return self._fail(run, _FAILED, str(error))
        if isinstance(error, MemoryError):
            return self._fail(run, _OUT_OF_MEMORY, "there was not enough memory")
        traceback.print_exception(type(error), error, error.__traceback__)
        self._fail(run, _FAILED, sentence(error))

    def _fail(self, run, code, words):
        run.is_over = True
        self.channel.send(wire.FAILED, run.request, code, wire.packed(words[:_TEXT_CHARACTERS_MAX]))

    def _parts(self, run, parts, context):
        for part in parts:
            if run.cancelled:
                parts.close()
                return self._fail(run, _STOPPED, "the run was stopped")
            self._now(run, self._give_part(run, part, context))
        self._done(run)

    def _done(self, run):
        run.is_over = True
        self.channel.send(wire.DONE, run.request)

    # What needs an answer of the server is written as a generator, which yields the kinds of messages that it
    # waits for. `_now` and `_later` carry it out: blocking, or beside other runs.

    def _give(self, run, result, context, is_last):
        form = self._forms[run.method]
        rows = run.rows if form.has_row_axis else 1
        arrays = []
        for place in run.wanted or form.all:
            name, datatype, kind = form.outputs[place]
            try:
                value = result[name]
            except KeyError:
                raise KeyError("predict gave no output %s; it gave %s" % (name, ", ".join(map(str, result)) or "none")) from None
            if type(value) is not numpy.ndarray or value.dtype != kind:
                value = cast(value, kind, name, datatype)
            if form.has_row_axis and (value.ndim == 0 or value.shape[0] != rows):
                raise ValueError("output %s has the shape %s for %d rows" % (name, list(value.shape), rows))
            arrays.append((place, datatype, value))
        if context.failures:
            for row, words in context.failures.items():
                self.channel.send(wire.ROW_FAILED, run.request, row, wire.packed(words[:_TEXT_CHARACTERS_MAX]))
            context.failures = {}
        arrays, size = wire.coded(arrays, run.input)
        start = run.place()
        if start + size > run.output.size:
            start = yield from self._grow(run, size)
        run.is_over = is_last
        self.channel.outputs(run, 0, rows, arrays, start, is_last)

    def _give_part(self, run, part, context):
        yield from self._give(run, part, context, False)
        _, number, _ = yield (wire.TAKEN,), 0
        run.output = self.channel.region(number)

    def _grow(self, run, size):
        """A larger region for what comes next; where that begins."""
        size += wire.HEAD_BYTES
        self.channel.send(wire.GROW, run.request, rest=size.to_bytes(8, "little"))
        kind, number, message = yield (wire.ROOM, wire.NO_ROOM), 0
        if kind == wire.NO_ROOM:
            raise NoRoom(wire.text(message, 16)[0])
        run.output = self.channel.region(number)
        # What calls under way have written is where it was.
        run.free = wire.HEAD_BYTES
        return run.free

    def _ask(self, run, number, model, inputs):
        """Writes a call to another model and says so."""
        arrays, size = wire.coded([named(*each) for each in inputs.items()])
        self._require_open(run)
        start = run.place()
        if start + size > run.output.size:
            start = yield from self._grow(run, size)
            self._require_open(run)
        run.free = start + size
        self.channel.call(run, number, str(model), arrays, start)

    @staticmethod
    def _require_open(run):
        if run.is_over:
            raise CallFailed("the request that asks has its answer already")

    def _answered(self, message):
        if message[0] == wire.CALL_REFUSED:
            raise CallFailed(wire.text(message, 16)[0])
        return self.channel.answer(message)

    def _now(self, run, steps):
        answer = None
        while True:
            try:
                kinds, number = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = self._wait_for(run, kinds, number)

    def _wait_for(self, run, kinds, number):
        """The next message of these kinds for the run; others are kept."""
        while True:
            message = self.channel.receive()
            kind, _, part, request = wire.head(message)
            if request == run.request and kind in kinds and (not number or part == number):
                return kind, part, message
            if kind == wire.CANCEL and request == run.request:
                continue
            if not self._waiting and self._is_asynchronous:
                events.loop().call_soon(self._hear)
            self._waiting.append(message)

    # Several runs at a time

    def _attend(self, run, result, context):
        self._is_asynchronous = True
        loop = events.loop()
        task = self._tasks[run.request] = loop.create_task(self._run(run, result, context))
        timer = None if run.deadline is None else loop.call_at(run.deadline, task.cancel)
        task.add_done_callback(lambda task: self._over(run, timer, task))

    def _over(self, run, timer, task):
        del self._tasks[run.request]
        if timer is not None:
            timer.cancel()
        if not task.cancelled():
            return
        self._ended(lambda: self._fail(run, _STOPPED, "the run was stopped"))

    def _serve_asynchronously(self):
        loop = events.loop()
        loop.add_reader(self.channel.fileno(), self._hear)
        loop.call_soon(self._hear)
        loop.run_forever()
        loop.remove_reader(self.channel.fileno())
        if self._end is not None:
            raise self._end

    def _hear(self):
        try:
            while True:
                message = self._waiting.pop(0) if self._waiting else self.channel.receive(wait=False)
                if message is None:
                    return
                self._take(message)
        except Gone as end:
            self._leave(end)

    def _leave(self, end=None):
        self._end = end
        events.loop().stop()

    def _take(self, message):
        kind, _, part, request = wire.head(message)
        if kind == wire.RUN:
            self.answer(message)
        elif kind == wire.CANCEL:
            if request in self._tasks:
                # One that came just now begins first, so that nothing of it is left unawaited.
                events.loop().call_soon(self._tasks[request].cancel)
        elif kind == wire.STOP:
            self._leave()
        else:
            number = part if kind in (wire.CALL_ANSWERED, wire.CALL_REFUSED) else 0
            waiter = self._waiters.pop((request, number), None)
            if waiter is not None and not waiter.done():
                waiter.set_result((kind, part, message))

    async def _run(self, run, result, context):
        try:
            if inspect.isawaitable(result):
                result = await result
            if isinstance(result, dict):
                await self._later(run, self._give(run, result, context, True))
            elif hasattr(result, "__aiter__"):
                async for part in result:
                    await self._later(run, self._give_part(run, part, context))
                self._done(run)
            elif hasattr(result, "__next__"):
                for part in result:
                    await self._later(run, self._give_part(run, part, context))
                self._done(run)
            else:
                raise TypeError("predict gave %s, and a dict of arrays is expected" % type(result).__name__)
        except Gone as end:
            self._leave(end)
        except Exception as error:
            self._ended(lambda: self._refuse(run, error))

    def _ended(self, say):
        try:
            say()
        except Gone as end:
            self._leave(end)

    async def _later(self, run, steps):
        answer = None
        while True:
            try:
                kinds, number = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = await self._message(run, number)

    async def _message(self, run, number):
        waiter = events.loop().create_future()
        self._waiters[run.request, number] = waiter
        try:
            return await waiter
        finally:
            self._waiters.pop((run.request, number), None)

    # What models ask for

    def metric(self, name, value, kind):
        kinds = {"counter": 0, "gauge": 1}
        if kind not in kinds:
            raise ValueError("a metric is a counter or a gauge, not %r" % (kind,))
        self.channel.send(
            wire.METRIC, rest=struct.pack("<Bd", kinds[kind], float(value)) + wire.packed(str(name)))

    def call(self, run, model, inputs):
        """Asks another served model and waits for its one answer, and nothing else runs meanwhile."""
        number = self._next_call()
        self._now(run, self._ask(run, number, model, inputs))
        _, _, message = self._wait_for(run, (wire.CALL_ANSWERED, wire.CALL_REFUSED), number)
        return self._answered(message)

    async def call_later(self, run, model, inputs):
        """The same beside whatever else there is to do; several calls of one run may be under way."""
        number = self._next_call()
        if run.lock is None:
            run.lock = asyncio.Lock()
        # One writes at a time, each behind those that are under way.
        async with run.lock:
            await self._later(run, self._ask(run, number, model, inputs))
            run.open_calls += 1
        try:
            _, _, message = await self._message(run, number)
        finally:
            run.open_calls -= 1
        return self._answered(message)

    def _next_call(self):
        self._call_count = self._call_count % 0xFFFFFFFF + 1
        return self._call_count


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
