"""TorchServe's archives: handlers as functions and classes, and archives that are not right."""

import contextlib
import io
import json
import sys
import types
import zipfile

import numpy as np

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

    def test_parts(self):
        served = self.open(self.archive("""
from ts.handler_utils.utils import send_intermediate_predict_response
from ts.torch_handler.base_handler import BaseHandler
class Words(BaseHandler):
    def initialize(self, context):
        self.initialized = True
    def handle(self, data, context):
        words = bytes(data[0]["body"]).decode().split()
        for word in words[:-1]:
            send_intermediate_predict_response([word], context.request_ids, "Intermediate Prediction success", 200, context)
        if words[-1] == "wrong":
            raise ValueError("that is wrong")
        return [words[-1]]
"""))
        self.assertTrue(served.decoupled)
        self.assertEqual(ports(served.inputs), [("data", "BYTES", [1])])
        parts = self.ask(served, data=texts("a few words"))
        self.assertEqual([each["predictions"].tolist() for each in parts], [[b"a"], [b"few"], [b"words"]])
        self.refuses("that is wrong", self.ask, served, data=texts("a wrong"), kind=ValueError)

    def test_wrong_answers(self):
        for answer, expected in [("'x'", "the handler returned str; expected a list with an element for each of 2"),
                                 ("[1]", "the handler returned 1 elements for 2 requests")]:
            served = self.open(self.archive("def handle(data, context):\n    return %s\n" % answer))
            self.refuses(expected, self.ask, served, data=texts("a", "b"), kind=WrongAnswer)

    def test_what_cannot_be_served(self):
        self.refuses("there is no MAR-INF/MANIFEST.json", self.open, self.archive(manifest=None))
        for handler, expected in [("image_classifier", "MANIFEST.json names no serializedFile"), ("other.py", "other.py is not in"),
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
            self.refuses(["loads model.pt", "needs the Python package torch", "requirements.txt"], self.open, self.archive(
                "from ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler): pass", manifest))


class Numbers(np.ndarray):
    """As much of a tensor as the handlers use."""

    def to(self, device):
        return self

    def new_tensor(self, values):
        return numbers(values)

    def type(self, kind):
        return self.astype(kind)


def numbers(values, dtype=np.float32, device=None):
    return np.asarray(values, dtype).view(Numbers)


def likeliest(values, count, dim):
    places = np.argsort(-values, axis=dim)[:, :count].view(Numbers)
    return np.take_along_axis(values, places, dim), places


def softmax(values, dim):
    powers = np.exp(values - values.max(axis=dim, keepdims=True))
    return (powers / powers.sum(axis=dim, keepdims=True)).view(Numbers)


def largest(values, dim):
    return types.SimpleNamespace(values=np.max(values, axis=dim), indices=np.argmax(values, axis=dim).view(Numbers))


def torch_of(network):
    """A torch whose archives all hold this network."""
    network.eval = lambda: network
    return types.SimpleNamespace(
        jit=types.SimpleNamespace(load=lambda path, map_location: network), device=str, inference_mode=contextlib.nullcontext,
        as_tensor=numbers, from_numpy=numbers, stack=lambda parts, dim=0: np.stack(parts, dim).view(Numbers), softmax=softmax,
        topk=likeliest, max=largest, float32=np.float32)


class BuiltInHandlersTest(ModelsTest):
    """TorchServe's own handlers, with a network in place of torch's."""

    def handler(self, name, network, **files):
        sys.modules["torch"] = torch_of(network)
        self.addCleanup(sys.modules.pop, "torch", None)
        path = self.folder / "net.mar"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": name, "serializedFile": "net.pt"}}))
            for file, text in dict({"net.pt": "x"}, **files).items():
                archive.writestr(file, text)
        return self.open(path)

    def photo(self, width, height, colour):
        from PIL import Image

        out = io.BytesIO()
        Image.new("RGB", (width, height), colour).save(out, format="PNG")
        return out.getvalue()

    def answers(self, served, *bodies, **parameters):
        answer = self.ask(served, data=texts(*bodies), _parameters=parameters)["predictions"]
        return [json.loads(each) for each in answer]

    def test_the_classes_of_photos(self):
        def network(images):
            self.assertEqual(images.shape, (2, 3, 224, 224))
            white = np.stack([images.mean(axis=(1, 2, 3)), np.zeros(2), np.full(2, -1), np.full(2, -2)], axis=1)
            return white.view(Numbers)

        names = {"0": "white", "1": ["n1", "grey"], "2": "dark", "3": "black"}
        served = self.handler("image_classifier", network, **{"index_to_name.json": json.dumps(names)})
        first, second = self.answers(served, self.photo(300, 600, "white"), self.photo(20, 10, "black"))
        self.assertEqual((list(first)[0], list(second)[0], len(first)), ("white", "grey", 4))
        self.assertAlmostEqual(sum(first.values()), 1, places=5)
        expected = ((1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])).mean()
        self.assertAlmostEqual(np.log(first["white"] / first["grey"]), expected, places=4)
        self.refuses("row 0: expected a photo", self.answers, served, "none", "none", kind=api.Refused)

    def test_classes_without_names_and_numbers_as_input(self):
        served = self.handler("image_classifier", lambda images: images.reshape(len(images), -1))
        self.assertEqual([list(each) for each in self.answers(served, "[[[1, 3, 2, 0, 4, 9]]]", content_type="application/json")],
                         [["5", "4", "1", "2", "0"]])

    def test_boxes_of_things(self):
        def network(images):
            self.assertEqual([each.shape for each in images], [(3, 4, 8), (3, 6, 2)])
            return [{"boxes": numbers([[0, 0, 1, 1], [1, 2, 3, 4]]), "labels": numbers([1, 2], np.int64),
                     "scores": numbers([0.4, 0.75])}] * 2

        served = self.handler("object_detector", network, **{"index_to_name.json": '{"object_type_names": ["-", "cat", "dog"]}'})
        self.assertEqual(self.answers(served, self.photo(8, 4, "red"), self.photo(2, 6, "red")),
                         [[{"dog": [1, 2, 3, 4], "score": 0.75}]] * 2)

    def test_the_class_of_each_pixel(self):
        served = self.handler("image_segmenter", lambda images: {"out": images[:, :, :1, :2]})
        answer, = self.answers(served, self.photo(256, 256, "blue"))
        self.assertEqual((np.shape(answer), [pixel[0] for pixel in answer[0]]), ((1, 2, 2), [2, 2]))

    def test_the_base_handler(self):
        served = self.handler("base_handler", lambda rows: rows * 2)
        self.assertEqual(self.answers(served, "[1, 2]", "[3, 4]", content_type="application/json"), [[2, 4], [6, 8]])

    def test_what_is_wrong(self):
        for names, expected in [("[]", "expected an object of class to name"), ("{", "index_to_name.json: "),
                                ('{"0": 1}', "class 0 has no text for its name")]:
            self.refuses(expected, self.handler, "image_classifier", lambda images: images, **{"index_to_name.json": names})
        self.refuses("torchtext", self.handler, "text_classifier", lambda images: images)
        self.handler("image_classifier", lambda images: images)
        sys.modules["torch"] = None
        self.refuses(["loads net.pt", "needs the Python package torch"], self.open, self.folder / "net.mar")
