"""The worker package's models in this process, without a server."""

import asyncio
import inspect
import pathlib
import sys
import tempfile
import textwrap
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "Sources/Runtimes/Python/Worker"))

from apus_worker import api, models  # noqa: E402


class Context:
    """What the worker's loop gives to a request."""

    cancelled, deadline, method, request_id = False, None, "predict", "r1"

    def __init__(self, others=None):
        self.others, self.metrics = others or {}, []

    def call(self, model, inputs):
        return self.others[model](inputs)

    async def call_async(self, model, inputs):
        return self.call(model, inputs)

    def metric(self, name, value, kind="counter"):
        self.metrics.append((name, value, kind))


def texts(*values):
    """A BYTES tensor."""
    array = np.empty(len(values), dtype=object)
    array[:] = [value.encode() if isinstance(value, str) else value for value in values]
    return array


class ModelsTest(unittest.TestCase):
    """Folders for models, and what they answer."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def open(self, path=None, **settings):
        served = models.open(str(path or self.folder), settings)
        self.addCleanup(served.close)
        return served

    def model(self, source, **settings):
        """The model of a `model.py` with this source."""
        return self.open(self.write("model.py", source), **settings)

    def ask(self, served, _context=None, _parameters=None, **inputs):
        """One answer, or the list of parts of a stream, whatever kind of function it is."""
        for array in inputs.values():
            array.flags.writeable = False  # As shared memory is.
        answer = served.predict(inputs, _parameters or {}, _context or Context())
        if inspect.isawaitable(answer):
            return asyncio.run(finished(answer))
        if inspect.isasyncgen(answer):
            return asyncio.run(collected(answer))
        return list(answer) if inspect.isgenerator(answer) else answer

    def refuses(self, expected, call, *arguments, kind=models.Unservable, **named):
        """That it fails, and that the sentence says this."""
        with self.assertRaises(kind) as caught:
            call(*arguments, **named)
        for part in [expected] if isinstance(expected, str) else expected:
            self.assertIn(part, str(caught.exception))
        return caught.exception


async def finished(answer):
    return await answer


async def collected(answer):
    return [part async for part in answer]


def ports(described):
    """Ports without what is usual, to be compared."""
    return [tuple(each[key] for key in ("name", "datatype", "shape")) for each in described]


__all__ = ["Context", "ModelsTest", "api", "models", "ports", "texts"]
