"""The model as a custom runtime of MLServer, in its own process (no parallel workers)."""

import mlserver
import numpy
import onnxruntime
from mlserver.codecs import NumpyCodec


class Iris(mlserver.MLModel):
    """`model-settings.json` names the file and describes the inputs."""

    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            self.settings.parameters.uri, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload):
        features = NumpyCodec.decode_input(payload.inputs[0]).astype(numpy.float32)
        label, probabilities = self.session.run(None, {"features": features})
        return mlserver.types.InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("label", label),
                NumpyCodec.encode_output("probabilities", probabilities),
            ])
