"""The JSON codec at image size beside Python's json and orjson."""

import subprocess

from ..figure import Bound, Figure, number

ROWS = {
    "decode decimals4": "read, 4 decimals",
    "decode float32": "read, shortest FP32",
    "decode doubles": "read, FP32 written as doubles (Python's tolist)",
    "encode decimals4": "write, 4 decimals",
    "encode float32": "write, shortest FP32",
    "encode doubles": "write, an FP64 tensor",
}
# The promise is about FP32; the last row is there to be seen.
UNBOUND = {"encode doubles"}


def measure(shop):
    figure = Figure(
        "codec", "JSON of 1x3x640x640 floats",
        method="A whole V2 request read, a whole V2 answer written; least processor time of some "
        "runs on one core, MB/s of JSON text. orjson writes from a numpy array, json from a list.",
        columns=["what", "Apus MB/s", "orjson MB/s", "json MB/s", "/ orjson", "/ json"])
    program = shop.built_here("CodecBench")
    peers = shop.root / "Benchmarks/codec_peers.py"
    shop.quiet()
    ours = rates(run(shop, program, shop.folder))
    theirs = rates(run(shop, shop.python_of_peers(), "-B", peers, shop.folder))
    for what, words in ROWS.items():
        apus = ours["apus", what]
        orjson = theirs["orjson" if what.startswith("decode") else "orjson+numpy", what]
        json = theirs["json", what]
        figure.add(
            words, apus["rate"], orjson["rate"], json["rate"],
            f"{orjson['time'] / apus['time']:.2f}", f"{json['time'] / apus['time']:.1f}")
        if what not in UNBOUND:
            figure.bounds += bounds(words, json["time"] / apus["time"], orjson["time"] / apus["time"])
    figure.notes.append(
        "Ratios are of time, so a writer gains nothing by longer text. "
        f"{number(3 * 640 * 640)} floats. No bound is set for FP64.")
    return figure


def bounds(words, against_json, against_orjson):
    return [
        Bound(f"{words}: times as fast as json", against_json, 5, True),
        Bound(f"{words}: times as fast as orjson", against_orjson, 1, True),
    ]


def run(shop, *command):
    core = str(shop.cores.server)
    done = subprocess.run(
        ["taskset", "-c", core, *map(str, command)], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-500:]}")
    return done.stdout


def rates(text):
    """Lines of `who, what, bytes, MB/s, ns/float, ms` by who and what."""
    found = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != 6:
            continue  # the small request, which is timed whole and not by float
        who, what, _, rate, per_float, _ = fields
        found[who, what] = {
            "rate": float(rate.split()[0]), "time": float(per_float.split()[0])}
    return found
