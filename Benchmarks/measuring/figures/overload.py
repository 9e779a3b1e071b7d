"""What becomes of a server that is offered twice what it can do."""

import http.client
import threading
import time

from ..figure import Bound, Figure
from .fairness import MODEL, rank, request

WAITING_MAX = 32
# More than can be in the house at once, so that the offer does not wait for answers.
SENDERS = 96


def measure(shop):
    figure = Figure(
        "overload", "Twice the capacity",
        method=f"One model whose runs take some milliseconds, two instances on all cores, "
        f"`--waiting-requests-max {WAITING_MAX}`. Capacity is what four connections get that ask "
        "without a pause; then twice that is offered at a steady rate, whatever is answered.",
        columns=["offered", "answered/s", "refused/s", "refused p99 ms", "MiB"])
    flags = [
        "--instances", "2", "--runtime-threads", "1", "--waiting-requests-max", str(WAITING_MAX)]
    seconds = 3 if shop.is_quick else 15
    with shop.serving(shop.fixture(f"{MODEL}.onnx"), flags=flags, core=None) as (child, port):
        body = request()
        offer(port, body, seconds=1, rate=None, senders=4)
        shop.quiet()
        before = offer(port, body, seconds, rate=None, senders=4)
        memory = child.resident_mib()
        capacity = before.answered_rate
        figure.add("closed loop", capacity, 0, "", memory)
        over = offer(port, body, seconds, rate=2 * capacity, senders=SENDERS)
        after = child.resident_mib()
    refused_p99 = rank(over.refused, 0.99) * 1_000
    figure.add("2 x capacity", over.answered_rate, len(over.refused) / seconds, refused_p99, after)
    figure.bounds += [
        Bound("answered at twice the capacity / capacity", over.answered_rate / capacity, 0.95, True),
        Bound("a refused request has its answer (p99)", refused_p99, 10, False, "ms"),
        Bound("the queue is empty after the load stops", over.tail_seconds, 1, False, "s"),
        Bound("memory grown under overload", after - memory, 16, False, "MiB"),
    ]
    return figure


class Offer:
    """Requests sent at a rate, and what became of each."""

    def __init__(self, seconds, rate):
        self.seconds, self.rate = seconds, rate
        self.answered, self.refused = [], []
        self.lock = threading.Lock()
        self.sent = 0
        self.begin = time.perf_counter()
        self.tail_seconds = 0.0

    def next_moment(self):
        """When the next request is due; `None` once the time is over."""
        with self.lock:
            now = time.perf_counter() - self.begin
            moment = now if self.rate is None else self.sent / self.rate
            self.sent += 1
            return moment if moment < self.seconds else None

    @property
    def answered_rate(self):
        inside = [end for end in self.answered if end <= self.seconds]
        return len(inside) / self.seconds

    def note(self, status, begin):
        now = time.perf_counter()
        with self.lock:
            if status == 200:
                self.answered.append(now - self.begin)
            elif status == 429:
                self.refused.append(now - begin)
            else:
                raise RuntimeError(f"an answer with status {status}")


def offer(port, body, seconds, rate, senders):
    one = Offer(seconds, rate)
    threads = [threading.Thread(target=send, args=(port, body, one)) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.tail_seconds = max(0.0, max(one.answered) - seconds)
    return one


def send(port, body, one):
    connection = http.client.HTTPConnection("127.0.0.1", port, 60)
    connection.connect()
    while (moment := one.next_moment()) is not None:
        time.sleep(max(0.0, one.begin + moment - time.perf_counter()))
        begin = time.perf_counter()
        connection.request("POST", f"/v2/models/{MODEL}/infer", body)
        answer = connection.getresponse()
        answer.read()
        one.note(answer.status, begin)
    connection.close()
