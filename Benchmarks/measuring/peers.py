"""The servers that Apus is measured beside."""

import contextlib
import json

from . import processes
from .processes import Child
from .workshop import ROOT

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{answer}'; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(shop, answer):
    """nginx with one worker on the server's core, giving `answer` whatever it is asked."""
    port = processes.free_port()
    folder = shop.folder / f"nginx-{port}"
    folder.mkdir()
    text = NGINX.format(folder=folder, port=port, answer=answer.decode().replace("'", r"\'"))
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    command = ["nginx", "-p", folder, "-c", configuration]
    with Child(command, core=shop.cores.server) as child:
        processes.wait_until_ready(child, port, path="/")
        yield child, port


@contextlib.contextmanager
def fastapi(shop):
    """FastAPI on one uvicorn process on the server's core."""
    port = processes.free_port()
    command = [shop.python_of_peers(), "-B", ROOT / "Benchmarks/peers/fastapi_peer.py", port]
    with Child(command, core=shop.cores.server) as child:
        processes.wait_until_ready(child, port)
        yield child, port


@contextlib.contextmanager
def socket_echo(shop, answer_bytes):
    """A blocking loop over one socket: the least that a request of this size can cost."""
    command = [shop.built("EchoPeer"), answer_bytes]
    with Child(command, core=shop.cores.server, pipes=True) as child:
        yield child, int(child.line())


@contextlib.contextmanager
def loop(shop, product, *arguments):
    """A program that calls a model in a loop on the server's core; gives what runs a round."""
    command = [shop.built(product), *arguments]
    with Child(command, core=shop.cores.server, pipes=True) as child:
        child.line()
        yield lambda callers, seconds: json.loads(child.ask(f"{callers} {seconds}"))


@contextlib.contextmanager
def grpcio(shop):
    """Python's own gRPC server on the server's core."""
    port = processes.free_port()
    command = [shop.python_of_peers(), "-B", ROOT / "Benchmarks/peers/grpcio_peer.py", port]
    with Child(command, core=shop.cores.server, pipes=True) as child:
        child.line()
        yield child, port


@contextlib.contextmanager
def grpc_swift(shop):
    """grpc-swift-2's server on the server's core."""
    with Child([shop.built_peer("GRPCSwiftPeer")], core=shop.cores.server, pipes=True) as child:
        yield child, int(child.line())


@contextlib.contextmanager
def mlserver(shop):
    """MLServer with one parallel worker on the server's core."""
    program = shop.python_of_trees().parent / "mlserver"
    folder = shop.folder / "mlserver"
    (folder / "echo").mkdir(parents=True)
    port, grpc_port, metrics_port = (processes.free_port() for _ in range(3))
    (folder / "settings.json").write_text(json.dumps({
        "http_port": port, "grpc_port": grpc_port, "metrics_port": metrics_port, "parallel_workers": 1,
        "debug": False, "host": "127.0.0.1"}))
    (folder / "echo/model-settings.json").write_text(json.dumps({
        "name": "echo", "implementation": "mlserver_peer.Echo"}))
    environment = {"PYTHONPATH": str(ROOT / "Benchmarks/peers")}
    with Child([program, "start", folder], core=shop.cores.server, environment=environment) as child:
        processes.wait_until_ready(child, port, limit_seconds=60)
        yield child, port


@contextlib.contextmanager
def fastapi_xgboost(shop, model):
    """FastAPI around xgboost, one uvicorn process on the server's core."""
    port = processes.free_port()
    command = [
        shop.python_of_trees(), "-B", ROOT / "Benchmarks/peers/fastapi_xgboost_peer.py", port, model]
    with Child(command, core=shop.cores.server, environment=ONE_THREAD) as child:
        processes.wait_until_ready(child, port)
        yield child, port


@contextlib.contextmanager
def mlserver_xgboost(shop, name, model):
    """MLServer's XGBoost runtime in one process on the server's core."""
    port, grpc_port, metrics_port = (processes.free_port() for _ in range(3))
    folder = shop.folder / f"mlserver-{port}"
    (folder / name).mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps({
        "host": "127.0.0.1", "http_port": port, "grpc_port": grpc_port, "metrics_port": metrics_port,
        "parallel_workers": 0, "debug": False}))
    (folder / name / "model-settings.json").write_text(json.dumps({
        "name": name, "implementation": "mlserver_xgboost.XGBoostModel",
        "parameters": {"uri": str(model), "version": "1"}}))
    program = shop.python_of_trees().parent / "mlserver"
    with Child(
        [program, "start", folder], core=shop.cores.server, environment=ONE_THREAD, folder=folder
    ) as child:
        processes.wait_until_ready(child, port, limit_seconds=120)
        yield child, port


# OpenMP spins otherwise, and there is one core.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
