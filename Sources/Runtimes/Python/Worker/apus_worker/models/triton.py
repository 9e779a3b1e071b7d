"""Triton's Python backend: `model.py` with a class `TritonPythonModel`."""

import asyncio
import inspect
import json
import pathlib
import queue
import sys
import threading

from .. import api
from . import ports, protobuf_text
from .served import Served, Unservable, conform_all, module_from
from .stand_ins import triton_python_backend_utils as utils

_REPEATED = ("input", "output", "instance_group", "dims")


class TritonModel(Served):
    """A batch is one request with all its rows, as a client with that many rows would send it."""

    def __init__(self, path, settings):
        super().__init__()
        sys.modules["triton_python_backend_utils"] = utils
        # Triton's own folder of the same module in `c_python_backend_utils` is never imported by models.
        module = module_from(path, "apus_triton_model")
        kind = getattr(module, "TritonPythonModel", None)
        if not isinstance(kind, type):
            raise Unservable("%s has no class TritonPythonModel" % path.name)
        folder, config = _config(path, settings)
        if hasattr(kind, "auto_complete_config"):
            config = _completed(kind, config)
        self.config = config
        self._take_signature()
        utils.MODEL_FOLDER = str(path.parent)
        self.model = kind()
        if not callable(getattr(self.model, "execute", None)):
            raise Unservable("TritonPythonModel in %s has no execute" % path.name)
        if hasattr(self.model, "initialize"):
            self.model.initialize(_arguments(folder, config, settings))
        self.metadata = {key: value.get("string_value", "") for key, value in config.get("parameters", {}).items()}

    def _take_signature(self):
        config = self.config
        self.has_row_axis = int(config.get("max_batch_size", 0)) > 0
        self.decoupled = bool(config.get("model_transaction_policy", {}).get("decoupled", False))
        self.inputs = [self._port(each) for each in config.get("input", [])]
        self.outputs = [self._port(each) for each in config.get("output", [])]
        if not self.inputs or not self.outputs:
            raise Unservable("neither config.pbtxt nor auto_complete_config says what the model takes and gives; "
                             "write input and output into config.pbtxt")

    def _port(self, each):
        shape = [int(length) for length in each.get("dims", [])]
        datatype = utils._NAMES.get(str(each.get("data_type", "")).replace("TYPE_", ""))
        if datatype is None:
            raise Unservable("config.pbtxt: %s has the data_type %s" % (each.get("name"), each.get("data_type")))
        return ports.port(each["name"], datatype, ([-1] if self.has_row_axis else []) + shape,
                          bool(each.get("optional", False)))

    # --- Requests

    def predict(self, inputs, parameters, context):
        request = utils.InferenceRequest(
            model_name=self.config.get("name", ""), request_id=str(getattr(context, "request_id", "") or ""),
            requested_output_names=[port["name"] for port in self.outputs],
            inputs=[utils.Tensor(name, array) for name, array in inputs.items()],
            parameters=json.dumps({key: value for key, value in parameters.items()}))
        request._context = context
        if self.decoupled:
            return self._parts(request, context)
        token = utils.CONTEXT.set(context)
        try:
            answers = self.model.execute([request])
        finally:
            utils.CONTEXT.reset(token)
        if inspect.isawaitable(answers):
            return self._awaited(answers, inputs, context)
        return self._answer(answers, inputs)

    async def _awaited(self, answers, inputs, context):
        token = utils.CONTEXT.set(context)
        try:
            return self._answer(await answers, inputs)
        finally:
            utils.CONTEXT.reset(token)

    def _answer(self, answers, inputs):
        if not isinstance(answers, (list, tuple)) or len(answers) != 1:
            raise ports.WrongAnswer("execute was given 1 request and returned %s" % (
                "%d responses" % len(answers) if isinstance(answers, (list, tuple)) else type(answers).__name__))
        rows = None
        if self.has_row_axis:
            rows = len(next(iter(inputs.values())))
        return self._outputs(answers[0], rows, is_whole=True)

    def _outputs(self, response, rows, is_whole):
        if not isinstance(response, utils.InferenceResponse):
            raise ports.WrongAnswer("expected an InferenceResponse, got %s" % type(response).__name__)
        if response.has_error():
            raise _failure(response.error())
        named = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
        return conform_all(named, self.outputs, rows if is_whole else None)

    def _parts(self, request, context):
        """Responses as they are sent, from whichever thread; `execute` runs beside."""
        sender = utils.InferenceResponseSender(queue.Queue(), context)
        request._sender = sender
        thread = threading.Thread(target=self._execute, args=(request, sender), daemon=True)
        thread.start()
        while True:
            try:
                kind, value = sender._queue.get(timeout=0.1)
            except queue.Empty:
                if getattr(context, "cancelled", False):
                    return
                continue
            if kind == "error":
                raise value
            if kind == "response":
                yield self._outputs(value, None, is_whole=False)
            if kind == "final":
                return

    def _execute(self, request, sender):
        utils.CONTEXT.set(sender._context)
        try:
            answer = self.model.execute([request])
            if inspect.isawaitable(answer):
                answer = asyncio.run(_finished(answer))
            if answer is not None:
                raise ports.WrongAnswer("execute of a decoupled model returned %s; it answers through "
                                        "get_response_sender()" % type(answer).__name__)
        except Exception as error:  # noqa: BLE001 - it is raised where the request is waited for.
            sender._queue.put(("error", error))

    def close(self):
        if hasattr(self.model, "finalize"):
            self.model.finalize()


async def _finished(answer):
    return await answer


def _failure(error):
    """The exception for an error that the model put into its response."""
    message = error.message()
    if getattr(error, "code", None) and error.code() == utils.TritonError.INVALID_ARG:
        return api.Refused(message)
    return RuntimeError(message)


def _config(path, settings):
    """The model's directory and its configuration; what nobody wrote is empty."""
    path = pathlib.Path(path)
    for folder in (path.parent, path.parent.parent):
        if settings.get("config"):
            return path.parent.parent, _normal(json.loads(settings["config"]))
        file = folder / "config.pbtxt"
        if file.is_file():
            try:
                return folder, _normal(protobuf_text.parse(file.read_text(encoding="utf-8")))
            except ValueError as error:
                raise Unservable("config.pbtxt: %s" % error) from None
    return path.parent, {"name": str(settings.get("name") or path.parent.name), "max_batch_size": 0,
                         "input": [], "output": []}


def _normal(config):
    """As Triton's JSON form has it: repeated fields are lists, parameters an object."""
    for name in ("input", "output", "instance_group"):
        config[name] = _list(config.get(name))
        for each in config[name]:
            if "dims" in each:
                each["dims"] = _list(each["dims"])
    parameters = config.get("parameters", {})
    if isinstance(parameters, list) or "key" in parameters:
        config["parameters"] = {each["key"]: each.get("value", {}) for each in _list(parameters)}
    return config


def _list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def _completed(kind, config):
    answer = kind.auto_complete_config(utils.ModelConfig(config))
    if not isinstance(answer, utils.ModelConfig):
        raise Unservable("auto_complete_config returned %s; expected the configuration that it was given"
                         % type(answer).__name__)
    return answer._config


def _arguments(folder, config, settings):
    name = config.get("name") or str(settings.get("name") or folder.name)
    return {
        "model_config": json.dumps(config), "model_name": name, "model_repository": str(folder),
        "model_version": str(settings.get("version") or 1), "model_instance_kind": "CPU",
        "model_instance_device_id": "0", "model_instance_name": "%s_%s" % (name, settings.get("instance", 0))}
