"""MLServer's codecs: tensors of requests and responses from and to arrays, texts and frames."""

import base64
import datetime
import functools
import inspect
import typing

import numpy

from .. import ports
from .mlserver_types import InferenceRequest, InferenceResponse, Parameters, RequestInput, ResponseOutput, TensorData


class MLServerError(Exception):
    def __init__(self, message, status_code=500):
        super().__init__(message)
        self.status_code = status_code


class InferenceError(MLServerError):
    def __init__(self, message):
        super().__init__(message, 400)


def _data(tensor):
    """Elements as a numpy array of the tensor's datatype and shape."""
    kind = ports.numpy_type(str(getattr(tensor.datatype, "value", tensor.datatype)))
    data = tensor.data.root if isinstance(tensor.data, TensorData) else tensor.data
    array = data if isinstance(data, numpy.ndarray) else numpy.asarray(data, dtype=kind)
    return array.reshape(tensor.shape) if tensor.shape else array


def content_type(parameters):
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


INPUT_CODECS = {codec.ContentType: codec for codec in (NumpyCodec, StringCodec, Base64Codec, DatetimeCodec)}


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
            if tensor.datatype == "BYTES" and content_type(tensor.parameters) in (None, "str", "pd"):
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


REQUEST_CODECS = {codec.ContentType: codec for codec in (PandasCodec, NumpyRequestCodec, StringRequestCodec)}


def decode_inference_request(request, model_settings=None, metadata_inputs=None):
    """Each input by its content type; a frame where the whole request is one."""
    codec = REQUEST_CODECS.get(content_type(request.parameters))
    if codec is not None:
        return codec.decode_request(request)
    for tensor in request.inputs:
        tensor._decoded = decoded(tensor, None)
    return request


def get_decoded_or_raw(tensor):
    return getattr(tensor, "_decoded", tensor.data)


get_decoded = get_decoded_or_raw


def has_decoded(tensor):
    return hasattr(tensor, "_decoded")


def decoded(tensor, default):
    codec = INPUT_CODECS.get(content_type(tensor.parameters)) or default
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
        return {name: decoded(by_name[name], StringCodec if _is_texts(hints.get(name)) else NumpyCodec)
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
            codec = next((each for each in INPUT_CODECS.values() if each.can_encode(value)), None)
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
