"""What Triton's Python backend gives its models to import, with Apus behind it."""

import contextvars
import json
import struct
import sys

import numpy

CONTEXT = contextvars.ContextVar("request")  # Of the request that is being answered.
MODEL_FOLDER = ""

TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2
TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1
TRITONSERVER_MEMORY_CPU, TRITONSERVER_MEMORY_GPU = 0, 2
TRITONSERVER_REQUEST_RELEASE_ALL, TRITONSERVER_REQUEST_RELEASE_RESCHEDULE = 1, 2

_NUMPY = {
    "BOOL": numpy.bool_, "INT8": numpy.int8, "INT16": numpy.int16, "INT32": numpy.int32, "INT64": numpy.int64,
    "UINT8": numpy.uint8, "UINT16": numpy.uint16, "UINT32": numpy.uint32, "UINT64": numpy.uint64,
    "FP16": numpy.float16, "FP32": numpy.float32, "FP64": numpy.float64, "STRING": numpy.object_,
}
# Names without TYPE_ as V2 has them.
_NAMES = dict({name: name for name in _NUMPY}, STRING="BYTES", BF16="BF16")


class TritonModelException(Exception):
    """Raised by models; the request fails with its text."""


class TritonError:
    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)

    def __init__(self, message, code=INTERNAL):
        self._message, self._code = str(message), code

    def message(self):
        return self._message

    def code(self):
        return self._code

    def __str__(self):
        return self._message


class Tensor:
    """A named array."""

    def __init__(self, name, array):
        if not isinstance(array, numpy.ndarray):
            raise TritonModelException("Tensor %s: expected a numpy array, got %s" % (name, type(array).__name__))
        self._name, self._array = name, array

    def name(self):
        return self._name

    def as_numpy(self):
        return self._array

    def shape(self):
        return list(self._array.shape)

    def triton_dtype(self):
        return numpy_to_triton_type(self._array.dtype)

    def is_cpu(self):
        return True

    def to_dlpack(self):
        return self._array.__dlpack__()

    @staticmethod
    def from_dlpack(name, tensor):
        # numpy asks the tensor itself, as every library that has DLPack allows.
        return Tensor(name, numpy.from_dlpack(tensor))


class PreferredMemory:
    def __init__(self, preferred_memory_type=TRITONSERVER_MEMORY_CPU, preferred_device_id=0):
        self.preferred_memory_type, self.preferred_device_id = preferred_memory_type, preferred_device_id


class InferenceResponse:
    def __init__(self, output_tensors=(), error=None, parameters=None):
        self._tensors, self._error, self._parameters = list(output_tensors), error, parameters
        if error is not None and isinstance(error, str):
            self._error = TritonError(error)

    def output_tensors(self):
        return self._tensors

    def has_error(self):
        return self._error is not None

    def error(self):
        return self._error

    def parameters(self):
        return json.dumps(self._parameters or {})


class InferenceResponseSender:
    """Where a decoupled model sends its responses, from any thread."""

    def __init__(self, waiting, context):
        self._queue, self._context, self._is_final = waiting, context, False

    def send(self, response=None, flags=0):
        if self._is_final:
            raise TritonModelException("send was called after the final response")
        if response is None and not flags:
            raise TritonModelException("send needs a response or TRITONSERVER_RESPONSE_COMPLETE_FINAL")
        if response is not None:
            self._queue.put(("response", response))
        if flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL:
            self._is_final = True
            self._queue.put(("final", None))

    def is_cancelled(self):
        return bool(getattr(self._context, "cancelled", False))


