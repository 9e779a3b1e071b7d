"""A folder with `model.py`: a class with `load` and `predict`."""

import inspect
import pathlib

from .. import api, events
from . import descriptions
from .calls import Call
from .served import Served, Unservable, module_from, only_class, parameters_of

FILE = "model.py"


class PythonClass(Served):
    """The author's class and its methods, by their annotations."""

    def __init__(self, path, settings):
        super().__init__()
        module = module_from(path, "apus_model")
        kind = only_class(module, _is_model, "class with a method predict" + (
            "; the function predict belongs into one, with self before its other parameters"
            if callable(getattr(module, "predict", None)) else ""))
        self.instance = _made(kind, path.parent, settings)
        calls = _calls(self.instance)
        main = self.main = _main(calls, parameters_of(settings).get("method"))
        # What answers in parts, and what does not, cannot be ways of asking the same model.
        self.calls = {name: call for name, call in calls.items() if call.decoupled == main.decoupled}
        self.inputs, self.outputs = main.inputs, main.outputs
        self.has_row_axis, self.decoupled = main.has_row_axis, main.decoupled
        self.methods = {name: call.described() for name, call in self.calls.items() if call is not main}
        self.metadata = {
            "description": inspect.getdoc(kind) or inspect.getdoc(module) or ""}
        self.metadata.update(descriptions.metadata(main))
        self.metadata.update({str(k): str(v) for k, v in (getattr(kind, "metadata", None) or {}).items()})

    def predict(self, inputs, parameters, context):
        name = parameters.get("method")
        if name is None:
            return self.main.run(inputs, parameters, context)
        if name not in self.calls:
            raise api.Refused("there is no method %s; there are %s" % (name, ", ".join(self.calls)))
        rest = {key: value for key, value in parameters.items() if key != "method"}
        return self.calls[name].run(inputs, rest, context)

    def close(self):
        for name in ("close", "unload"):
            if callable(getattr(self.instance, name, None)):
                return getattr(self.instance, name)()


def _main(calls, chosen):
    """The method that is the model: the operator's choice, else `predict`."""
    if chosen is None:
        return calls.get("predict") or next(iter(calls.values()))
    if chosen not in calls:
        raise Unservable("there is no method %s for the model to be; there are %s" % (chosen, ", ".join(calls)))
    return calls[chosen]


def _is_model(kind):
    return callable(getattr(kind, "predict", None)) or any(hasattr(each, "_apus_method") for each in vars(kind).values())


def _made(kind, folder, settings):
    """An instance that has loaded; `load` gets by name what it asks for."""
    try:
        instance = kind()
    except TypeError as error:
        raise Unservable("%s() cannot be made: %s; what it needs belongs into load" % (kind.__name__, error)) from None
    load = getattr(instance, "load", None)
    if load is None:
        return instance
    offered = {"folder": pathlib.Path(folder), "parameters": parameters_of(settings), "settings": dict(settings)}
    arguments = {}
    for parameter in inspect.signature(load).parameters.values():
        if parameter.name in offered:
            arguments[parameter.name] = offered[parameter.name]
        elif parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise Unservable("load of %s asks for %s; it may have %s" % (
                kind.__name__, parameter.name, ", ".join(offered)))
    answer = load(**arguments)
    if inspect.iscoroutine(answer):
        events.loop().run_until_complete(answer)
    return instance


def _calls(instance):
    kind = type(instance)
    batched = getattr(instance, "batched", True)
    calls = {}
    if callable(getattr(instance, "predict", None)):
        calls["predict"] = Call(
            instance.predict, getattr(instance, "inputs", None), getattr(instance, "outputs", None), batched)
    for name in dir(kind):
        said = getattr(getattr(kind, name), "_apus_method", None)
        if said is None:
            continue
        # Named beside `predict`, its own description wins over the class's.
        own = said if name != "predict" else {"inputs": said["inputs"] or getattr(instance, "inputs", None),
                                              "outputs": said["outputs"] or getattr(instance, "outputs", None)}
        calls[name] = Call(getattr(instance, name), own["inputs"], own["outputs"], batched)
    return calls
