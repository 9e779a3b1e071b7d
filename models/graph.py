"""ONNX graphs, written node by node with onnx.helper.

The same calls in the same order give the same bytes: names are counted, metadata keeps its order.
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
# Version 8 is what opset 17 came with; ONNX Runtime has read it since 1.12.
IR_VERSION = 8

FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64


class Graph:
    """A graph that grows node by node; every method gives the name of what the new node makes."""

    def __init__(self, name):
        self.name = name
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []

    def input(self, name, datatype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, datatype, shape))
        return name

    def output(self, name, datatype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, datatype, shape))

    def output_of_type(self, name, proto):
        """An output that is no tensor: a sequence, a map."""
        self.outputs.append(helper.make_value_info(name, proto))

    def constant(self, value, name=None):
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def node(self, operator, *inputs, name=None, outputs=None, **attributes):
        """Adds a node and gives the name of its output, or `outputs` where it has several."""
        names = outputs or [name or f"{operator.lower()}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, names, name=names[0], **attributes))
        return names if outputs else names[0]

    def model(self, metadata=None, domains=()):
        """The checked model; `domains` are (name, version) beside ONNX's own operators."""
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, initializer=self.constants)
        opsets = [helper.make_opsetid(*each) for each in (("", OPSET), *domains)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="apus")
        for key, value in (metadata or {}).items():
            model.metadata_props.add(key=key, value=value)
        onnx.checker.check_model(model, full_check=True)
        return model


def names(labels):
    """Class names as Ultralytics writes them: "{0: 'circle', 1: 'square'}"."""
    return str(dict(enumerate(labels)))


def save(model, path):
    """Writes the model, refuses one over 1 MB and says what was written."""
    content = model.SerializeToString(deterministic=True)
    assert len(content) < 1_000_000, f"{path}: {len(content)} bytes are too many to commit"
    pathlib.Path(path).write_bytes(content)
    print(f"{path}: {len(content)} bytes")


def session(path):
    """The model in ONNX Runtime on one thread of the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # What is logged as an error is raised as well.
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
