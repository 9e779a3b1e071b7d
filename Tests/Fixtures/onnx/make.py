"""Writes the tiny models that the tests run, and runs each once in ONNX Runtime.

Remade by `models/make fixtures`. README.md beside this says what each model does.
"""

import pathlib
import threading
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

import graph
import pictures

FOLDER = pathlib.Path(__file__).parent
ML = ("ai.onnx.ml", 3)

# Open Inference Protocol datatype: (ONNX's element type, values whose bits must come back).
DATATYPES = {
    "BOOL": (TensorProto.BOOL, np.array([[True, False]])),
    "UINT8": (TensorProto.UINT8, np.array([[0, 255]], np.uint8)),
    "UINT16": (TensorProto.UINT16, np.array([[0, 2**16 - 1]], np.uint16)),
    "UINT32": (TensorProto.UINT32, np.array([[0, 2**32 - 1]], np.uint32)),
    "UINT64": (TensorProto.UINT64, np.array([[0, 2**64 - 1]], np.uint64)),
    "INT8": (TensorProto.INT8, np.array([[-(2**7), 2**7 - 1]], np.int8)),
    "INT16": (TensorProto.INT16, np.array([[-(2**15), 2**15 - 1]], np.int16)),
    "INT32": (TensorProto.INT32, np.array([[-(2**31), 2**31 - 1]], np.int32)),
    "INT64": (TensorProto.INT64, np.array([[-(2**63), 2**63 - 1]], np.int64)),
    "FP16": (TensorProto.FLOAT16, np.array([[-1.5, 65504]], np.float16)),
    "FP32": (TensorProto.FLOAT, np.array([[-1.5, 3e38]], np.float32)),
    "FP64": (TensorProto.DOUBLE, np.array([[-1.5, 1e308]], np.float64)),
    "BF16": (TensorProto.BFLOAT16, np.array([[0xBFC0, 0x7F7F]], np.uint16)),
    "BYTES": (TensorProto.STRING, np.array([["", "Vögel 鳥"]], object)),
}


def main():
    for datatype in DATATYPES:
        identity(datatype)
    identity_image()
    add_sub()
    dynamic_axes()
    scalar()
    custom_metadata()
    fails_at_run()
    zipmap("zipmap", [10, 20, 30])
    zipmap("zipmap-strings", ["no", "perhaps", "yes"])
    sequence_output()
    accumulate("accumulate", TensorProto.UINT64, np.array([[2**64 - 1], [7]], np.uint64))
    accumulate("accumulate-text", TensorProto.STRING, np.array([["鳥"], [""]], object))
    slow()
    pictures.make(FOLDER)


def written(name, model):
    """Saves the model and opens what was saved."""
    path = FOLDER / f"{name}.onnx"
    graph.save(model, path)
    return graph.session(path)


def identity(datatype):
    element, values = DATATYPES[datatype]
    built = graph.Graph(f"identity-{datatype}")
    built.input("INPUT0", element, ["batch", "width"])
    built.node("Identity", "INPUT0", name="OUTPUT0")
    built.output("OUTPUT0", element, ["batch", "width"])
    session = written(f"identity-{datatype}", built.model())
    if datatype == "BF16":
        # numpy has no bfloat16: the sixteen bits go in and come out as they are.
        value = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(values, element)
        answer = session.run_with_ort_values(None, {"INPUT0": value})[0]
        assert answer.element_type() == element and answer.shape() == [1, 2]
    else:
        answer = session.run(None, {"INPUT0": values})[0]
        assert answer.dtype == values.dtype and answer.tolist() == values.tolist()


def identity_image():
    shape = [1, 3, 640, 640]
    built = graph.Graph("identity-image")
    built.input("INPUT0", graph.FLOAT, shape)
    built.node("Identity", "INPUT0", name="OUTPUT0")
    built.output("OUTPUT0", graph.FLOAT, shape)
    image = np.random.default_rng(1).random(shape, np.float32)
    answer = written("identity-image", built.model()).run(None, {"INPUT0": image})[0]
    assert (answer == image).all()


