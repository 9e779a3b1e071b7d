"""TorchServe's archives: handlers as functions and classes, and archives that are not right."""

import json
import zipfile

from support.worker_models import Context, ModelsTest, api, ports, texts
from apus_worker.models.ports import WrongAnswer

MANIFEST = {"createdOn": "01/01/2026", "runtime": "python", "archiverVersion": "0.12.0",
            "model": {"modelName": "lengths", "handler": "handler.py", "modelVersion": "1.0"}}
HANDLER = """
import json, os
from ts.torch_handler.base_handler import BaseHandler

class Lengths(BaseHandler):
    def initialize(self, context):
        self.manifest = context.manifest
        folder = context.system_properties.get("model_dir")
        with open(os.path.join(folder, "words.json")) as file:
            self.words = json.load(file)
        self.initialized = True

    def preprocess(self, data):
        return [(row.get("data") or row.get("body")) for row in data]

    def inference(self, data, *args, **kwargs):
        return [self.words.get(len(each), "many") if isinstance(each, dict) else self.words.get(str(len(each)), "many") for each in data]

    def postprocess(self, data):
        self.context.metrics.add_counter("answered", len(data))
        return [{"length": each} for each in data]
"""


class TorchServeTest(ModelsTest):
    def archive(self, handler=HANDLER, manifest=MANIFEST, **files):
        path = self.folder / "lengths.mar"
        with zipfile.ZipFile(path, "w") as archive:
            if manifest is not None:
                archive.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
            archive.writestr("handler.py", handler)
            for name, text in dict({"words.json": '{"1": "one", "2": "two"}'}, **files).items():
                archive.writestr(name, text)
        return path

    def test_a_handler_on_base_handler(self):
        served = self.open(self.archive())
        self.assertEqual(ports(served.inputs + served.outputs), [("data", "BYTES", [-1]), ("predictions", "BYTES", [-1])])
        context = Context()
        answer = self.ask(served, context, data=texts("a", "bb", "ccc"))
        self.assertEqual([json.loads(each) for each in answer["predictions"]],
                         [{"length": "one"}, {"length": "two"}, {"length": "many"}])
        self.assertEqual(context.metrics, [("answered", 3, "counter")])

    def test_a_handler_as_a_function(self):
        served = self.open(self.archive("""
class Service:
    initialized = False
    def initialize(self, context):
        self.initialized, self.name = True, context.model_name
    def handle(self, data, context):
        return [self.name + ":" + bytes(row["body"]).decode() for row in data]
_service = Service()
def handle(data, context):
    if not _service.initialized:
        _service.initialize(context)
    if data is None:
        return None
    return _service.handle(data, context)
"""))
        self.assertEqual(self.ask(served, data=texts("x"))["predictions"].tolist(), [b"lengths:x"])

    def test_json_bodies_and_statuses(self):
        served = self.open(self.archive("""
def handle(data, context):
    if data is None:
        return
    if "bad" in data[0]["body"]:
        context.set_response_status(code=422, phrase="that is bad", idx=0)
    return [[row["body"]["x"] * 2, context.get_request_header(0, "content-type")] for row in data]
"""))
        parameters = {"content_type": "application/json"}
        self.assertEqual(self.ask(served, data=texts('{"x": 2}'), _parameters=parameters)["predictions"].tolist(),
                         [b'[4,"application/json"]'])
        self.refuses("that is bad", self.ask, served, data=texts('{"x": 2, "bad": 1}'), _parameters=parameters, kind=api.Refused)
        self.refuses("the body is no JSON", self.ask, served, data=texts("{"), _parameters=parameters, kind=api.Refused)

    def test_wrong_answers(self):
        for answer, expected in [("'x'", "the handler returned str; expected a list with an element for each of 2"),
                                 ("[1]", "the handler returned 1 elements for 2 requests")]:
            served = self.open(self.archive("def handle(data, context):\n    return %s\n" % answer))
            self.refuses(expected, self.ask, served, data=texts("a", "b"), kind=WrongAnswer)

    def test_what_cannot_be_served(self):
        self.refuses("there is no MAR-INF/MANIFEST.json", self.open, self.archive(manifest=None))
        for handler, expected in [("image_classifier", "part of TorchServe itself"), ("other.py", "other.py is not in"),
                                  ("", "names no handler")]:
            self.refuses(expected, self.open, self.archive(manifest={"model": {"handler": handler}}))
        self.refuses("neither a function nor a class", self.open, self.archive("x = 1"))
        self.refuses("leads out of it", self.open, self.archive(**{"../escaped.txt": "x"}))
        self.assertFalse((self.folder.parent / "escaped.txt").exists())
        (self.folder / "broken.mar").write_bytes(b"x")
        self.refuses("broken.mar is no zip archive", self.open, self.folder / "broken.mar")

    def test_a_serialized_file_needs_torch(self):
        try:
            import torch  # noqa: F401
        except ImportError:
            manifest = {"model": {"handler": "handler.py", "serializedFile": "model.pt"}}
            self.refuses(["model.pt with the Python package torch", "requirements.txt"], self.open, self.archive(
                "from ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler): pass", manifest))
