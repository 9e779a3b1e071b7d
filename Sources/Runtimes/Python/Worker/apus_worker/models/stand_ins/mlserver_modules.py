"""The part of MLServer's interface that custom runtimes are written against."""

import base64
import datetime
import functools
import inspect
import json
import logging
import pathlib
import sys
import types as _types
import typing

import numpy

from .. import ports


class MLServerError(Exception):
    def __init__(self, message, status_code=500):
        super().__init__(message)
        self.status_code = status_code


class InferenceError(MLServerError):
    def __init__(self, message):
        super().__init__(message, 400)


class InvalidModelURI(MLServerError):
    def __init__(self, name, uri=None):
        super().__init__("Invalid URI specified for model %s (%s)" % (name, uri), 422)


# --- Types


class _Record:
    """Fields by keyword, as the real ones have; unknown ones are kept."""

    _fields = {}

    def __init__(self, **given):
        for name, default in self._fields.items():
            value = given.pop(name, default)
            setattr(self, name, _record(value, self._kinds().get(name)))
        for name, value in given.items():
            setattr(self, name, value)

    @classmethod
    def _kinds(cls):
        return {}

    def model_dump(self, exclude_none=False, **_):
        found = {name: _dumped(value) for name, value in vars(self).items()}
        return {name: value for name, value in found.items() if value is not None or not exclude_none}

    dict = model_dump

    def model_dump_json(self, **options):
        return json.dumps(ports.plain(self.model_dump(**options)))

    json = model_dump_json

    @classmethod
    def model_validate(cls, given):
        return given if isinstance(given, cls) else cls(**given)

    parse_obj = model_validate

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % each for each in vars(self).items()))

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


def _record(value, kind):
    if kind is None or value is None:
        return value
    if isinstance(value, list):
        return [kind(**each) if isinstance(each, dict) else each for each in value]
    return kind(**value) if isinstance(value, dict) else value


def _dumped(value):
    if isinstance(value, _Record):
        return value.model_dump()
    return [_dumped(each) for each in value] if isinstance(value, list) else value


class Parameters(_Record):
    _fields = {"content_type": None, "headers": None}


class _WithParameters(_Record):
    @classmethod
    def _kinds(cls):
        return {"parameters": Parameters, "inputs": RequestInput, "outputs": RequestOutput}


class RequestInput(_WithParameters):
    _fields = {"name": "", "shape": None, "datatype": None, "parameters": None, "data": None}


class RequestOutput(_WithParameters):
    _fields = {"name": "", "parameters": None}


class ResponseOutput(RequestInput):
    pass


class MetadataTensor(_WithParameters):
    _fields = {"name": "", "datatype": None, "shape": None, "parameters": None}


class InferenceRequest(_WithParameters):
    _fields = {"id": None, "parameters": None, "inputs": (), "outputs": None}


class InferenceResponse(_WithParameters):
    _fields = {"model_name": "", "model_version": None, "id": None, "parameters": None, "outputs": ()}

    @classmethod
    def _kinds(cls):
        return {"parameters": Parameters, "outputs": ResponseOutput}


class TensorData(list):
    """A list; the real one wraps it for pydantic."""

    @property
    def root(self):
        return list(self)


Datatype = _types.SimpleNamespace(**{name: name for name in ports.NAMES})


class ModelParameters(_Record):
    _fields = {"uri": None, "version": None, "content_type": None, "environment_path": None, "format": None,
               "extra": None}


class ModelSettings(_Record):
    _fields = {"name": "", "platform": "", "versions": (), "inputs": (), "outputs": (), "parameters": None,
               "implementation_": "", "max_batch_size": 0, "max_batch_time": 0.0}

    @classmethod
    def _kinds(cls):
        return {"parameters": ModelParameters, "inputs": MetadataTensor, "outputs": MetadataTensor}


# --- Codecs


def _data(tensor):
    """Elements as a numpy array of the tensor's datatype and shape."""
    kind = ports.numpy_type(str(getattr(tensor.datatype, "value", tensor.datatype)))
    data = tensor.data.root if isinstance(tensor.data, TensorData) else tensor.data
    array = data if isinstance(data, numpy.ndarray) else numpy.asarray(data, dtype=kind)
    return array.reshape(tensor.shape) if tensor.shape else array


def _content_type(parameters):
    return getattr(parameters, "content_type", None) if parameters is not None else None


