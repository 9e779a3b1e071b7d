"""`apus bench` beside wrk, against nginx's static answer: how fast it asks, and whether it sees the same."""

from .. import peers
from ..figure import Bound, Figure, median, spread

# Nearly nothing to send, so that the generators' own work is what differs.
ANSWER = b'{"ok":true}'


def measure(shop):
    figure = Figure(
        "generator", "The load generator beside wrk",
        method="GET of an answer that nginx has in its configuration. nginx has one core, the generator "
        "the other: `apus bench --scenario closed-loop` with one thread, and wrk with one. Medians of "
        "rounds in alternating order. CPU is the generator's own processor time by request; wrk's is "
        "not told.",
        columns=["generator", "connections", "req/s", "spread", "p50 us", "p99 us", "CPU us"])
    bounds = []
    with peers.nginx(shop, ANSWER) as (_, port):
        url = f"http://127.0.0.1:{port}/static"
        for connections in (16, 1):
            bounds += compare(shop, figure, url, connections)
    figure.bounds = bounds
    return figure


def compare(shop, figure, url, connections):
    """Adds a row of each generator; gives what was promised of the two."""
    found = shop.alternate({
        "apus bench": lambda: asked_by_apus(shop, url, connections),
        "wrk": lambda: shop.wrk(url, connections=connections),
    })
    rates, middles = {}, {}
    for name, rounds in found.items():
        each = [one["count"] / one["seconds"] for one in rounds]
        rates[name] = median(each)
        middles[name] = median([one["p50_us"] for one in rounds])
        costs = [one["cpu_us"] for one in rounds if "cpu_us" in one]
        figure.add(
            name, connections, rates[name], spread(each), middles[name],
            median([one["p99_us"] for one in rounds]), median(costs) if costs else "")
    many = "connection" if connections == 1 else "connections"
    return [
        Bound(
            f"requests a second over {connections} {many}: apus bench / wrk",
            rates["apus bench"] / rates["wrk"], 0.8, True),
        Bound(
            f"p50 over {connections} {many}: apus bench / wrk",
            middles["apus bench"] / middles["wrk"], 1.05, False),
    ]


def asked_by_apus(shop, url, connections):
    """A round of `apus bench`, in the words of wrk's."""
    found = shop.apus_bench(url, "--scenario", "closed-loop", "--concurrency", connections)
    if found["errors"]["rate"]:
        raise RuntimeError(f"apus bench had errors at {url}: {found['errors']['by_kind']}")
    count, seconds = found["run"]["queries"], found["run"]["seconds"]
    return {
        "count": count, "seconds": seconds, "p50_us": found["latency_ms"]["p50"] * 1e3,
        "p99_us": found["latency_ms"]["p99"] * 1e3,
        "cpu_us": found["generator"]["cpu_seconds"] / count * 1e6,
    }
