"""MLflow's pyfunc folders, loaded by mlflow itself; the MLmodel's signature is the model's."""

import datetime
import json
import os
import pathlib
import sys

import numpy

from .. import api
from . import ports
from .served import Served, allow_pickle, feature_names, need, row_count

_TYPES = {
    "boolean": "BOOL", "integer": "INT32", "long": "INT64", "float": "FP32", "double": "FP64",
    "string": "BYTES", "binary": "BYTES", "datetime": "BYTES",
}
_PICKLES = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".cloudpickle"}


class MLflowModel(Served):
    """Frames for signatures of columns, arrays for signatures of tensors, records without either."""

    def __init__(self, path, settings):
        super().__init__()
        path = pathlib.Path(path)
        pickled = sorted(each for each in path.rglob("*") if each.suffix.lower() in _PICKLES)
        if pickled:
            allow_pickle(settings, pickled[0], "log the model again in a format without pickle, such as skops for "
                         "scikit-learn, UBJSON for XGBoost, or models from code")
            os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
        pyfunc = need("mlflow.pyfunc", "an MLflow model", "mlflow-skinny")
        self.pandas = need("pandas", "an MLflow model")
        self.model = pyfunc.load_model(str(path))
        given = self.model.metadata
        self.input_schema, self.output_schema = given.get_input_schema(), given.get_output_schema()
        self.parameters = _parameters(given)
        self.metadata = _described(path, given)
        self._take_inputs()
        self._take_outputs()
        self.metadata.update(self._example(path, given))

    # --- Signature

    def _take_inputs(self):
        schema = self.input_schema
        if schema is None:
            self.read = self._records
            self.inputs = [dict(ports.port("records", "BYTES", [-1]), document=True)]
            self.metadata.update(input_content_type="application/json", input_document_schema='{"type": "object"}')
        elif schema.is_tensor_spec():
            self.read = self._tensors
            self.inputs = [ports.port(spec.name or "input", ports.datatype_of(spec.type), spec.shape)
                           for spec in schema.inputs]
            self.has_row_axis = all(port["shape"][:1] == [-1] for port in self.inputs)
        elif schema.has_input_names():
            self.read = self._columns
            self.kinds = {spec.name: _kind(spec) for spec in schema.inputs}
            self.inputs = [ports.port(spec.name, _TYPES.get(_kind(spec), "BYTES"), [-1],
                                      optional=not getattr(spec, "required", True)) for spec in schema.inputs]
        else:
            self.read = self._matrix
            kinds = {_TYPES.get(_kind(spec), "BYTES") for spec in schema.inputs}
            self.inputs = [ports.port("input", kinds.pop() if len(kinds) == 1 else "FP64", [-1, len(schema.inputs)])]

    def _take_outputs(self):
        schema = self.output_schema
        self.is_loose = schema is None
        if schema is None:
            self.outputs = [ports.port("predictions", "BYTES", [-1])]
            self.metadata["output_content_type"] = "application/json"
        elif schema.is_tensor_spec():
            self.outputs = [ports.port(spec.name or "predictions", ports.datatype_of(spec.type), spec.shape)
                            for spec in schema.inputs]
        elif schema.has_input_names():
            self.outputs = [ports.port(spec.name, _TYPES.get(_kind(spec), "BYTES"), [-1]) for spec in schema.inputs]
        else:
            kinds = {_TYPES.get(_kind(spec), "BYTES") for spec in schema.inputs}
            shape = [-1] if len(schema.inputs) == 1 else [-1, len(schema.inputs)]
            self.outputs = [ports.port("predictions", kinds.pop() if len(kinds) == 1 else "BYTES", shape)]

    def _example(self, path, given):
        """The first row of the example that the model was logged with, by the names of the inputs."""
        if not getattr(given, "saved_input_example_info", None):
            return {}
        try:
            row = given.load_input_example(str(path))
            if hasattr(row, "to_dict"):
                row = row.to_dict(orient="records")[0]
            row = ports.plain(row)
        except Exception as error:  # noqa: BLE001 - examples are for people; whatever is wrong with one, the model serves.
            print("the model's input example cannot be read: %s: %s" % (type(error).__name__, error), file=sys.stderr)
            return {}
        names = {port["name"] for port in self.inputs}
        is_row = isinstance(row, dict) and (self.input_schema is None or set(row) <= names)
        return {"input_example": json.dumps(row)} if is_row else {}

    # --- A request

    def predict(self, inputs, parameters, context):
        known = {name: value for name, value in parameters.items() if name in self.parameters}
        answer = self.model.predict(self.read(inputs), **({"params": known} if known else {}))
        return self._written(answer, row_count(inputs))

    def _columns(self, inputs):
        frame = {}
        for port in self.inputs:
            array = inputs.get(port["name"])
            if array is not None:
                frame[port["name"]] = _column(array.ravel(), self.kinds[port["name"]], port["name"])
        return self.pandas.DataFrame(frame)

    def _tensors(self, inputs):
        arrays = {name: ports.texts(a) if a.dtype == object else a for name, a in inputs.items()}
        is_named = self.input_schema.inputs[0].name is not None
        return arrays if is_named else arrays["input"]

    def _matrix(self, inputs):
        return self.pandas.DataFrame(inputs["input"])

    def _records(self, inputs):
        try:
            return self.pandas.DataFrame([json.loads(each) for each in inputs["records"].ravel()])
        except ValueError as error:
            raise api.Refused("records: expected a JSON object for each row: %s" % error) from None

    def _written(self, answer, rows):
        rows = rows if self.has_row_axis else None
        if self.is_loose:
            return {"predictions": ports.conform(_rows(answer), self.outputs[0], rows)}
        named = self._named(answer)
        return {port["name"]: ports.conform(named[port["name"]], port, rows) for port in self.outputs}

    def _named(self, answer):
        names = [port["name"] for port in self.outputs]
        if hasattr(answer, "columns") and len(names) >= 1 and set(names) <= {str(c) for c in answer.columns}:
            return {str(name): answer[name].to_numpy() for name in answer.columns}
        if isinstance(answer, dict):
            missing = [name for name in names if name not in answer]
            if missing:
                raise ports.WrongAnswer("the signature promises %s, and the model gave %s"
                                        % (", ".join(names), ", ".join(map(str, answer))))
            return answer
        array = ports.as_array(answer)
        if len(names) == 1:
            if array.ndim == 2 and array.shape[1] == 1 and len(self.outputs[0]["shape"]) == 1:
                array = array[:, 0]  # A frame of one column for a signature of one.
            return {names[0]: array}
        if array.ndim == 2 and array.shape[1] == len(names):
            return dict(zip(names, array.T))
        raise ports.WrongAnswer("the signature promises %s, and the model gave an array of shape %s"
                                % (", ".join(names), list(array.shape)))


