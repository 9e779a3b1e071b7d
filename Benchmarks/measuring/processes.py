"""Processes that the driver starts, looks at and ends: by their own number, and no others."""

import contextlib
import http.client
import os
import pathlib
import resource
import signal
import socket
import ssl
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    """A port of the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    """A process of ours, ended at the end of its `with` block."""

    def __init__(self, command, core=None, environment=None, pipes=False, folder=None):
        self.command = [str(part) for part in command]
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command, cwd=folder, text=pipes,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else subprocess.DEVNULL, stderr=self.errors,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.errors.close()

    @property
    def pid(self):
        return self.process.pid

    def line(self):
        """The next line that the process prints."""
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.command[0]} ended early: {self.complaint()}")
        return text.strip()

    def ask(self, order):
        """Gives the process one line and takes the line that it answers with."""
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self.line()

    def complaint(self):
        """The end of what the process wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-800:].strip()

    def processor_seconds(self):
        """Processor time of the process and of its children, all threads, in and out of the kernel."""
        return sum(seconds_of(pid) for pid in family(self.pid))

    def resident_mib(self):
        """Memory that the process really holds."""
        fields = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * PAGE / 1024**2


def family(pid):
    """The process and all that descend from it."""
    pids = [pid]
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            # A thread may end while it is looked at; its children are then those of another.
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    pids += family(int(child))
    return pids


def seconds_of(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0  # It ended meanwhile.
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_seconds(pid, prefix):
    """Of all threads with such a name: seconds that they ran, and that they waited for a core."""
    ran, waited = 0, 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            if (task / "comm").read_text().startswith(prefix):
                fields = (task / "schedstat").read_text().split()
                ran, waited = ran + int(fields[0]), waited + int(fields[1])
        except OSError:
            pass  # A thread that ended meanwhile.
    return ran / 1e9, waited / 1e9


def wait_until_ready(child, port, path="/v2/health/ready", limit_seconds=30, is_tls=False):
    """Asks until the answer is 200."""
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        if child.process.poll() is not None:
            raise RuntimeError(f"{child.command[0]} ended early: {child.complaint()}")
        try:
            if fetch(port, path, is_tls=is_tls)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{child.command[0]} was not ready in {limit_seconds} s: {child.complaint()}")


def any_certificate():
    """TLS with whoever answers: certificates of a run are made for that run."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fetch(port, path, body=None, headers=None, is_tls=False):
    """One request on a connection of its own: status, headers, body."""
    if is_tls:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=60, context=any_certificate())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def raise_open_file_limit(wanted):
    """Raises the limit of open files for us and for what we start; gives what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