def add_sub():
    built = graph.Graph("add-sub")
    shape = ["batch", 16]
    for name in ("INPUT0", "INPUT1"):
        built.input(name, TensorProto.INT32, shape)
    for name, operator in (("OUTPUT0", "Add"), ("OUTPUT1", "Sub")):
        built.node(operator, "INPUT0", "INPUT1", name=name)
        built.output(name, TensorProto.INT32, shape)
    one, other = np.arange(32, dtype=np.int32).reshape(2, 16), np.full((2, 16), 3, np.int32)
    both = written("add-sub", built.model()).run(None, {"INPUT0": one, "INPUT1": other})
    assert (both[0] == one + other).all() and (both[1] == one - other).all()


def dynamic_axes():
    built = graph.Graph("dynamic-axes")
    built.input("INPUT0", graph.FLOAT, ["a", "b"])
    built.node("Transpose", "INPUT0", name="OUTPUT0", perm=[1, 0])
    built.output("OUTPUT0", graph.FLOAT, ["b", "a"])
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    answer = written("dynamic-axes", built.model()).run(None, {"INPUT0": values})[0]
    assert (answer == values.T).all()


def scalar():
    built = graph.Graph("scalar")
    built.input("INPUT0", graph.FLOAT, ["width"])
    built.node("ReduceSum", "INPUT0", name="OUTPUT0", keepdims=0)
    built.output("OUTPUT0", graph.FLOAT, [])
    session = written("scalar", built.model())
    answer = session.run(None, {"INPUT0": np.array([1, 2, 3.5], np.float32)})[0]
    assert np.shape(answer) == () and answer == 6.5


def custom_metadata():
    metadata = {
        "author": "Apus",
        "empty": "",
        "note": 'two\nlines, "quotes" and a bird: 鳥',
        "ключ": "a key that is not ASCII",
    }
    built = graph.Graph("custom-metadata")
    built.input("INPUT0", graph.FLOAT, [2])
    built.node("Identity", "INPUT0", name="OUTPUT0")
    built.output("OUTPUT0", graph.FLOAT, [2])
    model = built.model(metadata)
    model.producer_version, model.domain, model.model_version = "9.8.7", "org.example", 42
    model.doc_string, model.graph.doc_string = "About the model.", "About the graph."
    read = written("custom-metadata", model).get_modelmeta()
    assert read.custom_metadata_map == metadata and read.version == 42


def fails_at_run():
    built = graph.Graph("fails-at-run")
    built.input("INPUT0", graph.INT64, ["count"])
    values = built.constant(np.array([0.5, 1.5, 2.5, 3.5], np.float32))
    built.node("Gather", values, "INPUT0", name="OUTPUT0", axis=0)
    built.output("OUTPUT0", graph.FLOAT, ["count"])
    session = written("fails-at-run", built.model())
    assert session.run(None, {"INPUT0": np.array([3, -1, 0])})[0].tolist() == [3.5, 3.5, 0.5]
    must_fail(lambda: session.run(None, {"INPUT0": np.array([4])}), "out of data bounds")


def must_fail(action, text):
    try:
        action()
    except Exception as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"did not fail with: {text}")


def zipmap(name, labels):
    """What scikit-learn's converter writes: the best label, and a map from label to probability."""
    text = isinstance(labels[0], str)
    element = TensorProto.STRING if text else graph.INT64
    built = graph.Graph(name)
    features = built.input("features", graph.FLOAT, ["N", 2])
    weights = built.constant(np.array([[1, 0, -1], [0, 1, 0]], np.float32))
    scores = built.node("Softmax", built.node("MatMul", features, weights), axis=1)
    known = built.constant(np.array(labels, object if text else np.int64))
    best = built.node("ArgMax", scores, axis=1, keepdims=0)
    built.node("Gather", known, best, name="output_label")
    keys = {"classlabels_strings" if text else "classlabels_int64s": labels}
    built.node("ZipMap", scores, name="output_probability", domain=ML[0], **keys)
    built.output("output_label", element, ["N"])
    value = helper.make_tensor_type_proto(graph.FLOAT, [])
    built.output_of_type("output_probability", helper.make_sequence_type_proto(
        helper.make_map_type_proto(element, value)))
    session = written(name, built.model(domains=[ML]))
    rows = np.array([[2, 0], [0, 0.5]], np.float32)
    best, maps = session.run(None, {"features": rows})
    assert best.tolist() == [labels[0], labels[1]] and [list(each) for each in maps] == [labels] * 2
    weighed = np.exp(np.array([[2, 0, -2], [0, 0.5, 0]]))
    wanted = weighed / weighed.sum(1, keepdims=True)
    np.testing.assert_allclose([list(each.values()) for each in maps], wanted, atol=1e-6)


