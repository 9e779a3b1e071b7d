"""What the fastest usual Python server does: FastAPI on uvicorn with uvloop and httptools.

    python fastapi_peer.py PORT

Bodies are taken raw and JSON is read and written by orjson; there are no pydantic models.
"""

import sys

import fastapi
import orjson
import uvicorn

app = fastapi.FastAPI()


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}


@app.post("/infer")
async def infer(request: fastapi.Request):
    """Reads the numbers and writes them again."""
    asked = orjson.loads(await request.body())
    tensor = asked["inputs"][0]
    answer = {
        "model_name": "identity-FP32",
        "model_version": "1",
        "outputs": [
            {
                "name": "OUTPUT0",
                "shape": tensor["shape"],
                "datatype": tensor["datatype"],
                "data": [float(number) for number in tensor["data"]],
            }
        ],
    }
    return fastapi.Response(orjson.dumps(answer), media_type="application/json")


@app.post("/echo")
async def echo(request: fastapi.Request):
    """Answers with the binary tensor that came, after reading the head that describes it."""
    body = await request.body()
    head_length = int(request.headers["inference-header-content-length"])
    tensor = orjson.loads(body[:head_length])["inputs"][0]
    head = orjson.dumps({
        "model_name": "identity-image",
        "model_version": "1",
        "outputs": [{
            "name": "OUTPUT0",
            "shape": tensor["shape"],
            "datatype": tensor["datatype"],
            "parameters": tensor["parameters"],
        }],
    })
    return fastapi.Response(
        head + body[head_length:],
        media_type="application/octet-stream",
        headers={"inference-header-content-length": str(len(head))})


if __name__ == "__main__":
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning")
