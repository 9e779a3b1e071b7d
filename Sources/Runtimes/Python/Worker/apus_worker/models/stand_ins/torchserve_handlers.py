"""TorchServe's handlers, as far as its documentation describes them, for where TorchServe is not installed."""

import base64
import importlib
import importlib.util
import io
import itertools
import json
import pathlib
import sys
import types

from ... import api
from ..served import Unservable, module_from, need


def _torch():
    return need("torch", "a handler of TorchServe's own")


class PredictionException(Exception):
    """A handler's refusal, with a status."""

    def __init__(self, message, error_code=500):
        super().__init__(message)
        self.message, self.error_code = message, error_code


# --- Names of classes


def load_label_mapping(path):
    """Class to name of an `index_to_name.json`; `None` where there is none."""
    path = pathlib.Path(path)
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unservable("%s: %s" % (path.name, error)) from None
    names = found.get("object_type_names") if isinstance(found, dict) else None
    if isinstance(names, list):
        found = {str(place): name for place, name in enumerate(names)}
    if not isinstance(found, dict):
        raise Unservable("%s: expected an object of class to name" % path.name)
    found = {key: each[-1] if isinstance(each, list) and each else each for key, each in found.items()}
    wrong = [key for key, each in found.items() if not isinstance(each, str)]
    if wrong:
        raise Unservable("%s: class %s has no text for its name" % (path.name, wrong[0]))
    return found


def map_class_to_label(probs, mapping=None, lbl_classes=None):
    """For each row an object of class, by its name where there is one, to value."""
    classes = lbl_classes or itertools.repeat(range(len(probs[0])) if probs else ())
    return [{_named(mapping, each): value for each, value in zip(of_row, row)} for of_row, row in zip(classes, probs)]


def _named(mapping, number):
    if mapping is None:
        return str(number)
    if str(number) not in mapping:
        raise RuntimeError("index_to_name.json has no name for class %s" % number)
    return mapping[str(number)]


# --- Handlers


class BaseHandler:
    """Loads the archive's network, TorchScript or the weights of a class beside them, and asks it."""

    def __init__(self):
        self.model = self.mapping = self.device = self.context = self.manifest = self.map_location = None
        self.model_yaml_config = {}
        self.initialized = False
        self.explain = False

    def initialize(self, context):
        self.context, self.manifest = context, context.manifest
        self.model_yaml_config = context.model_yaml_config
        folder = pathlib.Path(context.system_properties["model_dir"])
        named = self.manifest.get("model", {})
        if named.get("serializedFile"):
            torch = need("torch", "TorchServe's BaseHandler, which loads %s," % named["serializedFile"])
            self.map_location, self.device = "cpu", torch.device("cpu")
            file = _there(folder, named["serializedFile"])
            self.model = self._network(torch, folder, named, file)
            self.model.eval()
        self.mapping = load_label_mapping(folder / "index_to_name.json")
        self.initialized = True

    def _network(self, torch, folder, named, file):
        if named.get("modelFile"):
            return self._load_pickled_model(str(folder), named["modelFile"], str(file))
        if file.suffix == ".onnx":
            raise Unservable("%s is ONNX; serve it as it is, without an archive" % file.name)
        return self._load_torchscript_model(str(file))

    def _load_torchscript_model(self, path):
        torch = _torch()
        try:
            return torch.jit.load(path, map_location=self.device)
        except RuntimeError as error:
            raise Unservable("%s is no TorchScript: %s. Weights alone need --model-file, the source of their network, "
                             "when they are packed" % (pathlib.Path(path).name, str(error).split("\n")[0])) from None

    def _load_pickled_model(self, folder, file, weights):
        source = _there(pathlib.Path(folder), file)
        module = module_from(source, "apus_torchserve_network")
        kinds = list_classes_from_module(module)
        if len(kinds) != 1:
            raise Unservable("%s has %d classes; expected one, the network" % (source.name, len(kinds)))
        model = kinds[0]()
        model.load_state_dict(_torch().load(weights, map_location=self.device, weights_only=True))
        return model

    def preprocess(self, data):
        return _torch().as_tensor([_content(row) for row in data], device=self.device)

    def inference(self, data, *args, **kwargs):
        with _torch().inference_mode():
            return self.model(data, *args, **kwargs)

    def postprocess(self, data):
        return data.tolist()

    def handle(self, data, context):
        self.context = context
        return self.postprocess(self.inference(self.preprocess(data)))


def _there(folder, name):
    """A file that the manifest names; it lies beside the manifest's folder, whatever path it had."""
    file = folder / pathlib.PurePath(name).name
    if not file.is_file():
        raise Unservable("%s is not in the archive" % file.name)
    return file


def list_classes_from_module(module, parent_class=None):
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__
            and (parent_class is None or issubclass(each, parent_class))]


def _content(row):
    found = row.get("data")
    return row.get("body") if found is None else found


def send_intermediate_predict_response(ret, req_id_map, message, code, context=None):
    """A part of the answer, before what the handler returns."""
    if context is None or context._parts is None:
        raise RuntimeError("a part of the answer needs the context of the request")
    context._parts.put((ret, False))


