"""Writes a small dense net as an ONNX file, byte by byte: the driver needs no package for it."""

import array
import random

FLOAT = 1
IR_VERSION, OPSET = 8, 17


def dense(widths, seed=1):
    """Layers of matrix product, bias and ReLU: [rows, widths[0]] in, [rows, widths[-1]] out."""
    numbers = random.Random(seed)
    nodes, weights, value = [], [], "x"
    for index, (taken, given) in enumerate(zip(widths, widths[1:])):
        scale = (2 / taken) ** 0.5
        weights.append(tensor(f"w{index}", [taken, given], numbers, scale))
        weights.append(tensor(f"b{index}", [given], numbers, 0.01))
        is_last = index == len(widths) - 2
        output = "y" if is_last else f"h{index}"
        nodes.append(node("Gemm", [value, f"w{index}", f"b{index}"], output))
        if not is_last:
            nodes.append(node("Relu", [output], f"r{index}"))
        value = f"r{index}"
    graph = b"".join(field(1, one) for one in nodes) + field(2, b"dense")
    graph += b"".join(field(5, one) for one in weights)
    graph += field(11, described("x", widths[0])) + field(12, described("y", widths[-1]))
    return whole(1, IR_VERSION) + field(7, graph) + field(8, whole(2, OPSET))


def node(operator, inputs, output):
    names = b"".join(field(1, name.encode()) for name in inputs)
    return names + field(2, output.encode()) + field(3, output.encode()) + field(4, operator.encode())


def tensor(name, shape, numbers, scale):
    count = 1
    for size in shape:
        count *= size
    content = array.array("f", (numbers.uniform(-scale, scale) for _ in range(count)))
    return (
        b"".join(whole(1, size) for size in shape) + whole(2, FLOAT) + field(8, name.encode())
        + field(9, content.tobytes()))


def described(name, width):
    """A tensor of any number of rows."""
    sizes = field(1, field(2, b"rows")) + field(1, whole(1, width))
    return field(1, name.encode()) + field(2, field(1, whole(1, FLOAT) + field(2, sizes)))


def field(number, content):
    """A length-delimited field of protobuf's wire format."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number, value):
    return varint(number << 3) + varint(value)


def varint(value):
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
