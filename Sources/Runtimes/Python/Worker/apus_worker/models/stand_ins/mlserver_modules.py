"""The part of MLServer's interface that custom runtimes are written against."""

import contextvars
import logging
import pathlib
import sys
import types as _types

from . import mlserver_codecs, mlserver_types
from .mlserver_codecs import InferenceError, MLServerError
from .mlserver_types import ModelSettings

__all__ = ["InvalidModelURI", "MLModel", "ModelSettings", "get_model_uri", "install", "log", "register"]


class InvalidModelURI(MLServerError):
    def __init__(self, name, uri=None):
        super().__init__("Invalid URI specified for model %s (%s)" % (name, uri), 422)


class MLModel:
    """A custom runtime: `load` once, then `predict` for each request."""

    def __init__(self, settings):
        self._settings = settings
        self._inputs, self._outputs = list(settings.inputs or []), list(settings.outputs or [])
        self.ready = False

    @property
    def settings(self):
        return self._settings

    @property
    def name(self):
        return self._settings.name

    @property
    def version(self):
        return self._settings.parameters.version if self._settings.parameters else None

    @property
    def inputs(self):
        return self._inputs

    @inputs.setter
    def inputs(self, value):
        self._inputs = value

    @property
    def outputs(self):
        return self._outputs

    @outputs.setter
    def outputs(self, value):
        self._outputs = value

    async def load(self):
        return True

    async def predict(self, payload):
        raise NotImplementedError("predict() method not implemented")

    async def predict_stream(self, payloads):
        raise NotImplementedError("predict_stream() method not implemented")
        yield

    async def unload(self):
        return True

    def decode(self, request_input, default_codec=None):
        return mlserver_codecs.decoded(request_input, default_codec)

    def decode_request(self, inference_request, default_codec=None):
        codec = mlserver_codecs.REQUEST_CODECS.get(mlserver_codecs.content_type(inference_request.parameters)) or default_codec
        if codec is not None:
            return codec.decode_request(inference_request)
        return {tensor.name: mlserver_codecs.decoded(tensor, None) for tensor in inference_request.inputs}

    def encode(self, payload, request_output, default_codec=None):
        codec = mlserver_codecs.INPUT_CODECS.get(mlserver_codecs.content_type(request_output.parameters)) or default_codec or mlserver_codecs.NumpyCodec
        return codec.encode_output(request_output.name, payload)

    def encode_response(self, payload, default_codec=None):
        codec = default_codec or next((each for each in mlserver_codecs.REQUEST_CODECS.values() if each.can_encode(payload)), None)
        if codec is None:
            raise InferenceError("There was no codec found which can encode %s" % type(payload).__name__)
        return codec.encode_response(self.name, payload, self.version)


async def get_model_uri(settings, wellknown_filenames=()):
    """The model's file: what the settings name, or a well-known name below it."""
    uri = settings.parameters.uri if settings.parameters else None
    if not uri:
        raise InvalidModelURI(settings.name)
    path = pathlib.Path(uri)
    if not path.is_absolute():
        path = pathlib.Path(getattr(settings, "_source", ".")) / path
    if path.is_file():
        return str(path)
    if path.is_dir():
        for name in wellknown_filenames:
            if (path / name).is_file():
                return str(path / name)
        return str(path)
    raise InvalidModelURI(settings.name, uri)


# Of the request that is answered; requests may be under way side by side.
reporting = contextvars.ContextVar("mlserver", default=None)


def register(name, description=""):
    """Names a metric; a figure counts when it is logged."""


def log(**values):
    context = reporting.get()
    if context is not None:
        for name, value in values.items():
            context.metric(name, value, "gauge")


def install():
    """Makes `mlserver` importable where it is not installed itself."""
    own = dict(vars(mlserver_types), **vars(mlserver_codecs), **{
        "MLModel": MLModel, "InvalidModelURI": InvalidModelURI, "get_model_uri": get_model_uri, "register": register,
        "log": log})

    def pick(*names):
        return {name: own[name] for name in names}

    codecs = pick("NumpyCodec", "NumpyRequestCodec", "StringCodec", "StringRequestCodec", "Base64Codec", "DatetimeCodec",
                  "PandasCodec", "decode_args", "decode_inference_request", "get_decoded", "get_decoded_or_raw",
                  "has_decoded")
    types = pick("InferenceRequest", "InferenceResponse", "RequestInput", "RequestOutput", "ResponseOutput", "Parameters",
                 "MetadataTensor", "TensorData", "Datatype")
    errors = pick("MLServerError", "InferenceError", "InvalidModelURI")
    logger = logging.getLogger("mlserver")
    modules = {
        "mlserver": dict(pick("MLModel", "ModelSettings", "register", "log"), __version__="0+apus"),
        "mlserver.model": pick("MLModel"), "mlserver.types": types, "mlserver.codecs": codecs,
        "mlserver.codecs.decorator": pick("decode_args"), "mlserver.codecs.numpy": pick("NumpyCodec", "NumpyRequestCodec"),
        "mlserver.codecs.string": pick("StringCodec", "StringRequestCodec"),
        "mlserver.codecs.pandas": pick("PandasCodec"), "mlserver.errors": errors,
        "mlserver.settings": pick("ModelSettings", "ModelParameters"), "mlserver.utils": pick("get_model_uri"),
        "mlserver.logging": {"logger": logger}, "mlserver.metrics": pick("register", "log"),
    }
    for name, content in modules.items():
        module = _types.ModuleType(name)
        module.__path__ = []
        module.__dict__.update(content)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
