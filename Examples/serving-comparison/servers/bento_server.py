"""The model as a BentoML service; its path is in IRIS_MODEL.

    bentoml serve bento_server:Iris --port PORT
"""

import os

import bentoml
import numpy
import onnxruntime


@bentoml.service(workers=1, traffic={"timeout": 60})
class Iris:
    """One row or many of four features."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            os.environ["IRIS_MODEL"], options, providers=["CPUExecutionProvider"])

    @bentoml.api
    def predict(self, features: list[list[float]]) -> dict:
        rows = numpy.asarray(features, dtype=numpy.float32)
        label, probabilities = self.session.run(None, {"features": rows})
        return {"label": label.tolist(), "probabilities": probabilities.tolist()}
