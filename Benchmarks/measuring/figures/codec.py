"""The JSON codec at image size beside Python's json and orjson."""

import subprocess

from ..figure import Bound, Figure, number

FORMS = {
    "decimals4": "4 decimals", "float32": "shortest float32", "doubles": "Python's doubles",
}


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
    for direction in ("decode", "encode"):
        for form, words in FORMS.items():
            what = f"{direction} {form}"
            apus = ours["apus", what]
            orjson = theirs["orjson" if direction == "decode" else "orjson+numpy", what]
            json = theirs["json", what]
            figure.add(
                f"{direction}, {words}", apus["rate"], orjson["rate"], json["rate"],
                f"{orjson['time'] / apus['time']:.2f}", f"{json['time'] / apus['time']:.1f}")
            figure.bounds.append(
                Bound(f"{what}, times as fast as json", json["time"] / apus["time"], 5, True))
            figure.bounds.append(
                Bound(f"{what}, times as fast as orjson", orjson["time"] / apus["time"], 1, True))
    figure.notes.append(
        "Ratios are of time, so a writer gains nothing by longer text. "
        f"{number(3 * 640 * 640)} floats.")
    return figure


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
        who, what, _, rate, per_float, _ = line.split("\t")
        found[who, what] = {
            "rate": float(rate.split()[0]), "time": float(per_float.split()[0])}
    return found
