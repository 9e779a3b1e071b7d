"""What becomes of a server that is offered more and more, up to three times what it can do."""

from .. import load
from ..figure import Bound, Figure, median, number
from ..plot import Plot, Series
from .fairness import MODEL, message, request

WAITING_MAX = 32
SHARES = [0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0]
TWICE = 2.0
# More than can be in the house at once, so that the offer does not wait for answers.
CONNECTIONS = 128


def measure(shop):
    figure = Figure(
        "overload", "Offered 0.2 to 3 times the capacity",
        method="One model whose runs take some milliseconds, one instance on the one server core, "
        f"`--waiting-requests-max {WAITING_MAX}`. Capacity is what four connections get that ask "
        "without a pause, taken again in every pass. Then an open loop: requests come due at random "
        "moments whatever is answered, and all times count from when a request was due. The shares "
        "are passed upwards, then downwards. Goodput is what was answered with 200.",
        columns=[
            "offered", "offered/s", "goodput/s", "of capacity", "refused/s", "p50 ms", "p99 ms",
            "refused p99 ms", "empty after s", "MiB"])
    flags = [
        "--instances", "1", "--runtime-threads", "1", "--waiting-requests-max", str(WAITING_MAX)]
    seconds = 1.5 if shop.is_quick else 6
    shares = [0.5, 1.0, TWICE, 3.0] if shop.is_quick else SHARES
    with shop.serving(shop.fixture(f"{MODEL}.onnx"), flags=flags) as (child, port):
        with load.generator(shop, port, message(port, request())) as generator:
            generator.closed(4, 1)
            shop.quiet()
            memory = child.resident_mib()
            found = {share: [] for share in shares}
            capacities = []
            for order in (shares, list(reversed(shares))):
                before = generator.closed(4, seconds / 2, 0.2).answered_rate
                passed = [(share, offered(generator, child, share, before, seconds)) for share in order]
                after = generator.closed(4, seconds / 2, 0.2).answered_rate
                # The mean of both ends stands for the pass between them.
                capacities.append((before + after) / 2)
                for share, point in passed:
                    found[share].append({**point, "capacity": capacities[-1]})
    rows = {share: row(figure, share, points) for share, points in found.items()}
    judge(figure, found, memory)
    figure.plots = plots(rows, median(capacities))
    return figure


def offered(generator, child, share, capacity, seconds):
    """One point of the curve."""
    one = generator.open(share * capacity, seconds, 0.5, CONNECTIONS)
    return {"round": one, "memory": child.resident_mib(), "rate": share * capacity}


def row(figure, share, points):
    rounds = [point["round"] for point in points]
    answered = [request for one in rounds for request in one.answered]
    refused = [request for one in rounds for request in one.refused]
    refused_rate = median([len(one.refused) / one.seconds for one in rounds])
    goodput = median([one.answered_rate for one in rounds])
    figure.add(
        f"{share:g} x capacity", median([point["rate"] for point in points]), goodput,
        f"{of_capacity(points):.2f}", refused_rate, load.milliseconds(answered, 0.5),
        load.milliseconds(answered, 0.99), load.milliseconds(refused, 0.99),
        max(one.tail_seconds for one in rounds), max(point["memory"] for point in points))
    return {
        "goodput": goodput, "refused": refused_rate, "p50": load.milliseconds(answered, 0.5),
        "p99": load.milliseconds(answered, 0.99), "refused p99": load.milliseconds(refused, 0.99),
    }


def of_capacity(points):
    return median([point["round"].answered_rate / point["capacity"] for point in points])


def judge(figure, found, memory):
    rounds = [point["round"] for points in found.values() for point in points]
    refused = [one for point in found[TWICE] for one in point["round"].refused]
    grown = max(point["memory"] for points in found.values() for point in points) - memory
    figure.bounds += [
        Bound("answered at twice the capacity / capacity", of_capacity(found[TWICE]), 0.95, True),
        Bound("a refused request has its answer (p99)", load.milliseconds(refused, 0.99) or 0.0, 10,
              False, "ms"),
        Bound("the queue is empty after the load stops", max(one.tail_seconds for one in rounds), 1,
              False, "s"),
        Bound("memory grown under overload", grown, 16, False, "MiB"),
    ]
    lag = load.rank([request.lag for one in rounds for request in one.requests], 0.99)
    note = (
        f"The generator used at most {max(one.generator_share for one in rounds):.0%} of its core and "
        f"sent 99 % of the requests within {number(lag * 1e3)} ms of when they were due")
    if any(one.is_limited_by_generator for one in rounds):
        note += ": **it may be what was measured**"
    figure.notes.append(note + ".")


def plots(rows, capacity):
    def line(name, key):
        return Series(name, [(share, found[key]) for share, found in rows.items()])

    ends = [min(rows), max(rows)]
    return [
        Plot("Goodput and refusals by offered load", "offered, times the capacity", "requests a second", [
            line("answered", "goodput"), line("refused", "refused"),
            Series("capacity", [(share, capacity) for share in ends], is_limit=True)], y_least=0),
        Plot("Latency by offered load, from when a request was due", "offered, times the capacity", "ms", [
            line("p50 of answered", "p50"), line("p99 of answered", "p99"),
            line("p99 of refused", "refused p99"),
            Series("bound of refused", [(share, 10) for share in ends], is_limit=True)],
            has_log_y=True),
    ]