def _kind(spec):
    return getattr(getattr(spec, "type", None), "name", "") or ""


def _column(array, kind, name):
    """A column as mlflow's own server would make it; what is no plain type comes as JSON."""
    if kind in ("string", ""):
        texts = ports.texts(array)
        if kind == "string":
            return texts
        try:
            return [json.loads(each) for each in texts]
        except ValueError as error:
            raise api.Refused("%s: expected JSON: %s" % (name, error)) from None
    if kind == "datetime":
        try:
            return numpy.array([datetime.datetime.fromisoformat(each.replace("Z", "+00:00")).replace(tzinfo=None)
                                for each in ports.texts(array)], dtype="datetime64[ns]")
        except ValueError as error:
            raise api.Refused("%s: expected dates as ISO 8601 writes them: %s" % (name, error)) from None
    return array if kind != "binary" else list(array)


def _rows(answer):
    """An answer without a signature, a JSON document for each row."""
    if hasattr(answer, "to_dict") and hasattr(answer, "columns"):
        return [json.dumps(ports.plain(row)) for row in answer.to_dict(orient="records")]
    values = answer.tolist() if hasattr(answer, "tolist") else answer
    return [json.dumps(ports.plain(row)) for row in values]


def _parameters(given):
    signature = given.signature
    schema = signature.params if signature is not None else None
    return {spec.name for spec in schema.params} if schema is not None else set()


def _described(path, given):
    """What the folder says of itself: flavours, and the Python it was made with."""
    found = {"flavors": ", ".join(sorted(given.flavors)), "mlflow_version": str(given.mlflow_version or "")}
    function = given.flavors.get("python_function", {})
    if function.get("python_version"):
        found["python_version"] = str(function["python_version"])
    for name in ("python_env.yaml", "requirements.txt"):
        file = path / name
        if file.is_file() and file.stat().st_size < 16384:
            found[name] = file.read_text(encoding="utf-8")
    schema = given.get_input_schema()
    if schema is not None and schema.has_input_names() and not schema.is_tensor_spec():
        found.update(feature_names(schema.input_names()))
    return found
