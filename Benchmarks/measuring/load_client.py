"""Sends one prepared HTTP request again and again over some connections, each a thread of its own.

    python -m measuring.load_client PORT MESSAGE-FILE [tls]

Reads `CONNECTIONS SECONDS` (or `CONNECTIONS xCOUNT`) lines from standard input and answers each with
one line of JSON. Its work is system calls on prepared memory: about 0.1 ms of it for 5 MB each way.
"""

import json
import socket
import sys
import threading
import time

from .processes import any_certificate


class Connection:
    """One keep-alive connection and the memory that its answers go to."""

    def __init__(self, port, message, is_tls=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_tls:
            self.socket = any_certificate().wrap_socket(self.socket)
        self.message = message
        self.room = bytearray(1 << 20)
        self.view = memoryview(self.room)

    def exchange(self):
        """Sends the request and reads the whole answer; gives the seconds that it took."""
        begin = time.perf_counter()
        self.socket.sendall(self.message)
        self.read_answer()
        return time.perf_counter() - begin

    def read_answer(self):
        filled = 0
        while (end := self.room.find(b"\r\n\r\n", 0, filled)) < 0:
            filled += self.receive(self.view[filled:])
        head = bytes(self.room[:end]).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(bytes(self.room[:filled]).decode(errors="replace")[:400])
        length = int(head.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0])
        left = end + 4 + length - filled
        while left > 0:
            left -= self.receive(self.view)

    def receive(self, room):
        count = self.socket.recv_into(room)
        if count == 0:
            raise RuntimeError("the server closed the connection")
        return count

    def close(self):
        self.socket.close()


def run_round(port, message, connection_count, seconds=None, count=None, is_tls=False):
    """All connections at work until the time is over or the count is reached."""
    connections = [Connection(port, message, is_tls) for _ in range(connection_count)]
    durations, failures = [], []
    end = None if seconds is None else time.perf_counter() + seconds

    def work(connection):
        mine = []
        try:
            while len(mine) < count if end is None else time.perf_counter() < end:
                mine.append(connection.exchange())
        except (OSError, RuntimeError) as failure:
            failures.append(str(failure))
        durations.extend(mine)

    begin, processor = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=work, args=[one]) for one in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - begin
    processor = time.process_time() - processor
    for connection in connections:
        connection.close()
    return report(durations, failures, passed, processor)


def report(durations, failures, seconds, processor_seconds):
    ordered = sorted(durations) or [0.0]
    return {
        "count": len(durations), "seconds": seconds, "cpu_s": processor_seconds,
        "p50_us": ordered[(len(ordered) - 1) // 2] * 1e6,
        "p99_us": ordered[int((len(ordered) - 1) * 0.99)] * 1e6,
        "errors": len(failures), "failure": failures[0] if failures else "",
    }


def main(port, path, is_tls):
    with open(path, "rb") as file:
        message = file.read()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        connections, amount = line.split()
        if amount.startswith("x"):
            found = run_round(port, message, int(connections), count=int(amount[1:]), is_tls=is_tls)
        else:
            found = run_round(port, message, int(connections), seconds=float(amount), is_tls=is_tls)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["tls"])
