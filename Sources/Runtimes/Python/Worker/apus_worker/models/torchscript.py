"""TorchScript archives and, where pickles are allowed, whole pickled modules."""

import inspect
import pathlib
import zipfile

from . import ports
from .served import Served, Unservable, allow_pickle, need, parameters_of


class TorchScriptModel(Served):
    """The archive's forward; `inputs` and `outputs` among the parameters say what it does not."""

    def __init__(self, path, settings):
        super().__init__()
        path = pathlib.Path(path)
        is_script = _is_script(path)
        if not is_script:
            allow_pickle(settings, path, "save it with torch.jit.trace(model, example).save(path), or as ONNX with "
                         "torch.onnx.export")
        self.torch = need("torch", "a PyTorch model")
        self.model = self._loaded(path, is_script)
        self.model.eval()
        parameters = parameters_of(settings)
        self.inputs = _ports(parameters.get("inputs")) or self._arguments(is_script)
        self.outputs = _ports(parameters.get("outputs")) or [ports.port("output", "FP32", None)]

    def _loaded(self, path, is_script):
        if is_script:
            return self.torch.jit.load(str(path), map_location="cpu")
        # Newer releases load weights alone unless they are told; older ones know no such word.
        whole = {"weights_only": False} if "weights_only" in inspect.signature(self.torch.load).parameters else {}
        model = self.torch.load(str(path), map_location="cpu", **whole)
        if not callable(model) or not hasattr(model, "eval"):
            raise Unservable("%s holds a %s, weights without the network they belong to; load them in a model.py, or "
                             "save the whole network as TorchScript" % (path.name, type(model).__name__))
        return model

    def _arguments(self, is_script):
        if not is_script:
            return [ports.port("input", "FP32", None)]
        names = [each.name for each in self.model.forward.schema.arguments if each.name != "self"]
        return [ports.port(name, "FP32", None) for name in names]

    def predict(self, inputs, parameters, context):
        tensors = [self.torch.from_numpy(inputs[port["name"]].copy()) for port in self.inputs if port["name"] in inputs]
        with self.torch.inference_mode():
            answer = self.model(*tensors)
        if isinstance(answer, dict):
            values = [answer.get(port["name"]) for port in self.outputs]
        else:
            values = list(answer) if isinstance(answer, (tuple, list)) else [answer]
        if len(values) != len(self.outputs) or any(value is None for value in values):
            raise ports.WrongAnswer("the network gave %d outputs, and %d are described; describe them with outputs "
                                    "under python: parameters: in model.yaml" % (len(values), len(self.outputs)))
        rows = len(tensors[0])
        return {port["name"]: ports.conform(value, port, rows) for port, value in zip(self.outputs, values)}


def _is_script(path):
    """A TorchScript archive has the code of its modules, which a checkpoint has not."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def _ports(text):
    """`name:DATATYPE[-1,3,224,224]` with semicolons between several."""
    found = []
    for each in (text or "").split(";"):
        if not each.strip():
            continue
        name, _, kind = each.strip().partition(":")
        datatype, _, lengths = kind.partition("[")
        try:
            shape = [int(length) for length in lengths.rstrip("] ").split(",")] if lengths else None
            found.append(ports.port(name.strip(), datatype.strip(), shape))
        except ValueError:
            raise Unservable("expected name:DATATYPE[-1,3,224,224], got %s" % each.strip()) from None
    return found
