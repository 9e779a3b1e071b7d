"""What a Python service around a model of trees does: FastAPI on uvicorn with uvloop, xgboost, orjson.

    python fastapi_xgboost_peer.py PORT MODEL
"""

import sys

import fastapi
import numpy
import orjson
import uvicorn
import xgboost

app = fastapi.FastAPI()
booster = xgboost.Booster(model_file=sys.argv[2])
booster.set_param({"nthread": 1})


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}


@app.post("/v2/models/{model}/infer")
async def infer(model: str, request: fastapi.Request):
    tensor = orjson.loads(await request.body())["inputs"][0]
    rows = numpy.array(tensor["data"], numpy.float32).reshape(tensor["shape"])
    found = booster.inplace_predict(rows)
    answer = {
        "model_name": model,
        "model_version": "1",
        "outputs": [
            {"name": "predict", "shape": list(found.shape), "datatype": "FP32", "data": found.tolist()}
        ],
    }
    return fastapi.Response(orjson.dumps(answer), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning")