class InferenceRequest:
    """A request to this model, or, made by the model, one to another that `exec` asks."""

    def __init__(self, request_id="", correlation_id=0, requested_output_names=(), inputs=(), model_name="",
                 model_version=-1, flags=0, timeout=0, preferred_memory=None, trace=None, parameters=None):
        self._inputs, self._outputs = list(inputs), list(requested_output_names)
        self._request_id, self._correlation_id, self._flags = request_id, correlation_id, flags
        self._model_name, self._model_version, self._timeout = model_name, model_version, timeout
        self._parameters = parameters if isinstance(parameters, str) else json.dumps(parameters or {})
        self._sender = self._context = None

    def inputs(self):
        return self._inputs

    def request_id(self):
        return self._request_id

    def correlation_id(self):
        return self._correlation_id

    def requested_output_names(self):
        return self._outputs

    def model_name(self):
        return self._model_name

    def model_version(self):
        return self._model_version

    def flags(self):
        return self._flags

    def set_flags(self, flags):
        self._flags = flags

    def timeout(self):
        return self._timeout

    def parameters(self):
        return self._parameters

    def trace(self):
        return None

    def preferred_memory(self):
        return PreferredMemory()

    def is_cancelled(self):
        return bool(getattr(self._context, "cancelled", False))

    def get_response_sender(self):
        if self._sender is None:
            raise TritonModelException("get_response_sender is for models with model_transaction_policy { decoupled: true }")
        return self._sender

    def exec(self, decoupled=False, execution_timeout=None):
        """Asks the other model and waits; with `decoupled`, an iterator of its responses."""
        response = self._asked(lambda context, model, inputs: context.call(model, inputs))
        return iter([response]) if decoupled else response

    async def async_exec(self, decoupled=False, execution_timeout=None):
        context = _context()
        try:
            answer = await context.call_async(*self._question())
        except Exception as error:  # noqa: BLE001 - the model looks at the response.
            return InferenceResponse(error=TritonError(str(error)))
        response = self._response(answer)
        return iter([response]) if decoupled else response

    def _asked(self, ask):
        context = _context()
        try:
            return self._response(ask(context, *self._question()))
        except Exception as error:  # noqa: BLE001 - the model looks at the response.
            return InferenceResponse(error=TritonError(str(error)))

    def _question(self):
        name = self._model_name
        if self._model_version not in (-1, "", None):
            name = "%s@%s" % (name, self._model_version)
        return name, {tensor.name(): tensor.as_numpy() for tensor in self._inputs}

    def _response(self, answer):
        wanted = self._outputs or list(answer)
        missing = [name for name in wanted if name not in answer]
        if missing:
            return InferenceResponse(error=TritonError("%s has no output %s" % (self._model_name, missing[0])))
        return InferenceResponse([Tensor(name, numpy.asarray(answer[name])) for name in wanted])


def _context():
    try:
        return CONTEXT.get()
    except LookupError:
        raise TritonModelException("another model can be asked only while a request is answered") from None


class ModelConfig:
    """A configuration that `auto_complete_config` adds to; what is written already must agree."""

    def __init__(self, config):
        self._config = config

    def as_dict(self):
        return self._config

    def set_max_batch_size(self, size):
        known = int(self._config.get("max_batch_size", 0))
        self._config["max_batch_size"] = min(known, size) if known and size else max(known, size)

    def add_input(self, given):
        self._add("input", given, ("name", "data_type", "dims", "optional"))

    def add_output(self, given):
        self._add("output", given, ("name", "data_type", "dims"))

    def _add(self, kind, given, allowed):
        for key in ("name", "data_type", "dims"):
            if key not in given:
                raise ValueError("model %s: %s has no %s" % (kind, given.get("name", "?"), key))
        unknown = [key for key in given if key not in allowed]
        if unknown:
            raise ValueError("model %s %s: unknown key %s" % (kind, given["name"], unknown[0]))
        for own in self._config.setdefault(kind, []):
            if own.get("name") == given["name"]:
                for key in ("data_type", "dims"):
                    if key in own and own[key] != given[key]:
                        raise ValueError("model %s %s: %s is %s in the configuration and %s in the model" % (
                            kind, given["name"], key, own[key], given[key]))
                own.update(given)
                return
        self._config[kind].append(dict(given))

    def set_dynamic_batching(self):
        self._config.setdefault("dynamic_batching", {})

    def set_model_transaction_policy(self, policy):
        unknown = [key for key in policy if key != "decoupled"]
        if unknown:
            raise ValueError("model transaction policy: unknown key %s" % unknown[0])
        self._config["model_transaction_policy"] = dict(policy)


