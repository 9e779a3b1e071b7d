"""Elements of tensors as Python values."""

import enum
import inspect
import io
import json
import typing

from .. import api
from . import annotations, documents, ports, schemas
from .served import Unservable


class Element:
    """One element of a tensor as a Python value: how it is read, written and described."""

    def __init__(self, annotation):
        self.annotation = typing.Any if annotation is inspect.Parameter.empty else annotation
        self.is_image = schemas.is_image(annotation)
        self.scalar = annotations.scalar(annotation)
        self.datatype = annotations.SCALARS.get(self.scalar, "BYTES")
        self.schema = schemas.schema(self.annotation)
        self.content_type = self._content_type()

    @classmethod
    def of_input(cls, name, annotation):
        """The same for what comes with requests, where one can hold it."""
        found = cls(annotation)
        wrong = None if found.is_image else documents.unreadable(found.annotation)
        if wrong is not None:
            raise Unservable("%s: a %s is nothing that a request can hold; take an array, or what JSON has, and make it "
                             "of that" % (name, getattr(wrong, "__name__", wrong)))
        return found

    @property
    def is_content(self):
        """Whether it is a photo, a file or a document, and no plain value."""
        return self.datatype == "BYTES" and self.scalar is None

    @property
    def is_document(self):
        """Whether it is JSON of any form."""
        return self.content_type == "application/json"

    def _content_type(self):
        """What an element holds, for whoever sends or takes it as a whole body; "" for a number."""
        if self.datatype != "BYTES":
            return ""
        if self.is_image:
            return "image/png"
        return "text/plain" if self.scalar is str else "*/*" if self.annotation is bytes else "application/json"

    def read(self, element, where):
        """The value of an element that came with a request."""
        kind = self.annotation
        if kind is bytes:
            return element
        if self.is_image:
            return _image(element, where)
        if self.datatype != "BYTES":
            found = self.scalar(element)
            return found if kind is self.scalar else documents.value(found, kind, where)
        try:
            text = element.decode("utf-8")
        except UnicodeDecodeError as error:
            raise api.Refused("%s: expected text in UTF-8: %s" % (where, error)) from None
        if self.scalar is str:
            return text if kind is str else documents.value(text, kind, where)
        try:
            document = json.loads(text)
        except ValueError as error:
            raise api.Refused("%s: expected a JSON document: %s" % (where, error)) from None
        return documents.value(document, kind, where)

    def write(self, given):
        """An element of the answer."""
        if self.is_image:
            return _png(given)
        if self.scalar is not None and isinstance(given, enum.Enum):
            given = given.value
        if self.datatype == "BYTES":
            is_text = self.scalar is str or self.annotation is bytes
            if is_text and not isinstance(given, (str, bytes, bytearray, memoryview)):
                raise ports.WrongAnswer("expected %s, got %s" % (
                    "str" if self.scalar else "bytes", type(given).__name__))
            if not is_text:
                return json.dumps(ports.plain(given), ensure_ascii=False, separators=(",", ":")).encode()
            return ports.as_bytes(given)
        if isinstance(given, (str, bytes)) or given is None:
            raise ports.WrongAnswer("expected %s, got %s" % (documents.WORDS[self.scalar], type(given).__name__))
        return given


def _image(element, where):
    from PIL import Image  # The annotation named it, so it is there.

    try:
        image = Image.open(io.BytesIO(element))
        image.load()
    except Exception as error:
        raise api.Refused("%s: expected a photo: %s" % (where, error)) from None
    return image


def _png(image):
    if not hasattr(image, "save"):
        raise ports.WrongAnswer("expected a PIL image, got %s" % type(image).__name__)
    out = io.BytesIO()
    image.save(out, format="PNG")
    return out.getvalue()
