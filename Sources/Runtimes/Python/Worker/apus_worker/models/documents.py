"""JSON documents as values of annotations."""

import base64
import collections.abc
import datetime
import decimal
import enum
import inspect
import json
import typing
import uuid

import numpy

from .. import api
from . import annotations, ports

WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", bytes: "base64 text"}
# Kinds that a text in JSON becomes, and how.
TEXTS = {
    datetime.datetime: lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")),
    datetime.date: datetime.date.fromisoformat, datetime.time: datetime.time.fromisoformat,
    decimal.Decimal: decimal.Decimal, uuid.UUID: uuid.UUID,
}
_LISTS = (list, tuple, set, frozenset, collections.abc.Sequence)
_OBJECTS = (dict, collections.abc.Mapping)
_MANY = _LISTS + _OBJECTS


def value(document, annotation, where):
    """A JSON value as its annotation wants it; `Refused` says what was expected, and where."""
    kind, is_optional = annotations.without_none(annotation)
    if document is None and (is_optional or kind in (typing.Any, object)):
        return None
    if kind in (typing.Any, object, inspect.Parameter.empty):
        return document
    own = annotations.plain_kind(kind)
    if own in annotations.SCALARS:
        found = _scalar(document, own, where)
        return found if own is kind else _made(kind, found, where)
    if kind in TEXTS:
        return _made(TEXTS[kind], _scalar(document, str, where), where)
    if hasattr(kind, "model_validate"):  # pydantic's own classes know better.
        return _made(kind.model_validate, document, where)
    return _composed(document, kind, where)


def _made(make, document, where):
    """What the author's class or a library makes of it; what it says against it is the caller's to hear."""
    try:
        return make(document)
    except (ValueError, ArithmeticError) as error:
        raise api.Refused("%s: %s" % (where, error)) from None


def _composed(document, kind, where):
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is typing.Literal:
        _expect(any(_is_same(each, document) for each in arguments), document, where, "one of %s" % _listed(arguments))
        return document
    if annotations.is_union(kind):
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
    if annotations.fields(kind) is not None:
        return _record(document, kind, where)
    if origin in _LISTS:
        _expect(isinstance(document, list), document, where, "a list")
        kinds = _kinds(document, origin, arguments, where)
        found = [value(each, inner, "%s[%d]" % (where, place)) for place, (each, inner) in enumerate(zip(document, kinds))]
        return found if origin in (list, collections.abc.Sequence) else origin(found)
    if origin in _OBJECTS:
        _expect(isinstance(document, dict), document, where, "an object")
        of_key, inner = arguments if len(arguments) > 1 else (str, typing.Any)
        return {_key(key, of_key, where): value(each, inner, "%s.%s" % (where, key)) for key, each in document.items()}
    port = annotations.array_port(kind, where)
    return _made(lambda found: numpy.asarray(found, ports.numpy_type(port["datatype"])), document, where)


def _kinds(document, origin, arguments, where):
    """The annotation of each element of a list."""
    if origin is not tuple or not arguments or arguments[-1] is Ellipsis:
        return [arguments[0] if arguments else typing.Any] * len(document)
    _expect(len(document) == len(arguments), document, where, "a list of %d" % len(arguments))
    return arguments


def _key(text, kind, where):
    """JSON's names are texts, whatever they are names of."""
    if annotations.scalar(kind) not in (int, float):
        return value(text, kind, where)
    number = _made(annotations.scalar(kind), text, where)
    return value(number, kind, where)


def unreadable(annotation, depth=0):
    """The part of an annotation that no JSON becomes; `None` where all of it is fine."""
    kind = annotations.plain_kind(annotations.without_none(annotation)[0])
    if depth > 8 or kind in (typing.Any, object, inspect.Parameter.empty, Ellipsis) or kind in annotations.SCALARS or kind in TEXTS:
        return None
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    is_known = hasattr(kind, "model_validate") or origin is typing.Literal or (
        isinstance(kind, type) and issubclass(kind, enum.Enum)) or annotations.array_port(kind, "") is not None
    if is_known or isinstance(kind, typing.TypeVar):
        return None
    parts = annotations.fields(kind)
    if parts is None and not (annotations.is_union(kind) or origin in _MANY):
        return kind
    found = (unreadable(each, depth + 1) for each in (arguments if parts is None else parts.values()))
    return next((each for each in found if each is not None), None)


def _record(document, kind, where):
    _expect(isinstance(document, dict), document, where, "an object")
    hints = annotations.fields(kind)
    unknown = [name for name in document if name not in hints]
    if unknown:
        raise api.Refused("%s: unknown field %s; the fields are %s" % (where, unknown[0], ", ".join(hints)))
    missing = [name for name in annotations.required(kind) if name not in document]
    if missing:
        raise api.Refused("%s: field %s is missing" % (where, missing[0]))
    found = {name: value(each, hints[name], "%s.%s" % (where, name)) for name, each in document.items()}
    return found if annotations.is_typed_dict(kind) else _made(lambda given: kind(**given), found, where)


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