class VisionHandler(BaseHandler):
    """Photos, or numbers as nested lists, in; `image_processing` makes a tensor of a photo."""

    def preprocess(self, data):
        torch = _torch()
        images = []
        for place, row in enumerate(data):
            image = _content(row)
            if isinstance(image, str):
                try:
                    image = base64.b64decode(image, validate=True)
                except ValueError:
                    raise api.Refused("row %d: expected a photo, or its base64" % place) from None
            if isinstance(image, (bytes, bytearray)):
                images.append(self.image_processing(_photo(bytes(image), place)))
            else:
                images.append(torch.as_tensor(image, dtype=torch.float32))
        return self._together(torch, images)

    def _together(self, torch, images):
        if len({tuple(each.shape) for each in images}) > 1:
            raise api.Refused("the images have different shapes")
        return torch.stack(images).to(self.device)


def _photo(content, place):
    image = need("PIL.Image", "a handler for photos", "pillow")
    try:
        return image.open(io.BytesIO(content)).convert("RGB")
    except OSError as error:
        raise api.Refused("row %d: expected a photo: %s" % (place, error)) from None


def _tensor(photo):
    """Channels, rows, columns, from 0 to 1."""
    import numpy

    return _torch().from_numpy(numpy.array(photo, numpy.float32).transpose(2, 0, 1) / numpy.float32(255))


def _of_imagenet(photo):
    """The middle 224 x 224 of the photo with a short side of 256, normalised as ImageNet's networks are."""
    import PIL.Image

    width, height = photo.size
    short = min(width, height)
    photo = photo.resize((256 * width // short, 256 * height // short), PIL.Image.Resampling.BILINEAR)
    left, top = round((photo.width - 224) / 2), round((photo.height - 224) / 2)
    pixels = _tensor(photo.crop((left, top, left + 224, top + 224)))
    mean, deviation = pixels.new_tensor([0.485, 0.456, 0.406]), pixels.new_tensor([0.229, 0.224, 0.225])
    return (pixels - mean[:, None, None]) / deviation[:, None, None]


class ImageClassifier(VisionHandler):
    """The `topk` likeliest classes of each photo, with their probabilities."""

    topk = 5
    image_processing = staticmethod(_of_imagenet)

    def set_max_result_classes(self, topk):
        self.topk = topk

    def get_max_result_classes(self):
        return self.topk

    def postprocess(self, data):
        torch = _torch()
        values, classes = torch.topk(torch.softmax(data, dim=1), min(self.topk, data.shape[1]), dim=1)
        return map_class_to_label(values.tolist(), self.mapping, classes.tolist())


class ImageSegmenter(VisionHandler):
    """For each pixel the likeliest class and its probability."""

    image_processing = staticmethod(_of_imagenet)

    def postprocess(self, data):
        torch = _torch()
        best = torch.max(torch.softmax(data["out"] if isinstance(data, dict) else data, dim=1), dim=1)
        return torch.stack([best.indices.type(best.values.dtype), best.values], dim=3).tolist()


class ObjectDetector(VisionHandler):
    """Boxes with a score of `threshold` or more, by the names of their classes."""

    threshold = 0.5
    image_processing = staticmethod(_tensor)

    def _together(self, torch, images):
        return [each.to(self.device) for each in images]  # Networks that find things take any sizes.

    def postprocess(self, data):
        found = data[1] if isinstance(data, tuple) else data  # TorchScript gives losses, too.
        return [self._boxes(row) for row in found]

    def _boxes(self, row):
        kept = row["scores"] >= self.threshold
        boxes, labels, scores = (row[key][kept].tolist() for key in ("boxes", "labels", "scores"))
        return [dict(map_class_to_label([[box]], self.mapping, [[label]])[0], score=score)
                for box, label, score in zip(boxes, labels, scores)]


HANDLERS = {"base_handler": "BaseHandler", "image_classifier": "ImageClassifier", "image_segmenter": "ImageSegmenter",
            "object_detector": "ObjectDetector", "text_classifier": "TextClassifier"}


def built_in(name):
    """The class of a handler that is part of TorchServe."""
    install()
    if name == "text_classifier":
        need("torchtext", "TorchServe's text_classifier")
        need("ts.torch_handler.text_classifier", "TorchServe's text_classifier", "torchserve")
    return getattr(importlib.import_module("ts.torch_handler." + name), HANDLERS[name])


def install():
    """Makes `ts` importable where TorchServe itself is not installed."""
    if "ts" in sys.modules or importlib.util.find_spec("ts") is not None:
        return
    from ..torchserve import Context

    vision = {"VisionHandler": VisionHandler}
    parts = {"send_intermediate_predict_response": send_intermediate_predict_response}
    utilities = {"PredictionException": PredictionException, "load_label_mapping": load_label_mapping,
                 "map_class_to_label": map_class_to_label, "list_classes_from_module": list_classes_from_module}
    contents = {
        "ts": {}, "ts.torch_handler": {}, "ts.metrics": {}, "ts.utils": {}, "ts.context": {"Context": Context},
        "ts.torch_handler.base_handler": {"BaseHandler": BaseHandler}, "ts.torch_handler.vision_handler": vision,
        "ts.torch_handler.image_classifier": {"ImageClassifier": ImageClassifier},
        "ts.torch_handler.image_segmenter": {"ImageSegmenter": ImageSegmenter},
        "ts.torch_handler.object_detector": {"ObjectDetector": ObjectDetector},
        "ts.utils.util": utilities, "ts.handler_utils": {}, "ts.handler_utils.utils": parts, "ts.protocol": {},
        "ts.protocol.otf_message_handler": parts,
    }
    for name, content in contents.items():
        module = types.ModuleType(name)
        module.__path__ = []
        module.__dict__.update(content)
        sys.modules[name] = module
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, module)
