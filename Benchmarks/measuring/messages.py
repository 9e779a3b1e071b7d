"""The requests that are measured, as bytes."""

import array
import json
import random

IMAGE_SHAPE = [1, 3, 640, 640]
IMAGE_BYTES = 4 * 3 * 640 * 640


def small_json(name="INPUT0"):
    """About 300 bytes: 24 floats, as a client writes them."""
    numbers = random.Random(1)
    data = [round(numbers.uniform(-10, 10), 4) for _ in range(24)]
    tensor = {"name": name, "shape": [1, 24], "datatype": "FP32", "data": data}
    return json.dumps({"id": "1", "inputs": [tensor]}).encode()


def row_json(row, name="input"):
    """A row of a table."""
    tensor = {"name": name, "shape": [1, len(row)], "datatype": "FP32", "data": row}
    return json.dumps({"id": "1", "inputs": [tensor]}).encode()


def image_floats():
    """A tensor of 1x3x640x640 floats between 0 and 1, as bytes; the same each time."""
    numbers = random.Random(2)
    pattern = array.array("f", (numbers.random() for _ in range(640 * 3)))
    return pattern.tobytes() * 640


def floats(values):
    """Numbers as the bytes of 32-bit floats."""
    return array.array("f", values).tobytes()


def binary_body(tensor, input_name, shape, output_name):
    """A body of the binary tensor extension, answers binary too: the body and its head's length."""
    head = json.dumps({
        "inputs": [{
            "name": input_name, "shape": shape, "datatype": "FP32",
            "parameters": {"binary_data_size": len(tensor)},
        }],
        "outputs": [{"name": output_name, "parameters": {"binary_data": True}}],
    }).encode()
    return head + tensor, len(head)


def grpc(shape, tensor, model="identity", name="INPUT0"):
    """A framed ModelInferRequest with one raw input of floats."""
    def varint(number):
        out = b""
        while number > 127:
            out, number = out + bytes([number & 127 | 128]), number >> 7
        return out + bytes([number])

    def field(number, value):
        return bytes([number << 3 | 2]) + varint(len(value)) + value

    lengths = b"".join(varint(length) for length in shape)
    declared = field(1, name.encode()) + field(2, b"FP32") + field(3, lengths)
    body = field(1, model.encode()) + field(5, declared) + field(7, tensor)
    return b"\0" + len(body).to_bytes(4, "big") + body


def message(path, body, content_type, head_length=None):
    """A whole HTTP request with keep-alive."""
    lines = [
        f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    if head_length is not None:
        lines.append(f"Inference-Header-Content-Length: {head_length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
