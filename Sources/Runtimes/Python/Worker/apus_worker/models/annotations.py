"""What annotations say: which tensor holds a Python type."""

import collections.abc
import dataclasses
import enum
import inspect
import typing

import numpy

from .. import api
from . import ports

_ABSENT = inspect.Parameter.empty
SCALARS = {str: "BYTES", bytes: "BYTES", int: "INT64", float: "FP64", bool: "BOOL"}
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


def required(kind):
    if is_typed_dict(kind):
        return sorted(kind.__required_keys__, key=list(fields(kind)).index)
    absent = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(kind) if f.default is absent and f.default_factory is absent]


def plain_kind(kind):
    """Python's own type for one of numpy's scalars; any other annotation itself."""
    if not isinstance(kind, type) or not issubclass(kind, numpy.generic):
        return kind
    for numbers, own in ((numpy.bool_, bool), (numpy.integer, int), (numpy.floating, float), (numpy.str_, str), (numpy.bytes_, bytes)):
        if issubclass(kind, numbers):
            return own
    return kind


def scalar(annotation):
    """`str`, `int`, `float` or `bool` where that is what all values of the annotation are, as those of a
    `Literal` or an `Enum` may be; `None` otherwise.
    """
    kind = plain_kind(without_none(annotation)[0])
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
