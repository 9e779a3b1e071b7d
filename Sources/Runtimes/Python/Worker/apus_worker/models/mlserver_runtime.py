"""MLServer's custom runtimes: a class that derives from `mlserver.MLModel`."""

import importlib
import importlib.util
import inspect
import pathlib
import sys
import typing

import numpy

from .. import api, events
from . import ports
from .kinds import settings_of_mlserver
from .served import Served, Unservable, conform_all, parameters_of, row_count
from .stand_ins import mlserver_modules


class MLServerModel(Served):
    """Requests and responses as MLServer's own types, from and to arrays."""

    def __init__(self, path, settings):
        super().__init__()
        path = pathlib.Path(path)
        found = settings_of_mlserver(path)
        if found is None:
            raise Unservable("%s has no model-settings.json" % path.name)
        written, folder = found
        self.is_stand_in = "mlserver" in sys.modules and sys.modules["mlserver"].__dict__.get("__version__") == "0+apus"
        if not self.is_stand_in and importlib.util.find_spec("mlserver") is None:
            mlserver_modules.install()
            self.is_stand_in = True
        self.types = importlib.import_module("mlserver.types")
        kind = _class(str(written.get("implementation") or ""), folder)
        self.model = kind(self._settings(written, folder, settings))
        loaded = _finished(self.model.load())
        if loaded is False:
            raise Unservable("load of %s returned False" % kind.__name__)
        chosen = parameters_of(settings).get("method")
        self.decoupled = _is_own(kind, "predict_stream") and (chosen == "predict_stream" or not _is_own(kind, "predict"))
        self._take_signature(written, kind)

    def _settings(self, written, folder, settings):
        given = dict(written, name=written.get("name") or settings.get("name") or folder.name)
        if self.is_stand_in:
            parameters = dict(given.get("parameters") or {})
            parameters.setdefault("version", settings.get("version"))
            made = mlserver_modules.ModelSettings(**dict(given, parameters=parameters))
            made._source = str(folder)
            return made
        module = importlib.import_module("mlserver.settings")
        return module.ModelSettings.parse_file(str(folder / "model-settings.json"))

    # --- Signature

    def _take_signature(self, written, kind):
        inputs = [_port(each) for each in (self.model.inputs or written.get("inputs") or [])]
        outputs = [_port(each) for each in (self.model.outputs or written.get("outputs") or [])]
        arguments, returned = _decoded_arguments(kind.predict)
        if not inputs:
            inputs = [ports.port(name, "BYTES" if typing.get_origin(hint) is list else "FP64", None)
                      for name, hint in arguments.items() if hint is None or hint is numpy.ndarray
                      or typing.get_origin(hint) in (list, numpy.ndarray)]
        if not outputs and arguments:
            hints = typing.get_args(returned) if typing.get_origin(returned) is tuple else (returned,)
            outputs = [ports.port("output-%d" % place, "BYTES" if typing.get_origin(each) is list else "FP64", None)
                       for place, each in enumerate(hints)]
        if not inputs or not outputs:
            raise Unservable(
                "what %s takes and gives is not written down; add inputs and outputs to model-settings.json, each with "
                "name, datatype and shape" % kind.__name__)
        self.inputs, self.outputs = inputs, outputs
        shapes = [port["shape"] for port in inputs + outputs]
        self.has_row_axis = not self.decoupled and all(shape is None or shape[:1] == [-1] for shape in shapes)

    # --- A request

    def predict(self, inputs, parameters, context):
        if self.is_stand_in:
            mlserver_modules.reporting.set(context)
        request = self._request(inputs, parameters, context)
        if self.decoupled:
            return self._parts(request)
        try:
            answer = self.model.predict(request)
        except Exception as error:
            raise self._failure(error) from error
        return self._awaited(answer, inputs) if inspect.isawaitable(answer) else self._answer(answer, inputs)

    async def _awaited(self, answer, inputs):
        try:
            return self._answer(await answer, inputs)
        except Exception as error:
            raise self._failure(error) from error

    async def _parts(self, request):
        async def payloads():
            yield request

        parts = self.model.predict_stream(payloads())
        try:
            async for part in parts:
                yield self._answer(part, {})
        except Exception as error:
            raise self._failure(error) from error
        finally:
            await parts.aclose()

    def _failure(self, error):
        status = getattr(error, "status_code", 500)
        return api.Refused(str(error)) if isinstance(status, int) and 400 <= status < 500 else error

    def _request(self, inputs, parameters, context):
        types = self.types
        tensors = []
        for name, array in inputs.items():
            datatype = ports.datatype_of(array.dtype)
            data = list(array.ravel()) if self.is_stand_in else array.ravel().tolist()
            given = array if self.is_stand_in and datatype != "BYTES" else data
            tensors.append(types.RequestInput(name=name, shape=list(array.shape), datatype=datatype, data=given))
        return types.InferenceRequest(
            id=str(getattr(context, "request_id", "") or "") or None, inputs=tensors,
            parameters=types.Parameters(**parameters) if parameters else None)

    def _answer(self, answer, inputs):
        if not hasattr(answer, "outputs"):
            raise ports.WrongAnswer("predict returned %s; expected an InferenceResponse" % type(answer).__name__)
        named = {}
        for output in answer.outputs:
            data = getattr(output.data, "root", output.data)
            if str(getattr(output.datatype, "value", output.datatype)) == "BYTES":
                values = list(numpy.asarray(data, dtype=object).ravel()) if not isinstance(data, (str, bytes)) else [data]
                array = ports.bytes_array(values)
            else:
                array = ports.as_array(data)
            shape = list(output.shape or [])
            # A shape that counts bytes and not elements is a common slip, which MLServer lets pass, too.
            named[output.name] = array.reshape(shape) if shape and int(numpy.prod(shape)) == array.size else array
        known = {port["name"]: port for port in self.outputs}
        for name, array in list(named.items()):
            wanted = known.get(name, {}).get("shape")
            if wanted is not None and array.ndim == len(wanted) + 1 and array.shape[-1] == 1:
                named[name] = array[..., 0]  # Codecs give texts as a column.
        return conform_all(named, self.outputs, row_count(inputs) if self.has_row_axis else None)

    def close(self):
        if hasattr(self.model, "unload"):
            _finished(self.model.unload())


