"""The model behind FastAPI, as many write it: pydantic bodies, ONNX Runtime, one worker.

    python fastapi_server.py PORT MODEL
"""

import sys

import fastapi
import numpy
import onnxruntime
import pydantic
import uvicorn

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[2], options, providers=["CPUExecutionProvider"])
app = fastapi.FastAPI()


class Rows(pydantic.BaseModel):
    """What is asked."""

    features: list[list[float]]


@app.get("/ready")
def ready():
    return {"ready": True}


@app.post("/predict")
async def predict(rows: Rows):
    features = numpy.asarray(rows.features, dtype=numpy.float32)
    label, probabilities = session.run(None, {"features": features})
    return {"label": label.tolist(), "probabilities": probabilities.tolist()}


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning")
