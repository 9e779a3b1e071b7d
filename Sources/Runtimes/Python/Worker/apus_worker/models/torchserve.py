"""TorchServe's archives: a `.mar` file with MAR-INF/MANIFEST.json and a handler."""

import asyncio
import inspect
import json
import pathlib
import queue
import tempfile
import threading
import zipfile

from .. import api
from . import ports
from .served import Served, Unservable, module_from, need, row_count
from .stand_ins import torchserve_handlers as handlers

_BYTES_MAX = 64 << 30
_FILES_MAX = 100_000


class TorchServeModel(Served):
    """Rows of `data` are what clients sent; rows of `predictions` are what the handler gave back."""

    def __init__(self, path, settings):
        super().__init__()
        self._unpacked = None
        folder = self._folder(pathlib.Path(path))
        manifest = _manifest(folder)
        model = manifest.get("model", {})
        handlers.install()
        self.context = _context(folder, manifest, model, settings)
        self.handle = self._handler(folder, str(model.get("handler") or ""))
        self.has_row_axis = not self.decoupled
        shape = [1] if self.decoupled else [-1]
        self.inputs = [ports.port("data", "BYTES", shape)]
        self.outputs = [ports.port("predictions", "BYTES", shape)]
        self.metadata = {"modelName": str(model.get("modelName", "")), "handler": str(model.get("handler", "")),
                         "modelVersion": str(model.get("modelVersion", "")), "input_content_type": "*/*",
                         "output_content_type": "*/*"}

    def _folder(self, path):
        if path.is_dir():
            return path
        self._unpacked = tempfile.TemporaryDirectory(prefix="apus-mar-")
        _unpack(path, self._unpacked.name)
        return pathlib.Path(self._unpacked.name)

    def _handler(self, folder, name):
        if not name:
            raise Unservable("MANIFEST.json names no handler")
        name, _, function = name.partition(":")
        if name in handlers.HANDLERS and not (folder / (name + ".py")).is_file():
            if not self.context.manifest["model"].get("serializedFile"):
                raise Unservable("the handler %s asks the network of the archive, and MANIFEST.json names no "
                                 "serializedFile" % name)
            return self._instance(handlers.built_in(name), name)
        file = folder / (name if name.endswith(".py") else name + ".py")
        if not file.is_file():
            raise Unservable("the handler %s is not in the archive" % file.name)
        # Whether it answers in parts nothing but its source tells.
        self.decoupled = b"send_intermediate_predict_response" in file.read_bytes()
        module = module_from(file, "apus_torchserve_handler")
        entry = getattr(module, function or "handle", None)
        if callable(entry) and not isinstance(entry, type):
            # The first call of a function brings no requests: it is there to initialize.
            entry(None, self.context)
            return entry
        return self._instance(_handler_class(module), file.name)

    def _instance(self, kind, name):
        handler = kind()
        if not callable(getattr(handler, "handle", None)):
            raise Unservable("%s in %s has no handle(data, context)" % (kind.__name__, name))
        if hasattr(handler, "initialize"):
            handler.initialize(self.context)
        handler.context = getattr(handler, "context", None) or self.context
        return handler.handle

    def predict(self, inputs, parameters, context):
        bodies = list(inputs["data"].ravel())
        kind = str(parameters.get("content_type") or parameters.get("content-type") or "")
        self.context._begin(bodies, parameters, context, kind)
        given = [{"body": _body(each, kind)} for each in bodies]
        if self.decoupled:
            return self._parts(given, context)
        answer = self._handled(given)
        if inspect.isawaitable(answer):
            return self._awaited(answer, row_count(inputs))
        return self._answer(answer, row_count(inputs))

    def _handled(self, given):
        try:
            return self.handle(given, self.context)
        except handlers.PredictionException as error:
            raise (api.Refused if 400 <= error.error_code < 500 else RuntimeError)(error.message) from None

    def _parts(self, given, context):
        """What the handler sends as it goes, and at last what it returns; it runs beside."""
        parts = self.context._parts = queue.Queue()

        def handle():
            try:
                answer = self._handled(given)
                parts.put((asyncio.run(_finished(answer)) if inspect.isawaitable(answer) else answer, True))
            except Exception as error:  # noqa: BLE001 - it is raised where the request is waited for.
                parts.put((error, True))

        threading.Thread(target=handle, daemon=True).start()
        is_last = False
        while not is_last:
            try:
                part, is_last = parts.get(timeout=0.1)
            except queue.Empty:
                if getattr(context, "cancelled", False):
                    return
                continue
            if isinstance(part, Exception):
                raise part
            yield self._answer(part, 1)

    async def _awaited(self, answer, rows):
        return self._answer(await answer, rows)

    def _answer(self, answer, rows):
        if not isinstance(answer, (list, tuple)) and not hasattr(answer, "tolist"):
            raise ports.WrongAnswer("the handler returned %s; expected a list with an element for each of %d requests"
                                    % (type(answer).__name__, rows))
        values = answer.tolist() if hasattr(answer, "tolist") else list(answer)
        if len(values) != rows:
            raise ports.WrongAnswer("the handler returned %d elements for %d requests" % (len(values), rows))
        for row, (status, message) in self.context._statuses.items():
            if status >= 400:
                failure = api.Refused if status < 500 else RuntimeError
                raise failure(message or _text(values[row or 0]))
        return {"predictions": ports.bytes_array(values)}

    def close(self):
        if self._unpacked is not None:
            self._unpacked.cleanup()


