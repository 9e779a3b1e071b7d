"""What all measurements share: where things are, how contestants start, how rounds alternate."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from . import machine, processes
from .processes import Child

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Skip(Exception):
    """Why a figure cannot be measured here."""


class Workshop(contextlib.ExitStack):
    """One run of the benchmark: its settings, its folder, its contestants."""

    def __init__(self, apus=None, is_quick=False):
        super().__init__()
        self.root = ROOT
        self.cores = machine.Cores()
        self.is_quick = is_quick
        self.rounds = 2 if is_quick else 5
        self.seconds = 1.0 if is_quick else 4.0
        self.quiet_limit = 3 if is_quick else 60
        self.apus = pathlib.Path(apus).resolve() if apus else ROOT / ".build/release/apus"
        self.busiest = 0.0
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))

    def shared(self, path):
        """A file of the shared test data."""
        data = os.environ.get("APUS_SHARED_DATA")
        file = (pathlib.Path(data) if data else ROOT / "../shared/data").resolve() / path
        if not file.exists():
            raise Skip(f"the shared test data has no {path} here")
        return file

    def fixture(self, name):
        return ROOT / "Tests/Fixtures/onnx" / name

    def write(self, name, content):
        """A file in this run's folder."""
        file = self.folder / name
        file.write_bytes(content)
        return file

    @contextlib.contextmanager
    def serving(self, *models, flags=(), core="server", environment=None, wrapper=(), program=None,
                grpc_port=0, is_tls=False):
        """Runs `apus serve` with these models and gives the process and its port."""
        port = processes.free_port()
        command = [
            *wrapper, program or self.apus, "serve", *models, "--http-port", port,
            "--grpc-port", grpc_port, "--metrics-port", "0", *flags,
        ]
        pinned = self.cores.server if core == "server" else core
        with Child(command, core=pinned, environment=environment, folder=self.folder) as child:
            limit = 600 if wrapper else 60
            processes.wait_until_ready(child, port, limit_seconds=limit, is_tls=is_tls)
            yield child, port

    def signature(self, port, model):
        """The model's first input and first output, as the server describes them."""
        status, _, body = processes.fetch(port, f"/v2/models/{model}")
        if status != 200:
            raise RuntimeError(f"metadata of {model}: {status} {body[:200]!r}")
        found = json.loads(body)
        return found["inputs"][0], found["outputs"][0]

    @contextlib.contextmanager
    def client(self, port, message, is_tls=False):
        """A load client with this request prepared, on the client's core."""
        name = f"message-{port}-{abs(hash(message[:200]))}.http"
        file = self.write(name, message)
        command = [sys.executable, "-B", "-m", "measuring.load_client", port, file]
        command += ["tls"] if is_tls else []
        with Child(
            command, core=self.cores.client, pipes=True,
            environment={"PYTHONPATH": str(ROOT / "Benchmarks")},
        ) as child:
            child.line()
            yield child

    def load(self, client, connections, seconds=None, count=None):
        """One round of a load client."""
        amount = f"x{count}" if count else str(seconds or self.seconds)
        found = json.loads(client.ask(f"{connections} {amount}"))
        if found["errors"]:
            raise RuntimeError(f"a request failed: {found['failure']}")
        return found

    def wrk(self, url, body_file=None, seconds=None, connections=16):
        """One round of wrk with one thread on the client's core; without a body it asks with GET."""
        script = "post.lua" if body_file else "get.lua"
        command = [
            "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds or self.seconds))}s",
            "-s", str(ROOT / "Benchmarks" / script), url,
        ]
        done = self.on_client_core(command + (["--", str(body_file)] if body_file else []))
        lines = [line for line in done.stdout.splitlines() if line.startswith("BENCH ")]
        if not lines:
            raise RuntimeError(f"wrk: {done.stdout[-300:]} {done.stderr[-300:]}")
        found = json.loads(lines[0].removeprefix("BENCH "))
        if found["errors"]:
            raise RuntimeError(f"wrk had {found['errors']} errors at {url}")
        return found

    def apus_bench(self, url, *flags, seconds=None):
        """One round of `apus bench` on the client's core: its document."""
        done = self.on_client_core([
            str(self.apus), "bench", url, "--duration", f"{seconds or self.seconds}s",
            "--json", "-", *map(str, flags),
        ])
        if done.returncode:
            raise RuntimeError(f"apus bench: {done.stderr[-300:]}")
        return json.loads(done.stdout)

    def on_client_core(self, command):
        client = self.cores.client
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300,
            preexec_fn=lambda: os.sched_setaffinity(0, {client}))

    def quiet(self):
        """Waits a while for others to be still, and remembers how busy it was."""
        busy = machine.wait_until_quiet(self.quiet_limit)
        self.busiest = max(self.busiest, busy)

    def alternate(self, contestants, rounds=None):
        """Lets each contestant run once a round, in reversed order every other round."""
        self.quiet()
        return self.take_turns(contestants, rounds)

    def take_turns(self, contestants, rounds=None):
        """The same without waiting for others to be still."""
        results = {name: [] for name in contestants}
        for turn in range(rounds or self.rounds):
            order = list(contestants) if turn % 2 == 0 else list(reversed(contestants))
            for name in order:
                results[name].append(contestants[name]())
        return results

    def built(self, product):
        """A program of the benchmarks' own package, built when needed."""
        return self.build(product, "--package-path", "Benchmarks", folder=".build/benchmarks")

    def built_peer(self, product):
        """A peer that is a package of its own."""
        return self.build(
            product, "--package-path", f"Benchmarks/peers/{product}", folder=f".build/peers/{product}")

    def built_here(self, product):
        """A program of the main package that measures one room."""
        return self.build(product, folder=".build")

    def build(self, product, *flags, folder):
        command = [
            ROOT / "scripts/release", *flags, "--scratch-path", folder, "--product", product,
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return ROOT / folder / "release" / product

    def python_of_peers(self):
        python = ROOT / ".venv-bench/bin/python"
        if not python.exists():
            raise Skip("the peers are not installed: run scripts/bootstrap bench")
        return python

    def python_of_trees(self):
        """The one with xgboost and MLServer, which wants releases of its own."""
        python = ROOT / ".venv-bench-trees/bin/python"
        if not python.exists():
            raise Skip("MLServer and xgboost are not installed: run scripts/bootstrap bench")
        return python

    def python_of_clients(self):
        """The one of the tests: tritonclient and the peers want different releases of protobuf."""
        python = ROOT / ".venv/bin/python"
        if not python.exists():
            raise Skip("tritonclient is not installed: run scripts/bootstrap test")
        return python

    def runtime_library(self):
        libraries = sorted((ROOT / ".native").glob("libonnxruntime.so.*"))
        if not libraries:
            raise Skip("ONNX Runtime is not here: run scripts/bootstrap run")
        return libraries[-1]


def timed(child, round_of):
    """A round, with the processor time that a server used for it."""
    before = child.processor_seconds()
    found = round_of()
    found["server_cpu_s"] = child.processor_seconds() - before
    return found


def timed_round(child, round_of):
    """A round of the generator and the processor seconds that a server used for it."""
    before = child.processor_seconds()
    found = round_of()
    return found, child.processor_seconds() - before
