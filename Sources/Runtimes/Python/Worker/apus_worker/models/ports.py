"""Inputs and outputs: datatypes as V2 names them, and values of any kind made into arrays of one."""

import decimal
import enum
import json
import math
import uuid

import numpy

_NUMPY = {
    "BOOL": numpy.bool_, "INT8": numpy.int8, "INT16": numpy.int16, "INT32": numpy.int32,
    "INT64": numpy.int64, "UINT8": numpy.uint8, "UINT16": numpy.uint16, "UINT32": numpy.uint32,
    "UINT64": numpy.uint64, "FP16": numpy.float16, "FP32": numpy.float32, "FP64": numpy.float64,
    "BF16": numpy.uint16, "BYTES": numpy.object_,
}
NAMES = tuple(_NUMPY)


class WrongAnswer(Exception):
    """The model gave back what its description does not allow: what was expected, and what came."""


def port(name, datatype, shape, optional=False):
    """One input or output; a shape of `None` is any."""
    if datatype not in _NUMPY:
        raise ValueError("%s has datatype %r; expected one of %s" % (name, datatype, ", ".join(NAMES)))
    found = {"name": name, "datatype": datatype, "shape": None if shape is None else list(shape)}
    if optional:
        found["optional"] = True
    return found


def table_port(name, datatype, count, names=None):
    """The matrix of a tabular model: whoever asks may send numbers of every type, what is missing as null,
    and columns by their names, where they have some.
    """
    found = port(name, datatype, [-1, count])
    if datatype in ("FP32", "FP64"):
        names = [str(each) for each in names] if names is not None else []
        # Names that do not tell every column from the others are no use to anybody.
        found["table"] = names if len(names) == count and len(set(names)) == count else None
    return found


def numpy_type(datatype):
    """The numpy type that holds a datatype; BF16 travels as its bits."""
    return numpy.dtype(_NUMPY[datatype])


def datatype_of(kind):
    """The V2 datatype of a numpy type; texts, bytes and objects are BYTES."""
    kind = numpy.dtype(kind)
    if kind.kind in "OSU":
        return "BYTES"
    for name, candidate in _NUMPY.items():
        if name not in ("BF16", "BYTES") and numpy.dtype(candidate) == kind:
            return name
    raise TypeError("numpy's %s has no datatype in V2" % kind)


def as_array(value):
    """Whatever a library gives back (arrays, tensors, frames, sparse matrices, lists) as an array."""
    if isinstance(value, numpy.ndarray):
        return value
    for convert in (
        lambda: value.toarray() if hasattr(value, "toarray") and hasattr(value, "nnz") else None,
        lambda: value.detach().cpu().numpy() if hasattr(value, "detach") else None,
        lambda: value.to_numpy() if hasattr(value, "to_numpy") else None,
    ):
        found = convert()
        if found is not None:
            return found
    try:
        return numpy.asarray(value)
    except ValueError as error:
        if "inhomogeneous" in str(error) or "sequence" in str(error):
            raise WrongAnswer("its rows have different lengths (%s)" % error) from None
        raise


def as_bytes(value):
    """One element of a BYTES tensor: bytes stay, text is UTF-8, anything else is a JSON document."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def bytes_array(values, shape=None):
    """Elements of a BYTES tensor from a list of texts, bytes or documents."""
    array = numpy.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        array[place] = as_bytes(value)
    return array if shape is None else array.reshape(shape)


def texts(array):
    """A BYTES tensor with `str` elements, of the same shape."""
    found = numpy.empty(array.size, dtype=object)
    for place, value in enumerate(array.ravel()):
        found[place] = value.decode("utf-8") if isinstance(value, bytes) else value
    return found.reshape(array.shape)


def plain(value):
    """A value of any kind as JSON's own kinds."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None  # JSON has no word for the others.
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, numpy.generic):
        return plain(value.item())
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise WrongAnswer("bytes that are no text cannot be written as JSON") from None
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    for attribute in ("model_dump", "tolist", "isoformat"):
        if hasattr(value, attribute):
            return plain(getattr(value, attribute)())
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if hasattr(value, "detach"):
        return plain(value.detach().cpu().numpy())
    raise WrongAnswer("a value of type %s cannot be written as JSON" % type(value).__name__)


def declared(value, name):
    """An author's description of a tensor as a port: `api.Tensor`, a dict, or (datatype, shape)."""
    if isinstance(value, dict):
        return port(value.get("name", name), value["datatype"], value.get("shape"), value.get("optional", False))
    if isinstance(value, (tuple, list)):
        return port(name, value[0], value[1] if len(value) > 1 else None)
    return port(value.name or name, value.datatype, value.shape, value.optional)


def declared_all(description):
    """Ports of a dictionary of name to description, or of a list of descriptions with names."""
    if isinstance(description, dict):
        return [declared(value, name) for name, value in description.items()]
    return [declared(value, None) for value in description]


def conform(value, port, rows):
    """A model's value for an output as an array of the declared datatype, or `WrongAnswer`.

    `rows` is the number of rows that must come back; `None` where the first axis is no row axis.
    """
    name, datatype = port["name"], port["datatype"]
    try:
        array = as_array(value)
    except WrongAnswer as error:
        raise WrongAnswer("output %s: %s" % (name, error)) from None
    if datatype == "BYTES":
        array = _as_texts(value, array, port)
    else:
        array = _as_numbers(array, name, datatype)
    if rows is not None and (array.ndim == 0 or array.shape[0] != rows):
        got = "a single value" if array.ndim == 0 else "shape %s" % list(array.shape)
        raise WrongAnswer(
            "output %s: expected %d rows, one for each row of the input, got %s" % (name, rows, got))
    if port["shape"] is not None:
        _check_shape(array, port)
    return array


def _as_texts(value, array, port):
    if array.dtype.kind not in "OSU" and isinstance(value, numpy.ndarray):
        raise WrongAnswer("output %s: expected texts or bytes, got numbers (%s)" % (port["name"], array.dtype))
    rank = None if port["shape"] is None else len(port["shape"])
    if isinstance(value, (list, tuple)) and rank == 1:
        return bytes_array(value)  # Documents that are lists stay whole.
    return bytes_array(list(array.ravel()), array.shape)


def _as_numbers(array, name, datatype):
    wanted = numpy_type(datatype)
    if array.dtype == wanted:
        return array
    if array.dtype.kind not in "biuf":
        what = {"O": "objects", "U": "texts", "S": "bytes", "c": "complex numbers"}.get(array.dtype.kind, array.dtype)
        raise WrongAnswer(
            "output %s: expected numbers (%s), got %s; say with an annotation what is returned, such as "
            "-> list[str] or -> list[dict]" % (name, datatype, what))
    if array.dtype.kind == wanted.kind == "f":
        return array.astype(wanted)
    with numpy.errstate(all="ignore"):
        cast = array.astype(wanted)
        if numpy.array_equal(cast.astype(array.dtype), array):
            return cast  # Whole numbers in floats, and the like: nothing is lost.
    raise WrongAnswer("output %s: %s values do not fit %s without loss" % (name, array.dtype, datatype))


def _check_shape(array, port):
    shape = port["shape"]
    fits = array.ndim == len(shape) and all(want in (-1, got) for want, got in zip(shape, array.shape))
    if not fits:
        raise WrongAnswer("output %s: expected shape %s, got %s" % (port["name"], shape, list(array.shape)))
