"""The servers of the comparison: how each is installed, started and asked."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = ROOT / "models/iris/iris.onnx"
ROW = [5.1, 3.5, 1.4, 0.2]
START_SECONDS = 90


class Skipped(Exception):
    """Why a server is not measured here."""


def environment(name):
    """The Python of a virtual environment with what `requirements-NAME.txt` lists."""
    folder = ROOT / ".venv-comparison" / name
    wanted = (HERE / f"requirements-{name}.txt").read_text()
    mark = folder / "requirements.txt"
    if not mark.is_file() or mark.read_text() != wanted:
        print(f"serving-comparison: installing {name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        done = subprocess.run(
            [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
             "--only-binary=:all:", "-r", HERE / f"requirements-{name}.txt"],
            capture_output=True, text=True)
        if done.returncode:
            raise Skipped(f"{name} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
        mark.write_text(wanted)
    return folder / "bin"


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Server:
    """A running server, on one core with all its threads and children while this lasts."""

    def __init__(self, name, words, ready, core, folder, **variables):
        self.name, self.ready = name, ready
        self.log = open(folder / f"{name}.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(word) for word in words], stdout=self.log, stderr=subprocess.STDOUT, cwd=folder,
            env={**os.environ, **variables}, start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.ready, timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        raise Skipped(f"{self.name} does not start: {lines[-1] if lines else 'it says nothing'}")

    def __exit__(self, *_):
        # The whole group: some servers leave children when their parent is ended.
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Way:
    """One way to ask a server: words for `apus bench`, and what Locust posts where."""

    def __init__(self, name, words, path=None, body=None, port=None):
        self.name, self.words = name, [str(word) for word in words]
        self.path, self.body, self.port = path, body, port


V2_BODY = {"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32", "data": ROW}]}


def apus(program, core, folder):
    """Apus"""
    http, grpc = free_ports(2)
    server = Server(
        "apus", [program, "serve", MODEL, "--http-port", http, "--grpc-port", grpc, "--metrics-port", 0,
                 "--state-directory", "off"],
        f"http://127.0.0.1:{http}/v2/health/ready", core, folder)
    address = f"http://127.0.0.1:{http}/v2/models/iris"
    return server, [
        Way("Apus, REST, JSON", [address, "--encoding", "json"], "/v2/models/iris/infer", V2_BODY, http),
        Way("Apus, REST, binary", [address]),
        Way("Apus, gRPC", [f"grpc://127.0.0.1:{grpc}/iris"])]


def fastapi(program, core, folder):
    """FastAPI"""
    (port,) = free_ports(1)
    server = Server(
        "fastapi", [environment("fastapi") / "python", HERE / "servers/fastapi_server.py", port, MODEL],
        f"http://127.0.0.1:{port}/ready", core, folder)
    return server, [plain("FastAPI, REST, JSON", port, folder)]


def bentoml(program, core, folder):
    """BentoML"""
    (port,) = free_ports(1)
    shutil.copy(HERE / "servers/bento_server.py", folder)
    server = Server(
        "bentoml", [environment("bentoml") / "bentoml", "serve", "bento_server:Iris", "--host", "127.0.0.1",
                    "--port", port],
        f"http://127.0.0.1:{port}/readyz", core, folder,
        IRIS_MODEL=str(MODEL), BENTOML_DO_NOT_TRACK="True", BENTOML_HOME=str(folder / "bentoml"))
    return server, [plain("BentoML, REST, JSON", port, folder)]


def plain(name, port, folder):
    """A server with a body of its own: the rows by the name of the input."""
    body = {"features": [ROW]}
    file = folder / "rows.json"
    file.write_text(json.dumps(body))
    return Way(name, [f"http://127.0.0.1:{port}/predict", "--data", file], "/predict", body, port)


def mlserver(program, core, folder):
    """MLServer"""
    http, grpc, metrics = free_ports(3)
    binaries = environment("mlserver")
    house = folder / "mlserver"
    house.mkdir()
    shutil.copy(HERE / "servers/mlserver_runtime.py", house)
    (house / "settings.json").write_text(json.dumps({
        "host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics,
        "parallel_workers": 0, "debug": False}))
    (house / "model-settings.json").write_text(json.dumps({
        "name": "iris", "implementation": "mlserver_runtime.Iris", "parameters": {"uri": str(MODEL)},
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1]},
                    {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}]}))
    server = Server(
        "mlserver", [binaries / "mlserver", "start", house], f"http://127.0.0.1:{http}/v2/models/iris/ready",
        core, folder, PYTHONPATH=str(house), PATH=f"{binaries}:{os.environ['PATH']}")
    address = f"http://127.0.0.1:{http}/v2/models/iris"
    return server, [
        Way("MLServer, REST, JSON", [address, "--encoding", "json"], "/v2/models/iris/infer", V2_BODY, http),
        Way("MLServer, gRPC", [f"grpc://127.0.0.1:{grpc}/iris"])]


PEERS = {"apus": apus, "fastapi": fastapi, "bentoml": bentoml, "mlserver": mlserver}
