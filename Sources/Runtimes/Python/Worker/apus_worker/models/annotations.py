"""What annotations say: which tensor holds a Python type, and the value of a JSON document under one."""

import base64
import collections.abc
import dataclasses
import datetime
import enum
import inspect
import json
import typing

import numpy

from .. import api
from . import ports

_ABSENT = inspect.Parameter.empty
SCALARS = {str: "BYTES", bytes: "BYTES", int: "INT64", float: "FP64", bool: "BOOL"}
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", bytes: "base64 text"}
_STREAMS = (
    collections.abc.Iterator, collections.abc.Iterable, collections.abc.Generator,
    collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator,
)


def of(function):
    """Name to annotation of a function, texts evaluated where they were written; `return` included."""
    found = {}
    for name, value in getattr(function, "__annotations__", {}).items():
        if isinstance(value, str):
            try:
                value = eval(value, function.__globals__)  # noqa: S307 - it is the model's own source.
            except Exception as error:
                raise TypeError(
                    "the annotation %s: %s of %s cannot be understood: %s" % (name, value, function.__name__, error)
                ) from None
        found[name] = value
    return found


def array_port(annotation, name):
    """The port of an array annotation, or `None` where it is something else.

    `numpy.ndarray` alone is FP32; `numpy.typing.NDArray[numpy.int64]` says the type, and `api.Tensor`,
    itself or inside `Annotated`, says everything.
    """
    if isinstance(annotation, api.Tensor):
        return ports.declared(annotation, name)
    arguments = typing.get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        for extra in annotation.__metadata__:
            if isinstance(extra, api.Tensor):
                return ports.declared(extra, name)
        return array_port(arguments[0], name)
    if annotation is numpy.ndarray:
        return ports.port(name, "FP32", None)
    if typing.get_origin(annotation) is numpy.ndarray:
        inner = typing.get_args(arguments[1]) if len(arguments) > 1 else ()
        kind = inner[0] if inner and isinstance(inner[0], type) else numpy.float32
        return ports.port(name, ports.datatype_of(kind), None)
    return None


def without_none(annotation):
    """`T` of `Optional[T]`, and whether it was optional."""
    arguments = typing.get_args(annotation)
    if type(None) not in arguments or typing.get_origin(annotation) is dict:
        return annotation, False
    rest = [each for each in arguments if each is not type(None)]
    return (rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]), True


def list_element(annotation):
    """`T` of `list[T]` and of `Sequence[T]`; `None` where it is no list."""
    if annotation is list:
        return typing.Any
    if typing.get_origin(annotation) in (list, collections.abc.Sequence):
        return typing.get_args(annotation)[0]
    return None


def stream_element(annotation):
    """`T` of a stream's annotation, such as `Iterator[T]`; absent where that is not said."""
    if typing.get_origin(annotation) in _STREAMS:
        return typing.get_args(annotation)[0]
    return _ABSENT if annotation in _STREAMS else None


def is_typed_dict(annotation):
    return isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__total__")


def fields(annotation):
    """Field to annotation of a TypedDict or dataclass; `None` for anything else."""
    if is_typed_dict(annotation):
        return typing.get_type_hints(annotation, include_extras=True)
    if dataclasses.is_dataclass(annotation):
        return typing.get_type_hints(annotation, include_extras=True)
    return None


def scalar(annotation):
    """`str`, `int`, `float` or `bool` where that is what all values of the annotation are, as those of a
    `Literal` or an `Enum` may be; `None` otherwise.
    """
    kind = without_none(annotation)[0]
    if kind in (str, int, float, bool):
        return kind
    if typing.get_origin(kind) is typing.Literal:
        values = typing.get_args(kind)
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = [each.value for each in kind]
    else:
        values = typing.get_args(kind) if is_union(kind) else ()
        return float if values and set(values) <= {int, float} else None
    kinds = {type(each) for each in values}
    return kinds.pop() if len(kinds) == 1 and kinds <= {str, int, float, bool} else None


def is_union(kind):
    return typing.get_origin(kind) is typing.Union or type(kind).__name__ == "UnionType"


# --- JSON documents