def sequence_output():
    built = graph.Graph("sequence-output")
    built.input("INPUT0", graph.FLOAT, ["count", 2])
    built.node("SplitToSequence", "INPUT0", name="OUTPUT0", axis=0, keepdims=1)
    built.output_of_type("OUTPUT0", helper.make_sequence_type_proto(
        helper.make_tensor_type_proto(graph.FLOAT, None)))
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    parts = written("sequence-output", built.model()).run(None, {"INPUT0": values})[0]
    assert [each.tolist() for each in parts] == [[[0, 1]], [[2, 3]], [[4, 5]]]


def accumulate(name, id_type, ids):
    """The sum of a sequence so far, from a state that is given back, beside what it was told."""
    built = graph.Graph(name)
    row = ["batch", 1]
    for each in ("INPUT0", "START", "END", "READY", "STATE_IN"):
        built.input(each, TensorProto.INT32, row)
    built.input("CORRID", id_type, row)
    built.node("Mul", "INPUT0", "READY", name="counted")
    for each in ("OUTPUT0", "STATE_OUT"):
        built.node("Add", "counted", "STATE_IN", name=each)
        built.output(each, TensorProto.INT32, row)
    built.node("Concat", "START", "END", "READY", name="TOLD", axis=1)
    built.output("TOLD", TensorProto.INT32, ["batch", 3])
    built.node("Identity", "CORRID", name="ID")
    built.output("ID", id_type, row)
    ints = {each: np.full((2, 1), value, np.int32) for each, value in
            {"INPUT0": 5, "START": 0, "END": 1, "READY": 1, "STATE_IN": 37}.items()}
    answers = written(name, built.model()).run(None, ints | {"CORRID": ids})
    assert (answers[0] == 42).all() and (answers[1] == 42).all()
    assert (answers[2] == [[0, 1, 1]] * 2).all() and (answers[3] == ids).all()


def slow():
    """Multiplies a 256x256 matrix `iterations` times; every turn can be stopped."""
    body = graph.Graph("turn")
    body.input("turn", graph.INT64, [])
    body.input("may", TensorProto.BOOL, [])
    body.input("before", graph.FLOAT, [256, 256])
    body.node("Identity", "may", name="goes_on")
    body.node("MatMul", "before", "mixing", name="after")
    body.output("goes_on", TensorProto.BOOL, [])
    body.output("after", graph.FLOAT, [256, 256])
    turn = helper.make_graph(body.nodes, body.name, body.inputs, body.outputs)

    built = graph.Graph("slow")
    built.input("iterations", graph.INT64, [1])
    size = built.constant(np.array([256, 256], np.int64))
    mean = helper.make_tensor("value", graph.FLOAT, [1], [1 / 256])
    one = helper.make_tensor("value", graph.FLOAT, [1], [1.0])
    built.node("ConstantOfShape", size, name="mixing", value=mean)
    start = built.node("ConstantOfShape", size, value=one)
    go = built.constant(np.array(True))
    end = built.node("Loop", "iterations", go, start, body=turn)
    built.node("ReduceMean", end, name="mean", keepdims=0)
    built.node("Identity", "iterations", name="turns")
    built.output("mean", graph.FLOAT, [])
    built.output("turns", graph.INT64, [1])
    session = written("slow", built.model())
    began = time.monotonic()
    mean, turns = session.run(None, {"iterations": np.array([1000])})
    print(f"slow: {time.monotonic() - began:.2f} s for 1000 iterations")
    assert mean == 1 and turns.tolist() == [1000]
    assert must_stop(session) < 5, "slow does not look at the stop flag"


def must_stop(session):
    """Seconds until a run of ten million iterations, told to stop, has stopped."""
    options, began = onnxruntime.RunOptions(), time.monotonic()
    threading.Timer(0.3, lambda: setattr(options, "terminate", True)).start()
    endless = {"iterations": np.array([10_000_000])}
    must_fail(lambda: session.run(None, endless, options), "terminate flag")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