class NumpyCodec:
    ContentType = "np"

    @classmethod
    def can_encode(cls, payload):
        return isinstance(payload, numpy.ndarray)

    @classmethod
    def encode_output(cls, name, payload, **_):
        shape = list(payload.shape) if payload.ndim > 1 else [payload.size, 1]  # As MLServer has it.
        return ResponseOutput(name=name, datatype=ports.datatype_of(payload.dtype), shape=shape,
                              data=payload, parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def encode_input(cls, name, payload, **_):
        return RequestInput(**vars(cls.encode_output(name, payload)))

    @classmethod
    def decode_output(cls, output):
        return _data(output)

    decode_input = decode_output


class StringCodec:
    ContentType = "str"

    @classmethod
    def can_encode(cls, payload):
        return isinstance(payload, list) and all(isinstance(each, str) for each in payload)

    @classmethod
    def encode_output(cls, name, payload, use_bytes=True, **_):
        return ResponseOutput(name=name, datatype="BYTES", shape=[len(payload), 1],
                              data=[each.encode("utf-8") if use_bytes else each for each in payload],
                              parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def encode_input(cls, name, payload, **options):
        return RequestInput(**vars(cls.encode_output(name, payload, **options)))

    @classmethod
    def decode_output(cls, output):
        return [each.decode("utf-8") if isinstance(each, bytes) else str(each)
                for each in numpy.asarray(output.data, dtype=object).ravel()]

    decode_input = decode_output


class Base64Codec(StringCodec):
    ContentType = "base64"

    @classmethod
    def can_encode(cls, payload):
        return isinstance(payload, list) and all(isinstance(each, bytes) for each in payload)

    @classmethod
    def encode_output(cls, name, payload, **_):
        return ResponseOutput(name=name, datatype="BYTES", shape=[len(payload), 1],
                              data=[base64.b64encode(each) for each in payload],
                              parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def decode_output(cls, output):
        return [base64.b64decode(each) for each in numpy.asarray(output.data, dtype=object).ravel()]

    decode_input = decode_output


class DatetimeCodec(StringCodec):
    ContentType = "datetime"

    @classmethod
    def can_encode(cls, payload):
        return isinstance(payload, list) and all(isinstance(each, datetime.datetime) for each in payload)

    @classmethod
    def encode_output(cls, name, payload, **_):
        encoded = StringCodec.encode_output(name, [each.isoformat() for each in payload])
        encoded.parameters = Parameters(content_type=cls.ContentType)
        return encoded

    @classmethod
    def decode_output(cls, output):
        return [datetime.datetime.fromisoformat(each.replace("Z", "+00:00")) for each in StringCodec.decode_output(output)]

    decode_input = decode_output


_INPUT_CODECS = {codec.ContentType: codec for codec in (NumpyCodec, StringCodec, Base64Codec, DatetimeCodec)}


class PandasCodec:
    """A frame: each tensor is a column."""

    ContentType = "pd"

    @classmethod
    def can_encode(cls, payload):
        return type(payload).__name__ == "DataFrame" and type(payload).__module__.startswith("pandas")

    @classmethod
    def encode_outputs(cls, payload, **_):
        found = []
        for name in payload.columns:
            column = payload[name].to_numpy()
            if column.dtype.kind in "OSU":
                found.append(StringCodec.encode_output(str(name), [str(each) for each in column]))
            else:
                found.append(NumpyCodec.encode_output(str(name), column.reshape(-1, 1)))
        return found

    @classmethod
    def encode_response(cls, model_name, payload, model_version=None, **_):
        return InferenceResponse(model_name=model_name, model_version=model_version,
                                 outputs=cls.encode_outputs(payload), parameters=Parameters(content_type="pd"))

    @classmethod
    def encode_request(cls, payload, **_):
        return InferenceRequest(inputs=[RequestInput(**vars(each)) for each in cls.encode_outputs(payload)],
                                parameters=Parameters(content_type="pd"))

    @classmethod
    def _frame(cls, tensors):
        import pandas

        columns = {}
        for tensor in tensors:
            array = _data(tensor)
            if array.ndim > 1 and array.shape[-1] == 1:
                array = array.reshape(-1)
            if tensor.datatype == "BYTES" and _content_type(tensor.parameters) in (None, "str", "pd"):
                array = ports.texts(array)
            columns[tensor.name] = list(array) if array.ndim > 1 else array
        return pandas.DataFrame(columns)

    @classmethod
    def decode_request(cls, request):
        return cls._frame(request.inputs)

    @classmethod
    def decode_response(cls, response):
        return cls._frame(response.outputs)


class _SingleRequestCodec:
    """A request whose first tensor is all there is to it."""

    InputCodec = NumpyCodec

    @classmethod
    def can_encode(cls, payload):
        return cls.InputCodec.can_encode(payload)

    @classmethod
    def encode_response(cls, model_name, payload, model_version=None, **options):
        return InferenceResponse(model_name=model_name, model_version=model_version,
                                 outputs=[cls.InputCodec.encode_output("output-1", payload, **options)],
                                 parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def encode_request(cls, payload, **options):
        return InferenceRequest(inputs=[cls.InputCodec.encode_input("input-0", payload, **options)],
                                parameters=Parameters(content_type=cls.ContentType))

    @classmethod
    def decode_request(cls, request):
        if len(request.inputs) != 1:
            raise InferenceError("The '%s' codec only supports a single input (%d inputs were received)"
                                 % (cls.ContentType, len(request.inputs)))
        return cls.InputCodec.decode_input(request.inputs[0])

    @classmethod
    def decode_response(cls, response):
        return cls.InputCodec.decode_output(response.outputs[0])


class NumpyRequestCodec(_SingleRequestCodec):
    ContentType, InputCodec = "np", NumpyCodec


class StringRequestCodec(_SingleRequestCodec):
    ContentType, InputCodec = "str", StringCodec


_REQUEST_CODECS = {codec.ContentType: codec for codec in (PandasCodec, NumpyRequestCodec, StringRequestCodec)}


def decode_inference_request(request, model_settings=None, metadata_inputs=None):
    """Each input by its content type; a frame where the whole request is one."""
    codec = _REQUEST_CODECS.get(_content_type(request.parameters))
    if codec is not None:
        return codec.decode_request(request)
    for tensor in request.inputs:
        tensor._decoded = _decoded(tensor, None)
    return request


def get_decoded_or_raw(tensor):
    return getattr(tensor, "_decoded", tensor.data)


get_decoded = get_decoded_or_raw


def has_decoded(tensor):
    return hasattr(tensor, "_decoded")


def _decoded(tensor, default):
    codec = _INPUT_CODECS.get(_content_type(tensor.parameters)) or default
    if codec is None:
        codec = StringCodec if tensor.datatype == "BYTES" else NumpyCodec
    return codec.decode_input(tensor)


def decode_args(predict):
    """A `predict` whose arguments are the inputs, by their annotations, and whose results are outputs."""
    hints = typing.get_type_hints(predict)
    names = [name for name in inspect.signature(predict).parameters if name != "self"]

    def arguments(request):
        by_name = {tensor.name: tensor for tensor in request.inputs}
        if len(names) == 1 and _is_frame(hints.get(names[0])):
            return {names[0]: PandasCodec.decode_request(request)}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise InferenceError("Missing input %s" % missing[0])
        return {name: _decoded(by_name[name], StringCodec if _is_texts(hints.get(name)) else NumpyCodec)
                for name in names}

    def response(self, result):
        values = result if isinstance(result, tuple) else (result,)
        outputs = []
        for place, value in enumerate(values):
            if isinstance(value, InferenceResponse):
                return value
            if PandasCodec.can_encode(value):
                outputs += PandasCodec.encode_outputs(value)
                continue
            codec = next((each for each in _INPUT_CODECS.values() if each.can_encode(value)), None)
            if codec is None:
                raise InferenceError("There was no codec found which can encode %s" % type(value).__name__)
            outputs.append(codec.encode_output("output-%d" % place, value))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)

    if inspect.iscoroutinefunction(predict):
        @functools.wraps(predict)
        async def wrapped(self, request):
            return response(self, await predict(self, **arguments(request)))
    else:
        @functools.wraps(predict)
        def wrapped(self, request):
            return response(self, predict(self, **arguments(request)))
    return wrapped


def _is_frame(hint):
    return getattr(hint, "__name__", "") == "DataFrame"


def _is_texts(hint):
    return typing.get_origin(hint) is list or hint in (list, str)


# --- The class that runtimes derive from


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

    async def unload(self):
        return True

    def decode(self, request_input, default_codec=None):
        return _decoded(request_input, default_codec)

    def decode_request(self, inference_request, default_codec=None):
        codec = _REQUEST_CODECS.get(_content_type(inference_request.parameters)) or default_codec
        if codec is not None:
            return codec.decode_request(inference_request)
        return {tensor.name: _decoded(tensor, None) for tensor in inference_request.inputs}

    def encode(self, payload, request_output, default_codec=None):
        codec = _INPUT_CODECS.get(_content_type(request_output.parameters)) or default_codec or NumpyCodec
        return codec.encode_output(request_output.name, payload)

    def encode_response(self, payload, default_codec=None):
        codec = default_codec or next((each for each in _REQUEST_CODECS.values() if each.can_encode(payload)), None)
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


_reporting = {}  # Metric name to its kind, and the context of the request that is answered.


def register(name, description=""):
    _reporting[name] = "gauge"


def log(**values):
    context = _reporting.get("")
    if context is not None:
        for name, value in values.items():
            context.metric(name, value, _reporting.get(name, "gauge"))


def install():
    """Makes `mlserver` importable where it is not installed itself."""
    own = globals()

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