class Logger:
    """Lines for the server's log, by way of standard error."""

    INFO, WARNING, ERROR, VERBOSE = "info", "warning", "error", "verbose"

    @staticmethod
    def log(message, level="info"):
        print("%s: %s" % (level, message), file=sys.stderr, flush=True)

    @classmethod
    def log_info(cls, message):
        cls.log(message, cls.INFO)

    @classmethod
    def log_warn(cls, message):
        cls.log(message, cls.WARNING)

    @classmethod
    def log_error(cls, message):
        cls.log(message, cls.ERROR)

    @classmethod
    def log_verbose(cls, message):
        """Verbose logs are off, as in Triton without --log-verbose."""


class MetricFamily:
    """Counters and gauges; values go to the server with the request that is being answered."""

    COUNTER, GAUGE = "counter", "gauge"

    def __init__(self, name, description="", kind=COUNTER):
        self._name, self._kind = name, kind

    def Metric(self, labels=None, buckets=None):  # noqa: N802 - Triton's name.
        return Metric(self._name, self._kind)


class Metric:
    def __init__(self, name, kind):
        self._name, self._kind, self._value = name, kind, 0

    def increment(self, value):
        self._value += value
        self._emit(value if self._kind == MetricFamily.COUNTER else self._value)

    def set(self, value):
        if self._kind == MetricFamily.COUNTER:
            raise TritonModelException("a counter cannot be set; use increment")
        self._value = value
        self._emit(value)

    def value(self):
        return self._value

    def _emit(self, value):
        context = CONTEXT.get(None)
        if context is not None:
            context.metric(self._name, value, self._kind)


# --- Looking things up


def get_input_tensor_by_name(request, name):
    return next((tensor for tensor in request.inputs() if tensor.name() == name), None)


def get_output_tensor_by_name(response, name):
    return next((tensor for tensor in response.output_tensors() if tensor.name() == name), None)


def get_input_config_by_name(model_config, name):
    return next((each for each in model_config.get("input", []) if each["name"] == name), None)


def get_output_config_by_name(model_config, name):
    return next((each for each in model_config.get("output", []) if each["name"] == name), None)


def using_decoupled_model_transaction_policy(model_config):
    return bool(model_config.get("model_transaction_policy", {}).get("decoupled", False))


def get_model_dir():
    return MODEL_FOLDER


# --- Types


def triton_to_numpy_type(number):
    """The numpy type of one of Triton's numbered datatypes."""
    order = [None, "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32",
             "FP64", "STRING"]
    return _NUMPY[order[number]]


def numpy_to_triton_type(kind):
    """The number of the datatype that a numpy type is."""
    order = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64"]
    kind = numpy.dtype(kind)
    for place, name in enumerate(order):
        if numpy.dtype(_NUMPY[name]) == kind:
            return place + 1
    return 13


def triton_string_to_numpy(name):
    """The numpy type of a `TYPE_...` of a configuration; `None` for one without."""
    return _NUMPY.get(str(name).replace("TYPE_", ""))


def serialize_byte_tensor(array):
    """Elements with their lengths before them, as V2's raw contents have them."""
    if array.size == 0:
        return None
    out = bytearray()
    for element in numpy.ascontiguousarray(array).ravel():
        data = element if isinstance(element, bytes) else str(element).encode("utf-8")
        out += struct.pack("<I", len(data)) + data
    return numpy.asarray(bytes(out), dtype=numpy.object_)


def deserialize_bytes_tensor(encoded):
    data, place, found = bytes(encoded), 0, []
    while place < len(data):
        length = struct.unpack_from("<I", data, place)[0]
        found.append(data[place + 4:place + 4 + length])
        place += 4 + length
    return numpy.array(found, dtype=numpy.object_)