def _is_own(kind, name):
    """Whether the author's class has the method, and not MLServer's alone."""
    return any(name in vars(each) for each in kind.__mro__
               if each is not object and each.__module__.split(".")[0] not in ("mlserver", "apus_worker"))


def _decoded_arguments(predict):
    """Name to type of the arguments of a `predict` under `decode_args`, and the type of its result."""
    plain = inspect.unwrap(predict)
    if plain is predict:
        return {}, None
    hints = typing.get_type_hints(plain)
    names = [name for name in inspect.signature(plain).parameters if name != "self"]
    return {name: hints.get(name) for name in names}, hints.get("return")


def _port(each):
    def of(key):
        return each.get(key) if isinstance(each, dict) else getattr(each, key)

    datatype = of("datatype")
    return ports.port(of("name"), str(getattr(datatype, "value", datatype)), list(of("shape")))


def _class(name, folder):
    """The class of a dotted name; its module lies beside the settings, or is installed."""
    module, _, own = name.rpartition(".")
    if not module:
        raise Unservable("model-settings.json: implementation is \"%s\"; expected module.Class" % name)
    for place in (str(folder), str(pathlib.Path.cwd())):
        if place not in sys.path:
            sys.path.insert(0, place)
    try:
        found = getattr(importlib.import_module(module), own, None)
    except ModuleNotFoundError as error:
        if error.name and not module.startswith(error.name):
            raise Unservable("implementation %s: it imports %s, which is not installed for %s; add it to "
                             "requirements.txt beside model-settings.json" % (name, error.name, sys.executable)) from None
        raise Unservable("implementation %s: there is no module %s, neither beside model-settings.json nor installed "
                         "for %s" % (name, error.name, sys.executable)) from None
    if not isinstance(found, type) or not callable(getattr(found, "predict", None)):
        raise Unservable("implementation %s: %s has no such class with a method predict" % (name, module))
    return found


def _finished(answer):
    """The result of a coroutine that runs before any request does."""
    return events.loop().run_until_complete(_awaited(answer)) if inspect.isawaitable(answer) else answer


async def _awaited(answer):
    return await answer
