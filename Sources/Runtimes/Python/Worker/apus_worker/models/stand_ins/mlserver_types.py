"""MLServer's types of requests and responses, and its settings, as plain classes."""

import json
import types as _types

from .. import ports


class _Record:
    """Fields by keyword, as the real ones have; unknown ones are kept."""

    _fields = {}

    def __init__(self, **given):
        for name, default in self._fields.items():
            value = given.pop(name, default)
            setattr(self, name, _record(value, self._kinds().get(name)))
        for name, value in given.items():
            setattr(self, name, value)

    @classmethod
    def _kinds(cls):
        return {}

    def model_dump(self, exclude_none=False, **_):
        found = {name: _dumped(value) for name, value in vars(self).items()}
        return {name: value for name, value in found.items() if value is not None or not exclude_none}

    dict = model_dump

    def model_dump_json(self, **options):
        return json.dumps(ports.plain(self.model_dump(**options)))

    json = model_dump_json

    @classmethod
    def model_validate(cls, given):
        return given if isinstance(given, cls) else cls(**given)

    parse_obj = model_validate

    def __repr__(self):
        return "%s(%s)" % (type(self).__name__, ", ".join("%s=%r" % each for each in vars(self).items()))

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


def _record(value, kind):
    if kind is None or value is None:
        return value
    if isinstance(value, list):
        return [kind(**each) if isinstance(each, dict) else each for each in value]
    return kind(**value) if isinstance(value, dict) else value


def _dumped(value):
    if isinstance(value, _Record):
        return value.model_dump()
    return [_dumped(each) for each in value] if isinstance(value, list) else value


class Parameters(_Record):
    _fields = {"content_type": None, "headers": None}


class _WithParameters(_Record):
    @classmethod
    def _kinds(cls):
        return {"parameters": Parameters, "inputs": RequestInput, "outputs": RequestOutput}


class RequestInput(_WithParameters):
    _fields = {"name": "", "shape": None, "datatype": None, "parameters": None, "data": None}


class RequestOutput(_WithParameters):
    _fields = {"name": "", "parameters": None}


class ResponseOutput(RequestInput):
    pass


class MetadataTensor(_WithParameters):
    _fields = {"name": "", "datatype": None, "shape": None, "parameters": None}


class InferenceRequest(_WithParameters):
    _fields = {"id": None, "parameters": None, "inputs": (), "outputs": None}


class InferenceResponse(_WithParameters):
    _fields = {"model_name": "", "model_version": None, "id": None, "parameters": None, "outputs": ()}

    @classmethod
    def _kinds(cls):
        return {"parameters": Parameters, "outputs": ResponseOutput}


class TensorData(list):
    """A list; the real one wraps it for pydantic."""

    @property
    def root(self):
        return list(self)


Datatype = _types.SimpleNamespace(**{name: name for name in ports.NAMES})


class ModelParameters(_Record):
    _fields = {"uri": None, "version": None, "content_type": None, "environment_path": None, "format": None,
               "extra": None}


class ModelSettings(_Record):
    _fields = {"name": "", "platform": "", "versions": (), "inputs": (), "outputs": (), "parameters": None,
               "implementation_": "", "max_batch_size": 0, "max_batch_time": 0.0}

    @classmethod
    def _kinds(cls):
        return {"parameters": ModelParameters, "inputs": MetadataTensor, "outputs": MetadataTensor}
