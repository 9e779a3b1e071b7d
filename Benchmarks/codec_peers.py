"""Measures json and orjson on the documents that `CodecBench FOLDER` wrote.

    python3 Benchmarks/codec_peers.py FOLDER

Prints MB/s and ns per float in the same columns: the least processor time of a few runs.
"""

import json
import pathlib
import sys
import time

import numpy
import orjson

COUNT = 3 * 640 * 640


def least_seconds(body, runs):
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        body()
        best = min(best, time.process_time() - start)
    return best


def report(peer, what, byte_count, seconds):
    print(
        peer, what, f"{byte_count} bytes", f"{byte_count / seconds / 1e6:.0f} MB/s",
        f"{seconds / COUNT * 1e9:.2f} ns/float", f"{seconds * 1e3:.2f} ms", sep="\t")


def main(folder):
    for form in ("decimals4", "float32", "doubles"):
        text = (pathlib.Path(folder) / f"{form}.json").read_bytes()
        report("orjson", f"decode {form}", len(text), least_seconds(lambda: orjson.loads(text), 5))
        report("json", f"decode {form}", len(text), least_seconds(lambda: json.loads(text), 3))
        document = orjson.loads(text)
        values = numpy.array(document["inputs"][0]["data"], numpy.float32)
        answer = {"model_name": "identity", "outputs": [{"name": "output0", "data": values}]}
        if form == "doubles":
            answer["outputs"][0]["data"] = values.astype(numpy.float64)
        dump = lambda: orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        report("orjson+numpy", f"encode {form}", len(dump()), least_seconds(dump, 5))
        answer["outputs"][0]["data"] = answer["outputs"][0]["data"].tolist()
        dump = lambda: json.dumps(answer).encode()
        report("json", f"encode {form}", len(dump()), least_seconds(dump, 3))


if __name__ == "__main__":
    main(sys.argv[1])
