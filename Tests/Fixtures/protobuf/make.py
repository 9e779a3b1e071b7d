#!/usr/bin/env python3
"""Writes messages.txt: random messages of every type that the gRPC front speaks, by Python's protobuf.

Each line is a message's full name, its bytes as they may come (fields in any order, numbers packed or
not, messages in pieces, unknown fields), and its bytes as Python writes them then. The test of
ProtobufDocuments reads the former and must write the latter; protobuf_test.py checks that this file
still makes the same lines with the clients that are installed.
"""

import importlib
import pathlib
import random
import sys

from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

FILE = pathlib.Path(__file__).with_name("messages.txt")
sys.path.append(str(FILE.parents[2] / "Clients"))
from support import protos  # noqa: E402

protos.make()
# Files of other servers' services, whose stubs the tests make.
OTHERS = [
    "google.protobuf.any", "google.protobuf.empty", "google.protobuf.wrappers", "google.rpc.status",
    *(f"tensorflow.core.{name}" for name in (
        "framework.tensor", "framework.tensor_shape", "example.example", "example.feature",
        "protobuf.meta_graph")),
    *(f"tensorflow_serving.apis.{name}" for name in (
        "classification", "get_model_metadata", "get_model_status", "inference", "input", "model",
        "model_management", "predict", "regression", "status")),
    *(f"tensorflow_serving.config.{name}" for name in (
        "file_system_storage_path_source", "model_server_config")),
    "inference", "management",
]
# Of `google.protobuf.wrappers`, the one that is carried.
LEFT_OUT = {f"google.protobuf.{kind}Value" for kind in (
    "Double", "Float", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")}
PER_TYPE = 6
VALUES = {
    F.TYPE_BOOL: [False, True],
    F.TYPE_INT32: [0, 1, -1, 127, 128, -2**31, 2**31 - 1],
    F.TYPE_INT64: [0, 1, -1, 300, -2**63, 2**63 - 1],
    F.TYPE_UINT32: [0, 1, 2**32 - 1],
    F.TYPE_UINT64: [0, 1, 2**63, 2**64 - 1],
    F.TYPE_FLOAT: [0.0, -0.0, 1.5, -3.25, float("inf"), float("nan"), 2.0**-140],
    F.TYPE_DOUBLE: [0.0, -0.0, 0.1, 1e300, float("-inf"), float("nan")],
    F.TYPE_STRING: ["", "a", "Grüße 鳥", "quote \" and \n line", "x" * 200],
    F.TYPE_BYTES: [b"", b"\0", b"\xff\xfe", bytes(range(130))],
}


def types():
    """Every message, those inside others included, entries of maps left out."""
    def inside(message):
        yield message
        for nested in message.nested_types:
            if not nested.GetOptions().map_entry:
                yield from inside(nested)

    others = [importlib.import_module(f"{name}_pb2") for name in OTHERS]
    for file in (service_pb2, model_config_pb2, health_pb2, reflection_pb2, *others):
        for name, message in sorted(file.DESCRIPTOR.message_types_by_name.items()):
            if not name.startswith("HealthList") and message.full_name not in LEFT_OUT:
                yield from inside(message)


def value(field, dice, depth):
    if field.type == F.TYPE_MESSAGE:
        return filled(field.message_type, dice, depth + 1)
    if field.type == F.TYPE_ENUM:
        return dice.choice([v.number for v in field.enum_type.values] + [77])
    return dice.choice(VALUES[field.type])


def filled(descriptor, dice, depth=0):
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if dice.random() < 0.4 or (depth > 2 and field.type == F.TYPE_MESSAGE):
            continue
        place = getattr(message, field.name)
        if field.type == F.TYPE_MESSAGE and field.message_type.GetOptions().map_entry:
            parts = field.message_type.fields_by_name
            # One at most: the order of entries is nobody's business, and Python has its own.
            for _ in range(dice.randrange(2)):
                key = value(parts["key"], dice, depth)
                if parts["value"].type == F.TYPE_MESSAGE:
                    place[key].CopyFrom(value(parts["value"], dice, depth))
                else:
                    place[key] = value(parts["value"], dice, depth)
        elif field.is_repeated:
            place.extend(value(field, dice, depth) for _ in range(dice.randrange(4)))
        elif field.type == F.TYPE_MESSAGE:
            place.CopyFrom(value(field, dice, depth))
        else:
            setattr(message, field.name, value(field, dice, depth))
    return message


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def fields(data):
    """The fields of a message as (number, type, value's bytes)."""
    def read(at):
        number, shift = 0, 0
        while True:
            number |= (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                return number, at

    at = 0
    while at < len(data):
        tag, start = read(at)
        if tag & 7 == 0:
            at = read(start)[1]
        elif tag & 7 == 2:
            length, body = read(start)
            at = body + length
        else:
            at = start + (8 if tag & 7 == 1 else 4)
        yield tag >> 3, tag & 7, data[start:at]


def disturbed(data, descriptor, dice):
    """The same message as another writer may write it."""
    pieces = []
    for number, wire, raw in fields(data):
        field = descriptor.fields_by_number[number]
        packed = field.is_packed and wire == 2
        if packed and dice.random() < 0.5:
            body = strip(raw)
            width = {F.TYPE_FLOAT: 4, F.TYPE_DOUBLE: 8}.get(field.type)
            elements = [body[n:n + width] for n in range(0, len(body), width)] if width else list(varints(body))
            kind = {4: 5, 8: 1}.get(width, 0)
            pieces += [(number, varint(number << 3 | kind) + element) for element in elements]
        else:
            pieces.append((number, varint(number << 3 | wire) + raw))
    # Any order between fields, the same order within one; the members of a choice are one field here.
    lanes = {}
    for number, piece in pieces:
        oneof = descriptor.fields_by_number[number].containing_oneof
        lanes.setdefault(oneof.name if oneof else number, []).append(piece)
    out = b""
    while lanes:
        if dice.random() < 0.2:
            out += dice.choice([varint(1000 << 3) + b"\x05", varint(1001 << 3 | 2) + b"\x02hi",
                                varint(1002 << 3 | 5) + b"1234", varint(1003 << 3 | 1) + b"12345678"])
        lane = dice.choice(list(lanes))
        out += lanes[lane].pop(0)
        if not lanes[lane]:
            del lanes[lane]
    return out


def strip(raw):
    """The bytes behind their length."""
    at = 0
    while raw[at] > 127:
        at += 1
    return raw[at + 1:]


def varints(data):
    start = 0
    for at, byte in enumerate(data):
        if byte < 128:
            yield data[start:at + 1]
            start = at + 1


def lines():
    dice = random.Random(20)
    for descriptor in types():
        for _ in range(PER_TYPE):
            data = filled(descriptor, dice).SerializeToString(deterministic=True)
            given = disturbed(data, descriptor, dice)
            read = GetMessageClass(descriptor).FromString(given)
            read.DiscardUnknownFields()
            yield f"{descriptor.full_name} {given.hex() or '-'} {read.SerializeToString(deterministic=True).hex() or '-'}"


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n")
