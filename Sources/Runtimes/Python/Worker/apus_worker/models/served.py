"""What every flavour of model looks like to the worker's loop."""

import importlib
import importlib.util
import json
import pathlib
import sys

from . import ports


class Unservable(Exception):
    """Why a model cannot be loaded, for whoever operates the server: what is wrong and what to do."""


class Served:
    """A loaded model. `predict` gives a dictionary of arrays, or a generator, an async generator or a
    coroutine of such.
    """

    inputs = ()
    outputs = ()
    has_row_axis = True
    decoupled = False

    def __init__(self):
        self.methods = {}
        self.metadata = {}

    def predict(self, inputs, parameters, context):
        raise NotImplementedError

    def close(self):
        """Called once, after the last request."""


def row_count(inputs):
    """Rows of a request: the length of the first axis that all its tensors share."""
    for array in inputs.values():
        return len(array) if array.ndim else 1
    return 0


def feature_names(names):
    """The metadata entry by which tables find their columns."""
    return {"feature_names": json.dumps([str(name) for name in names], ensure_ascii=False)}


def need(module, flavour, package=None):
    """Imports a library, or says which package is missing and how it is added."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).split(".")[0]
        if missing != module.split(".")[0]:
            package = missing
        raise Unservable(
            "%s needs the Python package %s, which is not installed for %s; add it to requirements.txt beside the "
            "model, or run: %s -m pip install %s"
            % (flavour, package or module, sys.executable, sys.executable, package or module)
        ) from None
    except ImportError as error:
        raise Unservable("%s needs the Python package %s, which cannot be imported: %s"
                         % (flavour, package or module, error)) from None


def allow_pickle(settings, path, advice):
    """Throws unless the operator allowed pickles for this model: loading one runs code of the file."""
    if settings.get("allow_pickle") is True:
        return
    hint = settings.get("allow_pickle_hint") or "allow-pickle: true under python: in the model's model.yaml"
    raise Unservable(
        "%s is a pickle, and loading a pickle runs whatever code the file holds. If you trust where it came from, "
        "allow it for this model: %s. Or avoid it: %s" % (pathlib.Path(path).name, hint, advice))


def module_from(path, name):
    """Imports a model's own source file; modules beside it are found, too."""
    path = pathlib.Path(path)
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except ModuleNotFoundError as error:
        del sys.modules[name]
        if error.name and not (path.parent / (error.name.split(".")[0] + ".py")).exists():
            package = error.name.split(".")[0]
            raise Unservable(
                "%s imports %s, which is not installed for %s; add it to requirements.txt beside it, or run: "
                "%s -m pip install %s" % (path.name, error.name, sys.executable, sys.executable, package)) from None
        raise
    except SyntaxError as error:
        raise Unservable("%s, line %s: %s" % (path.name, error.lineno, error.msg)) from None
    return module


def only_class(module, fits, description):
    """The one class of a module that is the model."""
    own = [each for each in vars(module).values()
           if isinstance(each, type) and each.__module__ == module.__name__ and fits(each)]
    # A class that another one of them builds on is not the model itself.
    own = [each for each in own if not any(other is not each and issubclass(other, each) for other in own)]
    marked = [each for each in own if each.__dict__.get("_apus_model")]
    found = marked or own
    name = pathlib.Path(module.__file__).name
    if not found:
        raise Unservable("%s has no %s" % (name, description))
    if len(found) > 1:
        raise Unservable("%s has several of them (%s); mark the one that is the model with @api.model" % (
            name, ", ".join(each.__name__ for each in found)))
    return found[0]


def conform_all(given, outputs, rows):
    """Named values as arrays of the declared outputs."""
    known = [each["name"] for each in outputs]
    missing = [name for name in known if name not in given]
    unknown = [name for name in given if name not in known]
    if missing or unknown:
        raise ports.WrongAnswer("expected the outputs %s, got %s" % (", ".join(known), ", ".join(map(str, given)) or "none"))
    return {each["name"]: ports.conform(given[each["name"]], each, rows) for each in outputs}


def parameters_of(settings):
    """What model.yaml or config.pbtxt say to the model itself, as texts."""
    return dict(settings.get("parameters") or {})
