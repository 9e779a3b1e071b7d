"""Counts by request against the thresholds that are checked in."""

import json

from .. import counting
from ..figure import Bound, Figure
from ..workshop import ROOT, Skip

THRESHOLDS = ROOT / "Benchmarks/thresholds.json"


def measure(shop):
    figure = Figure(
        "counts", "Counts by request, steady state, one connection",
        method="Allocations and copied bytes by a preloaded library, instructions by callgrind on "
        "the whole server. They depend on the code, not on how busy the machine is; CI compares "
        "them with Benchmarks/thresholds.json (`Benchmarks/run counts`).",
        columns=["what", "by request", "threshold"])
    limits = json.loads(THRESHOLDS.read_text())
    for name, value in counted(shop, figure).items():
        figure.add(name, value, limits[name])
        figure.bounds.append(Bound(name, value, limits[name], False))
    return figure


def counted(shop, figure):
    """All counts, by the names of the thresholds."""
    small = counting.of_small_request(shop)
    row = counting.of_small_request(shop, *tabular())
    image = counting.of_image_request(shop)
    found = {
        "small JSON request: allocations": small["allocations"],
        "small JSON request: allocated bytes": small["allocated_bytes"],
        "row of a tabular model: allocations": row["allocations"],
        "row of a tabular model: allocated bytes": row["allocated_bytes"],
        "image tensor request: allocations": image["allocations"],
        PROMISED[0]: (
            image["copied_bytes"] / counting.messages.IMAGE_BYTES),
    }
    try:
        over_grpc = counting.of_image_grpc_request(shop)
        found[PROMISED[1]] = over_grpc["copied_bytes"] / counting.messages.IMAGE_BYTES
    except Skip as reason:
        figure.notes.append(f"No copies over gRPC: {reason}.")
    try:
        found["small JSON request: instructions"] = counting.instructions_per_small_request(shop)
        found["row of a tabular model: instructions"] = counting.instructions_per_small_request(
            shop, *tabular())
    except Skip as reason:
        figure.notes.append(f"No instructions: {reason}.")
    return found


def tabular():
    return counting.tabular_model(), counting.tabular_message()


# Promises and no observations: they are not moved by measuring.
PROMISED = (
    "image tensor request: copies of the tensor",
    # In frames of 16 KiB, as h2load sends it; there are fewer where frames are larger.
    "image tensor over gRPC: copies of the tensor",
)


def write_thresholds(figure):
    """Takes what was measured, and a little more, as the new thresholds."""
    limits = json.loads(THRESHOLDS.read_text())
    for bound in figure.bounds:
        if bound.text in PROMISED:
            continue
        limits[bound.text] = round(bound.measured * 1.05 + 0.05, 2)
    THRESHOLDS.write_text(json.dumps(limits, indent=2) + "\n")