async def _finished(answer):
    return await answer


def _text(value):
    return ports.as_bytes(value).decode("utf-8", "replace")


def _body(element, content_type):
    """JSON bodies come parsed, as TorchServe does with that content type; all others are bytes."""
    if "json" not in content_type:
        return bytearray(element)
    try:
        return json.loads(element)
    except ValueError as error:
        raise api.Refused("the body is no JSON: %s" % error) from None


def _handler_class(module):
    own = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    leaves = [each for each in own if callable(getattr(each, "handle", None))
              and not any(other is not each and issubclass(other, each) for other in own)]
    if len(leaves) != 1:
        raise Unservable("the handler has %s; expected a function handle(data, context) or one class with a method "
                         "handle" % (", ".join(each.__name__ for each in leaves) or "neither a function nor a class"))
    return leaves[0]


def _manifest(folder):
    file = folder / "MAR-INF" / "MANIFEST.json"
    if not file.is_file():
        raise Unservable("there is no MAR-INF/MANIFEST.json, which every TorchServe archive has")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unservable("MAR-INF/MANIFEST.json: %s" % error) from None
    return found if isinstance(found, dict) else {}


def _unpack(path, folder):
    """Unpacks an archive; names that would leave the folder, and bombs, are refused."""
    if not zipfile.is_zipfile(path):
        raise Unservable("%s is no zip archive; torch-model-archiver makes one by default (--archive-format default)"
                         % path.name)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > _FILES_MAX or sum(each.file_size for each in entries) > _BYTES_MAX:
            raise Unservable("%s holds too much: at most %d files and %d bytes" % (path.name, _FILES_MAX, _BYTES_MAX))
        root = pathlib.Path(folder).resolve()
        for each in entries:
            if not (root / each.filename).resolve().is_relative_to(root):
                raise Unservable("%s holds %s, which leads out of it" % (path.name, each.filename))
        archive.extractall(root)


# --- What handlers import


class Context:
    """TorchServe's context: where the model lies, and what is known of each request."""

    def __init__(self, manifest, system_properties, name):
        self.manifest, self.system_properties, self.model_name = manifest, system_properties, name
        self.model_yaml_config = _yaml(system_properties["model_dir"], manifest)
        self.metrics = Metrics()
        self._begin([], {}, None, "")

    def _begin(self, bodies, parameters, context, content_type):
        self._count = len(bodies)
        self._headers = dict({str(key): str(value) for key, value in parameters.items()},
                             **({"content-type": content_type} if content_type else {}))
        self._statuses = {}
        self._parts = None
        self._request_ids = {row: str(getattr(context, "request_id", "") or row) for row in range(len(bodies))}
        self.metrics._context = context

    @property
    def request_ids(self):
        return self._request_ids

    def get_request_id(self, idx=0):
        return self._request_ids.get(idx)

    def get_request_header(self, idx, key):
        return self._headers.get(key)

    def get_all_request_header(self, idx):
        return dict(self._headers)

    def set_response_content_type(self, idx, value):
        """The answer's content type is the dialect's."""

    def get_response_content_type(self, idx):
        return None

    def set_response_header(self, idx, key, value):
        """Headers of the answer are the dialect's."""

    def set_response_status(self, code=200, phrase="", idx=0):
        self._statuses[idx] = (int(code), phrase)

    def set_all_response_status(self, code=200, phrase=""):
        for row in range(self._count):
            self._statuses[row] = (int(code), phrase)


class Metrics:
    """Counters, gauges and times that a handler emits."""

    _context = None

    def _emit(self, name, value, kind):
        if self._context is not None:
            self._context.metric(name, value, kind)

    def add_counter(self, name, value, idx=None, dimensions=None):
        self._emit(name, value, "counter")

    def add_time(self, name, value, idx=None, unit="ms", dimensions=None):
        self._emit(name, value, "gauge")

    def add_size(self, name, value, idx=None, unit="MB", dimensions=None):
        self._emit(name, value, "gauge")

    def add_percent(self, name, value, idx=None, dimensions=None):
        self._emit(name, value, "gauge")

    def add_metric(self, name, value, unit="", idx=None, dimensions=None):
        self._emit(name, value, "gauge")


def _yaml(folder, manifest):
    """The archive's `--config-file`; nothing where it has none."""
    name = manifest.get("model", {}).get("configFile")
    if not name:
        return {}
    file = pathlib.Path(folder) / pathlib.PurePath(name).name
    yaml = need("yaml", "the archive's %s" % file.name, "pyyaml")
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise Unservable("%s cannot be read: %s" % (file.name, error)) from None


def _context(folder, manifest, model, settings):
    properties = {
        "model_dir": str(folder), "gpu_id": None, "batch_size": 1, "server_name": "Apus",
        "server_version": "1.0", "limit_max_image_pixels": True}
    return Context(manifest, properties, str(model.get("modelName") or settings.get("name") or ""))
