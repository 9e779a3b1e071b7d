"""What a light caller feels of one that floods the same model."""

import http.client
import json
import random
import time

from ..figure import Bound, Figure, median

MODEL = "slow"
FLOOD_CONNECTIONS = 16
LIGHT = "127.0.0.2"
# Turns of a 256x256 matrix product: a run of some milliseconds.
TURNS = 24


def measure(shop):
    figure = Figure(
        "fairness", "A light caller beside a flooding one",
        method=f"One model whose runs take some milliseconds, two instances on all cores. The light "
        f"caller ({LIGHT}) asks now and then; the flooding one (127.0.0.1) keeps "
        f"{FLOOD_CONNECTIONS} requests in the house. A run is not interrupted, so the least that "
        "the light caller can wait for is the rest of one run.",
        columns=["light caller", "requests", "p50 ms", "p99 ms", "flood req/s"])
    body = request()
    flags = ["--instances", "2", "--runtime-threads", "1"]
    with shop.serving(shop.fixture(f"{MODEL}.onnx"), flags=flags, core=None) as (_, port):
        with shop.client(port, message(port, body)) as flood:
            ask(port, body, 20)
            shop.quiet()
            alone, beside = [], []
            rounds = [round_of(shop, port, body, flood) for _ in range(shop.rounds)]
    for one in rounds:
        alone += one["alone"]
        beside += one["beside"]
    figure.add("alone", len(alone), *in_milliseconds(alone), "0")
    figure.add(
        "beside a flood", len(beside), *in_milliseconds(beside),
        median([one["flood"] for one in rounds]))
    figure.bounds.append(
        Bound("p99 beside a flood / alone", rank(beside, 0.99) / rank(alone, 0.99), 2, False))
    return figure


def round_of(shop, port, body, flood):
    count = 30 if shop.is_quick else 150
    alone = ask(port, body, count)
    # As a rule long enough for all of the light caller's requests; none is asked after it.
    seconds = count * 0.045 + 1
    begin = time.perf_counter()
    flood.process.stdin.write(f"{FLOOD_CONNECTIONS} {seconds}\n")
    flood.process.stdin.flush()
    time.sleep(0.5)
    beside = ask(port, body, count, until=begin + seconds - 0.1)
    found = json.loads(flood.line())
    if found["errors"]:
        raise RuntimeError(f"a request of the flood failed: {found['failure']}")
    return {"alone": alone, "beside": beside, "flood": found["count"] / found["seconds"]}


def ask(port, body, count, until=float("inf"), model=MODEL):
    """The light caller's requests, at random moments and none after `until`; seconds of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, 60, source_address=(LIGHT, 0))
    chance = random.Random(count)
    durations = []
    for _ in range(count):
        time.sleep(chance.uniform(0.005, 0.035))
        begin = time.perf_counter()
        if begin > until:
            break
        connection.request("POST", f"/v2/models/{model}/infer", body)
        answer = connection.getresponse()
        text = answer.read()
        durations.append(time.perf_counter() - begin)
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text[:200]!r}")
    connection.close()
    return durations


def request(turns=TURNS):
    inputs = [{"name": "iterations", "datatype": "INT64", "shape": [1], "data": [turns]}]
    return json.dumps({"inputs": inputs}).encode()


def message(port, body, model=MODEL):
    head = (
        f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def rank(durations, part):
    ordered = sorted(durations)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def in_milliseconds(durations):
    return rank(durations, 0.5) * 1_000, rank(durations, 0.99) * 1_000