def value(document, annotation, where):
    """A JSON value as its annotation wants it; `Refused` says what was expected, and where."""
    kind, is_optional = without_none(annotation)
    if document is None and (is_optional or kind in (typing.Any, object)):
        return None
    if kind in (typing.Any, object, _ABSENT):
        return document
    if kind in SCALARS:
        return _scalar(document, kind, where)
    if hasattr(kind, "model_validate"):  # pydantic's own classes know better.
        try:
            return kind.model_validate(document)
        except ValueError as error:
            raise api.Refused("%s: %s" % (where, error)) from None
    return _composed(document, kind, where)


def _composed(document, kind, where):
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is typing.Literal:
        _expect(any(_is_same(each, document) for each in arguments), document, where, "one of %s" % _listed(arguments))
        return document
    if is_union(kind):
        for option in arguments:
            try:
                return value(document, option, where)
            except api.Refused:
                continue
        _expect(False, document, where, "one of %s" % _listed([getattr(a, "__name__", str(a)) for a in arguments]))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        found = [each for each in kind if _is_same(each.value, document)]
        _expect(found, document, where, "one of %s" % _listed(each.value for each in kind))
        return found[0]
    if kind is datetime.datetime:
        return datetime.datetime.fromisoformat(_scalar(document, str, where).replace("Z", "+00:00"))
    if fields(kind) is not None:
        return _record(document, kind, where)
    if origin in (list, tuple, set, collections.abc.Sequence):
        _expect(isinstance(document, list), document, where, "a list")
        inner = arguments[0] if arguments else typing.Any
        found = [value(each, inner, "%s[%d]" % (where, place)) for place, each in enumerate(document)]
        return found if origin in (list, collections.abc.Sequence) else origin(found)
    if origin in (dict, collections.abc.Mapping):
        _expect(isinstance(document, dict), document, where, "an object")
        inner = arguments[1] if len(arguments) > 1 else typing.Any
        return {key: value(each, inner, "%s.%s" % (where, key)) for key, each in document.items()}
    port = array_port(kind, where)
    if port is not None:
        return numpy.asarray(document, ports.numpy_type(port["datatype"]))
    raise TypeError("%s cannot be read from JSON: %r" % (where, kind))


def _record(document, kind, where):
    _expect(isinstance(document, dict), document, where, "an object")
    hints = fields(kind)
    unknown = [name for name in document if name not in hints]
    if unknown:
        raise api.Refused("%s: unknown field %s; the fields are %s" % (where, unknown[0], ", ".join(hints)))
    missing = [name for name in required(kind) if name not in document]
    if missing:
        raise api.Refused("%s: field %s is missing" % (where, missing[0]))
    found = {name: value(each, hints[name], "%s.%s" % (where, name)) for name, each in document.items()}
    return found if is_typed_dict(kind) else kind(**found)


def required(kind):
    if is_typed_dict(kind):
        return sorted(kind.__required_keys__, key=list(fields(kind)).index)
    absent = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(kind) if f.default is absent and f.default_factory is absent]


def _scalar(document, kind, where):
    if kind is float:
        _expect(isinstance(document, (int, float)) and not isinstance(document, bool), document, where, WORDS[kind])
        return float(document)
    if kind is int:
        whole = isinstance(document, int) or (isinstance(document, float) and document.is_integer())
        _expect(whole and not isinstance(document, bool), document, where, WORDS[kind])
        return int(document)
    if kind is bytes:
        try:
            return base64.b64decode(document, validate=True)
        except (ValueError, TypeError):
            _expect(False, document, where, WORDS[kind])
    return _expect(isinstance(document, kind), document, where, WORDS[kind])


def _expect(is_right, document, where, expectation):
    if not is_right:
        got = json.dumps(document, ensure_ascii=False)
        got = got if len(got) <= 60 else got[:57] + "..."
        raise api.Refused("%s: expected %s, got %s" % (where, expectation, got))
    return document


def _is_same(one, other):
    """Equal as JSON has it: true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _listed(names):
    return ", ".join(json.dumps(name) if isinstance(name, str) else str(name) for name in names)
