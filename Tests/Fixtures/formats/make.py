"""Writes one tiny model in each format that only OpenVINO reads: y = 2 x + 1, rows of three numbers.

Run it with the Python of scripts/bootstrap test: .venv/bin/python Tests/Fixtures/formats/make.py
Formats are written by hand, so that no framework is needed to make them; only flatbuffers is.
"""

import pathlib
import struct

import flatbuffers

FOLDER = pathlib.Path(__file__).parent
TWO, ONE = struct.pack("<f", 2), struct.pack("<f", 1)


def main():
    (FOLDER / "affine.xml").write_text(intermediate())
    (FOLDER / "affine.bin").write_bytes(TWO + ONE)
    (FOLDER / "affine.tflite").write_bytes(tensorflow_lite())
    saved = FOLDER / "affine_saved_model"
    saved.mkdir(exist_ok=True)
    (saved / "saved_model.pb").write_bytes(saved_model())
    (saved / "metadata.yaml").write_text(
        "# As exporters of detectors write it.\ndescription: 'doubles, and adds one'\ntask: none\n"
        "imgsz:\n- 3\n- 1\nnames:\n  0: low\n  1: high\n")
    paddle = FOLDER / "affine_paddle"
    paddle.mkdir(exist_ok=True)
    (paddle / "inference.pdmodel").write_bytes(paddle_program())
    (paddle / "inference.pdiparams").write_bytes(paddle_weights())


# --- OpenVINO's intermediate representation, version 11


def intermediate():
    def port(number, *lengths):
        axes = "".join(f"<dim>{length}</dim>" for length in lengths)
        return f'<port id="{number}" precision="FP32">{axes}</port>'

    def constant(number, offset):
        return (f'<layer id="{number}" name="constant_{number}" type="Const" version="opset1">'
                f'<data element_type="f32" shape="1,1" offset="{offset}" size="4"/>'
                f"<output>{port(0, 1, 1)}</output></layer>")

    def binary(number, name, kind, names=""):
        output = port(2, -1, 3).replace('"FP32"', f'"FP32"{names}')
        return (f'<layer id="{number}" name="{name}" type="{kind}" version="opset1">'
                f'<data auto_broadcast="numpy"/>'
                f"<input>{port(0, -1, 3)}{port(1, 1, 1)}</input><output>{output}</output></layer>")

    source = port(0, -1, 3).replace('"FP32"', '"FP32" names="x"')
    layers = [
        '<layer id="0" name="x" type="Parameter" version="opset1">'
        f'<data shape="?,3" element_type="f32"/><output>{source}</output></layer>',
        constant(1, 0), binary(2, "doubled", "Multiply"), constant(3, 4),
        binary(4, "sum", "Add", ' names="y"'),
        '<layer id="5" name="y/sink" type="Result" version="opset1">'
        f"<input>{port(0, -1, 3)}</input></layer>",
    ]
    edges = [(0, 0, 2, 0), (1, 0, 2, 1), (2, 2, 4, 0), (3, 0, 4, 1), (4, 2, 5, 0)]
    lines = ['<?xml version="1.0"?>', '<net name="affine" version="11">', "<layers>", *layers,
             "</layers>", "<edges>"]
    lines += [f'<edge from-layer="{a}" from-port="{b}" to-layer="{c}" to-port="{d}"/>'
              for a, b, c, d in edges]
    lines += ["</edges>", "<rt_info>", '<Runtime_version value="none"/>', "<framework>",
              '<author value="Apus &amp; friends"/>',
              "<names value=\"{0: 'low', 1: &quot;high&quot;}\"/>",
              "</framework>", "</rt_info>", "</net>", ""]
    return "\n".join(lines)


# --- TensorFlow Lite: field numbers of schema.fbs


def tensorflow_lite():
    builder = flatbuffers.Builder(1024)

    def table(count, **fields):
        """Fields by number: an offset as it is, a scalar as (writer, value)."""
        builder.StartObject(count)
        for number, value in fields.items():
            slot = int(number[1:])
            if isinstance(value, tuple):
                getattr(builder, f"Prepend{value[0]}Slot")(slot, value[1], 0)
            else:
                builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        return builder.EndObject()

    def offsets(*items):
        builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            builder.PrependUOffsetTRelative(item)
        return builder.EndVector()

    def integers(*items):
        builder.StartVector(4, len(items), 4)
        for item in reversed(items):
            builder.PrependInt32(item)
        return builder.EndVector()

    def buffer(data=b""):
        return table(1, f0=builder.CreateByteVector(data)) if data else table(1)

    def tensor(name, buffer_index, shape, signature=None):
        text, lengths = builder.CreateString(name), integers(*shape)
        fields = {"f0": lengths, "f2": ("Uint32", buffer_index), "f3": text}
        if signature:
            fields["f7"] = integers(*signature)
        return table(8, **fields)

    def operator(code, inputs, output, options_kind):
        reads, writes, options = integers(*inputs), integers(output), table(1)
        return table(5, f0=("Uint32", code), f1=reads, f2=writes, f3=("Uint8", options_kind),
                     f4=options)

    # ADD is 0 and MUL 18 of BuiltinOperator; their options are 11 and 21 of BuiltinOptions.
    codes = offsets(table(4, f0=("Int8", 18), f2=("Int32", 1), f3=("Int32", 18)),
                    table(4, f0=("Int8", 0), f2=("Int32", 1), f3=("Int32", 0)))
    tensors = offsets(tensor("x", 0, [1, 3], [-1, 3]), tensor("two", 1, [1]),
                      tensor("doubled", 0, [1, 3], [-1, 3]), tensor("one", 2, [1]),
                      tensor("y", 0, [1, 3], [-1, 3]))
    operators = offsets(operator(0, [0, 1], 2, 21), operator(1, [2, 3], 4, 11))
    inputs, outputs, name = integers(0), integers(4), builder.CreateString("main")
    graphs = offsets(table(5, f0=tensors, f1=inputs, f2=outputs, f3=operators, f4=name))
    buffers = offsets(buffer(), buffer(TWO), buffer(ONE))
    builder.Finish(table(5, f0=("Uint32", 3), f1=codes, f2=graphs, f4=buffers),
                   file_identifier=b"TFL3")
    return bytes(builder.Output())


