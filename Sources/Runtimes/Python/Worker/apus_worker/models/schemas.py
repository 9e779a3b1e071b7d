"""JSON Schemas of annotations, and examples of them."""

import collections.abc
import dataclasses
import datetime
import enum
import inspect
import typing
import uuid

from . import annotations, documents, ports

_DEPTH_MAX = 8
_FORMATS = {datetime.datetime: "date-time", datetime.date: "date", datetime.time: "time", uuid.UUID: "uuid"}
_SCHEMAS = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"}, dict: {"type": "object"}, list: {"type": "array"},
}


def is_image(annotation):
    return isinstance(annotation, type) and annotation.__module__ == "PIL.Image" and annotation.__name__ == "Image"


def schema(annotation, depth=0):
    """The JSON Schema of an annotation; what cannot be said is `{}`, anything."""
    kind, is_optional = annotations.without_none(annotation)
    found = {} if depth > _DEPTH_MAX else _schema(kind, depth)
    if not is_optional or not found:
        return found
    if isinstance(found.get("type"), str):
        return dict(found, type=[found["type"], "null"])
    return dict(found, enum=found["enum"] + [None]) if "enum" in found else {"anyOf": [found, {"type": "null"}]}


def _schema(kind, depth):
    if kind in (typing.Any, object, inspect.Parameter.empty):
        return {}
    kind = annotations.plain_kind(kind)
    if isinstance(kind, type) and kind in _SCHEMAS:
        return dict(_SCHEMAS[kind])
    if is_image(kind):
        return {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/*"}
    if hasattr(kind, "model_json_schema"):
        found = kind.model_json_schema()
        return _inlined(found, found.get("$defs", {}), 0)
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [each.value for each in kind]}
    if kind in documents.TEXTS:
        return dict({"type": "string"}, **({"format": _FORMATS[kind]} if kind in _FORMATS else {}))
    if annotations.is_union(kind):
        return {"anyOf": [schema(each, depth + 1) for each in arguments]}
    if annotations.fields(kind) is not None:
        properties = {name: dict(schema(each, depth + 1), **_default(kind, name))
                      for name, each in annotations.fields(kind).items()}
        found = {"type": "object", "properties": properties, "additionalProperties": False}
        required = annotations.required(kind)
        return dict(found, required=required) if required else found
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        return {"type": "array", "prefixItems": [schema(each, depth + 1) for each in arguments],
                "minItems": len(arguments), "maxItems": len(arguments)}
    if origin in (list, tuple, set, frozenset, collections.abc.Sequence):
        return {"type": "array", "items": schema(arguments[0], depth + 1)} if arguments else {"type": "array"}
    if origin in (dict, collections.abc.Mapping):
        inner = schema(arguments[1], depth + 1) if len(arguments) > 1 else {}
        return dict({"type": "object"}, **({"additionalProperties": inner} if inner else {}))
    port = annotations.array_port(kind, "")
    return port_schema(port) if port is not None else {}


def _default(kind, name):
    """Of a dataclass's field, where it has one that JSON can say."""
    field = getattr(kind, "__dataclass_fields__", {}).get(name)
    if field is None or field.default is dataclasses.MISSING:
        return {}
    try:
        return {"default": ports.plain(field.default)}
    except ports.WrongAnswer:
        return {}


def _inlined(found, definitions, depth):
    """A schema without references, which point into a document that it will be a part of."""
    if isinstance(found, list):
        return [_inlined(each, definitions, depth) for each in found]
    if not isinstance(found, dict):
        return found
    name = str(found.get("$ref", "")).rpartition("/")[2]
    if name in definitions:
        return {} if depth > _DEPTH_MAX else _inlined(definitions[name], definitions, depth + 1)
    return {key: _inlined(each, definitions, depth) for key, each in found.items() if key != "$defs"}


def port_schema(port):
    """The JSON Schema of a tensor as nested lists."""
    found = {"BOOL": {"type": "boolean"}, "BYTES": {"type": "string"}}.get(port["datatype"])
    if found is None:
        found = {"type": "number" if port["datatype"] in ("FP16", "FP32", "FP64", "BF16") else "integer"}
    if port["shape"] is None:
        return {"type": "array"}
    for length in reversed(port["shape"]):
        found = {"type": "array", "items": found}
        if length >= 0:
            found.update(minItems=length, maxItems=length)
    return found


_TEXTS = {"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00", "uuid": str(uuid.UUID(int=0))}
_EXAMPLES = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


_LEAVES_MAX = 1024


def example(found):
    """A small value that a schema takes, or `None` where none is small."""
    return None if _leaves(found) > _LEAVES_MAX else _value(found)


def _leaves(found):
    """How many values an example has at most."""
    inner = [*found.get("properties", {}).values(), *found.get("prefixItems", [])]
    of_items = max(1, found.get("minItems", 1)) * _leaves(found["items"]) if "items" in found else 1
    return max(of_items, sum(_leaves(each) for each in inner))


def _value(found):
    """What a schema says itself wins."""
    for key in ("example", "default", "const"):
        if key in found:
            return found[key]
    for key in ("examples", "enum"):
        if found.get(key):
            return found[key][0]
    for key in ("anyOf", "oneOf"):
        if found.get(key):
            return _value(found[key][0])
    kind = found.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array" and "prefixItems" in found:
        return [_value(each) for each in found["prefixItems"]]
    if kind == "array":
        return [_value(found.get("items", {"type": "number"}))] * max(1, found.get("minItems", 1))
    if kind == "object":
        return {name: _value(each) for name, each in found.get("properties", {}).items()}
    if kind == "string":
        return _TEXTS.get(found.get("format"), _EXAMPLES[kind])
    low = found.get("minimum", found.get("exclusiveMinimum"))
    return low + 1 if low is not None and kind in ("integer", "number") else _EXAMPLES[kind]
