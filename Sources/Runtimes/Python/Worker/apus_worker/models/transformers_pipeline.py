"""Hugging Face snapshots, as the pipeline of their task."""

import io
import json
import os
import pathlib
import re

from .. import api
from . import ports
from .served import Served, Unservable, allow_pickle, need, parameters_of, row_count

# The ends of the names of a model's classes, and the task that they are for.
_TASKS = (
    ("ForSequenceClassification", "text-classification"), ("ForTokenClassification", "token-classification"),
    ("ForQuestionAnswering", "question-answering"), ("ForMaskedLM", "fill-mask"),
    ("ForCausalLM", "text-generation"), ("LMHeadModel", "text-generation"),
    ("ForConditionalGeneration", "text2text-generation"), ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"), ("ForAudioClassification", "audio-classification"),
)
_PHOTOS = ("image-classification", "object-detection", "image-segmentation", "depth-estimation", "image-to-text")
_SOUNDS = ("audio-classification", "automatic-speech-recognition")
_PAIRS = {"question-answering": ("question", "context")}


class PipelineModel(Served):
    """Texts, photos or sounds in, one a row; a JSON document for each out."""

    def __init__(self, path, settings):
        super().__init__()
        path = pathlib.Path(path)
        parameters = parameters_of(settings)
        self.task = parameters.get("task") or _task(path)
        names = {each.name for each in path.iterdir()}
        if not any(name.endswith(".safetensors") for name in names):
            for name in sorted(names):
                if name.endswith((".bin", ".pt", ".pth")):
                    allow_pickle(settings, path / name, "save the weights as model.safetensors: "
                                 "model.save_pretrained(folder, safe_serialization=True)")
        need("torch", "a Hugging Face pipeline")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # What the folder lacks is an error, not a download.
        transformers = need("transformers", "a Hugging Face pipeline")
        self.pipeline = transformers.pipeline(self.task, model=str(path), device="cpu")
        fields = _PAIRS.get(self.task) or ("image" if self.task in _PHOTOS else "audio" if self.task in _SOUNDS
                                           else "text",)
        self.inputs = [ports.port(name, "BYTES", [-1]) for name in fields]
        self.outputs = [ports.port("output", "BYTES", [-1])]
        self.metadata = {"pipeline_tag": self.task}

    def predict(self, inputs, parameters, context):
        rows = row_count(inputs)
        given = self._given(inputs, rows)
        answers = self.pipeline(given, **parameters)
        answers = answers if isinstance(answers, list) and len(answers) == rows else [answers]
        return {"output": ports.bytes_array([json.dumps(ports.plain(each), ensure_ascii=False) for each in answers])}

    def _given(self, inputs, rows):
        if self.task in _PAIRS:
            columns = {port["name"]: ports.texts(inputs[port["name"]]).ravel() for port in self.inputs}
            return [{name: column[row] for name, column in columns.items()} for row in range(rows)]
        elements = inputs[self.inputs[0]["name"]].ravel()
        if self.task in _SOUNDS:
            return [bytes(each) for each in elements]
        if self.task not in _PHOTOS:
            return [each.decode("utf-8") for each in elements]
        image = need("PIL.Image", "the task %s" % self.task, "pillow")
        found = []
        for row, each in enumerate(elements):
            try:
                found.append(image.open(io.BytesIO(each)).convert("RGB"))
            except OSError as error:
                raise api.Refused("row %d: expected a photo: %s" % (row, error)) from None
        return found


def _task(path):
    """The pipeline tag of the model card, else what the network's class is for."""
    card = path / "README.md"
    if card.is_file():
        head = card.read_text(encoding="utf-8", errors="replace")[:65536]
        match = re.search(r"^pipeline_tag:\s*([a-z0-9-]+)", head, re.MULTILINE)
        if match:
            return match[1]
    try:
        classes = json.loads((path / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError) as error:
        raise Unservable("config.json cannot be read: %s" % error) from None
    for name in classes:
        for end, task in _TASKS:
            if name.endswith(end):
                return task
    raise Unservable("what the model in %s is for is not known; say it as task under python: parameters: in "
                     "model.yaml, such as text-classification" % path.name)