# --- Protobuf


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(*fields):
    """Fields as (number, value): integers, floats, and what has a length."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


# --- TensorFlow SavedModel: graph.proto, saved_model.proto; DT_FLOAT is 1


def saved_model():
    def attribute(name, value):
        return (5, message((1, name), (2, value)))

    def shape(*lengths):
        return message(*[(2, message((1, length))) for length in lengths])

    kind = attribute("T", message((6, 1)))
    dtype = attribute("dtype", message((6, 1)))

    def constant(name, data):
        value = message((8, message((1, 1), (2, b""), (4, data))))
        return message((1, name), (2, "Const"), dtype, attribute("value", value))

    def binary(name, operation, left, right):
        return message((1, name), (2, operation), (3, left), (3, right), kind)

    nodes = [
        message((1, "x"), (2, "Placeholder"), dtype,
                attribute("shape", message((7, shape(-1, 3))))),
        constant("two", TWO), binary("doubled", "Mul", "x", "two"),
        constant("one", ONE), binary("y", "AddV2", "doubled", "one"),
    ]
    graph = message(*[(1, node) for node in nodes], (4, message((1, 1))))

    def tensor(name):
        return message((1, f"{name}:0"), (2, 1), (3, shape(-1, 3)))

    signature = message((1, message((1, "x"), (2, tensor("x")))),
                        (2, message((1, "y"), (2, tensor("y")))),
                        (3, "tensorflow/serving/predict"))
    meta = message((1, message((4, "serve"))), (2, graph),
                   (5, message((1, "serving_default"), (2, signature))))
    return message((1, 1), (2, meta))


# --- Paddle: framework.proto; FP32 is 5, LOD_TENSOR 7, FEED_MINIBATCH 9, FETCH_LIST 10


def tensor_description(*lengths):
    return message((1, 5), *[(2, length) for length in lengths])


def paddle_program():
    def variable(name, kind, *lengths, is_persistable=False):
        described = [(1, kind)]
        if kind == 7:
            described.append((3, message((1, tensor_description(*lengths)), (2, 0))))
        return message((1, name), (2, message(*described)), (3, int(is_persistable)))

    def port(name, *variables):
        return message((1, name), *[(2, variable) for variable in variables])

    def operation(kind, inputs, outputs, *attributes):
        return message(*[(1, port(*each)) for each in inputs],
                       *[(2, port(*each)) for each in outputs], (3, kind),
                       *[(4, attribute) for attribute in attributes])

    def integer(name, value):
        return message((1, name), (2, 0), (3, value))

    def number(name, value):
        return message((1, name), (2, 1), (4, value))

    def truth(name, value):
        return message((1, name), (2, 6), (10, int(value)))

    operations = [
        operation("feed", [("X", "feed")], [("Out", "x")], integer("col", 0)),
        operation("scale", [("X", "x")], [("Out", "doubled")], number("scale", 2.0),
                  number("bias", 0.0), truth("bias_after_scale", True)),
        operation("elementwise_add", [("X", "doubled"), ("Y", "one")], [("Out", "y")],
                  integer("axis", -1)),
        operation("fetch", [("X", "y")], [("Out", "fetch")], integer("col", 0)),
    ]
    variables = [
        variable("feed", 9), variable("fetch", 10), variable("x", 7, -1, 3),
        variable("doubled", 7, -1, 3), variable("one", 7, 1, is_persistable=True),
        variable("y", 7, -1, 3),
    ]
    block = message((1, 0), (2, -1), *[(3, each) for each in variables],
                    *[(4, each) for each in operations])
    return message((1, block), (4, message((1, 2_000_000))))


def paddle_weights():
    """One parameter: version, no levels, version, its description, its numbers."""
    described = tensor_description(1)
    return struct.pack("<IQIi", 0, 0, 0, len(described)) + described + ONE


if __name__ == "__main__":
    main()
